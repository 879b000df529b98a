// SPDX-License-Identifier: Apache-2.0
#include "preview/observe.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <tuple>
#include <utility>

#include "base/text.hpp"
#include "pg/sqlstate.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view k_locks =
    "SELECT relation, mode, granted FROM pg_locks"
    " WHERE pid = pg_backend_pid() AND locktype = 'relation' AND relation >= 16384";

HeldLocks locks_of(Session& session) {
  HeldLocks held;
  const SqlResult result = ask(session, k_locks);
  for (std::size_t i = 0; i < result.rows.size(); ++i) {
    if (const auto mode = parse_lock_name(result.text(i, 1))) held[result.text(i, 0)].insert(*mode);
  }
  return held;
}

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

/// Puts together what the catalogs showed before and after with what the server said meanwhile.
class Reader {
 public:
  /// Work on what the transaction made itself keeps nobody waiting. `taken`: the locks of the statement; `held`: all of the
  /// transaction.
  Reader(const SeenCatalog& catalog, HeldLocks taken, const HeldLocks& held, Session& session,
         const Statement& statement, Observation& result)
      : catalog_(catalog),
        before_(catalog.before()),
        after_(catalog.after()),
        taken_(std::move(taken)),
        held_(held),
        session_(session),
        writes_nothing_(statement.tag == "TruncateStmt" || statement.tag == "TransactionStmt"),
        runs_code_(is_code(statement.tag)),
        moves_(statement.tag == "AlterTableMoveAllStmt" || has_command(statement, "AT_SetTableSpace")),
        result_(result) {}

  void read_work(const std::vector<std::string>& messages) {
    find_truncated(messages);
    for (const auto& [oid, relation] : after_) {
      const auto old = before_.find(oid);
      if (old == before_.end() || old->second.filenode == relation.filenode || is_truncated(oid)) continue;
      if (has_heap(relation.relkind) && catalog_.was_there(oid)) result_.rewrites.insert(old->second.name);
      if (is_index(relation.relkind) && !moves_ && catalog_.was_there(relation.table)) add_build(relation);
    }
    for (const std::string& message : messages) read_message(message);
    read_other_scans();
  }

  void read_locks() {
    for (const auto& [oid, modes] : taken_) {
      const auto old = before_.find(oid);
      const auto now = after_.find(oid);
      if (old == before_.end() && now == after_.end()) continue;  // TOAST, a transient heap
      const ObservedRelation& relation = old != before_.end() ? old->second : now->second;
      const bool made = !catalog_.was_there(oid);
      ObservedLock& lock =
          result_.locks.try_emplace(relation.name, ObservedLock{.is_new = true}).first->second;
      lock.relkind = relation.relkind;
      lock.mode = std::max(lock.mode, *modes.rbegin());
      // An index that was made again under its name is none that nobody knows.
      const bool again = is_index(relation.relkind) && old == before_.end() &&
                         existed(before_, relation.name) && existed(catalog_.at_begin(), relation.name);
      lock.is_new = lock.is_new && made && !again;
      lock.touched = lock.touched || made || now == after_.end() ||
                     (!is_truncated(oid) && old->second.filenode != now->second.filenode);
    }
    if (writes_nothing_) return;
    // What was made and locked by nobody else, such as a sequence.
    for (const auto& [oid, relation] : after_) {
      if (before_.contains(oid) || result_.locks.contains(relation.name) || existed(before_, relation.name))
        continue;
      result_.locks[relation.name] = {
          .relkind = relation.relkind, .mode = LockMode::AccessExclusive, .is_new = true, .touched = true};
    }
  }

 private:
  static bool existed(const ObservedRelations& relations, const std::string& name) {
    return std::ranges::any_of(relations, [&](const auto& item) { return item.second.name == name; });
  }

  /// A function may truncate tables, which no message tells of; that it writes one anew, one does.
  void find_truncated(const std::vector<std::string>& messages) {
    for (const auto& [oid, relation] : after_) {
      const auto old = before_.find(oid);
      const bool has_new_file = old != before_.end() && old->second.filenode != relation.filenode;
      const auto rewrites = [&](const std::string& message) {
        return names(message, "rewriting table", old->second.relname);
      };
      if (runs_code_ && has_new_file && relation.relkind == relkind::table &&
          std::ranges::none_of(messages, rewrites))
        truncated_.insert(oid);
    }
  }

  /// Of a table, or of the table of an index.
  [[nodiscard]] bool is_truncated(const std::string& oid) const {
    const auto relation = after_.find(oid);
    return writes_nothing_ || truncated_.contains(oid) ||
           (relation != after_.end() && truncated_.contains(relation->second.table));
  }

