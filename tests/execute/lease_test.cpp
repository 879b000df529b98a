// SPDX-License-Identifier: Apache-2.0
// Who may run: the lease, its heartbeat and its token, on real servers and with the built program.

#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "execute/harness.hpp"

namespace pgsluice::test {
namespace {

using ::testing::HasSubstr;

class Lease : public ::testing::TestWithParam<Server> {
 protected:
  Lease() { database.sql("CREATE TABLE gate (open boolean); INSERT INTO gate VALUES (false)"); }

  void write_gated_files() {
    folder
        .write(
            "0001_once.sql",
            "CREATE TABLE once (x int);\n"
            "DO $$ BEGIN WHILE NOT (SELECT open FROM gate) LOOP PERFORM pg_sleep(0.02); END LOOP; END $$;\n"
            "INSERT INTO once VALUES (1);\n")
        .write("0002_twice.sql", "INSERT INTO once VALUES (2);\n");
  }
  void open_gate() { database.sql("UPDATE gate SET open = true"); }
  [[nodiscard]] std::vector<std::string> arguments(const Folder& of) const {
    return {"apply", of.path().string(), "--database-url", database.url(), "--wait-for-run", "2m"};
  }
  bool is_in_the_gate() {
    return wait_until([this] { return database.busy("DO %") == 1; });
  }

