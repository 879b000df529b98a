// SPDX-License-Identifier: Apache-2.0
// The guard in front of the application, on real servers, through the built program.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "execute/gated.hpp"

namespace pgsluice::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Guard : public Gated {};

INSTANTIATE_TEST_SUITE_P(Servers, Guard, ::testing::ValuesIn(servers({12, 15, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Guard);

TEST_P(Guard, TheGuardLetsAReleaseStartWhenItsMigrationsAreThere) {
  const std::string digest(trim(run({"guard", "--digest", folder.path().string()}).out));
  EXPECT_THAT(digest, StartsWith("sha256:"));
  const Finished early = guard({"--once", "--needs", digest, "--needs", "0001_orders.sql"});
  EXPECT_EQ(early.code, 16) << early.err;
  EXPECT_THAT(early.err, HasSubstr("the ledger does not have sha256:"));
  Program waiting({"guard", "--needs", digest, "--poll", "50ms", "--database-url", database.url()});
  ASSERT_TRUE(waiting.says("waiting: the ledger does not have"));
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  EXPECT_EQ(waiting.wait().code, 0) << waiting.err();
  EXPECT_EQ(guard({"--once", "--needs", digest, "--needs", "0001_orders.sql"}).code, 0);
  EXPECT_EQ(guard({"--once", "--needs", digest + ",0001_orders.sql"}).code, 0);
  EXPECT_EQ(guard({"--once", "--needs", digest + ",0009_none.sql"}).code, 16);
  folder.write("0002_cents.sql", "ALTER TABLE orders ADD COLUMN cents bigint;\n");
  const std::string next(trim(run({"guard", "--digest", folder.path().string()}).out));
  EXPECT_EQ(guard({"--once", "--needs", next}).code, 16);
}

/// A step that has failed has changed nothing: it asks for its application as before.
TEST_P(Guard, AnApplicationThatAFailedStepNamesIsKnown) {
  EXPECT_EQ(hook("presync", "1.0.0", {"--app", "checkout"}).code, 0);
  database.sql("INSERT INTO orders VALUES (-1)");
  folder.write("0002_check.sql",
               "-- pgsluice: phase=contract needs-app=billing>=3.0.0\nALTER TABLE orders ADD CHECK (id > 0) "
               "NO INHERIT;\n");
  EXPECT_EQ(hook("presync", "2.0.0", {"--app", "checkout"}).code, 0);
  EXPECT_EQ(hook("presync", "2.1.0", {"--app", "checkout"}).code, 17);
  EXPECT_EQ(state("0002_check.sql"), "failed");
  EXPECT_EQ(guard({"--once", "--app", "billing", "--release", "2.9.0"}).code, 0);
}

TEST_P(Guard, TheGuardRefusesAReleaseThatIsTooOld) {
  bring_two();
  EXPECT_EQ(guard({"--once", "--app", "checkout", "--release", "1.0.0"}).code, 0)
      << "a rollback is safe so far";
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  const Finished old = guard({"--app", "checkout", "--release", "1.9.9"});
  EXPECT_EQ(old.code, 16) << old.err;
  EXPECT_THAT(
      old.err,
      HasSubstr(
          "checkout 1.9.9 is too old for this schema: 0003_drop.sql is done, and needs checkout>=2.0.0"));
  EXPECT_EQ(guard({"--app", "checkout", "--release", "2.0.0"}).code, 0);

  std::filesystem::remove(folder.path() / "0003_drop.sql");
  const Finished back = hook("presync", "1.9.9");
  EXPECT_EQ(back.code, 16) << back.err;
  EXPECT_THAT(message(), StartsWith("hook presync of 1.9.9: exit 16: checkout 1.9.9 is too old"));
  EXPECT_EQ(hook("presync", "2.0.0").code, 0) << "a revert that fits: the schema is ahead";
}

TEST_P(Guard, TheGuardAsksWhichApplicationWhereThereAreSeveral) {
  bring_two();
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  folder.write("0004_invoices.sql", "CREATE TABLE invoices (id bigint, total int);\n");
  EXPECT_EQ(hook("presync", "2.2.0").code, 0);
  folder.write(
      "0005_drop.sql",
      "-- pgsluice: phase=contract needs-app=billing>=7.0.0\nALTER TABLE invoices DROP COLUMN total;\n");
  for (const char* release : {"7.0.0", "7.0.1"})
    EXPECT_EQ(hook("presync", release, {"--app", "billing"}).code, 0) << message();
  EXPECT_EQ(state("0005_drop.sql"), "applied");
  const Finished which = guard({"--once", "--release", "1.0.0"});
  EXPECT_EQ(which.code, 2) << which.err;
  EXPECT_THAT(which.err, HasSubstr("billing, checkout"));
  EXPECT_EQ(guard({"--once", "--app", "checkout", "--release", "1.0.0"}).code, 16);
}

TEST_P(Guard, TheHookGrantsTheGuardWhatItReadsAndNothingElse) {
  const std::string role = cat("Guard \"of ", std::to_string(GetParam().major));
  const std::string quoted = cat("\"Guard \"\"of ", std::to_string(GetParam().major), "\"");
  EXPECT_EQ(hook("presync", "1.0.0", {"--guard-role", role}).code, 3) << "there is no such role";
  EXPECT_EQ(database.sql("SELECT to_regclass('pgsluice.migration') IS NULL"), "t")
      << "and so nothing was run";
  database.admin(cat("CREATE ROLE ", quoted, " LOGIN"));
  const auto guard_as_role = [&] {
    return run({"guard", "--once", "--needs", "0001_orders.sql", "--database-url", database.url(role)}).code;
  };
  EXPECT_EQ(hook("presync", "1.0.0", {"--guard-role", role}).code, 0);
  EXPECT_EQ(guard_as_role(), 0);
  EXPECT_EQ(database.admin(cat("SELECT has_table_privilege('", role,
                               "', 'pgsluice.gate', 'SELECT') OR has_table_privilege('", role,
                               "', 'pgsluice.migration', 'UPDATE')")),
            "f");
  EXPECT_EQ(hook("presync", "1.0.0", {"--guard-role", role}).code, 0) << "again: nothing to do";
  EXPECT_EQ(message(), "hook presync of 1.0.0: exit 0: nothing to do\n");
  database.admin(cat("DROP OWNED BY ", quoted, "; DROP ROLE ", quoted));
}

TEST_P(Guard, TheGuardSaysWhatIsMissing) {
  const Finished nobody =
      run({"guard", "--once", "--needs", "x", "--database-url", "host=/nowhere dbname=x"});
  EXPECT_EQ(nobody.code, 15) << nobody.err;
  EXPECT_EQ(guard({}).code, 2);
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  const std::string role = cat("guarded", std::to_string(GetParam().major));
  database.admin(cat("CREATE ROLE ", role, " LOGIN"));
  const Finished denied = run({"guard", "--once", "--needs", "x", "--database-url", database.url(role)});
  EXPECT_EQ(denied.code, 3) << denied.err;
  EXPECT_THAT(denied.err, HasSubstr("GRANT USAGE ON SCHEMA pgsluice"));
  database.admin(cat("DROP ROLE ", role));
}

TEST_P(Guard, ABaselinedContractStepCountsAsADoneOne) {
  folder.write("0003_drop.sql", k_drop);
  database.sql("CREATE TABLE orders (id bigint PRIMARY KEY)");
  EXPECT_EQ(call({"baseline", folder.path().string()}).code, 0);
  EXPECT_EQ(guard({"--once", "--app", "checkout", "--release", "1.9.9"}).code, 16);
  EXPECT_EQ(guard({"--once", "--app", "checkout", "--release", "2.0.0"}).code, 0);
  EXPECT_EQ(hook("presync", "1.9.9").code, 16);
}

TEST_P(Guard, ABackfillComesBeforeTheApplication) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  database.sql("INSERT INTO orders SELECT n, n FROM generate_series(1, 100) AS n");
  folder.write("0002_cents.sql", "ALTER TABLE orders ADD COLUMN cents bigint;\n")
      .write("0003_fill.sql",
             "-- pgsluice: phase=backfill\n-- pgsluice: batch key=id size=10\n"
             "UPDATE orders SET cents = total * 100 WHERE cents IS NULL;\n");
  const std::string digest(trim(run({"guard", "--digest", folder.path().string()}).out));
  EXPECT_EQ(hook("presync", "2.0.0", {"--detach"}).code, 0);
  EXPECT_EQ(guard({"--once", "--needs", digest}).code, 16) << "it is left for later";
  EXPECT_EQ(guard({"--once", "--needs", "0002_cents.sql"}).code, 0)
      << "an application that can do without says so";
  EXPECT_EQ(hook("presync", "2.0.0").code, 0);
  EXPECT_EQ(guard({"--once", "--needs", digest}).code, 0);
}

TEST_P(Guard, AStepThatNeededExactlyOneReleaseLetsLaterOnesStart) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  folder.write(
      "0003_drop.sql",
      "-- pgsluice: phase=contract needs-app=checkout=2.0.0\nALTER TABLE orders DROP COLUMN total;\n");
  EXPECT_EQ(hook("presync", "2.0.0").code, 0);
  EXPECT_EQ(hook("presync", "9.0.0", {"--app", "reports"}).code, 0);
  EXPECT_FALSE(has_total()) << message();
  EXPECT_EQ(guard({"--once", "--app", "checkout", "--release", "1.9.9"}).code, 16);
  for (const char* fits : {"2.0.0", "2.1.0"})
    EXPECT_EQ(guard({"--once", "--app", "checkout", "--release", fits}).code, 0) << fits;
}

TEST_P(Guard, WhoseReleaseNobodyHasSaidMayBeAnybodys) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  const std::string digest(trim(run({"guard", "--digest", folder.path().string()}).out));
  folder.write("0002_a.sql", "CREATE TABLE a (id int);\n");
  EXPECT_EQ(hook("presync", "7.0.0", {"--app", "checkout"}).code, 0);
  EXPECT_EQ(guard({"--once", "--app", "billing", "--release", "1.0.0", "--needs", digest}).code, 0);
}

