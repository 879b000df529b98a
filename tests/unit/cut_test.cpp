// SPDX-License-Identifier: Apache-2.0
// Where the condition of a batch goes, and which statements have no place for one.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pgsluice/cut.hpp"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string cut(const std::string& sql) {
  const auto result = cut_statement(sql);
  const auto* statement = std::get_if<CutStatement>(&result);
  return statement == nullptr ? std::get<CutRefusal>(result).message
                              : statement->before + "KEY" + statement->after;
}

TEST(CutStatement, PutsTheKeyBeforeWhatTheStatementSays) {
  EXPECT_EQ(cut("UPDATE t SET a = 1"), "UPDATE t SET a = 1 WHERE (KEY)");
  EXPECT_EQ(cut("DELETE FROM t WHERE a OR b"), "DELETE FROM t WHERE (KEY) AND ( a OR b)");
  EXPECT_EQ(cut("UPDATE t SET a = s.a FROM s WHERE s.id = t.id"),
            "UPDATE t SET a = s.a FROM s WHERE (KEY) AND ( s.id = t.id)");
  EXPECT_EQ(cut("DELETE FROM t USING s WHERE s.id = t.id -- why\n AND s.gone"),
            "DELETE FROM t USING s WHERE (KEY) AND ( s.id = t.id -- why\n AND s.gone)");
}

TEST(CutStatement, KnowsNamesAndParenthesesFromClauses) {
  EXPECT_EQ(cut("UPDATE t SET a = (SELECT max(x) FROM s WHERE s.id = t.id)"),
            "UPDATE t SET a = (SELECT max(x) FROM s WHERE s.id = t.id) WHERE (KEY)");
  EXPECT_EQ(cut("WITH s AS (SELECT 1 AS id WHERE true) DELETE FROM t USING s"),
            "WITH s AS (SELECT 1 AS id WHERE true) DELETE FROM t USING s WHERE (KEY)");
  EXPECT_EQ(cut("UPDATE t SET \"where\" = t.where WHERE t.where = 'where'"),
            "UPDATE t SET \"where\" = t.where WHERE (KEY) AND ( t.where = 'where')");
  EXPECT_EQ(cut("INSERT INTO d SELECT a AS where FROM t WHERE a > 1"),
            "INSERT INTO d SELECT a AS where FROM t WHERE (KEY) AND ( a > 1)");
}

TEST(CutStatement, AnInsertIsCutInItsSelect) {
  EXPECT_EQ(cut("INSERT INTO d (x) SELECT a FROM t"), "INSERT INTO d (x) SELECT a FROM t WHERE (KEY)");
  EXPECT_EQ(
      cut("INSERT INTO d SELECT a FROM t JOIN u ON u.id = t.u WHERE u.x ON CONFLICT (a) WHERE b DO NOTHING"),
      "INSERT INTO d SELECT a FROM t JOIN u ON u.id = t.u WHERE (KEY) AND ( u.x) ON CONFLICT (a) WHERE b DO "
      "NOTHING");
  EXPECT_EQ(cut("INSERT INTO d SELECT a FROM t LEFT JOIN u USING (u) ORDER BY a"),
            "INSERT INTO d SELECT a FROM t LEFT JOIN u USING (u) WHERE (KEY) ORDER BY a");
  EXPECT_EQ(cut("WITH c AS (SELECT 1) INSERT INTO d SELECT a FROM t FOR UPDATE"),
            "WITH c AS (SELECT 1) INSERT INTO d SELECT a FROM t WHERE (KEY) FOR UPDATE");
}

TEST(CutStatement, SaysWhoseRowsAreWalkedThrough) {
  const auto of = [](const std::string& sql) { return std::get<CutStatement>(cut_statement(sql)); };
  EXPECT_EQ(of("UPDATE ONLY s.\"T\" AS \"x y\" SET a = 1").relation.quoted(), "s.\"T\"");
  EXPECT_EQ(of("UPDATE ONLY s.\"T\" AS \"x y\" SET a = 1").qualifier, "\"x y\"");
  EXPECT_TRUE(of("UPDATE ONLY s.\"T\" AS \"x y\" SET a = 1").only);
  EXPECT_EQ(of("INSERT INTO d SELECT 1 FROM a JOIN b USING (id)").qualifier, "a");
  EXPECT_EQ(of("UPDATE t SET (a, b) = (1, 2), c = 3").set_columns, (Names{"a", "b", "c"}));
  EXPECT_EQ(of("UPDATE t SET a = (SELECT random()), b = random()").shared_calls, (Names{"random"}));
}

