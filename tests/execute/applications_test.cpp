// SPDX-License-Identifier: Apache-2.0
// Several applications in one database: whose releases a contract step needs, on real servers, through the built program.

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "execute/gated.hpp"
#include "pgsluice/sql.hpp"

namespace pgsluice::test {
namespace {

using ::testing::HasSubstr;

class Applications : public Gated {
 protected:
  /// A release of an application that has two folders, each with a hook of its own.
  void bring_both(const Folder& data, const std::string& release) {
    const std::vector<std::string> app{"--app", "checkout"};
    EXPECT_EQ(call({"hook", "presync", data.path().string(), "--release", release, "--termination-log",
                    termination.string()},
                   app)
                  .code,
              0)
        << message();
    EXPECT_EQ(hook("presync", release, app).code, 0) << message();
  }
};

INSTANTIATE_TEST_SUITE_P(Servers, Applications, ::testing::ValuesIn(servers({12, 15, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Applications);

TEST_P(Applications, AnApplicationOfWhichNoReleaseIsKnownHoldsAContractStep) {
  const std::vector<std::string> app{"hook",     "presync",           folder.path().string(), "--app",
                                     "checkout", "--termination-log", termination.string()};
  EXPECT_EQ(call(app).code, 0);
  folder.write("0002_drop.sql", k_unsaid);
  EXPECT_EQ(call(app).code, 0);
  folder.write("0003_more.sql", "CREATE TABLE more (id int);\n");
  EXPECT_EQ(call(app).code, 0);
  EXPECT_EQ(state("0002_drop.sql"), "held");
  EXPECT_THAT(message(), HasSubstr("nobody has said which release has brought 0002_drop.sql: write "
                                   "needs-app=APP>=RELEASE into the file"));
  EXPECT_EQ(held("0002_drop.sql", {"--app", "checkout"}), "needs-app");
  EXPECT_EQ(call(app, {"--evidence", "needs-app=optional"}).code, 0);
  EXPECT_EQ(state("0002_drop.sql"), "applied");
}

TEST_P(Applications, ReleasesOfAnotherApplicationDoNotCount) {
  EXPECT_EQ(hook("presync", "1.0.0", {"--app", "checkout"}).code, 0);
  write_cents(k_unsaid);
  EXPECT_EQ(hook("presync", "2.0.0", {"--app", "checkout"}).code, 0);
  EXPECT_EQ(hook("presync", "9.0.0", {"--app", "billing"}).code, 0);
  EXPECT_TRUE(has_total());
  EXPECT_THAT(message(), HasSubstr("billing and checkout have all brought what 0003_drop.sql rests on"));
  EXPECT_EQ(database.sql("SELECT string_agg(concat_ws(' ', app, release), ', ' ORDER BY brought_at) FROM "
                         "pgsluice.bundle"),
            "checkout 1.0.0, checkout 2.0.0, billing 9.0.0");
  folder.write("0003_drop.sql", k_drop);
  {
    const auto old = database.connect("checkout/1.0.0");
    EXPECT_EQ(hook("presync", "9.0.0", {"--app", "billing"}).code, 0);
    EXPECT_TRUE(has_total());
  }
  EXPECT_EQ(hook("presync", "9.0.0", {"--app", "billing"}).code, 0);
  EXPECT_FALSE(has_total()) << message();
}

/// Its own folder lacks files that a nameless hook brings.
TEST_P(Applications, AnApplicationWithAFolderOfItsOwnFitsBesideANamelessHook) {
  Folder other;
  other.write("b.sql", "CREATE TABLE b (id int);\n")
      .write("0001_orders.sql", read_file(folder.path() / "0001_orders.sql"));  // a base that both have
  const auto billing = [&](const char* release) {
    return call({"hook", "presync", other.path().string()}, {"--app", "billing", "--release", release}).code;
  };
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  for (const char* release : {"aaaaaa1", "bbbbbb1"}) EXPECT_EQ(billing(release), 0);
  write_cents(
      "-- pgsluice: phase=contract needs-app=billing>=bbbbbb1\nALTER TABLE orders DROP COLUMN total;\n");
  EXPECT_EQ(hook("presync", "2.0.0").code, 0);
  const auto fits = database.connect("billing/bbbbbb1");
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_FALSE(has_total()) << message();
  EXPECT_EQ(guard({"--once", "--app", "billing", "--release", "bbbbbb1"}).code, 0);
}

TEST_P(Applications, WhatAnotherApplicationHasBroughtDoesNotMakeAReleaseWhole) {
  const std::vector<std::string> app{"--app", "checkout"};
  EXPECT_EQ(hook("presync", "1.0.0", app).code, 0);
  folder.write("0002_cents.sql", "ALTER TABLE orders ADD COLUMN cents bigint;\n")
      .write("0003_drop.sql", k_drop)
      .write("0004_check.sql", "ALTER TABLE orders ADD CHECK (id > 0) NO INHERIT;\n");
  database.sql("INSERT INTO orders VALUES (-1)");
  EXPECT_EQ(hook("presync", "2.0.0", app).code, 17);
  Folder other;
  other.write("b.sql", "CREATE TABLE b (id int);\n");
  EXPECT_EQ(call({"hook", "presync", other.path().string()}, {"--app", "billing", "--release", "2.0.5"}).code,
            0);
  database.sql("DELETE FROM orders");
  EXPECT_EQ(hook("presync", "2.1.0", app).code, 0);
  EXPECT_TRUE(has_total()) << "2.0.0 was never let through";
}

/// An application that brings no such files is known by its releases alone.
TEST_P(Applications, AnApplicationWithAFolderOfItsOwnFitsByItsName) {
  Folder other;
  other.write("b.sql", "CREATE TABLE b (id int);\n");
  EXPECT_EQ(hook("presync", "1.0.0", {"--app", "checkout"}).code, 0);
  EXPECT_EQ(call({"hook", "presync", other.path().string()}, {"--app", "billing", "--release", "3.0.0"}).code,
            0);
  folder.write(
      "0003_drop.sql",
      "-- pgsluice: phase=contract needs-app=billing>=3.0.0\nALTER TABLE orders DROP COLUMN total;\n");
  EXPECT_EQ(hook("presync", "2.0.0", {"--app", "checkout"}).code, 0);
  const auto fits = database.connect("billing/3.0.0");
  EXPECT_EQ(hook("presync", "2.1.0", {"--app", "checkout"}).code, 0);
  EXPECT_FALSE(has_total()) << message();
  EXPECT_EQ(guard({"--once", "--app", "billing", "--release", "3.0.0"}).code, 0);
}

/// The other one's bundle of this release has nothing in common with the step.
TEST_P(Applications, OfTwoFoldersOneLacksNothingOfTheOther) {
  Folder data;
  data.write("d1.sql", "CREATE TABLE d1 (id int);\n");
  const auto bring = [&](const std::string& release) { bring_both(data, release); };
  bring("1.0.0");
  write_cents(k_unsaid);
  bring("2.0.0");
  EXPECT_TRUE(has_total());
  bring("2.1.0");
  EXPECT_FALSE(has_total()) << message();
}

/// It has a file that was never brought beside the step.
TEST_P(Applications, AFolderThatSharesAFileIsNoneThatGoesBack) {
  Folder other;
  other.write("b1.sql", "CREATE TABLE b1 (id int);\n");
  for (Folder* both : {&other, &folder})
    both->write("0000_both.sql", "CREATE TABLE IF NOT EXISTS both_have (id int);\n");
  const auto bring_other = [&] {
    return call({"hook", "presync", other.path().string(), "--termination-log", termination.string()}).code;
  };
  EXPECT_EQ(hook("presync", "").code, 0);
  EXPECT_EQ(bring_other(), 0) << message();
  write_cents(k_unsaid);
  EXPECT_EQ(hook("presync", "").code, 0);
  EXPECT_EQ(bring_other(), 0) << message();
  folder.write("0004_more.sql", "CREATE TABLE more (id int);\n");
  EXPECT_EQ(hook("presync", "").code, 0);
  EXPECT_FALSE(has_total()) << message();
}

/// What they had before the step tells them apart.
TEST_P(Applications, OfTwoFoldersThatADatabaseIsAdoptedWithNoneGoesBack) {
  Folder other;
  other.write("b1.sql", "CREATE TABLE b1 (id int);\n");
  for (Folder* both : {&other, &folder})
    both->write("0000_both.sql", "CREATE TABLE IF NOT EXISTS both_have (id int);\n");
  database.sql("CREATE TABLE orders (id bigint PRIMARY KEY, total int)");
  for (Folder* one : {&folder, &other}) EXPECT_EQ(call({"baseline", one->path().string()}).code, 0);
  const std::string digest(trim(run({"guard", "--digest", other.path().string()}).out));
  EXPECT_EQ(guard({"--once", "--needs", digest}).code, 0) << "all of it is there";
  const auto bring_other = [&](const std::string& release) {
    return call({"hook", "presync", other.path().string()},
                {"--release", release, "--termination-log", termination.string()})
        .code;
  };
  folder.write("0003_drop.sql", k_unsaid);
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  EXPECT_TRUE(has_total()) << "no release is at work that came with it";
  EXPECT_EQ(bring_other("5.0.0"), 0) << message();
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  EXPECT_TRUE(has_total()) << "no later one";
  EXPECT_EQ(hook("presync", "2.0.0").code, 0);
  EXPECT_FALSE(has_total()) << message();
}

TEST_P(Applications, OfTwoFoldersThatShareAFileOneLacksNothingOfTheOther) {
  Folder data;
  for (Folder* both : {&data, &folder})
    both->write("0000_both.sql", "CREATE TABLE IF NOT EXISTS both_have (id int);\n");
  data.write("d1.sql", "CREATE TABLE d1 (id int);\n");
  const auto bring = [&](const std::string& release, bool with_news) {
    if (with_news) data.write(cat("d", release, ".sql"), "SELECT 1;\n");
    bring_both(data, release);
  };
  bring("1.0.0", false);
  write_cents(k_unsaid);
  bring("2.0.0", true);
  EXPECT_TRUE(has_total());
  bring("2.1.0", false);
  EXPECT_FALSE(has_total()) << message();
  bring("2.2.0", false);
  bring("2.3.0", true);
}

TEST_P(Applications, OneLedgerKnowsOneFileByAName) {
  Folder other;
  other.write("0001_orders.sql", "CREATE TABLE b (id int);\n");
  EXPECT_EQ(hook("presync", "1.0.0", {"--app", "a"}).code, 0);
  const auto bring = [&](const std::string& app, const std::filesystem::path& directory) {
    return call({"hook", "presync", directory.string(), "--app", app, "--termination-log",
                 termination.string()})
        .code;
  };
  EXPECT_EQ(bring("b", other.path()), 13);
  EXPECT_THAT(message(),
              HasSubstr("0001_orders.sql has the name of a file that a has brought to this database"));
  EXPECT_EQ(bring("a", other.path()), 13);
  EXPECT_THAT(message(), HasSubstr("has changed since it was applied"));
}

TEST_P(Applications, NamesAreComparedLetterByLetter) {
  EXPECT_EQ(hook("presync", "1.0.0", {"--app", "Checkout"}).code, 0);
  folder.write("0002_drop.sql", k_drop);
  const Finished hooked = hook("presync", "2.0.0", {"--app", "Checkout"});
  EXPECT_EQ(hooked.code, 2);
  EXPECT_THAT(hooked.err, HasSubstr("0002_drop.sql needs checkout, and --app says Checkout"));
  EXPECT_EQ(hook("presync", "2.0.0", {"--app", "checkout"}).code, 0);
  EXPECT_EQ(hook("presync", "2.1.0", {"--app", "checkout"}).code, 0);
  EXPECT_FALSE(has_total()) << message();
  EXPECT_EQ(hook("presync", "2.2.0", {"--app", "Checkout"}).code, 0) << "nobody asks of what is done";
}

/// It would be applied a second time.
TEST_P(Applications, ARenamedFileOfASharedFolderIsOnesOwn) {
  folder.write("0002_more.sql", "CREATE TABLE more (id int);\n");
  EXPECT_EQ(hook("presync", "1.0.0", {"--app", "web"}).code, 0);
  EXPECT_EQ(hook("presync", "1.0.0", {"--app", "worker"}).code, 0);
  std::filesystem::rename(folder.path() / "0002_more.sql", folder.path() / "0002_many.sql");
  for (const char* app : {"web", "worker", "renamed"}) {
    EXPECT_EQ(hook("presync", "1.1.0", {"--app", app}).code, 10) << app;
    EXPECT_THAT(message(),
                HasSubstr("has the contents of 0002_more.sql, which is applied and no longer there"));
  }
}

/// Both make it where it is not there yet, each under a name of its own.
TEST_P(Applications, AFileThatAnotherApplicationStillHasIsNotRenamed) {
  Folder other;
  const std::string common = "CREATE TABLE IF NOT EXISTS common (id int);\n";
  other.write("0001_orders.sql", read_file(folder.path() / "0001_orders.sql"))
      .write("0003_b.sql", "CREATE TABLE b (id int);\n");
  folder.write("0002_common.sql", common);
  const auto bring_other = [&](const char* release) {
    return call({"hook", "presync", other.path().string()},
                {"--app", "worker", "--release", release, "--termination-log", termination.string()})
        .code;
  };
  EXPECT_EQ(hook("presync", "1.0.0", {"--app", "web"}).code, 0);
  EXPECT_EQ(bring_other("5.0.0"), 0);
  other.write("0007_common.sql", common);
  EXPECT_EQ(bring_other("5.1.0"), 0) << message();
  // Also when that one has taken it out of its folder since.
  const std::string early = "CREATE TABLE IF NOT EXISTS early (id int);\n";
  folder.write("0004_early.sql", early);
  EXPECT_EQ(hook("presync", "1.0.1", {"--app", "web"}).code, 0);
  std::filesystem::remove(folder.path() / "0004_early.sql");
  folder.write("0005_w.sql", "CREATE TABLE w (id int);\n");
  EXPECT_EQ(hook("presync", "1.0.2", {"--app", "web"}).code, 0);
  other.write("0009_early.sql", early);
  EXPECT_EQ(bring_other("5.1.1"), 0) << message();
  // Its own it would be.
  std::filesystem::rename(other.path() / "0007_common.sql", other.path() / "0008_common.sql");
  EXPECT_EQ(bring_other("5.2.0"), 10);
  std::filesystem::rename(folder.path() / "0002_common.sql", folder.path() / "0009_common.sql");
  EXPECT_EQ(hook("presync", "1.1.0", {"--app", "web"}).code, 10);
}

TEST_P(Applications, WhatTellsOneSessionFromAnotherIsNoVersion) {
  bring_two();
  for (const char* name : {"checkout-3", "checkout/4711", "checkout@10.42.0.17"}) {
    const auto old = database.connect(name);
    EXPECT_EQ(hook("presync", "2.1.0").code, 0);
    EXPECT_TRUE(has_total()) << name;
    EXPECT_THAT(message(), HasSubstr(cat("connected without a version that compares: 1 session of ", name)));
  }
  const auto fits = database.connect("checkout-2.0.0");
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_FALSE(has_total()) << message();
}

/// Of several applications each must fit, with the hook and with the guard.
TEST_P(Applications, AStepMayNeedSeveralApplications) {
  const auto bring = [&](const char* app, const char* release) {
    return hook("presync", release, {"--app", app}).code;
  };
  for (const char* app : {"api", "worker"}) EXPECT_EQ(bring(app, "1.0.0"), 0);
  write_cents(k_unsaid);
  for (const char* app : {"api", "worker"}) EXPECT_EQ(bring(app, "2.0.0"), 0);
  EXPECT_EQ(bring("api", "2.1.0"), 0);
  EXPECT_THAT(message(), HasSubstr("write needs-app=api>=RELEASE,worker>=RELEASE into the file"));
  folder.write(
      "0003_drop.sql",
      "-- pgsluice: phase=contract needs-app=api>=2.0.0,worker>=2.0.0\nALTER TABLE orders DROP COLUMN "
      "total;\n");
  const auto api = database.connect("api/2.0.0");
  {
    const auto worker = database.connect("worker/1.0.0");
    EXPECT_EQ(bring("api", "2.2.0"), 0);
    EXPECT_TRUE(has_total());
    EXPECT_THAT(message(), HasSubstr("still connected: 1 session of worker/1.0.0"));
  }
  const auto worker = database.connect("worker/2.0.0");
  EXPECT_EQ(bring("api", "2.3.0"), 0);
  EXPECT_FALSE(has_total()) << message();
  for (const char* app : {"api", "worker"}) {
    EXPECT_EQ(guard({"--once", "--app", app, "--release", "1.0.0"}).code, 16) << app;
    EXPECT_EQ(guard({"--once", "--app", app, "--release", "2.0.0"}).code, 0) << app;
  }
  EXPECT_EQ(bring("worker", "1.9.0"), 16);
  EXPECT_EQ(bring("worker", "2.0.0"), 0);
}

/// Nobody of it is connected at this moment: the ledger knows what came last.
TEST_P(Applications, AnotherOneThatHasNoSessionIsKnownByItsLastRelease) {
  Folder other;
  other.write("b.sql", "CREATE TABLE b (id int);\n");
  const auto worker = [&](const char* release) {
    return call({"hook", "presync", other.path().string()}, {"--app", "worker", "--release", release});
  };
  const auto web = [&](const char* release) { return hook("presync", release, {"--app", "web"}).code; };
  EXPECT_EQ(web("1.0.0"), 0);
  EXPECT_EQ(worker("5.0.0").code, 0);
  write_cents(
      "-- pgsluice: phase=contract needs-app=web>=2.0.0,worker>=5.0.1\nALTER TABLE orders DROP COLUMN "
      "total;\n");
  for (const char* release : {"2.0.0", "2.1.0"}) EXPECT_EQ(web(release), 0);
  EXPECT_TRUE(has_total());
  EXPECT_THAT(message(),
              HasSubstr("no session of worker is connected, and its last release in the ledger is 5.0.0; "
                        "worker>=5.0.1 is needed"));
  {
    const auto fits = database.connect("worker/5.0.1");
    EXPECT_EQ(web("2.2.0"), 0);
    EXPECT_FALSE(has_total()) << "it is at work, though no hook has brought it: " << message();
  }
  const Finished later = worker("5.0.1");
  EXPECT_EQ(later.code, 0) << "code only, in a folder that has nothing of the step's: " << later.err;
  EXPECT_EQ(guard({"--once", "--app", "worker", "--release", "5.0.0"}).code, 16);
  EXPECT_EQ(guard({"--once", "--app", "worker", "--release", "5.0.1"}).code, 0);
}

/// Expand and contract in one release, whoever's hook is the second.
TEST_P(Applications, TwoOfOneFolderBringOneRelease) {
  const auto bring = [&](const char* app, const char* release) {
    return hook("presync", release, {"--app", app}).code;
  };
  for (const char* app : {"web", "worker"}) EXPECT_EQ(bring(app, "1.0.0"), 0);
  write_cents("-- pgsluice: phase=contract needs-app=web>=2.0.0\nALTER TABLE orders DROP COLUMN total;\n");
  for (const char* app : {"web", "worker"}) EXPECT_EQ(bring(app, "2.0.0"), 0);
  EXPECT_TRUE(has_total());
  EXPECT_THAT(message(), HasSubstr("it needs 0002_cents.sql in an earlier release than 2.0.0"));
  EXPECT_EQ(bring("worker", "2.0.1"), 0);
  EXPECT_FALSE(has_total()) << message();
}

/// A release that goes back is brought again, and what it went back from may come again, too.
TEST_P(Applications, WhatWasBroughtLastMayHaveBeenBroughtBefore) {
  Folder other;
  other.write("b.sql", "CREATE TABLE b (id int);\n");
  const auto worker = [&](const char* release) {
    EXPECT_EQ(
        call({"hook", "presync", other.path().string()}, {"--app", "worker", "--release", release}).code, 0);
  };
  const auto web = [&](const char* release) { return hook("presync", release, {"--app", "web"}).code; };
  EXPECT_EQ(web("1.0.0"), 0);
  for (const char* release : {"5.0.0", "5.0.1", "5.0.0"}) worker(release);
  write_cents(
      "-- pgsluice: phase=contract needs-app=web>=2.0.0,worker>=5.0.1\nALTER TABLE orders DROP COLUMN "
      "total;\n");
  EXPECT_EQ(web("2.0.0"), 0);
  const auto is_held_by = [&](const char* release) {
    EXPECT_TRUE(has_total()) << release;
    EXPECT_THAT(message(), HasSubstr(cat("its last release in the ledger is ", release)));
  };
  EXPECT_EQ(web("2.1.0"), 0);
  is_held_by("5.0.0");
  for (const char* release : {"5.0.1", "4.9.9"}) worker(release);
  EXPECT_EQ(web("2.2.0"), 0);
  is_held_by("4.9.9");
  // A ledger from before it is known which one came again.
  database.sql("ALTER TABLE pgsluice.bundle DROP COLUMN last_n; UPDATE pgsluice.meta SET ledger_version = 8");
  EXPECT_EQ(held("0003_drop.sql", {"--app", "web", "--release", "2.3.0"}), "sessions");
  worker("5.0.1");
  EXPECT_EQ(database.sql("SELECT count(last_n) FROM pgsluice.bundle"), "1") << "brought forward";
  EXPECT_EQ(web("2.3.0"), 0);
  EXPECT_FALSE(has_total()) << message();
}

/// Both have gone back: for each of them the step comes with the next release.
TEST_P(Applications, OfOneFolderAStepComesAnewForBoth) {
  const auto bring = [&](const char* release, std::vector<const char*> apps = {"web", "worker"}) {
    for (const char* app : apps) EXPECT_EQ(hook("presync", release, {"--app", app}).code, 0) << message();
  };
  bring("1.0.0");
  write_cents(
      "-- pgsluice: phase=contract needs-app=web>=2.0.0,worker>=2.0.0\nALTER TABLE orders DROP COLUMN "
      "total;\n");
  bring("2.0.0");
  for (const char* id : {"0002_cents.sql", "0003_drop.sql"}) std::filesystem::remove(folder.path() / id);
  bring("1.0.0");
  write_cents(
      "-- pgsluice: phase=contract needs-app=web>=2.0.0,worker>=2.0.0\nALTER TABLE orders DROP COLUMN "
      "total;\n");
  bring("2.1.0");
  EXPECT_TRUE(has_total());
  EXPECT_THAT(message(), HasSubstr("it comes anew with 2.1.0"));
  bring("2.2.0", {"worker"});
  EXPECT_FALSE(has_total()) << "2.1.0 has come with it: " << message();
}

/// The one that does not go back may not run it either, as long as nobody has come with it again.
TEST_P(Applications, AStepThatComesAnewWithAnotherOneWaits) {
  const std::string_view drop =
      "-- pgsluice: phase=contract needs-app=web>=2.0.0\nALTER TABLE orders DROP COLUMN total;\n";
  const auto bring = [&](const char* app, const char* release) {
    EXPECT_EQ(hook("presync", release, {"--app", app}).code, 0) << message();
  };
  for (const char* app : {"web", "worker"}) bring(app, "1.0.0");
  write_cents(drop);
  for (const char* app : {"web", "worker"}) bring(app, "2.0.0");
  for (const char* id : {"0002_cents.sql", "0003_drop.sql"}) std::filesystem::remove(folder.path() / id);
  bring("web", "1.0.0");
  write_cents(drop);
  bring("worker", "2.1.0");
  EXPECT_TRUE(has_total()) << message();
  bring("web", "2.1.0");
  EXPECT_TRUE(has_total()) << message();
  bring("worker", "2.2.0");
  EXPECT_FALSE(has_total()) << message();
}

/// Somebody has said that another one than the ledger's last release is at work; then that one is brought again.
TEST_P(Applications, AnApprovalIsOlderThanTheReleaseThatIsBroughtBehindIt) {
  const auto bring = [&](const char* app, const char* release, std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--app", app});
    EXPECT_EQ(hook("presync", release, more).code, 0) << message();
  };
  bring("api", "2.0.0");
  bring("worker", "1.0.0");
  folder.write(
      "0002_drop.sql",
      "-- pgsluice: phase=contract needs-app=api>=2.1.0,worker>=2.0.0\nALTER TABLE orders DROP COLUMN "
      "total;\n");
  bring("api", "2.1.0");
  bring("worker", "2.0.0", {"--freeze", "2020-01-01/2090-01-01"});
  bring("api", "2.2.0", {"--freeze", "2020-01-01/2090-01-01", "--approve", "0002_drop.sql"});
  EXPECT_EQ(database.sql("SELECT count(*) FROM pgsluice.approval"), "1");
  bring("worker", "1.1.0");
  bring("api", "2.3.0");
  EXPECT_TRUE(has_total()) << message();
  EXPECT_THAT(message(),
              HasSubstr("its last release in the ledger is 1.1.0; worker>=2.0.0 is needed; when somebody has "
                        "looked: --approve 0002_drop.sql"));
  bring("api", "2.3.0", {"--approve", "0002_drop.sql"});
  EXPECT_FALSE(has_total()) << message();
}

}  // namespace
}  // namespace pgsluice::test
