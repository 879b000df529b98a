// SPDX-License-Identifier: Apache-2.0
// Uses of what a contract step takes away that do not name it: by a whole row, by what is in a schema or an extension, by
// another search_path, under a name that the file itself gives. On real servers, through the built program.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "execute/counting.hpp"
#include "pgsluice/sql.hpp"

namespace pgsluice::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view k_take_total = "ALTER TABLE orders DROP COLUMN total";

class UnnamedUse : public Counting {};

INSTANTIATE_TEST_SUITE_P(Servers, UnnamedUse, ::testing::ValuesIn(servers({12, 15, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(UnnamedUse);

TEST_P(UnnamedUse, AViewOfWholeRowsHasTheColumn) {
  database.sql(
      cat("CREATE VIEW ids AS SELECT id FROM orders; CREATE VIEW lines AS SELECT o.id, to_jsonb(o) AS line"
          " FROM orders o; GRANT SELECT ON ids, lines TO ",
          k_app));
  EXPECT_THAT(held_by(std::string(k_take_total)),
              HasSubstr("dependants: view public.lines uses public.orders.total"));
  app("SELECT id FROM ids");
  EXPECT_THAT(held_by(std::string(k_take_total), no_dependants), Not(HasSubstr("queries: ")));
  app("SELECT line ->> 'total' FROM lines");
  EXPECT_THAT(held_by(std::string(k_take_total), no_dependants), HasSubstr("was used"));
  EXPECT_EQ(bring("2.0.0").code, 0);
  EXPECT_EQ(held_by(cat("DROP VIEW lines; ", k_take_total)), "");
}

TEST_P(UnnamedUse, FunctionsOfWholeRowsHaveTheColumn) {
  database.sql(
      "CREATE FUNCTION all_orders() RETURNS SETOF orders LANGUAGE plpgsql AS 'BEGIN RETURN QUERY TABLE "
      "orders; END'");
  EXPECT_EQ(held_by(std::string(k_take_total)), "");
  database.sql(
      "CREATE FUNCTION sum_of(lines orders[]) RETURNS bigint LANGUAGE sql AS 'SELECT sum(l.total) FROM "
      "unnest(lines) l'");
  EXPECT_THAT(held_by(std::string(k_take_total)),
              HasSubstr("dependants: function public.sum_of names public.orders.total"));
  database.sql(
      "DROP FUNCTION sum_of(orders[]); CREATE FUNCTION first_total() RETURNS int LANGUAGE plpgsql AS"
      " 'DECLARE r record; BEGIN SELECT * INTO r FROM all_orders() LIMIT 1; RETURN r.total; END'");
  EXPECT_THAT(held_by(std::string(k_take_total)),
              HasSubstr("dependants: function public.first_total names public.orders.total"));
  app("SELECT first_total()");
  EXPECT_THAT(held_by(std::string(k_take_total), no_dependants),
              HasSubstr("queries: a query runs public.first_total, whose code names it"));
  EXPECT_EQ(bring("2.0.0", no_dependants).code, 0);
  app("SELECT total FROM all_orders()");
  EXPECT_THAT(held_by(std::string(k_take_total), no_dependants),
              AllOf(HasSubstr("queries: a query calls public.all_orders, which gives whole rows"),
                    HasSubstr("when somebody has looked: --approve 0002_drop.sql")));
}

/// Of its objects only the catalogs know.
TEST_P(UnnamedUse, OfWhatIsInASchemaCounts) {
  database.admin(cat("CREATE SCHEMA tools AUTHORIZATION ", quote_ident(k_migrator)));
  database.sql(
      cat("CREATE FUNCTION tools.twice(int) RETURNS int LANGUAGE sql AS 'SELECT 2 * $1';"
          "CREATE FUNCTION tools.is_less(int, int) RETURNS boolean LANGUAGE sql AS 'SELECT $1 < $2';"
          "CREATE OPERATOR tools.<<< (LEFTARG = int, RIGHTARG = int, FUNCTION = tools.is_less);"
          "CREATE TYPE tools.mood AS ENUM ('good'); CREATE TABLE tools.moods (id int, m tools.mood);"
          "GRANT USAGE ON SCHEMA tools TO ",
          k_app, "; GRANT SELECT ON tools.moods TO ", k_app));
  EXPECT_EQ(held_by("DROP SCHEMA tools CASCADE"), "");
  EXPECT_EQ(held_by("ALTER SCHEMA tools RENAME TO toolbox"), "");
  app("SELECT tools.twice(1)");
  EXPECT_THAT(held_by("DROP SCHEMA tools CASCADE"), HasSubstr("queries: function tools.twice was used"));
  EXPECT_THAT(held_by("ALTER SCHEMA tools RENAME TO toolbox"),
              HasSubstr("queries: function tools.twice was used"));
  EXPECT_EQ(bring("2.0.0").code, 0);
  app("SELECT 'good'::tools.mood");
  EXPECT_THAT(held_by("DROP SCHEMA tools CASCADE"), HasSubstr("queries: type tools.mood was used"));
  EXPECT_EQ(bring("2.1.0").code, 0);
  app("SELECT id FROM tools.moods");
  EXPECT_THAT(held_by("ALTER SCHEMA tools RENAME TO toolbox"), HasSubstr("queries: tools.moods was used"));
  EXPECT_EQ(bring("2.2.0").code, 0);
  EXPECT_EQ(held_by("DROP SCHEMA tools CASCADE"), "");
  database.sql("CREATE VIEW public.doubled AS SELECT tools.twice(id::int) FROM orders");
  EXPECT_THAT(held_by("DROP SCHEMA tools CASCADE"),
              HasSubstr("dependants: view public.doubled uses function tools.twice"));
  EXPECT_EQ(held_by("ALTER SCHEMA tools RENAME TO toolbox"), "");
  EXPECT_EQ(held_by("DROP VIEW doubled; DROP SCHEMA tools CASCADE"), "");
  database.sql(
      "CREATE FUNCTION public.count_moods() RETURNS bigint LANGUAGE plpgsql AS"
      " 'BEGIN RETURN (SELECT count(*) FROM tools.moods); END'; DROP VIEW doubled");
  EXPECT_THAT(held_by("ALTER SCHEMA tools RENAME TO toolbox"),
              HasSubstr("dependants: function public.count_moods names tools.moods"));
}

TEST_P(UnnamedUse, OfWhatIsInAnExtensionCounts) {
  database.admin("CREATE EXTENSION citext; CREATE EXTENSION pgcrypto");
  EXPECT_EQ(held_by("DROP EXTENSION citext"), "") << "what is in it goes with it";
  EXPECT_EQ(held_by("DROP EXTENSION pgcrypto"), "");
  app("SELECT gen_random_bytes(3)");
  EXPECT_THAT(held_by("DROP EXTENSION pgcrypto"),
              HasSubstr("queries: function public.gen_random_bytes was used"));
  EXPECT_EQ(held_by("DROP EXTENSION citext"), "");
  database.admin("CREATE VIEW public.hashes AS SELECT digest(note, 'md5') FROM orders");
  EXPECT_THAT(held_by("DROP EXTENSION pgcrypto CASCADE"),
              HasSubstr("dependants: view public.hashes uses function public.digest"));
}

TEST_P(UnnamedUse, ASessionMayHaveAnotherSearchPath) {
  database.admin(cat("CREATE SCHEMA shop AUTHORIZATION ", quote_ident(k_migrator)));
  database.sql(cat("CREATE TABLE shop.orders (id int, total int); GRANT USAGE ON SCHEMA shop TO ", k_app,
                   "; GRANT SELECT ON shop.orders TO ", k_app));
  const std::string drop = "ALTER TABLE shop.orders DROP COLUMN total";
  app("SELECT id FROM orders");
  EXPECT_EQ(held_by(drop), "");
  {
    const auto session = database.connect("app", k_app);
    EXPECT_TRUE(session->query("SET search_path = shop", {}).ok);
    EXPECT_TRUE(session->query("SELECT total FROM orders", {}).ok);
  }
  EXPECT_THAT(held_by(drop), AllOf(HasSubstr("its session may have had another search_path"),
                                   HasSubstr("when somebody has looked: --approve 0002_drop.sql")));
  database.admin(
      cat("ALTER ROLE ", k_app, " IN DATABASE ", quote_ident(database.name()), " SET search_path = public"));
  EXPECT_EQ(held_by(drop), "") << "somebody has said where its names lead";
  database.admin(
      cat("ALTER ROLE ", k_app, " IN DATABASE ", quote_ident(database.name()), " SET search_path = shop"));
  EXPECT_THAT(held_by(drop), HasSubstr("was used"));
}

/// The catalogs know it by the name that it had before the file.
TEST_P(UnnamedUse, OfWhatIsRenamedAndThenDroppedCounts) {
  database.sql("CREATE VIEW totals AS SELECT total FROM orders");
  for (const char* steps :
       {"ALTER TABLE orders RENAME TO old; DROP TABLE old CASCADE",
        "ALTER TABLE orders RENAME TO old; ALTER TABLE old DROP COLUMN total CASCADE",
        "ALTER TABLE orders RENAME total TO sum; ALTER TABLE orders DROP COLUMN sum CASCADE"})
    EXPECT_THAT(held_by(steps), HasSubstr("dependants: view public.totals uses public.orders")) << steps;
  for (const char* steps :
       {"ALTER TABLE orders RENAME TO old; DROP VIEW totals; DROP TABLE old",
        "ALTER VIEW totals RENAME TO sums; ALTER TABLE orders RENAME TO old; DROP VIEW sums; DROP TABLE old"})
    EXPECT_EQ(held_by(steps), "") << steps;
}

/// ON CONFLICT fails where no key is on just its columns.
TEST_P(UnnamedUse, OnConflictNeedsAKey) {
  database.sql(
      "ALTER TABLE orders ADD CONSTRAINT noted UNIQUE (note); CREATE UNIQUE INDEX totalled ON orders (total);"
      "CREATE INDEX plain ON orders (note, total)");
  const std::string drop = "ALTER TABLE orders DROP CONSTRAINT noted";
  const std::string rename = "ALTER TABLE orders RENAME CONSTRAINT noted TO named";
  app("INSERT INTO orders VALUES (1, 1, 'a') ON CONFLICT DO NOTHING");
  for (const std::string& step : {drop, rename, std::string("DROP INDEX totalled")})
    EXPECT_EQ(held_by(step), "");
  app("INSERT INTO orders VALUES (2, 2, 'b') ON CONFLICT (note) DO NOTHING");
  EXPECT_THAT(held_by(drop), HasSubstr("queries: key noted of public.orders was used"));
  for (const std::string& step : {rename, std::string("DROP INDEX totalled")}) EXPECT_EQ(held_by(step), "");
  app("INSERT INTO orders VALUES (3, 3, 'c') ON CONFLICT (total) DO UPDATE SET note = excluded.note");
  EXPECT_THAT(held_by("DROP INDEX totalled"), HasSubstr("queries: key public.totalled was used"));
  EXPECT_EQ(held_by("DROP INDEX plain"), "");
  app("INSERT INTO orders VALUES (4, 4, 'd') ON CONFLICT ON CONSTRAINT noted DO NOTHING");
  EXPECT_THAT(held_by(rename), HasSubstr("queries: key noted of public.orders was used"));
  EXPECT_EQ(bring("2.0.0").code, 0);
  EXPECT_EQ(held_by(drop), "");
  database.sql(
      "CREATE FUNCTION put() RETURNS void LANGUAGE plpgsql AS"
      " 'BEGIN INSERT INTO orders VALUES (5, 5, ''e'') ON CONFLICT (note) DO NOTHING; END'");
  app("SELECT put()");
  EXPECT_THAT(held_by(drop), HasSubstr("queries: a query runs public.put, whose code names it"));
}

TEST_P(UnnamedUse, RowsComeInThroughOthersToo) {
  database.sql(
      "CREATE VIEW short AS SELECT id, total FROM orders;"
      "CREATE TABLE parts (id int, mark text) PARTITION BY RANGE (id);"
      "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);"
      "CREATE FUNCTION put_all() RETURNS void LANGUAGE plpgsql AS"
      " 'BEGIN INSERT INTO public.orders AS o (id, total, \"note\") VALUES (9, 9, ''z''); END';"
      "CREATE FUNCTION put() RETURNS void LANGUAGE plpgsql AS 'BEGIN INSERT INTO orders (id) VALUES (8); "
      "END';"
      "CREATE TABLE marks (id int); CREATE FUNCTION put_mark() RETURNS trigger LANGUAGE plpgsql AS"
      " 'BEGIN INSERT INTO orders SELECT NEW.id; RETURN NEW; END';"
      "CREATE TRIGGER put AFTER INSERT ON marks FOR EACH ROW EXECUTE FUNCTION put_mark()");
  database.sql(cat("GRANT ALL ON short, parts, marks TO ", k_app));
  const std::string step = "ALTER TABLE orders ALTER COLUMN note SET NOT NULL";
  app("INSERT INTO orders (id, total, note) VALUES (1, 1, 'a')");
  app("SELECT put_all()");
  app("SELECT count(*) FROM short");
  EXPECT_EQ(held_by(step), "");
  app("INSERT INTO short VALUES (2, 2)");
  EXPECT_THAT(held_by(step), HasSubstr("queries: rows came without public.orders.note"));
  EXPECT_EQ(bring("2.0.0").code, 0);
  EXPECT_EQ(held_by(step), "");
  app("SELECT put()");
  EXPECT_THAT(held_by(step),
              AllOf(HasSubstr("queries: a query runs public.put, whose code may insert rows without it, so "
                              "rows may have come without public.orders.note"),
                    HasSubstr("when somebody has looked: --approve 0002_drop.sql")));
  EXPECT_EQ(bring("2.1.0").code, 0);
  app("INSERT INTO marks VALUES (3)");
  EXPECT_THAT(held_by(step), HasSubstr("queries: a query runs public.put_mark"));
  const std::string part = "ALTER TABLE parts_1 ALTER COLUMN mark SET NOT NULL";
  EXPECT_EQ(held_by(part), "");
  app("INSERT INTO parts (id) VALUES (1)");
  EXPECT_THAT(held_by(part), HasSubstr("queries: rows came without public.parts_1.mark"));
}

}  // namespace
}  // namespace pgsluice::test
