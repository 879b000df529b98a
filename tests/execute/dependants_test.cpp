// SPDX-License-Identifier: Apache-2.0
// What else in the database uses what a contract step takes away: the evidence `dependants`, on real servers, through the
// built program.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "execute/gated.hpp"
#include "pgsluice/sql.hpp"

namespace pgsluice::test {
namespace {

using ::testing::HasSubstr;

class Dependants : public Gated {
 protected:
  /// What keeps release 3 from running this step, whose tables release 1 has brought.
  std::string held_by(const std::string& sql) {
    folder.write("0009_step.sql", cat("-- pgsluice: phase=contract needs-app=checkout>=2.0.0\n", sql));
    const std::string words = hook_words(sql);
    EXPECT_EQ(held("0009_step.sql", {"--release", "3.0.0"}).substr(0, 10), words.empty() ? "" : "dependants")
        << sql;
    return words;
  }

 private:
  std::string hook_words(const std::string& sql) {
    const OrderedJson document = status({"--release", "3.0.0"});
    for (const OrderedJson& migration : document["migrations"]) {
      if (migration["id"] != "0009_step.sql") continue;
      return migration["held"].empty() ? "" : migration["held"][0]["message"].get<std::string>();
    }
    return cat("no such step: ", sql);
  }
};

INSTANTIATE_TEST_SUITE_P(Servers, Dependants, ::testing::ValuesIn(servers({12, 13, 15, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Dependants);

/// Elsewhere there may be others of that name: api.orders beside public.orders, as PostgREST wants it.
TEST_P(Dependants, WhatHasANameThatTheFileUsesForSomethingElseCounts) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  database.admin(cat("CREATE SCHEMA api AUTHORIZATION ", quote_ident(k_migrator)));
  database.sql("CREATE VIEW api.orders AS SELECT id, total FROM public.orders");
  for (const char* cascade : {"", " CASCADE"})
    EXPECT_THAT(held_by(cat("ALTER TABLE public.orders DROP COLUMN total", cascade, ";\n")),
                HasSubstr("view api.orders uses public.orders.total"));
  EXPECT_THAT(held_by("DROP TABLE public.orders CASCADE;\n"),
              HasSubstr("view api.orders uses public.orders"));
  const std::string drop = "ALTER TABLE public.orders DROP COLUMN total;\n";
  EXPECT_EQ(held_by(cat("DROP VIEW api.orders;\n", drop)), "");
  EXPECT_EQ(held_by(cat("DROP SCHEMA api CASCADE;\n", drop)), "");
  EXPECT_EQ(
      held_by(cat("DROP VIEW api.orders;\nCREATE VIEW api.orders AS SELECT id FROM public.orders;\n", drop)),
      "");
  EXPECT_THAT(held_by(cat("-- api.orders\nCOMMENT ON VIEW api.orders IS 'api.orders';\n", drop)),
              HasSubstr("view api.orders"));
}

TEST_P(Dependants, WhatTheFileItselfTakesAwayDoesNotCount) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  const std::string drop = "ALTER TABLE orders DROP COLUMN total;\n";
  const auto is_settled = [&](const std::string& made, const std::string& by, const std::string& not_by) {
    database.admin(made);
    EXPECT_NE(held_by(drop), "") << made;
    EXPECT_NE(held_by(cat(not_by, drop)), "") << not_by;
    EXPECT_EQ(held_by(cat(by, drop)), "") << by;
    database.admin(by);
  };
  database.admin(cat("CREATE SCHEMA api AUTHORIZATION ", quote_ident(k_migrator)));
  database.sql("CREATE TABLE other (id bigint PRIMARY KEY, total int)");
  is_settled("CREATE POLICY total ON orders USING (total > 0); CREATE POLICY total ON other USING (true)",
             "DROP POLICY total ON orders;\n", "DROP POLICY total ON other;\n");
  is_settled(
      "CREATE FUNCTION api.total() RETURNS int LANGUAGE sql AS 'SELECT total FROM orders';"
      "CREATE FUNCTION public.total() RETURNS int LANGUAGE sql AS 'SELECT 1'",
      "DROP FUNCTION api.total();\n", "DROP FUNCTION total();\n");
  is_settled("CREATE FUNCTION sums() RETURNS int LANGUAGE sql AS 'SELECT total FROM orders'",
             "CREATE OR REPLACE FUNCTION sums() RETURNS int LANGUAGE sql AS 'SELECT 1';\n",
             "CREATE FUNCTION api.sums() RETURNS int LANGUAGE sql AS 'SELECT 1';\n");
  is_settled(
      "CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
      "CREATE TRIGGER t BEFORE UPDATE OF total ON orders FOR EACH ROW EXECUTE FUNCTION g();"
      "CREATE TRIGGER t BEFORE UPDATE OF total ON other FOR EACH ROW EXECUTE FUNCTION g()",
      "DROP TRIGGER t ON orders;\n", "DROP TRIGGER t ON other;\n");
  is_settled("ALTER TABLE orders ADD COLUMN twice int GENERATED ALWAYS AS (total * 2) STORED",
             "ALTER TABLE orders DROP COLUMN twice;\n", "ALTER TABLE other ADD COLUMN twice int;\n");
  is_settled("CREATE PUBLICATION p FOR TABLE orders, other", "ALTER PUBLICATION p DROP TABLE orders;\n",
             "ALTER PUBLICATION p DROP TABLE other;\n");
  database.admin("ALTER TABLE orders ADD UNIQUE (total); CREATE TABLE lines (total int)");
  is_settled("ALTER TABLE lines ADD CONSTRAINT lines_total FOREIGN KEY (total) REFERENCES orders (total)",
             "ALTER TABLE lines DROP CONSTRAINT lines_total;\n",
             "ALTER TABLE lines ADD COLUMN lines_total int;\n");
}

/// A partition goes with its table, and a column with that of the parent.
TEST_P(Dependants, WhatUsesAPartitionOrAChildCounts) {
  folder.write("0002_events.sql",
               "CREATE TABLE ev (id bigint, a int, b int) PARTITION BY RANGE (id);\n"
               "CREATE TABLE ev_1 PARTITION OF ev FOR VALUES FROM (0) TO (100);\n"
               "CREATE TABLE base (id bigserial, a int);\nCREATE TABLE child (own int) INHERITS (base);\n");
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  const std::vector<std::string> steps{"DROP TABLE ev CASCADE;\n", "DROP TABLE ev;\n",
                                       "ALTER TABLE ev DROP COLUMN a CASCADE;\n",
                                       "ALTER TABLE ev DROP COLUMN a;\n"};
  for (const std::string& step : steps) EXPECT_EQ(held_by(step), "") << step;
  database.sql("CREATE VIEW v1 AS SELECT id, a FROM ev_1");
  for (const std::string& step : steps)
    EXPECT_THAT(held_by(step), HasSubstr("view public.v1 (through public.ev_1) uses public.ev")) << step;
  EXPECT_EQ(held_by("ALTER TABLE ev DROP COLUMN b;\n"), "");
  EXPECT_EQ(held_by("DROP VIEW v1;\nALTER TABLE ev DROP COLUMN a;\n"), "");
  database.sql("DROP VIEW v1; CREATE VIEW v2 AS SELECT own, a FROM child");
  EXPECT_THAT(held_by("ALTER TABLE base DROP COLUMN a CASCADE;\n"),
              HasSubstr("view public.v2 (through public.child)"));
  EXPECT_THAT(held_by("DROP TABLE base CASCADE;\n"), HasSubstr("view public.v2 (through public.child)"));
  database.sql("DROP VIEW v2");
  EXPECT_THAT(held_by("DROP TABLE base CASCADE;\n"), HasSubstr("table public.child uses public.base"))
      << "it would go with all its rows";
  EXPECT_EQ(held_by("DROP TABLE child;\nDROP TABLE base;\n"), "") << "its children's defaults go with it";
  database.sql("CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT count(a) FROM ev_1'");
  EXPECT_THAT(held_by("ALTER TABLE ev DROP COLUMN a;\n"),
              HasSubstr("function public.f (through public.ev_1) names"));
}

/// What a partition has from its table is told once, and goes with that.
TEST_P(Dependants, ClonesOnPartitionsAreNoOthers) {
  folder.write("0002_events.sql",
               "CREATE TABLE ev (id bigint PRIMARY KEY, a int, b int) PARTITION BY RANGE (id);\n"
               "CREATE TABLE ev_1 PARTITION OF ev FOR VALUES FROM (0) TO (100);\n"
               "CREATE TABLE lines (ev_id bigint REFERENCES ev);\n"
               "CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';\n"
               "CREATE TRIGGER t AFTER UPDATE OF a ON ev FOR EACH ROW EXECUTE FUNCTION g();\n");
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  EXPECT_EQ(held_by("DROP TRIGGER t ON ev;\nALTER TABLE ev DROP COLUMN a;\n"), "");
  EXPECT_EQ(
      held_by("ALTER TABLE lines DROP CONSTRAINT lines_ev_id_fkey;\nDROP TABLE ev;\nDROP FUNCTION g();\n"),
      "");
}

/// A key is nobody's name, and foreign keys rely on it; one that goes with its own column does not.
TEST_P(Dependants, ForeignKeysRelyOnAKeyAndGoWithTheirColumns) {
  folder.write("0002_items.sql",
               "ALTER TABLE orders ADD COLUMN code text CONSTRAINT known UNIQUE;\n"
               "CREATE TABLE items (id bigint, code text REFERENCES orders (code), order_id bigint "
               "REFERENCES orders);\n");
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  for (const char* cascade : {"", " CASCADE"})
    EXPECT_THAT(held_by(cat("ALTER TABLE orders DROP CONSTRAINT known", cascade, ";\n")),
                HasSubstr("foreign key items_code_fkey on public.items uses public.orders.known"));
  EXPECT_EQ(
      held_by(
          "ALTER TABLE items DROP CONSTRAINT items_code_fkey;\nALTER TABLE orders DROP CONSTRAINT known;\n"),
      "");
  EXPECT_EQ(held_by("ALTER TABLE items DROP COLUMN code;\nALTER TABLE orders DROP CONSTRAINT known;\n"), "");
  const std::string drop = "DROP TABLE orders;\n";
  EXPECT_NE(held_by(cat("ALTER TABLE items DROP COLUMN code;\n", drop)), "");
  EXPECT_EQ(held_by(cat("ALTER TABLE items DROP COLUMN code, DROP COLUMN order_id;\n", drop)), "");
  database.sql(
      "CREATE VIEW v AS SELECT o.*, count(*) FROM orders o JOIN items i ON i.order_id = o.id GROUP BY o.id");
  EXPECT_THAT(
      held_by("ALTER TABLE items DROP COLUMN order_id;\nALTER TABLE orders DROP CONSTRAINT orders_pkey;\n"),
      HasSubstr("view public.v uses public.orders.orders_pkey"));
}

/// A table that refers to itself loses its foreign key by name as well as another one does.
TEST_P(Dependants, AForeignKeyOfItsOwnTableCanBeSettledToo) {
  folder.write("0002_staff.sql",
               "CREATE TABLE staff (id int CONSTRAINT staff_key PRIMARY KEY,"
               " boss int CONSTRAINT staff_boss REFERENCES staff);\n"
               "CREATE TABLE desks (id int, owner int CONSTRAINT desk_owner REFERENCES staff);\n");
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  const std::string desks = "ALTER TABLE desks DROP CONSTRAINT desk_owner;\n";
  EXPECT_EQ(held_by(cat(desks, "ALTER TABLE staff DROP CONSTRAINT staff_boss, DROP CONSTRAINT staff_key;\n")),
            "");
  EXPECT_EQ(held_by(cat(desks,
                        "ALTER TABLE IF EXISTS public.staff DROP CONSTRAINT IF EXISTS staff_boss;\n"
                        "ALTER TABLE staff DROP CONSTRAINT staff_key;\n")),
            "");
  EXPECT_THAT(held_by(cat(desks, "ALTER TABLE staff DROP CONSTRAINT staff_key;\n")),
              HasSubstr("foreign key staff_boss on public.staff uses public.staff.staff_key"));
  EXPECT_THAT(held_by("ALTER TABLE staff DROP CONSTRAINT staff_boss, DROP CONSTRAINT staff_key;\n"),
              HasSubstr("foreign key desk_owner on public.desks uses public.staff.staff_key"));
  // What CASCADE takes along, the file may make anew; without CASCADE it is not taken.
  const std::string anew =
      "ALTER TABLE staff ADD PRIMARY KEY (id);\n"
      "ALTER TABLE staff ADD CONSTRAINT staff_boss FOREIGN KEY (boss) REFERENCES staff;\n";
  const std::string of_desks = "ALTER TABLE desks ADD FOREIGN KEY (owner) REFERENCES staff;\n";
  EXPECT_EQ(held_by(cat("ALTER TABLE staff DROP CONSTRAINT staff_key CASCADE;\n", anew, of_desks)), "");
  EXPECT_THAT(held_by(cat("ALTER TABLE staff DROP CONSTRAINT staff_key;\n", anew, of_desks)),
              HasSubstr("use public.staff.staff_key"));
  EXPECT_THAT(held_by(cat("ALTER TABLE staff DROP CONSTRAINT staff_key CASCADE;\n", anew)),
              HasSubstr("foreign key desk_owner on public.desks uses public.staff.staff_key"));
}

/// Functions, types and sequences are used by what PostgreSQL knows of, and by code that names them.
TEST_P(Dependants, FunctionsTypesAndSequencesHaveUsersToo) {
  folder.write("0002_more.sql",
               "CREATE FUNCTION calc(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 * 2';\n"
               "CREATE FUNCTION calc(text) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1';\n"
               "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';\n"
               "CREATE PROCEDURE tidy() LANGUAGE plpgsql AS 'BEGIN NULL; END';\n"
               "CREATE TYPE mood AS ENUM ('ok');\nCREATE DOMAIN cents AS int;\nCREATE SEQUENCE sq;\n");
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  const auto is_used = [&](const std::string& drop, const std::string& made, const std::string& words,
                           const std::string& unmade, const std::string& by) {
    EXPECT_EQ(held_by(drop), "") << drop;
    database.sql(made);
    EXPECT_THAT(held_by(drop), HasSubstr(words)) << made;
    EXPECT_EQ(held_by(cat(by, drop)), "") << by;
    database.sql(unmade);
  };
  is_used("DROP FUNCTION calc(int);\n",
          "CREATE FUNCTION total2(int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN calc($1); END'",
          "function public.total2 names function calc(int4): change that first, or say with --evidence "
          "dependants=optional",
          "DROP FUNCTION total2", "DROP FUNCTION total2(int);\n");
  is_used("DROP FUNCTION public.calc(int);\n", "CREATE VIEW v AS SELECT calc(total) FROM orders",
          "view public.v uses function public.calc(int4)", "DROP VIEW v", "DROP VIEW v;\n");
  is_used("DROP FUNCTION calc(int);\n", "CREATE INDEX twice ON orders (calc(total))",
          "index twice on public.orders uses", "DROP INDEX twice", "DROP INDEX twice;\n");
  is_used("DROP FUNCTION calc(int);\n", "ALTER TABLE orders ADD CONSTRAINT few CHECK (calc(total) < 9)",
          "constraint few on public.orders uses", "ALTER TABLE orders DROP CONSTRAINT few",
          "ALTER TABLE orders DROP CONSTRAINT few;\n");
  is_used("DROP FUNCTION calc(int);\n", "ALTER TABLE orders ADD COLUMN t int DEFAULT calc(1)",
          "default t of public.orders uses", "ALTER TABLE orders DROP COLUMN t",
          "ALTER TABLE orders ALTER t DROP DEFAULT;\n");
  is_used("DROP FUNCTION note();\n",
          "CREATE TRIGGER n BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION note()",
          "trigger n on public.orders uses function note()", "DROP TRIGGER n ON orders",
          "DROP TRIGGER n ON orders;\n");
  is_used("DROP PROCEDURE tidy();\n",
          "CREATE FUNCTION calls() RETURNS void LANGUAGE plpgsql AS 'BEGIN CALL tidy(); END'",
          "function public.calls names function tidy()", "DROP FUNCTION calls", "DROP FUNCTION calls();\n");
  is_used("DROP TYPE mood;\n", "ALTER TABLE orders ADD COLUMN m mood",
          "column m of public.orders uses type mood", "ALTER TABLE orders DROP COLUMN m",
          "ALTER TABLE orders DROP COLUMN m;\n");
  is_used("DROP TYPE mood;\n", "CREATE FUNCTION moods(mood[]) RETURNS int LANGUAGE sql AS 'SELECT 1'",
          "function public.moods uses type mood", "DROP FUNCTION moods", "DROP FUNCTION moods(mood[]);\n");
  for (const char* code :
       {"DECLARE m public.mood; BEGIN RETURN m; END", "BEGIN RETURN ''ok''::mood; END",
        "BEGIN RETURN CAST(''ok'' AS mood); END", "BEGIN RETURN mood ''ok''; END",
        "BEGIN DECLARE m mood; BEGIN RETURN m; END; END",
        "BEGIN RETURN (SELECT s FROM jsonb_to_recordset(''[]'') AS x(n numeric(9, 2), s mood)); END",
        "BEGIN CREATE TEMP TABLE t (m mood[] NOT NULL, n int); RETURN 1; END"})
    is_used("DROP TYPE mood;\n", cat("CREATE FUNCTION feels() RETURNS text LANGUAGE plpgsql AS '", code, "'"),
            "function public.feels names type mood", "DROP FUNCTION feels", "DROP FUNCTION feels();\n");
  for (const char* code :
       {"BEGIN RETURN ''mood''; END", "BEGIN INSERT INTO orders AS o (id, mood) VALUES (1, 2); RETURN 1; END",
        "BEGIN RETURN (WITH t AS (SELECT mood) SELECT mood FROM t AS u(mood)); END",
        "BEGIN RETURN (SELECT count(*) AS mood); END",
        "BEGIN RETURN (WITH t AS (SELECT id, state mood, doc FROM orders) SELECT 1 FROM t WHERE (NOT mood)); "
        "END",
        "DECLARE n int; BEGIN UPDATE orders SET mood = 1; BEGIN n := 1; END; RETURN n; END"}) {
    database.sql(cat("CREATE FUNCTION other() RETURNS text LANGUAGE plpgsql AS '", code, "'"));
    EXPECT_EQ(held_by("DROP TYPE mood;\n"), "") << code;
    database.sql("DROP FUNCTION other()");
  }
  // Of a partition it goes with the parent's.
  database.sql(
      "CREATE SEQUENCE parted_sq; CREATE TABLE parted (id bigint DEFAULT nextval('parted_sq')) PARTITION BY "
      "RANGE (id); CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (9)");
  EXPECT_THAT(held_by("DROP SEQUENCE parted_sq;\n"), HasSubstr("default id of public.parted uses"));
  EXPECT_EQ(held_by("ALTER TABLE parted ALTER COLUMN id DROP DEFAULT;\nDROP SEQUENCE parted_sq;\n"), "");
  // Columns, variables and remarks of these names.
  database.sql(
      "CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS "
      "'DECLARE calc int; BEGIN -- calc(1)\n IF NEW.mood <> OLD.mood THEN "
      "UPDATE orders SET mood = calc /* calc(2) */; END IF; RETURN NEW; END'");
  EXPECT_EQ(held_by("DROP TYPE mood;\n"), "");
  EXPECT_EQ(held_by("DROP FUNCTION calc(int);\n"), "");
  database.sql("DROP FUNCTION other");
  is_used("DROP DOMAIN cents;\n", "CREATE DOMAIN few AS cents", "domain public.few uses type cents",
          "DROP DOMAIN few", "DROP DOMAIN few;\n");
  is_used("DROP SEQUENCE sq;\n", "ALTER TABLE orders ADD COLUMN n bigint DEFAULT nextval('sq')",
          "default n of public.orders uses public.sq", "ALTER TABLE orders DROP COLUMN n",
          "ALTER TABLE orders ALTER n DROP DEFAULT;\n");
  is_used("DROP SEQUENCE sq;\n",
          "CREATE FUNCTION next() RETURNS bigint LANGUAGE sql AS 'SELECT nextval(''sq'')'",
          "function public.next names public.sq", "DROP FUNCTION next", "DROP FUNCTION next();\n");
}

/// Another one of that name stays, and is called; or a table has the name.
TEST_P(Dependants, CodeThatCallsAnotherFunctionOfThatNameUsesNothing) {
  folder.write("0002_more.sql",
               "CREATE FUNCTION calc(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2';\n"
               "CREATE FUNCTION calc(int, int) RETURNS int LANGUAGE sql AS 'SELECT $1 * $2';\n"
               "CREATE TABLE audit (a int, b int);\n"
               "CREATE FUNCTION audit(int) RETURNS int LANGUAGE sql AS 'SELECT 1';\n");
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  const auto held_beside = [&](const std::string& language, const std::string& code,
                               const std::string& drop) {
    database.sql(cat("CREATE FUNCTION other() RETURNS int LANGUAGE ", language, " AS $_$", code, "$_$"));
    const std::string words = held_by(drop);
    database.sql("DROP FUNCTION other()");
    return words;
  };
  const std::string calc = "DROP FUNCTION calc(int);\n";
  const std::string audit = "DROP FUNCTION audit(int);\n";
  for (const char* code : {"BEGIN RETURN calc(1, 2); END", "BEGIN RETURN public.calc(least(1, 2), 3); END"})
    EXPECT_EQ(held_beside("plpgsql", code, calc), "") << code;
  for (const char* code :
       {"BEGIN RETURN 1; -- calc(1)\nEND", "BEGIN RETURN 1 /* calc(1) */; END",
        "BEGIN RETURN 1; /* it's */ -- don't calc(1)\nEND", "BEGIN RAISE NOTICE 'calc'; RETURN 1; END"})
    EXPECT_EQ(held_beside("plpgsql", code, calc), "") << code;
  EXPECT_EQ(held_beside("sql", "SELECT calc(1, (ARRAY[2, 3])[1])", calc), "");
  EXPECT_EQ(held_beside("plpgsql", "BEGIN INSERT INTO audit (a) VALUES (1); RETURN 1; END", audit), "");
  EXPECT_EQ(held_beside("plpgsql", "BEGIN RETURN (SELECT 1 FROM (VALUES (1)) AS audit(a)); END", audit), "");
  for (const char* code :
       {"BEGIN RETURN calc(1, 2) + calc(3); END", "BEGIN EXECUTE 'SELECT calc(1, 2)'; RETURN 1; END",
        "BEGIN RETURN calc((SELECT 1, 2)); END", "BEGIN RETURN calc(VARIADIC ARRAY[1, 2]); END",
        "BEGIN RAISE NOTICE '-- %', calc(1); RETURN 1; END", "BEGIN RETURN '/*' || calc(1) || '*/'; END",
        "BEGIN RETURN calc /* of one */ (1); END", "BEGIN EXECUTE E'SELECT\\ncalc(1)'; RETURN 1; END"})
    EXPECT_THAT(held_beside("plpgsql", code, calc),
                HasSubstr("function public.other names function calc(int4)"))
        << code;
  EXPECT_THAT(held_beside("sql", "SELECT calc(1)", calc), HasSubstr("names function calc(int4)"));
  database.sql("CREATE TYPE mood AS ENUM ('ok')");
  const std::string mood = "DROP TYPE mood;\n";
  for (const char* code : {"BEGIN RAISE NOTICE '-- %', 'ok'::mood; RETURN 1; END",
                           "BEGIN RAISE NOTICE E'it\\'s --%', 'ok'::mood; RETURN 1; END",
                           "BEGIN RETURN '/*' || 'ok'::mood || '*/'; END"})
    EXPECT_THAT(held_beside("plpgsql", code, mood), HasSubstr("names type mood")) << code;
  for (const char* code :
       {"BEGIN RETURN 1; -- it's 'ok'::mood\nEND", "BEGIN RETURN /* 'ok'::mood ** */ 1; END"})
    EXPECT_EQ(held_beside("plpgsql", code, mood), "") << code;
  EXPECT_THAT(held_beside("plpgsql", "BEGIN INSERT INTO audit SELECT audit(1); RETURN 1; END", audit),
              HasSubstr("names function audit(int4)"));
}

/// What goes with a column without CASCADE uses nothing any more.
TEST_P(Dependants, IndexesAndConstraintsGoWithTheirColumns) {
  folder.write("0002_more.sql",
               "CREATE TYPE mood AS ENUM ('ok', 'bad');\n"
               "CREATE FUNCTION low(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT lower($1)';\n"
               "ALTER TABLE orders ADD COLUMN m mood, ADD COLUMN code text, ADD COLUMN other text;\n"
               "CREATE INDEX oks ON orders (id) WHERE m = 'ok';\n"
               "CREATE INDEX lows ON orders (low(code)) INCLUDE (other);\n"
               "ALTER TABLE orders ADD CONSTRAINT good CHECK (m <> 'bad' OR total > 0),"
               " ADD CONSTRAINT short CHECK (low(code) <> 'x');\n"
               "ALTER TABLE orders ADD CONSTRAINT once EXCLUDE (code WITH =, low(code) WITH =);\n");
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  const std::string drop_type = "DROP TYPE mood;\n";
  const std::string drop_function = "DROP FUNCTION low(text);\n";
  EXPECT_EQ(held_by(cat("ALTER TABLE orders DROP COLUMN m;\n", drop_type)), "");
  EXPECT_EQ(held_by(cat("ALTER TABLE orders DROP COLUMN code;\n", drop_function)), "");
  EXPECT_THAT(held_by(cat("ALTER TABLE orders DROP COLUMN id;\n", drop_type)), HasSubstr("column m of"));
  EXPECT_THAT(held_by(cat("ALTER TABLE orders DROP COLUMN other;\n", drop_function)),
              HasSubstr("constraint short on public.orders"));
  // What only a partition has, too.
  database.sql(
      "CREATE TABLE parted (id bigint, code text, other text) PARTITION BY RANGE (id);"
      "CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (9);"
      "CREATE INDEX low_1 ON parted_1 (low(code)); ALTER TABLE parted_1 ADD CHECK (low(code) <> 'x')");
  const std::string drop_code = "ALTER TABLE orders DROP COLUMN code;\n";
  EXPECT_THAT(held_by(cat(drop_code, drop_function)), HasSubstr("low_1 on public.parted_1"));
  EXPECT_EQ(held_by(cat(drop_code, "ALTER TABLE parted DROP COLUMN code;\n", drop_function)), "");
  EXPECT_THAT(held_by(cat(drop_code, "ALTER TABLE parted DROP COLUMN other;\n", drop_function)),
              HasSubstr("low_1 on public.parted_1"));
  database.sql("DROP TABLE parted");
  if (GetParam().major >= 14) {
    database.sql("CREATE STATISTICS counts ON low(code), id FROM orders");
    EXPECT_EQ(held_by(cat(drop_code, drop_function)), "");
    EXPECT_THAT(
        held_by(cat("DROP INDEX lows;\nALTER TABLE orders DROP CONSTRAINT short, DROP CONSTRAINT once;\n",
                    drop_function)),
        HasSubstr("statistics object counts on public.orders"));
    database.sql("DROP STATISTICS counts");
  }
  // A constraint that has it in an expression alone is in its way.
  database.sql("ALTER TABLE orders ADD CONSTRAINT twice EXCLUDE (id WITH =) WHERE (low(other) <> 'x')");
  const std::string drop_other = "ALTER TABLE orders DROP COLUMN other;\n";
  EXPECT_THAT(held_by(drop_other), HasSubstr("constraint twice on public.orders uses public.orders.other"));
  EXPECT_EQ(held_by("ALTER TABLE orders DROP COLUMN id;\n"), "");
  EXPECT_EQ(held_by("ALTER TABLE orders ALTER COLUMN other TYPE varchar;\n"), "");
  EXPECT_EQ(held_by(cat("ALTER TABLE orders DROP CONSTRAINT twice;\n", drop_other)), "");
  EXPECT_EQ(held_by("ALTER TABLE orders DROP CONSTRAINT twice, DROP COLUMN other;\n"), "");
  database.sql("ALTER TABLE orders DROP CONSTRAINT twice");
  // Triggers and policies do not go with it.
  database.sql(
      "CREATE FUNCTION n() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
      "CREATE TRIGGER t AFTER INSERT ON orders FOR EACH ROW WHEN (low(NEW.code) = 'x') EXECUTE FUNCTION n()");
  EXPECT_THAT(held_by(cat("ALTER TABLE orders DROP COLUMN code;\n", drop_function)),
              HasSubstr("trigger t on public.orders"));
}

/// Nobody misses what is not there, and a function of other arguments is another one.
TEST_P(Dependants, FunctionsAreKnownByTheirArguments) {
  folder.write("0002_more.sql", "CREATE FUNCTION calc(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2';\n");
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  folder.write("0003_step.sql",
               "-- pgsluice: phase=contract needs-app=checkout>=2.0.0\nDROP FUNCTION calc(int);\n");
  EXPECT_EQ(hook("presync", "2.0.0").code, 0) << message();
  folder.write("0004_more.sql",
               "DROP FUNCTION IF EXISTS nope(text);\nCREATE FUNCTION calc(text) RETURNS int LANGUAGE sql AS "
               "'SELECT 1';\n");
  const auto old = database.connect("checkout/1.0.0");
  EXPECT_EQ(hook("presync", "2.1.0").code, 0) << message();
  EXPECT_EQ(state("0003_step.sql"), "held");
  folder.write("0005_more.sql", "CREATE FUNCTION calc(integer) RETURNS int LANGUAGE sql AS 'SELECT 3';\n");
  EXPECT_EQ(hook("presync", "2.2.0").code, 10);
  EXPECT_THAT(message(),
              HasSubstr("makes calc(int4), which the contract step 0003_step.sql has not taken away yet"));
}

/// Code that names it gets the new one.
TEST_P(Dependants, AFunctionThatIsMadeAnewIsStillThereForCode) {
  folder.write("0002_more.sql",
               "CREATE FUNCTION calc(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2';\n"
               "CREATE FUNCTION total2(int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN calc($1); END';\n");
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  const std::string anew =
      "DROP FUNCTION calc(int);\nCREATE FUNCTION calc(int) RETURNS bigint LANGUAGE sql AS 'SELECT 2';\n";
  EXPECT_NE(held_by("DROP FUNCTION calc(int);\n"), "");
  EXPECT_EQ(held_by(anew), "");
  database.sql("CREATE VIEW v AS SELECT calc(total) FROM orders");
  EXPECT_THAT(held_by(anew), HasSubstr("view public.v uses function calc(int4)"));
}

}  // namespace
}  // namespace pgsluice::test
