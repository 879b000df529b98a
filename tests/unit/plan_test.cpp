// SPDX-License-Identifier: Apache-2.0
// Files and ledger → steps, refusals and warnings.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sha256.hpp"
#include "pgsluice/plan.hpp"
#include "plan/sql_text.hpp"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;

FileAnalysis analysed(const std::string& id, const std::string& sql) {
  static const EffectTable table = EffectTable::load({});
  static const RuleBook rules = RuleBook::load({});
  Catalog catalog;
  Migration migration;
  migration.id = id;
  migration.tool = "plain";
  migration.path = id;
  migration.sha256 = sha256_hex(sql);
  migration.source = {.path = id, .text = sql};
  return analyse(std::move(migration), catalog, table, rules, {.pg_version = 17},
                 {.pg_version = 17, .runner_sets_lock_timeout = true, .today = "2026-01-01"});
}

Plan planned(const std::string& sql, const Ledger& ledger = {}) {
  std::vector<FileAnalysis> files;
  files.push_back(analysed("0001.sql", sql));
  return make_plan(std::move(files), ledger, {});
}

std::vector<std::vector<std::string>> texts(const Plan& plan) {
  std::vector<std::vector<std::string>> steps;
  for (const Step& step : plan.files[0].steps) {
    std::vector<std::string>& sql = steps.emplace_back();
    for (const PlannedStatement& statement : step.statements) sql.push_back(statement.sql);
  }
  return steps;
}

using Texts = std::vector<std::vector<std::string>>;

Ledger ledger_with(LedgerMigration migration) {
  Ledger ledger{.exists = true, .version = 1};
  ledger.migrations[migration.id] = std::move(migration);
  return ledger;
}

TEST(Plan, AFileIsOneTransactionUnlessItSaysOtherwise) {
  EXPECT_EQ(texts(planned("CREATE TABLE a (x int); CREATE TABLE b (x int);")),
            (Texts{{"CREATE TABLE a (x int)", "CREATE TABLE b (x int)"}}));
}

TEST(Plan, TheFilesOwnTransactionsAreStepsAndAreNotSent) {
  const Plan plan =
      planned("BEGIN; SELECT 1; COMMIT; BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 2; SELECT 3; END;");
  EXPECT_EQ(texts(plan), (Texts{{"SELECT 1"}, {"SELECT 2", "SELECT 3"}}));
  EXPECT_EQ(plan.files[0].steps[0].begin, "BEGIN");
  EXPECT_EQ(plan.files[0].steps[1].begin, "BEGIN ISOLATION LEVEL SERIALIZABLE");
  EXPECT_TRUE(plan.files[0].steps[1].last);
}

TEST(Plan, AConcurrentIndexRunsAloneAndOtherStatementsBesideItKeepTheirTransaction) {
  const Plan plan = planned(
      "-- pgsluice: transaction=off\nCREATE TABLE a (x int);\nCREATE INDEX CONCURRENTLY i ON a (x);\n");
  ASSERT_EQ(plan.files[0].steps.size(), 2U);
  EXPECT_TRUE(plan.files[0].steps[0].in_transaction);
  EXPECT_FALSE(plan.files[0].steps[1].in_transaction);
  EXPECT_EQ(plan.files[0].steps[1].resume, Resume::create_index);
  EXPECT_TRUE(plan.files[0].steps[1].concurrent);
}

TEST(Plan, SettingsOfAFileAreRepeatedBeforeItsLaterSteps) {
  const Plan plan =
      planned("-- pgsluice: transaction=off\nSET search_path = a;\nSET LOCAL work_mem = '1MB';\nSELECT 1;\n");
  EXPECT_EQ(plan.files[0].steps.back().settings, (std::vector<std::string>{"SET search_path = a"}));
}

TEST(Plan, RefusesRollbackAndATransactionWithoutEnd) {
  EXPECT_THAT(planned("BEGIN; SELECT 1; ROLLBACK;").refusal()->message, HasSubstr("rollback"));
  EXPECT_THAT(planned("BEGIN; SELECT 1;").refusal()->message, HasSubstr("BEGIN without COMMIT"));
  EXPECT_EQ(planned("BEGIN; SAVEPOINT a; SELECT 1; ROLLBACK TO a; RELEASE a; COMMIT;").refusal(), nullptr);
}

