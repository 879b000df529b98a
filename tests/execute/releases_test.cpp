// SPDX-License-Identifier: Apache-2.0
// Which release is a later one, and which releases a contract step needs, on real servers, through the built program.

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
using ::testing::StartsWith;

class Releases : public Gated {};

INSTANTIATE_TEST_SUITE_P(Servers, Releases, ::testing::ValuesIn(servers({12, 15, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Releases);

TEST_P(Releases, AReleaseThatIsBroughtAgainIsNotNew) {
  EXPECT_EQ(hook("presync", "latest").code, 0);
  write_cents(k_drop);
  EXPECT_EQ(hook("presync", "latest").code, 0);
  EXPECT_TRUE(has_total()) << "somebody may have used it since the first time";
  EXPECT_EQ(state("0003_drop.sql"), "held");
  folder.write("0004_news.sql", "CREATE TABLE news (id int, old int);\n")
      .write("0005_news.sql", "-- pgsluice: phase=contract\nALTER TABLE news DROP COLUMN old;\n");
  EXPECT_EQ(hook("presync", "latest").code, 0);
  EXPECT_EQ(state("0005_news.sql"), "applied") << "nobody can have used what this run makes";
}

TEST_P(Releases, OtherSpellingsOfAReleaseAreTheSameRelease) {
  bring_two();
  for (const char* same : {"v2.0.0", "2.0.0+build7"}) {
    EXPECT_EQ(hook("presync", same).code, 0);
    EXPECT_TRUE(has_total()) << same;
  }
}

TEST_P(Releases, WhatIsBroughtMustItselfFit) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  folder.write(
      "0003_drop.sql",
      "-- pgsluice: phase=contract needs-app=checkout>=3.0.0\nALTER TABLE orders DROP COLUMN total;\n");
  for (const char* old : {"2.9.9", "latest"}) {
    EXPECT_EQ(hook("presync", "2.0.0").code, 0);
    EXPECT_EQ(hook("presync", old).code, 0);
    EXPECT_TRUE(has_total()) << old;
    EXPECT_THAT(message(), HasSubstr("being brought")) << old;
  }
  EXPECT_EQ(hook("presync", "2.9.9", {"--app", "reports"}).code, 0);
  EXPECT_FALSE(has_total()) << "that is another application";
}

TEST_P(Releases, AStepThatNamesNoReleaseNeedsTheOneThatBroughtWhatItRestsOn) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  folder.write("0002_cents.sql", "ALTER TABLE orders ADD COLUMN cents bigint;\n")
      .write("0003_drop.sql", "-- pgsluice: phase=contract\nALTER TABLE orders DROP COLUMN total;\n");
  EXPECT_EQ(hook("presync", "2.0.0", {"--app", "checkout"}).code, 0);
  const auto old = database.connect("checkout/1.0.0");
  EXPECT_EQ(hook("presync", "2.1.0", {"--app", "checkout"}).code, 0);
  EXPECT_TRUE(has_total());
  EXPECT_THAT(message(), HasSubstr("checkout>=2.0.0"));
  EXPECT_EQ(held("0003_drop.sql", {"--release", "2.1.0", "--app", "checkout"}), "sessions")
      << "status agrees";
}

/// Nobody names releases: then what tells them apart is the folder.
TEST_P(Releases, ARetryWithoutANameIsNoLaterRelease) {
  const auto nameless = [&](const std::string& moment) {
    return call({"hook", moment, folder.path().string()}, {"--termination-log", termination.string()}).code;
  };
  EXPECT_EQ(nameless("presync"), 0);
  folder.write("0002_cents.sql", "ALTER TABLE orders ADD COLUMN cents bigint;\n")
      .write("0003_drop.sql", k_drop)
      .write("0004_check.sql", "ALTER TABLE orders ADD CHECK (id > 0) NO INHERIT;\n");
  database.sql("INSERT INTO orders VALUES (-1)");
  EXPECT_EQ(nameless("presync"), 17);
  EXPECT_EQ(state("0002_cents.sql"), "applied");
  EXPECT_EQ(nameless("presync"), 17) << "a retry of Argo CD";
  EXPECT_TRUE(has_total());
  database.sql("DELETE FROM orders");
  for (const char* moment : {"presync", "presync", "postsync", "presync"}) {
    EXPECT_EQ(nameless(moment), 0);
    EXPECT_TRUE(has_total()) << moment;
  }
  EXPECT_THAT(message(), HasSubstr("it needs 0002_cents.sql in an earlier release than this one"));
  folder.write("0005_more.sql", "CREATE TABLE more (id int);\n");
  EXPECT_EQ(nameless("presync"), 0);
  EXPECT_FALSE(has_total()) << "another folder is another release";
}

TEST_P(Releases, AContractStepThatComesAloneWithoutANameWaitsForTheNextRelease) {
  const auto nameless = [&] { return call({"hook", "presync", folder.path().string()}).code; };
  EXPECT_EQ(nameless(), 0);
  folder.write("0003_drop.sql", "-- pgsluice: phase=contract\nALTER TABLE orders DROP COLUMN total;\n");
  for (int retry = 0; retry < 3; ++retry) EXPECT_EQ(nameless(), 0);
  EXPECT_TRUE(has_total());
  folder.write("0004_more.sql", "CREATE TABLE more (id int);\n");
  EXPECT_EQ(nameless(), 0);
  EXPECT_FALSE(has_total());
}

/// The newest folder, and an application that is older than its last contract step.
TEST_P(Releases, AFirstInstallAtAnOldReleaseKeepsWhatThatNeeds) {
  folder.write("0002_cents.sql", "ALTER TABLE orders ADD COLUMN cents bigint;\n")
      .write("0003_drop.sql", k_drop)
      .write("0004_more.sql", "CREATE TABLE more (id int);\n");
  const std::string digest(trim(run({"guard", "--digest", folder.path().string()}).out));
  const Finished first = hook("presync", "1.0.0");
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_TRUE(has_total());
  EXPECT_EQ(state("0003_drop.sql") + " " + state("0004_more.sql"), "held applied");
  EXPECT_THAT(message(), HasSubstr("held: 0003_drop.sql: checkout 1.0.0 itself is being brought, and is not "
                                   "checkout>=2.0.0: a later release runs the step"));
  EXPECT_EQ(guard({"--once", "--release", "1.0.0", "--needs", digest}).code, 0) << "it can start";
  EXPECT_EQ(hook("presync", "2.0.0").code, 0);
  EXPECT_FALSE(has_total());
  EXPECT_EQ(guard({"--once", "--release", "1.0.0"}).code, 16);
}

/// A hotfix of the release before, or another spelling of this one.
TEST_P(Releases, AnOlderReleaseIsNoLaterOne) {
  EXPECT_EQ(hook("presync", "2.3.0").code, 0);
  write_cents(k_unsaid);
  EXPECT_EQ(hook("presync", "2.4.0").code, 0);
  for (const char* older : {"2.3.5", "2.4", "2.4.0.0", "2.4.0-rc1"}) {
    for (const char* moment : {"presync", "postsync"}) {
      EXPECT_EQ(hook(moment, older).code, 0);
      EXPECT_TRUE(has_total()) << moment << " " << older;
    }
    EXPECT_THAT(message(), HasSubstr("it needs 0002_cents.sql in an earlier release than ")) << older;
  }
  EXPECT_EQ(hook("presync", "2.4.1").code, 0);
  EXPECT_FALSE(has_total());
}

/// Its application has never been let through.
TEST_P(Releases, WhatWasNeverBroughtWholeIsNoEarlierRelease) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  folder.write("0002_cents.sql", "ALTER TABLE orders ADD COLUMN cents bigint;\n")
      .write("0003_drop.sql", k_unsaid)
      .write("0004_check.sql", "ALTER TABLE orders ADD CHECK (id > 0) NO INHERIT;\n");
  database.sql("INSERT INTO orders VALUES (-1)");
  EXPECT_EQ(hook("presync", "2.0.0").code, 17);
  EXPECT_EQ(state("0002_cents.sql"), "applied");
  database.sql("DELETE FROM orders");
  EXPECT_EQ(hook("presync", "2.0.1").code, 0);
  EXPECT_TRUE(has_total()) << "release 1 is still at work";
  EXPECT_EQ(hook("presync", "2.0.2").code, 0);
  EXPECT_FALSE(has_total());
}

