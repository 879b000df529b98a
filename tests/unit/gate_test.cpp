// SPDX-License-Identifier: Apache-2.0
// Evidence, policy and decision.

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/termination.hpp"
#include "gate/guard.hpp"
#include "gate/record.hpp"
#include "gate/sources.hpp"
#include "unit/fake_session.hpp"

namespace pgsluice {
namespace {

using std::chrono::hours;
using test::FakeServer;
using test::FakeSession;
using test::rows;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

PlannedFile file_of(const std::string& sql, const std::string& before = "") {
  static const EffectTable table = EffectTable::load({});
  static const RuleBook rules = RuleBook::load({});
  Catalog catalog;
  const auto analysed = [&](const std::string& text) {
    Migration migration{.id = "0007_drop.sql", .tool = "plain", .path = "0007_drop.sql", .sha256 = "f"};
    migration.source = {.path = "0007_drop.sql", .text = text};
    return analyse(std::move(migration), catalog, table, rules, {.pg_version = 17},
                   {.pg_version = 17, .today = "2026-01-01"});
  };
  if (!before.empty()) analysed(before);
  PlannedFile file;
  file.analysis = analysed(sql);
  return file;
}

constexpr const char* k_orders_table = "CREATE TABLE orders (id bigint, total int, \"Old Name\" int);";

std::vector<std::string> subjects(const std::string& sql) {
  const PlannedFile file = file_of("-- pgsluice: phase=contract\n" + sql, k_orders_table);
  std::vector<std::string> words;
  for (const GateSubject& subject : question_of(file).subjects) {
    words.push_back(subject.quoted() + " " + std::string(to_string(subject.change)));
  }
  return words;
}

TEST(GateQuestion, NamesWhatIsTakenAway) {
  EXPECT_THAT(subjects("ALTER TABLE orders DROP COLUMN total, DROP COLUMN \"Old Name\";"),
              ElementsAre("public.orders.total dropped", "public.orders.\"Old Name\" dropped"));
  EXPECT_THAT(subjects("DROP TABLE orders;"), ElementsAre("public.orders dropped"));
  EXPECT_THAT(subjects("ALTER TABLE orders RENAME total TO sum;"),
              ElementsAre("public.orders.total renamed"));
  EXPECT_THAT(subjects("ALTER TABLE orders ALTER total TYPE text;"),
              ElementsAre("public.orders.total altered"));
  EXPECT_THAT(subjects("ALTER TABLE orders ALTER total SET NOT NULL;"),
              ElementsAre("public.orders.total tightened"));
  EXPECT_THAT(subjects("CREATE INDEX i ON orders (id);"), IsEmpty());
  EXPECT_THAT(subjects("CREATE TABLE tmp (id int); DROP TABLE tmp;"), IsEmpty());
}

TEST(GateQuestion, DoesNotNameWhatNoStatementNames) {
  for (const char* sql :
       {"ALTER TABLE orders DROP CONSTRAINT k;", "ALTER TABLE orders RENAME CONSTRAINT k TO k2;",
        "ALTER TABLE orders OWNER TO other;", "ALTER TABLE orders ENABLE ROW LEVEL SECURITY;",
        "ALTER TABLE orders FORCE ROW LEVEL SECURITY;", "DROP POLICY p ON orders;",
        "REVOKE SELECT ON orders FROM app;", "ALTER TABLE part NO INHERIT orders;",
        "ALTER TABLE orders ALTER id SET GENERATED ALWAYS;", "DROP INDEX i;"}) {
    const std::string before = cat(k_orders_table, " ALTER TABLE orders ADD CONSTRAINT k UNIQUE (id);",
                                   " CREATE UNIQUE INDEX i ON orders (total); CREATE POLICY p ON orders;");
    const PlannedFile file = file_of(cat("-- pgsluice: phase=contract\n", sql), before.c_str());
    EXPECT_THAT(question_of(file).subjects, IsEmpty()) << sql;
  }
}

// ---- sessions ------------------------------------------------------------------------------------------------------

Evidence sessions(std::vector<std::vector<SqlValue>> answer, const std::vector<std::string>& roles = {}) {
  FakeServer server;
  server.answer("FROM pg_roles WHERE rolname", rows({{"t"}}));
  server.answer("pg_stat_activity", rows(std::move(answer)));
  FakeSession session(server);
  const PlannedFile file =
      file_of("-- pgsluice: phase=contract needs-app=checkout>=2.4.0\nDROP TABLE orders;");
  return session_source(session, roles).look(question_of(file)).at(0);
}

TEST(Sessions, OfAnOlderReleaseCloseTheGate) {
  EXPECT_EQ(sessions({{"checkout/2.4.0", "f", "3", "1", "shop", "f"},
                      {"checkout@v2.5", "f", "1", "2", "shop", "f"},
                      {"checkout/3.0.0.1", "f", "1", "3", "shop", "f"}})
                .verdict,
            Verdict::open);
  const Evidence old = sessions(
      {{"checkout-2.3.9", "f", "2", "4711", "shop", "f"}, {"checkout/2.4.0", "f", "1", "2", "shop", "f"}});
  EXPECT_EQ(old.verdict, Verdict::closed);
  EXPECT_EQ(old.words, "still connected: 2 sessions of checkout-2.3.9 (pid 4711); checkout>=2.4.0 is needed");
  EXPECT_EQ(OrderedJson::parse(old.detail)["application_names"]["checkout-2.3.9"], 2);
}

TEST(Sessions, ThatDoNotSayTheirVersionAreDoubt) {
  EXPECT_EQ(sessions({{"checkout", "f", "1", "1", "shop", "f"}}).verdict, Verdict::unknown);
  EXPECT_EQ(sessions({{"checkout/4f3c2b1", "f", "1", "1", "shop", "f"}}).verdict, Verdict::unknown);
  for (const char* place : {"checkout-3", "checkout/4711", "checkout@10.42.0.17"})
    EXPECT_EQ(sessions({{place, "f", "1", "1", "shop", "f"}}).verdict, Verdict::unknown) << place;
  const Evidence hidden = sessions({{"", "t", "2", "1", "shop", "f"}});
  EXPECT_EQ(hidden.verdict, Verdict::unknown);
  EXPECT_THAT(hidden.words, HasSubstr("GRANT pg_read_all_stats"));
}

TEST(Sessions, OfOtherApplicationsDoNotCount) {
  const Evidence others = sessions({{"checkout-worker-1.0", "f", "1", "1", "shop", "f"},
                                    {"checkouts/1.0", "f", "1", "2", "shop", "f"},
                                    {"psql", "f", "1", "3", "shop", "f"}});
  EXPECT_EQ(others.verdict, Verdict::open);
  EXPECT_THAT(others.words, HasSubstr("no session of checkout"));
  for (const char* name : {"PostgreSQL JDBC Driver", "bin/rails", "worker-1", "checkout worker", "report"})
    EXPECT_EQ(sessions({{name, "f", "1", "1", "shop", "f"}}).verdict, Verdict::unknown) << name;
}

TEST(Sessions, WithoutANameAreDoubt) {
  const Evidence nameless =
      sessions({{"", "f", "2", "7", "shop", "f"}, {"checkout/2.4.0", "f", "1", "8", "shop", "f"}});
  EXPECT_EQ(nameless.verdict, Verdict::unknown);
  EXPECT_EQ(
      nameless.words,
      "connected without a version that compares: 2 sessions of role shop without an application_name (pid "
      "7); "
      "application_name should be checkout/<version>, or say with --app-role which roles the application "
      "connects as");
  EXPECT_EQ(sessions({{"", "f", "1", "7", "postgres", "t"}}).verdict, Verdict::open) << "a superuser's tool";
}

TEST(Sessions, OfTheApplicationsRolesMustTellTheirVersion) {
  const std::vector<std::string> roles{"shop"};
  EXPECT_EQ(sessions({{"", "f", "1", "7", "reader", "f"}}, roles).verdict, Verdict::open);
  EXPECT_EQ(sessions({{"", "t", "1", "7", "reader", "f"}}, roles).verdict, Verdict::open)
      << "another's are no matter";
  EXPECT_EQ(sessions({{"", "t", "1", "7", "shop", "f"}}, roles).verdict, Verdict::unknown);
  EXPECT_EQ(sessions({{"pgsluice/0123", "f", "1", "7", "shop", "f"}}, roles).verdict, Verdict::open)
      << "its guard";
  EXPECT_EQ(sessions({{"psql", "f", "1", "7", "shop", "f"}}, roles).verdict, Verdict::unknown);
  const Evidence driver = sessions({{"PostgreSQL JDBC Driver", "f", "1", "7", "shop", "f"}}, roles);
  EXPECT_EQ(driver.verdict, Verdict::unknown);
  EXPECT_THAT(driver.words,
              AllOf(HasSubstr("1 session of PostgreSQL JDBC Driver (pid 7)"), Not(HasSubstr("--app-role"))));
  EXPECT_EQ(sessions({{"checkout/2.3.0", "f", "1", "7", "other", "f"}}, roles).verdict, Verdict::closed)
      << "whoever names the application is one of it";
}

TEST(Sessions, WithHostileNamesStayHarmless) {
  EXPECT_THAT(sessions({{"checkout/1\x1b[31m\n", "f", "1", "1", "shop", "f"}}).words, Not(HasSubstr("\x1b")));
}

// ---- time ----------------------------------------------------------------------------------------------------------

TEST(Freeze, IsAWindowOfEachWeekOrOfDates) {
  constexpr long long friday = 1'795'190'400;  // 2026-11-20 16:00 UTC, a Friday
  EXPECT_TRUE(is_frozen("Fri 16:00-Mon 08:00", friday));
  EXPECT_FALSE(is_frozen("Fri 16:00-Mon 08:00", friday - 1));
  EXPECT_TRUE(is_frozen("fri 16:00 - mon 08:00", friday + 63 * 3'600));
  EXPECT_FALSE(is_frozen("Fri 16:00-Mon 08:00", friday + 64 * 3'600));
  EXPECT_TRUE(is_frozen("2026-11-20/2026-11-20", friday));
  EXPECT_FALSE(is_frozen("2026-11-21/2026-11-22", friday));
  for (const char* text :
       {"", "Fri", "Fri 16:00", "Fri 1600-Mon 08:00", "Fri 16:61-Mon 08:00", "2026-11-21/2026-11-20"}) {
    EXPECT_THROW(expect_freeze(text), Error) << text;
  }
}

Evidence soak(const GateMemory& memory, Verdict sessions_now = Verdict::open) {
  PlannedFile file = file_of("-- pgsluice: phase=contract soak=24h\nDROP TABLE orders;");
  file.rests_on = {"0001_expand.sql"};
  const std::vector<Evidence> seen{{.provider = "sessions", .subject = "a>=1", .verdict = sessions_now}};
  return soak_evidence(question_of(file), seen, memory, {}).value();
}

TEST(Soak, CountsFromTheExpandStepAndFromTheFirstTimeThatAllElseWasOpen) {
  GateMemory memory;
  memory.applied_for["0001_expand.sql"] = hours(30);
  EXPECT_EQ(soak(memory).verdict, Verdict::closed) << "sessions are looked at for the first time";
  memory.rows[{"0007_drop.sql", "sessions", "a>=1"}] = {.verdict = Verdict::open, .lasts = hours(25)};
  EXPECT_EQ(soak(memory).verdict, Verdict::open);
  EXPECT_EQ(soak(memory, Verdict::closed).verdict, Verdict::closed);
  memory.applied_for["0001_expand.sql"] = hours(3);
  EXPECT_EQ(soak(memory).words, "of 24h, 3h have passed since 0001_expand.sql was applied");
  memory.applied_for.clear();
  EXPECT_EQ(soak(memory).verdict, Verdict::closed);
}

// ---- policy ----------------------------------------------------------------------------------------------------------

TEST(Policy, WhatIsRequiredMustBeThereAndWhatIsOptionalHoldsNothing) {
  const PlannedFile file = file_of("-- pgsluice: phase=contract\nDROP TABLE orders;");
  const GateQuestion question = question_of(file);
  const std::vector<Evidence> unknown{
      {.provider = "sessions", .subject = {}, .verdict = Verdict::unknown, .words = "w"}};
  EXPECT_EQ(decide(question, unknown, {}).verdict, Verdict::closed);
  EXPECT_EQ(decide(question, unknown, {}).words, "sessions: w");
  GatePolicy policy;
  policy.requirements["sessions"] = Requirement::optional;
  EXPECT_EQ(decide(question, unknown, policy).verdict, Verdict::open);
  EXPECT_EQ(decide(question, {}, {}).verdict, Verdict::open);
  policy.requirements["rollout"] = Requirement::required;
  const GateDecision missing = decide(question, {}, policy);
  EXPECT_EQ(missing.verdict, Verdict::closed);
  EXPECT_THAT(missing.words,
              HasSubstr("requires evidence of rollout, and there is none: run in a pod or name --kube-api"));
}

TEST(Policy, AnIgnoredSourceIsNotAsked) {
  const PlannedFile file = file_of("-- pgsluice: phase=contract\nDROP TABLE orders;");
  int asked = 0;
  const std::vector<EvidenceSource> sources{{.provider = "rollout", .look = [&asked](const GateQuestion&) {
                                               ++asked;
                                               return std::vector<Evidence>(1);
                                             }}};
  GatePolicy policy;
  EXPECT_EQ(gather(question_of(file), sources, policy).size(), 1U);
  policy.requirements["rollout"] = Requirement::ignored;
  EXPECT_THAT(gather(question_of(file), sources, policy), IsEmpty());
  EXPECT_EQ(asked, 1);
}

TEST(Policy, AnApprovalIsOfOneText) {
  const PlannedFile file = file_of("-- pgsluice: phase=contract\nDROP TABLE orders;");
  GatePolicy policy;
  GateMemory memory;
  EXPECT_THAT(approval_source(memory, policy).look(question_of(file)), IsEmpty());
  policy.requirements["approval"] = Requirement::required;
  memory.approvals[{"0007_drop.sql", "another text"}] = "ann";
  EXPECT_EQ(approval_source(memory, policy).look(question_of(file)).at(0).verdict, Verdict::closed);
  memory.approvals[{"0007_drop.sql", "f"}] = "ann: CHG-4711";
  const Evidence given = approval_source(memory, policy).look(question_of(file)).at(0);
  EXPECT_EQ(given.verdict, Verdict::open);
  EXPECT_EQ(given.words, "approved by ann: CHG-4711");
}

// ---- guard ---------------------------------------------------------------------------------------------------------

TEST(Guard, RefusesAReleaseThatIsTooOldForWhatIsDone) {
  const SchemaDemands done{.done = {{.migration = "7.sql", .needs_app = "checkout>=2.4.0"}}, .brought = {}};
  EXPECT_EQ(why_too_old(done, "checkout", "2.4.0"), std::nullopt);
  EXPECT_EQ(why_too_old(done, "checkout", "2.3.9"),
            "checkout 2.3.9 is too old for this schema: 7.sql is done, and needs checkout>=2.4.0");
  EXPECT_EQ(why_too_old(done, "checkout", ""), std::nullopt);
  EXPECT_EQ(why_too_old(done, "billing", "1.0"), std::nullopt);
  EXPECT_NE(why_too_old(done, "", "2.3.9"), std::nullopt) << "there is only one application";
  EXPECT_NE(why_too_old(done, "checkout", "4f3c2b1"), std::nullopt) << "what cannot be compared does not fit";
  const SchemaDemands two{.done = {{.migration = "7.sql", .needs_app = "checkout>=2.4.0"},
                                   {.migration = "8.sql", .needs_app = "billing>=7"}},
                          .brought = {}};
  EXPECT_THROW(why_too_old(two, "", "2.3.9"), Error) << "of which of them?";
  EXPECT_NE(why_too_old(two, "billing", "6"), std::nullopt);
}

TEST(Guard, OfCommitsThoseThatWereBroughtBeforeAreTooOld) {
  const SchemaDemands demands{
      .done = {{.migration = "7.sql", .needs_app = "checkout>=beef002", .rests_on = {"6.sql"}}},
      .brought = {{.app = "checkout", .release = "f00d001", .at = 1},
                  {.app = "billing", .release = "cafe003", .at = 2},
                  {.app = "checkout", .release = "beef002", .at = 3}}};
  EXPECT_NE(why_too_old(demands, "checkout", "f00d001"), std::nullopt);
  EXPECT_EQ(why_too_old(demands, "checkout", "beef002"), std::nullopt);
  EXPECT_NE(why_too_old(demands, "checkout", "cafe003"), std::nullopt) << "that was billing's";
  EXPECT_NE(why_from_before(demands, "checkout", "cafe003", {"5.sql", "6.sql"}), std::nullopt);
  EXPECT_EQ(why_from_before(demands, "checkout", "cafe003", {"6.sql", "7.sql"}), std::nullopt)
      << "it may be new";
  EXPECT_EQ(why_from_before(demands, "checkout", "cafe003", {"all.sql"}), std::nullopt) << "put together";
  EXPECT_EQ(why_from_before(demands, "checkout", "beef002", {"6.sql"}), std::nullopt) << "it is known";
}

TEST(Guard, WhatNeededOneReleaseLetsLaterOnesStart) {
  const SchemaDemands demands{.done = {{.migration = "7.sql", .needs_app = "checkout=2.4.0"}}, .brought = {}};
  EXPECT_EQ(why_too_old(demands, "checkout", "2.4.1"), std::nullopt);
  EXPECT_NE(why_too_old(demands, "checkout", "2.3.9"), std::nullopt);
}

// ---- what a step needs that does not say it ----------------------------------------------------------------------------

class Implied : public ::testing::Test {
 public:
  std::string need(const std::string& app, const std::string& release,
                   const std::set<std::string>& apps = {}) {
    const ImpliedNeed implied = implied_need(file, ledger, {.app = app, .release = release}, apps);
    EXPECT_NE(implied.need.has_value(), !implied.why_not.empty());
    return implied.need ? to_string(*implied.need) : implied.why_not;
  }
  void held(const std::string& release, const std::string& app, const std::string& fingerprint = "text") {
    ledger.migrations["0007_drop.sql"] = {
        .id = "0007_drop.sql", .fingerprint = fingerprint, .release = release, .app = app};
  }
  Implied() { file.fingerprint = "text"; }
  PlannedFile file = file_of("-- pgsluice: phase=contract\nDROP TABLE orders;");
  Ledger ledger;
};

TEST_F(Implied, IsTheReleaseThatTheFileHasComeWith) {
  EXPECT_EQ(need("checkout", "3"), "checkout>=3") << "it comes now";
  held("2.5", "");
  EXPECT_EQ(need("checkout", "3"), "checkout>=2.5");
  held("2.5", "", "another text");
  EXPECT_EQ(need("checkout", "3"), "checkout>=3") << "it has been changed since";
  held("", "");
  EXPECT_THAT(need("checkout", "3"), HasSubstr("nobody has said which release has brought 0007_drop.sql"));
}

TEST_F(Implied, IsOfOneApplication) {
  held("2", "checkout");
  EXPECT_EQ(need("", "3"), "checkout>=2") << "the ledger knows";
  EXPECT_THAT(need("billing", "3"),
              HasSubstr("billing and checkout have all brought what 0007_drop.sql rests on"));
  EXPECT_THAT(need("checkout", "3", {"billing"}), HasSubstr("billing and checkout"));
  ledger.migrations.clear();
  EXPECT_THAT(need("", "3"), HasSubstr("--app"));
}

TEST(Fits, CommitsByTheOrderOfTheLedger) {
  const AppNeed need{.app = "checkout",
                     .comparison = ">=",
                     .version = "f00d001",
                     .order = {"beef002", "f00d001", "2.0.0", "cafe003"},
                     .unfit = {"2.0.0"}};
  EXPECT_EQ(fits("beef002", need), Verdict::closed);
  EXPECT_EQ(fits("f00d001", need), Verdict::open);
  EXPECT_EQ(fits("f00d001aaaa", need), Verdict::open) << "the same";
  EXPECT_EQ(fits("cafe003", need), Verdict::open);
  EXPECT_EQ(fits("2.0.0", need), Verdict::closed) << "it has come without what the step rests on";
  EXPECT_EQ(fits("0000000", need), Verdict::unknown);
}

TEST(Bundle, DependsOnNamesAndContents) {
  const std::vector<Migration> one{{.id = "a", .sha256 = "1"}, {.id = "b", .sha256 = "2"}};
  const std::vector<Migration> other{{.id = "a", .sha256 = "1"}, {.id = "c", .sha256 = "2"}};
  EXPECT_EQ(bundle_digest(one), bundle_digest(one));
  EXPECT_NE(bundle_digest(one), bundle_digest(other));
  EXPECT_THAT(bundle_digest(one), ::testing::StartsWith("sha256:"));
}

// ---- termination message ---------------------------------------------------------------------------------------------

TEST(Termination, IsShortHarmlessAndWithoutSecrets) {
  const std::string text = cli::termination_text(
      "hook presync: exit 15: cannot use postgresql://app:hunter2@db/shop\x1b[31m", {"", "held: a\nb"});
  EXPECT_THAT(text, Not(HasSubstr("hunter2")));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  const std::string full = cli::termination_text("first", std::vector<std::string>(2'000, "ü"));
  EXPECT_LE(full.size(), cli::k_longest_termination);
  EXPECT_TRUE(full.ends_with("\n") || full.ends_with("ü"));
}

TEST(Termination, DoesNotShowTheRowsOfADetail) {
  RunReport report{.code = ExitCode::data_violation,
                   .message = "a.sql:1:1: duplicate (Key (email)=(ann@example.org))"};
  StepReport step;
  step.failure = StatementFailure{
      .path = "a.sql",
      .position = {.line = 1, .column = 1},
      .error = {.sqlstate = "23505", .message = "duplicate", .detail = "Key (email)=(ann@example.org)"}};
  report.steps.push_back(step);
  EXPECT_EQ(cli::first_words(report), "exit 17: a.sql:1:1: duplicate [SQLSTATE 23505]");
}

}  // namespace
}  // namespace pgsluice
