// SPDX-License-Identifier: Apache-2.0
#pragma once

// How long will those who hold our locks still be there? The transactions of an application are mostly of one kind:
// how long the last ones lasted says how long the ones that are there now will stay. Whoever queues for a lock keeps
// everybody behind it waiting for just as long, so it is done once, at a moment when that time is known to be short.

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pgsluice/execute.hpp"

namespace pgsluice {

class Residuals {
 public:
  /// Nobody is queued behind for longer than `longest`. Until transactions have been seen to end, they are expected to
  /// last `expected`.
  Residuals(milliseconds longest, milliseconds expected) : longest_(longest), expected_(expected) {}

  /// One look at all who hold a lock that conflicts with ours, in the order of time.
  void look(Clock::time_point now, const std::vector<Blocker>& holders);

  /// Whether it is so old, or of such a kind, that nothing is known about its end: not to be queued behind.
  [[nodiscard]] bool is_long(const Blocker& holder) const;
  /// How long the last one of those seen will still be there; none: one of them is long.
  [[nodiscard]] std::optional<milliseconds> until_free() const;
  /// The lock_timeout to queue with at this moment; none: the moment is not good, look again.
  [[nodiscard]] std::optional<milliseconds> pulse() const;
  /// The pulse was too short: what was known is not trusted as before, and those who waited get time to recover.
  void pulse_failed(Clock::time_point now);
  /// The lock_timeout that queueing would take, however good the moment; none: nothing is known.
  [[nodiscard]] std::optional<milliseconds> needed() const;

 private:
  using Key = std::pair<int, std::string>;  ///< pid and virtual transaction: one transaction
  struct Seen {
    Clock::time_point first;
    milliseconds age{0};  ///< at the last look
  };

  /// Whether all who have been seen, gone or not, were as short as makes no difference.
  [[nodiscard]] bool all_short() const;
  [[nodiscard]] milliseconds lifetime() const;
  [[nodiscard]] milliseconds age_of(const Blocker& holder, Clock::time_point now) const;
  void remember(Clock::time_point now, std::optional<milliseconds> estimate);

  milliseconds longest_;
  milliseconds expected_;
  std::map<Key, Seen> seen_;            ///< at the last look
  std::deque<milliseconds> lifetimes_;  ///< of transactions that have ended, the last ones
  std::deque<std::pair<Clock::time_point, milliseconds>> estimates_;  ///< of the last two seconds
  std::optional<milliseconds> until_free_;                            ///< as of the last look
  std::optional<Clock::time_point> first_look_;
  Clock::time_point now_;
  Clock::time_point rests_until_;
  double doubt_ = 1.0;
};

}  // namespace pgsluice
