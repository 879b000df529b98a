// SPDX-License-Identifier: Apache-2.0
#include "base/signals.hpp"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <unistd.h>

#include "pgsluice/error.hpp"

namespace pgsluice {
namespace {

// A signal handler gets no argument: this pointer is the only way from it to the program.
std::atomic<Interrupt*> handler_target{nullptr};

extern "C" void on_signal(int signal) {
  const int saved = errno;
  Interrupt* target = handler_target.load(std::memory_order_relaxed);
  if (target != nullptr && !(signal == SIGINT && target->signal() == SIGINT)) {
    target->raise(signal);
  } else {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
  errno = saved;
}

bool is_ignored(int signal) {
  struct sigaction action = {};
  sigaction(signal, nullptr, &action);
  return action.sa_handler == SIG_IGN;
}

void install(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    // Under nohup the program lives on when its terminal is closed.
    if (signal != SIGHUP || !is_ignored(signal)) sigaction(signal, &action, nullptr);
  }
}

}  // namespace

Interrupt::Interrupt() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    throw Error(ExitCode::bug, "cannot create a pipe for signals");
  }
  read_end_ = ends[0];
  write_end_ = ends[1];
}

Interrupt::~Interrupt() {
  close(read_end_);
  close(write_end_);
}

void Interrupt::raise(int signal) noexcept {
  int none = 0;
  signal_.compare_exchange_strong(none, signal, std::memory_order_relaxed);
  // Never drained, so that every later poll() returns at once. A full pipe says the same.
  [[maybe_unused]] const ssize_t written = write(write_end_, "!", 1);
}

SignalGuard::SignalGuard(Interrupt& interrupt) {
  handler_target.store(&interrupt);
  install(on_signal);
  std::signal(SIGPIPE, SIG_IGN);
}

SignalGuard::~SignalGuard() {
  install(SIG_DFL);
  std::signal(SIGPIPE, SIG_DFL);
  handler_target.store(nullptr);
}

}  // namespace pgsluice
