// SPDX-License-Identifier: Apache-2.0
// The real Session, where only a server can tell.

#include <gtest/gtest.h>

#include "execute/harness.hpp"

namespace pgsluice::test {
namespace {

class RealSession : public ::testing::TestWithParam<Server> {
 protected:
  Database database{GetParam(), "t"};
};

INSTANTIATE_TEST_SUITE_P(Servers, RealSession, ::testing::ValuesIn(servers({12, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(RealSession);

TEST_P(RealSession, PreparesATextOnceThatComesAgain) {
  const auto session = database.connect("again");
  const std::string sql = "SELECT $1::integer + 1";
  EXPECT_EQ(session->query_again(sql, {"1"}).text(0, 0), "2");
  EXPECT_EQ(session->query_again(sql, {"2"}).text(0, 0), "3");
  EXPECT_EQ(session->query_again("SELECT $1::text", {std::nullopt}).rows.size(), 1U);
  EXPECT_EQ(session->query("SELECT count(*) FROM pg_prepared_statements", {}).text(0, 0), "2");

  const SqlResult wrong = session->query_again("SELECT nothing", {});
  EXPECT_EQ(wrong.error.sqlstate, "42703");
  EXPECT_EQ(session->query_again(sql, {"3"}).text(0, 0), "4");

  database.sql("SELECT pg_terminate_backend(" + std::to_string(session->backend_pid()) + ")");
  EXPECT_TRUE(session->query_again(sql, {"4"}).connection_lost);
  EXPECT_TRUE(session->query_again("SELECT 1", {}).connection_lost);
}

}  // namespace
}  // namespace pgsluice::test
