// SPDX-License-Identifier: Apache-2.0
// What a contract step rests on is valid and finished: the evidence `verified`, on real servers.

#include <chrono>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "execute/gated.hpp"
#include "pgsluice/sql.hpp"

namespace pgsluice::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Verified : public Gated {};

INSTANTIATE_TEST_SUITE_P(Servers, Verified, ::testing::ValuesIn(servers({12, 15, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Verified);

/// The release that is at work during a backfill goes on writing rows as it knows them.
TEST_P(Verified, RowsThatABackfillHasNotSeenHoldAContractStep) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  database.sql("INSERT INTO orders SELECT n, n FROM generate_series(1, 100) AS n");
  folder.write("0002_cents.sql", "ALTER TABLE orders ADD COLUMN cents bigint;\n")
      .write("0003_fill.sql",
             "-- pgsluice: phase=backfill\n-- pgsluice: batch key=id size=10\n"
             "UPDATE orders SET cents = total * 100 WHERE cents IS NULL;\n")
      .write("0004_drop.sql", k_drop);
  EXPECT_EQ(hook("presync", "2.0.0").code, 0) << message();
  database.sql("INSERT INTO orders VALUES (101, 5), (102, NULL)");
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_TRUE(has_total());
  EXPECT_THAT(message(), HasSubstr("has rows that have come since 0003_fill.sql and lack what it sets"));
  database.sql("UPDATE orders SET cents = 500 WHERE id = 101; UPDATE orders SET cents = 7 WHERE id = 1");
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_FALSE(has_total())
      << "what has no value to be filled with, and what the application has changed, is no gap: "
      << message();
}

/// Nor may that which cannot be asked be taken for none.
TEST_P(Verified, RowsThatCannotBeLookedForHoldAContractStep) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  database.sql("INSERT INTO orders VALUES (1, 2)");
  folder.write("0002_cents.sql", "ALTER TABLE orders ADD COLUMN cents bigint NOT NULL DEFAULT 0;\n")
      .write("0003_fill.sql",
             "-- pgsluice: phase=backfill\nUPDATE orders SET cents = 100 / total WHERE cents = 0;\n")
      .write("0004_drop.sql", k_drop);
  EXPECT_EQ(hook("presync", "2.0.0").code, 0) << message();
  database.sql("INSERT INTO orders VALUES (2, 0)");
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_TRUE(has_total());
  EXPECT_THAT(message(), HasSubstr("cannot be asked: division by zero (--evidence verified=optional)"));
  database.sql("UPDATE orders SET total = 4 WHERE id = 2");
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_TRUE(has_total());
  EXPECT_THAT(message(), HasSubstr("lack what it sets"));
  database.sql("UPDATE orders SET cents = 25 WHERE id = 2");
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_FALSE(has_total()) << message();
}

/// Also where other tables say what a row is filled with, or where the row is to stand in another table.
TEST_P(Verified, RowsThatOtherTablesShouldHaveFilledHoldAContractStep) {
  database.sql("CREATE TABLE rates (total int, cents bigint); INSERT INTO rates VALUES (1, 100), (2, 200)");
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  database.sql("INSERT INTO orders VALUES (1, 1)");
  folder
      .write("0002_cents.sql",
             "ALTER TABLE orders ADD COLUMN cents bigint;\nCREATE TABLE totals (id bigint PRIMARY KEY, t "
             "int);\n")
      .write("0003_fill.sql",
             "-- pgsluice: phase=backfill\n-- pgsluice: batch key=id size=10\nUPDATE orders o SET cents = "
             "r.cents -- by rate\n"
             "FROM rates AS r -- of today\nWHERE r.total = o.total AND o.cents IS NULL;\n")
      .write("0004_copy.sql",
             "-- pgsluice: phase=backfill\n-- pgsluice: batch key=id size=10\nINSERT INTO totals (id, t) "
             "SELECT id, -- the key\n"
             "total AS t FROM orders WHERE total IS NOT NULL ON CONFLICT (id) DO NOTHING;\n")
      .write("0005_drop.sql", k_drop);
  EXPECT_EQ(hook("presync", "2.0.0").code, 0) << message();
  EXPECT_EQ(database.sql("SELECT concat(cents, '|', t) FROM orders JOIN totals USING (id)"), "100|1");
  database.sql("INSERT INTO orders VALUES (2, 2, NULL)");
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_TRUE(has_total());
  EXPECT_THAT(message(), AllOf(HasSubstr("public.orders has rows that have come since 0003_fill.sql"),
                               HasSubstr("public.orders has rows that have come since 0004_copy.sql")));
  database.sql("UPDATE orders SET cents = 200 WHERE id = 2");
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_TRUE(has_total());
  EXPECT_THAT(message(), Not(HasSubstr("0003_fill.sql")));
  database.sql("INSERT INTO totals VALUES (2, 7)");
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_FALSE(has_total()) << "what the application has written is its own: " << message();
}

/// What the column rounds, what is another value each time, what of several rows any gives, and what has no key.
TEST_P(Verified, RowsThatTheBackfillWouldLeaveAsTheyAreHoldNothing) {
  database.sql("CREATE TABLE rates (total int, name text); INSERT INTO rates VALUES (0, 'a'), (0, 'b')");
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  database.sql("INSERT INTO orders VALUES (1, 0), (2, 0)");
  folder
      .write(
          "0002_cents.sql",
          "ALTER TABLE orders ADD COLUMN \"Amount\" numeric(10, 2) DEFAULT 0, ADD COLUMN seen timestamptz, "
          "ADD COLUMN name text, ADD COLUMN code int;\nCREATE TABLE codes (code int UNIQUE);\n")
      .write("0003_fill.sql",
             "-- pgsluice: phase=backfill\nUPDATE orders SET \"Amount\" = total::numeric / 100 WHERE "
             "\"Amount\" = "
             "0;\nUPDATE orders SET seen = now() WHERE seen IS NULL OR seen < '2100-01-01';\n"
             "UPDATE orders o SET name = r.name FROM rates r WHERE r.total = o.total AND coalesce(o.name, "
             "'') <> "
             "'c';\nINSERT INTO codes (code) SELECT code FROM orders ON CONFLICT (code) DO NOTHING;\n")
      .write("0004_drop.sql", k_drop);
  EXPECT_EQ(hook("presync", "2.0.0").code, 0) << message();
  EXPECT_EQ(database.sql("SELECT count(*) FROM codes"), "2");
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_FALSE(has_total()) << message();
}

/// Who does not know the column leaves its default there. What the step does not read is not lost.
TEST_P(Verified, RowsThatHaveTheDefaultOfAColumnHoldTheStepThatTakesAwayWhatItIsMadeOf) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  database.sql("INSERT INTO orders SELECT n, n FROM generate_series(1, 10) AS n");
  folder
      .write("0002_cents.sql",
             "ALTER TABLE orders ADD COLUMN cents bigint NOT NULL DEFAULT 0, ADD COLUMN legacy int;\n")
      .write("0003_fill.sql",
             "-- pgsluice: phase=backfill\n-- pgsluice: batch key=id size=5\nUPDATE orders SET cents = total "
             "* 100;\n")
      .write(
          "0004_legacy.sql",
          "-- pgsluice: phase=contract needs-app=checkout>=2.0.0\nALTER TABLE orders DROP COLUMN legacy;\n");
  EXPECT_EQ(hook("presync", "2.0.0").code, 0) << message();
  database.sql("INSERT INTO orders (id, total) VALUES (101, 5), (102, 0), (103, NULL)");
  folder.write("0005_drop.sql", k_drop);
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_EQ(state("0004_legacy.sql"), "applied") << message();
  EXPECT_EQ(hook("presync", "2.2.0").code, 0);
  EXPECT_TRUE(has_total()) << message();
  EXPECT_THAT(message(),
              HasSubstr("has rows with a default that 0003_fill.sql would set otherwise: they have "
                        "come since, or the application has set them so"));
  EXPECT_EQ(
      database.sql("SELECT verdict FROM pgsluice.gate WHERE migration_id = '0005_drop.sql' AND provider = "
                   "'verified'"),
      "unknown");
  database.sql("UPDATE orders SET cents = 500 WHERE id = 101; UPDATE orders SET cents = 7 WHERE id = 1");
  EXPECT_EQ(hook("presync", "2.2.0").code, 0);
  EXPECT_FALSE(has_total()) << message();
}

