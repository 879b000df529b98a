// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a terminal shows while a run is under way: the step, what it does or waits for, and how far a backfill has come,
// in lines that are drawn anew below what is said for good.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/terminal.hpp"

namespace pgsluice {

/// Where a run stands at this moment.
struct LiveState {
  long long step = 0;           ///< from 1; 0: no step has begun
  long long steps = 0;          ///< of the run
  std::string subject;          ///< the step
  std::string message;          ///< what it does or waits for
  std::optional<double> share;  ///< of a backfill that is done, in [0, 1]
};

/// The lines for it, none of them wider than `width` columns. `since`: how long the step has been at it.
std::vector<std::string> live_lines(const LiveState& state, std::chrono::milliseconds since, int width,
                                    const Painter& paint);

/// What to send to a terminal so that `lines` stand where the `shown` last lines stood.
std::string redraw(std::size_t shown, const std::vector<std::string>& lines);

}  // namespace pgsluice
