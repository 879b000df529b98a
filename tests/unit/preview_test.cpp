// SPDX-License-Identifier: Apache-2.0
// Prediction beside observation: that preview can say no.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "preview/compare.hpp"
#include "preview/held.hpp"
#include "preview/programs.hpp"
#include "report/html.hpp"
#include "report/preview.hpp"
#include "support/analysis.hpp"
#include "support/schema.hpp"

namespace pgsluice {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class PreviewOfAStatement : public ::testing::Test {
 protected:
  /// Predicts `sql` on a table t that an earlier file made, and lets the server have seen this of it.
  std::vector<Difference> differences(const std::string& sql, const Observation& observed,
                                      const HeldLocks& held = {}, Unseen unseen = Unseen::may_be) {
    constexpr int k_version = 18;
    Catalog catalog;
    test::analyse_sql(
        "CREATE TABLE t (a int); CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);"
        "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); CREATE TABLE ref (p_id int REFERENCES "
        "p);",
        "0.sql", k_version, catalog);
    file = test::analyse_sql(sql, "1.sql", k_version, catalog);
    return compare(file.effects.front(), file.script.statements.front(), observed, held, unseen);
  }
  static Observation locked(LockMode mode) {
    Observation observed;
    observed.locks["public.t"] = {.mode = mode};
    return observed;
  }

  FileAnalysis file;
};

TEST_F(PreviewOfAStatement, AgreesWithWhatWasPredicted) {
  EXPECT_THAT(differences("ALTER TABLE t ADD b int", locked(LockMode::AccessExclusive)), IsEmpty());
}

TEST_F(PreviewOfAStatement, AStrongerLockIsUnderPredicted) {
  const auto found = differences("COMMENT ON TABLE t IS 'x'", locked(LockMode::AccessExclusive));
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_TRUE(found.front().under);
  EXPECT_EQ(found.front().what, "lock of public.t");
  EXPECT_EQ(found.front().predicted, "ShareUpdateExclusiveLock");
  EXPECT_EQ(found.front().observed, "AccessExclusiveLock");
}

TEST_F(PreviewOfAStatement, AWeakerLockAndNoneAtAllAreOverPredicted) {
  for (const Observation& observed : {locked(LockMode::AccessShare), Observation()}) {
    const auto found = differences("ALTER TABLE t ADD b int", observed);
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_FALSE(found.front().under);
  }
}

TEST_F(PreviewOfAStatement, WhatTheTransactionHoldsAlreadyNeedNotBeTakenAgain) {
  const HeldLocks held{{"public.t", {LockMode::AccessExclusive}}};
  EXPECT_THAT(differences("ALTER TABLE t ADD b int", {}, held), IsEmpty());
  EXPECT_THAT(differences("COMMENT ON TABLE t IS 'x'", {}, held), SizeIs(1));  // that is another mode
}

/// Which nobody else can open, so that CONCURRENTLY does without.
TEST_F(PreviewOfAStatement, OfATemporaryTableAStatementThatRunsAloneTakesBothLocks) {
  Catalog catalog;
  test::analyse_sql("CREATE TEMP TABLE tt (a int);", "0.sql", 18, catalog);
  file = test::analyse_sql("CREATE INDEX CONCURRENTLY i ON tt (a);", "1.sql", 18, catalog);
  Observation observed{.scans = {"pg_temp.tt"}, .index_builds = {"pg_temp.i"}, .sampled = true};
  observed.locks["pg_temp.tt"] = {.mode = LockMode::Share};
  EXPECT_THAT(compare(file.effects.front(), file.script.statements.front(), observed, {}, Unseen::may_be),
              IsEmpty());
}

TEST_F(PreviewOfAStatement, ALockThatWasLookedForNowAndThenMayHaveBeenMissed) {
  Observation sampled;
  sampled.sampled = true;
  EXPECT_THAT(differences("VACUUM t", sampled), IsEmpty());
  EXPECT_THAT(differences("VACUUM t", sampled, {}, Unseen::differs), SizeIs(1));
  sampled.locks["public.t"] = {.mode = LockMode::AccessExclusive};
  EXPECT_THAT(differences("VACUUM (TRUNCATE false) t", sampled), SizeIs(1));
}

TEST_F(PreviewOfAStatement, CodeThatNobodyCanForeseeContradictsNothing) {
  const std::string code =
      "DO $$ DECLARE n text; BEGIN SELECT a::text INTO n FROM t;"
      "EXECUTE 'CREATE TABLE made_' || n || ' (a int)'; END $$";
  Observation made;
  made.locks["public.made_1"] = {.mode = LockMode::AccessExclusive, .is_new = true};
  EXPECT_THAT(differences(code, made), IsEmpty());
  EXPECT_THAT(differences(code, made, {}, Unseen::differs), Not(IsEmpty()));
  std::set<std::string> unforeseen;
  note_unforeseen(file.effects.front(), made, unforeseen);
  EXPECT_THAT(unforeseen, testing::ElementsAre("public.made_1"));

  Observation later = locked(LockMode::AccessExclusive);
  later.locks["public.made_1"] = {.mode = LockMode::AccessExclusive};
  EXPECT_THAT(differences("ALTER TABLE t ADD b int", later), SizeIs(1));
  EXPECT_THAT(
      compare(file.effects.front(), file.script.statements.front(), later, {}, Unseen::may_be, unforeseen),
      IsEmpty());
}

/// Nobody foresees whether the end of a table is empty.
TEST_F(PreviewOfAStatement, AVacuumMayGiveAnEmptyEndBack) {
  Observation sampled = locked(LockMode::AccessExclusive);
  sampled.sampled = true;
  EXPECT_THAT(differences("VACUUM t", sampled), IsEmpty());
  EXPECT_THAT(differences("VACUUM t", sampled, {}, Unseen::differs), SizeIs(1));
  EXPECT_THAT(differences("ANALYZE t", locked(LockMode::AccessExclusive)), SizeIs(1));
}

/// The check of what refers to it is a join: of an empty table there, nothing of the partition is read.
TEST_F(PreviewOfAStatement, ADetachedPartitionNeedNotBeRead) {
  Observation observed;
  const auto scans_of = [&](Unseen unseen) {
    auto found = differences("ALTER TABLE p DETACH PARTITION p1", observed, {}, unseen);
    std::erase_if(found, [](const Difference& one) { return one.what != "scans"; });
    return found;
  };
  EXPECT_THAT(scans_of(Unseen::may_be), IsEmpty());
  EXPECT_THAT(scans_of(Unseen::differs), SizeIs(1));
  observed.scans = {"public.p"};
  EXPECT_THAT(scans_of(Unseen::may_be), SizeIs(1)) << "more than was predicted";
}

TEST_F(PreviewOfAStatement, ARelationThatNobodyNamedIsUnderPredicted) {
  Observation observed = locked(LockMode::AccessExclusive);
  observed.locks["public.other"] = {.mode = LockMode::AccessShare};
  const auto found = differences("ALTER TABLE t ADD b int", observed);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_TRUE(found.front().under);
}

TEST_F(PreviewOfAStatement, WorkIsComparedByName) {
  Observation observed = locked(LockMode::AccessExclusive);
  observed.rewrites.insert("public.t");
  const auto found = differences("ALTER TABLE t ADD b int", observed);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found.front().what, "rewrites");
  EXPECT_TRUE(found.front().under);
}

