// SPDX-License-Identifier: Apache-2.0
// What preview sees of locks that are given back before the transaction ends or the statement that runs alone, and how it looks.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "execute/previewed.hpp"

namespace pgsluice::test {
namespace {

using ::testing::HasSubstr;

class PreviewOfShortLocks : public Previewed {};

INSTANTIATE_TEST_SUITE_P(Servers, PreviewOfShortLocks,
                         ::testing::ValuesIn(servers({12, 13, 14, 15, 16, 17, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PreviewOfShortLocks);

class PreviewOfDetachConcurrently : public Previewed {};

INSTANTIATE_TEST_SUITE_P(Servers, PreviewOfDetachConcurrently,
                         ::testing::ValuesIn(servers({14, 15, 16, 17, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PreviewOfDetachConcurrently);

/// It waits for who has locked the table, without a lock of its own, and then takes the one that matters for an instant.
TEST_P(PreviewOfDetachConcurrently, BothLocksAreSeen) {
  folder.write("1_t.sql",
               "CREATE TABLE p (id int) PARTITION BY RANGE (id);\n"
               "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9);\n");
  folder.write("2_work.sql",
               "-- pgsluice: transaction=off\nALTER TABLE p DETACH PARTITION p1 CONCURRENTLY;\n");
  const OrderedJson detach = statement(document({folder.path().string()}, 0), "DETACH");
  EXPECT_EQ(detach["unseen"], OrderedJson::array());
  std::string locks;
  for (const OrderedJson& lock : detach["observed"]["locks"])
    locks += lock["relation"].get<std::string>() + " " + lock["mode"].get<std::string>() + "; ";
  EXPECT_EQ(locks, "public.p ShareUpdateExclusiveLock; public.p1 AccessExclusiveLock; ");
}

/// Milliseconds behind the bar of a relation in the time line.
double held_for(const std::string& text, const std::string& relation) {
  const std::regex bar(relation + "  [·█▓]+ +([0-9.]+) ms");
  std::smatch found;
  return std::regex_search(text, found, bar) ? std::stod(found[1]) : -1;
}

TEST_P(PreviewOfShortLocks, ALockThatIsGivenBackIsDrawnUntilThen) {
  folder.write("1_t.sql",
               "CREATE TABLE t (id int);\n"
               "CREATE PROCEDURE work() LANGUAGE plpgsql AS $$ BEGIN\n"
               "LOCK TABLE t; PERFORM pg_sleep(0.1); COMMIT; PERFORM pg_sleep(0.5); END $$;\n");
  folder.write("2_work.sql", "-- pgsluice: transaction=off\nCALL work();\n");
  const std::string text = preview({folder.path().string()}).out;
  const double held = held_for(text, "public\\.t");
  EXPECT_GT(held, 50) << text;
  EXPECT_LT(held, 500) << text;
}

TEST_P(PreviewOfShortLocks, NobodyStandsInTheWayOfWhatSkipsLockedTables) {
  folder.write("1_t.sql", "CREATE TABLE t (id int);\nINSERT INTO t SELECT generate_series(1, 1000);\n");
  folder.write("2_work.sql", "-- pgsluice: transaction=off\nVACUUM (SKIP_LOCKED, FULL) t;\n");
  const OrderedJson seen = document({folder.path().string()}, 0);
  EXPECT_EQ(statement(seen, "VACUUM")["observed"]["rewrites"].dump(), R"(["public.t"])");
}

TEST_P(PreviewOfShortLocks, ALockThatASavepointGivesBackIsDrawnUntilThen) {
  folder.write("1_t.sql", "CREATE TABLE t (id int);\n");
  folder.write("2_work.sql",
               "SAVEPOINT s;\nLOCK TABLE t;\nSELECT pg_sleep(0.1);\nROLLBACK TO s;\nSELECT pg_sleep(0.5);\n");
  const std::string text = preview({folder.path().string()}).out;
  const double held = held_for(text, "public\\.t");
  EXPECT_GT(held, 50) << text;
  EXPECT_LT(held, 500) << text;
}

/// A function of that name in the path makes the looks slow.
TEST_P(PreviewOfShortLocks, TheTimeoutOfAFileDoesNotEndTheLooks) {
  folder.write("1_t.sql",
               "CREATE TABLE t (id int);\nCREATE SCHEMA slow;\n"
               "CREATE FUNCTION slow.pg_table_size(regclass) RETURNS bigint LANGUAGE sql AS\n"
               "  'SELECT 0::bigint FROM pg_sleep(0.4)';\n");
  const std::string work =
      "SET statement_timeout = '200ms';\nSET search_path = slow, pg_catalog, public;\n"
      "ALTER TABLE public.t ADD COLUMN a int;\n"
      "CREATE TABLE public.seen AS SELECT 1 / (current_setting('statement_timeout') = '200ms')::int AS a;\n";
  folder.write("2_work.sql", work);
  folder.write("3_alone.sql", "-- pgsluice: transaction=off\n" +
                                  std::regex_replace(work, std::regex("seen|COLUMN a"), "$&_too"));
  const Finished finished = preview({folder.path().string()});
  EXPECT_EQ(finished.code, 0) << finished.err << finished.out;
}

}  // namespace
}  // namespace pgsluice::test
