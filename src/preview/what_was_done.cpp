// SPDX-License-Identifier: Apache-2.0
#include "preview/what_was_done.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/text.hpp"
#include "preview/ask.hpp"

namespace pgsluice {
namespace {

bool has_heap(char kind) {
  return kind == relkind::table || kind == relkind::materialized_view;
}

/// The name in a message that begins so; what comes behind it may be anything. Names are not escaped there, so they are
/// compared as a whole and never looked for.
bool names(std::string_view message, std::string_view begin, const std::string& name) {
  if (!message.starts_with(begin)) return false;
  const std::string_view behind = message.substr(begin.size());
  return behind.starts_with(" \"") && behind.substr(2).starts_with(name) &&
         behind.substr(2 + name.size()).starts_with('"');
}

std::string on_table(const std::string& name) {
  return cat("\" on table \"", name, "\"");
}

/// building index "i" on table "t" serially. REINDEX CONCURRENTLY builds "i_ccnew" or "i_ccnew1" beside it, with less of a long
/// name, then exchanges the names.
bool is_build(std::string_view message, std::string_view index, const std::string& table) {
  constexpr std::string_view k_begin = "building index \"";
  constexpr std::string_view k_beside = "_ccnew";
  constexpr std::size_t k_least_of_a_long_name = 50;
  const std::size_t end = message.rfind(on_table(table));
  if (!message.starts_with(k_begin) || end == std::string_view::npos) return false;
  std::string_view name = message.substr(k_begin.size(), end - k_begin.size());
  if (name == index) return true;
  const std::size_t suffix = name.rfind(k_beside);
  if (suffix == std::string_view::npos) return false;
  name = name.substr(0, suffix);
  return name == index || (name.size() >= k_least_of_a_long_name && index.starts_with(name));
}

bool is_code(std::string_view tag) {
  return tag == "SelectStmt" || tag == "InsertStmt" || tag == "UpdateStmt" || tag == "DeleteStmt" ||
         tag == "MergeStmt" || tag == "CallStmt" || tag == "DoStmt" || tag == "ExecuteStmt";
}

bool has_command(const Statement& statement, std::string_view tag) {
  return std::ranges::any_of(statement.commands, [&](const Command& command) { return command.tag == tag; });
}

class Reader {
 public:
  Reader(const SeenCatalog& catalog, const LocksByMode& taken, const LocksByMode& held, Session& session,
         const Statement& statement, Observation& result)
      : catalog_(catalog),
        before_(catalog.before()),
        after_(catalog.after()),
        taken_(taken),
        held_(held),
        session_(session),
        writes_nothing_(statement.tag == "TruncateStmt" || statement.tag == "TransactionStmt"),
        runs_code_(is_code(statement.tag)),
        moves_(statement.tag == "AlterTableMoveAllStmt" || has_command(statement, "AT_SetTableSpace")),
        result_(result) {}

  void read_work(const std::vector<std::string>& messages) {
    find_truncated(messages);
    for (const RelationOid oid : catalog_.changed()) {
      const auto [old, now] = both(oid);
      if (old == nullptr || now == nullptr || old->filenode == now->filenode || is_truncated(oid)) continue;
      if (has_heap(now->relkind) && catalog_.was_there(oid)) result_.rewrites.insert(old->name);
      if (is_index(now->relkind) && !moves_ && catalog_.was_there(now->table)) add_build(*now);
    }
    for (const std::string& message : messages) read_message(message);
    read_other_scans();
  }

  void read_locks() {
    for (const RelationOid oid : taken_.oids()) read_lock(oid, taken_.modes_of(oid));
    if (writes_nothing_) return;
    // What was made and locked by nobody else, such as a sequence.
    for (const RelationOid oid : catalog_.changed()) {
      const ObservedRelation* relation = after_.find(oid);
      if (relation == nullptr || before_.contains(oid) || result_.locks.contains(relation->name) ||
          before_.named(relation->name))
        continue;
      result_.locks[relation->name] = {
          .relkind = relation->relkind, .mode = LockMode::AccessExclusive, .is_new = true, .touched = true};
    }
  }

 private:
  void read_lock(RelationOid oid, const LockModes& modes) {
    const auto [old, now] = both(oid);
    if (old == nullptr && now == nullptr) return;  // TOAST, a transient heap
    const ObservedRelation& relation = old != nullptr ? *old : *now;
    const bool made = !catalog_.was_there(oid);
    ObservedLock& lock = result_.locks.try_emplace(relation.name, ObservedLock{.is_new = true}).first->second;
    lock.relkind = relation.relkind;
    lock.mode = std::max(lock.mode, *modes.rbegin());
    // An index that was made again under its name is none that nobody knows.
    const bool again = is_index(relation.relkind) && old == nullptr && before_.named(relation.name) &&
                       catalog_.at_begin().named(relation.name);
    lock.is_new = lock.is_new && made && !again;
    lock.touched = lock.touched || made || old == nullptr || now == nullptr ||
                   (!is_truncated(oid) && old->filenode != now->filenode);
  }