TEST_F(PreviewOfAStatement, ADifferenceIsShownAndCanBeReported) {
  Preview preview{.server = "PostgreSQL 18.1", .files = {}, .roles = {}};
  PreviewedStatement statement;
  statement.observed = locked(LockMode::AccessExclusive);
  statement.differences = differences("COMMENT ON TABLE t IS 'x'", statement.observed);
  PlannedStatement planned;
  planned.range = file.script.statements.front().range;
  statement.planned = &planned;
  statement.predicted = &file.effects.front();
  preview.files.push_back({.analysis = &file, .history = false, .statements = {statement}});
  EXPECT_EQ(preview.disagreements(), 1U);
  EXPECT_EQ(preview_summary(preview), "1 statement on PostgreSQL 18.1, 1 not as predicted");
  EXPECT_THAT(
      to_text(to_document(preview, PreviewOrder::terminal), 100, Painter(false)),
      AllOf(HasSubstr("no  COMMENT ON TABLE t"), HasSubstr("ACCESS EXCLUSIVE on public.t"),
            HasSubstr("predicted lock of public.t: ShareUpdateExclusiveLock, not AccessExclusiveLock")));
  EXPECT_THAT(
      to_markdown(report_of(preview.files.front(), preview.files.front().statements.front(), preview)),
      AllOf(HasSubstr("PostgreSQL 18.1"), HasSubstr("COMMENT ON TABLE t IS 'x'"),
            HasSubstr("| lock of public.t | ShareUpdateExclusiveLock | AccessExclusiveLock |")));
  EXPECT_THAT(to_html(to_document(preview, PreviewOrder::page)), HasSubstr("Please report it where"));
}