TEST(Plan, AnEmptyFileIsAStepOfItsOwn) {
  const Plan plan = planned("-- nothing\n");
  ASSERT_EQ(plan.files[0].steps.size(), 1U);
  EXPECT_TRUE(plan.files[0].steps[0].last);
}

TEST(Plan, AnAppliedFileMayChangeInLayoutOnly) {
  LedgerMigration row{.id = "0001.sql",
                      .sha256 = "old",
                      .fingerprint = sha256_hex(normalised_sql("select 1")),
                      .state = MigrationState::applied};
  const Plan layout = planned("-- why\nSELECT\n  1;\n", ledger_with(row));
  EXPECT_EQ(layout.refusal(), nullptr);
  EXPECT_EQ(layout.problems.size(), 1U);
  EXPECT_EQ(layout.pending_steps(), 0U);
  EXPECT_EQ(planned("SELECT 2;", ledger_with(row)).refusal()->code, ExitCode::file_changed);
}

TEST(Plan, APartialFileGoesOnBehindWhatIsDone) {
  LedgerMigration row{.id = "0001.sql", .state = MigrationState::partial};
  row.statements[1] = {.fingerprint = sha256_hex(normalised_sql("SELECT 1")), .done = true};
  EXPECT_EQ(texts(planned("BEGIN; SELECT 1; COMMIT; SELECT 2;", ledger_with(row))), (Texts{{"SELECT 2"}}));
  EXPECT_EQ(planned("BEGIN; SELECT 9; COMMIT; SELECT 2;", ledger_with(row)).refusal()->code,
            ExitCode::file_changed);
}

TEST(Plan, ARenamedFileIsNotAppliedAgain) {
  const LedgerMigration row{
      .id = "0000.sql", .sha256 = sha256_hex("SELECT 1;"), .state = MigrationState::applied};
  EXPECT_THAT(planned("SELECT 1;", ledger_with(row)).refusal()->message, HasSubstr("renamed"));
}

TEST(Plan, AFileThatComesLateIsRunWithAWarning) {
  std::vector<FileAnalysis> files;
  files.push_back(analysed("0001.sql", "SELECT 1;"));
  files.push_back(analysed("0002.sql", "SELECT 2;"));
  const Plan plan = make_plan(
      std::move(files),
      ledger_with({.id = "0002.sql", .sha256 = sha256_hex("SELECT 2;"), .state = MigrationState::applied}),
      {});
  EXPECT_EQ(plan.pending_steps(), 1U);
  ASSERT_EQ(plan.problems.size(), 1U);
  EXPECT_EQ(plan.problems[0].code, ExitCode::ok);
}

TEST(Plan, ABatchThatIsNotCarriedOutIsSaid) {
  const Plan plan = planned(
      "CREATE TABLE t (id int);\n-- pgsluice: batch key=id size=10\nUPDATE t SET id = 1 WHERE id = 2;");
  ASSERT_EQ(plan.problems.size(), 1U);
  EXPECT_EQ(plan.problems[0].code, ExitCode::ok);
  EXPECT_EQ(plan.problems[0].position, (Position{2, 1}));
  EXPECT_EQ(plan.refusal(), nullptr);
}

TEST(NormalisedSql, KeepsWhatCountsAndNothingElse) {
  EXPECT_EQ(normalised_sql("SELECT /* a */ 'B  c' -- d\n,\"E\" ;;"), "select 'B  c' , \"E\"");
  EXPECT_NE(normalised_sql("SELECT 'a'"), normalised_sql("SELECT 'A'"));
}

TEST(RedactedSql, HidesLiteralsAndStopsAtTheLimit) {
  EXPECT_EQ(redacted_sql("ALTER ROLE a\n  PASSWORD 'x''y' VALID UNTIL $$z$$", 100),
            "ALTER ROLE a PASSWORD '…' VALID UNTIL '…'");
  EXPECT_EQ(redacted_sql("SELECT 'cut off in the mid", 100), "SELECT '…'");
  EXPECT_EQ(redacted_sql("SELECT abcdefghij", 10), "SELECT abc…");
}

}  // namespace
}  // namespace pgsluice