/// In code, in WITH, of several columns at once: what nobody can look for is not taken for none.
TEST_P(Verified, BackfillsThatCannotBeAskedHoldTheStepThatTakesAwayWhatTheyAreMadeOf) {
  const std::vector<std::string> fills{
      "DO $$ BEGIN UPDATE orders SET cents = total * 100 WHERE cents IS NULL; END $$;\n",
      "WITH u AS (UPDATE orders SET cents = total * 100 WHERE cents IS NULL RETURNING id) SELECT count(*) "
      "FROM u;\n",
      "UPDATE orders SET (cents, note) = (total * 100, '') WHERE cents IS NULL;\n"};
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  folder.write("0002_cents.sql",
               "ALTER TABLE orders ADD COLUMN cents bigint, ADD COLUMN note text, ADD COLUMN legacy int;\n");
  for (const std::string& fill : fills) {
    const std::string n = std::to_string(&fill - fills.data());
    const std::string step = cat("0005_drop", n, ".sql");
    folder.write("0003_fill.sql", cat("-- pgsluice: phase=backfill\n", fill))
        .write(
            step,
            "-- pgsluice: phase=contract needs-app=checkout>=2.0.0\nALTER TABLE orders DROP COLUMN total;\n");
    if (n == "0") {
      EXPECT_EQ(hook("presync", "2.0.0").code, 0) << message();
    } else {
      database.sql("DELETE FROM pgsluice.migration WHERE id = '0003_fill.sql'");
      EXPECT_EQ(hook("presync", "2.0.0").code, 0) << message();
    }
    EXPECT_EQ(hook("presync", "2.1.0").code, 0);
    EXPECT_TRUE(has_total()) << fill;
    EXPECT_THAT(message(), HasSubstr("rows may have come that 0003_fill.sql has not seen")) << fill;
    std::filesystem::remove(folder.path() / step);
  }
  folder.write(
      "0006_legacy.sql",
      "-- pgsluice: phase=contract needs-app=checkout>=2.0.0\nALTER TABLE orders DROP COLUMN legacy;\n");
  for (const char* release : {"2.1.0", "2.2.0"}) EXPECT_EQ(hook("presync", release).code, 0);
  EXPECT_EQ(state("0006_legacy.sql"), "applied") << message();
}

