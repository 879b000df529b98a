// SPDX-License-Identifier: Apache-2.0
// A way back has a newer name and older code: it is known by what it comes without, on real servers, through the built
// program.

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "execute/gated.hpp"

namespace pgsluice::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Revert : public Gated {
 protected:
  Finished bring(const std::string& release, std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--app", "checkout"});
    return hook("presync", release, std::move(more));
  }
  int guard_of(const std::string& release, std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--once", "--app", "checkout", "--release", release});
    return guard(more).code;
  }
  void remove(const std::string& id) const { std::filesystem::remove(folder.path() / id); }
  void write_cents_only() { folder.write("0002_cents.sql", "ALTER TABLE orders ADD COLUMN cents bigint;\n"); }
  std::string digest() const {
    return std::string(trim(run({"guard", "--digest", folder.path().string()}).out));
  }
};

INSTANTIATE_TEST_SUITE_P(Servers, Revert, ::testing::ValuesIn(servers({12, 15, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Revert);

/// `v2.0.1` is 2.0.1, and a commit and its beginning are one.
TEST_P(Revert, ItIsTooOldUnderEachOfItsSpellings) {
  struct Names {
    std::string one, two, revert, three;
    std::vector<std::string> spellings;
  };
  const Names versions{"1.0.0", "2.0.0", "2.0.1", "2.1.0", {"v2.0.1", "2.0.1+b1", "2.0.1"}};
  const Names commits{
      "aaaa001", "bbbb002", "cccc003", "dddd004", {"cccc003fffffffffffffffffffffffffffffffff"}};
  EXPECT_EQ(bring(versions.one).code, 0);
  write_cents_only();
  EXPECT_EQ(bring(versions.two).code, 0);
  remove("0002_cents.sql");
  EXPECT_EQ(bring(versions.revert).code, 0);
  write_cents(k_drop);
  EXPECT_EQ(bring(versions.three).code, 0);
  for (const std::string& spelling : versions.spellings) {
    const auto revert = database.connect(cat("checkout/", spelling));
    EXPECT_EQ(bring("2.2.0").code, 0);
    EXPECT_TRUE(has_total()) << spelling;
    EXPECT_THAT(message(), AllOf(HasSubstr(cat("1 session of checkout/", spelling)),
                                 HasSubstr("has come without files that this step goes with")));
  }
  EXPECT_EQ(bring("2.2.0").code, 0);
  EXPECT_FALSE(has_total()) << message();
  for (const std::string& spelling : versions.spellings) EXPECT_EQ(guard_of(spelling), 16) << spelling;
  EXPECT_EQ(bring("v2.0.1").code, 16);
  for (const char* fits : {"2.0.0", "v2.0.0", "2.1.0", "2.2.0"}) EXPECT_EQ(guard_of(fits), 0) << fits;

  folder.write("0004_more.sql", "CREATE TABLE more (id int, a int, b int);\n");
  EXPECT_EQ(bring(commits.one).code, 0);
  folder.write("0005_c.sql", "ALTER TABLE more ADD COLUMN c int;\n")
      .write("0006_drop.sql", "-- pgsluice: phase=contract\nALTER TABLE more DROP COLUMN a;\n");
  EXPECT_EQ(bring(commits.two).code, 0);
  for (const char* id : {"0005_c.sql", "0006_drop.sql"}) remove(id);
  EXPECT_EQ(bring(commits.revert).code, 0);
  folder.write("0005_c.sql", "ALTER TABLE more ADD COLUMN c int;\n")
      .write("0006_drop.sql", "-- pgsluice: phase=contract\nALTER TABLE more DROP COLUMN a;\n");
  EXPECT_EQ(bring(commits.three).code, 0) << "the first one that comes with it again";
  for (const std::string& spelling : commits.spellings) {
    const auto revert = database.connect(cat("checkout/", spelling));
    EXPECT_EQ(bring("eeee005").code, 0);
    EXPECT_EQ(state("0006_drop.sql"), "held") << spelling;
  }
  EXPECT_EQ(bring("eeee005").code, 0);
  EXPECT_EQ(state("0006_drop.sql"), "applied") << message();
  for (const std::string& spelling : commits.spellings) EXPECT_EQ(guard_of(spelling), 16) << spelling;
}

/// Where the release brought nothing but the step, what goes back has all that the step rests on.
TEST_P(Revert, ItIsTooOldWithoutTheStepItself) {
  for (const std::vector<std::string>& names :
       {std::vector<std::string>{"1.0.0", "2.0.0", "2.0.1", "2.1.0", "2.2.0"},
        {"aaaaaa1", "bbbbbb1", "cccccc1", "dddddd1", "eeeeee1"}}) {
    const std::string drop = cat("0002_drop_", names[0], ".sql");
    database.sql(cat("CREATE TABLE \"", names[0], "\" (id int)"));
    const std::string step = cat("-- pgsluice: phase=contract\nDROP TABLE \"", names[0], "\";\n");
    EXPECT_EQ(bring(names[0]).code, 0);
    folder.write(drop, step);
    EXPECT_EQ(bring(names[1]).code, 0);
    remove(drop);
    EXPECT_EQ(bring(names[2]).code, 0);
    folder.write(drop, step);
    EXPECT_EQ(bring(names[3]).code, 0);
    {
      const auto revert = database.connect(cat("checkout/", names[2]));
      EXPECT_EQ(bring(names[4]).code, 0);
      EXPECT_EQ(state(drop), "held");
      EXPECT_THAT(message(), HasSubstr(cat("1 session of checkout/", names[2])));
    }
    EXPECT_EQ(bring(names[4]).code, 0);
    EXPECT_EQ(state(drop), "applied") << message();
    const Finished old = guard({"--once", "--app", "checkout", "--release", names[2]});
    EXPECT_EQ(old.code, 16);
    EXPECT_THAT(old.err, HasSubstr("has come without it, when others had come with it"));
    EXPECT_EQ(guard_of(names[1]), 0);
  }
}

/// Somebody says that what came before the step can live with it: then it says nothing that it is not there.
TEST_P(Revert, AReleaseFromBeforeAStepThatItFitsIsNone) {
  EXPECT_EQ(bring("1.0.0").code, 0);
  write_cents_only();
  EXPECT_EQ(bring("2.0.0").code, 0);
  folder.write("0003_drop.sql", k_drop);  // checkout>=2.0.0
  EXPECT_EQ(bring("2.1.0").code, 0);
  remove("0003_drop.sql");
  EXPECT_EQ(bring("2.0.1").code, 0) << "a hotfix";
  folder.write("0003_drop.sql", k_drop);
  const auto hotfix = database.connect("checkout/2.0.1");
  EXPECT_EQ(bring("2.2.0").code, 0);
  EXPECT_FALSE(has_total()) << message();
  EXPECT_EQ(guard_of("2.0.1"), 0);
  remove("0003_drop.sql");
  EXPECT_EQ(bring("2.0.2").code, 0) << "the folder of 2.0.0, which fits: " << message();
}

/// A file that is renamed as pgsluice says, or put together with others, is one that nobody has come without.
TEST_P(Revert, AFileThatHasAnotherNameSinceIsNoneThatAReleaseLacks) {
  EXPECT_EQ(bring("1.0.0").code, 0);
  write_cents_only();
  for (const char* release : {"2.0.0", "2.0.5"}) EXPECT_EQ(bring(release).code, 0);
  std::filesystem::rename(folder.path() / "0002_cents.sql", folder.path() / "0002_orders_cents.sql");
  const Finished renamed = bring("2.1.0");
  EXPECT_EQ(renamed.code, 10);
  const std::size_t from = renamed.err.find("UPDATE pgsluice.migration SET id");
  ASSERT_NE(from, std::string::npos) << renamed.err;
  database.sql(renamed.err.substr(from, renamed.err.find(" (pgsluice.statement", from) - from));
  EXPECT_EQ(bring("2.1.0").code, 0) << message();
  folder.write("0003_drop.sql", k_drop);
  EXPECT_EQ(bring("2.2.0").code, 0);
  {
    const auto fits = database.connect("checkout/2.0.5");
    EXPECT_EQ(bring("2.3.0").code, 0);
    EXPECT_FALSE(has_total()) << message();
  }
  for (const char* release : {"2.0.0", "2.0.5", "2.1.0"}) EXPECT_EQ(guard_of(release), 0) << release;
  EXPECT_EQ(guard_of("1.0.0"), 16);

  for (const char* id : {"0001_orders.sql", "0002_orders_cents.sql", "0003_drop.sql"}) remove(id);
  folder.write("0004_all.sql", "CREATE TABLE orders (id bigint PRIMARY KEY, cents bigint);\n");
  EXPECT_EQ(call({"baseline", folder.path().string()}).code, 0);
  database.sql("ALTER TABLE orders ADD COLUMN legacy int");
  folder.write(
      "0005_legacy.sql",
      "-- pgsluice: phase=contract needs-app=checkout>=2.3.0\nALTER TABLE orders DROP COLUMN legacy;\n");
  EXPECT_EQ(bring("2.4.0", {"--evidence", "release=ignored"}).code, 0) << message();
  const auto fits = database.connect("checkout/2.3.0");
  EXPECT_EQ(bring("2.5.0").code, 0);
  EXPECT_EQ(state("0005_legacy.sql"), "applied") << message();
  EXPECT_EQ(guard_of("2.3.0"), 0);
}

/// What is taken away is gone by then.
TEST_P(Revert, ItIsRefusedWhenTheStepIsDone) {
  EXPECT_EQ(bring("1.0.0").code, 0);
  const std::string before = digest();
  write_cents(k_unsaid);
  for (const char* release : {"2.0.0", "2.1.0"}) EXPECT_EQ(bring(release).code, 0);
  EXPECT_FALSE(has_total()) << message();
  for (const char* id : {"0002_cents.sql", "0003_drop.sql"}) remove(id);
  const Finished revert = bring("2.2.0");
  EXPECT_EQ(revert.code, 16) << message();
  EXPECT_THAT(revert.err, AllOf(HasSubstr("comes without 0003_drop.sql"), HasSubstr("release=ignored")));
  EXPECT_EQ(guard_of("2.2.0", {"--needs", before}), 16);
  folder.write("0004_more.sql", "CREATE TABLE more (id int);\n");
  EXPECT_EQ(bring("2.2.1").code, 16) << "with something new beside it";
  EXPECT_EQ(bring("2.2.1", {"--evidence", "release=ignored"}).code, 0) << message();
  EXPECT_EQ(bring("2.3.0").code, 0) << "it has been said once";
  EXPECT_EQ(guard_of("2.3.0", {"--needs", digest()}), 0);
}

/// A folder of its own, with a base that both have.
TEST_P(Revert, AnotherApplicationsFolderGoesBackBeforeNothing) {
  Folder other;
  other.write("b.sql", "CREATE TABLE b (id int);\n")
      .write("0001_orders.sql", read_file(folder.path() / "0001_orders.sql"));
  const auto billing = [&](const char* release) {
    return call({"hook", "presync", other.path().string()}, {"--app", "billing", "--release", release}).code;
  };
  EXPECT_EQ(bring("1.0.0").code, 0);
  EXPECT_EQ(billing("3.0.0"), 0);
  write_cents(
      "-- pgsluice: phase=contract needs-app=billing>=3.0.0\nALTER TABLE orders DROP COLUMN total;\n");
  for (const char* release : {"2.0.0", "2.1.0"}) EXPECT_EQ(bring(release).code, 0) << message();
  EXPECT_FALSE(has_total()) << message();
  other.write("c.sql", "CREATE TABLE c (id int);\n");
  EXPECT_EQ(billing("3.1.0"), 0);
}

/// A release that goes back, by its own folder or by one of before, has the old code at work again.
TEST_P(Revert, AStepComesAnewBehindAReleaseThatGoesBackBeforeIt) {
  const auto without = [this] {
    std::filesystem::remove(folder.path() / "0002_cents.sql");
    std::filesystem::remove(folder.path() / "0003_drop.sql");
  };
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  write_cents(k_unsaid);
  EXPECT_EQ(hook("presync", "2.0.0").code, 0);
  without();
  EXPECT_EQ(hook("presync", "2.0.1").code, 0);
  write_cents(k_unsaid);
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_TRUE(has_total()) << "2.0.1 is the only one at work";
  without();
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  write_cents(k_unsaid);
  EXPECT_EQ(hook("presync", "2.2.0").code, 0);
  EXPECT_TRUE(has_total()) << "1.0.0 is";
  Folder other;
  other.write("b.sql", "CREATE TABLE b (id int);\n");
  EXPECT_EQ(nameless_hook(other.path()).code, 0) << "that is another application's";
  EXPECT_EQ(hook("presync", "2.3.0").code, 0);
  EXPECT_FALSE(has_total()) << message();
}

TEST_P(Revert, AFolderOfBeforeMakesAStepComeAnewToo) {
  Folder before;
  before.write("0001_orders.sql", "CREATE TABLE orders (id bigint PRIMARY KEY, total int);\n");
  EXPECT_EQ(nameless_hook(before.path()).code, 0);
  write_cents(k_unsaid);
  EXPECT_EQ(nameless_hook(folder.path()).code, 0);
  EXPECT_EQ(nameless_hook(before.path()).code, 0);
  folder.write("0004_more.sql", "CREATE TABLE more (id int);\n");
  EXPECT_EQ(nameless_hook(folder.path()).code, 0);
  EXPECT_TRUE(has_total());
  folder.write("0005_more.sql", "CREATE TABLE more_still (id int);\n");
  EXPECT_EQ(nameless_hook(folder.path()).code, 0);
  EXPECT_FALSE(has_total()) << message();
}

/// A revert may have something new beside it.
TEST_P(Revert, AFolderThatGoesBackAndHasMoreMakesAStepComeAnewToo) {
  EXPECT_EQ(nameless_hook(folder.path()).code, 0);
  write_cents(k_unsaid);
  EXPECT_EQ(nameless_hook(folder.path()).code, 0);
  Folder back;
  back.write("0001_orders.sql", read_file(folder.path() / "0001_orders.sql"))
      .write("0004_more.sql", "CREATE TABLE more (id int);\n");
  EXPECT_EQ(nameless_hook(back.path()).code, 0);
  folder.write("0004_more.sql", "CREATE TABLE more (id int);\n");
  EXPECT_EQ(nameless_hook(folder.path()).code, 0);
  EXPECT_TRUE(has_total()) << message();
}

/// What was brought between two releases of the line and has files of its own is one of its hotfixes, if it has all that the
/// line had by then; and so is what the database was adopted with.
TEST_P(Revert, AHotfixThatIsBroughtAgainMakesAStepComeAnew) {
  const std::string orders = read_file(folder.path() / "0001_orders.sql");
  Folder hotfix;
  hotfix.write("0001_orders.sql", orders).write("h1.sql", "CREATE TABLE h1 (id int);\n");
  database.sql(orders);
  EXPECT_EQ(call({"baseline", folder.path().string()}).code, 0);
  const auto bring_hotfix = [&](const std::string& release) {
    return call({"hook", "presync", hotfix.path().string()},
                {"--release", release, "--termination-log", termination.string()})
        .code;
  };
  EXPECT_EQ(bring_hotfix("1.0.1"), 0) << message();
  write_cents(k_unsaid);
  EXPECT_EQ(hook("presync", "2.0.0").code, 0);
  EXPECT_EQ(bring_hotfix("1.0.1"), 0) << message();
  EXPECT_EQ(hook("presync", "2.0.1").code, 0);
  EXPECT_TRUE(has_total()) << "1.0.1 is at work";
  hotfix.write("h2.sql", "CREATE TABLE h2 (id int);\n");
  EXPECT_EQ(bring_hotfix("1.0.2"), 0) << message();
  EXPECT_EQ(hook("presync", "2.0.2").code, 0);
  EXPECT_TRUE(has_total()) << "1.0.2 is";
  EXPECT_EQ(hook("presync", "2.0.3").code, 0);
  EXPECT_FALSE(has_total()) << message();
}

/// Its own file, and what it lacks of the line, make it no other folder's: it is what runs.
TEST_P(Revert, AHotfixThatWasNeverMergedMakesAStepComeAnewToo) {
  Folder hotfix;
  hotfix.write("0001_orders.sql", read_file(folder.path() / "0001_orders.sql"));
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  folder.write("0002_more.sql", "CREATE TABLE more (id int);\n");
  EXPECT_EQ(hook("presync", "1.1.0").code, 0);
  hotfix.write("h1.sql", "CREATE TABLE h1 (id int);\n");
  const auto bring_hotfix = [&] {
    return call({"hook", "presync", hotfix.path().string()},
                {"--release", "1.0.1", "--termination-log", termination.string()})
        .code;
  };
  EXPECT_EQ(bring_hotfix(), 0) << message();
  write_cents(k_unsaid);
  EXPECT_EQ(hook("presync", "2.0.0").code, 0);
  EXPECT_EQ(bring_hotfix(), 0) << message();
  EXPECT_EQ(hook("presync", "2.0.1").code, 0);
  EXPECT_TRUE(has_total()) << "1.0.1 is at work";
  EXPECT_EQ(hook("presync", "2.0.2").code, 0);
  EXPECT_FALSE(has_total()) << message();
}

/// What comes anew has come with the release that is let through with it again.
TEST_P(Revert, AReleaseThatIsLetThroughAgainHasBroughtItsStepAgain) {
  for (const std::vector<std::string>& app : {std::vector<std::string>{}, {"--app", "checkout"}}) {
    Database fresh{GetParam(), "again"};
    Folder old;
    old.write("0001_orders.sql", read_file(folder.path() / "0001_orders.sql"));
    write_cents(k_unsaid);
    const auto bring = [&](const Folder& files, const std::string& release) {
      std::vector<std::string> all{"hook",           "presync",           files.path().string(),
                                   "--database-url", fresh.url(),         "--release",
                                   release,          "--termination-log", termination.string()};
      all.insert(all.end(), app.begin(), app.end());
      EXPECT_EQ(run(all).code, 0) << message();
      return fresh.sql(
          "SELECT coalesce((SELECT state FROM pgsluice.migration WHERE id = '0003_drop.sql'), '')");
    };
    bring(old, "1.0.0");
    EXPECT_EQ(bring(folder, "2.0.0"), "held");
    bring(old, "1.0.0");
    EXPECT_EQ(bring(folder, "2.0.1"), "held");
    EXPECT_THAT(message(),
                HasSubstr("1.0.0, which was let through after 2.0.0, has come without it: it comes anew "
                          "with 2.0.1: a later release runs it"));
    bring(old, "1.0.0");
    EXPECT_EQ(bring(folder, "2.0.0"), "held");
    EXPECT_EQ(bring(folder, "2.0.0"), "held") << "no later one";
    EXPECT_EQ(bring(folder, "2.1.0"), "applied") << message();
  }
}

/// Its folder was tidied up before the step came, so that none of before has grown into the step's.
TEST_P(Revert, AReleaseOfBeforeATidiedFolderGoesBackToo) {
  Folder old;
  old.write("0001_orders.sql", read_file(folder.path() / "0001_orders.sql"))
      .write("0002_pad.sql", "CREATE TABLE pad (id int);\n");
  const auto bring_old = [&](const char* release) {
    return call({"hook", "presync", old.path().string()},
                {"--release", release, "--termination-log", termination.string()})
        .code;
  };
  EXPECT_EQ(bring_old("1.4.0"), 0);
  folder.write("0002_fill.sql", "CREATE TABLE IF NOT EXISTS pad (id int);\n");
  EXPECT_EQ(hook("presync", "1.5.0").code, 0) << message();
  folder.write("0003_drop.sql", k_unsaid);
  EXPECT_EQ(hook("presync", "2.0.0").code, 0);
  EXPECT_EQ(bring_old("1.4.0"), 0);
  EXPECT_EQ(hook("presync", "2.0.1").code, 0);
  EXPECT_TRUE(has_total()) << "1.4.0 is at work";
  EXPECT_EQ(hook("presync", "2.0.2").code, 0);
  EXPECT_FALSE(has_total()) << message();
}

/// All of its files but the first were put together since: whose it is has been said.
TEST_P(Revert, AReleaseOfBeforeAllFilesWerePutTogetherGoesBackToo) {
  const std::vector<std::string> old = {"0002_pad.sql", "0003_pad.sql"};
  const auto write_old = [&] {
    for (const char* id : {"0010_all.sql", "0011_drop.sql"}) remove(id);
    for (const std::string& id : old)
      folder.write(id, cat("CREATE TABLE pad_", id.substr(0, 4), " (id int);\n"));
  };
  const auto write_new = [&] {
    for (const std::string& id : old) remove(id);
    folder.write("0010_all.sql", "CREATE TABLE IF NOT EXISTS pad_0002 (id int);\n");
  };
  write_old();
  EXPECT_EQ(bring("1.1.0").code, 0);
  write_new();
  EXPECT_EQ(bring("1.2.0").code, 0) << message();
  folder.write("0011_drop.sql", k_unsaid);
  EXPECT_EQ(bring("2.0.0").code, 0);
  std::string next = "2.0.";
  for (const char* back : {"1.1.0", "1.1.1"}) {
    write_old();
    EXPECT_EQ(bring(back).code, 0) << message();
    write_new();
    folder.write("0011_drop.sql", k_unsaid);
    next += "1";
    EXPECT_EQ(bring(next).code, 0);
    EXPECT_TRUE(has_total()) << back << " is at work";
    EXPECT_THAT(message(), HasSubstr(cat(back, ", which was let through after 2.0.0, has come without it")));
  }
  EXPECT_EQ(bring("2.1.0").code, 0);
  EXPECT_FALSE(has_total()) << message();
}

/// A second folder of one application, which does not change and has nothing of the step's, is none that goes back.
TEST_P(Revert, AFolderBesideThatIsBroughtAgainMakesNoStepComeAnew) {
  Folder beside;
  beside.write("b.sql", "CREATE TABLE b (id int);\n");
  const auto bring_beside = [&](const char* release) {
    return call({"hook", "presync", beside.path().string()}, {"--app", "checkout", "--release", release})
        .code;
  };
  EXPECT_EQ(bring_beside("1.0.0"), 0);
  EXPECT_EQ(bring("1.0.0").code, 0);
  write_cents_only();
  folder.write("0003_drop.sql", k_unsaid);
  EXPECT_EQ(bring("2.0.0").code, 0);
  EXPECT_EQ(bring_beside("1.0.0"), 0) << "it has numbers of its own";
  EXPECT_EQ(bring_beside("1.0.1"), 0);
  EXPECT_EQ(bring("2.1.0").code, 0);
  EXPECT_FALSE(has_total()) << message();
}

/// The step came before anybody named the application.
TEST_P(Revert, AStepThatCameWithoutAnApplicationComesAgainWithIt) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  write_cents(k_unsaid);
  EXPECT_EQ(hook("presync", "2.0.0").code, 0);
  for (int times = 0; times < 2; ++times) {
    for (const char* id : {"0002_cents.sql", "0003_drop.sql"}) remove(id);
    EXPECT_EQ(bring("1.0.0").code, 0) << message();
    write_cents(k_unsaid);
    EXPECT_EQ(bring("2.0.0").code, 0);
    EXPECT_TRUE(has_total());
    EXPECT_THAT(message(), ::testing::Not(HasSubstr("folders have been brought as 2.0.0")));
  }
  EXPECT_EQ(bring("2.1.0").code, 0);
  EXPECT_FALSE(has_total()) << message();
}

/// It waited under its first name, ran under a second one, and has the first one again.
TEST_P(Revert, AStepThatIsRenamedBackIsToldToTheLedger) {
  const auto rename = [this](const char* from, const char* to) {
    std::filesystem::rename(folder.path() / from, folder.path() / to);
  };
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  write_cents(k_unsaid);
  EXPECT_EQ(hook("presync", "2.0.0").code, 0);
  rename("0003_drop.sql", "0004_drop.sql");
  for (const char* release : {"2.1.0", "2.2.0"}) EXPECT_EQ(hook("presync", release).code, 0) << message();
  EXPECT_EQ(state("0003_drop.sql") + " " + state("0004_drop.sql"), "held applied");
  rename("0004_drop.sql", "0003_drop.sql");
  const Finished renamed = hook("presync", "2.3.0");
  EXPECT_EQ(renamed.code, 10);
  const std::size_t from = renamed.err.find("DELETE FROM pgsluice.migration");
  ASSERT_NE(from, std::string::npos) << renamed.err;
  database.sql(renamed.err.substr(from, renamed.err.find(" (pgsluice.statement", from) - from));
  EXPECT_EQ(hook("presync", "2.3.0").code, 0) << message();
  EXPECT_EQ(state("0003_drop.sql") + state("0004_drop.sql"), "applied");
}

/// A soak is over when the old release has been at work again.
TEST_P(Revert, ASoakBeginsAnewBehindAReleaseThatGoesBack) {
  const auto seen = [this] { return database.sql("SELECT count(*) FROM pgsluice.gate"); };
  EXPECT_EQ(hook("presync", "1.0.0", {"--app", "checkout"}).code, 0);
  folder.write("0002_drop.sql",
               "-- pgsluice: phase=contract needs-app=checkout>=2.0.0 soak=1h\nALTER TABLE orders DROP "
               "COLUMN total;\n");
  EXPECT_EQ(hook("presync", "2.0.0", {"--app", "checkout"}).code, 0);
  EXPECT_EQ(hook("postsync", "2.0.0", {"--app", "checkout"}).code, 0);
  EXPECT_NE(seen(), "0");
  std::filesystem::remove(folder.path() / "0002_drop.sql");
  EXPECT_EQ(hook("presync", "1.0.0", {"--app", "checkout"}).code, 0);
  EXPECT_EQ(seen(), "0");
}

}  // namespace
}  // namespace pgsluice::test