  [[nodiscard]] std::pair<const ObservedRelation*, const ObservedRelation*> both(RelationOid oid) const {
    return {before_.find(oid), after_.find(oid)};
  }

  /// A function may truncate tables, which no message tells of; that it writes one anew, one does.
  void find_truncated(const std::vector<std::string>& messages) {
    if (!runs_code_) return;
    std::map<std::string, std::vector<RelationOid>> files_changed;
    for (const RelationOid oid : catalog_.changed()) {
      const auto [old, now] = both(oid);
      if (old == nullptr || now == nullptr || old->filenode == now->filenode ||
          now->relkind != relkind::table)
        continue;
      const auto rewrites = [old](const std::string& message) {
        return names(message, "rewriting table", old->relname);
      };
      if (std::ranges::none_of(messages, rewrites))
        truncated_.insert(oid);
      else
        files_changed[old->relname].push_back(oid);
    }
    // Of several that have the name, those that nobody has read are not rewritten.
    for (const auto& [name, tables] : files_changed) {
      if (tables.size() == 1) continue;
      for (const RelationOid oid : tables) {
        const auto [old, now] = both(oid);
        if (old->scans == now->scans) truncated_.insert(oid);
      }
    }
  }

  /// Of a table, or of the table of an index.
  [[nodiscard]] bool is_truncated(RelationOid oid) const {
    const ObservedRelation* relation = after_.find(oid);
    return writes_nothing_ || truncated_.contains(oid) ||
           (relation != nullptr && truncated_.contains(relation->table));
  }

  using Named = ObservedRelations::Map::value_type;

  /// The table whose plain name the message has: messages do not say the schema, but what is worked on is locked, and read
  /// or written anew.
  [[nodiscard]] const Named* table_with(const auto& is_named) const {
    const Named* named = nullptr;
    std::tuple<bool, bool, bool> best;
    for (const Named& item : before_) {
      if (is_index(item.second.relkind) || !is_named(item.second.relname)) continue;
      const std::tuple likely(held_.contains(item.first), has_moved(item), taken_.contains(item.first));
      if (named != nullptr && likely <= best) continue;
      named = &item;
      best = likely;
    }
    return named;
  }

  [[nodiscard]] bool has_moved(const Named& table) const {
    const ObservedRelation* now = after_.find(table.first);
    return now != nullptr && (now->filenode != table.second.filenode || now->scans != table.second.scans);
  }

  [[nodiscard]] const Named* table_in(std::string_view message, std::string_view begin) const {
    if (!message.starts_with(begin)) return nullptr;
    return table_with([&](const std::string& name) { return names(message, begin, name); });
  }

  void read_message(const std::string& message) {
    if (const Named* verified = table_in(message, "verifying table")) {
      add_scan(verified->first, verified->second.name);
      ++explained_[verified->first];
    } else if (const Named* rewritten = table_in(message, "rewriting table")) {
      ++explained_[rewritten->first];
    } else if (message.starts_with("building index")) {
      read_build(message);
    } else if (message.starts_with("validate_index found")) {
      result_.scans.insert(built_.begin(), built_.end());
    }
    for (const auto& [oid, key] : catalog_.new_keys()) {
      if (names(message, "validating foreign key constraint", key.name)) read_foreign_key(key);
    }
  }

  void add_scan(RelationOid table, const std::string& name) {
    if (catalog_.was_there(table)) result_.scans.insert(name);
  }

  /// What a message "building index …" tells of. Partitions of one name may lie in several schemas, and the name of a new table
  /// may have been another's: it is an index that has come or is written anew, and that no message has told of yet.
  [[nodiscard]] std::optional<RelationOid> index_in(std::string_view message) const {
    for (const RelationOid oid : catalog_.changed()) {
      const auto [old, now] = both(oid);
      if (now == nullptr || !is_index(now->relkind) || told_of_.contains(oid)) continue;
      if (old != nullptr && old->filenode == now->filenode) continue;
      const ObservedRelation* table = catalog_.all().find(now->table);
      if (table != nullptr && is_build(message, now->relname, table->relname)) return oid;
    }
    return std::nullopt;
  }