TEST_P(Releases, CommitsFollowOneAnotherAsTheLedgerHasSeenThem) {
  const std::vector<std::string> app{"--app", "checkout"};
  EXPECT_EQ(hook("presync", "f00d001", app).code, 0);
  write_cents(k_unsaid);
  EXPECT_EQ(hook("presync", "beef002", app).code, 0);
  EXPECT_EQ(hook("presync", "f00d001", app).code, 0) << "a way back";
  EXPECT_EQ(hook("postsync", "f00d001", app).code, 0);
  EXPECT_TRUE(has_total());
  {
    const auto old = database.connect("checkout/f00d001");
    EXPECT_EQ(hook("presync", "cafe003", app).code, 0);
    EXPECT_TRUE(has_total());
    EXPECT_THAT(message(), HasSubstr("still connected: 1 session of checkout/f00d001"));
  }
  {
    const auto stranger = database.connect("checkout/0000000");
    EXPECT_EQ(hook("presync", "cafe003", app).code, 0);
    EXPECT_TRUE(has_total()) << "nobody knows how old that is";
  }
  EXPECT_EQ(needs_app("0003_drop.sql"), "checkout>=beef002");
  const auto fits = database.connect("checkout/beef002");
  EXPECT_EQ(hook("presync", "cafe003", app).code, 0);
  EXPECT_FALSE(has_total()) << message();

  EXPECT_EQ(guard({"--once", "--app", "checkout", "--release", "f00d001"}).code, 16);
  EXPECT_EQ(guard({"--once", "--app", "checkout", "--release", "beef002"}).code, 0);
  for (const char* unseen : {"dead004", "2.0.0"}) {
    const Finished early = guard({"--once", "--app", "checkout", "--release", unseen});
    EXPECT_EQ(early.code, 16) << "nobody knows how old it is";
    EXPECT_THAT(early.err, HasSubstr(cat("no hook has brought checkout ", unseen, " yet")));
    EXPECT_EQ(hook("presync", unseen, app).code, 0) << message();
    EXPECT_EQ(guard({"--once", "--app", "checkout", "--release", unseen}).code, 0);
  }
  EXPECT_EQ(hook("presync", "f00d001", app).code, 16);
  EXPECT_EQ(hook("presync", "f00d001aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", app).code, 16) << "its whole name";

  std::filesystem::remove(folder.path() / "0002_cents.sql");
  std::filesystem::remove(folder.path() / "0003_drop.sql");
  const Finished old = hook("presync", "0ddba11", app);
  EXPECT_EQ(old.code, 16) << "its hook was skipped when it was new";
  EXPECT_THAT(message(), HasSubstr("comes without 0003_drop.sql, which is done"));
  EXPECT_EQ(hook("presync", "0ddba11", {"--app", "checkout", "--evidence", "release=ignored"}).code, 0);
}

