// SPDX-License-Identifier: Apache-2.0
// Whom a policy may meet, and whom never.
#include "execute/evict.hpp"

#include <gtest/gtest.h>

namespace pgsluice::test {
namespace {

using namespace std::chrono_literals;

class EvictionOf : public ::testing::Test {
 protected:
  EvictionOf() {
    blocker.pid = 7;
    blocker.transaction = "3/9";
    blocker.user = "reports";
    blocker.application_name = "nightly";
    blocker.backend_type = "client backend";
    blocker.mode = "AccessShareLock";
    blocker.state = "active";
    blocker.age = 90s;
  }
  BlockerPolicy policy{.cancel_after = 30s, .terminate_after = 60s, .roles = {"reports"}};
  Blocker blocker;
};

TEST_F(EvictionOf, GrowsWithAge) {
  EXPECT_EQ(eviction_of(policy, blocker), Eviction::terminate);
  blocker.age = 59s;
  EXPECT_EQ(eviction_of(policy, blocker), Eviction::cancel);
  blocker.age = 29s;
  EXPECT_EQ(eviction_of(policy, blocker), Eviction::none);
}

TEST_F(EvictionOf, IsNoneByDefault) {
  EXPECT_EQ(eviction_of({}, blocker), Eviction::none);
}

TEST_F(EvictionOf, MeetsOnlyWhoIsListed) {
  blocker.user = "shop";
  EXPECT_EQ(eviction_of(policy, blocker), Eviction::none);
  policy.applications = {"nightly"};
  EXPECT_EQ(eviction_of(policy, blocker), Eviction::terminate);
  policy.applications = {""};
  blocker.application_name = "";
  EXPECT_EQ(eviction_of(policy, blocker), Eviction::none) << "no name is no name to list";
}

TEST_F(EvictionOf, CancelsNothingWhereNoQueryRuns) {
  blocker.state = "idle in transaction";
  blocker.age = 40s;
  EXPECT_EQ(eviction_of(policy, blocker), Eviction::none);
  blocker.age = 70s;
  EXPECT_EQ(eviction_of(policy, blocker), Eviction::terminate);
}

TEST_F(EvictionOf, NeverMeetsWhatIsNoApplication) {
  const Blocker ordinary = blocker;
  const auto spared = [&](auto change) {
    blocker = ordinary;
    change();
    return eviction_of(policy, blocker) == Eviction::none;
  };
  EXPECT_TRUE(spared([&] { blocker.backend_type = "walsender"; }));
  EXPECT_TRUE(spared([&] { blocker.backend_type = "autovacuum worker"; }));
  EXPECT_TRUE(spared([&] { blocker.application_name = "pg_dump"; }));
  EXPECT_TRUE(spared([&] { blocker.application_name = "pgsluice/1234"; }));
  EXPECT_TRUE(spared([&] { blocker.mode = "AccessExclusiveLock"; })) << "another migration";
  EXPECT_TRUE(spared([&] { blocker.pid = 0; })) << "a prepared transaction";
  EXPECT_TRUE(spared([&] { blocker.age.reset(); })) << "nobody knows how old it is";
}

}  // namespace
}  // namespace pgsluice::test
