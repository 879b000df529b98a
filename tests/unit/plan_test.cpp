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

using TextRows = std::vector<std::vector<std::string>>;

Ledger ledger_with(LedgerMigration migration) {
  Ledger ledger{.exists = true, .version = 1};
  ledger.migrations[migration.id] = std::move(migration);
  return ledger;
}

TEST(Plan, AFileIsOneTransactionUnlessItSaysOtherwise) {
  EXPECT_EQ(texts(planned("CREATE TABLE a (x int); CREATE TABLE b (x int);")),
            (TextRows{{"CREATE TABLE a (x int)", "CREATE TABLE b (x int)"}}));
}

TEST(Plan, TheFilesOwnTransactionsAreStepsAndAreNotSent) {
  const Plan plan =
      planned("BEGIN; SELECT 1; COMMIT; BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 2; SELECT 3; END;");
  EXPECT_EQ(texts(plan), (TextRows{{"SELECT 1"}, {"SELECT 2", "SELECT 3"}}));
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

/// The server refuses CONCURRENTLY in a transaction before it looks whether there is something to do.
TEST(Plan, WhatConcurrentlySkipsRunsAloneAllTheSame) {
  const Plan plan = planned(
      "-- pgsluice: transaction=off\nCREATE TABLE a (x int);\nCREATE INDEX i ON a (x);\n"
      "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON a (x);\nDROP INDEX i;\n"
      "DROP INDEX CONCURRENTLY IF EXISTS i;\nDROP INDEX IF EXISTS i;\n");
  std::vector<bool> in_transaction;
  for (const Step& step : plan.files[0].steps) in_transaction.push_back(step.in_transaction);
  EXPECT_EQ(in_transaction, (std::vector<bool>{true, true, false, true, false, true}));
}

TEST(Plan, SettingsOfAFileAreRepeatedBeforeItsLaterSteps) {
  const Plan plan =
      planned("-- pgsluice: transaction=off\nSET search_path = a;\nSET LOCAL work_mem = '1MB';\nSELECT 1;\n");
  EXPECT_EQ(plan.files[0].steps.back().settings, (std::vector<std::string>{"SET search_path = a"}));
}

TEST(Plan, SettingsThatASavepointTakesBackAreNotRepeated) {
  const Plan plan = planned(
      "-- pgsluice: transaction=off\nBEGIN;\nSET search_path = a;\nSAVEPOINT s;\nSET search_path = b;\n"
      "SAVEPOINT t;\nSET search_path = c;\nROLLBACK TO s;\nSAVEPOINT u;\nSET row_security = off;\n"
      "RELEASE u;\nCOMMIT;\nSELECT 1;\n");
  EXPECT_EQ(plan.files[0].steps.back().settings,
            (std::vector<std::string>{"SET search_path = a", "SET row_security = off"}));
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
  EXPECT_EQ(texts(planned("BEGIN; SELECT 1; COMMIT; SELECT 2;", ledger_with(row))), (TextRows{{"SELECT 2"}}));
  EXPECT_EQ(planned("BEGIN; SELECT 9; COMMIT; SELECT 2;", ledger_with(row)).refusal()->code,
            ExitCode::file_changed);
}

TEST(Plan, ARenamedFileIsNotAppliedAgain) {
  const LedgerMigration row{
      .id = "0000.sql", .sha256 = sha256_hex("SELECT 1;"), .state = MigrationState::applied};
  EXPECT_THAT(planned("SELECT 1;", ledger_with(row)).refusal()->message, HasSubstr("renamed"));
}

TEST(Plan, AFileWithTheContentsOfAnotherApplicationsIsNotRenamed) {
  const LedgerMigration row{.id = "0000.sql",
                            .sha256 = sha256_hex("SELECT 1;"),
                            .state = MigrationState::applied,
                            .app = "billing"};
  const auto refused = [&row](const std::string& app) {
    std::vector<FileAnalysis> files;
    files.push_back(analysed("0001.sql", "SELECT 1;"));
    return make_plan(std::move(files), ledger_with(row), {.app = app}).refusal() != nullptr;
  };
  EXPECT_FALSE(refused("checkout"));
  EXPECT_TRUE(refused("billing"));
  EXPECT_TRUE(refused("")) << "nobody says whose it is";
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

TEST(Plan, ABatchIsAStepOfItsOwn) {
  const Plan plan = planned(
      "CREATE TABLE x (i int);\n-- pgsluice: batch key=a,b size=50 max-lag=3s\nUPDATE t SET c = 1;\nCREATE "
      "TABLE y (i int);\n");
  EXPECT_EQ(texts(plan),
            (std::vector<std::vector<std::string>>{
                {"CREATE TABLE x (i int)"}, {"UPDATE t SET c = 1"}, {"CREATE TABLE y (i int)"}}));
  const Step& step = plan.files[0].steps[1];
  ASSERT_TRUE(step.backfill);
  EXPECT_FALSE(step.in_transaction);
  EXPECT_TRUE(plan.files[0].steps[2].in_transaction);
  EXPECT_EQ(step.backfill->key, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(step.backfill->size, 50);
  EXPECT_EQ(step.backfill->max_lag, std::chrono::milliseconds(3000));
}

TEST(Plan, RefusesABatchThatCannotBeCut) {
  const auto refusal = [](const std::string& sql) {
    const Plan plan = planned(sql);
    return plan.refusal() == nullptr ? "" : plan.refusal()->message;
  };
  EXPECT_THAT(refusal("-- pgsluice: batch key=id size=5\nUPDATE t SET id = id + 1;\n"),
              HasSubstr("it changes id"));
  EXPECT_THAT(refusal("-- pgsluice: batch size=5\nUPDATE t SET a = 1 RETURNING a;\n"),
              HasSubstr("RETURNING"));
  EXPECT_THAT(refusal("-- pgsluice: batch size=5\nUPDATE t SET a = (SELECT gen_random_uuid());\n"),
              HasSubstr("gen_random_uuid"));
  EXPECT_THAT(refusal("BEGIN;\n-- pgsluice: batch size=5\nDELETE FROM t WHERE a;\nCOMMIT;\n"),
              HasSubstr("between BEGIN and COMMIT"));
  EXPECT_EQ(refusal("-- pgsluice: batch size=5\nUPDATE t SET a = gen_random_uuid();\n"), "");
}

TEST(Plan, ABackfillThatHasBegunKeepsItsText) {
  Ledger ledger;
  LedgerMigration& row = ledger.migrations["0001.sql"];
  row.id = "0001.sql";
  row.state = MigrationState::running;
  const std::string directive = "-- pgsluice: batch size=5\n";
  row.backfills[0] = {
      .fingerprint = sha256_hex(normalised_sql("DELETE FROM t WHERE a")), .state = "running", .done = 7};
  EXPECT_EQ(planned(directive + "DELETE  FROM t WHERE a;\n", ledger).refusal(), nullptr);
  const Plan changed = planned(directive + "DELETE FROM t WHERE b;\n", ledger);
  ASSERT_NE(changed.refusal(), nullptr);
  EXPECT_EQ(changed.refusal()->code, ExitCode::file_changed);
  EXPECT_THAT(changed.refusal()->message, HasSubstr("7 rows changed"));
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
