// SPDX-License-Identifier: Apache-2.0
#include "report/live_view.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"

namespace pgsluice {
namespace {

using std::chrono::milliseconds;

const Painter k_plain(false);

TEST(LiveView, NothingBeforeTheFirstStep) {
  EXPECT_TRUE(live_lines({}, milliseconds(0), 80, k_plain).empty());
}

TEST(LiveView, SaysWhichStepAndWhatItWaitsFor) {
  const LiveState state{
      .step = 5, .steps = 12, .subject = "0007_orders", .message = "not queueing behind pid 4711"};
  const auto lines = live_lines(state, milliseconds(83'400), 80, k_plain);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], "step 5 of 12  0007_orders  1:23");
  EXPECT_EQ(lines[1], "  not queueing behind pid 4711");
}

TEST(LiveView, DrawsHowFarABackfillHasCome) {
  LiveState state{.step = 1, .steps = 1, .subject = "b", .message = "going", .share = 0.5};
  EXPECT_EQ(live_lines(state, milliseconds(0), 80, k_plain)[1], "  ████████████░░░░░░░░░░░░  going");
  state.share = 7.0;  // an estimate may be far off
  EXPECT_EQ(live_lines(state, milliseconds(0), 80, k_plain)[1], "  ████████████████████████  going");
}

TEST(LiveView, NoLineIsWiderThanTheTerminalNorMoreThanOne) {
  std::string hostile = "ünïcödé \033[2J\n" + std::string(300, 'x') + "日本語";
  const LiveState state{.step = 1, .steps = 2, .subject = hostile, .message = hostile, .share = 0.1};
  for (int width = 40; width < 160; width += 7) {
    for (const std::string& line : live_lines(state, milliseconds(0), width, k_plain)) {
      EXPECT_LE(display_width(line), width) << line;
      EXPECT_EQ(line.find_first_of("\033\n"), std::string::npos) << line;
    }
  }
}

TEST(LiveView, ReplacesWhatStoodThere) {
  EXPECT_EQ(redraw(0, {"a", "b"}), "a\nb\n");
  EXPECT_EQ(redraw(2, {"c"}), "\033[2A\r\033[Jc\n");
  EXPECT_EQ(redraw(1, {}), "\033[1A\r\033[J");
}

}  // namespace
}  // namespace pgsluice