  /// An index that is gone again at the end is nobody's.
  void read_build(std::string_view message) {
    const std::optional<RelationOid> index = index_in(message);
    if (index) {
      told_of_.insert(*index);
      const ObservedRelation& built = *after_.find(*index);
      add_built(built.table, catalog_.all().find(built.table)->name);
      if (catalog_.was_there(built.table) && !is_truncated(built.table)) add_build(built);
      return;
    }
    const Named* table = table_with(
        [&](const std::string& name) { return message.find(on_table(name)) != std::string_view::npos; });
    if (table != nullptr) add_built(table->first, table->second.name);
  }

  void add_built(RelationOid table, const std::string& name) {
    ++explained_[table];
    if (catalog_.was_there(table)) built_.push_back(name);
  }

  void add_build(const ObservedRelation& index) {
    result_.index_builds.insert(index.name);
    const ObservedRelation* table = catalog_.all().find(index.table);
    if (table != nullptr) result_.indexed.insert(table->name);
  }

  void read_foreign_key(const ObservedForeignKey& key) {
    constexpr long long k_any_number = 1000;
    if (const ObservedRelation* referencing = before_.find(key.referencing)) {
      explained_[key.referencing] = k_any_number;
      if (has_heap(referencing->relkind)) add_scan(key.referencing, referencing->name);
    }
    for (const RelationOid oid : with_partitions(key.referenced)) {
      const ObservedRelation* referenced = before_.find(oid);
      if (referenced == nullptr) continue;
      explained_[oid] = k_any_number;
      result_.may_scan.insert(referenced->name);
    }
  }

  [[nodiscard]] std::vector<RelationOid> with_partitions(RelationOid table) const {
    const SqlResult found =
        ask(session_, cat("WITH RECURSIVE tree AS (SELECT ", std::to_string(table),
                          "::oid AS oid UNION SELECT inhrelid FROM pg_inherits",
                          " JOIN tree ON inhparent = tree.oid JOIN pg_class c ON c.oid = tree.oid",
                          " WHERE c.relkind = 'p') SELECT oid FROM tree"));
    std::vector<RelationOid> oids;
    for (std::size_t i = 0; i < found.rows.size(); ++i)
      oids.push_back(static_cast<RelationOid>(found.number(i, 0).value_or(0)));
    return oids;
  }

  /// Domains, exclusion constraints and a default partition are read without a message: more sequential
  /// scans were counted than rewrites, builds and verifications explain.
  void read_other_scans() {
    for (const RelationOid oid : catalog_.changed()) {
      const auto [old, now] = both(oid);
      if (old == nullptr || now == nullptr || is_index(old->relkind)) continue;
      const long long counted = now->scans - old->scans;
      const auto found = explained_.find(oid);
      const long long rewritten = old->filenode != now->filenode ? 1 : 0;
      const long long explained = std::max(found != explained_.end() ? found->second : 0, rewritten);
      if (counted > explained) add_scan(oid, old->name);
    }
  }

  const SeenCatalog& catalog_;
  const ObservedRelations& before_;
  const ObservedRelations& after_;
  const LocksByMode& taken_;
  const LocksByMode& held_;
  Session& session_;
  bool writes_nothing_;  ///< gives new files, or those of a savepoint back, and writes nothing into them
  bool runs_code_;       ///< which may truncate, too
  std::set<RelationOid> truncated_;  ///< by what the statement runs
  bool moves_;                       ///< copies files as they are
  Observation& result_;
  std::map<RelationOid, long long> explained_;  ///< scans that have another reason
  std::vector<std::string> built_;
  std::set<RelationOid> told_of_;  ///< indexes
};

/// What one statement wrote anew lies beside what it replaces until its transaction ends.
void measure_disk(const SeenCatalog& catalog, Observation& result) {
  for (const RelationOid oid : catalog.changed()) {
    const ObservedRelation* old = catalog.before().find(oid);
    const ObservedRelation* now = catalog.after().find(oid);
    const long long grown = (now != nullptr ? now->bytes : 0) - (old != nullptr ? old->bytes : 0);
    result.net_bytes += grown;
    if (now == nullptr) continue;
    const bool written_anew = old == nullptr || old->filenode != now->filenode;
    result.peak_bytes += written_anew ? now->bytes : std::max(grown, 0LL);
  }
}

}  // namespace

void read_what_was_done(const SeenCatalog& catalog, const LocksByMode& taken, const LocksByMode& held,
                        Session& session, const Statement& statement,
                        const std::vector<std::string>& messages, Observation& observation) {
  Reader reader(catalog, taken, held, session, statement, observation);
  measure_disk(catalog, observation);
  reader.read_work(messages);
  reader.read_locks();
}

}  // namespace pgsluice
