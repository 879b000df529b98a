// SPDX-License-Identifier: Apache-2.0
#include "pgsluice/catalog.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace pgsluice {
namespace {

Catalog replay(const std::string& sql) {
  Catalog catalog;
  const Script script = parse({.path = "test.sql", .text = sql});
  EXPECT_TRUE(script.errors.empty()) << sql;
  for (const Statement& statement : script.statements) {
    for (const Command& command : statement.commands) catalog.apply(command);
  }
  return catalog;
}

std::vector<std::string> names(const std::vector<const Relation*>& relations) {
  std::vector<std::string> result;
  for (const Relation* relation : relations) result.push_back(relation->name.quoted());
  std::ranges::sort(result);
  return result;
}

using Texts = std::vector<std::string>;
const RelationName k_t{"public", "t"};

TEST(Catalog, CreateTableMakesIndexesSequencesAndConstraints) {
  const Catalog catalog =
      replay("CREATE TABLE t (id bigserial PRIMARY KEY, a int REFERENCES r, b text UNIQUE, CHECK (a > 0))");
  EXPECT_EQ(names(catalog.indexes(k_t)), (Texts{"public.t_b_key", "public.t_pkey"}));
  EXPECT_EQ(names(catalog.owned_sequences(k_t)), Texts{"public.t_id_seq"});
  EXPECT_EQ(names(catalog.referencing({"public", "r"})), Texts{"public.t"});
  EXPECT_NE(catalog.find(k_t)->find_constraint("t_a_fkey"), nullptr);
  EXPECT_NE(catalog.find(k_t)->find_constraint("t_a_check"), nullptr);
  EXPECT_TRUE(catalog.find(k_t)->column("id")->not_null);
  EXPECT_EQ(catalog.find(k_t)->column("id")->type.name, "int8");
}

TEST(Catalog, NamesAreChosenAsPostgresqlChoosesThem) {
  const Catalog catalog = replay(
      "CREATE TABLE t (a int, b text); CREATE INDEX ON t (a); CREATE INDEX ON t (a); CREATE INDEX ON t "
      "(lower(b), a);"
      "CREATE INDEX ON t ((a + 1)) INCLUDE (b)");
  EXPECT_EQ(names(catalog.indexes(k_t)),
            (Texts{"public.t_a_idx", "public.t_a_idx1", "public.t_expr_b_idx", "public.t_lower_a_idx"}));
}

TEST(Catalog, CopiesOfAnIndexAreNamedAfterItsColumnsAsTheyWere) {
  const Catalog catalog = replay(
      "CREATE TABLE t (a int PRIMARY KEY, b int UNIQUE); CREATE INDEX ON t (a, b); ALTER TABLE t RENAME a TO "
      "z;"
      "ALTER TABLE t RENAME b TO y; CREATE TABLE l (LIKE t INCLUDING ALL); CREATE TABLE m (LIKE l INCLUDING "
      "ALL);"
      "CREATE TABLE p (a int, b int) PARTITION BY HASH (a); CREATE INDEX ON p (b); ALTER TABLE p RENAME b TO "
      "y;"
      "CREATE TABLE p1 PARTITION OF p FOR VALUES WITH (MODULUS 1, REMAINDER 0)");
  EXPECT_EQ(names(catalog.indexes({"public", "l"})),
            (Texts{"public.l_a_b_idx", "public.l_b_key", "public.l_pkey"}));
  EXPECT_EQ(names(catalog.indexes({"public", "m"})),
            (Texts{"public.m_a_b_idx", "public.m_b_key", "public.m_pkey"}));
  EXPECT_EQ(names(catalog.indexes({"public", "p1"})), Texts{"public.p1_b_idx"});
  // An index of a partitioned table is made anew where its type changes.
  const Catalog altered = replay(
      "CREATE TABLE p (a int, b int) PARTITION BY HASH (a); CREATE INDEX ON p (b); ALTER TABLE p RENAME b TO "
      "y;"
      "CREATE TABLE p1 PARTITION OF p FOR VALUES WITH (MODULUS 1, REMAINDER 0);"
      "ALTER TABLE p ALTER y TYPE bigint");
  EXPECT_EQ(names(altered.indexes({"public", "p1"})), Texts{"public.p1_y_idx"});
}

TEST(Catalog, IdentityMakesASequenceOfItsOwn) {
  const Catalog catalog = replay(
      "CREATE TABLE t (id serial); ALTER TABLE t ALTER id DROP DEFAULT; ALTER TABLE t ALTER id ADD GENERATED "
      "ALWAYS AS "
      "IDENTITY; CREATE TABLE c () INHERITS (t); CREATE TABLE l (LIKE c INCLUDING IDENTITY);"
      "CREATE TABLE m (LIKE t INCLUDING IDENTITY)");
  EXPECT_EQ(names(catalog.owned_sequences(k_t)), (Texts{"public.t_id_seq", "public.t_id_seq1"}));
  EXPECT_EQ(names(catalog.owned_sequences({"public", "l"})), Texts{});
  EXPECT_EQ(names(catalog.owned_sequences({"public", "m"})), Texts{"public.m_id_seq"});
}

TEST(Catalog, LongNamesAreCutLikeMakeObjectName) {
  const std::string table(63, 'a');
  EXPECT_EQ(make_object_name(table, "b", "idx"), std::string(57, 'a') + "_b_idx");
  EXPECT_EQ(make_object_name(table, table, "key"),
            std::string(29, 'a') + "_" + std::string(29, 'a') + "_key");
  // A character of two bytes is not cut in the middle.
  std::string umlauts;
  for (int i = 0; i < 31; ++i) umlauts += "ä";
  EXPECT_EQ(make_object_name(umlauts, "", "pkey").size(), 63U);
}

TEST(Catalog, NamesAreFoundThroughTheSearchPath) {
  Catalog catalog = replay("CREATE TABLE app.t (a int); CREATE TABLE t (a int); CREATE TEMP TABLE x (a int)");
  EXPECT_EQ(catalog.find({"", "t"})->name.schemaname, "public");
  catalog.search_path = {"app", "public"};
  EXPECT_EQ(catalog.find({"", "t"})->name.schemaname, "app");
  EXPECT_EQ(catalog.find({"", "x"})->name.schemaname, "pg_temp");
  EXPECT_EQ(catalog.resolve({"", "unknown"}), (RelationName{"app", "unknown"}));
}

TEST(Catalog, PartitionsInheritIndexesAndForeignKeys) {
  const Catalog catalog = replay(
      "CREATE TABLE t (id int, d date, r int REFERENCES r, PRIMARY KEY (id, d)) PARTITION BY RANGE (d);"
      "CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');"
      "CREATE TABLE t_d PARTITION OF t DEFAULT; CREATE INDEX ON t (r)");
  EXPECT_EQ(names(catalog.children(k_t)), (Texts{"public.t_1", "public.t_d"}));
  EXPECT_EQ(names(catalog.indexes({"public", "t_1"})), (Texts{"public.t_1_pkey", "public.t_1_r_idx"}));
  EXPECT_EQ(catalog.find({"public", "t_pkey"})->relkind, relkind::partitioned_index);
  EXPECT_TRUE(catalog.find({"public", "t_d"})->is_default_partition);
  EXPECT_EQ(names(catalog.referencing({"public", "r"})), (Texts{"public.t", "public.t_1", "public.t_d"}));
}

TEST(Catalog, RenamesAndSchemaMovesReachEverything) {
  const Catalog catalog = replay(
      "CREATE TABLE t (id serial PRIMARY KEY, a int); CREATE TABLE c (t_id int REFERENCES t);"
      "CREATE VIEW v AS SELECT * FROM t; ALTER TABLE t RENAME TO u; ALTER TABLE u SET SCHEMA app;"
      "ALTER TABLE app.u RENAME COLUMN a TO b");
  const RelationName moved{"app", "u"};
  EXPECT_EQ(catalog.find(k_t), nullptr);
  EXPECT_NE(catalog.find(moved)->column("b"), nullptr);
  EXPECT_EQ(names(catalog.indexes(moved)), Texts{"app.t_pkey"});
  EXPECT_EQ(names(catalog.referencing(moved)), Texts{"public.c"});
  EXPECT_EQ(names(catalog.readers(moved)), Texts{"public.v"});
  EXPECT_EQ(names(catalog.owned_sequences(moved)), Texts{"app.t_id_seq"});
}

TEST(Catalog, DropTakesAllThatHangsOnIt) {
  const Catalog catalog = replay(
      "CREATE TABLE t (id serial PRIMARY KEY); CREATE TABLE c (t_id int REFERENCES t);"
      "CREATE VIEW v AS SELECT * FROM t; DROP TABLE t CASCADE");
  EXPECT_EQ(names(catalog.all()), Texts{"public.c"});
  EXPECT_TRUE(catalog.find({"public", "c"})->constraints.empty());
  EXPECT_TRUE(catalog.is_missing({"", "t"}));
  EXPECT_FALSE(catalog.is_missing({"", "never_seen"}));
}

TEST(Catalog, DropColumnTakesItsIndexesAndConstraints) {
  const Catalog catalog = replay(
      "CREATE TABLE t (a int UNIQUE, b int, c int REFERENCES r, CHECK (a < b)); CREATE INDEX ON t (b) WHERE "
      "a > 0;"
      "CREATE INDEX ON t (b); ALTER TABLE t DROP COLUMN a");
  EXPECT_EQ(names(catalog.indexes(k_t)), Texts{"public.t_b_idx1"});
  EXPECT_EQ(catalog.find(k_t)->constraints.size(), 1U);
}

TEST(Catalog, AValidCheckProvesNotNull) {
  const std::string base =
      "CREATE TABLE t (a int, b int); ALTER TABLE t ADD CONSTRAINT n CHECK (a IS NOT NULL AND b > 0)";
  const Catalog not_valid = replay(base + " NOT VALID");
  EXPECT_FALSE(not_valid.find(k_t)->find_constraint("n")->validated);
  const Catalog valid = replay(base + " NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT n");
  EXPECT_TRUE(valid.find(k_t)->find_constraint("n")->validated);
  EXPECT_EQ(valid.find(k_t)->find_constraint("n")->not_null, Names{"a"});
}

TEST(Catalog, DomainsAreConstrainedThroughTheirBase) {
  const Catalog catalog = replay(
      "CREATE DOMAIN plain AS text; CREATE DOMAIN mail AS text CHECK (VALUE ~ '@'); CREATE DOMAIN own AS "
      "mail;"
      "CREATE TABLE t (a own); CREATE TABLE u (a plain)");
  EXPECT_FALSE(catalog.find_type({.name = "plain"})->constrained);
  EXPECT_TRUE(catalog.find_type({.name = "own"})->constrained);
  EXPECT_EQ(names(catalog.type_users({.name = "mail"})), Texts{"public.t"});
}

TEST(Catalog, ACopyIsUntouchedByWhatComesAfter) {
  Catalog catalog = replay("CREATE TABLE t (a int)");
  const Catalog before = catalog;
  const Script script = parse({.path = "x", .text = "ALTER TABLE t ADD COLUMN b int; DROP TABLE t"});
  for (const Statement& statement : script.statements) catalog.apply(statement.commands.front());
  EXPECT_EQ(catalog.find(k_t), nullptr);
  EXPECT_EQ(before.find(k_t)->columns.size(), 1U);
}

}  // namespace
}  // namespace pgsluice