/// Migrations that are put together: the ledger knows what the step rests on, and nobody can look for rows with it any more.
TEST_P(Verified, ABackfillWhoseFileIsGoneIsNotForgotten) {
  const std::vector<std::string> app{"--app", "checkout"};
  EXPECT_EQ(hook("presync", "1.0.0", app).code, 0);
  folder
      .write("0002_fill.sql",
             "ALTER TABLE orders ADD COLUMN cents bigint;\nUPDATE orders SET cents = total * 100 WHERE cents "
             "IS NULL;\n")
      .write("0003_drop.sql", k_drop);
  EXPECT_EQ(hook("presync", "2.0.0", app).code, 0) << message();
  database.sql("INSERT INTO orders VALUES (2, 2)");
  for (const char* id : {"0001_orders.sql", "0002_fill.sql"}) std::filesystem::remove(folder.path() / id);
  folder.write("0002_base.sql", "CREATE TABLE orders (id bigint PRIMARY KEY, total int, cents bigint);\n");
  EXPECT_EQ(call({"baseline", folder.path().string()}, {"--to", "0002_base.sql"}).code, 0);
  for (const char* release : {"2.1.0", "2.2.0", "2.3.0"}) {
    EXPECT_EQ(hook("presync", release, app).code, 0);
    EXPECT_TRUE(has_total()) << release;
    EXPECT_THAT(message(), HasSubstr("0002_fill.sql, which it rests on, is no longer there to look for rows"))
        << release;
  }
  EXPECT_EQ(hook("presync", "2.4.0", {"--app", "checkout", "--evidence", "verified=optional"}).code, 0);
  EXPECT_FALSE(has_total()) << message();
}

