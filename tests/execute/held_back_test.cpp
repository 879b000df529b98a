// SPDX-License-Identifier: Apache-2.0
// What comes behind a contract step that is held back, on real servers, through the built program.

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
using ::testing::StartsWith;

class HeldBack : public Gated {};

constexpr std::string_view k_unsaid_more =
    "-- pgsluice: phase=contract needs-app=checkout>=2.0.0\nALTER TABLE orders ALTER id SET DEFAULT 1;\n"
    "DROP TABLE IF EXISTS nothing;\n";

INSTANTIATE_TEST_SUITE_P(Servers, HeldBack, ::testing::ValuesIn(servers({12, 15, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(HeldBack);

/// A later step was written for what the swap leaves.
TEST_P(HeldBack, AStepBehindOneThatIsHeldBackWaitsForIt) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  folder.write("0002_new.sql", "CREATE TABLE orders_new (id bigint PRIMARY KEY, total int, cents bigint);\n")
      .write(
          "0003_swap.sql",
          "-- pgsluice: phase=contract needs-app=checkout>=2.0.0\nALTER TABLE orders RENAME TO orders_old;\n"
          "ALTER TABLE orders_new RENAME TO orders;\n")
      .write(
          "0004_drop.sql",
          "-- pgsluice: phase=contract needs-app=checkout>=1.0.0\nALTER TABLE orders DROP COLUMN total;\n");
  for (const char* release : {"2.0.0", "2.1.0"}) {
    const auto old = database.connect("checkout/1.0.0");
    EXPECT_EQ(hook("presync", release).code, 0) << message();
    EXPECT_TRUE(has_total()) << release;
    EXPECT_THAT(message(), HasSubstr("held: 0004_drop.sql: it needs 0003_swap.sql applied before it"))
        << release;
  }
  folder.write("0005_note.sql", "ALTER TABLE orders ADD COLUMN note text;\n");
  {
    const auto old = database.connect("checkout/1.0.0");
    const Finished misnamed = hook("presync", "2.1.0");
    EXPECT_EQ(misnamed.code, 10) << misnamed.err;
    EXPECT_THAT(misnamed.err, HasSubstr("means orders as the contract step 0003_swap.sql leaves it"));
  }
  std::filesystem::remove(folder.path() / "0005_note.sql");
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_FALSE(has_total()) << message();
  EXPECT_EQ(
      database.sql("SELECT count(*) FROM pg_attribute WHERE attrelid = 'orders_old'::regclass AND attname = "
                   "'total'"),
      "1");
}

/// A column's name, or a schema, tells as little behind a swap that is held back.
TEST_P(HeldBack, AStepThatMeansAColumnOrASchemaBehindOneThatIsHeldBackIsRefused) {
  database.admin(cat("CREATE SCHEMA archive AUTHORIZATION ", quote_ident(k_migrator),
                     "; CREATE SCHEMA stage AUTHORIZATION ", quote_ident(k_migrator)));
  folder.write("0001_stage.sql", "CREATE TABLE stage.orders (id bigint PRIMARY KEY, total int);\n");
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  folder.write("0002_cents.sql", "ALTER TABLE orders ADD COLUMN cents bigint;\n");
  const auto bring = [&](const std::string& swap, const std::string& id, const std::string& later) {
    folder.write("0003_swap.sql", cat("-- pgsluice: phase=contract needs-app=checkout>=2.0.0\n", swap))
        .write(id, later);
    const auto old = database.connect("checkout/1.0.0");
    const Finished finished = hook("presync", "2.0.0");
    return cat(std::to_string(finished.code), " ", finished.err);
  };
  const std::string columns =
      "ALTER TABLE orders RENAME COLUMN total TO total_old;\nALTER TABLE orders RENAME COLUMN cents TO "
      "total;\n";
  EXPECT_THAT(
      bring(columns, "0004_fill.sql",
            "-- pgsluice: phase=backfill\nUPDATE orders SET TOTAL = 0 WHERE total IS NULL;\n"),
      AllOf(StartsWith("10 "), HasSubstr("means orders.total as the contract step 0003_swap.sql leaves it")));
  EXPECT_THAT(bring(columns, "0004_fill.sql",
                    "ALTER TABLE orders /* total */ ADD COLUMN note text DEFAULT 'total';\n"
                    "COMMENT ON TABLE orders IS 'what the total is of';\n"),
              StartsWith("0 "));
  EXPECT_THAT(bring(columns, "0005_do.sql",
                    "DO $$ BEGIN EXECUTE 'ALTER TABLE orders ALTER COLUMN total SET DEFAULT 0'; END $$;\n"),
              StartsWith("10 "));
  std::filesystem::remove(folder.path() / "0005_do.sql");
  const std::string schemas =
      "ALTER TABLE public.orders SET SCHEMA archive;\nALTER TABLE stage.orders SET SCHEMA public;\n";
  EXPECT_THAT(
      bring(schemas, "0005_note.sql", "ALTER TABLE public.orders ADD COLUMN note2 text;\n"),
      AllOf(StartsWith("10 "), HasSubstr("means orders as the contract step 0003_swap.sql leaves it")));
}

/// What a held step drops and makes again is another table, or column; and one of another type has other values.
TEST_P(HeldBack, AStepThatMeansWhatAHeldOneMakesAnewIsRefused) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  const auto bring = [&](const std::string& held, const std::string& later) {
    folder.write("0003_anew.sql", cat("-- pgsluice: phase=contract needs-app=checkout>=2.0.0\n", held))
        .write("0004_later.sql", later);
    const auto old = database.connect("checkout/1.0.0");
    return hook("presync", "2.0.0").code;
  };
  const std::string update =
      "-- pgsluice: phase=backfill\nUPDATE orders SET total = 0 WHERE total IS NOT NULL;\n";
  EXPECT_EQ(
      bring("ALTER TABLE orders DROP COLUMN total;\nALTER TABLE orders ADD COLUMN total text;\n", update),
      10);
  EXPECT_EQ(bring("DROP TABLE orders;\nCREATE TABLE orders (id bigint PRIMARY KEY, total text);\n", update),
            10);
  EXPECT_EQ(bring("ALTER TABLE orders ALTER COLUMN total TYPE bigint USING total * 100;\n", update), 10);
  EXPECT_EQ(bring("ALTER TABLE orders ALTER COLUMN total TYPE bigint USING total * 100;\n",
                  "CREATE INDEX orders_total ON orders (total);\n"),
            0)
      << message();
}

/// The new release has all that it needs: it is not the step of an earlier one that decides whether it comes.
TEST_P(HeldBack, AContractStepThatGetsNoLockKeepsNoReleaseOut) {
  bring_two();
  folder.write("0004_more.sql", "CREATE TABLE more (id int);\n").write("0005_drop.sql", k_unsaid_more);
  const std::string digest(trim(run({"guard", "--digest", folder.path().string()}).out));
  const auto report = database.connect("psql");
  ASSERT_TRUE(report->script("BEGIN; SELECT count(*) FROM orders").ok);
  const std::vector<std::string> soon{"--lock-budget", "500ms"};
  const Finished held = hook("presync", "2.1.0", soon);
  EXPECT_EQ(held.code, 0) << held.err;
  EXPECT_TRUE(has_total());
  EXPECT_THAT(
      message(),
      AllOf(StartsWith("hook presync of 2.1.0: exit 0: applied 1 migration in 1 step; 2 contract "
                       "migrations held back\n"),
            HasSubstr("held: 0003_drop.sql: no lock within 5"), HasSubstr("ACCESS SHARE on public.orders")));
  EXPECT_EQ(database.sql("SELECT exit_code FROM pgsluice.run ORDER BY started_at DESC LIMIT 1"), "0");
  EXPECT_THAT(
      database.sql(
          "SELECT words FROM pgsluice.gate WHERE migration_id = '0003_drop.sql' AND provider = 'gate'"),
      StartsWith("no lock within "));
  EXPECT_EQ(guard({"--once", "--needs", digest}).code, 0);
  EXPECT_EQ(hook("presync", "2.1.0", {"--lock-budget", "500ms", "--strict-gates"}).code, 12);
  EXPECT_EQ(database.sql("SELECT exit_code FROM pgsluice.run ORDER BY started_at DESC LIMIT 1"), "12");
  const Finished budget = hook("presync", "2.1.0", {"--budget", "2s", "--lock-budget", "5m"});
  EXPECT_EQ(budget.code, 0) << budget.err;
  EXPECT_THAT(message(), HasSubstr("held: 0003_drop.sql: "));
  EXPECT_EQ(call({"apply", folder.path().string()}, {"--release", "2.1.0", "--lock-budget", "500ms"}).code,
            11)
      << "whoever asks for it is told";
  ASSERT_TRUE(report->script("ROLLBACK").ok);
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_FALSE(has_total()) << message();
}

/// A folder is brought when its expand and backfill files are applied.
TEST_P(HeldBack, AFolderIsBroughtWhateverBecomesOfItsContractSteps) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  database.sql("INSERT INTO orders VALUES (-1)");
  folder.write("0003_check.sql",
               "-- pgsluice: phase=contract needs-app=checkout>=2.0.0\nALTER TABLE orders ADD CHECK (id > 0) "
               "NO INHERIT;\n");
  EXPECT_EQ(hook("presync", "2.0.0").code, 0);
  folder.write("0004_more.sql", "CREATE TABLE more (id int);\n");
  const std::string digest(trim(run({"guard", "--digest", folder.path().string()}).out));
  EXPECT_EQ(hook("presync", "2.1.0").code, 17);
  EXPECT_EQ(guard({"--once", "--needs", digest}).code, 0);
}

/// A run that does not ask the gate has not seen anything: what others have seen lasts.
TEST_P(HeldBack, StatusSaysWhyAStepWaitsThatHasComeWithItsRelease) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  folder.write("0002_drop.sql", "-- pgsluice: phase=contract\nALTER TABLE orders DROP COLUMN total;\n");
  const auto status = [this] {
    return run({"status", folder.path().string(), "--database-url", database.url()}).out;
  };
  EXPECT_EQ(hook("presync", "2.0.0").code, 0);
  EXPECT_THAT(status(), HasSubstr("it comes with 2.0.0 itself: apply or hook postsync runs it"));
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_EQ(state("0002_drop.sql"), "applied");
}

