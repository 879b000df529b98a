// SPDX-License-Identifier: Apache-2.0
// apply and status on real servers, through the built program. Nothing here sleeps: what happens is waited for.

#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "base/text.hpp"
#include "execute/harness.hpp"
#include "pgsluice/sql.hpp"

namespace pgsluice::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class OnEveryServer : public ::testing::TestWithParam<Server> {
 protected:
  Database database{GetParam(), "t"};
  Folder folder;
};
/// Slow ones: the oldest, a middle one and the newest say what there is to know.
class OnSomeServers : public OnEveryServer {};

INSTANTIATE_TEST_SUITE_P(Servers, OnEveryServer, ::testing::ValuesIn(servers({})), version_name);
INSTANTIATE_TEST_SUITE_P(Servers, OnSomeServers, ::testing::ValuesIn(servers({12, 15, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OnSomeServers);

TEST(Servers, AreThere) {
  EXPECT_FALSE(servers({}).empty()) << "run this through scripts/with-servers 12 … 18 -- …";
}

// A statement that runs until the test opens the gate.
constexpr std::string_view k_gate =
    "DO $$ BEGIN WHILE NOT (SELECT open FROM gate) LOOP PERFORM pg_sleep(0.02); END LOOP; END $$;\n";

void close_gate(Database& database) {
  database.sql(
      "CREATE TABLE IF NOT EXISTS gate (open boolean); TRUNCATE gate; INSERT INTO gate VALUES (false)");
}
void open_gate(Database& database) {
  database.sql("UPDATE gate SET open = true");
}

void write_shop(Folder& folder) {
  folder.write("0001_orders.sql", "CREATE TABLE orders (id bigint PRIMARY KEY, note text);\n")
      .write("0002_index.sql",
             "-- pgsluice: transaction=off\nCREATE INDEX CONCURRENTLY orders_note ON orders (note);\n")
      .write("0003_empty.sql", "-- nothing yet\n");
}

// ---- the plain way ------------------------------------------------------------------------------------------------

TEST_P(OnEveryServer, AppliesWhatIsPendingOnce) {
  write_shop(folder);
  const Finished first = apply(folder, database, {"--format", "json"});
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(first.json()["applied"].size(), 3U);
  EXPECT_EQ(first.json()["steps"][1]["transaction"], false);
  EXPECT_EQ(database.sql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'orders_note'::regclass"), "t");
  EXPECT_EQ(database.sql("SELECT count(*) FROM pgsluice.migration WHERE state = 'applied'"), "3");

  const Finished second = apply(folder, database, {});
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_THAT(second.out, HasSubstr("nothing to do"));
  EXPECT_EQ(database.sql("SELECT count(*) FROM pgsluice.run"), "1");
  EXPECT_EQ(database.sql("SELECT exit_code FROM pgsluice.run"), "0");
}

TEST_P(OnEveryServer, KeepsTheLocksThatWerePredictedBesideThoseThatItHeld) {
  database.sql("CREATE TABLE orders (id int); CREATE TABLE \"Order; DROP\" (id int)");
  folder.write("0001_note.sql",
               "ALTER TABLE orders ADD COLUMN note text;\n"
               "LOCK TABLE \"Order; DROP\" IN SHARE MODE;\n");
  ASSERT_EQ(apply(folder, database, {}).code, 0);
  EXPECT_EQ(database.sql(
                "SELECT string_agg(l->>'relation' || ' ' || (l->>'mode'), ', ' ORDER BY l->>'relation')"
                " FROM (SELECT DISTINCT jsonb_array_elements(observed_locks) l FROM pgsluice.statement) s"),
            "public.\"Order; DROP\" ShareLock, public.orders AccessExclusiveLock");
  EXPECT_EQ(database.sql("SELECT bool_and(observed_locks @> (SELECT jsonb_agg(l - 'role') FROM"
                         " jsonb_array_elements(predicted_locks) l)) FROM pgsluice.statement"),
            "t");
}

TEST_P(OnEveryServer, ShowsStatusWithAndWithoutALedger) {
  write_shop(folder);
  const std::vector<std::string> status{
      "status", folder.path().string(), "--database-url", database.url(), "--format", "json"};
  const Finished before = run(status);
  ASSERT_EQ(before.code, 0) << before.err;
  EXPECT_EQ(before.json()["ledger"], false);
  EXPECT_EQ(before.json()["migrations"][0]["state"], "pending");
  EXPECT_EQ(database.sql("SELECT to_regclass('pgsluice.meta') IS NULL"), "t");

  ASSERT_EQ(apply(folder, database, {}).code, 0);
  folder.write("0001_orders.sql", "CREATE TABLE other (id bigint);\n").write("0004_more.sql", "SELECT 1;\n");
  std::filesystem::remove(folder.path() / "0003_empty.sql");
  const OrderedJson after = run(status).json();
  std::vector<std::string> states;
  for (const OrderedJson& migration : after["migrations"]) states.push_back(migration["state"]);
  EXPECT_EQ(states, (std::vector<std::string>{"changed", "applied", "pending", "missing"}));
}

TEST_P(OnEveryServer, RunsAFileWithItsOwnTransactionsStepByStep) {
  folder.write(
      "0001_two.sql",
      "BEGIN;\nCREATE TABLE a (x int);\nSAVEPOINT s;\nCREATE TABLE b (x int);\nROLLBACK TO s;\nCOMMIT;\n"
      "BEGIN;\nCREATE TABLE c (x int);\nCOMMIT;\n");
  const Finished done = apply(folder, database, {"--format", "json"});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(done.json()["steps"].size(), 2U);
  EXPECT_EQ(database.sql("SELECT to_regclass('a') IS NOT NULL AND to_regclass('b') IS NULL AND "
                         "to_regclass('c') IS NOT NULL"),
            "t");
}

TEST_P(OnEveryServer, KeepsSettingsAndRolesOfOneFileOutOfTheNextAndOutOfTheLedger) {
  database.admin(
      cat("DO $$ BEGIN CREATE ROLE pgsluice_app; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
          "CREATE SCHEMA side; GRANT ALL ON SCHEMA side TO pgsluice_app; GRANT pgsluice_app TO ",
          quote_ident(k_migrator)));
  folder
      .write("0001_role.sql",
             "SET ROLE pgsluice_app;\nSET search_path = side;\nSET lock_timeout = '30s';\nCREATE TABLE here "
             "(x int);\n")
      .write("0002_plain.sql", "CREATE TABLE there (x int);\n");
  const Finished done = apply(folder, database, {});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(database.sql("SELECT tableowner FROM pg_tables WHERE tablename = 'here' AND schemaname = 'side'"),
            "pgsluice_app");
  EXPECT_EQ(
      database.sql("SELECT tableowner FROM pg_tables WHERE tablename = 'there' AND schemaname = 'public'"),
      k_migrator);
  database.admin("DROP SCHEMA side CASCADE");
}

// ---- killed -----------------------------------------------------------------------------------------------------

void expect_backend_gone(Database& database, int major) {
  if (major < 14) {  // no client_connection_check_interval: the orphan stays until somebody ends it
    database.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pgsluice/%'"
        " AND datname = current_database()");
  }
  EXPECT_TRUE(wait_until([&] { return database.pgsluice_sessions() == 0; }));
}

TEST_P(OnSomeServers, KilledInATransactionLeavesNothingAndGoesOn) {
  close_gate(database);
  write_shop(folder);
  folder.write("0002_gate.sql",
               "CREATE TABLE half (x int);\n" + std::string(k_gate) + "CREATE TABLE whole (x int);\n");
  std::filesystem::remove(folder.path() / "0002_index.sql");
  {
    Program program({"apply", folder.path().string(), "--database-url", database.url()});
    ASSERT_TRUE(wait_until([&] { return database.busy("DO %") == 1; })) << program.err();
    program.kill(SIGKILL);
    program.wait();
  }
  expect_backend_gone(database, GetParam().major);
  EXPECT_EQ(database.sql("SELECT to_regclass('half') IS NULL"), "t");
  EXPECT_EQ(database.sql("SELECT count(*) FROM pgsluice.migration WHERE id = '0002_gate.sql'"), "0");

  open_gate(database);
  ASSERT_EQ(apply(folder, database, {}).code, 0);
  Database clean(GetParam(), "clean");
  close_gate(clean);
  open_gate(clean);
  ASSERT_EQ(apply(folder, clean, {}).code, 0);
  EXPECT_EQ(database.schema_dump(), clean.schema_dump());
}

TEST_P(OnSomeServers, KilledInAConcurrentIndexBuildIsMendedByTheCatalog) {
  write_shop(folder);
  database.sql("CREATE TABLE elsewhere (x int)");
  const auto old_snapshot = database.connect("reporting");
  old_snapshot->script("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM elsewhere");
  {
    Program program({"apply", folder.path().string(), "--database-url", database.url()});
    ASSERT_TRUE(wait_until([&] {
      return database.sql("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == "1" &&
             database.busy("CREATE INDEX CONCURRENTLY%") == 1;
    })) << program.err();
    program.kill(SIGKILL);
    program.wait();
  }
  expect_backend_gone(database, GetParam().major);
  EXPECT_EQ(database.sql("SELECT count(*) FROM pg_index WHERE NOT indisvalid"), "1");
  EXPECT_EQ(run({"status", folder.path().string(), "--database-url", database.url(), "--format", "json"})
                .json()["migrations"][1]["state"],
            "partial");
  old_snapshot->script("COMMIT");

  const Finished again = apply(folder, database, {});
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("invalid index"));
  Database clean(GetParam(), "clean");
  clean.sql("CREATE TABLE elsewhere (x int)");
  ASSERT_EQ(apply(folder, clean, {}).code, 0);
  EXPECT_EQ(database.schema_dump(), clean.schema_dump());
}

TEST_P(OnEveryServer, TakesAFinishedConcurrentBuildAsDoneAndAnotherIndexNot) {
  write_shop(folder);
  ASSERT_EQ(apply(folder, database, {}).code, 0);
  // As if the last answer had been lost.
  database.sql(
      "UPDATE pgsluice.statement SET done_at = NULL, intent_at = now() WHERE migration_id = '0002_index.sql';"
      "UPDATE pgsluice.migration SET state = 'running' WHERE id = '0002_index.sql'");
  const std::string before = database.sql("SELECT 'orders_note'::regclass::oid");
  const Finished done = apply(folder, database, {});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(database.sql("SELECT 'orders_note'::regclass::oid"), before);

  database.sql(
      "DROP INDEX orders_note; CREATE INDEX orders_note ON orders (id, note);"
      "UPDATE pgsluice.statement SET done_at = NULL, intent_at = now() WHERE migration_id = '0002_index.sql';"
      "UPDATE pgsluice.migration SET state = 'running' WHERE id = '0002_index.sql'");
  const Finished other = apply(folder, database, {});
  EXPECT_EQ(other.code, 10) << other.err;
  EXPECT_THAT(other.err, HasSubstr("another definition"));
}

TEST_P(OnSomeServers, IfNotExistsDoesNotAcceptAnInvalidIndex) {
  folder.write("0001_t.sql", "CREATE TABLE t (x int);\n");
  ASSERT_EQ(apply(folder, database, {}).code, 0);
  database.sql("INSERT INTO t VALUES (1), (1)");
  const auto session = database.connect("hand");
  EXPECT_FALSE(session->query("CREATE UNIQUE INDEX CONCURRENTLY t_x ON t (x)", {}).ok);
  database.sql("DELETE FROM t");
  folder.write(
      "0002_x.sql",
      "-- pgsluice: transaction=off\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_x ON t (x);\n");
  const Finished done = apply(folder, database, {});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(database.sql("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_x'::regclass"), "t");
}

TEST_P(OnEveryServer, IfNotExistsAcceptsAnIndexOnlyDownToItsPredicateAndExpressions) {
  folder.write("0001_t.sql",
               "CREATE TABLE \"T\" (x int, gone int, y text);\nALTER TABLE \"T\" DROP COLUMN gone;\n");
  ASSERT_EQ(apply(folder, database, {}).code, 0);
  folder.write("0002_x.sql",
               "-- pgsluice: transaction=off\nCREATE INDEX /* ON */ CONCURRENTLY IF NOT EXISTS \"on\" ON "
               "public . \"T\" (lower(y) text_pattern_ops DESC, x) WHERE x > 10;\n");
  for (const char* other :
       {"(lower(y) text_pattern_ops DESC, x) WHERE x > 11",
        "(upper(y) text_pattern_ops DESC, x) WHERE x > 10", "(lower(y) DESC, x) WHERE x > 10",
        "(lower(y) text_pattern_ops, x) WHERE x > 10"}) {
    database.sql(cat("CREATE INDEX \"on\" ON \"T\" ", other));
    const Finished refused = apply(folder, database, {});
    EXPECT_EQ(refused.code, 10) << other << refused.err;
    EXPECT_THAT(refused.err, HasSubstr("IF NOT EXISTS was satisfied by another index named on")) << other;
    database.sql("DROP INDEX \"on\"; DELETE FROM pgsluice.statement WHERE migration_id = '0002_x.sql'");
  }
  database.sql("CREATE INDEX \"on\" ON \"T\" (lower(y) text_pattern_ops DESC, x) WHERE (x > 10)");
  const Finished done = apply(folder, database, {});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.err, Not(HasSubstr("by its columns")));
}

// ---- blockers ---------------------------------------------------------------------------------------------------

TEST_P(OnEveryServer, NamesTheBlockerAndDoesNotQueueBehindIt) {
  database.sql("CREATE TABLE orders (id bigint, secret text)");
  folder.write("0001_column.sql", "ALTER TABLE orders ADD COLUMN note text;\n");
  const auto reporting = database.connect("reporting\x1b[31m");
  reporting->script("BEGIN; SELECT * FROM orders WHERE secret = 'hunter2'");
  Program program(
      {"apply", folder.path().string(), "--database-url", database.url(), "--log-format", "json"});
  ASSERT_TRUE(program.says("not queueing behind pid ")) << program.err();
  EXPECT_THAT(program.err(), HasSubstr("idle in transaction"));
  EXPECT_THAT(program.err(), Not(HasSubstr("hunter2")));

  const auto application = database.connect("app");
  application->script("SET statement_timeout = '5s'");
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(application->query("INSERT INTO orders (id) VALUES (1)", {}).ok);
    ASSERT_EQ(database.sql("SELECT count(*) FROM pg_locks WHERE NOT granted"), "0");
  }
  reporting->script("COMMIT");
  const Finished done = program.wait();
  EXPECT_EQ(done.code, 0) << done.err;
}

TEST_P(OnEveryServer, GivesUpWhenTheLockBudgetIsUsedUpAndChangesNothing) {
  database.sql("CREATE TABLE orders (id bigint)");
  folder.write("0001_column.sql", "ALTER TABLE orders ADD COLUMN note text;\n");
  const auto reporting = database.connect("reporting");
  reporting->script("BEGIN; LOCK TABLE orders IN ACCESS SHARE MODE");
  const Finished done = apply(folder, database, {"--lock-budget", "400ms", "--format", "json"});
  EXPECT_EQ(done.code, 11) << done.err;
  EXPECT_EQ(done.json()["steps"][0]["state"], "lock-budget");
  EXPECT_EQ(done.json()["steps"][0]["blockers"][0]["application_name"], "reporting");
  EXPECT_EQ(database.sql(
                "SELECT count(*) FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'note'"),
            "0");
  EXPECT_EQ(database.sql("SELECT count(*) FROM pgsluice.migration"), "0");
  EXPECT_EQ(database.sql("SELECT blockers -> 0 ->> 'application_name' FROM pgsluice.attempt"), "reporting");
  reporting->script("COMMIT");
  EXPECT_EQ(apply(folder, database, {}).code, 0);
}

TEST_P(OnEveryServer, NamesAPreparedTransaction) {
  ASSERT_NE(database.sql("SHOW max_prepared_transactions"), "0");
  database.sql("CREATE TABLE orders (id bigint)");
  database.sql("BEGIN; INSERT INTO orders VALUES (1); PREPARE TRANSACTION 'two-phase'");
  folder.write("0001_column.sql", "ALTER TABLE orders ADD COLUMN note text;\n");
  const Finished done = apply(folder, database, {"--lock-budget", "300ms"});
  EXPECT_EQ(done.code, 11) << done.err;
  EXPECT_THAT(done.err, HasSubstr(cat("prepared transaction 'two-phase' (role ", k_migrator, ")")));
  database.sql("ROLLBACK PREPARED 'two-phase'");
}

// ---- failures ---------------------------------------------------------------------------------------------------

TEST_P(OnEveryServer, RefusesAChangedFileButNotAChangedComment) {
  write_shop(folder);
  ASSERT_EQ(apply(folder, database, {}).code, 0);
  folder.write("0001_orders.sql",
               "-- a remark\nCREATE TABLE orders\n  (id bigint PRIMARY KEY, note text);\n");
  const Finished comment = apply(folder, database, {});
  EXPECT_EQ(comment.code, 0) << comment.err;
  EXPECT_THAT(comment.err, HasSubstr("comments or layout"));
  folder.write("0001_orders.sql", "CREATE TABLE orders (id bigint PRIMARY KEY, note varchar);\n");
  const Finished changed = apply(folder, database, {});
  EXPECT_EQ(changed.code, 13) << changed.err;
  EXPECT_THAT(changed.err, HasSubstr("0001_orders.sql"));
}

TEST_P(OnEveryServer, TellsDataThatViolatesAConstraint) {
  folder.write("0001_t.sql", "CREATE TABLE t (x int);\n");
  ASSERT_EQ(apply(folder, database, {}).code, 0);
  database.sql("INSERT INTO t VALUES (1), (1)");
  folder.write("0002_unique.sql",
               "-- pgsluice: transaction=off\nCREATE UNIQUE INDEX CONCURRENTLY t_x ON t (x);\n");
  const Finished concurrent = apply(folder, database, {});
  EXPECT_EQ(concurrent.code, 17) << concurrent.err;
  EXPECT_THAT(concurrent.err, HasSubstr("23505"));
  EXPECT_EQ(database.sql("SELECT count(*) FROM pg_index WHERE NOT indisvalid"), "0");
  EXPECT_EQ(database.sql("SELECT state FROM pgsluice.migration WHERE id = '0002_unique.sql'"), "failed");

  folder.write("0002_unique.sql",
               "ALTER TABLE t ADD CONSTRAINT t_small CHECK (x < 1) NOT VALID;\nALTER TABLE t VALIDATE "
               "CONSTRAINT t_small;\n");
  const Finished checked = apply(folder, database, {"--format", "json"});
  EXPECT_EQ(checked.code, 17) << checked.err;
  EXPECT_EQ(checked.json()["steps"][0]["error"]["sqlstate"], "23514");
  EXPECT_EQ(database.sql("SELECT count(*) FROM pg_constraint WHERE conname = 't_small'"), "0");
  database.sql("DELETE FROM t");
  EXPECT_EQ(apply(folder, database, {}).code, 0);
}

TEST_P(OnEveryServer, TellsWhereAStatementFailedAndWhatIsApplied) {
  folder.write("0001_ok.sql", "CREATE TABLE a (x int);\n")
      .write("0002_bad.sql",
             "BEGIN;\nCREATE TABLE b (x int);\nCOMMIT;\nBEGIN;\nCREATE TABLE d (x int);\n"
             "INSERT INTO d SELECT 'ä', nowhere FROM b;\nCOMMIT;\n")
      .write("0003_later.sql", "CREATE TABLE c (x int);\n");
  const Finished failed = apply(folder, database, {});
  EXPECT_EQ(failed.code, 18) << failed.err;
  EXPECT_THAT(failed.err, HasSubstr("0002_bad.sql:6:27"));
  EXPECT_THAT(failed.out, HasSubstr("applied by this run: 0001_ok.sql"));
  EXPECT_THAT(failed.out, HasSubstr("not applied: 0002_bad.sql, 0003_later.sql"));
  EXPECT_EQ(
      database.sql(
          "SELECT to_regclass('b') IS NOT NULL AND to_regclass('d') IS NULL AND to_regclass('c') IS NULL"),
      "t");
  EXPECT_EQ(database.sql("SELECT state FROM pgsluice.migration WHERE id = '0002_bad.sql'"), "partial");

  folder.write("0002_bad.sql",
               "BEGIN;\nCREATE TABLE b (x int);\nCOMMIT;\nBEGIN;\nCREATE TABLE d (x int);\nCOMMIT;\n");
  const Finished mended = apply(folder, database, {});
  EXPECT_EQ(mended.code, 0) << mended.err;
  EXPECT_EQ(database.sql("SELECT to_regclass('d') IS NOT NULL AND to_regclass('c') IS NOT NULL"), "t");
}

TEST_P(OnEveryServer, WhatAFileMadeBeforeItFailedIsItsOwn) {
  folder.write("0001_items.sql",
               "CREATE TABLE items (n int);\nCREATE UNIQUE INDEX items_known ON items (n);\n");
  ASSERT_EQ(apply(folder, database, {}).code, 0);
  const auto write = [](std::string_view between, std::string_view last) {
    return cat(
        "-- pgsluice: transaction=off\n"
        "CREATE TABLE own (n int);\n"
        "CREATE UNIQUE INDEX CONCURRENTLY items_own ON items (n) WHERE n > 0;\n",
        between,
        ";\nALTER TABLE own ALTER COLUMN n TYPE text;\n"
        "DROP INDEX CONCURRENTLY items_own;\n",
        last);
  };
  folder.write("0002_own.sql", write("SELECT 1 / 0", ""));
  EXPECT_EQ(apply(folder, database, {}).code, 18);
  EXPECT_EQ(database.sql("SELECT to_regclass('items_own') IS NOT NULL"), "t");

  folder.write("0002_own.sql", write("SELECT 1", "DROP INDEX CONCURRENTLY items_known;\n"));
  const Finished refused = apply(folder, database, {});
  EXPECT_EQ(refused.code, 10) << refused.out;
  EXPECT_THAT(refused.err, HasSubstr("breaks-running-writers"));
  EXPECT_THAT(refused.err, HasSubstr("0002_own.sql:7"));
  EXPECT_THAT(refused.err, Not(HasSubstr("0002_own.sql:5")));

  folder.write("0002_own.sql", write("SELECT 1", "DROP TABLE own;\n"));
  const Finished resumed = apply(folder, database, {});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(database.sql("SELECT to_regclass('items_own') IS NULL AND to_regclass('own') IS NULL"), "t");
}

TEST_P(OnEveryServer, RefusesWhatItCannotRun) {
  folder.write("0001_bad.sql", "SELEC 1;\n");
  EXPECT_EQ(apply(folder, database, {}).code, 10);
  folder.write("0001_bad.sql", "\\connect other\n");
  EXPECT_EQ(apply(folder, database, {}).code, 10);
  folder.write("0001_bad.sql", "CREATE TABLE t (x int);\nCREATE INDEX CONCURRENTLY ON t (x);\n");
  const Finished inside = apply(folder, database, {});
  EXPECT_EQ(inside.code, 10) << inside.err;
  EXPECT_THAT(inside.err, HasSubstr("transaction=off"));
  database.sql("CREATE TABLE t (x int)");
  folder.write("0001_bad.sql", "ALTER TABLE t DROP COLUMN x;\n");
  const Finished breaking = apply(folder, database, {});
  EXPECT_EQ(breaking.code, 10) << breaking.err;
  EXPECT_THAT(breaking.err, HasSubstr("\nALTER TABLE t DROP COLUMN")) << "the hint, on lines of its own";
  EXPECT_EQ(database.sql("SELECT to_regclass('pgsluice.meta') IS NULL"), "t");
}

// ---- interrupted --------------------------------------------------------------------------------------------------

TEST_P(OnSomeServers, StopsCleanlyOnSigtermInAStatementAndInAWait) {
  close_gate(database);
  folder.write("0001_gate.sql", "CREATE TABLE half (x int);\n" + std::string(k_gate));
  Program program({"apply", folder.path().string(), "--database-url", database.url()});
  ASSERT_TRUE(wait_until([&] { return database.busy("DO %") == 1; })) << program.err();
  program.kill(SIGTERM);
  const Finished stopped = program.wait();
  EXPECT_EQ(stopped.code, 143) << stopped.err;
  EXPECT_THAT(stopped.err, HasSubstr("rolled back"));
  EXPECT_EQ(database.sql("SELECT to_regclass('half') IS NULL"), "t");
  EXPECT_EQ(database.sql("SELECT outcome FROM pgsluice.run"), "interrupted");

  open_gate(database);
  database.sql("CREATE TABLE orders (id bigint)");
  folder.write("0002_wait.sql", "ALTER TABLE orders ADD COLUMN note text;\n");
  const auto reporting = database.connect("reporting");
  reporting->script("BEGIN; LOCK TABLE orders IN ACCESS SHARE MODE");
  Program waiting({"apply", folder.path().string(), "--database-url", database.url()});
  ASSERT_TRUE(waiting.says("not queueing behind")) << waiting.err();
  waiting.kill(SIGINT);
  EXPECT_EQ(waiting.wait().code, 130);
  reporting->script("COMMIT");
  EXPECT_EQ(apply(folder, database, {}).code, 0);
}

TEST_P(OnSomeServers, GoesOnAfterTheServerEndsItsSession) {
  close_gate(database);
  folder.write("0001_gate.sql", "CREATE TABLE half (x int);\n" + std::string(k_gate));
  Program program({"apply", folder.path().string(), "--database-url", database.url()});
  ASSERT_TRUE(wait_until([&] { return database.busy("DO %") == 1; })) << program.err();
  database.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
      " AND application_name LIKE 'pgsluice/%' AND query LIKE 'DO %'");
  ASSERT_TRUE(program.says("connected again")) << program.err();
  open_gate(database);
  const Finished done = program.wait();
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(database.sql("SELECT to_regclass('half') IS NOT NULL"), "t");
}