/// A step that is done has taken away what a backfill read: the next one on the same table is not held for that.
TEST_P(Verified, ABackfillWhoseColumnIsGoneHoldsNoLaterStep) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  folder
      .write("0002_cents.sql",
             "ALTER TABLE orders ADD COLUMN cents bigint, ADD COLUMN legacy int;\n"
             "CREATE TABLE rates (total int, cents bigint);\n")
      .write(
          "0003_fill.sql",
          "-- pgsluice: phase=backfill\nUPDATE orders SET cents = total * 100 WHERE cents IS NULL;\n"
          "UPDATE orders o SET cents = r.cents FROM rates r WHERE r.total = o.total AND o.cents IS NULL;\n")
      .write("0004_drop.sql", k_drop);
  for (const char* release : {"2.0.0", "2.1.0"}) EXPECT_EQ(hook("presync", release).code, 0) << message();
  EXPECT_FALSE(has_total()) << message();
  folder.write(
      "0005_legacy.sql",
      "-- pgsluice: phase=contract needs-app=checkout>=2.1.0\nALTER TABLE orders DROP COLUMN legacy;\n");
  for (const char* release : {"3.0.0", "3.1.0"}) EXPECT_EQ(hook("presync", release).code, 0) << message();
  EXPECT_EQ(state("0005_legacy.sql"), "applied") << message();
}

/// One UPDATE of years ago has nothing to do with what is taken away today, nor has a history that was adopted.
TEST_P(Verified, ABackfillOfOtherColumnsHoldsNoStep) {
  database.sql("CREATE TABLE orders (id bigint PRIMARY KEY, cents bigint, legacy int, plan text)");
  folder
      .write("0002_cents.sql",
             "ALTER TABLE orders ADD COLUMN cents bigint;\nUPDATE orders SET cents = total * 100 WHERE cents "
             "IS NULL;\n")
      .write("0003_drop.sql", "ALTER TABLE orders DROP COLUMN total;\nUPDATE orders SET plan = 'free';\n");
  EXPECT_EQ(call({"baseline", folder.path().string()}).code, 0);
  EXPECT_EQ(hook("presync", "1.0.0").code, 0) << message();
  database.sql("INSERT INTO orders VALUES (1)");
  folder.write(
      "0004_legacy.sql",
      "-- pgsluice: phase=contract needs-app=checkout>=2.0.0\nALTER TABLE orders DROP COLUMN legacy;\n");
  for (const char* release : {"2.0.0", "2.1.0"}) EXPECT_EQ(hook("presync", release).code, 0);
  EXPECT_EQ(state("0004_legacy.sql"), "applied") << message();
  folder.write(
      "0005_plan.sql",
      "-- pgsluice: phase=contract needs-app=checkout>=2.0.0\nALTER TABLE orders ALTER plan SET NOT NULL;\n");
  for (const char* release : {"3.0.0", "3.1.0"}) EXPECT_EQ(hook("presync", release).code, 0);
  EXPECT_THAT(message(), HasSubstr("has rows that have come since 0003_drop.sql and lack what it sets"));
}

/// Where what is taken away has no value, nothing is lost with it.
TEST_P(Verified, RowsOfTheNewReleaseLackNothing) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  folder.write("0002_kind.sql", "ALTER TABLE orders ADD COLUMN kind text NOT NULL DEFAULT 'standard';\n")
      .write("0003_fill.sql",
             "-- pgsluice: phase=backfill\nUPDATE orders SET kind = CASE WHEN total > 1000 THEN 'big' ELSE "
             "'small' END;\n")
      .write("0004_drop.sql", k_drop);
  EXPECT_EQ(hook("presync", "2.0.0").code, 0) << message();
  database.sql("INSERT INTO orders (id) VALUES (1)");
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_FALSE(has_total()) << message();
}