TEST_P(HeldBack, ARunThatDoesNotAskLeavesWhatWasSeen) {
  const std::vector<std::string> app{"--app", "checkout"};
  EXPECT_EQ(hook("presync", "1.0.0", app).code, 0);
  const auto write = [&](std::string_view column) {
    folder.write("0002_drop.sql",
                 cat("-- pgsluice: phase=contract needs-app=checkout>=2.0.0 soak=1h\nALTER TABLE orders DROP "
                     "COLUMN ",
                     column, ";\n"));
  };
  write("total");
  const auto seen = [&] {
    return database.sql(
        "SELECT coalesce(string_agg(concat(provider, ' ', since), ', ' ORDER BY provider, subject), '') FROM "
        "pgsluice.gate"
        " WHERE provider NOT IN ('gate', 'soak')");
  };
  EXPECT_EQ(hook("presync", "2.0.0", app).code, 0);
  EXPECT_EQ(hook("postsync", "2.0.0", app).code, 0);
  const std::string first = seen();
  EXPECT_THAT(first, HasSubstr("sessions"));
  EXPECT_EQ(hook("presync", "2.0.0", app).code, 0);
  EXPECT_EQ(seen(), first) << message();
  EXPECT_EQ(call({"apply", folder.path().string()},
                 {"--phase", "expand", "--release", "2.1.0", "--app", "checkout"})
                .code,
            0);
  EXPECT_EQ(seen(), first);
  EXPECT_EQ(
      database.sql(
          "SELECT needs_app || ' ' || rests_on::text FROM pgsluice.migration WHERE id = '0002_drop.sql'"),
      "checkout>=2.0.0 {0001_orders.sql}");
  EXPECT_EQ(hook("postsync", "2.0.0", app).code, 0);
  EXPECT_EQ(seen(), first);
  write("id");
  EXPECT_EQ(hook("presync", "2.0.0", app).code, 0);
  EXPECT_EQ(seen(), "") << "another text is another step";
}