// ---- one at a time, in the right place ------------------------------------------------------------------------------

TEST_P(OnSomeServers, LetsOneRunAtATime) {
  close_gate(database);
  folder.write("0001_gate.sql", std::string(k_gate) + "CREATE TABLE once (x int);\n");
  Program first({"apply", folder.path().string(), "--database-url", database.url()});
  ASSERT_TRUE(wait_until([&] { return database.busy("DO %") == 1; })) << first.err();
  const Finished refused = apply(folder, database, {"--wait-for-run", "100ms"});
  EXPECT_EQ(refused.code, 14) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("pgsluice/"));

  Program second({"apply", folder.path().string(), "--database-url", database.url(), "--wait-for-run", "1m"});
  ASSERT_TRUE(second.says("waiting for another run")) << second.err();
  open_gate(database);
  EXPECT_EQ(first.wait().code, 0);
  const Finished later = second.wait();
  EXPECT_EQ(later.code, 0) << later.err;
  EXPECT_THAT(later.out, HasSubstr("nothing to do"));
}

TEST_P(OnEveryServer, RefusesTheCopyOfADatabaseUntilItIsBound) {
  write_shop(folder);
  ASSERT_EQ(apply(folder, database, {}).code, 0);
  Database other(GetParam(), "copied");
  ASSERT_EQ(apply(folder, other, {}).code, 0);
  other.sql("UPDATE pgsluice.meta SET database_name = 't'");
  const Finished wrong = apply(folder, other, {});
  EXPECT_EQ(wrong.code, 4) << wrong.err;
  EXPECT_THAT(wrong.err, HasSubstr("UPDATE pgsluice.meta"));
  EXPECT_EQ(run({"status", folder.path().string(), "--database-url", other.url()}).code, 4);
  other.sql(
      "UPDATE pgsluice.meta SET database_name = current_database(),"
      " system_identifier = (SELECT system_identifier FROM pg_control_system())");
  EXPECT_EQ(apply(folder, other, {}).code, 0);
}