  Database database{GetParam(), "t"};
  Folder folder;
};

INSTANTIATE_TEST_SUITE_P(Servers, Lease, ::testing::ValuesIn(servers({12, 14, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Lease);

TEST_P(Lease, AnOlderLedgerIsBroughtForward) {
  folder.write("0001_a.sql", "CREATE TABLE a (x int);\n");
  ASSERT_EQ(apply(folder, database, {}).code, 0);
  const std::string version = database.sql("SELECT ledger_version FROM pgsluice.meta");
  database.sql(
      "DROP TABLE pgsluice.lease, pgsluice.backfill, pgsluice.gate, pgsluice.approval, pgsluice.bundle, "
      "pgsluice.query_snapshot;"
      " ALTER TABLE pgsluice.run DROP COLUMN release, DROP COLUMN app;"
      " ALTER TABLE pgsluice.migration DROP COLUMN adopted_from, DROP COLUMN release, DROP COLUMN needs_app,"
      " DROP COLUMN app, DROP COLUMN rests_on, DROP COLUMN passed, DROP COLUMN left_out_by; "
      "UPDATE pgsluice.meta SET ledger_version = "
      "1");
  EXPECT_EQ(run({"status", folder.path().string(), "--database-url", database.url()}).code, 0);
  folder.write("0002_b.sql", "CREATE TABLE b (x int);\n");
  const Finished done = apply(folder, database, {});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(database.sql("SELECT ledger_version FROM pgsluice.meta"), version);
  EXPECT_EQ(database.sql("SELECT count(*) FROM pgsluice.lease WHERE run_id IS NULL AND token > 0"), "1");
}

TEST_P(Lease, IsHeldWithAHeartbeatAndGivenBack) {
  write_gated_files();
  Program program(arguments(folder));
  ASSERT_TRUE(is_in_the_gate()) << program.err();
  EXPECT_EQ(
      database.sql(
          "SELECT count(*) FROM pgsluice.lease l JOIN pg_stat_activity a ON a.pid = l.backend_pid"
          " AND a.application_name = 'pgsluice/' || l.run_id WHERE l.expires_at > now() AND owner <> ''"),
      "1");
  EXPECT_TRUE(wait_until(
      [&] { return database.sql("SELECT heartbeat_at > acquired_at FROM pgsluice.lease") == "t"; }));
  open_gate();
  EXPECT_EQ(program.wait().code, 0);
  EXPECT_EQ(database.sql("SELECT run_id IS NULL AND expires_at IS NULL FROM pgsluice.lease"), "t");
}

TEST_P(Lease, ARunThatHasLostItWritesNothingAnyMore) {
  write_gated_files();
  Program program(arguments(folder));
  ASSERT_TRUE(is_in_the_gate()) << program.err();
  database.sql("UPDATE pgsluice.lease SET token = token + 1");
  open_gate();
  const Finished fenced = program.wait();
  EXPECT_EQ(fenced.code, 14) << fenced.err;
  EXPECT_THAT(fenced.err, HasSubstr("another run has taken over"));
  EXPECT_EQ(database.sql("SELECT to_regclass('once') IS NULL"), "t");
  EXPECT_EQ(database.sql("SELECT count(*) FROM pgsluice.migration"), "0");
}

// A process that is frozen, or cut off: its session would hold the run lock for ever.
TEST_P(Lease, AFrozenRunIsEndedAndFindsLaterThatAllIsDone) {
  write_gated_files();
  Program frozen(arguments(folder));
  ASSERT_TRUE(is_in_the_gate()) << frozen.err();
  frozen.kill(SIGSTOP);
  Program second(arguments(folder));
  ASSERT_TRUE(second.says("waiting for another run")) << second.err();
  ASSERT_TRUE(second.says("of a run without a heartbeat")) << second.err();
  open_gate();
  const Finished done = second.wait();
  EXPECT_EQ(done.code, 0) << done.err;
  frozen.kill(SIGCONT);
  const Finished late = frozen.wait();
  EXPECT_EQ(late.code, 0) << late.err;
  EXPECT_THAT(late.err, HasSubstr("is applied, says the ledger"));
  EXPECT_EQ(database.sql("SELECT string_agg(x::text, ',' ORDER BY x) FROM once"), "1,2");
  EXPECT_EQ(database.sql("SELECT run_id IS NULL FROM pgsluice.lease"), "t");
}

TEST_P(Lease, AKilledRunDoesNotHoldUpTheNext) {
  write_gated_files();
  {
    Program killed(arguments(folder));
    ASSERT_TRUE(is_in_the_gate()) << killed.err();
    killed.kill(SIGKILL);
    killed.wait();
  }
  Program next(arguments(folder));
  // Before version 14 the server does not notice that the client is gone while the statement runs.
  ASSERT_TRUE(wait_until([&] {
    return database.busy("DO %") == 1 && database.sql("SELECT count(*) FROM pgsluice.run") == "2";
  })) << next.err();
  open_gate();
  EXPECT_EQ(next.wait().code, 0);
  EXPECT_EQ(database.sql("SELECT string_agg(x::text, ',' ORDER BY x) FROM once"), "1,2");
}

// ---- many at once -----------------------------------------------------------------------------------------------

void expect_all_done(std::vector<std::unique_ptr<Program>>& programs) {
  for (const auto& program : programs) {
    const Finished finished = program->wait();
    EXPECT_EQ(finished.code, 0) << finished.err;
  }
}

TEST_P(Lease, TwentyRunsOfOneBundleDoItOnce) {
  database.sql("CREATE TABLE log (n int)");
  for (int n = 1; n <= 5; ++n) {
    const std::string number = std::to_string(n);
    folder.write("000" + number + "_log.sql", "INSERT INTO log VALUES (" + number + ");\n");
  }
  folder.write("0006_index.sql",
               "-- pgsluice: transaction=off\nCREATE INDEX CONCURRENTLY log_n ON log (n);\n");
  std::vector<std::unique_ptr<Program>> programs;
  for (int i = 0; i < 20; ++i) {
    programs.push_back(std::make_unique<Program>(arguments(folder)));
  }
  expect_all_done(programs);
  EXPECT_EQ(database.sql("SELECT string_agg(n::text, ',' ORDER BY n) FROM log"), "1,2,3,4,5");
  EXPECT_EQ(database.sql("SELECT count(DISTINCT run_id) FROM pgsluice.statement"), "1");
  EXPECT_EQ(database.sql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'log_n'::regclass"), "t");
}

TEST_P(Lease, RunsOfDifferentBundlesEachDoTheirPart) {
  database.sql("CREATE TABLE log (n int)");
  std::vector<std::unique_ptr<Folder>> folders;
  std::vector<std::unique_ptr<Program>> programs;
  for (int n = 1; n <= 8; ++n) {
    const std::string number = std::to_string(n);
    folders.push_back(std::make_unique<Folder>());
    folders.back()->write("0000_log.sql", "INSERT INTO log VALUES (0);\n");
    folders.back()->write("000" + number + "_log.sql", "INSERT INTO log VALUES (" + number + ");\n");
    programs.push_back(std::make_unique<Program>(arguments(*folders.back())));
  }
  expect_all_done(programs);
  EXPECT_EQ(database.sql("SELECT string_agg(n::text, ',' ORDER BY n) FROM log"), "0,1,2,3,4,5,6,7,8");
}

}  // namespace
}  // namespace pgsluice::test
