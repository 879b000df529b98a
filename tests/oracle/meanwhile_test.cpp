// SPDX-License-Identifier: Apache-2.0
// The conflict table in words, on servers: one session holds a lock, another does what the words say.
#include <gtest/gtest.h>

#include <map>

#include "pgsluice/explain.hpp"
#include "session.hpp"

namespace pgsluice::oracle {
namespace {

constexpr const char* k_setup = R"(
  CREATE TABLE t (a int PRIMARY KEY);
  INSERT INTO t VALUES (1);
  ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID;
  CREATE TABLE f (a int REFERENCES t);
  CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
  CREATE VIEW v AS SELECT a FROM t;
  CREATE MATERIALIZED VIEW m AS SELECT a FROM t;
  CREATE UNIQUE INDEX ON m (a);
  CREATE SEQUENCE s;
  CREATE INDEX i ON t (a);
)";

/// What holds a lock, and how strong it is.
struct Holder {
  char relkind;
  std::string sql;
  LockMode mode;
};

std::vector<Holder> holders() {
  std::vector<Holder> result;
  for (int i = static_cast<int>(LockMode::AccessShare); i <= static_cast<int>(LockMode::AccessExclusive);
       ++i) {
    const auto mode = static_cast<LockMode>(i);
    result.push_back({relkind::table, "LOCK TABLE t IN " + std::string(lock_sql(mode)) + " MODE", mode});
    result.push_back({relkind::view, "LOCK TABLE v IN " + std::string(lock_sql(mode)) + " MODE", mode});
  }
  result.push_back({relkind::materialized_view, "SELECT * FROM m", LockMode::AccessShare});
  result.push_back(
      {relkind::materialized_view, "REFRESH MATERIALIZED VIEW CONCURRENTLY m", LockMode::Exclusive});
  result.push_back({relkind::materialized_view, "REFRESH MATERIALIZED VIEW m", LockMode::AccessExclusive});
  result.push_back({relkind::sequence, "SELECT nextval('s')", LockMode::RowExclusive});
  result.push_back({relkind::sequence, "ALTER SEQUENCE s INCREMENT 2", LockMode::ShareRowExclusive});
  result.push_back({relkind::index, "SELECT * FROM t", LockMode::AccessShare});
  result.push_back({relkind::index, "REINDEX INDEX i", LockMode::AccessExclusive});
  return result;
}

using Probes = std::map<std::string_view, std::vector<std::string>>;

/// The statements that an activity's words mean.
Probes probes(char kind) {
  if (kind == relkind::table) {
    return {{"SELECT", {"SELECT * FROM t"}},
            {"SELECT … FOR UPDATE or FOR SHARE", {"SELECT * FROM t FOR UPDATE", "SELECT * FROM t FOR SHARE"}},
            {"foreign-key checks", {"INSERT INTO f VALUES (1)"}},
            {"INSERT, UPDATE, DELETE",
             {"INSERT INTO t VALUES (2)", "UPDATE t SET a = a", "DELETE FROM t WHERE a = 5"}},
            {"VACUUM and ANALYZE", {"VACUUM t", "ANALYZE t"}},
            {"CREATE INDEX CONCURRENTLY", {"CREATE INDEX CONCURRENTLY ON t (a)"}},
            {"VALIDATE CONSTRAINT", {"ALTER TABLE t VALIDATE CONSTRAINT k"}},
            {"CREATE INDEX", {"CREATE INDEX ON t (a)"}},
            {"CREATE TRIGGER", {"CREATE TRIGGER x BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION g()"}},
            {"most other ALTER, DROP, TRUNCATE",
             {"ALTER TABLE t ADD COLUMN b int", "DROP TABLE t CASCADE", "TRUNCATE t CASCADE"}}};
  }
  if (kind == relkind::view) {
    return {{"SELECT", {"SELECT * FROM v"}},
            {"SELECT … FOR UPDATE or FOR SHARE", {"SELECT * FROM v FOR UPDATE"}},
            {"INSERT, UPDATE, DELETE", {"UPDATE v SET a = a"}},
            {"CREATE TRIGGER", {"CREATE TRIGGER x INSTEAD OF UPDATE ON v FOR EACH ROW EXECUTE FUNCTION g()"}},
            {"ALTER, DROP", {"ALTER VIEW v RENAME TO w", "DROP VIEW v"}}};
  }
  if (kind == relkind::materialized_view) {
    return {{"SELECT", {"SELECT * FROM m"}},
            {"VACUUM and ANALYZE", {"VACUUM m", "ANALYZE m"}},
            {"CREATE INDEX CONCURRENTLY", {"CREATE INDEX CONCURRENTLY ON m (a)"}},
            {"CREATE INDEX", {"CREATE INDEX ON m (a)"}},
            {"REFRESH … CONCURRENTLY", {"REFRESH MATERIALIZED VIEW CONCURRENTLY m"}},
            {"REFRESH", {"REFRESH MATERIALIZED VIEW m"}},
            {"ALTER, DROP", {"ALTER MATERIALIZED VIEW m RENAME TO w", "DROP MATERIALIZED VIEW m"}}};
  }
  if (kind == relkind::sequence) {
    return {{"SELECT", {"SELECT * FROM s"}},
            {"nextval(), currval(), setval()", {"SELECT nextval('s')", "SELECT setval('s', 5)"}},
            {"ALTER SEQUENCE", {"ALTER SEQUENCE s INCREMENT 3"}},
            {"DROP", {"DROP SEQUENCE s"}}};
  }
  return {{"SELECT on its table", {"SELECT * FROM t"}},
          {"INSERT, UPDATE, DELETE and VACUUM on its table",
           {"INSERT INTO t VALUES (2)", "UPDATE t SET a = a", "VACUUM t"}},
          {"ALTER, DROP, REINDEX", {"DROP INDEX i", "REINDEX INDEX i"}}};
}

bool runs_alone(const std::string& sql) {
  return sql.starts_with("VACUUM") || sql.find("INDEX CONCURRENTLY") != std::string::npos;
}

/// Nothing stays of it but invalid indexes.
bool has_to_wait(Session& session, const std::string& sql) {
  if (!runs_alone(sql)) session.run("BEGIN");
  const std::optional<std::string> error = session.try_run(sql);
  if (!runs_alone(sql)) session.run("ROLLBACK");
  if (!error) return false;
  EXPECT_NE(error->find("lock timeout"), std::string::npos) << sql << ": " << *error;
  return true;
}

void check(const Server& server, const Holder& holder) {
  Session holding(server, "meanwhile");
  Session other(server, "meanwhile");
  other.run("SET lock_timeout = '50ms'");
  holding.run("BEGIN");
  holding.run(holder.sql);
  Probes known = probes(holder.relkind);
  for (const Activity& activity : activities()) {
    if (activity.relkinds.find(holder.relkind) == std::string_view::npos) continue;
    EXPECT_FALSE(known[activity.words].empty()) << "no statement does " << activity.words;
    for (const std::string& sql : known[activity.words]) {
      EXPECT_EQ(has_to_wait(other, sql), waits(activity, holder.mode))
          << "PostgreSQL " << server.version << ": " << sql << " beside " << holder.sql;
    }
  }
}

TEST(Meanwhile, OthersWaitAndGoOnAsTheWordsSay) {
  const std::vector<Server> all = servers();
  ASSERT_FALSE(all.empty()) << "no server in PGSLUICE_TEST_SERVERS: run this with scripts/test oracle";
  for (const Server& server : all) {
    Session admin(server, "postgres");
    admin.run("DROP DATABASE IF EXISTS meanwhile");
    admin.run("CREATE DATABASE meanwhile");
    Session(server, "meanwhile").run(k_setup);
    for (const Holder& holder : holders()) check(server, holder);
  }
}

}  // namespace
}  // namespace pgsluice::oracle
