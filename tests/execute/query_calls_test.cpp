// SPDX-License-Identifier: Apache-2.0
// Queries that call what a contract step takes away, or go through what uses it, on real servers.

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "execute/counting.hpp"

namespace pgsluice::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Calls : public Counting {};

INSTANTIATE_TEST_SUITE_P(Servers, Calls, ::testing::ValuesIn(servers({12, 15, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Calls);

TEST_P(Calls, ThatGoThroughViewsAndFunctionsCountToo) {
  database.sql(
      cat("CREATE VIEW totals AS SELECT id, total AS t FROM orders; GRANT SELECT ON totals TO ", k_app));
  database.sql("CREATE FUNCTION sum_up() RETURNS bigint LANGUAGE sql AS 'SELECT sum(o.total) FROM orders o'");
  database.sql(
      "CREATE FUNCTION hidden() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT max(total) FROM "
      "orders); END'");
  folder.write("0002_drop.sql", k_drop_of_total);
  app("SELECT t FROM totals");
  app("SELECT sum_up()");
  app("SELECT hidden()");
  EXPECT_THAT(held("0002_drop.sql"), AllOf(HasSubstr("SELECT t FROM totals"), HasSubstr("SELECT sum_up()"),
                                           Not(HasSubstr("1 call: SELECT hidden()"))));
  EXPECT_EQ(bring("2.0.0").code, 0);
  app("DO $$ BEGIN PERFORM count(*) FROM orders; END $$");
  EXPECT_THAT(held("0002_drop.sql"), Not(HasSubstr("queries: ")));
  app("DO $$ BEGIN PERFORM total FROM orders; END $$");
  EXPECT_THAT(held("0002_drop.sql"), HasSubstr("queries: the code of a DO block names it, so it may use"));
  EXPECT_EQ(bring("2.0.0").code, 0);
  app("SELECT hidden()");
  EXPECT_THAT(held("0002_drop.sql"),
              HasSubstr("queries: a query runs public.hidden, whose code names it, so it may use"));
}

TEST_P(Calls, ThatCallWhatIsDroppedOrCastToItCount) {
  database.sql(
      "CREATE FUNCTION calc(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2';"
      "CREATE FUNCTION outer_calc() RETURNS int LANGUAGE sql AS 'SELECT calc(1)';"
      "CREATE PROCEDURE tidy() LANGUAGE plpgsql AS 'BEGIN NULL; END'; CREATE TYPE mood AS ENUM ('ok')");
  for (const char* drop : {"DROP FUNCTION calc(int)", "DROP PROCEDURE tidy()", "DROP TYPE mood"})
    EXPECT_EQ(held_by(drop, no_dependants), "") << drop;
  app("SELECT outer_calc()");
  app("CALL tidy()");
  EXPECT_THAT(held_by("DROP FUNCTION calc(int)", no_dependants),
              AllOf(HasSubstr("queries: function calc(int4) was used in"), HasSubstr("SELECT outer_calc()")));
  EXPECT_THAT(held_by("DROP PROCEDURE public.tidy()", no_dependants),
              AllOf(HasSubstr("queries: function public.tidy() was used in"), HasSubstr("CALL tidy()")));
  EXPECT_EQ(held_by("DROP TYPE mood", no_dependants), "");
  app("SELECT 'ok'::mood");
  EXPECT_THAT(held_by("DROP TYPE mood", no_dependants), HasSubstr("queries: type mood was used in"));
  app("SELECT calc(1)");
  app("SELECT calc(2)");
  database.sql("CREATE FUNCTION calc(text) RETURNS int LANGUAGE sql AS 'SELECT 1'");
  EXPECT_THAT(
      held_by("DROP FUNCTION calc(int)", no_dependants),
      AllOf(HasSubstr("queries: a query calls public.calc, and another one of that name stays, so it may "
                      "use function calc(int4) (--evidence queries=optional): "),
            HasSubstr("when somebody has looked: --approve 0002_drop.sql")));
  EXPECT_EQ(bring("2.0.0", {"--evidence", "dependants=optional", "--approve", "0002_drop.sql"}).code, 0);
  EXPECT_EQ(database.sql("SELECT state FROM pgsluice.migration WHERE id = '0002_drop.sql'"), "applied");
}

/// One of another number of arguments is not meant, and PostgreSQL's own comes first.
TEST_P(Calls, ThatCallAnotherOneOfTheSameNameAreNoUse) {
  database.sql(
      "CREATE FUNCTION calc(int) RETURNS int LANGUAGE sql AS 'SELECT $1 * 2';"
      "CREATE FUNCTION calc(int, int) RETURNS int LANGUAGE sql AS 'SELECT $1 * $2';"
      "CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT calc($1, 2)';"
      "CREATE FUNCTION lists(int, VARIADIC int[]) RETURNS int LANGUAGE sql AS 'SELECT $1';"
      "CREATE FUNCTION lists(text) RETURNS int LANGUAGE sql AS 'SELECT 1';"
      "CREATE FUNCTION more(int, int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT $1 * $2';"
      "CREATE FUNCTION upper(text) RETURNS text LANGUAGE sql AS 'SELECT $1'");
  app("SELECT calc(1, 2), lists('a')");
  app("SELECT twice(1), upper('a')");
  for (const char* drop : {"DROP FUNCTION calc(int)", "DROP FUNCTION lists(int, int[])",
                           "DROP FUNCTION more(int, int)", "DROP FUNCTION public.upper(text)"})
    EXPECT_EQ(held_by(drop, no_dependants), "") << drop;
  EXPECT_THAT(held_by("DROP FUNCTION calc(int, int)", no_dependants),
              AllOf(HasSubstr("function calc(int4, int4) was used in"), HasSubstr("SELECT twice(")));
  EXPECT_THAT(held_by("DROP FUNCTION lists(text)", no_dependants), HasSubstr("was used in"));
  app("SELECT more(1), public.upper('a'), lists(1, 2, 3)");
  EXPECT_THAT(held_by("DROP FUNCTION more(int, int)", no_dependants), HasSubstr("was used in"));
  EXPECT_THAT(held_by("DROP FUNCTION public.upper(text)", no_dependants), HasSubstr("was used in"));
  EXPECT_THAT(held_by("DROP FUNCTION lists(int, int[])", no_dependants), HasSubstr("was used in"));
  EXPECT_EQ(held_by("DROP FUNCTION calc(int)", no_dependants), "");
  app("DO LANGUAGE 'plpgsql' $$ BEGIN PERFORM calc(1); END $$");
  EXPECT_THAT(held_by("DROP FUNCTION calc(int)", no_dependants),
              HasSubstr("the code of a DO block names it"));
  app("SELECT calc(1)");
  EXPECT_THAT(held_by("DROP FUNCTION calc(int)", no_dependants), HasSubstr("was used in"))
      << "no other one has one argument";
}

/// `o.gross` is gross(o), and a search_path may find another schema's.
TEST_P(Calls, ThatReadAFunctionAsAColumnUseIt) {
  database.admin("CREATE SCHEMA billing; GRANT ALL ON SCHEMA billing TO PUBLIC");
  database.sql(
      "CREATE FUNCTION gross(orders) RETURNS int LANGUAGE sql AS 'SELECT $1.total';"
      "CREATE FUNCTION note(int) RETURNS text LANGUAGE sql AS 'SELECT $1::text';"
      "CREATE FUNCTION billing.note(int) RETURNS text LANGUAGE sql AS 'SELECT 1::text';"
      "CREATE FUNCTION report() RETURNS TABLE (gross int) LANGUAGE sql AS 'SELECT 1';"
      "CREATE PROCEDURE tidy(int) LANGUAGE sql AS 'SELECT 1';"
      "CREATE PROCEDURE tidy(int, int) LANGUAGE sql AS 'SELECT 1'");
  app("SELECT o.note, (o).total FROM orders o");
  app("CALL tidy(1, 2)");
  for (const char* drop :
       {"DROP FUNCTION gross(orders)", "DROP FUNCTION note(int)", "DROP PROCEDURE tidy(int)"})
    EXPECT_EQ(held_by(drop), "") << drop;
  app("CALL tidy(1)");
  EXPECT_THAT(held_by("DROP PROCEDURE tidy(int)"), HasSubstr("was used in"));
  app("SELECT note(1)");
  EXPECT_THAT(held_by("DROP FUNCTION public.note(int)"),
              AllOf(HasSubstr("another one of that name stays"), HasSubstr("--approve 0002_drop.sql")));
  app("SELECT r.gross FROM report() r");
  EXPECT_THAT(held_by("DROP FUNCTION gross(orders)"),
              AllOf(HasSubstr("as a column of a row"), HasSubstr("--approve 0002_drop.sql")));
  app("SELECT id FROM orders WHERE orders.gross IS NULL");
  EXPECT_THAT(held_by("DROP FUNCTION gross(orders)"), HasSubstr("function gross(orders) was used in"));
}

/// `(home).label` of a column, a cast, a call: it may be a field, and who has looked may say so.
TEST_P(Calls, OfAnExpressionsFieldMayBeMeant) {
  database.sql(
      "CREATE TYPE addr AS (city text); ALTER TABLE orders ADD COLUMN home addr, ADD COLUMN homes addr[];"
      "CREATE FUNCTION label(addr) RETURNS text LANGUAGE sql AS 'SELECT $1.city';"
      "CREATE FUNCTION city(orders) RETURNS text LANGUAGE sql AS 'SELECT $1.note';"
      "CREATE FUNCTION gross(orders) RETURNS int LANGUAGE sql AS 'SELECT $1.total';"
      "CREATE FUNCTION find() RETURNS orders LANGUAGE sql AS 'SELECT * FROM orders LIMIT 1'");
  const std::string label = "DROP FUNCTION label(addr)";
  const std::string gross = "DROP FUNCTION gross(orders)";
  app("SELECT (o.home).city, (home).city, (o.homes[1]).city FROM orders o");
  for (const std::string& drop : {label, gross}) EXPECT_EQ(held_by(drop, no_dependants), "") << drop;
  EXPECT_THAT(held_by("DROP FUNCTION city(orders)", no_dependants), HasSubstr("as a column of a row"))
      << "of an array's element nobody knows the fields";
  // What was used is compared with the moment of the last run that changed something.
  int runs = 0;
  const auto forget = [&] {
    std::filesystem::remove(folder.path() / "0002_drop.sql");
    const std::string table = cat("more_", std::to_string(++runs));
    folder.write(cat("0001_", table, ".sql"), cat("CREATE TABLE ", table, " (id int);\n"));
    EXPECT_EQ(bring(cat("1.0.", std::to_string(runs))).code, 0);
  };
  forget();
  app("SELECT (o.home).city, (home).city, (o.home).* FROM orders o");
  EXPECT_EQ(held_by("DROP FUNCTION city(orders)", no_dependants), "") << "it is a field of the column's type";
  const auto is_doubt = AllOf(HasSubstr("as a column of a row"), HasSubstr("--approve 0002_drop.sql"));
  for (const char* query :
       {"SELECT (o.home).label FROM orders o", "SELECT (home).label FROM orders",
        "SELECT (o.homes[1]).label FROM orders o", "SELECT ('(a)'::addr).label",
        "SELECT (row('a')::addr).label", "SELECT (v.a).label FROM (SELECT home AS a FROM orders) v",
        "SELECT id FROM orders WHERE (home).label = 'a'"}) {
    forget();
    app(query);
    EXPECT_THAT(held_by(label, no_dependants), is_doubt) << query;
    EXPECT_EQ(held_by(gross, no_dependants), "") << query;
  }
  for (const char* query : {"SELECT (s.o).gross FROM (SELECT o FROM orders o) s", "SELECT (find()).gross",
                            "WITH s AS (SELECT o FROM orders o) SELECT (o).gross FROM s",
                            "SELECT ((array_agg(o))[1]).gross FROM orders o",
                            "SELECT ((SELECT o FROM orders o LIMIT 1)).gross"}) {
    forget();
    app(query);
    EXPECT_THAT(held_by(gross, no_dependants), is_doubt) << query;
    EXPECT_EQ(held_by(label, no_dependants), "") << query;
  }
  folder.write("0002_drop.sql", cat("-- pgsluice: phase=contract\n", gross, ";\n"));
  EXPECT_EQ(bring("2.0.0", {"--evidence", "dependants=optional"}).code, 0);
  EXPECT_EQ(bring("2.1.0", {"--evidence", "dependants=optional", "--approve", "0002_drop.sql"}).code, 0);
  EXPECT_EQ(database.sql("SELECT state FROM pgsluice.migration WHERE id = '0002_drop.sql'"), "applied");
}

}  // namespace
}  // namespace pgsluice::test