/// In a star, as part of a row, in a function: what is not named is read all the same.
TEST_P(Verified, BackfillsThatReadWithoutNamingMatter) {
  const std::vector<std::string> fills{"INSERT INTO copies SELECT * FROM orders ON CONFLICT DO NOTHING;\n",
                                       "CALL fill_cents();\n",
                                       "UPDATE orders SET cents = to_cents(orders) WHERE cents IS NULL;\n",
                                       "UPDATE orders SET note = orders::text WHERE note IS NULL;\n"};
  folder.write(
      "0002_more.sql",
      "CREATE TABLE copies (LIKE orders INCLUDING ALL);\nALTER TABLE orders ADD COLUMN cents bigint, ADD "
      "COLUMN note text;\n"
      "ALTER TABLE copies ADD COLUMN cents bigint, ADD COLUMN note text;\n"
      "CREATE FUNCTION to_cents(orders) RETURNS bigint LANGUAGE sql AS 'SELECT $1.total * 100::bigint';\n"
      "CREATE PROCEDURE fill_cents() LANGUAGE plpgsql AS 'BEGIN UPDATE orders SET cents = total * 100 WHERE "
      "cents IS NULL; END';\n");
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  folder.write("0009_drop.sql", k_drop);
  for (const std::string& fill : fills) {
    database.sql("DELETE FROM orders; INSERT INTO orders VALUES (1, 1)");
    database.sql("DELETE FROM pgsluice.migration WHERE id = '0003_fill.sql'");
    folder.write("0003_fill.sql", cat("-- pgsluice: phase=backfill\n", fill));
    EXPECT_EQ(hook("presync", "2.0.0").code, 0) << message();
    database.sql("INSERT INTO orders VALUES (101, 5)");
    EXPECT_EQ(held("0009_drop.sql", {"--release", "9.0.0", "--evidence", "dependants=ignored"}), "verified")
        << fill;
  }
}

/// Code is text: what has the name of a column may be something else.
TEST_P(Verified, RowsThatCodeMayMakeOfWhatIsTakenAwayAreDoubt) {
  folder.write(
      "0002_more.sql",
      "ALTER TABLE orders ADD COLUMN cents bigint, ADD COLUMN note text;\n"
      "CREATE FUNCTION to_cents(int) RETURNS bigint LANGUAGE plpgsql AS 'DECLARE note text; BEGIN RETURN "
      "(SELECT $1 * 100 FROM orders LIMIT 1); END';\n");
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  database.sql("INSERT INTO orders VALUES (1, 1)");
  folder.write(
      "0003_fill.sql",
      "-- pgsluice: phase=backfill\nUPDATE orders SET cents = to_cents(total) WHERE cents IS NULL;\n");
  EXPECT_EQ(hook("presync", "2.0.0").code, 0) << message();
  database.sql("INSERT INTO orders (id, total, note) VALUES (101, 5, 'n')");
  const auto verdict = [&](const std::string& column, const char* release) {
    folder.write("0009_drop.sql",
                 cat("-- pgsluice: phase=contract\nALTER TABLE orders DROP COLUMN ", column, ";\n"));
    EXPECT_EQ(hook("presync", release, {"--evidence", "dependants=ignored"}).code, 0) << message();
    EXPECT_EQ(hook("presync", cat(release, ".1"), {"--evidence", "dependants=ignored"}).code, 0) << message();
    return database.sql("SELECT verdict FROM pgsluice.gate WHERE provider = 'verified'");
  };
  EXPECT_EQ(verdict("total", "2.1"), "closed");
  EXPECT_EQ(verdict("note", "2.2"), "unknown");
  EXPECT_THAT(message(), HasSubstr("when somebody has looked: --approve 0009_drop.sql"));
}