TEST(CutStatement, RefusesWhatDependsOnAllRows) {
  EXPECT_THAT(cut("UPDATE t SET a = 1 RETURNING a"), HasSubstr("RETURNING"));
  EXPECT_THAT(cut("UPDATE t SET a = s.a FROM t s WHERE s.id = t.parent"),
              HasSubstr("reads t, which it changes"));
  EXPECT_THAT(cut("DELETE FROM public.t WHERE a < (SELECT avg(a) FROM t)"), HasSubstr("which it changes"));
  EXPECT_THAT(cut("INSERT INTO t SELECT a + 1 FROM t"), HasSubstr("which it changes"));
  EXPECT_THAT(cut("WITH gone AS (DELETE FROM s RETURNING id) DELETE FROM t USING gone WHERE gone.id = t.id"),
              HasSubstr("WITH changes rows"));
  EXPECT_THAT(cut("DELETE FROM t USING (SELECT id FROM s LIMIT 5) x WHERE x.id = t.id"), HasSubstr("LIMIT"));
  EXPECT_THAT(cut("DELETE FROM t WHERE CURRENT OF c"), HasSubstr("CURRENT OF"));
  for (const char* clause :
       {"LIMIT 5", "OFFSET 5", "GROUP BY a", "UNION ALL SELECT 1", "FETCH FIRST ROW ONLY"}) {
    EXPECT_THAT(cut(std::string("INSERT INTO d SELECT a FROM t ") + clause), HasSubstr("all rows at once"))
        << clause;
  }
  for (const char* list :
       {"DISTINCT a", "count(*)", "max(a)", "row_number() OVER ()", "sum(a) FILTER (WHERE b)"}) {
    EXPECT_THAT(cut(std::string("INSERT INTO d SELECT ") + list + " FROM t"), HasSubstr("all rows at once"))
        << list;
  }
}

TEST(CutStatement, RefusesAnInsertThatNoTableDrives) {
  EXPECT_THAT(cut("INSERT INTO d VALUES (1)"), HasSubstr("without a SELECT"));
  EXPECT_THAT(cut("INSERT INTO d DEFAULT VALUES"), HasSubstr("without a SELECT"));
  EXPECT_THAT(cut("INSERT INTO d SELECT 1"), HasSubstr("FROM"));
  EXPECT_THAT(cut("INSERT INTO d SELECT 1 FROM a, b"), HasSubstr("FROM"));
  EXPECT_THAT(cut("INSERT INTO d SELECT 1 FROM a CROSS JOIN b"), HasSubstr("CROSS JOIN multiplies"));
  EXPECT_THAT(cut("INSERT INTO d SELECT 1 FROM a RIGHT JOIN b USING (id)"), HasSubstr("RIGHT or FULL JOIN"));
  EXPECT_THAT(cut("INSERT INTO d SELECT 1 FROM generate_series(1, 9)"), HasSubstr("no table"));
  EXPECT_THAT(cut("INSERT INTO d (SELECT a FROM t)"), HasSubstr("cannot tell where"));
  EXPECT_THAT(cut("INSERT INTO d TABLE t"), HasSubstr("cannot tell where"));
  EXPECT_THAT(cut("SELECT 1"), HasSubstr("only UPDATE, DELETE and INSERT"));
  EXPECT_THAT(cut("UPDATE t SET"), HasSubstr("only UPDATE, DELETE and INSERT"));
}

