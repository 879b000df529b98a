// SPDX-License-Identifier: Apache-2.0
// Plans with prices: how much work a lock may be held for, who waits, and what has moved since.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/quantity.hpp"
#include "base/sha256.hpp"
#include "pgsluice/forecast.hpp"

namespace pgsluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr double k_gigabyte = 1024.0 * 1024 * 1024;

Plan planned(const std::string& sql) {
  static const EffectTable table = EffectTable::load({});
  static const RuleBook rules = RuleBook::load({});
  Catalog catalog;
  Migration migration{
      .id = "0001.sql", .tool = "plain", .path = "0001.sql", .sha256 = sha256_hex(sql), .source = {}};
  migration.source = {.path = "0001.sql", .text = sql};
  std::vector<FileAnalysis> files;
  files.push_back(analyse(std::move(migration), catalog, table, rules, {.pg_version = 17},
                          {.pg_version = 17, .runner_sets_lock_timeout = true, .today = "2026-01-01"}));
  return make_plan(std::move(files), {}, {});
}

Plan judged(const std::string& sql, const RelationStates& states) {
  Plan plan = planned(sql);
  refuse_large_work(plan, states, k_gigabyte);
  return plan;
}

const RelationName k_orders{"public", "orders"};
const RelationStates k_large{{k_orders, {.oid = 7, .rows = 1e7, .bytes = 3.2 * k_gigabyte}}};

// ---- policy ------------------------------------------------------------------------------------------------------------

TEST(Forecast, RefusesLongWorkUnderALockThatKeepsTheApplicationOut) {
  const Plan writes = judged("CREATE INDEX i ON orders (note);", k_large);
  ASSERT_NE(writes.refusal(), nullptr);
  EXPECT_EQ(writes.refusal()->code, ExitCode::refused);
  EXPECT_THAT(writes.refusal()->message, HasSubstr("public.orders (3.2 GB), and more than 1 GB"));
  EXPECT_THAT(writes.refusal()->hint, HasSubstr("--max-locked-size"));
  EXPECT_THAT(judged("ALTER TABLE orders ADD CHECK (id > 0);", k_large).refusal()->message,
              HasSubstr("blocks-reads-during-work"));
}

TEST(Forecast, DoesNotMindShortWorkSmallTablesNewTablesAndConcurrentBuilds) {
  for (const char* sql :
       {"ALTER TABLE orders ADD COLUMN x int;", "CREATE TABLE t (x int); CREATE INDEX i ON t (x);",
        "-- pgsluice: transaction=off\nCREATE INDEX CONCURRENTLY i ON orders (note);",
        "ALTER TABLE orders ADD CHECK (id > 0) NOT VALID;"}) {
    EXPECT_EQ(judged(sql, k_large).refusal(), nullptr) << sql;
  }
  EXPECT_EQ(
      judged("CREATE INDEX i ON orders (note);", {{k_orders, {.oid = 7, .bytes = k_gigabyte}}}).refusal(),
      nullptr);
}

TEST(Forecast, CountsTheWorkOfAStatementThatRunsWhileAnEarlierLockIsHeld) {
  const Plan plan =
      judged("ALTER TABLE users ADD COLUMN x int;\nALTER TABLE orders VALIDATE CONSTRAINT c;\n", k_large);
  ASSERT_NE(plan.refusal(), nullptr);
  EXPECT_THAT(plan.refusal()->message, HasSubstr("lock-held-across-statements"));
}

TEST(Forecast, ADirectiveAllowsItWithAReasonOnly) {
  EXPECT_EQ(judged("-- pgsluice: allow blocks-writes-during-work because \"at night\"\nCREATE INDEX i ON "
                   "orders (note);",
                   k_large)
                .refusal(),
            nullptr);
  EXPECT_NE(judged("-- pgsluice: allow blocks-writes-during-work\nCREATE INDEX i ON orders (note);", k_large)
                .refusal(),
            nullptr);
  EXPECT_NE(judged("-- pgsluice: allow blocks-writes-during-work until=2020-01-01 because \"x\"\n"
                   "CREATE INDEX i ON orders (note);",
                   k_large)
                .refusal(),
            nullptr);
}

// ---- prices ------------------------------------------------------------------------------------------------------------

TEST(Forecast, ALockIsHeldWhileLaterStatementsWork) {
  const Plan alone = planned("ALTER TABLE users ADD COLUMN x int;");
  const Plan before_work = planned("ALTER TABLE users ADD COLUMN x int;\nCREATE INDEX i ON orders (note);");
  EXPECT_EQ(forecast_steps(alone, {}).front().meanwhile.front().hold, Hold::instant);
  const auto steps = forecast_steps(before_work, {});
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps.front().meanwhile.front().mode, LockMode::AccessExclusive);
  EXPECT_EQ(steps.front().meanwhile.front().hold, Hold::work);
}