/// Files that nobody has named the release of, or another tool has applied.
TEST_P(Releases, WhereNobodyKnowsWhatBroughtAFileTheContractStepsOwnReleaseIsNeeded) {
  for (const bool baselined : {false, true}) {
    Folder history;
    const std::string table = baselined ? "adopted" : "applied";
    history.write(cat("1_", table, ".sql"), cat("CREATE TABLE ", table, " (id bigint, total int);\n"));
    if (baselined) {
      database.sql(cat("CREATE TABLE ", table, " (id bigint, total int)"));
      EXPECT_EQ(call({"baseline", history.path().string()}).code, 0);
    } else {
      EXPECT_EQ(pgsluice::test::apply(history, database, {}).code, 0);
    }
    const std::string drop = cat("2_", table, "_drop.sql");
    history.write(drop, cat("-- pgsluice: phase=contract\nALTER TABLE ", table, " DROP COLUMN total;\n"));
    const auto bring = [&](const std::string& release) {
      return call({"hook", "presync", history.path().string()},
                  {"--app", "checkout", "--release", release, "--termination-log", termination.string()})
          .code;
    };
    EXPECT_EQ(bring("2.0.0"), 0);
    {
      const auto old = database.connect("checkout/1.0.0");
      EXPECT_EQ(bring("2.1.0"), 0);
      EXPECT_EQ(state(drop), "held") << table;
      EXPECT_EQ(needs_app(drop), "checkout>=2.0.0");
    }
    EXPECT_EQ(bring("2.1.0"), 0);
    EXPECT_EQ(state(drop), "applied") << message();
  }
}