  using Named = std::pair<const std::string, ObservedRelation>;

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
    const auto now = after_.find(table.first);
    return now != after_.end() &&
           (now->second.filenode != table.second.filenode || now->second.scans != table.second.scans);
  }

  [[nodiscard]] const Named* table_in(std::string_view message, std::string_view begin) const {
    if (!message.starts_with(begin)) return nullptr;
    return table_with([&](const std::string& name) { return names(message, begin, name); });
  }

  void read_message(const std::string& message) {
    if (const Named* verified = table_in(message, "verifying table")) {
      add_scan(*verified);
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

  void add_scan(const Named& table) {
    if (catalog_.was_there(table.first)) result_.scans.insert(table.second.name);
  }

  /// What a message "building index …" tells of. Partitions of one name may lie in several schemas, and the name of a new table
  /// may have been another's: it is an index that has come or is written anew, and that no message has told of yet.
  [[nodiscard]] const Named* index_in(std::string_view message) const {
    for (const Named& index : after_) {
      if (!is_index(index.second.relkind) || told_of_.contains(index.first)) continue;
      const auto old = before_.find(index.first);
      if (old != before_.end() && old->second.filenode == index.second.filenode) continue;
      const auto table = catalog_.all().find(index.second.table);
      if (table != catalog_.all().end() && is_build(message, index.second.relname, table->second.relname))
        return &index;
    }
    return nullptr;
  }

  /// An index that is gone again at the end is nobody's.
  void read_build(std::string_view message) {
    const Named* index = index_in(message);
    const Named* table = index != nullptr ? &*catalog_.all().find(index->second.table)
                                          : table_with([&](const std::string& name) {
                                              return message.find(on_table(name)) != std::string_view::npos;
                                            });
    if (table == nullptr) return;
    ++explained_[table->first];
    if (index != nullptr) told_of_.insert(index->first);
    if (!catalog_.was_there(table->first)) return;
    built_.push_back(table->second.name);
    if (index != nullptr && !is_truncated(table->first)) add_build(index->second);
  }

  void add_build(const ObservedRelation& index) {
    result_.index_builds.insert(index.name);
    const auto table = catalog_.all().find(index.table);
    if (table != catalog_.all().end()) result_.indexed.insert(table->second.name);
  }

  void read_foreign_key(const ObservedForeignKey& key) {
    const auto referencing = before_.find(key.referencing);
    constexpr long long k_any_number = 1000;
    if (referencing != before_.end()) {
      explained_[referencing->first] = k_any_number;
      if (has_heap(referencing->second.relkind)) add_scan(*referencing);
    }
    for (const std::string& oid : with_partitions(key.referenced)) {
      const auto referenced = before_.find(oid);
      if (referenced == before_.end()) continue;
      explained_[oid] = k_any_number;
      result_.may_scan.insert(referenced->second.name);
    }
  }

  [[nodiscard]] std::vector<std::string> with_partitions(const std::string& table) const {
    const SqlResult found =
        ask(session_, cat("WITH RECURSIVE tree AS (SELECT ", table,
                          "::oid AS oid UNION SELECT inhrelid FROM pg_inherits",
                          " JOIN tree ON inhparent = tree.oid JOIN pg_class c ON c.oid = tree.oid",
                          " WHERE c.relkind = 'p') SELECT oid FROM tree"));
    std::vector<std::string> oids;
    for (std::size_t i = 0; i < found.rows.size(); ++i) oids.push_back(found.text(i, 0));
    return oids;
  }

  /// Domains, exclusion constraints and a default partition are read without a message: more sequential
  /// scans were counted than rewrites, builds and verifications explain.
  void read_other_scans() {
    for (const auto& [oid, old] : before_) {
      const auto now = after_.find(oid);
      if (now == after_.end() || is_index(old.relkind)) continue;
      const long long counted = now->second.scans - old.scans;
      const auto found = explained_.find(oid);
      const long long rewritten = old.filenode != now->second.filenode ? 1 : 0;
      const long long explained = std::max(found != explained_.end() ? found->second : 0, rewritten);
      if (counted > explained) add_scan({oid, old});
    }
  }

  const SeenCatalog& catalog_;
  const ObservedRelations& before_;
  const ObservedRelations& after_;
  HeldLocks taken_;
  const HeldLocks& held_;
  Session& session_;
  bool writes_nothing_;  ///< gives new files, or those of a savepoint back, and writes nothing into them
  bool runs_code_;       ///< which may truncate, too
  std::set<std::string> truncated_;  ///< oids: by what the statement runs
  bool moves_;                       ///< copies files as they are
  Observation& result_;
  std::map<std::string, long long> explained_;  ///< scans by oid that have another reason
  std::vector<std::string> built_;
  std::set<std::string> told_of_;  ///< oids of indexes
};

/// What one statement wrote anew lies beside what it replaces until its transaction ends.
void measure_disk(const SeenCatalog& catalog, Observation& result) {
  const ObservedRelations& before = catalog.before();
  const ObservedRelations& after = catalog.after();
  for (const auto& [oid, now] : after) {
    const auto old = before.find(oid);
    const bool written_anew = old == before.end() || old->second.filenode != now.filenode;
    const long long grown = now.bytes - (old != before.end() ? old->second.bytes : 0);
    result.net_bytes += grown;
    result.peak_bytes += written_anew ? now.bytes : std::max(grown, 0LL);
  }
  for (const auto& [oid, old] : before) {
    if (!after.contains(oid)) result.net_bytes -= old.bytes;
  }
}

/// Of temporary files, which the server tells of when it removes them (log_temp_files):
/// temporary file: path "base/pgsql_tmp/pgsql_tmp123.0", size 1048576
long long temp_bytes(const std::vector<std::string>& messages) {
  constexpr std::string_view k_size = ", size ";
  long long sum = 0;
  for (const std::string& message : messages) {
    const std::size_t size = message.rfind(k_size);
    if (!message.starts_with("temporary file: path ") || size == std::string::npos) continue;
    sum += std::atoll(message.c_str() + size + k_size.size());
  }
  return sum;
}

HeldLocks without(HeldLocks locks, const HeldLocks& others) {
  for (const auto& [oid, modes] : others) {
    const auto found = locks.find(oid);
    if (found == locks.end()) continue;
    for (const LockMode mode : modes) found->second.erase(mode);
    if (found->second.empty()) locks.erase(found);
  }
  return locks;
}

HeldLocks by_name(const HeldLocks& locks, const ObservedRelations& relations) {
  HeldLocks named;
  for (const auto& [oid, modes] : locks) {
    const auto found = relations.find(oid);
    if (found != relations.end()) named[found->second.name] = modes;
  }
  return named;
}

long long wal_position(Session& session) {
  return ask(session, "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint").number(0, 0).value_or(0);
}

void say(Session& session, std::string_view setting) {
  session.script(cat("SET ", setting));
}

/// Stands in the way of what the statement does on tables. CONCURRENTLY takes its locks and then waits for who writes; VACUUM
/// and ANALYZE wait for one another.
LockMode in_the_way_of(const Statement& statement) {
  return statement.tag == "VacuumStmt" ? LockMode::ShareUpdateExclusive : LockMode::RowExclusive;
}

/// Looks at what another session holds and asks for. Stands in its way first, until it is seen to wait.
class Lookout {
 public:
  Lookout(Session& watcher, int pid, const std::vector<std::string>& tables, LockMode mode)
      : watcher_(watcher), pid_(pid) {
    if (tables.empty()) return;
    watcher_.script("BEGIN");
    // One by one: what is no table, or is not there, must not spoil the others.
    for (const std::string& table : tables) {
      watcher_.script("SAVEPOINT one");
      if (!watcher_.script(cat("LOCK TABLE ONLY ", table, " IN ", lock_sql(mode), " MODE")).ok)
        watcher_.script("ROLLBACK TO one");
      watcher_.script("RELEASE one");
    }
  }
  Lookout(const Lookout&) = delete;
  Lookout& operator=(const Lookout&) = delete;
  ~Lookout() { step_aside(); }

  void look() {
    const SqlResult seen = watcher_.query_again(
        "SELECT coalesce(relation, 0), mode, granted, locktype FROM pg_locks WHERE pid = $1::integer",
        {std::to_string(pid_)});
    bool waits = false;
    for (std::size_t i = 0; i < seen.rows.size(); ++i) {
      waits = waits || !seen.truth(i, 2);
      const auto mode = parse_lock_name(seen.text(i, 1));
      if (seen.text(i, 3) == "relation" && mode) seen_[seen.text(i, 0)].insert(*mode);
    }
    if (waits || ++looks_ > k_most_looks) step_aside();
  }

  void step_aside() {
    if (watcher_.in_transaction()) watcher_.script("ROLLBACK");
  }

  [[nodiscard]] const HeldLocks& seen() const { return seen_; }

 private:
  static constexpr int k_most_looks = 50;  // a statement that waits for nobody

  Session& watcher_;
  int pid_;
  int looks_ = 0;
  HeldLocks seen_;
};

}  // namespace

