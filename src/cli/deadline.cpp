// SPDX-License-Identifier: Apache-2.0
#include "cli/deadline.hpp"

#include <csignal>

namespace pgsluice::cli {

Deadline::Deadline(Interrupt& interrupt, std::optional<std::chrono::milliseconds> budget) {
  if (!budget) return;
  thread_ = std::thread([this, &interrupt, budget = *budget] {
    std::unique_lock lock(mutex_);
    if (!stop_.wait_for(lock, budget, [this] { return stopped_; })) interrupt.raise(SIGALRM);
  });
}

Deadline::~Deadline() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  stop_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace pgsluice::cli