TEST_P(Releases, AContractStepThatRestsOnNothingNeedsItsOwnRelease) {
  database.sql("CREATE TABLE legacy (id int)");
  EXPECT_EQ(hook("presync", "1.0.0", {"--app", "checkout"}).code, 0);
  folder.write("0002_drop.sql", "-- pgsluice: phase=contract\nDROP TABLE legacy;\n");
  EXPECT_EQ(hook("presync", "2.0.0", {"--app", "checkout"}).code, 0);
  const auto old = database.connect("checkout/1.0.0");
  EXPECT_EQ(hook("presync", "2.1.0", {"--app", "checkout"}).code, 0);
  EXPECT_EQ(state("0002_drop.sql"), "held");
  EXPECT_EQ(needs_app("0002_drop.sql"), "checkout>=2.0.0");
}

/// Two folders in one database, and nobody names a release.
TEST_P(Releases, AFolderThatIsBroughtAgainIsAsOldAsItWasThen) {
  Folder other;
  other.write("b.sql", "CREATE TABLE b (id int);\n");
  EXPECT_EQ(nameless_hook(folder.path()).code, 0);
  write_cents(k_unsaid);
  EXPECT_EQ(nameless_hook(folder.path()).code, 0);
  EXPECT_EQ(nameless_hook(other.path()).code, 0);
  for (const char* moment : {"presync", "postsync"}) {
    EXPECT_EQ(nameless_hook(folder.path(), moment).code, 0);
    EXPECT_TRUE(has_total()) << moment;
  }
  folder.write("0004_more.sql", "CREATE TABLE more (id int);\n");
  EXPECT_EQ(nameless_hook(folder.path()).code, 0);
  EXPECT_FALSE(has_total());
}

/// The release that makes a column needs it; that which brings the step that takes it away does not.
TEST_P(Releases, AContractStepNeedsTheReleaseThatItHasComeWith) {
  const std::vector<std::string> app{"--app", "checkout"};
  EXPECT_EQ(hook("presync", "1.0.0", app).code, 0);
  folder.write("0002_drop.sql", k_unsaid);
  EXPECT_EQ(hook("presync", "2.0.0", app).code, 0);
  const auto old = database.connect("checkout/1.0.0");
  for (const char* moment : {"postsync", "presync"}) {
    EXPECT_EQ(hook(moment, "2.1.0", app).code, 0);
    EXPECT_TRUE(has_total()) << moment;
    EXPECT_THAT(message(), HasSubstr("checkout>=2.0.0 is needed"));
  }
}

TEST_P(Releases, AStepThatIsChangedWhileItWaitsComesWithTheReleaseThatChangesIt) {
  const std::vector<std::string> app{"--app", "checkout"};
  folder.write("0002_legacy.sql", "CREATE TABLE legacy (id int);\n");
  EXPECT_EQ(hook("presync", "1.0.0", app).code, 0);
  folder.write("0003_drop.sql", "-- pgsluice: phase=contract\nDROP TABLE legacy;\n");
  EXPECT_EQ(hook("presync", "2.0.0", app).code, 0);
  folder.write("0003_drop.sql", k_unsaid);
  EXPECT_EQ(hook("presync", "2.1.0", app).code, 0);
  EXPECT_TRUE(has_total());
  EXPECT_THAT(message(), HasSubstr("it comes with 2.1.0 itself"));
  EXPECT_EQ(database.sql("SELECT release FROM pgsluice.migration WHERE id = '0003_drop.sql'"), "2.1.0");
  EXPECT_EQ(hook("presync", "2.2.0", app).code, 0);
  EXPECT_FALSE(has_total()) << message();
}