TEST(CreateIndexOn, MovesTheDefinitionToAnotherRelation) {
  EXPECT_EQ(create_index_on(
                "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"on\" ON /* ON */ ONLY a . \"b \"\"on\" "
                "USING gin (c) WHERE on_ > 1",
                "x"),
            "CREATE UNIQUE INDEX ON x USING gin (c) WHERE on_ > 1");
  EXPECT_EQ(create_index_on("create index on t(y)", "x"), "CREATE INDEX ON x(y)");
  EXPECT_EQ(create_index_on("CREATE INDEX i", "x"), std::nullopt);
  EXPECT_EQ(create_index_on("DROP INDEX i", "x"), std::nullopt);
  EXPECT_EQ(create_index_on("CREATE INDEX i ON 'x", "x"), std::nullopt);
}

std::string undone(const std::string& sql) {
  const auto result = cut_statement(sql);
  const auto* statement = std::get_if<CutStatement>(&result);
  return statement == nullptr ? "refused" : statement->undone;
}

TEST(CutStatement, SaysWhichRowsAreUndone) {
  EXPECT_EQ(undone("UPDATE t SET a = b, c = 1 WHERE a IS NULL"),
            "( a IS NULL) AND (t.a::text IS DISTINCT FROM ((b))::text OR t.c IS NULL AND (1) IS NOT NULL)");
  EXPECT_EQ(undone("UPDATE t AS x SET a = b IS DISTINCT FROM c"),
            "(true) AND (x.a IS NULL AND (b IS DISTINCT FROM c) IS NOT NULL)");
  EXPECT_EQ(undone("UPDATE t SET a = s.a -- why\nFROM s JOIN r ON true -- so\nWHERE s.id = t.id"),
            "EXISTS ( SELECT FROM s JOIN r ON true WHERE ( s.id = t.id) AND (t.a IS NULL AND (s.a) IS NOT "
            "NULL)) AND"
            " NOT EXISTS ( SELECT FROM s JOIN r ON true WHERE ( s.id = t.id) AND NOT (t.a IS NULL AND (s.a) "
            "IS NOT NULL))");
  EXPECT_THAT(undone("WITH s AS (SELECT 1 AS id) UPDATE t SET a = 1 FROM s WHERE s.id = t.id"),
              StartsWith("EXISTS (WITH s AS (SELECT 1 AS id) SELECT FROM s WHERE ( s.id = t.id) AND (t.a IS "
                         "NULL AND (1) IS NOT NULL)) AND NOT EXISTS (WITH s"));
  EXPECT_EQ(undone("UPDATE t SET at = Now() WHERE at IS NULL OR at < '2020-01-01'"),
            "( at IS NULL OR at < '2020-01-01') AND (t.at IS NULL AND (Now()) IS NOT NULL)");
  EXPECT_EQ(undone("INSERT INTO d (\"Id\", b) SELECT id, coalesce(x, 0) AS b FROM t WHERE x > 1 ON CONFLICT "
                   "(\"Id\") DO NOTHING"),
            "( x > 1) AND EXISTS (SELECT FROM (SELECT id, coalesce(x, 0) AS b) AS pgsluice_row (\"Id\", b)"
            " WHERE pgsluice_row.\"Id\" IS NOT NULL AND NOT EXISTS (SELECT FROM d AS pgsluice_there WHERE "
            "pgsluice_there.\"Id\" = "
            "pgsluice_row.\"Id\"))");
}

/// Where the statement does not say what a row is known by, or may leave rows behind by design.
TEST(CutStatement, DoesNotSayWhichRowsAreUndoneWhereNobodyCanTell) {
  EXPECT_EQ(undone("DELETE FROM t WHERE a"), "");
  EXPECT_EQ(undone("UPDATE t SET (a, b) = (1, 2)"), "");
  EXPECT_EQ(undone("INSERT INTO d (id) SELECT id FROM t"), "");
  EXPECT_EQ(undone("INSERT INTO d SELECT id FROM t ON CONFLICT (id) DO NOTHING"), "");
  EXPECT_EQ(undone("INSERT INTO d (id) SELECT id FROM t ON CONFLICT (lower(id)) DO NOTHING"), "");
  EXPECT_EQ(undone("INSERT INTO d (b) SELECT id FROM t ON CONFLICT (id) DO NOTHING"), "");
  EXPECT_EQ(undone("INSERT INTO d (id) SELECT t.id FROM t JOIN s USING (id) ON CONFLICT (id) DO NOTHING"),
            "");
}

}  // namespace
}  // namespace pgsluice