TEST_F(PreviewOfAStatement, SaysWhatItWouldTakeAndWhatIsNotKnown) {
  differences("ALTER TABLE t ALTER a TYPE bigint", {});
  PlannedStatement planned;
  planned.range = file.script.statements.front().range;
  PreviewedStatement statement{.planned = &planned, .predicted = &file.effects.front()};
  statement.observed.wal_bytes = 2 << 20;
  statement.in_production = Extrapolation{
      .rows = 1e6, .measured_rows = 1e4, .ms = 5000, .peak_bytes = 3.0 * (1 << 30), .wal_bytes = 2e8};
  PreviewedStatement unknown{.planned = &planned, .predicted = &file.effects.front()};
  unknown.rows_unknown = {"public.a", "public.b"};
  Preview preview{.server = "PostgreSQL 18.1", .files = {}, .roles = {}};
  preview.files.push_back({.analysis = &file, .history = false, .statements = {statement, unknown}});
  for (const std::string& text : {to_text(to_document(preview, PreviewOrder::terminal), 140, Painter(false)),
                                  to_markdown(to_document(preview, PreviewOrder::page))})
    EXPECT_THAT(text, AllOf(HasSubstr("writes 2 MB of WAL"),
                            HasSubstr("at 1 million rows: about 5 s, 3 GB of disk, 191 MB of WAL"),
                            HasSubstr("not known, for their number is not"), HasSubstr("how many rows "),
                            HasSubstr(" have: run ANALYZE there")));
}

/// Four parts of 500 ms each: only what somebody would notice is drawn, below the locks of the same moments.
TEST_F(PreviewOfAStatement, DrawsLocksAndSlowQueriesOnOneAxis) {
  differences("COMMENT ON TABLE t IS 'x'", {});
  PlannedStatement planned;
  planned.range = file.script.statements.front().range;
  PreviewedStatement statement;
  statement.planned = &planned;
  statement.predicted = &file.effects.front();
  Preview preview;
  preview.files.push_back({.analysis = &file, .history = false, .statements = {statement}});
  const LoadedLock queued{
      .relation = "public.t", .queued = true, .statement = 0, .from_ms = 0, .until_ms = 1000};
  const LoadedLock held{.relation = "public.t", .statement = 0, .from_ms = 1000, .until_ms = 1500};
  LoadedRun naive{.locks = {queued, held}, .latency_ms = {1500, 1000, 300, 99}};
  naive.statements = {{.error = {}}};
  preview.load = Load{.queries = {{.name = "reads public.t", .sql = "SELECT 1"}},
                      .clients = 1,
                      .axis_ms = 2000,
                      .runs = {naive, {.gated = true, .latency_ms = {1, 2, 3, 4}}}};
  const std::string text = to_text(to_document(preview, PreviewOrder::terminal), 100, Painter(false));
  EXPECT_THAT(text, AllOf(HasSubstr("1 client sends 1 query"),
                          HasSubstr("naive: 0 queries waited; gated: 0 queries waited")));
  constexpr int k_quarter = 15;
  const auto quarters = [](std::string_view a, std::string_view b, std::string_view c, std::string_view d) {
    std::string bar;
    for (const std::string_view one : {a, b, c, d}) {
      for (int i = 0; i < k_quarter; ++i) bar += one;
    }
    return bar;
  };
  EXPECT_THAT(text, HasSubstr(cat("  public.t       ", quarters("░", "░", "█", "·"), "  1500 ms\n")));
  EXPECT_THAT(text, HasSubstr(cat("  slowest query  ", quarters("█", "█", "▒", "·"), "  1500 ms\n")));
  EXPECT_THAT(text, HasSubstr(cat("  slowest query  ", quarters("·", "·", "·", "·"), "  4.0 ms\n")));
  EXPECT_THAT(to_html(to_document(preview, PreviewOrder::page)),
              HasSubstr("title=\"queued for ACCESS EXCLUSIVE for 1000 ms: COMMENT ON"));
}

