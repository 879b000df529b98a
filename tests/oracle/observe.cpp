// SPDX-License-Identifier: Apache-2.0
#include "oracle/observe.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <vector>

#include "pgsluice/sql.hpp"

namespace pgsluice::oracle {

namespace {

/// Everything that an example may leave behind and that does not hang on a schema.
constexpr const char* k_clean = R"sql(
DO $clean$
DECLARE command text;
BEGIN
  FOR command IN
    SELECT format('DROP EVENT TRIGGER %I', evtname) FROM pg_event_trigger
    UNION ALL SELECT format('DROP PUBLICATION %I', pubname) FROM pg_publication
    UNION ALL SELECT format('DROP SUBSCRIPTION %I', subname) FROM pg_subscription
    UNION ALL SELECT format('DROP SCHEMA %I CASCADE', nspname) FROM pg_namespace
      WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    UNION ALL SELECT format('DROP EXTENSION IF EXISTS %I CASCADE', extname) FROM pg_extension WHERE extname <> 'plpgsql'
    UNION ALL SELECT format('DROP FOREIGN DATA WRAPPER IF EXISTS %I CASCADE', fdwname) FROM pg_foreign_data_wrapper
    UNION ALL SELECT format('DROP ACCESS METHOD IF EXISTS %I CASCADE', amname) FROM pg_am WHERE oid >= 16384
  LOOP
    EXECUTE command;
  END LOOP;
END $clean$;
CREATE SCHEMA public;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM pg_monitor;
)sql";

/// Relations outside the system catalogs; TOAST tables and their indexes are left out.
constexpr const char* k_relations = R"sql(
SELECT c.oid, quote_ident(CASE WHEN n.nspname ~ '^pg_temp' THEN 'pg_temp' ELSE n.nspname END) || '.' || quote_ident(c.relname),
       c.relkind, coalesce(pg_relation_filenode(c.oid), 0), coalesce(i.indrelid, 0), quote_ident(c.relname),
       coalesce(pg_stat_get_xact_numscans(c.oid), 0)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE c.oid >= 16384 AND n.nspname <> 'pg_toast' AND n.nspname <> 'information_schema' AND c.relkind NOT IN ('t', 'c'))sql";

constexpr const char* k_own_locks = R"sql(
SELECT relation, mode FROM pg_locks
WHERE pid = pg_backend_pid() AND locktype = 'relation' AND relation >= 16384 AND granted)sql";

constexpr const char* k_foreign_keys = R"sql(
SELECT conname, conrelid, confrelid FROM pg_constraint WHERE contype = 'f')sql";

struct Entry {
  std::string name;
  std::string relname;
  char relkind = relkind::table;
  std::string filenode;
  std::string table;  ///< an index: the oid of its table
  long scans = 0;
};
using Entries = std::map<std::string, Entry>;  ///< by oid

Entries entries(Session& session) {
  Entries result;
  for (const auto& row : session.run(k_relations)) {
    result[row[0]] = {.name = row[1],
                      .relname = row[5],
                      .relkind = row[2].front(),
                      .filenode = row[3],
                      .table = row[4],
                      .scans = std::stol(row[6])};
  }
  return result;
}

bool is_index(char kind) {
  return kind == relkind::index || kind == relkind::partitioned_index;
}
bool has_heap(char kind) {
  return kind == relkind::table || kind == relkind::materialized_view;
}

/// The quoted words of a DEBUG message: `building index "i" on table "t" serially` → i, t.
std::vector<std::string> quoted_words(std::string_view message) {
  std::vector<std::string> words;
  for (std::size_t open = message.find('"'); open != std::string_view::npos; open = message.find('"', open)) {
    const std::size_t close = message.find('"', open + 1);
    if (close == std::string_view::npos) break;
    words.emplace_back(message.substr(open + 1, close - open - 1));
    open = close + 1;
  }
  return words;
}

