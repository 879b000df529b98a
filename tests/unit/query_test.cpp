// SPDX-License-Identifier: Apache-2.0
// Which columns a query uses: names looked up as PostgreSQL does it. tests/execute/queries_test.cpp asks a server whether
// that is so.

#include <map>
#include <ostream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "sql/query_use.hpp"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const KnownRelation* known(const RelationName& name) {
  static const std::vector<KnownRelation> relations = {
      {.name = {.schemaname = "public", .relname = "o"},
       .columns = {"id", "c", "total", "note"},
       .constraint_columns = {{"o_pkey", {"id"}}}},
      {.name = {.schemaname = "public", .relname = "c"},
       .columns = {"id", "name", "note"},
       .constraint_columns = {}},
      {.name = {.schemaname = "public", .relname = "h"},
       .columns = {"id", "place"},
       .constraint_columns = {},
       .fields = {{"place", {"town"}}}},
      {.name = {.schemaname = "old", .relname = "o"}, .columns = {"id", "x"}, .constraint_columns = {}},
  };
  for (const KnownRelation& relation : relations) {
    const bool schema = name.schemaname.empty() ? relation.name.schemaname == "public"
                                                : relation.name.schemaname == name.schemaname;
    if (schema && relation.name.relname == name.relname) return &relation;
  }
  return nullptr;
}

/// "c(id) o(c total)"
std::string use_of(const std::string& sql) {
  const QueryText text = read_queries(sql);
  if (!text.problem.empty()) return text.problem;
  QueryUse use;
  for (const QueryShape& query : text.queries) add_use(query, known, use);
  std::vector<std::string> relations;
  for (const auto& [relation, columns] : use.relations) {
    std::vector<std::string> names;
    for (const Name column : columns) names.push_back(column.str());
    const std::string schema =
        relation.schemaname == "public" || relation.schemaname.empty() ? "" : relation.schemaname.str() + ".";
    relations.push_back(cat(schema, relation.relname, "(", join(names, " "), ")"));
  }
  return join(relations, " ");
}

struct Case {
  std::string sql;
  std::string use;
};
void PrintTo(const Case& one,
             std::ostream* out) {  // NOLINT(readability-identifier-naming): GoogleTest's name
  *out << one.sql;
}

class QueryUses : public ::testing::TestWithParam<Case> {};
TEST_P(QueryUses, AreFound) {
  EXPECT_EQ(use_of(GetParam().sql), GetParam().use);
}