/// A revert has a newer name, and the older code.
TEST_P(Releases, AReleaseWithoutWhatTheStepRestsOnIsTooOld) {
  const std::vector<std::string> app{"--app", "checkout"};
  EXPECT_EQ(hook("presync", "1.0.0", app).code, 0);
  folder.write("0002_cents.sql", "ALTER TABLE orders ADD COLUMN cents bigint;\n");
  EXPECT_EQ(hook("presync", "2.0.0", app).code, 0);
  std::filesystem::remove(folder.path() / "0002_cents.sql");
  EXPECT_EQ(hook("presync", "2.0.1", app).code, 0);
  write_cents(k_drop);
  EXPECT_EQ(hook("presync", "2.1.0", app).code, 0);
  {
    const auto revert = database.connect("checkout/2.0.1");
    EXPECT_EQ(hook("presync", "2.2.0", app).code, 0);
    EXPECT_TRUE(has_total());
  }
  EXPECT_EQ(hook("presync", "2.2.0", app).code, 0);
  EXPECT_FALSE(has_total()) << message();
  EXPECT_EQ(guard({"--once", "--app", "checkout", "--release", "2.0.1"}).code, 16);
  EXPECT_EQ(guard({"--once", "--app", "checkout", "--release", "2.0.0"}).code, 0);
}

/// Where no hook names the application, a folder with some of the same files is one of its own.
TEST_P(Releases, ARevertOfANamelessApplicationIsTooOld) {
  EXPECT_EQ(hook("presync", "aaaaaa1").code, 0);
  folder.write("0002_cents.sql", "ALTER TABLE orders ADD COLUMN cents bigint;\n");
  EXPECT_EQ(hook("presync", "bbbbbb1").code, 0);
  Folder other;
  other.write("b.sql", "CREATE TABLE b (id int);\n");
  EXPECT_EQ(call({"hook", "presync", other.path().string()}, {"--release", "eeeeee1"}).code, 0);
  folder.write(
      "0003_drop.sql",
      "-- pgsluice: phase=contract needs-app=checkout>=bbbbbb1\nALTER TABLE orders DROP COLUMN total;\n");
  EXPECT_EQ(hook("presync", "cccccc1").code, 0);
  std::filesystem::remove(folder.path() / "0003_drop.sql");
  std::filesystem::remove(folder.path() / "0002_cents.sql");
  EXPECT_EQ(hook("presync", "dddddd1").code, 0) << "a revert, as long as nothing is taken away";
  write_cents(
      "-- pgsluice: phase=contract needs-app=checkout>=bbbbbb1\nALTER TABLE orders DROP COLUMN total;\n");
  {
    const auto revert = database.connect("checkout/dddddd1");
    EXPECT_EQ(hook("presync", "ffffff1").code, 0);
    EXPECT_TRUE(has_total()) << message();
  }
  EXPECT_EQ(hook("presync", "ffffff2").code, 0);
  EXPECT_FALSE(has_total()) << message();
  const Finished too_old = guard({"--once", "--release", "dddddd1"});
  EXPECT_EQ(too_old.code, 16);
  EXPECT_THAT(
      too_old.err,
      HasSubstr("that release has come without all of what it rests on: 0001_orders.sql and 0002_cents.sql"));
  EXPECT_EQ(guard({"--once", "--release", "cccccc1"}).code, 0);
  EXPECT_EQ(guard({"--once", "--release", "eeeeee1"}).code, 0) << "another application's";
}

/// A commit whose hook was skipped, with the folder as it was before the step.
TEST_P(Releases, ACommitWithTheFolderOfBeforeIsFromBefore) {
  const std::vector<std::string> app{"--app", "checkout"};
  database.sql("CREATE TABLE legacy (id int)");
  EXPECT_EQ(hook("presync", "aaaaaa1", app).code, 0);
  folder.write("0002_drop.sql", "-- pgsluice: phase=contract\nDROP TABLE legacy;\n");
  for (const char* release : {"bbbbbb1", "cccccc1"}) EXPECT_EQ(hook("presync", release, app).code, 0);
  EXPECT_EQ(state("0002_drop.sql"), "applied") << message();
  EXPECT_EQ(hook("presync", "dddddd1", app).code, 0) << "the folder as it is";
  std::filesystem::remove(folder.path() / "0002_drop.sql");
  const Finished skipped = hook("presync", "eeeeee1", app);
  EXPECT_EQ(skipped.code, 16) << skipped.err;
  EXPECT_THAT(skipped.err, HasSubstr("comes without 0002_drop.sql"));
}

