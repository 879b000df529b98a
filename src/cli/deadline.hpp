// SPDX-License-Identifier: Apache-2.0
#pragma once

// A budget for a whole command: when it is used up, the command ends as on SIGTERM, after a clean rollback.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "base/signals.hpp"

namespace pgsluice::cli {

class Deadline {
 public:
  /// None: nothing happens.
  Deadline(Interrupt& interrupt, std::optional<std::chrono::milliseconds> budget);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace pgsluice::cli
