// SPDX-License-Identifier: Apache-2.0
// When is the moment to queue? Loads of different kinds, played on a clock that the test moves.
#include "execute/residuals.hpp"

#include <gtest/gtest.h>

namespace pgsluice::test {
namespace {

using namespace std::chrono_literals;

Blocker session(int pid, milliseconds age) {
  Blocker blocker;
  blocker.pid = pid;
  blocker.transaction = std::to_string(pid) + "/1";
  blocker.backend_type = "client backend";
  blocker.age = age;
  return blocker;
}

class ResidualsTest : public ::testing::Test {
 protected:
  /// Looks every 10 ms at transactions that last `length` and begin every `every`; the first moment that is good.
  std::optional<milliseconds> first_pulse(milliseconds length, milliseconds every, milliseconds within) {
    constexpr milliseconds start{100'000};
    for (milliseconds t = start; t < start + within; t += 10ms) {
      std::vector<Blocker> holders;
      for (milliseconds begin = (t - length) / every * every + every; begin <= t; begin += every) {
        holders.push_back(session(static_cast<int>(begin / every) + 1, t - begin));
      }
      residuals.look(Clock::time_point(t), holders);
      if (const auto pulse = residuals.pulse(); pulse && !holders.empty()) {
        at = t - start;
        really = 0ms;
        for (const Blocker& holder : holders) really = std::max(really, length - *holder.age);
        return pulse;
      }
    }
    return std::nullopt;
  }

  Residuals residuals{500ms, 100ms};
  milliseconds at{0};
  milliseconds really{0};  ///< how long the last holder would still have been there
};

TEST_F(ResidualsTest, NobodyThereIsAGoodMoment) {
  residuals.look(Clock::time_point(1s), {});
  EXPECT_EQ(residuals.until_free(), 0ms);
  EXPECT_TRUE(residuals.pulse());
}

TEST_F(ResidualsTest, AShortLoadIsQueuedBehindAtOnce) {
  const auto pulse = first_pulse(4ms, 2ms, 2s);
  ASSERT_TRUE(pulse);
  EXPECT_LE(*pulse, 45ms);
  EXPECT_LE(at, 10ms) << "who was there at the first look is gone at the second";
}

TEST_F(ResidualsTest, OneThatStaysMakesAShortLoadNoShortOne) {
  residuals.look(Clock::time_point(1s), {session(1, 2ms), session(2, 35ms)});
  residuals.look(Clock::time_point(1s + 10ms), {session(3, 1ms), session(2, 45ms)});
  EXPECT_FALSE(residuals.pulse()) << "nothing is known of the one of 45 ms";
  EXPECT_FALSE(residuals.is_long(session(2, 45ms)));
  residuals.look(Clock::time_point(1s + 20ms), {session(4, 1ms), session(5, 2ms)});
  EXPECT_FALSE(residuals.pulse()) << "they may last as long as that one";
}

TEST_F(ResidualsTest, OneOfAFewMillisecondsMoreThanUsualIsNotLong) {
  for (int i = 0; i < 10; ++i) {
    residuals.look(Clock::time_point(milliseconds(1'000 + i * 10)), {session(i + 1, 3ms)});
  }
  residuals.look(Clock::time_point(1'100ms), {session(100, 25ms)});
  EXPECT_TRUE(residuals.pulse());
  EXPECT_TRUE(residuals.is_long(session(101, 50ms)));
}

TEST_F(ResidualsTest, WhatManyHaveShownIsKnownSoon) {
  const auto pulse = first_pulse(60ms, 2ms, 2s);
  ASSERT_TRUE(pulse);
  EXPECT_GE(*pulse, really);
  EXPECT_LE(*pulse, 80ms);
  EXPECT_LE(at, 300ms);
}

TEST_F(ResidualsTest, OverlappingTransactionsAreQueuedBehindWhereTheyOverlapLeast) {
  const auto pulse = first_pulse(300ms, 150ms, 3s);
  ASSERT_TRUE(pulse);
  EXPECT_LE(at, 1s);
  EXPECT_LE(really, 180ms) << "150 is the best there is, 300 the worst";
  EXPECT_GE(*pulse, really) << "or it would be in vain";
  EXPECT_LE(*pulse, 220ms);
}

TEST_F(ResidualsTest, WhatLastsLongerThanAnybodyMayWaitIsNotQueuedBehind) {
  EXPECT_FALSE(first_pulse(2s, 1s, 20s));
  ASSERT_FALSE(residuals.until_free());
}

TEST_F(ResidualsTest, ALongOneMakesNoMomentGood) {
  for (milliseconds t{0}; t < 3s; t += 10ms) {
    residuals.look(Clock::time_point(10s + t), {session(1, 5ms), session(2, 9s + t)});
    ASSERT_FALSE(residuals.pulse());
  }
  EXPECT_TRUE(residuals.is_long(session(2, 12s)));
  EXPECT_FALSE(residuals.is_long(session(1, 5ms)));
}

TEST_F(ResidualsTest, APulseThatFailedIsFollowedByRestAndDoubt) {
  ASSERT_TRUE(first_pulse(4ms, 2ms, 2s));
  const Clock::time_point now(200s);
  residuals.pulse_failed(now);
  residuals.look(now + 100ms, {session(900, 1ms)});
  EXPECT_FALSE(residuals.pulse());
  residuals.look(now + 300ms, {session(901, 1ms)});
  EXPECT_TRUE(residuals.pulse());
}

TEST_F(ResidualsTest, WhoIsNoOrdinarySessionIsLong) {
  Blocker prepared = session(0, 1ms);
  Blocker sender = session(7, 1ms);
  sender.backend_type = "walsender";
  residuals.look(Clock::time_point(1s), {prepared});
  EXPECT_TRUE(residuals.is_long(prepared));
  EXPECT_TRUE(residuals.is_long(sender));
}

TEST_F(ResidualsTest, AnAgeThatMayNotBeSeenIsCountedFromTheFirstLookThatDidNotHaveIt) {
  Blocker unseen = session(1, 0ms);
  unseen.age.reset();
  residuals.look(Clock::time_point(1s), {unseen});
  EXPECT_TRUE(residuals.is_long(unseen)) << "it may have been there for hours";
  Blocker late = session(2, 0ms);
  late.age.reset();
  residuals.look(Clock::time_point(2s), {late});
  EXPECT_FALSE(residuals.is_long(late));
}

TEST_F(ResidualsTest, SaysWhatItWouldTake) {
  EXPECT_FALSE(first_pulse(480ms, 10ms, 3s));
  ASSERT_TRUE(residuals.needed());
  EXPECT_GT(*residuals.needed(), 500ms);
}

}  // namespace
}  // namespace pgsluice::test