/// Who tidies the file of a step that is done away says so once.
TEST_P(Releases, TheFileOfAStepThatIsDoneMayBeRemoved) {
  const std::vector<std::string> app{"--app", "checkout"};
  EXPECT_EQ(hook("presync", "aaaaaa1", app).code, 0);
  folder.write("0002_drop.sql", k_unsaid);
  for (const char* release : {"bbbbbb1", "cccccc1"}) EXPECT_EQ(hook("presync", release, app).code, 0);
  EXPECT_FALSE(has_total()) << message();
  std::filesystem::remove(folder.path() / "0002_drop.sql");
  EXPECT_EQ(hook("presync", "dddddd1", app).code, 16);
  EXPECT_EQ(hook("presync", "dddddd1", {"--app", "checkout", "--evidence", "release=ignored"}).code, 0);
  for (const char* release : {"eeeeee1", "ffffff1"}) {
    EXPECT_EQ(hook("presync", release, app).code, 0) << message();
    EXPECT_EQ(guard({"--once", "--app", "checkout", "--release", release}).code, 0);
  }
  EXPECT_EQ(guard({"--once", "--app", "checkout", "--release", "aaaaaa1"}).code, 16);
}

/// Neither what another application brings, nor a folder that has been tidied, makes an old commit a new one.
TEST_P(Releases, AnOldCommitStaysOldWhateverOthersBring) {
  const auto bring = [&](const std::string& app, const std::string& release,
                         std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--app", app});
    return hook("presync", release, std::move(more)).code;
  };
  EXPECT_EQ(bring("checkout", "aaaaaa1"), 0);
  write_cents(k_unsaid);
  for (const char* release : {"bbbbbb1", "cccccc1"}) EXPECT_EQ(bring("checkout", release), 0);
  EXPECT_FALSE(has_total()) << message();
  std::filesystem::remove(folder.path() / "0003_drop.sql");
  EXPECT_EQ(bring("checkout", "abcabc1"), 16);
  EXPECT_EQ(bring("billing", "1.0.0"), 0);
  EXPECT_EQ(bring("checkout", "abcabc1"), 16) << "another application's folder";
  folder.write("0004_news.sql", "CREATE TABLE news (id int);\n");
  EXPECT_EQ(bring("checkout", "dddddd1", {"--evidence", "release=ignored"}), 0);
  EXPECT_EQ(bring("checkout", "eeeeee1"), 0) << "it has what was tidied";
  std::filesystem::remove(folder.path() / "0004_news.sql");
  EXPECT_EQ(bring("checkout", "abcabc1"), 16) << "it has less than what was tidied";
}

/// A folder that has nothing in common with another one says nothing about it.
TEST_P(Releases, ARetryWithoutANameIsNoneWhateverAnotherFolderBrings) {
  Folder other;
  other.write("b.sql", "CREATE TABLE b (id int);\n");
  EXPECT_EQ(nameless_hook(folder.path()).code, 0);
  write_cents(k_unsaid);
  folder.write("0004_check.sql", "ALTER TABLE orders ADD CHECK (id > 0) NO INHERIT;\n");
  database.sql("INSERT INTO orders VALUES (-1)");
  EXPECT_EQ(nameless_hook(folder.path()).code, 17);
  EXPECT_EQ(nameless_hook(other.path()).code, 0);
  database.sql("DELETE FROM orders");
  EXPECT_EQ(nameless_hook(folder.path()).code, 0);
  EXPECT_TRUE(has_total()) << "what is at work is of before";
}