/// A first install has no release that files would have to wait for.
TEST_P(HeldBack, ANewDatabaseGetsItsFilesInTheirOrder) {
  folder
      .write("0003_rename.sql",
             "-- pgsluice: phase=contract\nALTER TABLE orders RENAME COLUMN total TO amount;\n")
      .write("0004_index.sql", "CREATE INDEX orders_amount ON orders (amount);\n");
  EXPECT_EQ(hook("presync", "1.0.0").code, 0) << message();
  EXPECT_EQ(database.sql("SELECT to_regclass('orders_amount') IS NOT NULL"), "t");
}

/// A look at the step before it says nothing about this one.
TEST_P(HeldBack, EachStepIsLookedAtRightBeforeItBegins) {
  folder.write("0001_other.sql", "CREATE TABLE other (id int, mark text);\n");
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  folder.write("0003_drop.sql", k_drop)
      .write("0004_mark.sql",
             "-- pgsluice: phase=contract needs-app=checkout>=2.0.0\nALTER TABLE other DROP COLUMN mark;\n");
  EXPECT_EQ(hook("presync", "2.0.0").code, 0);
  folder.write("0005_slow.sql", "SELECT pg_sleep(4);\n");
  Program program({"hook", "presync", folder.path(), "--release", "2.1.0", "--termination-log", termination,
                   "--database-url", database.url()});
  ASSERT_TRUE(wait_until([&] { return database.busy("SELECT pg_sleep%") == 1; })) << program.err();
  database.sql(
      "CREATE FUNCTION mark() RETURNS text LANGUAGE plpgsql AS"
      " 'BEGIN RETURN (SELECT mark FROM other LIMIT 1); END'");
  EXPECT_EQ(program.wait().code, 0);
  EXPECT_FALSE(has_total()) << message();
  EXPECT_EQ(state("0004_mark.sql"), "held");
  EXPECT_THAT(message(), HasSubstr("function public.mark names public.other.mark"));
}

}  // namespace
}  // namespace pgsluice::test