/// ALTER TABLE u took its lock first; what is done to t comes second, and takes the half of the time.
TEST_F(PreviewOfAStatement, DrawsWhenTheRowsAreWorkedThrough) {
  differences("ALTER TABLE t ALTER a TYPE bigint", {});
  PlannedStatement planned;
  planned.range = file.script.statements.front().range;
  PreviewedStatement first{.planned = &planned, .predicted = &file.effects.front()};
  first.observed = locked(LockMode::AccessExclusive);
  first.observed.locks["public.u"] = {.mode = LockMode::Share};
  first.observed.ms = 10;
  first.released_ms = 40;
  PreviewedStatement second = first;
  second.begin_ms = 10;
  second.observed.locks = {{"public.t", {.mode = LockMode::AccessExclusive, .held_since = 0}}};
  second.observed.rewrites = {"public.t"};
  second.observed.indexed = {"public.u", "public.elsewhere"};
  second.observed.ms = 20;
  Preview preview{.server = "PostgreSQL 18.1", .files = {}, .roles = {}};
  preview.files.push_back({.analysis = &file, .history = false, .statements = {first, second}});
  const auto times = [](std::string_view part, int count) {
    std::string all;
    for (int i = 0; i < count; ++i) all += part;
    return all;
  };
  const std::string text = to_text(to_document(preview, PreviewOrder::terminal), 100, Painter(false));
  EXPECT_THAT(text, AllOf(HasSubstr(cat("public.t  ", times("█", 15), times("▓", 30), times("█", 15))),
                          HasSubstr(cat("public.u  ", times("▒", 15), times("▚", 30), times("▒", 15))),
                          HasSubstr("▓ ▚ meanwhile its rows are read or written")));
  const std::string page = to_html(to_document(preview, PreviewOrder::page));
  EXPECT_THAT(page, AllOf(HasSubstr("style=\"left:min(25.000%,100% - 2px);width:50.000%\""),
                          HasSubstr("title=\"ACCESS EXCLUSIVE for 40 ms, 20 ms of it at work: ALTER"),
                          HasSubstr("<span class=\"work\"></span></span> meanwhile")));
  preview.files.front().statements.back().observed = {};
  EXPECT_THAT(to_html(to_document(preview, PreviewOrder::page)), Not(HasSubstr("class=\"work\"")));
}

/// PostgreSQL's names may have 63 characters.
TEST(PreviewTimeLine, ALongNameLeavesRoomForBars) {
  const std::string name = cat("public.", std::string(40, 'a'), "ü", std::string(20, 'z'));
  const TimeLine line{.end = 1,
                      .rows = {{.label = name, .note = "1.0 ms", .segments = {{.from = 0, .until = 1}}}}};
  constexpr int k_width = 80;
  const std::string text = to_text({line}, k_width, Painter(false));
  std::string bar;
  for (int i = 0; i < 40; ++i) bar += "░";
  EXPECT_THAT(text, AllOf(HasSubstr("public.aaaaaaa…zzzzzzzzzzzzz"), HasSubstr(cat("  ", bar, "  1.0 ms"))));
  EXPECT_THAT(to_markdown({line}), HasSubstr(name));
}

