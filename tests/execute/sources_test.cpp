// SPDX-License-Identifier: Apache-2.0
// A catalog has three sources: replay of the SQL that made the database, a snapshot file, and the server itself. What
// is predicted must not depend on which it is. The SQL is that of every row of rules/effects, each in a schema of its
// own, and that of the shop.

#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "base/text.hpp"
#include "catalog/read.hpp"
#include "catalog/read_queries.hpp"
#include "execute/harness.hpp"
#include "pgsluice/effects.hpp"
#include "pgsluice/error.hpp"
#include "pgsluice/migration.hpp"

namespace pgsluice::test {
namespace {

class Sources : public ::testing::TestWithParam<Server> {
 protected:
  Database database{GetParam(), "sources", k_superuser};
};

INSTANTIATE_TEST_SUITE_P(Servers, Sources, ::testing::ValuesIn(servers({})), version_name);

Script script(std::string text) {
  return parse({.path = "x.sql", .text = std::move(text)});
}

std::string text_of(const Effect& effect) {
  std::set<std::string> lines;
  for (const RelationLock& lock : effect.locks) {
    lines.insert(cat(lock_name(lock.mode), " on ", lock.relation.quoted(), " ", std::string(1, lock.relkind),
                     lock.is_new ? " new" : ""));
  }
  for (const RelationName& name : effect.rewrites) lines.insert("rewrites " + name.quoted());
  for (const RelationName& name : effect.scans) lines.insert("scans " + name.quoted());
  for (const RelationName& name : effect.index_builds) lines.insert("builds " + name.quoted());
  return join(std::vector(lines.begin(), lines.end()), "\n  ");
}

std::string predicted(const std::string& sql, Catalog catalog, const EffectTable& table, int version) {
  std::string text;
  for (const Effect& effect :
       predict(script(sql), catalog, table, {.pg_version = version, .transaction = FileTransaction::none})) {
    text += text_of(effect);
  }
  return text;
}

/// A row's example, and the schema in which its setup was run.
struct Example {
  const EffectRow* row;
  std::string schema;
};

/// Setups that only work in a database of their own, or for which the server must be prepared, are left out.
std::vector<Example> run_setups(Database& database, const EffectTable& table, int version,
                                Catalog& replayed) {
  const std::unique_ptr<Session> preparing = database.connect("preparing");
  preparing->script("SET allow_in_place_tablespaces = on");
  for (const char* shared : {"CREATE TABLESPACE pgsluice_other LOCATION ''", "CREATE ROLE pgsluice_role"}) {
    preparing->script(shared);  // of the cluster: it may be there
  }
  std::vector<Example> examples;
  for (const EffectRow& row : table.rows()) {
    if (row.pg_min > version || row.pg_max < version) continue;
    const std::string schema = cat("row", std::to_string(examples.size()));
    const std::string setup = cat("SET search_path = ", schema, ";\n", row.setup);
    const std::string create = cat("CREATE SCHEMA ", schema);
    database.sql(create);
    try {
      database.sql(cat("BEGIN; ", setup, "; COMMIT; RESET search_path"));
    } catch (const std::exception&) {
      database.sql(cat("ROLLBACK; RESET search_path; DROP SCHEMA ", schema, " CASCADE"));
      continue;
    }
    predict(script(setup), replayed, table, {.pg_version = version});
    examples.push_back({.row = &row, .schema = schema});
  }
  return examples;
}

TEST_P(Sources, PredictTheSameForEveryRow) {
  const int version = GetParam().major;
  const EffectTable table = EffectTable::load({});
  Catalog replayed;
  const std::vector<Example> examples = run_setups(database, table, version, replayed);
  ASSERT_GT(examples.size(), 200u) << "setups do not work any more";
  const Snapshot live = read_snapshot(*database.connect("sources"), {});
  const Snapshot file = parse_snapshot(write_snapshot(live), "snapshot.json");
  std::map<std::string_view, Catalog> catalogs{
      {"replay", replayed}, {"live", make_catalog(live)}, {"file", make_catalog(file)}};
  EXPECT_TRUE(catalogs["live"].complete);
  for (const Example& example : examples) {
    for (auto& [source, catalog] : catalogs) catalog.search_path = {example.schema};
    const auto from = [&](std::string_view source) {
      return predicted(example.row->example, catalogs[source], table, version);
    };
    EXPECT_EQ(from("live"), from("replay")) << example.row->id << ": " << example.row->example;
    EXPECT_EQ(from("live"), from("file")) << example.row->id;
  }
}

/// The first look must see each kind, also where there is nothing else.
TEST_P(Sources, SeeWhatIsAloneOfItsKind) {
  Database empty(GetParam(), "alone");
  const auto session = empty.connect("alone", k_superuser);
  const auto part = [&](auto member) {
    std::size_t count = 0;
    for (const SnapshotRelation& relation : read_snapshot(*session, {}).relations)
      count += (relation.*member).size();
    return count;
  };
  const auto run = [&](const std::string& sql) {
    const SqlResult done = session->script(sql);
    EXPECT_TRUE(done.ok) << sql << ": " << done.error.message;
  };
  run("CREATE TABLE t (a int, b int)");
  run("CREATE DOMAIN d AS int");
  EXPECT_EQ(read_snapshot(*session, {}).types.size(), 1U);
  run("DROP DOMAIN d; CREATE TYPE e AS ENUM ('x')");
  EXPECT_EQ(read_snapshot(*session, {}).types.size(), 1U);
  run("DROP TYPE e; CREATE CAST (point AS int) WITH INOUT");
  EXPECT_EQ(read_snapshot(*session, {}).casts.size(), 1U);
  run("DROP CAST (point AS int); CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w");
  EXPECT_EQ(read_snapshot(*session, {}).servers.size(), 1U);
  run("DROP SERVER s; CREATE TRIGGER x BEFORE UPDATE ON t FOR EACH ROW"
      " EXECUTE FUNCTION suppress_redundant_updates_trigger()");
  EXPECT_EQ(part(&SnapshotRelation::triggers), 1U);
  run("DROP TRIGGER x ON t; CREATE VIEW v AS SELECT a FROM t");
  EXPECT_EQ(part(&SnapshotRelation::reads), 1U);
  run("DROP VIEW v; CREATE STATISTICS st ON a, b FROM t");
  EXPECT_EQ(read_snapshot(*session, {}).statistics.size(), 1U);
  run("DROP STATISTICS st; CREATE PUBLICATION p");
  EXPECT_EQ(read_snapshot(*session, {}).publications.size(), 1U);
  run("DROP PUBLICATION p; CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'");
  EXPECT_EQ(read_snapshot(*session, {}).functions.size(), 1U);
  run("CREATE EVENT TRIGGER g ON sql_drop EXECUTE FUNCTION f()");
  EXPECT_EQ(read_snapshot(*session, {}).event_triggers.size(), 1U);
  run("DROP EVENT TRIGGER g; DROP FUNCTION f(); CREATE POLICY p ON t");
  EXPECT_EQ(part(&SnapshotRelation::policies), 1U);
  run("DROP POLICY p ON t; CREATE RULE r AS ON INSERT TO t DO ALSO NOTHING");
  EXPECT_EQ(part(&SnapshotRelation::rules), 1U);
}

/// The statements of the last file of a lint document.
std::string last_statements(const std::vector<std::string>& arguments) {
  const Finished finished = run(arguments);
  const OrderedJson document = finished.json();
  return document["files"].back()["statements"].dump(1);
}

TEST_P(Sources, TheShopIsTheShop) {
  const std::filesystem::path shop = std::filesystem::path(PGSLUICE_SOURCE_DIR) / "examples/shop/migrations";
  for (const Migration& migration : discover(shop)) {
    for (const Statement& statement : parse(migration.source).statements) {
      database.sql(
          migration.source.text.substr(statement.range.begin, statement.range.end - statement.range.begin));
    }
  }
  Folder folder;
  const std::string next = folder.path() / "9999_next.sql";
  for (const auto& entry : std::filesystem::directory_iterator(shop / "../../dangerous")) {
    folder.write("9999_next.sql", read_file(entry.path()));
    const std::string snapshot = folder.path() / "shop.json";
    ASSERT_EQ(run({"snapshot", "--database-url", database.url(), "--output", snapshot}).code, 0);
    const std::vector<std::string> lint{
        "lint", "--format", "json", "--fail-on", "never", "--pg-version", std::to_string(GetParam().major)};
    const auto with = [&](const std::vector<std::string>& more) {
      std::vector<std::string> arguments = lint;
      arguments.insert(arguments.end(), more.begin(), more.end());
      return last_statements(arguments);
    };
    const std::string live = with({"--catalog", "live", "--database-url", database.url(), next});
    EXPECT_EQ(live, with({"--catalog", snapshot, next})) << entry.path();
    EXPECT_EQ(live, with({shop, next})) << entry.path();
  }
}

TEST_P(Sources, AnUnchangedDatabaseGivesTheSameText) {
  database.sql("CREATE TABLE b (id serial PRIMARY KEY); CREATE TABLE a (id int REFERENCES b)");
  const std::unique_ptr<Session> session = database.connect("sources");
  Snapshot first = read_snapshot(*session, {});
  Snapshot second = read_snapshot(*session, {});
  EXPECT_FALSE(session->in_transaction());
  second.taken_at = first.taken_at;
  EXPECT_EQ(write_snapshot(first), write_snapshot(second));
}

/// Rows that the server has looked at in vain while it answered.
long long rows_in_vain(Session& session, const std::string& sql) {
  const std::regex in_vain(R"(loops=(\d+)|Rows Removed by[^:]*: (\d+))");
  const SqlResult plan = session.query(cat("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) ", sql), {});
  EXPECT_TRUE(plan.ok) << plan.error.message;
  long long rows = 0;
  long long loops = 1;  // of the node that the line belongs to
  for (std::size_t line = 0; line < plan.rows.size(); ++line) {
    std::smatch found;
    const std::string text = plan.text(line, 0);
    if (!std::regex_search(text, found, in_vain)) continue;
    if (found[1].matched) {
      loops = std::stoll(found[1]);
    } else {
      rows += loops * std::stoll(found[2]);
    }
  }
  return rows;
}

/// In a database in which nobody has counted rows yet the planner believes that there are next to none.
TEST_P(Sources, AYoungDatabaseIsNotReadInTheSquareOfItsSize) {
  std::string tables;
  constexpr int count = 60;
  for (int i = 0; i < count; ++i) {
    tables += cat("CREATE TABLE t", std::to_string(i), " (id int PRIMARY KEY, n int UNIQUE CHECK (n > 0));");
  }
  database.sql(tables);
  const std::unique_ptr<Session> session = database.connect("sources");
  session->script("SET random_page_cost = 1");  // as read_snapshot() does
  const catalog::Queries queries(session->server_version_num(), true);
  constexpr long long enough = 100LL * count;
  EXPECT_LT(rows_in_vain(*session, queries.constraints()), enough);
  EXPECT_LT(rows_in_vain(*session, queries.indexes()), enough);
  EXPECT_LT(rows_in_vain(*session, catalog::Queries::columns()), enough);
  EXPECT_LT(rows_in_vain(*session, queries.relations()), enough);
}

/// Whoever changes a table is not waited for longer than was asked, and is named as the cause.
TEST_P(Sources, DoNotWaitForEver) {
  database.sql("CREATE TABLE busy (a int CHECK (a > 0))");
  const std::unique_ptr<Session> changing = database.connect("changing");
  changing->script("BEGIN; LOCK TABLE busy IN ACCESS EXCLUSIVE MODE");
  const std::unique_ptr<Session> session = database.connect("sources");
  try {
    read_snapshot(*session, {.lock_timeout = std::chrono::milliseconds(50)});
    FAIL() << "it was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::lock_budget) << error.what();
  }
  EXPECT_FALSE(session->in_transaction());
}

}  // namespace
}  // namespace pgsluice::test