const std::vector<Case> k_cases = {
    // ---- names
    {"SELECT total FROM o", "o(total)"},
    {"SELECT o.total FROM o WHERE id = $1", "o(id total)"},
    {"SELECT public.o.total FROM public.o", "o(total)"},
    {"SELECT x.total FROM o AS x", "o(total)"},
    {"SELECT 1 FROM o", "o()"},
    {"SELECT count(*) FROM o", "o()"},
    {"SELECT ctid, o.xmin FROM o", "o()"},
    {"SELECT x FROM old.o", "old.o(x)"},
    {"SELECT a FROM o AS x (a)", "o(id)"},
    {"SELECT note FROM o AS x (a, b)", "o(c id note)"},
    {"SELECT name, total FROM o, c", "c(name) o(total)"},
    // ---- stars and rows
    {"SELECT * FROM o", "o(c id note total)"},
    {"SELECT x.* FROM o x, c", "c() o(c id note total)"},
    {"TABLE c", "c(id name note)"},
    {"SELECT o FROM o", "o(c id note total)"},
    {"SELECT row_to_json(x) FROM o x", "o(c id note total)"},
    {"SELECT (x).total FROM o x", "o(total)"},
    {"SELECT (x).* FROM o x", "o(c id note total)"},
    {"SELECT total FROM (SELECT * FROM o) s", "o(c id note total)"},
    {"SELECT 1 WHERE EXISTS (SELECT * FROM o WHERE id = 1)", "o(id)"},
    {"SELECT c FROM c", "c(id name note)"},
    {"SELECT c FROM o, c", "c() o(c)"},
    // ---- joins
    {"SELECT name FROM o JOIN c ON c.id = o.c", "c(id name) o(c)"},
    {"SELECT name FROM o JOIN c USING (id)", "c(id name) o(id)"},
    {"SELECT j.id FROM (o JOIN c USING (id)) AS j", "c(id) o(id)"},
    {"SELECT 1 FROM o NATURAL JOIN c", "c(id note) o(id note)"},
    {"SELECT q FROM (o CROSS JOIN c) AS j (q, w)", "c() o(c id)"},
    {"SELECT j.note2 FROM (o CROSS JOIN c) AS j (a, b, d, note2, e)", "c(id) o(c id note total)"},
    {"SELECT * FROM o JOIN c USING (id)", "c(id name note) o(c id note total)"},
    {"SELECT 1 FROM o LEFT JOIN LATERAL (SELECT name FROM c WHERE c.id = o.total) s ON true",
     "c(id name) o(total)"},
    // ---- subqueries
    {"SELECT s.t FROM (SELECT total AS t FROM o) s", "o(total)"},
    {"SELECT total FROM (SELECT id AS total FROM o) s", "o(id)"},
    {"SELECT name FROM c WHERE id IN (SELECT total FROM o)", "c(id name) o(total)"},
    {"SELECT name FROM c WHERE EXISTS (SELECT 1 FROM o WHERE o.id = c.id AND total = name)",
     "c(id name) o(id total)"},
    {"SELECT (SELECT total FROM c LIMIT 1) FROM o", "c() o(total)"},
    {"SELECT ARRAY(SELECT note FROM o) FROM c", "c() o(note)"},
    {"SELECT note FROM o, (SELECT name FROM c) s", "c(name) o(note)"},
    // ---- WITH
    {"WITH w AS (SELECT total FROM o) SELECT total FROM w", "o(total)"},
    {"WITH o AS (SELECT id AS total FROM c) SELECT total FROM o", "c(id)"},
    {"WITH o AS (SELECT id FROM o) SELECT * FROM o", "o(id)"},
    {"WITH o AS (SELECT 1 AS total) SELECT public.o.total FROM public.o", "o(total)"},
    {"WITH w (a) AS (SELECT id FROM o) SELECT a FROM w", "o(id)"},
    {"WITH RECURSIVE w AS (SELECT id, c FROM o UNION ALL SELECT o.id, w.c FROM o JOIN w ON o.c = w.id) "
     "SELECT c FROM w",
     "o(c id)"},
    {"WITH d AS (DELETE FROM o WHERE id = 1 RETURNING total) SELECT * FROM d", "o(id total)"},
    {"WITH a AS (SELECT id FROM o), b AS (SELECT id FROM a) SELECT name FROM c, b", "c(name) o(id)"},
    {"SELECT name FROM c WHERE id IN (WITH w AS (SELECT c FROM o) SELECT c FROM w)", "c(id name) o(c)"},
    // ---- outputs
    {"SELECT id AS total FROM o ORDER BY total", "o(id)"},
    {"SELECT id AS total FROM o ORDER BY total + 1", "o(id total)"},
    {"SELECT id AS total FROM o GROUP BY total, id", "o(id total)"},
    {"SELECT id AS n FROM o GROUP BY n", "o(id)"},
    {"SELECT DISTINCT ON (total) id AS total FROM o", "o(id)"},
    {"SELECT id FROM o ORDER BY total", "o(id total)"},
    {"SELECT id FROM o GROUP BY GROUPING SETS ((total), (id))", "o(id total)"},
    {"SELECT id FROM o UNION SELECT id FROM c ORDER BY id", "c(id) o(id)"},
    {"SELECT id AS total FROM c UNION ALL SELECT id FROM c ORDER BY total", "c(id)"},
    {"SELECT sum(id) OVER (PARTITION BY total ORDER BY note) FROM o", "o(id note total)"},
    {"SELECT sum(id) OVER w FROM o WINDOW w AS (ORDER BY note)", "o(id note)"},
    {"SELECT id FROM o HAVING max(total) > 1", "o(id total)"},
    {"SELECT id FROM o FOR UPDATE OF o", "o(id)"},
    // ---- INSERT
    {"INSERT INTO o (id, total) VALUES ($1, $2)", "o(id total)"},
    {"INSERT INTO o VALUES ($1, $2)", "o(c id)"},
    {"INSERT INTO o VALUES ($1, $2, $3, $4), ($5, $6, $7, $8)", "o(c id note total)"},
    {"INSERT INTO o DEFAULT VALUES", "o()"},
    {"INSERT INTO o SELECT * FROM c", "c(id name note) o(c id total)"},
    {"INSERT INTO o SELECT id FROM o JOIN c USING (id)", "c(id) o(id)"},
    {"INSERT INTO o (id) SELECT name FROM c", "c(name) o(id)"},
    {"INSERT INTO o (id) VALUES (1) RETURNING total", "o(id total)"},
    {"INSERT INTO o (id) VALUES (1) RETURNING *", "o(c id note total)"},
    {"INSERT INTO o (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET note = excluded.total",
     "o(id note total)"},
    {"INSERT INTO o (c) VALUES (1) ON CONFLICT ON CONSTRAINT o_pkey DO NOTHING", "o(c id)"},
    {"INSERT INTO o AS x (c) VALUES (1) ON CONFLICT (id) DO UPDATE SET c = 2 WHERE x.note = 'n'",
     "o(c id note)"},
    // ---- UPDATE, DELETE, MERGE
    {"UPDATE o SET total = $1 WHERE id = $2", "o(id total)"},
    {"UPDATE o SET (total, note) = (SELECT id, name FROM c WHERE c.id = o.c)", "c(id name) o(c note total)"},
    {"UPDATE o x SET note = c.name FROM c WHERE c.id = x.c", "c(id name) o(c note)"},
    {"UPDATE o SET note = 'n' RETURNING total", "o(note total)"},
    {"UPDATE o SET note = 'n' RETURNING old.total", "o(note total)"},
    {"UPDATE o SET note = 'n' RETURNING WITH (OLD AS was) was.total", "o(note total)"},
    {"DELETE FROM o USING c WHERE c.id = o.c", "c(id) o(c)"},
    {"DELETE FROM o", "o()"},
    {"MERGE INTO o USING c ON o.id = c.id WHEN MATCHED AND c.name = 'x' THEN UPDATE SET note = c.note"
     " WHEN NOT MATCHED THEN INSERT (id, total) VALUES (c.id, 1)",
     "c(id name note) o(id note total)"},
    {"MERGE INTO o USING (SELECT id AS k FROM c) s ON o.id = s.k WHEN MATCHED THEN DELETE", "c(id) o(id)"},
    // ---- functions in FROM
    {"SELECT g FROM o, generate_series(1, total) g", "o(total)"},
    {"SELECT e.value, note FROM o, jsonb_each($1) e", "o(note)"},
    {"SELECT note FROM o CROSS JOIN LATERAL unnest(ARRAY[o.id]) AS u (n) WHERE n > 1", "o(id note)"},
    {"SELECT x.a, note FROM o, json_to_record($1) AS x (a int, total int)", "o(note)"},
    {"SELECT k FROM o, JSON_TABLE('[]', '$[*]' COLUMNS (k int PATH '$.k', n int PATH '$.n')) j WHERE j.n = "
     "o.id",
     "o(id)"},
    // ---- what is not known
    {"SELECT a, total FROM nowhere, o", "nowhere() o(total)"},
    {"SELECT total FROM nowhere WHERE nowhere.id = 1", "nowhere()"},
    {"SELECT 1 FROM o WHERE EXISTS (SELECT 1 FROM nowhere WHERE total = 1)", "nowhere() o(total)"},
    // ---- as servers keep them
    {"SELECT note FROM o WHERE id IN ($1 /*, ... */) AND note > interval $2", "o(id note)"},
    {"SELECT extract($1 FROM note) FROM o", "o(note)"},
    // ---- utilities
    {"COPY o TO STDOUT", "o(c id note total)"},
    {"COPY o (id, total) FROM STDIN", "o(id total)"},
    {"COPY (SELECT note FROM o) TO STDOUT", "o(note)"},
    {"DECLARE k CURSOR FOR SELECT note FROM o", "o(note)"},
    {"PREPARE p AS SELECT note FROM o", "o(note)"},
    {"EXPLAIN ANALYZE SELECT note FROM o", "o(note)"},
    {"CREATE TABLE t AS SELECT note FROM o", "o(note)"},
    {"TRUNCATE o, c", "c() o()"},
    // ---- DDL is no use
    {"ALTER TABLE o DROP COLUMN total", ""},
    {"CREATE VIEW v AS SELECT total FROM o", ""},
    {"CREATE INDEX ON o (total)", ""},
};
INSTANTIATE_TEST_SUITE_P(Cases, QueryUses, ::testing::ValuesIn(k_cases));

