// SPDX-License-Identifier: Apache-2.0
#pragma once

// Real time.

#include "base/signals.hpp"
#include "pgsluice/session.hpp"

namespace pgsluice {

class SystemClock final : public Clock {
 public:
  explicit SystemClock(const Interrupt& interrupt) : interrupt_(interrupt) {}
  time_point now() override { return std::chrono::steady_clock::now(); }
  void sleep(std::chrono::milliseconds duration) override;

 private:
  const Interrupt& interrupt_;
};

}  // namespace pgsluice