void StatementObserver::begin() {
  catalog_.begin(session_);
  held_.clear();
  taken_.clear();
}

/// What is gone, a savepoint has given back. Most statements leave all that there is as it was.
void StatementObserver::note_held(HeldLocks now, const HeldLocks& taken, std::size_t statement) {
  const auto modes = [](const HeldLocks& locks) {
    std::size_t count = 0;
    for (const auto& [oid, of_one] : locks) count += of_one.size();
    return count;
  };
  if (modes(now) != modes(held_) + modes(taken)) {
    for (auto& [oid, at] : taken_) {
      const auto found = now.find(oid);
      std::erase_if(
          at, [&](const auto& one) { return found == now.end() || !found->second.contains(one.first); });
    }
    std::erase_if(taken_, [](const auto& one) { return one.second.empty(); });
  }
  for (const auto& [oid, of_one] : taken) {
    for (const LockMode mode : of_one) taken_[oid][mode] = statement;
  }
  held_ = std::move(now);
}

void StatementObserver::note_kept(std::size_t statement) {
  kept_before_.clear();
  for (const auto& [oid, at] : taken_) {
    const auto strongest =
        std::find_if(at.rbegin(), at.rend(), [&](const auto& one) { return one.second != statement; });
    if (strongest == at.rend() || !catalog_.was_there(oid)) continue;
    const auto found = catalog_.before().find(oid);
    if (found == catalog_.before().end()) continue;
    kept_before_.push_back({.name = found->second.name,
                            .relkind = found->second.relkind,
                            .mode = strongest->first,
                            .taken_at = &at});
  }
}

