// SPDX-License-Identifier: Apache-2.0
// preview and what is around it: the environment, what earlier previews have left, the terminal.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <utility>

#include "base/text.hpp"
#include "execute/harness.hpp"
#include "execute/server_process.hpp"

namespace pgsluice::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class PreviewSurroundings : public ::testing::TestWithParam<Server> {
 protected:
  /// As root the server runs as somebody else, who must come as far.
  void SetUp() override {
    fs::permissions(place.path(), fs::perms::group_exec | fs::perms::others_exec, fs::perm_options::add);
    folder.write("1.sql", "CREATE TABLE t (a int);\n");
  }
  std::vector<std::string> command(const std::vector<std::string>& paths) {
    std::vector<std::string> words{"preview", "--pg-bin", programs_of(GetParam()).string()};
    words.insert(words.end(), paths.begin(), paths.end());
    return words;
  }
  std::vector<std::string> command() { return command({folder.path().string()}); }
  Finished preview(const std::map<std::string, std::string>& more, const std::vector<std::string>& paths) {
    auto environment = more;
    environment.insert({{"TMPDIR", place.path().string()}, {"XDG_CACHE_HOME", cache.path().string()}});
    return Program(command(paths), environment).wait();
  }
  Finished preview(const std::map<std::string, std::string>& more) {
    return preview(more, {folder.path().string()});
  }
  /// The cluster that the next preview begins with.
  fs::path kept() {
    for (const fs::directory_entry& entry : fs::directory_iterator(cache.path() / "pgsluice" / "clusters"))
      return entry.path();
    ADD_FAILURE() << "nothing is kept";
    return {};
  }

  Folder folder;
  Folder place;
  Folder cache;
};

INSTANTIATE_TEST_SUITE_P(Servers, PreviewSurroundings, ::testing::ValuesIn(servers({12, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PreviewSurroundings);

/// PGHOSTADDR is stronger than any host: the files would run on that server.
TEST_P(PreviewSurroundings, TheEnvironmentOfLibpqIsForOtherServers) {
  const std::vector<std::pair<std::string, std::string>> settings = {
      {"PGHOSTADDR", "127.0.0.1"},
      {"PGSERVICE", "nowhere"},
      {"PGOPTIONS", "-c default_transaction_read_only=on"},
      {"PGTARGETSESSIONATTRS", "read-only"},
      {"PGREQUIREPEER", "nobody else"},
      {"PGCLIENTENCODING", "LATIN1"}};
  for (const auto& [name, value] : settings) {
    const Finished seen = preview({{name, value}});
    EXPECT_EQ(seen.code, 0) << name << seen.err;
    EXPECT_THAT(seen.out, HasSubstr("all as predicted")) << name;
  }
}

TEST_P(PreviewSurroundings, ATemplateThatIsNotWholeIsMadeAnew) {
  for (const fs::path file : {"global/pg_control", "PG_VERSION", "pg_wal"}) {
    ASSERT_EQ(preview({}).code, 0);
    fs::remove_all(kept() / file);
    const Finished seen = preview({});
    EXPECT_EQ(seen.code, 0) << file << seen.err;
    EXPECT_TRUE(fs::exists(kept() / file)) << file;
  }
}

/// The server runs as somebody else, who must come to its programs and to its data. An ordinary user has no such trouble.
TEST_P(PreviewSurroundings, WhatOnlyRootMayEnterIsNotForTheServer) {
  if (geteuid() != 0) return;
  const Folder locked;
  fs::permissions(locked.path(), fs::perms::owner_all);
  const fs::path below = locked.path() / "below";
  fs::create_directory(below);
  fs::permissions(below, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
  const Finished elsewhere = preview({{"TMPDIR", below.string()}});
  EXPECT_EQ(elsewhere.code, 0) << elsewhere.err;

  fs::create_directory_symlink(programs_of(GetParam()), locked.path() / "bin");
  const Finished barred =
      Program({"preview", "--pg-bin", (locked.path() / "bin").string(), folder.path().string()},
              {{"TMPDIR", place.path().string()}, {"XDG_CACHE_HOME", cache.path().string()}})
          .wait();
  EXPECT_EQ(barred.code, 3) << barred.err;
  EXPECT_THAT(barred.err, AllOf(HasSubstr("cannot run " + (locked.path() / "bin/initdb").string()),
                                HasSubstr("may not enter " + locked.path().string()), HasSubstr("--pg-bin")));
}

/// Behind four times as many tables a statement is looked at in four times as long at most: who looked at all of them behind
/// each statement needed sixteen times as long.
TEST_P(PreviewSurroundings, TimeGrowsWithTheTables) {
  const auto seconds_behind = [&](int count) {
    std::string tables;
    for (int i = 0; i < count; ++i)
      tables += cat("CREATE TABLE many_", std::to_string(i), " (id int PRIMARY KEY, note text);\n");
    folder.write("2.sql", tables).write("3.sql", "ALTER TABLE many_7 ADD COLUMN more int;\n");
    const auto from = std::chrono::steady_clock::now();
    const Finished seen = preview({}, {(folder.path() / "3.sql").string()});
    EXPECT_EQ(seen.code, 0) << seen.err;
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
  };
  ASSERT_EQ(preview({}).code, 0) << "the template is there";
  const double few = seconds_behind(125);
  EXPECT_LT(seconds_behind(500), 6 * few);
}

/// Only what a statement has locked, made or changed is looked at behind it: a schema's name changes that of its tables,
/// and an index that is made anew twice is still the one that was there.
TEST_P(PreviewSurroundings, WhatHasNoLockOfItsOwnIsSeenToChange) {
  folder.write("1.sql",
               "CREATE SCHEMA a; CREATE TABLE a.t (id int PRIMARY KEY, v int); CREATE SEQUENCE a.s;\n");
  folder.write("2.sql",
               "ALTER SCHEMA a RENAME TO b;\nALTER TABLE b.t ADD CHECK (v > 0);\n"
               "ALTER TABLE b.t ALTER id TYPE bigint;\nALTER TABLE b.t ALTER id TYPE numeric;\n"
               "CREATE TABLE b.u (id serial PRIMARY KEY);\nALTER TABLE b.u RENAME TO w;\n"
               "DROP TABLE b.w;\nCREATE TABLE b.w (id int);\nDROP SCHEMA b CASCADE;\n");
  folder.write("3.sql", "CREATE SCHEMA b;\nCREATE TABLE b.t (id int);\n");
  const Finished seen = preview({});
  EXPECT_EQ(seen.code, 0) << seen.err << seen.out;
  EXPECT_THAT(seen.out, HasSubstr("all as predicted"));
  EXPECT_THAT(seen.out, HasSubstr("builds b.t_pkey"));
}

TEST_P(PreviewSurroundings, LeavesNothingWhenTheTerminalIsClosed) {
  folder.write("1.sql", "SELECT pg_sleep(60);\n");
  Program program(command(), {{"TMPDIR", place.path().string()}, {"XDG_CACHE_HOME", cache.path().string()}});
  ASSERT_TRUE(wait_until([&] { return !fs::is_empty(place.path()); }));
  program.kill(SIGHUP);
  EXPECT_EQ(program.wait().code, 143);
  EXPECT_TRUE(fs::is_empty(place.path()));
}

}  // namespace
}  // namespace pgsluice::test
