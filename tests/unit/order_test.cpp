// SPDX-License-Identifier: Apache-2.0
// The order of phases over the history.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/sha256.hpp"
#include "pgsluice/plan.hpp"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A folder, and what the ledger says of it.
class Order : public ::testing::Test {
 public:
  Order& file(const std::string& id, const std::string& sql) {
    files_.emplace_back(id, sql);
    return *this;
  }
  /// By a release that has been brought whole.
  Order& applied(const std::string& id, const std::string& release) {
    begun(id, release);
    ledger_.brought.push_back({.app = {}, .release = release, .at = ++now_});
    return *this;
  }
  Order& begun(const std::string& id, const std::string& release, const std::string& app = "") {
    ledger_.exists = true;
    ledger_.migrations[id] = {.id = id,
                              .sha256 = sha256_of(id),
                              .state = MigrationState::applied,
                              .release = release,
                              .app = app,
                              .brought_at = ++now_};
    return *this;
  }
  Plan plan(const PlanOptions& options) {
    static const EffectTable table = EffectTable::load({});
    static const RuleBook rules = RuleBook::load({});
    Catalog catalog;
    std::vector<FileAnalysis> analysed;
    for (const auto& [id, sql] : files_) {
      Migration migration{.id = id, .tool = "plain", .path = id, .sha256 = sha256_hex(sql)};
      migration.source = {.path = id, .text = sql};
      analysed.push_back(
          analyse(std::move(migration), catalog, table, rules, {.pg_version = 17},
                  {.pg_version = 17, .runner_sets_lock_timeout = true, .today = "2026-01-01"}));
    }
    return make_plan(std::move(analysed), ledger_, options);
  }
  /// "reason: words" of the only hold of a file; "" when it may run.
  std::string held(const std::string& id, const PlanOptions& options) {
    for (const PlannedFile& file : plan(options).files) {
      if (file.analysis.migration.id != id) continue;
      EXPECT_EQ(file.steps.empty(), !file.holds.empty()) << id;
      EXPECT_EQ(file.state == FileState::held, !file.holds.empty()) << id;
      std::string text;
      for (const Held& hold : file.holds)
        text += (text.empty() ? "" : "; ") + hold.reason + ": " + hold.words;
      return text;
    }
    return "no such file";
  }
  /// orders is old, its new column came in 2, and its old one goes.
  void write_orders() {
    file("1_orders.sql", "CREATE TABLE orders (id bigint, total int);")
        .file("2_cents.sql", "ALTER TABLE orders ADD COLUMN cents bigint;")
        .file("3_drop.sql", "-- pgsluice: phase=contract\nALTER TABLE orders DROP COLUMN total;");
  }

 private:
  [[nodiscard]] std::string sha256_of(const std::string& id) const {
    for (const auto& [known, sql] : files_) {
      if (known == id) return sha256_hex(sql);
    }
    return "";
  }
  std::vector<std::pair<std::string, std::string>> files_;
  Ledger ledger_;
  long long now_ = 0;
};

TEST_F(Order, AContractStepWaitsForAReleaseAfterThatOfItsExpandStep) {
  write_orders();
  applied("1_orders.sql", "1");
  EXPECT_THAT(held("3_drop.sql", {.release = "2"}),
              HasSubstr("release: it needs 2_cents.sql in an earlier release than 2"));
  applied("2_cents.sql", "2");
  EXPECT_THAT(held("3_drop.sql", {.release = "2"}), HasSubstr("release: it needs 2_cents.sql"));
  EXPECT_EQ(held("3_drop.sql", {.release = "3"}), "");
  EXPECT_EQ(held("3_drop.sql", {}), "") << "an apply without a release is one of its own";
}

TEST_F(Order, ALaterReleaseIsOneThatIsNewer) {
  write_orders();
  applied("1_orders.sql", "2.3.0").applied("2_cents.sql", "2.4.0");
  for (const char* older : {"2.3.5", "2.4", "v2.4.0.0", "2.4.0-rc1", "1.0"})
    EXPECT_THAT(held("3_drop.sql", {.release = older}), HasSubstr("2_cents.sql in an earlier release than"))
        << older;
  for (const char* newer : {"2.4.1", "v3"}) EXPECT_EQ(held("3_drop.sql", {.release = newer}), "") << newer;
  EXPECT_EQ(held("3_drop.sql", {.release = "4f3c2b1"}), "") << "a commit, after versions";
}

TEST_F(Order, OfCommitsThoseThatTheLedgerHasSeenFirstAreOlder) {
  write_orders();
  applied("1_orders.sql", "f00d001").applied("2_cents.sql", "beef002");
  for (const char* older : {"f00d001", "beef002"})
    EXPECT_THAT(held("3_drop.sql", {.release = older}), HasSubstr("2_cents.sql in an earlier release than"))
        << older;
  EXPECT_EQ(held("3_drop.sql", {.release = "cafe003"}), "");
}