Observation StatementObserver::send(const std::string& sql, const Watch& watch,
                                    std::vector<std::string>& messages) {
  Observation result;
  session_.take_notices();
  const auto from = std::chrono::steady_clock::now();
  SqlResult ran =
      session_.run({.sql = sql, .keep_rows = false, .interruptible = Interruptible::yes, .watch = watch});
  result.ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - from).count();
  for (Notice& notice : session_.take_notices()) messages.push_back(std::move(notice.message));
  if (ran.ok) return result;
  result.error = std::move(ran.error);
  if (ran.connection_lost && result.error->message.empty()) result.error->message = "the connection was lost";
  return result;
}

Observation StatementObserver::run(const std::string& sql) {
  std::vector<std::string> messages;
  return send(sql, {}, messages);
}

Observation StatementObserver::measure(const std::string& sql, const Watch& watch,
                                       std::vector<std::string>& messages) {
  const long long wal = wal_position(session_);
  Observation result = send(sql, watch, messages);
  if (result.error) return result;
  result.wal_bytes = wal_position(session_) - wal;
  result.temp_bytes = temp_bytes(messages);
  return result;
}

Observation StatementObserver::observe(const Statement& statement, const std::string& sql,
                                       const Watch& watch) {
  say(session_, "LOCAL client_min_messages = debug1");
  std::vector<std::string> messages;
  Observation result = measure(sql, watch, messages);
  if (result.error) return result;
  session_.script(cat("SET LOCAL client_min_messages = warning", look_));
  HeldLocks now = locks_of(session_);
  catalog_.look(session_, now);
  held_before_ = by_name(held_, catalog_.before());
  const HeldLocks taken = without(now, held_);
  Reader reader(catalog_, taken, now, session_, statement, result);
  measure_disk(catalog_, result);
  reader.read_work(messages);
  reader.read_locks();
  note_held(std::move(now), taken, statement.range.begin);
  note_kept(statement.range.begin);
  return result;
}

Observation StatementObserver::observe_alone(const Statement& statement, const std::string& sql,
                                             Session& watcher, const std::vector<std::string>& tables) {
  begin();
  held_before_.clear();
  kept_before_.clear();
  say(session_, "client_min_messages = debug2");
  std::vector<std::string> messages;
  Lookout lookout(watcher, session_.backend_pid(), tables, in_the_way_of(statement));
  const Watch watch{.interval = milliseconds(1), .tick = [&lookout] {
                      lookout.look();
                      return false;
                    }};
  Observation result = measure(sql, watch, messages);
  lookout.step_aside();
  result.sampled = true;
  say(session_, "client_min_messages = warning");
  if (result.error) return result;
  catalog_.look_at_all(session_, lookout.seen());
  Reader reader(catalog_, lookout.seen(), lookout.seen(), session_, statement, result);
  measure_disk(catalog_, result);
  reader.read_work(messages);
  reader.read_locks();
  return result;
}

}  // namespace pgsluice