/// REINDEX CONCURRENTLY builds beside the index, then exchanges the names.
std::string without_ccnew(const std::string& name) {
  const std::size_t suffix = name.find("_ccnew");
  return suffix == std::string::npos ? name : name.substr(0, suffix);
}

/// Puts together what the catalog showed before and after with what the server said meanwhile.
class Reader {
 public:
  Reader(Entries before, Entries after, std::vector<std::string> messages, Rows foreign_keys)
      : before_(std::move(before)),
        after_(std::move(after)),
        messages_(std::move(messages)),
        foreign_keys_(std::move(foreign_keys)) {}

  void read(Observation& result, const std::string& sql) {
    const bool truncates = sql.starts_with("TRUNCATE");
    const bool moves = sql.find("SET TABLESPACE") != std::string::npos;
    for (const auto& [oid, entry] : after_) {
      const auto old = before_.find(oid);
      if (old == before_.end() || old->second.filenode == entry.filenode || truncates) continue;
      if (has_heap(entry.relkind)) result.rewrites.insert(old->second.name);
      if (is_index(entry.relkind) && !moves) result.index_builds.insert(entry.name);
    }
    for (const std::string& message : messages_) read_message(message, result, truncates);
    read_other_scans(result);
  }

  void read_locks(const Rows& locks, Observation& result, bool truncates) const {
    for (const auto& row : locks) {
      const std::optional<LockMode> mode = parse_lock_name(row[1]);
      const auto old = before_.find(row[0]);
      const auto now = after_.find(row[0]);
      if (!mode || (old == before_.end() && now == after_.end())) continue;  // TOAST, a transient heap
      const Entry& entry = old != before_.end() ? old->second : now->second;
      const bool made = old == before_.end();
      ObservedLock& lock = result.locks.try_emplace(entry.name, ObservedLock{.is_new = true}).first->second;
      lock.relkind = entry.relkind;
      lock.mode = std::max(lock.mode, *mode);
      lock.is_new =
          lock.is_new && made && !existed(entry.name);  // an index that was made again under its name
      lock.touched = lock.touched || made || now == after_.end() ||
                     (!truncates && old->second.filenode != now->second.filenode);
    }
    // What was made and locked by nobody else, such as a sequence.
    for (const auto& [oid, entry] : after_) {
      if (before_.contains(oid) || result.locks.contains(entry.name) || existed(entry.name)) continue;
      result.locks[entry.name] = {
          .relkind = entry.relkind, .mode = LockMode::AccessExclusive, .is_new = true, .touched = true};
    }
  }

 private:
  /// The existing table of this plain name; DEBUG messages do not say the schema.
  [[nodiscard]] const std::pair<const std::string, Entry>* existing(const std::string& relname) const {
    for (const auto& item : before_) {
      if (item.second.relname == quote_ident(relname) && !is_index(item.second.relkind)) return &item;
    }
    return nullptr;
  }

  [[nodiscard]] bool existed(const std::string& name) const {
    return std::ranges::any_of(before_, [&](const auto& item) { return item.second.name == name; });
  }

  void read_message(const std::string& message, Observation& result, bool truncates) {
    const std::vector<std::string> words = quoted_words(message);
    if (message.starts_with("verifying table") && !words.empty()) {
      if (const auto* table = existing(words[0])) {
        result.scans.insert(table->second.name);
        ++explained_[table->first];
      }
    } else if (message.starts_with("rewriting table") && !words.empty()) {
      if (const auto* table = existing(words[0])) ++explained_[table->first];
    } else if (message.starts_with("building index") && words.size() == 2) {
      const auto* table = existing(words[1]);
      if (table == nullptr) return;
      ++explained_[table->first];
      built_.push_back(table->second.name);
      const std::string schema =
          table->second.name.substr(0, table->second.name.size() - table->second.relname.size());
      if (!truncates) result.index_builds.insert(schema + quote_ident(without_ccnew(words[0])));
    } else if (message.starts_with("validating foreign key") && !words.empty()) {
      for (const auto& key : foreign_keys_) {
        if (key[0] == words[0]) read_foreign_key(key, result);
      }
    } else if (message.starts_with("validate_index found") && !built_.empty()) {
      result.scans.insert(built_.begin(), built_.end());
    }
  }