/// The hook that ends with 12 lets nobody through, nor does one whose contract step has failed.
TEST_P(Releases, AReleaseThatWasNotLetThroughIsNoEarlierRelease) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  database.sql("CREATE TABLE old (id int)");
  folder.write("0001_old.sql", "-- pgsluice: phase=contract\nDROP TABLE old;\n");
  EXPECT_EQ(hook("presync", "1.1.0", {"--strict-gates"}).code, 0) << "no hook before 1.1.0 could run it";
  write_cents(k_unsaid);
  const std::string digest(trim(run({"guard", "--digest", folder.path().string()}).out));
  EXPECT_EQ(hook("presync", "2.0.0", {"--strict-gates", "--evidence", "approval=required"}).code, 12)
      << message();
  EXPECT_EQ(guard({"--once", "--needs", digest}).code, 0) << "its expand step is there";
  EXPECT_EQ(hook("presync", "2.0.1").code, 0);
  EXPECT_TRUE(has_total()) << "release 1 is the only one that has been at work";
  EXPECT_EQ(hook("presync", "2.0.2").code, 0);
  EXPECT_FALSE(has_total()) << message();
  database.sql("INSERT INTO orders VALUES (-1)");
  folder.write("0004_check.sql",
               "-- pgsluice: phase=contract\nALTER TABLE orders ADD CHECK (id > 0) NO INHERIT;\n");
  EXPECT_EQ(hook("presync", "3.0.0").code, 0);
  database.sql("CREATE TABLE legacy (id int)");
  folder.write("0005_legacy.sql", "-- pgsluice: phase=contract\nDROP TABLE legacy;\n");
  EXPECT_EQ(hook("presync", "3.1.0").code, 17);
  database.sql("DELETE FROM orders");
  EXPECT_EQ(hook("presync", "3.1.1").code, 0);
  EXPECT_EQ(state("0005_legacy.sql"), "held") << "3.1.0 has never come";
  EXPECT_EQ(hook("presync", "3.1.2").code, 0);
  EXPECT_EQ(state("0005_legacy.sql"), "applied") << message();
}

/// Nothing follows what has the same name again.
TEST_P(Releases, ImagesThatAreAllCalledLatestAreToldSo) {
  EXPECT_EQ(hook("presync", "latest").code, 0);
  write_cents(k_unsaid);
  EXPECT_EQ(hook("presync", "latest").code, 0);
  EXPECT_EQ(hook("presync", "latest").code, 0);
  EXPECT_EQ(state("0003_drop.sql"), "held");
  EXPECT_THAT(message(),
              HasSubstr("2 folders have been brought as latest: give each release a name of its own"));
}

/// As `git describe` names them.
TEST_P(Releases, ACommitBehindAVersionIsNoReleaseBeforeIt) {
  const std::vector<std::string> app{"--app", "checkout"};
  EXPECT_EQ(hook("presync", "2.4.0", app).code, 0);
  write_cents(k_unsaid);
  EXPECT_EQ(hook("presync", "2.4.0-3-gaaaaaaa", app).code, 0);
  {
    const auto old = database.connect("checkout/2.4.0");
    EXPECT_EQ(hook("presync", "2.4.0-6-gccccccc", app).code, 0);
    EXPECT_TRUE(has_total());
  }
  EXPECT_EQ(hook("presync", "2.4.0-6-gccccccc", app).code, 0);
  EXPECT_FALSE(has_total()) << message();
  EXPECT_EQ(guard({"--once", "--app", "checkout", "--release", "2.4.0"}).code, 16);
  EXPECT_EQ(hook("presync", "2.5.0", app).code, 0);
  EXPECT_EQ(guard({"--once", "--app", "checkout", "--release", "2.5.0"}).code, 0);
}

TEST_P(Releases, TwoBuildsOfOneVersionAreTwoReleases) {
  EXPECT_EQ(hook("presync", "1.0.0+f000001").code, 0);
  folder.write("0002_cents.sql", "ALTER TABLE orders ADD COLUMN cents bigint;\n")
      .write("0003_drop.sql",
             "-- pgsluice: phase=contract needs-app=checkout>=1.0.0+b000002\nALTER TABLE orders DROP COLUMN "
             "total;\n");
  EXPECT_EQ(hook("presync", "1.0.0+b000002").code, 0);
  const auto old = database.connect("checkout/1.0.0+f000001");
  EXPECT_EQ(hook("presync", "1.0.1").code, 0);
  EXPECT_TRUE(has_total());
}