TEST_P(OnSomeServers, SaysWhatARoleLacksAndWhenAServerIsReadOnly) {
  database.admin(
      "DROP SCHEMA pgsluice; DO $$ BEGIN CREATE ROLE pgsluice_weak LOGIN; EXCEPTION WHEN duplicate_object "
      "THEN NULL; END $$");
  folder.write("0001_t.sql", "CREATE TABLE t (x int);\n");
  const std::vector<std::string> weak{"apply", folder.path().string(), "--database-url",
                                      database.url("pgsluice_weak")};
  const Finished lacking = run(weak);
  EXPECT_EQ(lacking.code, 3) << lacking.err;
  EXPECT_THAT(lacking.err, HasSubstr("CREATE SCHEMA pgsluice"));
  database.admin(cat("CREATE SCHEMA pgsluice AUTHORIZATION ", quote_ident(k_migrator)));
  EXPECT_EQ(apply(folder, database, {}).code, 0);
  folder.write("0002_u.sql", "CREATE TABLE u (x int);\n");
  const Finished another = run(weak);
  EXPECT_EQ(another.code, 3) << another.err;
  EXPECT_THAT(another.err, HasSubstr("Run as the role that owns the ledger"));
  database.admin("ALTER DATABASE t SET default_transaction_read_only = on");
  const Finished read_only = apply(folder, database, {"--wait-for-db", "300ms"});
  EXPECT_EQ(read_only.code, 15) << read_only.err;
  EXPECT_EQ(
      run({"apply", folder.path().string(), "--database-url", database.url("nobody_of_that_name")}).code, 15);
}