/// What the backfill has set and the step takes away is no loss, nor is what the step does again itself.
TEST_P(Verified, AColumnThatWasFilledMayGo) {
  folder
      .write("0002_note.sql",
             "ALTER TABLE orders ADD COLUMN note text, ADD COLUMN cents bigint, ADD COLUMN at timestamptz "
             "NOT NULL "
             "DEFAULT now();\n")
      .write("0003_fill.sql",
             "-- pgsluice: phase=backfill\nUPDATE orders SET note = 'old' WHERE note IS NULL;\n"
             "UPDATE orders SET cents = total * 100 WHERE cents IS NULL;\n");
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  database.sql("INSERT INTO orders VALUES (1, 1)");
  const auto held_by = [this](const std::string& step) {
    folder.write("0005_step.sql", cat("-- pgsluice: phase=contract needs-app=checkout>=2.0.0\n", step));
    return held("0005_step.sql", {"--release", "3.0.0"});
  };
  EXPECT_EQ(held_by("ALTER TABLE orders DROP COLUMN note;\n"), "");
  EXPECT_EQ(held_by("ALTER TABLE orders RENAME COLUMN note TO remark;\n"), "");
  EXPECT_EQ(held_by("ALTER TABLE orders ALTER note SET NOT NULL;\n"), "verified");
  EXPECT_EQ(held_by("ALTER TABLE orders ALTER note DROP DEFAULT;\n"), "");
  const std::string drop = "ALTER TABLE orders DROP COLUMN total;\n";
  EXPECT_EQ(held_by(drop), "verified");
  EXPECT_EQ(held_by(cat("UPDATE orders SET cents = total * 100\n  WHERE cents IS NULL;\n", drop)), "");
  EXPECT_EQ(held_by(cat("UPDATE orders SET cents = total WHERE cents IS NULL;\n", drop)), "verified");
}

/// No row can be told by a default that is another one each time, nor by one that is gone.
TEST_P(Verified, RowsWithADefaultThatTellsNothingAreDoubt) {
  folder.write("0001_orders.sql", "CREATE TABLE orders (id bigint PRIMARY KEY, total int, day timestamp);\n");
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  database.sql("INSERT INTO orders VALUES (1, 1, '2000-01-01')");
  folder
      .write("0002_at.sql",
             "ALTER TABLE orders ADD COLUMN at timestamp NOT NULL DEFAULT now(), ADD COLUMN cents bigint NOT "
             "NULL "
             "DEFAULT 0;\n")
      .write("0003_fill.sql",
             "-- pgsluice: phase=backfill\nUPDATE orders SET at = day;\nUPDATE orders SET cents = total * "
             "100;\n");
  EXPECT_EQ(hook("presync", "2.0.0").code, 0) << message();
  const auto held_by = [this](const std::string& step) {
    folder.write("0005_step.sql", cat("-- pgsluice: phase=contract needs-app=checkout>=2.0.0\n", step));
    return held("0005_step.sql", {"--release", "3.0.0"});
  };
  const std::string day = "ALTER TABLE orders DROP COLUMN day;\n";
  const std::string no_default = "ALTER TABLE orders ALTER cents DROP DEFAULT;\n";
  EXPECT_EQ(held_by(day), "");
  EXPECT_EQ(held_by(no_default), "");
  database.sql("INSERT INTO orders VALUES (2, 2, '2001-01-01')");
  EXPECT_EQ(held_by(day), "verified");
  EXPECT_EQ(held_by(no_default), "verified");
  EXPECT_EQ(hook("presync", "2.1.0", {"--approve", "0005_step.sql", "--approve-because", "seen"}).code, 0);
  EXPECT_EQ(held("0005_step.sql", {"--release", "3.0.0"}), "") << "somebody has looked";
  database.sql("ALTER TABLE orders ALTER at DROP NOT NULL; UPDATE orders SET at = NULL");
  EXPECT_EQ(held_by(day), "verified");
  EXPECT_EQ(
      call({"apply", folder.path().string()}, {"--release", "2.1.0", "--approve", "0005_step.sql"}).code, 0);
  EXPECT_EQ(held("0005_step.sql", {"--release", "3.0.0"}), "verified") << "what is missing is missing";
}

