// SPDX-License-Identifier: Apache-2.0
// Statements in batches on real servers: the same result as in one piece, whatever happens on the way.

#include <csignal>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "execute/harness.hpp"
#include "pgsluice/sql.hpp"

namespace pgsluice::test {
namespace {

using ::testing::HasSubstr;

class OnEachServer : public ::testing::TestWithParam<Server> {
 protected:
  void make_items(int rows) {
    database.sql(
        "CREATE TABLE items (id bigint PRIMARY KEY, n int NOT NULL DEFAULT 0, a int NOT NULL, b text NOT "
        "NULL,"
        " UNIQUE (b, a)); INSERT INTO items (id, a, b) SELECT i * 3, i % 7, 'k' || i FROM "
        "generate_series(1, " +
        std::to_string(rows) + ") i; ANALYZE items");
  }
  std::string backfill(const std::string& columns) {
    return database.sql("SELECT " + columns + " FROM pgsluice.backfill");
  }

  Database database{GetParam(), "t"};
  Folder folder;
};
class BackfillOnSome : public OnEachServer {};
/// From 13 on a server tells how much WAL a slot has left.
class BackfillBesideASlot : public OnEachServer {};

INSTANTIATE_TEST_SUITE_P(Servers, OnEachServer, ::testing::ValuesIn(servers({})), version_name);
INSTANTIATE_TEST_SUITE_P(Servers, BackfillOnSome, ::testing::ValuesIn(servers({12, 14, 18})), version_name);
INSTANTIATE_TEST_SUITE_P(Servers, BackfillBesideASlot, ::testing::ValuesIn(servers({13, 14, 18})),
                         version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(BackfillOnSome);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(BackfillBesideASlot);

TEST_P(OnEachServer, UpdatesEachRowOnceAndRemembersHow) {
  make_items(1000);
  folder.write("0001_n.sql", "-- pgsluice: batch key=id size=100 max-lag=5s\nUPDATE items SET n = n + 1;\n");
  const Finished done = apply(folder, database, {"--format", "json"});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(database.sql("SELECT count(*) FROM items WHERE n = 1"), "1000");
  EXPECT_EQ(
      backfill(
          "concat_ws(' ', walked, done, estimate, state, relation, max_lag_ms, batches > 1, key_columns)"),
      "1000 1000 1000 done items 5000 t {id}");
  EXPECT_EQ(database.sql("SELECT state FROM pgsluice.migration"), "applied");
  EXPECT_EQ(done.json()["steps"][0]["transaction"], false);
  EXPECT_THAT(apply(folder, database, {}).out, HasSubstr("nothing to do"));
  EXPECT_EQ(database.sql("SELECT count(*) FROM items WHERE n = 1"), "1000");
}

TEST_P(OnEachServer, CutsByAKeyOfSeveralColumnsAndKeepsTheCondition) {
  make_items(500);
  folder.write("0001_n.sql",
               "-- pgsluice: batch key=a,b size=20\nUPDATE items AS i SET n = n + 1 WHERE a = 3 OR a = 4;\n");
  const Finished done = apply(folder, database, {});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(database.sql("SELECT bool_and(n = CASE WHEN a IN (3, 4) THEN 1 ELSE 0 END) FROM items"), "t");
  EXPECT_EQ(backfill("key_columns"), "{b,a}");
}

TEST_P(OnEachServer, DeletesAndInserts) {
  make_items(500);
  database.sql(
      "CREATE TABLE copies (id bigint, label text); CREATE TABLE labels (a int PRIMARY KEY, label text);"
      " INSERT INTO labels SELECT i, 'L' || i FROM generate_series(0, 6) i");
  folder
      .write("0001_copy.sql",
             "-- pgsluice: batch size=30\nINSERT INTO copies (id, label)\n"
             "SELECT i.id, l.label FROM items i JOIN labels l ON l.a = i.a WHERE i.a <> 2 ORDER BY i.id;\n")
      .write(
          "0002_delete.sql",
          "-- pgsluice: batch size=30\nDELETE FROM items USING labels l WHERE l.a = items.a AND l.a < 3;\n");
  const Finished done = apply(folder, database, {});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(database.sql("SELECT count(*) FROM items WHERE a < 3"), "0");
  EXPECT_EQ(database.sql("SELECT (SELECT count(*) FROM copies) = (SELECT count(*) FROM generate_series(1, "
                         "500) i WHERE i % 7 <> 2)"
                         " AND NOT EXISTS (SELECT FROM copies GROUP BY id HAVING count(*) > 1)"),
            "t");
}

TEST_P(OnEachServer, KeysOfAllKindsAndHostileNames) {
  const std::string table = "\"a\"\"; DROP TABLE victim; --\nb\"";
  const std::string column = "\"k'\"\"\\\"";
  database.sql("CREATE TABLE victim (x int); CREATE TABLE " + table + " (" + column +
               " timestamptz, c char(5), f float8, PRIMARY KEY (" + column +
               ", c, f), n int DEFAULT 0)"
               " PARTITION BY RANGE (" +
               column + "); CREATE TABLE p1 PARTITION OF " + table +
               " FOR VALUES FROM ('2020-01-01') TO ('2021-01-01'); CREATE TABLE p2 PARTITION OF " + table +
               " DEFAULT; INSERT INTO " + table +
               " SELECT '2020-12-01'::timestamptz + i * interval '7 hours 3 microseconds', chr(97 + i % 20) "
               "|| '''\"\\',"
               " i / 3.0 FROM generate_series(1, 300) i");
  folder.write("0001_n.sql", "SET DateStyle = 'SQL, DMY';\n-- pgsluice: batch size=7\nUPDATE " + table +
                                 " SET n = n + 1;\n");
  const Finished done = apply(folder, database, {});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(database.sql("SELECT count(*) FROM " + table + " WHERE n = 1"), "300");
  EXPECT_EQ(database.sql("SELECT to_regclass('victim') IS NOT NULL"), "t");
}

TEST_P(OnEachServer, AnEmptyTableIsDoneAndOneThatIsMadeInTheSameFile) {
  folder.write("0001_new.sql",
               "CREATE TABLE fresh (id int PRIMARY KEY, x int);\nCREATE TABLE empty (id int PRIMARY KEY);\n"
               "INSERT INTO fresh SELECT i, 0 FROM generate_series(1, 50) i;\n"
               "-- pgsluice: batch size=8\nUPDATE fresh SET x = x + 1;\n"
               "-- pgsluice: batch\nDELETE FROM empty;\nCREATE TABLE later (x int);\n");
  const Finished done = apply(folder, database, {"--format", "json"});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(done.json()["steps"].size(), 4U);
  EXPECT_EQ(database.sql("SELECT count(*) FROM fresh WHERE x = 1"), "50");
  EXPECT_EQ(database.sql("SELECT to_regclass('later') IS NOT NULL"), "t");
}

TEST_P(OnEachServer, RefusesWithoutAKeyBeforeAnythingRuns) {
  database.sql(
      "CREATE TABLE t (id bigint, x int, y int NOT NULL); CREATE UNIQUE INDEX t_y ON t (y);"
      " CREATE UNIQUE INDEX t_x ON t (x); CREATE VIEW v AS SELECT * FROM t");
  const auto refusal = [this](const std::string& sql) {
    folder.write("0001_first.sql", "CREATE TABLE first (x int);\n").write("0002_batch.sql", sql);
    const Finished refused = apply(folder, database, {});
    EXPECT_EQ(refused.code, 10) << refused.err;
    return refused.err;
  };
  EXPECT_THAT(refusal("-- pgsluice: batch\nDELETE FROM t;\n"), HasSubstr("Write batch key=y"));
  EXPECT_THAT(refusal("-- pgsluice: batch key=x\nDELETE FROM t;\n"), HasSubstr("unique, NOT NULL"));
  EXPECT_THAT(refusal("-- pgsluice: batch key=y\nDELETE FROM v;\n"), HasSubstr("is no table"));
  EXPECT_EQ(database.sql("SELECT to_regclass('first') IS NULL"), "t");
  folder.write("0002_batch.sql", "-- pgsluice: batch key=y\nDELETE FROM t;\n");
  EXPECT_EQ(apply(folder, database, {}).code, 0);
}

TEST_P(OnEachServer, TheLedgersRowIsWrittenInItsOwnRole) {
  make_items(100);
  database.admin(
      cat("DO $$ BEGIN CREATE ROLE pgsluice_app; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
          "GRANT ALL ON items TO pgsluice_app; GRANT pgsluice_app TO ",
          quote_ident(k_migrator)));
  folder.write("0001_n.sql",
               "SET ROLE pgsluice_app;\n-- pgsluice: batch size=10\nUPDATE items SET n = n + 1, b = b || "
               "current_user;\n");
  folder.write("0001_n.sql",
               "SET ROLE pgsluice_app;\n-- pgsluice: batch key=id size=10\nUPDATE items SET n = n + 1;\n");
  const Finished done = apply(folder, database, {});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(database.sql("SELECT count(*) FROM items WHERE n = 1"), "100");
}

// ---- while it runs ----------------------------------------------------------------------------------------------

/// Slow enough to be met on its way.
constexpr std::string_view k_slow =
    "-- pgsluice: batch key=id size=10\nUPDATE items SET n = n + 1 WHERE pg_sleep(0.002) IS NOT NULL;\n";

TEST_P(BackfillOnSome, IsPausedAndResumedByItsRow) {
  make_items(2000);
  folder.write("0001_slow.sql", k_slow);
  Program program({"apply", folder.path().string(), "--database-url", database.url()});
  ASSERT_TRUE(wait_until([&] {
    return database.sql("SELECT to_regclass('pgsluice.backfill') IS NOT NULL") == "t" &&
           backfill("max(walked) > 30") == "t";
  })) << program.err();
  database.sql("UPDATE pgsluice.backfill SET state = 'paused', max_batch_size = 100000, target_ms = 60000");
  ASSERT_TRUE(program.says("paused by hand")) << program.err();
  const std::string walked = backfill("walked");
  EXPECT_EQ(run({"status", folder.path().string(), "--database-url", database.url()}).code, 0);
  database.sql("INSERT INTO items (id, a, b) VALUES (1000000, 1, 'came later')");
  EXPECT_EQ(backfill("walked || state"), walked + "paused");
  database.sql("UPDATE pgsluice.backfill SET state = 'running', batch_size = 5000");
  const Finished done = program.wait();
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(database.sql("SELECT count(*) FROM items WHERE n = 1"), "2000");
  EXPECT_EQ(database.sql("SELECT n FROM items WHERE id = 1000000"), "0") << "behind the end that was fixed";
}

TEST_P(BackfillOnSome, IsLeftToALaterRunByDetach) {
  make_items(200);
  folder.write("0001_n.sql", "-- pgsluice: batch size=20\nUPDATE items SET n = n + 1;\n")
      .write("0002_after.sql", "CREATE TABLE after (x int);\n");
  const Finished detached = apply(folder, database, {"--detach", "--format", "json"});
  EXPECT_EQ(detached.code, 0) << detached.err;
  EXPECT_THAT(detached.json()["message"].get<std::string>(), HasSubstr("the backfill continues"));
  EXPECT_EQ(detached.json()["steps"][0]["state"], "detached");
  EXPECT_EQ(database.sql("SELECT to_regclass('after') IS NULL"), "t");
  EXPECT_EQ(backfill("state || walked"), "running0");
  EXPECT_EQ(apply(folder, database, {"--detach"}).code, 0);
  EXPECT_EQ(apply(folder, database, {}).code, 0);
  EXPECT_EQ(database.sql("SELECT count(*) FROM items WHERE n = 1"), "200");
  EXPECT_EQ(database.sql("SELECT to_regclass('after') IS NOT NULL"), "t");
}

TEST_P(BackfillOnSome, GivesWayToRowLocksAndGoesOn) {
  make_items(300);
  folder.write("0001_n.sql", "-- pgsluice: batch size=100\nUPDATE items SET n = n + 1;\n");
  const auto application = database.connect("app");
  application->script("BEGIN; UPDATE items SET a = a WHERE id = 450");
  Program program({"apply", folder.path().string(), "--database-url", database.url()});
  ASSERT_TRUE(program.says("attempt 1: ")) << program.err();
  ASSERT_TRUE(wait_until([&] { return backfill("batch_size") == "1" || backfill("batch_size") == "2"; }));
  application->script("COMMIT");
  const Finished done = program.wait();
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(database.sql("SELECT count(*) FROM items WHERE n = 1"), "300");
}

TEST_P(BackfillBesideASlot, WaitsWhileItIsAboutToLoseWal) {
  make_items(100);
  database.admin("SELECT pg_create_physical_replication_slot('slow', true)");
  database.admin("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'");
  database.admin("SELECT pg_reload_conf()");
  folder.write("0001_n.sql", "-- pgsluice: batch size=10\nUPDATE items SET n = n + 1;\n");
  ASSERT_TRUE(wait_until([&] {
    database.admin(
        "SELECT pg_switch_wal(); CREATE TABLE IF NOT EXISTS filler (x text); INSERT INTO filler VALUES "
        "(repeat('x', 1000))");
    return database.admin(
               "SELECT count(*) FROM pg_replication_slots WHERE wal_status = 'unreserved' OR safe_wal_size < "
               "100000") == "1";
  }));
  Program program({"apply", folder.path().string(), "--database-url", database.url()});
  EXPECT_TRUE(program.says("replication slot slow")) << program.err();
  EXPECT_EQ(backfill("state"), "throttled");
  database.admin("SELECT pg_drop_replication_slot('slow')");
  database.admin("ALTER SYSTEM RESET max_slot_wal_keep_size");
  database.admin("SELECT pg_reload_conf()");
  const Finished done = program.wait();
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(database.admin("SELECT count(*) FROM items WHERE n = 1"), "100");
}

// ---- killed -----------------------------------------------------------------------------------------------------

std::string contents(Database& database) {
  return database.admin("SELECT md5(string_agg(t::text, ',' ORDER BY t.id)) FROM items t") + " " +
         database.admin("SELECT coalesce(md5(string_agg(c::text, ',' ORDER BY c.id)), '') FROM copies c");
}

TEST_P(BackfillOnSome, KilledAtAnyMomentLosesAndRepeatsNothing) {
  const auto prepare = [](Database& of) {
    of.sql(
        "CREATE TABLE items (id bigint PRIMARY KEY, n int NOT NULL); CREATE TABLE copies (id bigint, n int);"
        " INSERT INTO items SELECT i, i FROM generate_series(1, 400) i");
  };
  folder
      .write("0001_update.sql",
             "-- pgsluice: batch size=9\nUPDATE items SET n = n + 1 WHERE pg_sleep(0.001) IS NOT NULL;\n")
      .write("0002_insert.sql",
             "-- pgsluice: batch size=9\nINSERT INTO copies SELECT id, n FROM items WHERE pg_sleep(0.001) IS "
             "NOT NULL;\n")
      .write(
          "0003_delete.sql",
          "-- pgsluice: batch size=9\nDELETE FROM items WHERE id % 3 = 0 AND pg_sleep(0.001) IS NOT NULL;\n");
  Database clean(GetParam(), "clean");
  prepare(clean);
  ASSERT_EQ(apply(folder, clean, {}).code, 0);
  prepare(database);
  std::mt19937 random(7);
  Finished last;
  int killed = 0;
  for (int attempt = 0; attempt < 60; ++attempt) {
    Program program({"apply", folder.path().string(), "--database-url", database.url()});
    const int wait_ms = static_cast<int>(random() % 300);
    std::this_thread::sleep_for(std::chrono::milliseconds(wait_ms));
    program.kill(SIGKILL);
    last = program.wait();
    killed += last.signal == SIGKILL ? 1 : 0;
    if (last.code == 0) break;
  }
  EXPECT_GT(killed, 3);
  const Finished done = apply(folder, database, {});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(contents(database), contents(clean));
  EXPECT_EQ(
      database.sql("SELECT string_agg(done || state, ' ' ORDER BY migration_id) FROM pgsluice.backfill"),
      clean.sql("SELECT string_agg(done || state, ' ' ORDER BY migration_id) FROM pgsluice.backfill"));
}

}  // namespace
}  // namespace pgsluice::test