// ---- what must never be shown, and what must never be believed -------------------------------------------------------

TEST_P(OnSomeServers, NeverShowsAPassword) {
  write_shop(folder);
  const std::string path = folder.path().string();
  const std::string url = "postgresql://postgres:s3cr%65t-word@/t?host=" +
                          database.url().substr(6, database.url().find("' ") - 6);
  const std::vector<std::vector<std::string>> lines{
      {"-v", "apply", path, "--database-url", url},
      {"-v", "--log-format", "json", "apply", path, "--database-url", url},
      {"status", path, "--database-url", url},
      {"apply", path, "--database-url", url + "&application_name=x", "--format", "json"},
      {"-v", "apply", path, "--database-url", "postgresql://postgres:s3cr%65t-word@/nowhere?host=/nowhere",
       "--wait-for-db", "10ms"},
      {"apply", path, "--database-url", "postgresql://postgres:s3cret-word@x@127.0.0.1:1/t", "--wait-for-db",
       "10ms"},
      {"apply", path, "--database-url", "postgresql://postgres:s3cret-word/x@127.0.0.1:1/t", "--wait-for-db",
       "10ms"},
      {"apply", path, "--database-url", "postgresql://postgres:s3cret-word@127.0.0.1:1/t?nonsense=1"},
      {"apply", path, "--database-url", "host=127.0.0.1 password=s3cret-word port=1 'oops", "--wait-for-db",
       "10ms"},
      {"apply", path, "--database-url", "host=127.0.0.1 password=s3cret-word port=1", "--wait-for-db",
       "10ms"}};
  for (const std::vector<std::string>& line : lines) {
    Program program(line, {{"PGPASSWORD", "s3cret-word"}});
    const Finished finished = program.wait();
    EXPECT_THAT(finished.out + finished.err, Not(HasSubstr("s3cr"))) << line.back();
  }
  EXPECT_EQ(database.admin("SELECT count(*) FROM pgsluice.run r WHERE r::text LIKE '%s3cr%'"), "0");
}