TEST_F(Order, AReleaseThatWasNotBroughtWholeHasNotBeenAtWork) {
  write_orders();
  applied("1_orders.sql", "1").begun("2_cents.sql", "2");
  EXPECT_THAT(held("3_drop.sql", {.release = "2.1"}),
              HasSubstr("release: it needs 2_cents.sql in an earlier release than 2.1"));
  file("4_more.sql", "CREATE TABLE more (id bigint);").applied("4_more.sql", "2.1");
  EXPECT_THAT(held("3_drop.sql", {.release = "2.1"}), HasSubstr("release: it needs 2_cents.sql"));
  EXPECT_EQ(held("3_drop.sql", {.release = "2.2"}), "");
}

TEST_F(Order, AnotherApplicationsReleasesHaveNoOrder) {
  write_orders();
  begun("1_orders.sql", "7", "billing").begun("2_cents.sql", "7", "billing");
  EXPECT_EQ(held("3_drop.sql", {.release = "2", .app = "checkout"}), "") << "the gate asks for that one";
  EXPECT_NE(held("3_drop.sql", {.release = "2", .app = "billing"}), "");
}

TEST_F(Order, AContractStepWaitsForWhatIsNotRunAtAll) {
  write_orders();
  applied("1_orders.sql", "1");
  EXPECT_THAT(held("3_drop.sql", {.phase = Phase::contract, .release = "2"}),
              HasSubstr("order: it needs 2_cents.sql applied before it"));
}

TEST_F(Order, ANewDatabaseGetsAllOfItsHistory) {
  write_orders();
  EXPECT_EQ(held("3_drop.sql", {.release = "2"}), "");
  EXPECT_TRUE(plan({}).files[2].new_relations);
  EXPECT_EQ(held("3_drop.sql", {.release = "2", .earlier_releases_only = true}), "");
  begun("1_orders.sql", "2");  // a first run that was killed
  EXPECT_EQ(held("3_drop.sql", {.release = "2"}), "");
}

TEST_F(Order, BeforeTheReleaseOnlyContractStepsOfEarlierOnesRun) {
  file("1_orders.sql", "CREATE TABLE orders (id bigint, total int);")
      .file("3_drop.sql", "-- pgsluice: phase=contract\nALTER TABLE orders DROP COLUMN total;");
  applied("1_orders.sql", "1");
  EXPECT_THAT(held("3_drop.sql", {.release = "2", .earlier_releases_only = true}),
              HasSubstr("release: it comes with 2 itself"));
  EXPECT_EQ(held("3_drop.sql", {.release = "2"}), "");
}

TEST_F(Order, OnlyStepsOfTheSameRelationsCount) {
  file("1_tables.sql", "CREATE TABLE orders (id bigint, total int); CREATE TABLE items (id bigint);")
      .file("2_items.sql", "ALTER TABLE items ADD COLUMN note text;")
      .file("3_drop.sql", "-- pgsluice: phase=contract\nALTER TABLE orders DROP COLUMN total;");
  applied("1_tables.sql", "1");
  EXPECT_EQ(held("3_drop.sql", {.release = "2"}), "");
  EXPECT_EQ(plan({}).files[2].rests_on, std::vector<std::string>{"1_tables.sql"});
}

TEST_F(Order, WhereNoStepTouchesTheSameAllOfTheReleaseCount) {
  file("2_items.sql", "CREATE TABLE items (id bigint);")
      .file("3_drop.sql", "-- pgsluice: phase=contract\nALTER TABLE orders DROP COLUMN total;");
  EXPECT_THAT(held("3_drop.sql", {.release = "2"}), HasSubstr("release: it needs 2_items.sql"));
  applied("2_items.sql", "2");
  EXPECT_THAT(held("3_drop.sql", {.release = "2"}), HasSubstr("release: it needs 2_items.sql"));
  EXPECT_EQ(held("3_drop.sql", {.release = "3"}), "");
}

TEST_F(Order, AContractStepWaitsForWhatItNames) {
  file("1_tables.sql", "CREATE TABLE orders (id bigint, total int); CREATE TABLE items (id bigint);")
      .file("2_items.sql", "ALTER TABLE items ADD COLUMN note text;")
      .file("3_drop.sql",
            "-- pgsluice: phase=contract depends-on=2_items.sql\nALTER TABLE orders DROP COLUMN total;");
  applied("1_tables.sql", "1");
  EXPECT_THAT(held("3_drop.sql", {.release = "2"}),
              HasSubstr("release: it needs 2_items.sql in an earlier release than 2"));
  EXPECT_THAT(plan({}).files[2].rests_on, ::testing::ElementsAre("1_tables.sql", "2_items.sql"));
  applied("2_items.sql", "2");
  EXPECT_EQ(held("3_drop.sql", {.release = "3"}), "");
}

TEST_F(Order, AContractStepThatNamesAnotherWaitsForItsGate) {
  write_orders();
  file("4_more.sql", "-- pgsluice: phase=contract depends-on=3_drop.sql\nALTER TABLE orders DROP COLUMN id;");
  applied("1_orders.sql", "1").applied("2_cents.sql", "2");
  EXPECT_EQ(held("3_drop.sql", {.release = "3"}), "");
  EXPECT_THAT(held("4_more.sql", {.release = "3"}),
              HasSubstr("order: it needs 3_drop.sql applied before it"));
  applied("3_drop.sql", "3");
  EXPECT_EQ(held("4_more.sql", {.release = "3"}), "");
}

