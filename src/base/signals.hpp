// SPDX-License-Identifier: Apache-2.0
#pragma once

// SIGINT, SIGTERM and SIGHUP as a value that a loop can wait for. The handler only stores the number and wakes a pipe;
// cancelling, rolling back and reporting happen in the main loop, where they are allowed.

#include <atomic>

namespace pgsluice {

/// "Somebody wants us to stop." Every wait of the program polls fd() beside what it waits for.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  /// Stores the first signal and makes fd() readable for good. Async-signal-safe.
  void raise(int signal) noexcept;
  /// The signal that has arrived; 0: none.
  [[nodiscard]] int signal() const noexcept { return signal_.load(std::memory_order_relaxed); }
  [[nodiscard]] int fd() const noexcept { return read_end_; }

 private:
  std::atomic<int> signal_{0};
  int read_end_ = -1;
  int write_end_ = -1;
};

/// While it lives, SIGINT, SIGTERM and SIGHUP are stored in `interrupt`. A second SIGINT ends the process at once: the
/// server notices the lost client by itself. SIGPIPE is ignored: a reader of the log that goes away must not end a
/// migration half-way.
class SignalGuard {
 public:
  explicit SignalGuard(Interrupt& interrupt);
  ~SignalGuard();
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;
};

}  // namespace pgsluice
