// SPDX-License-Identifier: Apache-2.0
#include "oracle/observe.hpp"

#include <chrono>
#include <string_view>
#include <thread>
#include <vector>

#include "pgsluice/sql.hpp"
#include "preview/observe.hpp"

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
GRANT USAGE ON SCHEMA public TO PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM pg_monitor;
)sql";

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
  if (setup.find("CREATE DATABASE") != std::string::npos) {
    // Which runs alone, and several statements in one query are a transaction.
    const Script script = parse({.path = "setup.sql", .text = setup});
    for (const Statement& statement : script.statements)
      session.run(std::string(script.text(statement.range)));
  } else if (!setup.empty()) {
    session.run(setup);
  }
  session.take_messages();
}

Observation observe(Session& session, const Statement& statement, const std::string& sql, bool alone) {
  Facade facade(session);
  SeenCatalog catalog;
  StatementObserver observer(facade, catalog);
  if (alone) return observer.observe_alone(statement, sql, {facade, facade}, {});
  session.run("BEGIN");
  observer.begin();
  Observation result = observer.observe(statement, sql);
  roll_back(session);
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
