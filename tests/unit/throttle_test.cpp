// SPDX-License-Identifier: Apache-2.0
// What holds a backfill back, with a scripted server and ticking time.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/signals.hpp"
#include "execute/throttle.hpp"
#include "fake_session.hpp"

namespace pgsluice::test {
namespace {

using ::testing::HasSubstr;

class ThrottleTest : public ::testing::Test {
 protected:
  const Pressure& look_after(int ms) {
    clock.sleep(milliseconds(ms));
    return throttle.look(milliseconds(1'500));
  }
  void wal_ends_at(const char* lsn) {
    server.answers.clear();
    server.answer("FROM pg_stat_replication", rows({{"b", "0", "100"}}), -1);
    server.answer("SELECT pg_wal_lsn_diff(pg_current_wal_lsn()", rows({{lsn}}), -1);
  }

  FakeServer server;
  FakeClock clock;
  Interrupt interrupt;
  World world{.connect = [this]() -> std::variant<std::unique_ptr<Session>, NoSession> {
                return std::make_unique<FakeSession>(server);
              },
              .clock = clock,
              .interrupt = interrupt,
              .emit = [](const Event&) {},
              .random = [] { return 0.5; },
              .run_id = "00000000-0000-4000-8000-000000000000",
              .target = "database shop"};
  Throttle throttle{world};
};

TEST_F(ThrottleTest, AReplicaIsAsFarBehindAsItSays) {
  server.answer("FROM pg_stat_replication", rows({{"b\n", "1501", "100"}}), -1);
  EXPECT_EQ(look_after(0).reason, "replica b\\n is 1500ms behind");
}

TEST_F(ThrottleTest, AReplicaThatSaysNothingMoreIsBehindByWhatItLacks) {
  wal_ends_at("100");
  EXPECT_EQ(look_after(0).reason, "");
  wal_ends_at("200");
  EXPECT_EQ(look_after(1'000).reason, "");
  EXPECT_EQ(look_after(1'000).reason, "");
  EXPECT_THAT(look_after(1'000).reason, HasSubstr("2s behind"));
}

TEST_F(ThrottleTest, AsksOnceASecond) {
  look_after(0);
  const std::size_t asked = server.log.size();
  look_after(900);
  EXPECT_EQ(server.log.size(), asked);
  look_after(100);
  EXPECT_GT(server.log.size(), asked);
}

TEST_F(ThrottleTest, AnOrdinaryVacuumIsGoneBesideAndOneAgainstWraparoundIsWaitedFor) {
  server.answer("bool_or(a.query LIKE", rows({{"f", "1"}}), 1);
  EXPECT_TRUE(look_after(0).vacuum);
  EXPECT_EQ(look_after(0).reason, "");
  server.answer("bool_or(a.query LIKE", rows({{"t", "1"}}), 1);
  EXPECT_THAT(look_after(1'000).reason, HasSubstr("wraparound"));
}

TEST_F(ThrottleTest, ASlotThatIsAboutToLoseWalIsNamed) {
  server.answer("FROM pg_replication_slots", rows({{"debezium"}}), -1);
  EXPECT_THAT(look_after(0).reason, HasSubstr("slot debezium"));
}

TEST_F(ThrottleTest, AServerThatCannotBeAskedHoldsNothingBack) {
  world.connect = [] { return NoSession{.message = "too many clients"}; };
  EXPECT_EQ(look_after(0).reason, "");
}

}  // namespace
}  // namespace pgsluice::test
