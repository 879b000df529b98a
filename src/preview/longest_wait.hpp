// SPDX-License-Identifier: Apache-2.0
#pragma once

// Code in a file can set lock_timeout to what it likes; who queues for a lock keeps all others waiting. So somebody looks on.

#include <chrono>
#include <string>

#include "pgsluice/session.hpp"

namespace pgsluice {

/// Cancels what a session runs when it has waited for one lock for too long.
class LongestWait {
 public:
  /// `onlooker` is another session of that server.
  LongestWait(Session& onlooker, Session& session);
  /// For the next statement. A little later than lock_timeout, which says it better. 0: it may wait for ever.
  Watch watch(std::chrono::milliseconds longest);
  /// Whether that statement was cancelled.
  [[nodiscard]] bool has_ended() const { return has_ended_; }

 private:
  bool waits_too_long(std::chrono::milliseconds longest);

  Session& onlooker_;
  std::string pid_;
  std::string lock_;  ///< that it waits for; empty: none
  std::chrono::steady_clock::time_point since_;
  bool has_ended_ = false;
};

}  // namespace pgsluice