TEST_F(Order, AContractStepRestsOnWhatMadeWhatItTakesAway) {
  file("1_tables.sql", "CREATE TABLE orders (id bigint); CREATE TABLE items (id bigint);")
      .file("2_function.sql",
            "CREATE FUNCTION sync() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';")
      .file("3_items.sql", "ALTER TABLE items ADD COLUMN note text;")
      .file("4_drop.sql", "-- pgsluice: phase=contract\nDROP FUNCTION sync();");
  applied("1_tables.sql", "1").applied("2_function.sql", "1");
  EXPECT_THAT(plan({.release = "2"}).files[3].rests_on,
              ::testing::ElementsAre("2_function.sql", "3_items.sql"))
      << "and, as it touches no table, on all that comes with it";
}

TEST_F(Order, NobodyWaitsForWhatComesLater) {
  file("1_drop.sql", "-- pgsluice: phase=contract depends-on=2_items.sql\nDROP TABLE orders;")
      .file("2_items.sql", "CREATE TABLE items (id bigint);");
  const Plan refused = plan({});
  ASSERT_NE(refused.refusal(), nullptr);
  EXPECT_EQ(refused.refusal()->message, "depends on 2_items.sql, which comes after it");
}

TEST_F(Order, ARenamedTableStaysTheSame) {
  file("1_orders.sql", "CREATE TABLE orders (id bigint, total int);")
      .file("2_cents.sql", "ALTER TABLE orders ADD COLUMN cents bigint;")
      .file("3_rename.sql", "-- pgsluice: phase=contract\nALTER TABLE orders RENAME TO purchases;")
      .file("4_items.sql", "CREATE TABLE items (id bigint);")
      .file("5_drop.sql", "-- pgsluice: phase=contract\nALTER TABLE purchases DROP COLUMN total;");
  EXPECT_THAT(plan({}).files[4].rests_on, ::testing::ElementsAre("1_orders.sql", "2_cents.sql"));
}

TEST_F(Order, ATableUnderAnOldNameIsAnother) {
  file("1_orders.sql", "CREATE TABLE orders (id bigint, total int);")
      .file("2_rename.sql", "-- pgsluice: phase=contract\nALTER TABLE orders RENAME TO purchases;")
      .file("3_again.sql", "CREATE TABLE orders (id bigint);")
      .file("4_drop.sql", "-- pgsluice: phase=contract\nALTER TABLE purchases DROP COLUMN total;");
  applied("1_orders.sql", "1").applied("2_rename.sql", "2");
  EXPECT_FALSE(plan({.release = "3"}).files[3].new_relations) << "only the new table came with this release";
  EXPECT_EQ(plan({.release = "3"}).files[3].rests_on, std::vector<std::string>{"1_orders.sql"});
}

TEST_F(Order, AStepThatIsLateByNatureIsNoReasonToWarn) {
  write_orders();
  applied("1_orders.sql", "1").applied("2_cents.sql", "2");
  file("4_more.sql", "CREATE TABLE more (id bigint);").applied("4_more.sql", "3");
  EXPECT_THAT(plan({.release = "4"}).problems, IsEmpty());
}

TEST_F(Order, AStepThatComesLateKeepsWhatALaterFileHasMadeAgain) {
  write_orders();
  file("4_again.sql", "ALTER TABLE orders ADD COLUMN total numeric;");
  applied("1_orders.sql", "1").applied("2_cents.sql", "2").applied("4_again.sql", "3");
  EXPECT_THAT(held("3_drop.sql", {.release = "4"}),
              HasSubstr("4_again.sql, which comes after it, has made orders.total again"));
}

TEST_F(Order, AFunctionThatIsMadeAgainIsKept) {
  file("1_f.sql", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';")
      .file("2_drop.sql", "-- pgsluice: phase=contract\nDROP FUNCTION f();")
      .file("3_f.sql", "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT 2::text';");
  applied("1_f.sql", "1").applied("3_f.sql", "2");
  EXPECT_THAT(held("2_drop.sql", {.release = "3"}), HasSubstr("has made f() again"));
}

TEST_F(Order, WhatIsHeldBackKeepsLaterFilesFromItsNames) {
  write_orders();
  file("4_again.sql", "ALTER TABLE orders ADD COLUMN total numeric;");
  applied("1_orders.sql", "1");
  Plan held_back = plan({.release = "2"});
  keep_names_apart(held_back);
  ASSERT_NE(held_back.refusal(), nullptr);
  EXPECT_EQ(held_back.refusal()->path, "4_again.sql");
  EXPECT_EQ(held_back.refusal()->code, ExitCode::refused);
  applied("2_cents.sql", "2");
  Plan open = plan({.release = "3"});
  open.contract_last = true;
  keep_names_apart(open);
  EXPECT_EQ(open.refusal(), nullptr);
  EXPECT_FALSE(open.contract_last) << "the order of the files is the only one";
}

}  // namespace
}  // namespace pgsluice
