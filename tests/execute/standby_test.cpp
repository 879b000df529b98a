// SPDX-License-Identifier: Apache-2.0
// A server in recovery: what only looks works there, what writes waits for a primary and then says so. And one that goes
// away, and does not come back.

#include <fstream>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "execute/server_process.hpp"

namespace pgsluice::test {
namespace {

using ::testing::HasSubstr;

class OnAStandby : public ::testing::TestWithParam<Server> {};
INSTANTIATE_TEST_SUITE_P(Servers, OnAStandby, ::testing::ValuesIn(servers({12, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OnAStandby);

TEST_P(OnAStandby, PlanLooksDoctorExplainsAndApplyRefuses) {
  const Folder place;
  const std::string path = place.path().string();
  ASSERT_TRUE(make_cluster(GetParam(), place.path()));
  std::ofstream(place.path() / "data" / "standby.signal") << "";
  const ServerProcess standby(GetParam(),
                              {(programs_of(GetParam()) / "postgres").string(), "-D", path + "/data", "-c",
                               "unix_socket_directories=" + path, "-c", "listen_addresses="});
  const std::string url = "host=" + path + " user=postgres dbname=postgres";
  Folder folder;
  folder.write("0001_t.sql", "CREATE TABLE t (x int);\n");
  const auto plan = [&] { return run({"plan", folder.path().string(), "--database-url", url}); };
  ASSERT_TRUE(wait_until([&] { return plan().code == 0; })) << plan().err;
  EXPECT_THAT(plan().out, HasSubstr("a standby"));
  const Finished doctor = run({"doctor", "--database-url", url});
  EXPECT_EQ(doctor.code, 3) << doctor.err;
  EXPECT_THAT(doctor.out, HasSubstr("the server is a standby"));
  EXPECT_EQ(run({"apply", folder.path().string(), "--wait-for-db", "300ms", "--database-url", url}).code, 15);
}

class OnAServerThatGoesAway : public ::testing::TestWithParam<Server> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OnAServerThatGoesAway);
INSTANTIATE_TEST_SUITE_P(Servers, OnAServerThatGoesAway, ::testing::ValuesIn(servers({12, 18})),
                         version_name);

TEST_P(OnAServerThatGoesAway, ARunSaysSoWhenItDoesNotComeBack) {
  const Folder place;
  const std::string path = place.path().string();
  ASSERT_TRUE(make_cluster(GetParam(), place.path()));
  std::optional<ServerProcess> server;
  server.emplace(GetParam(), std::vector<std::string>{(programs_of(GetParam()) / "postgres").string(), "-D",
                                                      path + "/data", "-c", "unix_socket_directories=" + path,
                                                      "-c", "listen_addresses="});
  const std::string url = "host=" + path + " user=postgres dbname=postgres";
  Folder folder;
  folder.write("0001_t.sql", "CREATE TABLE t (x int);\n")
      .write("0002_long.sql", "DO $$ BEGIN PERFORM pg_sleep(600); END $$;\n");
  Program program({"apply", folder.path().string(), "--wait-for-db", "10s", "--database-url", url});
  ASSERT_TRUE(program.says("0001_t.sql#1")) << program.err();
  server.reset();
  const Finished ended = program.wait();
  EXPECT_EQ(ended.code, 15) << ended.err;
  EXPECT_EQ(ended.signal, 0);
  EXPECT_THAT(ended.err, HasSubstr("0002_long.sql#1"));
}

}  // namespace
}  // namespace pgsluice::test
