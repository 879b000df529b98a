// SPDX-License-Identifier: Apache-2.0
// Uses of what a contract step takes away that do not name it: by what is in a schema or an extension, under a name
// that the file itself gives. On real servers, through the built program.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "execute/counting.hpp"
#include "pgsluice/sql.hpp"

namespace pgsluice::test {
namespace {

using ::testing::HasSubstr;

class UnnamedUse : public Counting {};

INSTANTIATE_TEST_SUITE_P(Servers, UnnamedUse, ::testing::ValuesIn(servers({12, 15, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(UnnamedUse);

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

}  // namespace
}  // namespace pgsluice::test
