// SPDX-License-Identifier: Apache-2.0
// What the gate makes of pg_stat_statements, from scripted answers; tests/execute/queries_test.cpp has real ones.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "gate/queries.hpp"
#include "unit/fake_session.hpp"

namespace pgsluice {
namespace {

using test::FakeServer;
using test::FakeSession;
using test::rows;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

/// One statement, and a server on which nothing is missing.
struct Scene {
  std::vector<SqlValue> extension = {"public", "top", "auto", "t", "t",    "migrator",
                                     "t",      "t",   "t",    "",  "5000", "t"};
  std::vector<SqlValue> window = {"2026-11-20T10:00:00Z", "60000", "f", "0", "0", "100", "100"};
  std::vector<std::vector<SqlValue>> ran = {{"77", "app", "3", "SELECT id FROM orders WHERE total = $1"}};
  std::vector<std::vector<SqlValue>> relations = {{"public", "orders", R"(["id","total"])", "{}"}};
  std::vector<std::vector<SqlValue>> code;
  GateSubject subject{.relation = {.schemaname = "public", .relname = "orders"}, .column = "total"};
  std::vector<std::string> ignored_roles;

  [[nodiscard]] std::vector<Evidence> look_at_all() const {
    FakeServer server;
    server.answer("FROM (SELECT) one", rows({extension}), -1);
    server.answer("SELECT to_char", rows({window}), -1);
    server.answer("SELECT n.queryid", rows(ran), -1);
    server.answer("WITH RECURSIVE target", rows({{"public", "orders", "total", "1", "f"}}), -1);
    server.answer("FROM pg_proc p", rows(code), -1);
    server.answer("FROM pg_class c JOIN pg_namespace", rows(relations), -1);
    server.answer("boot_val", rows({{"app", "\"$user\", public"}}), -1);
    FakeSession session(server);
    PlannedFile file;
    file.analysis.migration.id = "0007_drop.sql";
    const GateQuestion question{.file = file, .needs = {}, .subjects = {subject}};
    return query_source(session, ignored_roles).look(question);
  }
  [[nodiscard]] Evidence look() const { return look_at_all().at(0); }
};

TEST(Queries, ThatUseItCloseTheGate) {
  const Evidence seen = Scene().look();
  EXPECT_EQ(seen.verdict, Verdict::closed);
  EXPECT_EQ(seen.subject, "public.orders.total");
  EXPECT_EQ(seen.words,
            "public.orders.total was used in the 1m since 2026-11-20T10:00:00Z: query 77 of app, 3 calls: "
            "SELECT id FROM "
            "orders WHERE total = $1");
  const Json detail = Json::parse(seen.detail);
  EXPECT_EQ(detail["used_by"][0]["queryid"], "77");
  EXPECT_EQ(detail["used_by"][0]["calls"], 3);
}

TEST(Queries, ThatDoNotUseItLeaveItOpen) {
  Scene scene;
  scene.ran = {{"77", "app", "3", "SELECT id FROM orders"}};
  const Evidence seen = scene.look();
  EXPECT_EQ(seen.verdict, Verdict::open);
  EXPECT_EQ(seen.words, "no statement used public.orders.total in the 1m since 2026-11-20T10:00:00Z");
  scene.extension[3] = "f";
  EXPECT_THAT(scene.look().words,
              HasSubstr("(COPY and cursors are not counted: pg_stat_statements.track_utility is off)"));
}

TEST(Queries, OfARoleThatDoesNotCountAreLeftOut) {
  Scene scene;
  scene.ignored_roles = {"app"};
  EXPECT_EQ(scene.look().verdict, Verdict::open);
}

TEST(Queries, ThatCannotBeCountedAreUnknown) {
  const auto words = [](std::size_t field, const std::string& value) {
    Scene scene;
    scene.extension.at(field) = value;
    const Evidence seen = scene.look();
    EXPECT_EQ(seen.verdict, Verdict::unknown);
    return seen.words;
  };
  EXPECT_THAT(words(0, ""), HasSubstr("CREATE EXTENSION pg_stat_statements"));
  EXPECT_THAT(words(1, ""), HasSubstr("shared_preload_libraries"));
  EXPECT_THAT(words(1, "none"), HasSubstr("pg_stat_statements.track is none"));
  EXPECT_THAT(words(2, "off"), HasSubstr("compute_query_id is off"));
  EXPECT_THAT(words(4, "f"), HasSubstr("GRANT pg_read_all_stats TO migrator"));
  EXPECT_THAT(words(9, "batch"), HasSubstr("statements of batch are not counted"));
  EXPECT_THAT(words(11, "f"), HasSubstr("no earlier moment"));
}

TEST(Queries, ThatMayBeForgottenAreUnknown) {
  const auto words = [](std::size_t field, const std::string& value, const std::string& has_info = "t") {
    Scene scene;
    scene.ran = {};
    scene.window.at(field) = value;
    scene.extension[6] = has_info;
    const Evidence seen = scene.look();
    EXPECT_EQ(seen.verdict, Verdict::unknown);
    return seen.words;
  };
  EXPECT_THAT(words(2, "t"),
              HasSubstr("nobody can tell: the statistics have been reset since 2026-11-20T10:00:00Z"));
  EXPECT_THAT(words(3, "2"), AllOf(HasSubstr("evicted 2 times"), HasSubstr("pg_stat_statements.max")));
  EXPECT_THAT(words(4, "1"), HasSubstr("1 statement that was counted at 2026-11-20T10:00:00Z is gone"));
  EXPECT_THAT(words(5, "4800", "f"), HasSubstr("pg_stat_statements is full"));
  Scene full;
  full.ran = {};
  full.window[5] = "5000";
  EXPECT_EQ(full.look().verdict, Verdict::open) << "since 14 the server says when it evicts";
}

/// What is known to have used it closes the gate, whatever else is lost.
TEST(Queries, ThatUseItCloseTheGateEvenWhenOthersAreForgotten) {
  Scene scene;
  scene.window[2] = "t";
  EXPECT_EQ(scene.look().verdict, Verdict::closed);
}

TEST(Queries, ThatCannotBeReadAreUnknownWhereTheyNameIt) {
  Scene scene;
  scene.ran = {{"78", "app", "1", "SELECT total FROM ONLY (orders"}};
  EXPECT_EQ(scene.look().verdict, Verdict::unknown);
  EXPECT_THAT(scene.look().words, HasSubstr("a query cannot be read (syntax error"));
  scene.ran = {{"78", "app", "1", "SELECT FROM WHERE items"}};
  EXPECT_EQ(scene.look().verdict, Verdict::open);
  scene.ran = {{"79", "app", "1", std::nullopt}};
  EXPECT_THAT(scene.look().words, HasSubstr("the server has not kept the text"));
}

TEST(Queries, ShowNoLiteralsAndNoEscapes) {
  Scene scene;
  scene.ran = {{"77", "app\x1b[31m", "1",
                "COPY (SELECT total FROM orders WHERE id = 'secret') TO STDOUT -- \x1b[31m"}};
  scene.subject.change = Change::renamed;
  EXPECT_THAT(scene.look().words, AllOf(HasSubstr("'…'"), Not(HasSubstr("secret")), Not(HasSubstr("\x1b"))));
}

TEST(Queries, SayNothingAboutWhatGoesOnBeingUsed) {
  Scene scene;
  scene.subject.change = Change::altered;
  EXPECT_THAT(scene.look_at_all(), IsEmpty());
  scene.subject.change = Change::tightened;
  scene.subject.column = "";
  EXPECT_THAT(scene.look_at_all(), IsEmpty());
  scene.subject.column = "total";
  EXPECT_THAT(scene.look_at_all(), SizeIs(1));
}

TEST(Queries, ThatRunCodeWhichNamesItAreUnknownUnlessItIsRead) {
  Scene scene;
  scene.ran = {{"80", "app", "1", "SELECT sum_up()"}};
  scene.code = {{"public", "sum_up", "sql", "SELECT sum(total) FROM orders", "[]"}};
  EXPECT_EQ(scene.look().verdict, Verdict::closed);
  scene.code = {{"public", "sum_up", "sql", "SELECT count(id) FROM orders", "[]"}};
  EXPECT_EQ(scene.look().verdict, Verdict::open);
  scene.code = {{"public", "sum_up", "plpgsql", "BEGIN RETURN (SELECT sum(total) FROM orders); END", "[]"}};
  EXPECT_EQ(scene.look().verdict, Verdict::unknown);
  scene.code.push_back({"public", "outer_one", "sql", "SELECT public.sum_up()", "[]"});
  scene.ran = {{"81", "app", "1", "SELECT outer_one()"}};
  EXPECT_EQ(scene.look().verdict, Verdict::unknown);
}

TEST(Queries, ThatFireATriggerWhichNamesItAreUnknown) {
  Scene scene;
  scene.ran = {{"82", "app", "1", "INSERT INTO items (id) VALUES ($1)"}};
  scene.code = {{"public", "on_item", "plpgsql", "BEGIN UPDATE orders SET total = 1; RETURN NEW; END",
                 R"([["public","items"]])"}};
  scene.relations.push_back({"public", "items", R"(["id"])", "{}"});
  EXPECT_EQ(scene.look().verdict, Verdict::unknown);
  scene.ran = {{"82", "app", "1", "SELECT id FROM items"}};
  EXPECT_EQ(scene.look().verdict, Verdict::open);
}

}  // namespace
}  // namespace pgsluice
