// SPDX-License-Identifier: Apache-2.0
// preview beside an application: who waits, and behind which statement.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "base/files.hpp"
#include "execute/previewed.hpp"

namespace pgsluice::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class PreviewBesideLoad : public Previewed {};

INSTANTIATE_TEST_SUITE_P(Servers, PreviewBesideLoad,
                         ::testing::ValuesIn(servers({12, 13, 14, 15, 16, 17, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PreviewBesideLoad);

/// Files between those that are named run between them.
TEST_P(PreviewBesideLoad, TheLoadRunsFilesInTheirOrder) {
  folder.write("0001_t.sql", "CREATE TABLE t (id int PRIMARY KEY);\n");
  folder.write("0002_a.sql", "ALTER TABLE t ADD COLUMN a int;\n");
  folder.write("0003_b.sql", "ALTER TABLE t RENAME COLUMN a TO b;\n");
  folder.write("0004_c.sql", "ALTER TABLE t ADD CONSTRAINT c CHECK (b > 0);\n");
  const Finished seen = preview({(folder.path() / "0002_a.sql").string(),
                                 (folder.path() / "0004_c.sql").string(), "--load", "--format", "json"});
  ASSERT_EQ(seen.code, 0) << seen.err;
  for (const OrderedJson& run : seen.json()["load"]["runs"])
    EXPECT_EQ(run["statements"].size(), 2U) << run.dump(1);
}

TEST_P(PreviewBesideLoad, SaysThatItWasInterruptedBesideAnApplication) {
  folder.write("0001_t.sql", "CREATE TABLE t (id int PRIMARY KEY);\n");
  folder.write("0002_a.sql", "ALTER TABLE t ADD COLUMN a int;\n");
  Program program(command({(folder.path() / "0002_a.sql").string(), "--blocker", "60s"}), environment());
  std::vector<std::string> first;
  ASSERT_TRUE(wait_until([&] { return !(first = left()).empty(); }));
  ASSERT_TRUE(wait_until([&] { return postmaster() != 0 && left() != first; }))
      << "the second server has the application";
  program.kill(SIGINT);
  const Finished ended = program.wait();
  EXPECT_EQ(ended.code, 130) << ended.err;
  EXPECT_THAT(left(), IsEmpty());
}

TEST_P(PreviewBesideLoad, TheLoadShowsWhoWaitsBehindWhichStatement) {
  folder.write("0001_t.sql", "CREATE TABLE \"T\" (id int PRIMARY KEY, a int, b text);\n");
  folder.write("0002_c.sql", "ALTER TABLE \"T\" ADD COLUMN c int;\n");
  folder.write("0003_b.sql", "ALTER TABLE \"T\" DROP COLUMN b;\n");
  const Finished seen =
      preview({(folder.path() / "0002_c.sql").string(), (folder.path() / "0003_b.sql").string(), "--blocker",
               "2s", "--format", "json"});
  ASSERT_EQ(seen.code, 0) << seen.err;
  const OrderedJson load = seen.json()["load"];
  EXPECT_THAT(validate("schema/lint.schema.json", Json::parse(seen.out)), IsEmpty());
  EXPECT_EQ(load["blocked"], "public.\"T\"");
  ASSERT_EQ(load["runs"].size(), 2U);
  const OrderedJson& naive = load["runs"][0];
  const OrderedJson& gated = load["runs"][1];
  EXPECT_EQ(naive["gated"], false);
  EXPECT_GT(naive["longest_ms"], gated["longest_ms"]) << load.dump(1);
  EXPECT_GT(naive["waited"], 0);
  bool behind_first = false;
  for (const OrderedJson& wait : naive["waits"]) behind_first = behind_first || wait["statement"] == 0;
  EXPECT_TRUE(behind_first) << "the first one queued behind the long transaction";
  EXPECT_GT(naive["statements"][0]["behind_blocker_ms"], 0);
  const OrderedJson& queued = naive["locks"].at(0);
  EXPECT_EQ(queued["relation"], "public.\"T\"");
  EXPECT_EQ(queued["mode"], "AccessExclusiveLock");
  EXPECT_EQ(queued["queued"], true);
  EXPECT_EQ(queued["statement"], 0);
  EXPECT_GT(queued["until_ms"].get<double>() - queued["from_ms"].get<double>(), 1000) << naive.dump(1);
  bool broken = false;
  for (const OrderedJson& failure : naive["failures"]) broken = broken || failure["sqlstate"] == "42703";
  EXPECT_TRUE(broken) << load.dump(1);
  EXPECT_THAT(left(), IsEmpty());
}

TEST_P(PreviewBesideLoad, TheLoadNamesWhatItDoesNotSend) {
  folder.write("0001_t.sql", "CREATE TABLE t (id int PRIMARY KEY);\n");
  folder.write("0002_c.sql", "ALTER TABLE t ADD COLUMN c int;\n");
  const fs::path queries = folder.path() / "queries.txt";
  write_file(queries, "SELECT * FROM t;\nCOMMIT;\nSELECT nothing FROM t;\n");
  const Finished seen = preview({(folder.path() / "0002_c.sql").string(), "--queries", queries.string()});
  EXPECT_EQ(seen.code, 0) << seen.err;
  EXPECT_THAT(seen.out,
              AllOf(HasSubstr("1 query again"), HasSubstr("queries.txt line 2 is left out: it is no query"),
                    HasSubstr("queries.txt line 3: SELECT"), HasSubstr(" is left out: ")));
}

/// The lock of the first statement keeps others waiting until the last one has ended.
TEST_P(PreviewBesideLoad, TheLoadBlamesWhoTookTheLock) {
  folder.write("0001_t.sql", "CREATE TABLE t (id int PRIMARY KEY, a int);\nCREATE TABLE other (a int);\n");
  folder.write("0002_c.sql",
               "ALTER TABLE t ADD COLUMN c int;\nSELECT pg_sleep(0.5);\nCREATE INDEX ON other (a);\n");
  folder.write("0003_d.sql", "ALTER TABLE t ADD COLUMN d int;\n");
  const Finished seen = preview({(folder.path() / "0002_c.sql").string(),
                                 (folder.path() / "0003_d.sql").string(), "--load", "--format", "json"});
  ASSERT_EQ(seen.code, 0) << seen.err;
  const OrderedJson naive = seen.json()["load"]["runs"][0];
  const OrderedJson& statements = naive["statements"];
  ASSERT_EQ(statements.size(), 4U);
  EXPECT_GT(statements[0]["waited"], 0) << naive.dump(1);
  EXPECT_GT(statements[0]["longest_ms"], 300) << naive.dump(1);
  EXPECT_EQ(statements[1]["waited"], 0) << naive.dump(1);
  EXPECT_LT(statements[3]["longest_ms"], 300) << naive.dump(1);
  bool held = false;
  for (const OrderedJson& lock : naive["locks"])
    held = held || (lock["relation"] == "public.t" && lock["statement"] == 0 && !lock["queued"] &&
                    lock["until_ms"].get<double>() - lock["from_ms"].get<double>() > 300);
  EXPECT_TRUE(held) << naive.dump(1);
}

/// Apply would not have broken the application.
TEST_P(PreviewBesideLoad, TheLoadSaysWhatApplyWouldNotRun) {
  folder.write("0001_t.sql", "CREATE TABLE t (id int PRIMARY KEY, b int, c int);\n");
  folder.write("0002_b.sql", "ALTER TABLE t DROP COLUMN b;\n");
  folder.write("0003_c.sql", "-- pgsluice: phase=contract\nALTER TABLE t DROP COLUMN c;\n");
  folder.write("0004_d.sql", "ALTER TABLE t ADD COLUMN d int;\n");
  const Finished seen =
      preview({(folder.path() / "0002_b.sql").string(), (folder.path() / "0003_c.sql").string(),
               (folder.path() / "0004_d.sql").string(), "--load"});
  EXPECT_THAT(seen.out, AllOf(HasSubstr("apply refuses 0002_b.sql (breaks-running-readers)"),
                              HasSubstr("apply runs 0003_c.sql only when no old release is left"),
                              Not(HasSubstr("0004_d.sql only")), Not(HasSubstr("refuses 0004"))));
}

/// Which waits outside of the queue, so that nobody waits behind it.
TEST_P(PreviewBesideLoad, TheLoadSaysForWhatApplyWaits) {
  folder.write("0001_t.sql", "CREATE TABLE t (id int PRIMARY KEY);\n");
  folder.write("0002_c.sql", "SET lock_timeout = '2s';\nALTER TABLE t ADD COLUMN c int;\n");
  const OrderedJson seen = document({(folder.path() / "0002_c.sql").string(), "--blocker", "2s"}, 0);
  const OrderedJson gated = seen["load"]["runs"][1];
  const OrderedJson& statements = gated["statements"];
  ASSERT_EQ(statements.size(), 2U);
  EXPECT_LT(statements[0]["until_ms"].get<double>() - statements[0]["from_ms"].get<double>(), 500)
      << gated.dump(1);
  EXPECT_EQ(statements[0]["behind_blocker_ms"], 0) << gated.dump(1);
  EXPECT_GT(statements[1]["behind_blocker_ms"], 1000) << gated.dump(1);
}

/// Of what never ran nobody says that nobody waited for it.
TEST_P(PreviewBesideLoad, TheLoadSaysWhatDidNotRun) {
  folder.write("0001_t.sql", "CREATE TABLE t (id int PRIMARY KEY);\n");
  folder.write(
      "0002_c.sql",
      "SET lock_timeout = '200ms';\nALTER TABLE t ADD COLUMN c int;\nALTER TABLE t ADD COLUMN d int;\n");
  const std::string file = (folder.path() / "0002_c.sql").string();
  const OrderedJson naive = document({file, "--blocker", "1s"}, 0)["load"]["runs"][0];
  ASSERT_EQ(naive["statements"].size(), 3U);
  EXPECT_EQ(naive["statements"][1]["error"]["sqlstate"], "55P03") << naive.dump(1);
  EXPECT_EQ(naive["statements"][1]["ran"], true);
  EXPECT_EQ(naive["statements"][2]["ran"], false);
  EXPECT_THAT(preview({file, "--blocker", "1s"}).out,
              ContainsRegex("did not run +ALTER TABLE t ADD COLUMN d"));
}

/// The lock of the second statement is the strongest; the first one takes its time without it.
TEST_P(PreviewBesideLoad, ATurnBeginsWhenTheStatementIsSent) {
  folder.write("0001_t.sql", "CREATE TABLE t (id int PRIMARY KEY);\n");
  folder.write("0002_c.sql", "SELECT pg_sleep(0.8);\nALTER TABLE t ADD COLUMN c int;\n");
  const OrderedJson seen = document({(folder.path() / "0002_c.sql").string(), "--load"}, 0);
  for (const OrderedJson& run : seen["load"]["runs"]) {
    ASSERT_EQ(run["statements"].size(), 2U);
    EXPECT_GT(run["statements"][0]["turn_ms"], 700) << run.dump(1);
    EXPECT_LT(run["statements"][1]["turn_ms"], 500) << run.dump(1);
  }
}

/// What runs while others wait is what keeps them, also where an earlier statement has taken the lock already.
TEST_P(PreviewBesideLoad, TheLoadBlamesWhoWorksOnTheTable) {
  folder.write("0001_t.sql",
               "CREATE TABLE t (id int PRIMARY KEY, a int);\n"
               "CREATE FUNCTION slow(int) RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT $1::bigint FROM "
               "pg_sleep(0.005)';\n");
  folder.write("0002_c.sql",
               "ALTER TABLE t ADD COLUMN c int;\nALTER TABLE t ALTER COLUMN a TYPE bigint USING slow(a);\n");
  const OrderedJson seen = document({(folder.path() / "0002_c.sql").string(), "--load", "--rows", "200"}, 0);
  const OrderedJson naive = seen["load"]["runs"][0];
  const OrderedJson& statements = naive["statements"];
  ASSERT_EQ(statements.size(), 2U);
  EXPECT_GT(statements[1]["waited"], 0) << naive.dump(1);
  EXPECT_GT(statements[1]["longest_ms"], 500) << naive.dump(1);
  EXPECT_LT(statements[0]["longest_ms"], 300) << naive.dump(1);
}

}  // namespace
}  // namespace pgsluice::test
