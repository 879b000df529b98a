// SPDX-License-Identifier: Apache-2.0
// What is minded more, less or not at all, and what is known about tables.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "findings/severity.hpp"
#include "pgsluice/error.hpp"
#include "support/analysis.hpp"

namespace pgsluice {
namespace {

using test::analyse_sql;
using test::headings;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(MatchesPath, FromAnySlashOn) {
  EXPECT_TRUE(matches_path("legacy/*", "db/legacy/0001.sql"));
  EXPECT_TRUE(matches_path("*.sql", "0001.sql"));
  EXPECT_TRUE(matches_path("db/*/000?.sql", "db/a/b/0001.sql"));
  EXPECT_FALSE(matches_path("legacy/*", "db/oldlegacy/0001.sql"));
  EXPECT_FALSE(matches_path("a*b*c", "abab"));
}

TEST(SeverityOverrides, LetTheLastOneDecide) {
  FileAnalysis file = analyse_sql("CREATE INDEX ON t (a);\n", "db/x.sql");
  SeverityOverrides({"*=off", "db/*:blocks-writes-during-work=info"}, test::built_in_rules()).apply(file);
  EXPECT_THAT(headings(file), ElementsAre("1:1 info[blocks-writes-during-work] public.t"));
  EXPECT_THROW(SeverityOverrides({"no-such=off"}, test::built_in_rules()), Error);
  EXPECT_THROW(SeverityOverrides({"unbatched-dml"}, test::built_in_rules()), Error);
}

TEST(SeverityOverrides, TellWhatARuleIsWorth) {
  const std::vector<FindingRule>& rules = test::built_in_rules().rules();
  const FindingRule& rule = *std::ranges::find(rules, "unbatched-dml", &FindingRule::name);
  const RuleWorth as_written = SeverityOverrides({}, test::built_in_rules()).of(rule);
  EXPECT_EQ(as_written.severity, Severity::warning);
  EXPECT_TRUE(as_written.may_be_error);
  const RuleWorth worth = SeverityOverrides({"a/*:unbatched-dml=info", "unbatched-dml=warning", "b/*:*=off"},
                                            test::built_in_rules())
                              .of(rule);
  EXPECT_EQ(worth.severity, Severity::warning);
  EXPECT_FALSE(worth.may_be_error);
  ASSERT_EQ(worth.elsewhere.size(), 1U);  // what was said of a/* counts no more
  EXPECT_EQ(worth.elsewhere.front().pattern, "b/*");
  EXPECT_EQ(worth.elsewhere.front().severity, std::nullopt);
}

/// A table that a snapshot shows.
Catalog catalog_with(double rows, double bytes) {
  Catalog catalog;
  Relation relation{.name = {"public", "t"}};
  relation.columns.push_back({.name = "a", .type = {.name = "int4", .typmods = {}}});
  relation.size = RelationSize{.reltuples = rows, .bytes = bytes};
  catalog.put(std::move(relation));
  catalog.end_transaction();
  return catalog;
}

TEST(Check, WorkOnASmallTableIsOnlyWorthKnowing) {
  const std::string sql = "SET lock_timeout = '2s';\nCREATE INDEX ON t (a);\n";
  Catalog few = catalog_with(40, 8192);
  EXPECT_THAT(headings(analyse_sql(sql, "x.sql", 17, few)),
              ElementsAre("2:1 info[blocks-writes-during-work] public.t"));
  Catalog many = catalog_with(40'000'000, 4e9);
  EXPECT_THAT(headings(analyse_sql(sql, "x.sql", 17, many)),
              ElementsAre("2:1 error[blocks-writes-during-work] public.t"));
}

TEST(Check, IsSilentAboutTablesOfTheSameFile) {
  EXPECT_THAT(headings(analyse_sql(
                  "BEGIN;\nCREATE TABLE t (a int);\nCOMMIT;\nCREATE INDEX ON t (a);\nDROP TABLE t;\n")),
              IsEmpty());
}

TEST(Check, KnowsTheProofOnTablesThatNoFileMakes) {
  const std::string steps =
      "SET lock_timeout = '2s';\n"
      "ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID;\nCOMMIT;\n"
      "ALTER TABLE t VALIDATE CONSTRAINT c;\nCOMMIT;\n";
  EXPECT_THAT(headings(analyse_sql(steps + "ALTER TABLE t ALTER COLUMN a SET NOT NULL;\n")), IsEmpty());
  EXPECT_THAT(headings(analyse_sql(steps + "ALTER TABLE t ALTER COLUMN b SET NOT NULL;\n")).size(), 2U);
  EXPECT_THAT(
      headings(analyse_sql(steps +
                           "ALTER TABLE t DROP CONSTRAINT c;\nALTER TABLE t ALTER COLUMN a SET NOT NULL;\n"))
          .size(),
      2U);
}

}  // namespace
}  // namespace pgsluice