/// Nothing is lost with a key or a policy, and what is validated is about its own columns.
TEST_P(Verified, AStepThatTakesNoValueAwayAsksForNone) {
  folder
      .write("0002_plan.sql",
             "ALTER TABLE orders ADD COLUMN plan text;\nCREATE POLICY p ON orders USING (true);\n"
             "ALTER TABLE orders ADD CONSTRAINT known UNIQUE (total);\n")
      .write("0003_fill.sql", "-- pgsluice: phase=backfill\nUPDATE orders SET plan = 'free';\n");
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  database.sql("INSERT INTO orders VALUES (1, 1)");
  folder.write("0004_step.sql", "ALTER TABLE orders ADD CONSTRAINT planned CHECK (plan <> '') NOT VALID;\n");
  EXPECT_EQ(hook("presync", "2.0.0").code, 0) << message();
  const auto held_by = [this](const std::string& step) {
    folder.write("0005_step.sql", cat("-- pgsluice: phase=contract needs-app=checkout>=2.0.0\n", step));
    return held("0005_step.sql", {"--release", "3.0.0"});
  };
  const std::string validate = "ALTER TABLE orders VALIDATE CONSTRAINT planned;\n";
  EXPECT_EQ(held_by(validate), "verified");
  database.sql("ALTER TABLE orders VALIDATE CONSTRAINT planned");
  EXPECT_EQ(held_by("DROP POLICY p ON orders;\n"), "");
  EXPECT_EQ(held_by("ALTER TABLE orders DROP CONSTRAINT known;\n"), "");
  EXPECT_EQ(held_by("ALTER TABLE orders ALTER plan SET NOT NULL;\n"), "verified");
}

/// A copy is one in whatever phase it is made, and rows that a file brings itself are none.
TEST_P(Verified, RowsThatACopyBesideItsTableLacksHoldAContractStep) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  folder
      .write("0002_totals.sql",
             "CREATE TABLE totals (id bigint PRIMARY KEY, t int);\nINSERT INTO totals (id, t) SELECT id, "
             "total FROM "
             "orders\n"
             "ON CONFLICT (id) DO NOTHING;\n")
      .write("0003_seed.sql", "-- pgsluice: phase=backfill\nINSERT INTO orders (id, total) VALUES (1, 1);\n")
      .write("0004_drop.sql", k_drop);
  EXPECT_EQ(hook("presync", "2.0.0").code, 0) << message();
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_TRUE(has_total());
  EXPECT_THAT(message(), HasSubstr("public.orders has rows that have come since 0002_totals.sql"));
  database.sql("INSERT INTO totals VALUES (1, 1)");
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_FALSE(has_total()) << message();
}

/// The file's own search_path says which table it has filled; a policy may not hide rows from the look.
TEST_P(Verified, RowsAreLookedForInTheTableThatWasFilledAndBehindItsPolicies) {
  database.sql("CREATE TABLE cents (id bigint, total int, cents bigint)");
  database.admin(cat("CREATE SCHEMA shop AUTHORIZATION ", quote_ident(k_migrator)));
  folder.write("0001_orders.sql", "CREATE TABLE shop.cents (id bigint PRIMARY KEY, total int);\n");
  EXPECT_EQ(hook("presync", "1.0.0").code, 0) << message();
  folder.write("0002_cents.sql", "ALTER TABLE shop.cents ADD COLUMN cents bigint;\n")
      .write("0003_fill.sql",
             "-- pgsluice: phase=backfill\nSET search_path = shop;\n"
             "UPDATE cents SET cents = total * 100 WHERE cents IS NULL;\n")
      .write("0004_drop.sql",
             "-- pgsluice: phase=contract needs-app=checkout>=2.0.0\nALTER TABLE shop.cents DROP COLUMN "
             "total;\n");
  EXPECT_EQ(hook("presync", "2.0.0").code, 0) << message();
  database.sql("INSERT INTO shop.cents VALUES (1, 2)");
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_THAT(message(), HasSubstr("shop.cents has rows that have come since 0003_fill.sql"));
  database.sql(
      "ALTER TABLE shop.cents ENABLE ROW LEVEL SECURITY; ALTER TABLE shop.cents FORCE ROW LEVEL SECURITY");
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_THAT(message(),
              HasSubstr("shop.cents may have rows that 0003_fill.sql has not seen, and cannot be asked"));
  EXPECT_EQ(state("0004_drop.sql"), "held");
}

