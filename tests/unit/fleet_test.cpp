// SPDX-License-Identifier: Apache-2.0
// Many databases in one table, and whose exit code counts.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "cli/targets.hpp"
#include "report/fleet.hpp"
#include "unit/fake_cluster.hpp"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TargetReport ended(const std::string& name, ExitCode code) {
  TargetReport report{.name = name};
  report.code = code;
  report.message = "why";
  return report;
}

TargetReport seen(const std::string& name, const std::string& release) {
  TargetReport report{.name = name};
  report.seen = true;
  report.server_version_num = 170006;
  report.release = release;
  return report;
}

std::string text(const std::vector<TargetReport>& targets, int width = 80) {
  return to_text(to_document(targets), width, Painter(false));
}

TEST(Fleet, EndsAsItsWorstTargetDoes) {
  const std::vector<ExitCode> from_mild_to_bad = {
      ExitCode::ok,           ExitCode::other_run, ExitCode::unreachable,      ExitCode::usage,
      ExitCode::precondition, ExitCode::refused,   ExitCode::release_mismatch, ExitCode::file_changed,
      ExitCode::wrong_target, ExitCode::bug,       ExitCode::terminated};
  std::vector<TargetReport> targets;
  EXPECT_EQ(worst_of(targets), nullptr);
  for (const ExitCode code : from_mild_to_bad) {
    targets.insert(targets.begin(), ended(std::to_string(static_cast<int>(code)), code));
    const TargetReport* worst = worst_of(targets);
    EXPECT_EQ(worst == nullptr ? ExitCode::ok : worst->code, code);
  }
  EXPECT_THAT(text(targets),
              HasSubstr("exit 143, as 143: the worst of 10 targets that ended with another code than 0"));
  EXPECT_EQ(Json::parse(to_json(targets, "plan"))["worst"], "143");
}

TEST(Fleet, WhatCouldNotBeSeenIsNoZero) {
  const std::string shown = text({ended("gone", ExitCode::unreachable)});
  EXPECT_THAT(shown, testing::ContainsRegex("gone +\\? +\\? +\\? +\\? +\\? +15"));
  EXPECT_TRUE(Json::parse(to_json({ended("gone", ExitCode::unreachable)}, "status"))["targets"][0]["pending"]
                  .is_null());
}

TEST(Fleet, CountsVersionsAndSaysWhatIsHeldAndWhatHasDrifted) {
  TargetReport held = seen("eu", "2.0.0");
  held.held = {{.migration = "0003_drop.sql", .holds = {{.reason = "soak", .words = "1h to go"}}}};
  TargetReport drifted = seen("us", "2.0.0");
  drifted.changed = {"0001.sql"};
  for (int i = 0; i < 11; ++i) drifted.missing.push_back(cat("000", std::to_string(i), ".sql"));
  TargetReport unnamed = seen("asia", "");
  unnamed.last_migration = "0042_a_name_that_fills_more_than_its_column.sql";
  const std::string shown = text({held, drifted, unnamed});
  EXPECT_THAT(shown, testing::ContainsRegex("eu +17.6 +2.0.0 +- +1 +- +0"));
  EXPECT_THAT(shown, testing::ContainsRegex("us +17.6 +2.0.0 +- +- +12 +0"));
  EXPECT_THAT(shown, HasSubstr("0042_a_name_that_fi…"));
  EXPECT_THAT(shown, HasSubstr("eu: held back: 0003_drop.sql: 1h to go"));
  EXPECT_THAT(shown, HasSubstr("0007.sql and 3 more"));
  EXPECT_THAT(shown, HasSubstr("2.0.0 on 2 databases"));
  EXPECT_THAT(shown, HasSubstr("exit 0: all 3 targets"));
}

TEST(Fleet, NoNameReachesTheTerminalOrLeavesTheTable) {
  TargetReport odd = seen("\x1b[2J\nevil \xff name of many, many characters: äöüäöüäöü", "\x1b[31m\n\n9");
  odd.held = {{.migration = "a\nb\x1b", .holds = {{.reason = "release", .words = "x\n\x1b[0m"}}}};
  const std::string shown = text({odd, ended("b", ExitCode::bug)});
  EXPECT_THAT(shown, Not(HasSubstr("\x1b")));
  for (const std::string_view line : lines(shown)) EXPECT_LE(display_width(line), 80) << line;
  EXPECT_FALSE(Json::parse(to_json({odd}, "status")).empty());
}

TEST(Fleet, LooksForWhatRunsBesideEachClusterInItsOwnNamespace) {
  test::FakeCluster cluster;
  for (const char* name_space : {"shop", "stock"}) {
    DatabaseCluster found;
    found.name_space = name_space;
    found.name = "db";
    found.database = "app";
    cluster.databases.push_back(found);
  }
  const std::vector<cli::Target> all = cli::find_database_clusters(cluster, "*", "fleet=shop", "user=reader");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].name, "shop/db");
  EXPECT_EQ(all[1].name, "stock/db");
  EXPECT_EQ(all[1].cnpg_cluster, "db");
  EXPECT_EQ(all[1].name_space, "stock");
  EXPECT_THAT(all[1].conninfo(), HasSubstr("db-rw.stock.svc"));
  cluster.databases.pop_back();
  EXPECT_EQ(cli::find_database_clusters(cluster, "shop", "fleet=shop", "")[0].name, "db");
}

}  // namespace
}  // namespace pgsluice