/// What is no table is as old as it is, whatever new stands beside it.
TEST_P(Releases, AFunctionThatWasThereBeforeIsNotNewBesideANewTable) {
  folder.write("0001_price.sql", "CREATE FUNCTION price(int) RETURNS int LANGUAGE sql AS 'SELECT 1';\n");
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  folder.write("0002_staging.sql", "CREATE TABLE staging (id int PRIMARY KEY);\n");
  for (const char* takes : {"DROP FUNCTION price(int)", "REVOKE SELECT ON orders FROM PUBLIC",
                            "DO $$ BEGIN DROP FUNCTION price(int); END $$"}) {
    folder.write("0003_drop.sql", cat("-- pgsluice: phase=contract\nDROP TABLE staging;\n", takes, ";\n"));
    EXPECT_EQ(hook("presync", "2.0.0").code, 0) << takes;
    EXPECT_EQ(state("0003_drop.sql"), "held") << takes;
  }
}

TEST_P(Releases, AnOldTableIsNotNewWhereTheCatalogsCannotBeRead) {
  database.sql("CREATE TABLE orders (id bigint PRIMARY KEY, total int); CREATE VIEW v AS SELECT 1 AS one");
  folder.write("0001_orders.sql", "CREATE TABLE IF NOT EXISTS orders (id bigint PRIMARY KEY, total int);\n")
      .write("0002_drop.sql", k_unsaid);
  const auto holder = database.connect("psql");
  ASSERT_TRUE(holder->script("BEGIN; ALTER VIEW v SET (security_barrier = true)").ok);
  const Finished blind = hook("presync", "2.0.0");
  EXPECT_EQ(blind.code, 0) << blind.err;
  EXPECT_EQ(state("0002_drop.sql"), "held");
  EXPECT_TRUE(has_total());
}

/// A file that names a commit is younger than that commit, and so is whatever comes with it.
TEST_P(Releases, ANeedMayBeACommitThatTheLedgerHasNeverSeen) {
  const std::vector<std::string> app{"--app", "checkout"};
  write_cents(
      "-- pgsluice: phase=contract needs-app=checkout>=abc1234\nALTER TABLE orders DROP COLUMN total;\n");
  EXPECT_EQ(hook("presync", "aaaaaa1", app).code, 0);
  EXPECT_EQ(state("0003_drop.sql"), "applied") << "a new environment: " << message();
  EXPECT_EQ(hook("presync", "bbbbbb1", app).code, 0) << message();
  for (const char* release : {"aaaaaa1", "bbbbbb1"})
    EXPECT_EQ(guard({"--once", "--app", "checkout", "--release", release}).code, 0);
}

TEST_P(Releases, ABaselinedStepMayNeedACommitThatTheLedgerHasNeverSeen) {
  const std::vector<std::string> app{"--app", "checkout"};
  database.sql("CREATE TABLE orders (id bigint PRIMARY KEY, cents bigint)");
  write_cents(
      "-- pgsluice: phase=contract needs-app=checkout>=abc1234\nALTER TABLE orders DROP COLUMN total;\n");
  EXPECT_EQ(call({"baseline", folder.path().string()}).code, 0);
  EXPECT_EQ(guard({"--once", "--app", "checkout", "--release", "aaaaaa1"}).code, 16)
      << "no hook has brought it";
  EXPECT_EQ(hook("presync", "aaaaaa1", app).code, 0) << message();
  EXPECT_EQ(guard({"--once", "--app", "checkout", "--release", "aaaaaa1"}).code, 0);
}

/// The need is a version that nobody has brought by this name.
TEST_P(Releases, ANeedFindsItsPlaceAmongCommits) {
  EXPECT_EQ(hook("presync", "v2.3.0", {"--app", "checkout"}).code, 0);
  folder.write("0003_drop.sql", k_drop);  // checkout>=2.0.0
  for (const char* release : {"v2.4.0", "v2.4.0-1-gccccccc", "v2.4.0-2-gddddddd"}) {
    EXPECT_EQ(hook("presync", release, {"--app", "checkout"}).code, 0) << message();
    EXPECT_EQ(guard({"--once", "--app", "checkout", "--release", release}).code, 0) << release;
  }
  EXPECT_FALSE(has_total()) << message();
}

}  // namespace
}  // namespace pgsluice::test