TEST_P(Guard, AnApplicationWithoutAFolderIsKnownByTheStepsThatAskForIt) {
  EXPECT_EQ(hook("presync", "1.0.0", {"--app", "checkout"}).code, 0);
  folder.write(
      "0003_drop.sql",
      "-- pgsluice: phase=contract needs-app=billing>=3.0.0\nALTER TABLE orders DROP COLUMN total;\n");
  EXPECT_EQ(hook("presync", "2.0.0", {"--app", "checkout"}).code, 0);
  EXPECT_EQ(guard({"--once", "--app", "billing", "--release", "2.9.0"}).code, 0) << "the step waits";
  EXPECT_EQ(hook("presync", "2.1.0", {"--app", "checkout"}).code, 0);
  EXPECT_FALSE(has_total()) << message();
  EXPECT_EQ(guard({"--once", "--app", "billing", "--release", "2.9.0"}).code, 16);
  EXPECT_EQ(guard({"--once", "--app", "billing", "--release", "3.0.0"}).code, 0);
}

TEST_P(Guard, ReleasesMayBecomeCommits) {
  EXPECT_EQ(hook("presync", "1.0.0", {"--app", "checkout"}).code, 0);
  folder.write("0003_drop.sql", k_drop);
  for (const char* release : {"2.0.0", "2.1.0", "abcdef1"})
    EXPECT_EQ(hook("presync", release, {"--app", "checkout"}).code, 0) << message();
  EXPECT_FALSE(has_total());
  EXPECT_EQ(guard({"--once", "--app", "checkout", "--release", "abcdef1"}).code, 0);
  EXPECT_EQ(guard({"--once", "--app", "checkout", "--release", "1.0.0"}).code, 16);
}

TEST_P(Guard, WhoHasBeenToldTooLittleDoesNotStart) {
  const Finished none = guard({"--once", "--release", "1.0.0"});
  EXPECT_EQ(none.code, 16);
  EXPECT_THAT(none.err, HasSubstr("this database has no ledger yet"));
  const std::vector<std::string> arguments{"guard", "--once",         "--release",
                                           "1.0.0", "--database-url", database.url()};
  const Finished empty = Program(arguments, {{"PGSLUICE_NEEDS", ""}}).wait();
  EXPECT_EQ(empty.code, 2);
  EXPECT_THAT(empty.err, HasSubstr("PGSLUICE_NEEDS is set, and empty"));
  EXPECT_EQ(hook("presync", "1.0.0", {"--app", "checkout"}).code, 0);
  EXPECT_EQ(guard({"--once", "--app", "checkout", "--release", "1.0.0"}).code, 0);
  const Finished mistyped = guard({"--once", "--app", "chekout", "--release", "1.0.0"});
  EXPECT_EQ(mistyped.code, 16);
  EXPECT_THAT(mistyped.err,
              HasSubstr("no release of chekout has been brought to this database yet, only of checkout"));
}

}  // namespace
}  // namespace pgsluice::test