TEST(QueryText, SaysWhyItCannotBeRead) {
  EXPECT_THAT(read_queries("SELECT FROM WHERE").problem, HasSubstr("syntax error"));
  EXPECT_THAT(read_queries(std::string("SELECT '\xff'")).problem, Not(IsEmpty()));
}

TEST(QueryText, OfAnyDepthEndsWell) {
  std::string deep = "SELECT 1";
  for (int i = 0; i < 500; ++i) deep = cat("SELECT (", deep, ")");
  EXPECT_EQ(read_queries(deep).problem, "it is nested too deeply");
  std::string wide = "SELECT total FROM o";
  for (int i = 0; i < 2'000; ++i) wide += " UNION ALL SELECT id FROM o";
  EXPECT_EQ(use_of(wide), "o(id total)");
}

/// Each level is looked at twice, so that the work would double from one to the next.
TEST(QueryUse, OfRecursionInRecursionHasAnEnd) {
  std::string sql = "SELECT 1 AS a";
  for (int i = 0; i < 40; ++i)
    sql = cat("WITH RECURSIVE w AS (", sql, " UNION ALL SELECT a FROM w) SELECT a FROM w");
  sql = cat("WITH RECURSIVE w AS ((", sql, ") UNION ALL SELECT a FROM w) SELECT a FROM w");
  for (int i = 0; i < 40; ++i)
    sql = cat("WITH RECURSIVE w AS ((", sql, ") UNION ALL SELECT a FROM w) SELECT a FROM w");
  const QueryText text = read_queries(sql);
  ASSERT_EQ(text.problem, "");
  QueryUse use;
  add_use(text.queries.front(), known, use);
  EXPECT_FALSE(use.complete);
}

/// `(…).f` of what is no whole row: a field, or a function that is called as one.
TEST(QueryUse, DoubtsTheFieldsOfExpressions) {
  const auto functions = [](const std::string& sql) {
    QueryUse use;
    for (const QueryShape& query : read_queries(sql).queries) add_use(query, known, use);
    std::vector<std::string> names;
    for (const auto& [name, certain] : use.row_functions)
      names.push_back(cat(name.str(), certain ? "!" : "?"));
    return join(names, " ");
  };
  EXPECT_EQ(functions("SELECT o.f, (o).g, (o).total, o.id FROM o"), "f! g!");
  EXPECT_EQ(functions("SELECT (o.note).f, (total).g, (o.c).* FROM o"), "f? g?");
  EXPECT_EQ(functions("SELECT (h.place).f, (h.place).town, (place).town FROM h"), "f?");
  EXPECT_EQ(functions("SELECT (s.x).f, (x).g FROM (SELECT o AS x FROM o) s"), "f? g?");
  EXPECT_EQ(functions("SELECT (run()).f, (ROW(1)::t).g, ((h.place).town).j, (h.place).town.k FROM h"),
            "f? g? j? k?");
  EXPECT_EQ(functions("SELECT ((array_agg(o))[1]).f, (o.note[1]).g FROM o"), "f? g?");
  EXPECT_EQ(functions("SELECT t.f, (t.g).j, (u).k FROM nobody t"), "f? g? j? k?");
}

TEST(QueryUse, KnowsWhatAnInsertLeavesOut) {
  const auto given = [](const std::string& sql) {
    QueryUse use;
    add_use(read_queries(sql).queries.front(), known, use);
    std::vector<std::string> names;
    for (const QueryInsert& insert : use.inserts)
      for (const Name column : insert.given) names.push_back(column.str());
    return join(names, " ");
  };
  EXPECT_EQ(given("INSERT INTO o (id, total) VALUES (1, 2) ON CONFLICT (id) DO UPDATE SET note = 'n'"),
            "id total");
  EXPECT_EQ(given("INSERT INTO o VALUES (1, 2)"), "c id");
  EXPECT_EQ(given("INSERT INTO o DEFAULT VALUES"), "");
  EXPECT_EQ(given("COPY o FROM STDIN"), "c id note total");
}

}  // namespace
}  // namespace pgsluice
