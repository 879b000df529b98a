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

/// Relations outside the system catalogs; TOAST tables and their indexes are left out.
constexpr std::string_view k_relations =
    "SELECT c.oid, quote_ident(CASE WHEN n.nspname ~ '^pg_temp' THEN 'pg_temp' ELSE n.nspname END) || '.' ||"
    " quote_ident(c.relname), c.relname, c.relkind, coalesce(pg_relation_filenode(c.oid), 0),"
    " coalesce(i.indrelid, 0), coalesce(pg_stat_get_xact_numscans(c.oid), 0),"
    " coalesce(pg_table_size(c.oid), 0)"  // locks the relation for an instant: nobody else is there
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = "
    "c.oid"
    " WHERE c.oid >= 16384 AND n.nspname !~ '^pg_toast' AND n.nspname <> 'information_schema' AND c.relkind "
    "NOT IN ('t', 'c')"
    " AND (n.nspname !~ '^pg_temp' OR n.oid = pg_my_temp_schema())";

constexpr std::string_view k_locks =
    "SELECT relation, mode, granted FROM pg_locks"
    " WHERE pid = pg_backend_pid() AND locktype = 'relation' AND relation >= 16384";

constexpr std::string_view k_foreign_keys =
    "SELECT oid, conname, conrelid, confrelid, convalidated FROM pg_constraint WHERE contype = 'f'";

/// Others may be in the way where they are.
ExitCode code_of(const SqlResult& failed) {
  if (failed.connection_lost) return ExitCode::unreachable;
  switch (pg::classify(failed.error.sqlstate)) {
    case pg::Failure::lock_timeout:
    case pg::Failure::conflict:
    case pg::Failure::cancelled: return ExitCode::lock_budget;
    default: return ExitCode::bug;
  }
}

SqlResult ask(Session& session, std::string_view sql) {
  SqlResult result = session.query(sql, {});
  if (!result.ok) throw Error(code_of(result), cat("cannot look at the catalogs: ", result.error.message));
  return result;
}

ObservedRelations relations(Session& session) {
  ObservedRelations all;
  const SqlResult result = ask(session, k_relations);
  for (std::size_t i = 0; i < result.rows.size(); ++i) {
    all[result.text(i, 0)] = {.name = result.text(i, 1),
                              .relname = result.text(i, 2),
                              .relkind = result.text(i, 3).front(),
                              .filenode = result.text(i, 4),
                              .table = result.text(i, 5),
                              .scans = result.number(i, 6).value_or(0),
                              .bytes = result.number(i, 7).value_or(0)};
  }
  return all;
}

ObservedForeignKeys foreign_keys(Session& session) {
  ObservedForeignKeys all;
  const SqlResult result = ask(session, k_foreign_keys);
  for (std::size_t i = 0; i < result.rows.size(); ++i) {
    all[result.text(i, 0)] = {.name = result.text(i, 1),
                              .referencing = result.text(i, 2),
                              .referenced = result.text(i, 3),
                              .validated = result.truth(i, 4)};
  }
  return all;
}

/// Those that the statement has made or validated.
ObservedForeignKeys changed(const ObservedForeignKeys& before, ObservedForeignKeys after) {
  std::erase_if(after, [&before](const auto& item) {
    const auto old = before.find(item.first);
    return old != before.end() && old->second.validated == item.second.validated;
  });
  return after;
}

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
  return message.starts_with(cat(begin, " \"", name, "\""));
}