TEST_P(OnEveryServer, TakesHostileNamesAsNames) {
  const std::string name = "x\"; DROP TABLE victim; --\n'\\";
  Database odd(GetParam(), name);
  odd.sql("CREATE TABLE victim (x int)");
  const std::string wide = "\"äöüßäöüßäöüßäöüßäöüßäöüßäöüßäö🙂\"";
  folder
      .write("0001_'; DROP TABLE victim; --.sql",
             "CREATE TABLE \"a\"\"; DROP TABLE victim; --\nb\" (\"c'\"\"\\\" int);\nCREATE TABLE " + wide +
                 " (x int);\n")
      .write("0002_index.sql",
             "-- pgsluice: transaction=off\nCREATE INDEX CONCURRENTLY \"i\"\"; DROP TABLE victim; --\n\" ON "
             "\"a\"\"; DROP TABLE victim; --\nb\" (\"c'\"\"\\\");\n");
  const Finished done = apply(folder, odd, {});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(odd.sql("SELECT to_regclass('victim') IS NOT NULL"), "t");
  odd.admin(
      "UPDATE pgsluice.statement SET done_at = NULL, intent_at = now() WHERE migration_id = '0002_index.sql';"
      "UPDATE pgsluice.migration SET state = 'running' WHERE id = '0002_index.sql';"
      "UPDATE pg_index SET indisvalid = false WHERE indrelid = '\"a\"\"; DROP TABLE victim; "
      "--\nb\"'::regclass");
  folder.write("0003_alter.sql", "ALTER TABLE " + wide + " ADD COLUMN y int;\n");
  const auto blocker = odd.connect("\n'; DROP\x1b[2J");
  blocker->script("BEGIN; SELECT 1 FROM " + wide);
  Program program({"apply", folder.path().string(), "--database-url", odd.url()});
  ASSERT_TRUE(program.says("not queueing behind")) << program.err();
  blocker->script("COMMIT");
  const Finished again = program.wait();
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.err, Not(HasSubstr("\x1b[2J")));
  EXPECT_EQ(odd.sql("SELECT bool_and(indisvalid) FROM pg_index"), "t");
}

}  // namespace
}  // namespace pgsluice::test