/// However many rows are looked for: who ends a hook waits for none of them.
TEST_P(Verified, ALookForRowsEndsWithItsHook) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  database.sql(
      "INSERT INTO orders VALUES (1, 2); CREATE FUNCTION slow(n int) RETURNS int LANGUAGE plpgsql"
      " AS 'BEGIN PERFORM pg_sleep(n); RETURN 5; END'");
  folder.write("0002_cents.sql", "ALTER TABLE orders ADD COLUMN cents bigint;\n")
      .write("0003_fill.sql",
             "-- pgsluice: phase=backfill\nUPDATE orders SET cents = slow(total) WHERE cents IS NULL;\n")
      .write("0004_drop.sql", k_drop);
  EXPECT_EQ(hook("presync", "2.0.0").code, 0) << message();
  database.sql("UPDATE orders SET total = 60, cents = NULL");
  const auto begun = std::chrono::steady_clock::now();
  const Finished ended = hook("presync", "2.1.0", {"--budget", "2s"});
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(12)) << ended.err;
  EXPECT_TRUE(has_total());
}

TEST_P(Verified, AContractStepWaitsUntilWhatItRestsOnIsValid) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  folder
      .write("0002_index.sql",
             "-- pgsluice: transaction=off\nCREATE INDEX CONCURRENTLY orders_total_idx ON orders (total);\n")
      .write("0003_check.sql", "ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0) NOT VALID;\n")
      .write("0004_drop.sql", k_drop);
  EXPECT_EQ(hook("presync", "2.0.0").code, 0);
  database.admin("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'orders_total_idx'::regclass");
  const auto words = [this] {
    return database.sql("SELECT words FROM pgsluice.gate WHERE provider = 'verified'");
  };
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_TRUE(has_total());
  EXPECT_EQ(
      words(),
      "index public.orders_total_idx is not valid: REINDEX INDEX CONCURRENTLY, or drop it and make it again; "
      "constraint positive of public.orders is not validated: ALTER TABLE … VALIDATE CONSTRAINT");
  EXPECT_EQ(held("0004_drop.sql", {"--release", "2.2.0"}), "verified");
  database.admin("UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'orders_total_idx'::regclass");
  database.sql("ALTER TABLE orders VALIDATE CONSTRAINT positive");
  EXPECT_EQ(hook("presync", "2.2.0").code, 0);
  EXPECT_FALSE(has_total());
  EXPECT_EQ(words(), "what it rests on is valid and finished");
}

TEST_P(Verified, WhatAContractStepValidatesItselfNeedNotBeValidBefore) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  folder
      .write("0003_check.sql",
             "ALTER TABLE orders ADD CONSTRAINT filled CHECK (total IS NOT NULL) NOT VALID;\n")
      .write("0004_tighten.sql",
             "-- pgsluice: phase=contract\nALTER TABLE orders VALIDATE CONSTRAINT filled;\n"
             "ALTER TABLE orders ALTER total SET NOT NULL;\n");
  EXPECT_EQ(hook("presync", "2.0.0").code, 0);
  EXPECT_EQ(held("0004_tighten.sql", {"--release", "2.1.0"}), "");
}

}  // namespace
}  // namespace pgsluice::test
