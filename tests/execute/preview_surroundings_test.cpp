// SPDX-License-Identifier: Apache-2.0
// preview and what is around it: the environment, what earlier previews have left, the terminal.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <utility>

#include "execute/harness.hpp"
#include "execute/server_process.hpp"

namespace pgsluice::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class PreviewSurroundings : public ::testing::TestWithParam<Server> {
 protected:
  /// As root the server runs as somebody else, who must come as far.
  void SetUp() override {
    fs::permissions(place.path(), fs::perms::group_exec | fs::perms::others_exec, fs::perm_options::add);
    folder.write("1.sql", "CREATE TABLE t (a int);\n");
  }
  std::vector<std::string> command() {
    return {"preview", "--pg-bin", programs_of(GetParam()).string(), folder.path().string()};
  }
  Finished preview(const std::map<std::string, std::string>& more) {
    auto environment = more;
    environment.insert({{"TMPDIR", place.path().string()}, {"XDG_CACHE_HOME", cache.path().string()}});
    return Program(command(), environment).wait();
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