  void read_foreign_key(const std::vector<std::string>& key, Observation& result) {
    const auto referencing = before_.find(key[1]);
    const auto referenced = before_.find(key[2]);
    if (referencing != before_.end()) {
      explained_[key[1]] = 1000;
      if (has_heap(referencing->second.relkind)) result.scans.insert(referencing->second.name);
    }
    if (referenced != before_.end()) {
      explained_[key[2]] = 1000;
      result.may_scan.insert(referenced->second.name);
    }
  }

  /// Domains, exclusion constraints and a default partition are read without a message: more sequential
  /// scans were counted than rewrites, builds and verifications explain.
  void read_other_scans(Observation& result) const {
    for (const auto& [oid, old] : before_) {
      const auto now = after_.find(oid);
      if (now == after_.end() || is_index(old.relkind)) continue;
      const long counted = now->second.scans - old.scans;
      const auto found = explained_.find(oid);
      const long rewritten = old.filenode != now->second.filenode ? 1 : 0;
      const long explained = std::max(found != explained_.end() ? found->second : 0, rewritten);
      if (counted > explained) result.scans.insert(old.name);
    }
  }

  Entries before_;
  Entries after_;
  std::vector<std::string> messages_;
  Rows foreign_keys_;
  std::map<std::string, long> explained_;  ///< scans by oid that have another reason
  std::vector<std::string> built_;
};

/// Leaves a transaction, whatever state it is in.
void roll_back(Session& session) {
  session.try_run("ROLLBACK");
}

}  // namespace

void prepare(Session& session, const std::string& setup) {
  roll_back(session);
  session.run("DISCARD ALL");
  session.run("SET client_min_messages = warning");
  session.run(k_clean);
  if (!setup.empty()) session.run(setup);
  session.take_messages();
}

Observation observe_in_transaction(Session& session, const std::string& sql) {
  Observation result;
  session.run("BEGIN");
  Entries before = entries(session);
  session.run("SET LOCAL client_min_messages = debug1");
  session.take_messages();
  result.error = session.try_run(sql);
  std::vector<std::string> messages = session.take_messages();
  if (!result.error) {
    session.try_run("SET LOCAL client_min_messages = warning");
    const Rows locks = session.run(k_own_locks);
    Reader reader(std::move(before), entries(session), std::move(messages), session.run(k_foreign_keys));
    reader.read(result, sql);
    reader.read_locks(locks, result, sql.starts_with("TRUNCATE"));
  }
  roll_back(session);
  return result;
}

Observation observe_alone(Session& session, const std::string& sql) {
  Observation result;
  Entries before = entries(session);
  session.run("SET client_min_messages = debug2");
  session.take_messages();
  result.error = session.try_run(sql);
  std::vector<std::string> messages = session.take_messages();
  session.run("SET client_min_messages = warning");
  if (!result.error) {
    Entries after = entries(session);
    for (auto& [oid, entry] : after) entry.scans = before.contains(oid) ? before.at(oid).scans : 0;
    Reader reader(std::move(before), std::move(after), std::move(messages), session.run(k_foreign_keys));
    reader.read(result, sql);
    reader.read_locks({}, result, false);
  }
  return result;
}