std::size_t count_in(const std::string& text, std::string_view what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

/// 300 files on one table: as many links, each on a bar of 3 px, would stand before the first statement.
TEST(PreviewTimeLine, NarrowBarsBesideEachOtherAreOneOnAPage) {
  constexpr int k_many = 300;
  TimeLine line{.end = 600, .rows = {{.label = "public.t"}, {.label = "public.u"}}, .behind = "statements"};
  for (int i = 0; i < k_many; ++i)
    line.rows[0].segments.push_back({.from = 1.0 * i,
                                     .until = i + 1.0,
                                     .style = i < 200 ? Style::error : Style::warning,
                                     .title = cat("number ", std::to_string(i)),
                                     .target = "s"});
  const auto add = [&](double from, double until) {
    line.rows[1].segments.push_back(
        {.from = from, .until = until, .style = Style::error, .title = "other", .target = "s"});
  };
  add(0, 5);
  add(10, 15);   // as can be seen, behind it
  add(15, 300);  // wide
  add(300, 305);
  const std::string page = to_html({line});
  EXPECT_EQ(count_in(page, "<a class=\"bar"), 6U) << page;
  EXPECT_THAT(page,
              AllOf(HasSubstr("title=\"200 too close to be told apart, from number 0 to number 199\""),
                    HasSubstr("style=\"left:min(0.000%,100% - 3px);width:33.333%\""),
                    HasSubstr("title=\"100 too close to be told apart, from number 200 to number 299\""),
                    HasSubstr("<a class=\"skip\" href=\"#statements\">past these 6 bars</a>"),
                    HasSubstr("<div id=\"statements\"></div>")));
  line.rows = {{.label = "public.t", .segments = {{.from = 0, .until = 1, .target = "s"}}}};
  EXPECT_THAT(to_html({line}), Not(HasSubstr("skip")));
}

/// Of what ran alone nobody knows whether it took them.
TEST_F(PreviewOfAStatement, LocksThatWereTooShortAreCountedApart) {
  differences("VACUUM t", {});
  PlannedStatement planned;
  PreviewedStatement alone{.planned = &planned, .predicted = &file.effects.front()};
  alone.observed.sampled = true;
  add_held({}, {}, alone);
  Preview preview{.server = "PostgreSQL 18.1", .files = {}, .roles = {}};
  preview.files.push_back({.analysis = &file, .history = false, .statements = {alone}});
  EXPECT_THAT(preview_summary(preview), HasSubstr("all as predicted, but for 1 lock too short to be seen"));
  PreviewedStatement& statement = preview.files.front().statements.emplace_back(alone);
  statement.observed.sampled = false;
  EXPECT_THAT(preview_summary(preview),
              HasSubstr(", but for 1 lock that nothing here made them take and 1 lock too short to be seen"));
}

/// Held in another mode is not what it needs; but where more is held, nobody waits for it.
TEST_F(PreviewOfAStatement, WhatIsHeldIsTakenToBeAskedForAgain) {
  differences("ALTER TABLE t ADD b int", {});
  const auto with = [&](const HeldLocks& held) {
    PreviewedStatement statement;
    statement.predicted = &file.effects.front();
    TakenAt at;
    for (const LockMode mode : held.at("public.t")) at[mode] = 7;
    add_held(held, {{.name = "public.t", .mode = at.rbegin()->first, .taken_at = &at}}, statement);
    return statement;
  };
  const PreviewedStatement again = with({{"public.t", {LockMode::Share, LockMode::AccessExclusive}}});
  EXPECT_EQ(again.observed.locks.at("public.t").mode, LockMode::AccessExclusive);
  EXPECT_EQ(again.observed.locks.at("public.t").held_since, 7U);
  EXPECT_THAT(again.still_held, IsEmpty());
  EXPECT_THAT(again.unseen, IsEmpty());
  const PreviewedStatement weaker = with({{"public.t", {LockMode::Share}}});
  EXPECT_THAT(weaker.observed.locks, IsEmpty());
  EXPECT_THAT(weaker.still_held, SizeIs(1));
  EXPECT_THAT(weaker.unseen, SizeIs(1));
}

TEST(PreviewBesideAnApplication, ItsDocumentFitsTheSchemaAndHasTheErrorOfAStatement) {
  const SqlError refused{.sqlstate = "55P03", .message = "canceling statement due to lock timeout"};
  LoadedRun run{.locks = {{.relation = "public.t", .from_ms = 1, .until_ms = 2}}, .latency_ms = {1.5}};
  run.statements = {{.until_ms = 2, .error = refused}, {.statement = 1, .error = {}}};
  run.waits = {{.query = 0, .count = 1, .longest_ms = 2}};
  run.failures = {{.statement = 1, .sqlstate = "42703", .message = "no such column", .count = 1},
                  {.statement = std::nullopt, .sqlstate = "42P01", .message = "no such table", .count = 1}};
  Preview preview;
  preview.load =
      Load{.queries = {{.name = "reads public.t", .sql = "SELECT 1"}}, .clients = 1, .runs = {run}};
  constexpr int k_version = 18;
  const Json document = Json::parse(to_json(preview, k_version));
  EXPECT_THAT(test::validate("schema/lint.schema.json", document), IsEmpty());
  const Json& statements = document["load"]["runs"][0]["statements"];
  EXPECT_EQ(statements[0].value(Json::json_pointer("/error/sqlstate"), ""), "55P03");
  EXPECT_FALSE(statements[1].contains("error"));
}

TEST(PreviewPrograms, SayWhichReleaseTheyAre) {
  EXPECT_EQ(release_of("postgres (PostgreSQL) 18.1 (Debian 18.1-1.pgdg12+2)\n"), "18.1");
  EXPECT_EQ(release_of("postgres (PostgreSQL) 19beta1\n"), "19beta1");
  EXPECT_EQ(release_of("mysqld 8.0"), std::nullopt);
}

}  // namespace
}  // namespace pgsluice
