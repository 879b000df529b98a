// SPDX-License-Identifier: Apache-2.0
// What goes with what: the walk of a DROP, and the names by which it finds its way afterwards.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "pgsluice/effects.hpp"

namespace pgsluice {
namespace {

using Texts = std::vector<std::string>;

const EffectTable& table() {
  static const EffectTable k_table = EffectTable::load({});
  return k_table;
}

/// The relations other than indexes that the last statement locks exclusively, sorted.
Texts locked(const std::string& before, const std::string& sql, int pg_version = 17) {
  Catalog catalog;
  const PredictOptions options{.pg_version = pg_version, .transaction = FileTransaction::none};
  predict(parse({.path = "before.sql", .text = before}), catalog, table(), options);
  const Script script = parse({.path = "test.sql", .text = sql});
  EXPECT_TRUE(script.errors.empty()) << sql;
  Texts result;
  const std::vector<Effect> effects = predict(script, catalog, table(), options);
  for (const RelationLock& lock : effects.back().locks) {
    const bool is_index = lock.relkind == relkind::index || lock.relkind == relkind::partitioned_index;
    if (!is_index && lock.mode == LockMode::AccessExclusive) result.push_back(lock.relation.quoted());
  }
  std::ranges::sort(result);
  return result;
}

TEST(Dependencies, AColumnTakesOnlyTheViewsAndPoliciesThatReadIt) {
  const std::string before =
      "CREATE TABLE t (a int, b int); CREATE VIEW va AS SELECT a FROM t; CREATE VIEW vb AS SELECT b FROM t;"
      "CREATE TABLE p (x int); CREATE POLICY pa ON p USING (x IN (SELECT a FROM t))";
  EXPECT_EQ(locked(before, "ALTER TABLE t DROP COLUMN a CASCADE"),
            (Texts{"public.p", "public.t", "public.va"}));
  EXPECT_EQ(locked(before, "ALTER TABLE t DROP COLUMN b CASCADE"), (Texts{"public.t", "public.vb"}));
}

TEST(Dependencies, AViewReadsTheColumnsOfUsingAndFollowsNewNames) {
  const std::string before =
      "CREATE TABLE t (a int, b int); CREATE TABLE u (a int, c int);"
      "CREATE VIEW v AS SELECT b, c FROM t JOIN u USING (a); CREATE VIEW n AS SELECT count(*) AS n FROM t";
  EXPECT_EQ(locked(before, "ALTER TABLE u DROP COLUMN a CASCADE"), (Texts{"public.u", "public.v"}));
  EXPECT_EQ(locked(before + "; ALTER TABLE t RENAME b TO z", "ALTER TABLE t DROP COLUMN z CASCADE"),
            (Texts{"public.t", "public.v"}));
}

TEST(Dependencies, AViewReadsTheColumnsOfTheRelationThatItMeans) {
  const std::string before =
      "CREATE TABLE t (a int, b int); CREATE TABLE u (a int, b int, c int);"
      "CREATE VIEW star AS SELECT x.* FROM t x JOIN u y ON x.a = y.c;"
      "CREATE VIEW whole AS SELECT to_json(u) AS n, to_json(t.*) AS j FROM t, u;"
      "CREATE VIEW places AS SELECT i FROM t AS z (i, j);"
      "CREATE VIEW ex AS SELECT 1 AS one WHERE EXISTS (SELECT * FROM u)";
  EXPECT_EQ(locked(before, "ALTER TABLE u DROP COLUMN a CASCADE"), (Texts{"public.ex", "public.u"}));
  EXPECT_EQ(locked(before, "ALTER TABLE u DROP COLUMN c CASCADE"),
            (Texts{"public.ex", "public.star", "public.u"}));
  EXPECT_EQ(locked(before, "ALTER TABLE t DROP COLUMN b CASCADE"), (Texts{"public.star", "public.t"}));
}

TEST(Dependencies, AViewOfAViewReadsItsColumns) {
  const std::string before =
      "CREATE TABLE t (a int, b int); CREATE VIEW v (x, y) AS SELECT a, b + 1 FROM t;"
      "CREATE VIEW w AS SELECT x FROM v; CREATE VIEW z AS SELECT q.y FROM v q;"
      "CREATE MATERIALIZED VIEW m AS SELECT * FROM w";
  EXPECT_EQ(locked(before, "ALTER TABLE t DROP COLUMN b CASCADE"),
            (Texts{"public.m", "public.t", "public.v", "public.w", "public.z"}));
  EXPECT_EQ(locked(before + "; ALTER VIEW v RENAME COLUMN x TO k; CREATE VIEW n AS SELECT k FROM v",
                   "DROP VIEW w CASCADE"),
            (Texts{"public.m", "public.w"}));
}

TEST(Dependencies, WhatIsNotKnownOfATableMayBeRead) {
  const std::string before =
      "CREATE TABLE t (a int, b int); CREATE TABLE made AS SELECT a, a + b AS c FROM t;"
      "CREATE VIEW v AS SELECT made.* FROM made JOIN t ON t.a = made.a";
  EXPECT_EQ(locked(before, "ALTER TABLE made DROP COLUMN c CASCADE"), (Texts{"public.made", "public.v"}));
  EXPECT_EQ(locked(before, "ALTER TABLE t DROP COLUMN b CASCADE"), (Texts{"public.t"}));
}

TEST(Dependencies, RulesAndPoliciesReadTheColumnsOfTheRelationThatTheyMean) {
  const std::string before =
      "CREATE TABLE t (a int, b int); CREATE TABLE log (a int, b int, at timestamptz); CREATE TABLE o (b "
      "int);"
      "CREATE RULE r AS ON INSERT TO t DO ALSO INSERT INTO log SELECT new.*;"
      "CREATE POLICY p ON t USING (EXISTS (SELECT 1 FROM o WHERE o.b = t.a))";
  EXPECT_EQ(locked(before, "ALTER TABLE log DROP COLUMN at CASCADE"), (Texts{"public.log"}));
  EXPECT_EQ(locked(before, "ALTER TABLE log DROP COLUMN b CASCADE"), (Texts{"public.log", "public.t"}));
  EXPECT_EQ(locked(before, "ALTER TABLE o DROP COLUMN b CASCADE"), (Texts{"public.o", "public.t"}));
  EXPECT_EQ(locked(before + "; ALTER TABLE log RENAME b TO c; ALTER TABLE log RENAME TO journal",
                   "ALTER TABLE journal DROP COLUMN c CASCADE"),
            (Texts{"public.journal", "public.t"}));
}

TEST(Dependencies, OnlyWhoUsesMoreThanTheKeyReliesOnGroupingByIt) {
  const std::string before =
      "CREATE TABLE t (id int PRIMARY KEY, b int); CREATE VIEW k AS SELECT id, count(*) FROM t GROUP BY id;"
      "CREATE VIEW m AS SELECT id, b FROM t GROUP BY id";
  EXPECT_EQ(locked(before, "ALTER TABLE t DROP CONSTRAINT t_pkey CASCADE"), (Texts{"public.m", "public.t"}));
}

TEST(Dependencies, AForeignKeyThatWentWithItsKeyStaysGone) {
  const std::string before =
      "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (t_id int REFERENCES t);"
      "ALTER TABLE t ADD UNIQUE (id); ALTER TABLE t DROP CONSTRAINT t_pkey CASCADE";
  EXPECT_EQ(locked(before, "DROP TABLE t CASCADE"), Texts{"public.t"});
}

TEST(Dependencies, AnInheritedNotNullHasTheNameOfItsTablesOne) {
  const std::string before =
      "CREATE TABLE t (id int NOT NULL); CREATE TABLE u () INHERITS (t);"
      "ALTER TABLE t RENAME CONSTRAINT t_id_not_null TO k; CREATE TABLE l (LIKE u); CREATE TABLE m () "
      "INHERITS (l)";
  EXPECT_EQ(locked(before, "ALTER TABLE l DROP CONSTRAINT k", 18), (Texts{"public.l", "public.m"}));
}

TEST(Dependencies, ASequenceIsOwnedByAColumnUnderItsNewName) {
  EXPECT_EQ(
      locked("CREATE TABLE t (a serial, b int); ALTER TABLE t RENAME a TO c", "ALTER TABLE t DROP COLUMN c"),
      (Texts{"public.t", "public.t_a_seq"}));
}

TEST(Dependencies, AGeneratedColumnGoesWithWhatItIsMadeOf) {
  EXPECT_EQ(locked("CREATE TABLE t (a int, g int GENERATED ALWAYS AS (a + 1) STORED);"
                   "CREATE VIEW v AS SELECT g FROM t",
                   "ALTER TABLE t DROP COLUMN a CASCADE"),
            (Texts{"public.t", "public.v"}));
}

TEST(Dependencies, AForeignKeyGoesWithTheKeyThatItReliesOn) {
  const std::string before =
      "CREATE TABLE t (a int PRIMARY KEY, b int UNIQUE); CREATE TABLE ra (a int REFERENCES t);"
      "CREATE TABLE rb (b int REFERENCES t (b))";
  EXPECT_EQ(locked(before, "ALTER TABLE t DROP CONSTRAINT t_pkey CASCADE"), (Texts{"public.ra", "public.t"}));
  EXPECT_EQ(locked(before, "ALTER TABLE t DROP CONSTRAINT t_b_key CASCADE"),
            (Texts{"public.rb", "public.t"}));
}

TEST(Dependencies, ATypeGoesThroughDomainsAndFunctions) {
  EXPECT_EQ(locked("CREATE TYPE e AS ENUM ('a'); CREATE DOMAIN d AS e; CREATE TABLE t (x d);"
                   "CREATE FUNCTION f(e) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';"
                   "CREATE TABLE u (y int DEFAULT f('a'))",
                   "DROP TYPE e CASCADE"),
            (Texts{"public.t", "public.u"}));
}

TEST(Dependencies, CodeThatIsKeptParsedGoesWithWhatItReads) {
  const std::string before =
      "CREATE TABLE a (id int, x int); CREATE FUNCTION fa(int) RETURNS bigint LANGUAGE sql STABLE "
      "BEGIN ATOMIC SELECT count(*) FROM a WHERE x = $1; END;"
      "CREATE FUNCTION fb(int) RETURNS bigint LANGUAGE sql RETURN fa($1);"
      "CREATE FUNCTION text(int) RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM a';"
      "CREATE TABLE k (c int CHECK (fa(c) > -1)); CREATE TABLE k2 (c int DEFAULT fb(1));"
      "CREATE TABLE k3 (c int); CREATE POLICY p ON k3 USING (fb(c) > 0);"
      "CREATE VIEW v AS SELECT fb(1) AS q; CREATE VIEW w AS SELECT text(1) AS q";
  const Texts users = {"public.a", "public.k", "public.k2", "public.k3", "public.v"};
  EXPECT_EQ(locked(before, "DROP TABLE a CASCADE"), users);
  EXPECT_EQ(locked(before, "ALTER TABLE a DROP COLUMN x CASCADE"), users);
  EXPECT_EQ(locked(before, "DROP FUNCTION fa(int) CASCADE"),
            (Texts{"public.k", "public.k2", "public.k3", "public.v"}));
  EXPECT_EQ(locked(before, "DROP FUNCTION text(int) CASCADE"), Texts{"public.w"});
  const std::string renamed = before +
                              "; ALTER TABLE a RENAME TO b; CREATE TABLE a (id int);"
                              "ALTER FUNCTION fa(int) RENAME TO fc";
  EXPECT_EQ(locked(renamed, "DROP TABLE a CASCADE"), Texts{"public.a"});
  EXPECT_EQ(locked(renamed, "DROP TABLE b CASCADE"),
            (Texts{"public.b", "public.k", "public.k2", "public.k3", "public.v"}));
}

TEST(Dependencies, OperatorsAndAggregatesGoWithWhatTheyAreMadeOf) {
  const std::string before =
      "CREATE FUNCTION eq(int, int) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1 = $2; "
      "END';"
      "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = eq);"
      "CREATE OPERATOR ==== (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);"
      "CREATE FUNCTION larger(int, int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN $1; END';"
      "CREATE AGGREGATE top(int) (SFUNC = larger, STYPE = int); "
      "CREATE TABLE t (a int CHECK (a === 1)); CREATE TABLE u (a int CHECK (a ==== 1));"
      "CREATE VIEW v AS SELECT a === 2 AS s FROM u; CREATE VIEW w AS SELECT top(a) AS t FROM u";
  EXPECT_EQ(locked(before, "DROP OPERATOR === (int, int) CASCADE"), (Texts{"public.t", "public.v"}));
  EXPECT_EQ(locked(before, "DROP FUNCTION larger(int, int) CASCADE"), Texts{"public.w"});
  EXPECT_EQ(locked(before, "DROP FUNCTION eq(int, int) CASCADE"), (Texts{"public.t", "public.v"}));
  const std::string dropped = before + "; DROP OPERATOR === (int, int) CASCADE";
  EXPECT_EQ(locked(dropped, "DROP FUNCTION eq(int, int) CASCADE"), Texts{});
}

TEST(Dependencies, ATableGoesWithTheFunctionThatItIsPartitionedBy) {
  const std::string before =
      "CREATE FUNCTION f(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1; END';"
      "CREATE TABLE p (i int, j int) PARTITION BY RANGE (j, f(i));"
      "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0, 0) TO (1, 1);"
      "CREATE TABLE other (i int) PARTITION BY RANGE (abs(i)); CREATE VIEW v AS SELECT j FROM p";
  EXPECT_EQ(locked(before, "DROP FUNCTION f(int) CASCADE"), (Texts{"public.p", "public.p1", "public.v"}));
}

TEST(Dependencies, AViewGoesWithTheSequenceThatItDrawsFrom) {
  const std::string before =
      "CREATE SEQUENCE sq; CREATE SCHEMA s; CREATE SEQUENCE s.sq; CREATE VIEW v AS SELECT nextval('sq') AS n;"
      "CREATE VIEW w AS SELECT currval('public.sq'::regclass) AS n; CREATE VIEW x AS SELECT nextval('s.sq') "
      "AS n";
  EXPECT_EQ(locked(before, "DROP SEQUENCE sq CASCADE"), (Texts{"public.sq", "public.v", "public.w"}));
  EXPECT_EQ(locked(before, "DROP SEQUENCE s.sq CASCADE"), (Texts{"public.x", "s.sq"}));
}

TEST(Dependencies, AChildKeepsAColumnThatAnotherParentHas) {
  const std::string before =
      "CREATE TABLE p1 (n int, a int); CREATE TABLE p2 (n int); CREATE TABLE c1 () INHERITS (p1, p2);"
      "CREATE TABLE c2 () INHERITS (c1, p1); CREATE TABLE g () INHERITS (c2);"
      "CREATE TABLE d1 () INHERITS (p2); CREATE TABLE d2 () INHERITS (p2);"
      "CREATE TABLE e () INHERITS (d1, d2); CREATE TABLE h () INHERITS (e)";
  EXPECT_EQ(locked(before, "ALTER TABLE p1 DROP COLUMN n"), (Texts{"public.c1", "public.c2", "public.p1"}));
  EXPECT_EQ(locked(before, "ALTER TABLE p2 DROP COLUMN n"),
            (Texts{"public.c1", "public.d1", "public.d2", "public.e", "public.h", "public.p2"}));
}

TEST(Dependencies, WithoutCascadeOnlyPartsGoAlong) {
  EXPECT_EQ(locked("CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (a serial, p int REFERENCES p);"
                   "CREATE VIEW v AS SELECT a FROM t",
                   "DROP TABLE t"),
            (Texts{"public.p", "public.t", "public.t_a_seq"}));
}

TEST(Dependencies, NewNamesAreFollowed) {
  const std::string before =
      "CREATE SCHEMA s; CREATE TYPE s.e AS ENUM ('a'); CREATE SEQUENCE s.q; CREATE TABLE t (x s.e,"
      " y int DEFAULT nextval('s.q'));"
      "CREATE FUNCTION s.f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';"
      "CREATE TABLE u (z int CHECK (s.f(z) > 0)); ALTER SCHEMA s RENAME TO n; ALTER TYPE n.e RENAME TO e2;"
      "ALTER FUNCTION n.f(int) SET SCHEMA public; ALTER SEQUENCE n.q RENAME TO q2";
  EXPECT_EQ(locked(before, "DROP TYPE n.e2 CASCADE"), Texts{"public.t"});
  EXPECT_EQ(locked(before, "DROP FUNCTION f(int) CASCADE"), Texts{"public.u"});
  EXPECT_EQ(locked(before, "DROP SEQUENCE n.q2 CASCADE"), (Texts{"n.q2", "public.t"}));
}

TEST(Dependencies, ARoleOwnsMoreThanTables) {
  const std::string before =
      "CREATE TABLE t (a int); CREATE TYPE e AS ENUM ('a'); CREATE TABLE u (x e); CREATE POLICY p ON t TO r"
      " USING (true); ALTER TYPE e OWNER TO r";
  EXPECT_EQ(locked(before, "DROP OWNED BY r CASCADE"), (Texts{"public.t", "public.u"}));
  EXPECT_EQ(locked(before + "; REASSIGN OWNED BY r TO other", "DROP OWNED BY other CASCADE"),
            Texts{"public.u"});
}

TEST(Dependencies, APolicyGoesWithTheLastOfItsRoles) {
  const std::string before = "CREATE TABLE t (a int); CREATE POLICY p ON t TO r, other USING (true)";
  EXPECT_EQ(locked(before, "DROP OWNED BY r"), Texts{});
  EXPECT_EQ(locked(before, "DROP OWNED BY r, other"), Texts{"public.t"});
  EXPECT_EQ(locked(before + "; DROP OWNED BY r", "DROP OWNED BY other"), Texts{"public.t"});
  EXPECT_EQ(locked(before + "; DROP OWNED BY r, other", "DROP OWNED BY other"), Texts{});
}

TEST(Dependencies, AnUnknownExtensionTakesWhatHasNoOtherOrigin) {
  const std::string before =
      "CREATE TABLE t (a int, b text DEFAULT lower('X')); CREATE INDEX i ON t (b text_pattern_ops);"
      "CREATE TABLE v (w vector); CREATE TABLE f (x text DEFAULT unheard_of())";
  EXPECT_EQ(locked(before, "DROP EXTENSION vector CASCADE"), (Texts{"public.f", "public.v"}));
}

TEST(Dependencies, WhatIsDroppedIsForgotten) {
  const std::string before =
      "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (a int, x e); CREATE VIEW v AS SELECT x FROM t;"
      "DROP TYPE e CASCADE";
  EXPECT_EQ(locked(before, "DROP TABLE t CASCADE"), Texts{"public.t"});
}

}  // namespace
}  // namespace pgsluice