namespace {

/// LOCK TABLE takes tables and views; of other relations a reader holds ACCESS SHARE, and that is all we need.
/// `table` is the table of an index: to plan a query on it opens the index. Empty: there is no way.
std::string hold_sql(const std::string& relation, char kind, LockMode mode, const std::string& table) {
  if (kind == relkind::table || kind == relkind::partitioned_table) {
    return "LOCK TABLE ONLY " + relation + " IN " + std::string(lock_sql(mode)) + " MODE";
  }
  if (mode != LockMode::AccessShare || kind == relkind::composite_type) return {};
  return "EXPLAIN SELECT * FROM " + (is_index(kind) ? table : relation);
}

std::optional<LockMode> weakest_against(LockMode mode) {
  // Weakest, and against no weaker request if there is such a mode.
  const auto stops_weaker = [mode](LockMode held) {
    for (int m = 1; m < static_cast<int>(mode); ++m) {
      if (conflicts(held, static_cast<LockMode>(m))) return true;
    }
    return false;
  };
  std::optional<LockMode> any;
  for (int h = 1; h <= static_cast<int>(LockMode::AccessExclusive); ++h) {
    const auto held = static_cast<LockMode>(h);
    if (!conflicts(held, mode)) continue;
    if (!stops_weaker(held)) return held;
    if (!any) any = held;
  }
  return any;
}

std::optional<LockMode> strongest_beside(LockMode mode) {
  for (int h = static_cast<int>(LockMode::AccessExclusive); h >= 1; --h) {
    if (!conflicts(static_cast<LockMode>(h), mode)) return static_cast<LockMode>(h);
  }
  return std::nullopt;
}

}  // namespace

std::string Probe::oid_of(const std::string& relation) {
  return watcher.run("SELECT coalesce(to_regclass($name$" + relation + "$name$)::oid, 0)")[0][0];
}

std::string Probe::table_of(const std::string& relation) {
  const Rows rows =
      watcher.run("SELECT indrelid::regclass, indrelid FROM pg_index WHERE indexrelid = " + oid_of(relation));
  return rows.empty() ? std::string() : rows[0][0];
}

std::optional<Wait> Probe::wait_of(const std::string& sql, const std::string& hold) {
  if (hold.empty()) return std::nullopt;
  roll_back(holder);
  holder.run("BEGIN");
  holder.run(hold);
  runner.start(sql);
  const std::string waiting =
      "SELECT locktype, coalesce(relation, 0), mode FROM pg_locks WHERE NOT granted AND pid = " +
      std::to_string(runner.pid());
  std::optional<Wait> wait;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!runner.done() && std::chrono::steady_clock::now() < deadline) {
    const Rows rows = watcher.run(waiting);
    if (!rows.empty()) {
      const std::optional<LockMode> mode = parse_lock_name(rows[0][2]);
      if (rows[0][0] == "relation" && mode) wait = Wait{.oid = rows[0][1], .mode = *mode};
      break;  // on another lock, such as the end of our transaction: it may go on
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  roll_back(holder);
  runner.finish();
  return wait;
}

bool Probe::asks_for(const std::string& sql, const std::string& relation, char kind, LockMode mode) {
  const std::optional<LockMode> held = weakest_against(mode);
  if (!held) return false;
  const std::string table = table_of(relation);
  const std::string oid = oid_of(relation);
  const std::string table_oid = table.empty() ? oid : oid_of(table);
  const std::optional<Wait> wait = wait_of(sql, hold_sql(relation, kind, *held, table));
  if (!wait || wait->mode != mode) return false;
  // Who locks the table as strictly, and first, never comes to wait for the index.
  return wait->oid == oid || wait->oid == table_oid;
}

std::optional<LockMode> Probe::stronger_than(const std::string& sql, const std::string& relation, char kind,
                                             LockMode mode) {
  const std::optional<LockMode> held = strongest_beside(mode);
  if (!held || is_index(kind)) return std::nullopt;
  const std::string oid = oid_of(relation);
  const std::optional<Wait> wait = wait_of(sql, hold_sql(relation, kind, *held, {}));
  return wait && wait->oid == oid ? std::optional(wait->mode) : std::nullopt;
}

}  // namespace pgsluice::oracle