/// REINDEX CONCURRENTLY builds beside the index, then exchanges the names.
std::string without_ccnew(const std::string& name) {
  const std::size_t suffix = name.find("_ccnew");
  return suffix == std::string::npos ? name : name.substr(0, suffix);
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
  /// `at_begin`: what there was before the transaction. Work on what it made itself keeps nobody waiting. `taken`: the
  /// locks of the statement; `held`: all of the transaction. `keys`: those that the statement has made or validated.
  Reader(const ObservedRelations& at_begin, const ObservedRelations& before, const ObservedRelations& after,
         HeldLocks taken, const HeldLocks& held, ObservedForeignKeys keys, Session& session,
         const Statement& statement, Observation& result)
      : at_begin_(at_begin),
        before_(before),
        after_(after),
        taken_(std::move(taken)),
        held_(held),
        keys_(std::move(keys)),
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
      if (has_heap(relation.relkind) && at_begin_.contains(oid)) result_.rewrites.insert(old->second.name);
      if (is_index(relation.relkind) && !moves_ && at_begin_.contains(relation.table)) add_build(relation);
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
      const bool made = !at_begin_.contains(oid);
      ObservedLock& lock =
          result_.locks.try_emplace(relation.name, ObservedLock{.is_new = true}).first->second;
      lock.relkind = relation.relkind;
      lock.mode = std::max(lock.mode, *modes.rbegin());
      // An index that was made again under its name is none that nobody knows.
      const bool again = is_index(relation.relkind) && old == before_.end() &&
                         existed(before_, relation.name) && existed(at_begin_, relation.name);
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
    for (const auto& [oid, key] : keys_) {
      if (names(message, "validating foreign key constraint", key.name)) read_foreign_key(key);
    }
  }

  void add_scan(const Named& table) {
    if (at_begin_.contains(table.first)) result_.scans.insert(table.second.name);
  }

  /// building index "i" on table "t" serially
  void read_build(std::string_view message) {
    constexpr std::string_view k_begin = "building index \"";
    const auto place_of = [&message](const std::string& table) {
      return message.find(cat("\" on table \"", table, "\""));
    };
    const Named* table =
        table_with([&](const std::string& name) { return place_of(name) != std::string_view::npos; });
    if (table == nullptr) return;
    ++explained_[table->first];
    if (!at_begin_.contains(table->first)) return;
    built_.push_back(table->second.name);
    const std::string_view index =
        message.substr(k_begin.size(), place_of(table->second.relname) - k_begin.size());
    add_built(without_ccnew(std::string(index)), table->first);
  }

  /// Its name as the catalogs quote it; what is gone again at the end is nobody's.
  void add_built(const std::string& index, const std::string& table) {
    for (const auto& [oid, relation] : after_) {
      if (relation.relname == index && relation.table == table && !is_truncated(table)) add_build(relation);
    }
  }

  void add_build(const ObservedRelation& index) {
    result_.index_builds.insert(index.name);
    const auto table = after_.find(index.table);
    if (table != after_.end()) result_.indexed.insert(table->second.name);
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
                          "::oid AS oid UNION SELECT inhrelid FROM "
                          "pg_inherits JOIN tree ON inhparent = tree.oid) SELECT oid FROM tree"));
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

  const ObservedRelations& at_begin_;
  const ObservedRelations& before_;
  const ObservedRelations& after_;
  HeldLocks taken_;
  const HeldLocks& held_;
  ObservedForeignKeys keys_;
  Session& session_;
  bool writes_nothing_;  ///< gives new files, or those of a savepoint back, and writes nothing into them
  bool runs_code_;       ///< which may truncate, too
  std::set<std::string> truncated_;  ///< oids: by what the statement runs
  bool moves_;                       ///< copies files as they are
  Observation& result_;
  std::map<std::string, long long> explained_;  ///< scans by oid that have another reason
  std::vector<std::string> built_;
};

/// What one statement wrote anew lies beside what it replaces until its transaction ends.
void measure_disk(const ObservedRelations& before, const ObservedRelations& after, Observation& result) {
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
  before_ = relations(session_);
  keys_before_ = foreign_keys(session_);
  at_begin_ = before_;
  held_.clear();
}

Observation StatementObserver::run(const std::string& sql, const Watch& watch,
                                   std::vector<std::string>& messages) {
  Observation result;
  const long long wal = wal_position(session_);
  session_.take_notices();
  const auto from = std::chrono::steady_clock::now();
  SqlResult ran =
      session_.run({.sql = sql, .keep_rows = false, .interruptible = Interruptible::yes, .watch = watch});
  result.ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - from).count();
  for (Notice& notice : session_.take_notices()) messages.push_back(std::move(notice.message));
  if (ran.ok) {
    result.wal_bytes = wal_position(session_) - wal;
    result.temp_bytes = temp_bytes(messages);
    return result;
  }
  result.error = std::move(ran.error);
  if (ran.connection_lost && result.error->message.empty()) result.error->message = "the connection was lost";
  return result;
}

Observation StatementObserver::observe(const Statement& statement, const std::string& sql) {
  say(session_, "LOCAL client_min_messages = debug1");
  std::vector<std::string> messages;
  Observation result = run(sql, {}, messages);
  if (result.error) return result;
  session_.script(cat("SET LOCAL client_min_messages = warning", look_));
  HeldLocks now = locks_of(session_);
  ObservedRelations after = relations(session_);
  held_before_ = by_name(held_, before_);
  ObservedForeignKeys keys = foreign_keys(session_);
  Reader reader(at_begin_, before_, after, without(now, held_), now, changed(keys_before_, keys), session_,
                statement, result);
  measure_disk(before_, after, result);
  reader.read_work(messages);
  reader.read_locks();
  held_ = std::move(now);
  keys_before_ = std::move(keys);
  before_ = std::move(after);
  return result;
}

Observation StatementObserver::observe_alone(const Statement& statement, const std::string& sql,
                                             Session& watcher, const std::vector<std::string>& tables) {
  begin();
  held_before_.clear();
  say(session_, "client_min_messages = debug2");
  std::vector<std::string> messages;
  Lookout lookout(watcher, session_.backend_pid(), tables, in_the_way_of(statement));
  const Watch watch{.interval = milliseconds(1), .tick = [&lookout] {
                      lookout.look();
                      return false;
                    }};
  Observation result = run(sql, watch, messages);
  lookout.step_aside();
  result.sampled = true;
  say(session_, "client_min_messages = warning");
  if (result.error) return result;
  ObservedRelations after = relations(session_);
  // Counted in a transaction of its own: nothing was counted before it.
  for (auto& [oid, relation] : after) relation.scans = before_.contains(oid) ? before_.at(oid).scans : 0;
  Reader reader(at_begin_, before_, after, lookout.seen(), lookout.seen(),
                changed(keys_before_, foreign_keys(session_)), session_, statement, result);
  measure_disk(before_, after, result);
  reader.read_work(messages);
  reader.read_locks();
  return result;
}

}  // namespace pgsluice