TEST(Forecast, DirectivesGoBeforeTheBudgetsOfTheRun) {
  const Plan plan = planned("-- pgsluice: lock-timeout=50ms\nALTER TABLE orders ADD COLUMN x int;");
  const ForecastStep step =
      forecast_steps(plan, {.lock_timeout = milliseconds(200), .lock_budget = milliseconds(7)}).front();
  EXPECT_EQ(step.lock_timeout, milliseconds(50));
  EXPECT_EQ(step.lock_budget, milliseconds(7));
}

// ---- what it rests on ----------------------------------------------------------------------------------------------

PlanBasis basis() {
  return {.system_identifier = "7",
          .database = "shop",
          .schemas = {"public"},
          .files = {{"0001.sql", "a"}},
          .steps = {"0001.sql#1"},
          .catalog_read = true,
          .relations = {{"public.orders", {.oid = 7, .definition = "d"}}}};
}

TEST(Forecast, SaysWhatHasMoved) {
  EXPECT_THAT(what_moved(basis(), basis()), IsEmpty());
  PlanBasis now = basis();
  now.relations["public.orders"].oid = 8;
  EXPECT_THAT(what_moved(basis(), now),
              ElementsAre("the relation public.orders has been dropped and made again"));
  now = basis();
  now.schemas = {"app", "public"};
  EXPECT_THAT(what_moved(basis(), now),
              ElementsAre("unqualified names led to public, and now to app, public"));
  now = basis();
  now.steps = {"0002.sql#1"};
  EXPECT_THAT(what_moved(basis(), now), ElementsAre("the step 0001.sql#1 is no longer pending",
                                                    "the step 0002.sql#1 is pending, and was not"));
  now = basis();
  now.catalog_read = false;
  EXPECT_THAT(what_moved(basis(), now), ElementsAre(HasSubstr("could not be read now")));
  now = basis();
  now.system_identifier = "8";
  EXPECT_THAT(what_moved(basis(), now), ElementsAre(HasSubstr("the plan is for database shop")));
  now.system_identifier = "";
  EXPECT_THAT(what_moved(basis(), now), IsEmpty()) << "a role that may not see it";
}

TEST(Forecast, ReadsAPlanStrictly) {
  EXPECT_THROW((void)parse_basis("{}", "p.json"), Error);
  EXPECT_THROW((void)parse_basis("[", "p.json"), Error);
  EXPECT_THROW((void)parse_basis(R"({"schema": 2, "basis": {}, "steps": []})", "p.json"), Error);
  EXPECT_THROW((void)parse_basis(R"({"schema": 1, "basis": {"database": 7}, "steps": []})", "p.json"), Error);
  const PlanBasis read = parse_basis(
      R"({"schema": 1, "steps": [], "later": 1, "basis": {"system_identifier": "7", "database": "shop",
          "schemas": ["public"], "files": {"0001.sql": "a"}, "steps": ["0001.sql#1"], "catalog_read": true,
          "relations": {"public.orders": {"oid": 7, "definition": "d"}}}})",
      "p.json");
  EXPECT_THAT(what_moved(read, basis()), IsEmpty());
}

// ---- quantities --------------------------------------------------------------------------------------------------------

TEST(Quantity, BytesAreWrittenAndReadInUnitsOf1024) {
  EXPECT_EQ(byte_words(3.2 * k_gigabyte), "3.2 GB");
  EXPECT_EQ(byte_words(0), "0 B");
  EXPECT_EQ(parse_bytes("1GB"), k_gigabyte);
  EXPECT_EQ(parse_bytes("64 kb"), 65'536);
  EXPECT_EQ(parse_bytes("0"), 0);
  for (const char* wrong : {"", "GB", "1XB", "-1GB", "1.5GB"})
    EXPECT_EQ(parse_bytes(wrong), std::nullopt) << wrong;
}

TEST(Forecast, SaysWhomAPolicyWouldMeetAndWhen) {
  const BlockerPolicy policy{.cancel_after = milliseconds(10'000),
                             .terminate_after = milliseconds(60'000),
                             .roles = {"reports"},
                             .applications = {}};
  Blocker blocker{.pid = 7, .user = "reports", .state = "active", .backend_type = "client backend"};
  EXPECT_EQ(threat_to(policy, blocker).eviction, Eviction::none) << "its age is hidden from us";
  blocker.age = milliseconds(2'000);
  EXPECT_EQ(threat_to(policy, blocker).eviction, Eviction::cancel);
  EXPECT_EQ(threat_to(policy, blocker).from, milliseconds(10'000));
  blocker.age = milliseconds(20'000);
  EXPECT_EQ(threat_to(policy, blocker).eviction, Eviction::cancel);
  EXPECT_EQ(threat_to(policy, blocker).from, std::nullopt);
  blocker.state = "idle in transaction";
  EXPECT_EQ(threat_to(policy, blocker).eviction, Eviction::terminate);
  EXPECT_EQ(threat_to(policy, blocker).from, milliseconds(60'000));
  blocker.superuser = true;
  EXPECT_EQ(threat_to(policy, blocker).eviction, Eviction::none);
  blocker.superuser = false;
  blocker.user = "checkout";
  EXPECT_EQ(threat_to(policy, blocker).eviction, Eviction::none);
}

}  // namespace
}  // namespace pgsluice
