// SPDX-License-Identifier: Apache-2.0
#include "base/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/text.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice {
namespace {

[[noreturn]] void fail(const std::string& program, int error) {
  throw Error(ExitCode::usage, cat("cannot run ", printable_line(program), ": ", std::strerror(error)),
              error == ENOENT ? "Install it, or put it on the PATH." : "");
}

class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0) fail("a program", errno);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    ::close(ends_[0]);
    close_writer();
  }
  [[nodiscard]] int reader() const { return ends_[0]; }
  [[nodiscard]] int writer() const { return ends_[1]; }
  void close_writer() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

class SpawnActions {
 public:
  SpawnActions() { posix_spawn_file_actions_init(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }
  posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

pid_t spawn(const std::vector<std::string>& arguments, const Pipe& out, const Pipe& err) {
  SpawnActions actions;
  posix_spawn_file_actions_addopen(actions.get(), STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(actions.get(), out.writer(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(actions.get(), err.writer(), STDERR_FILENO);
  std::vector<char*> argv;
  // posix_spawn() takes them as they have always been declared, and changes none of them.
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, argv[0], actions.get(), nullptr, argv.data(), environ);
  if (error != 0) fail(arguments.front(), error);
  return pid;
}

/// Reads what is there; false: the other end is closed.
bool read_some(int descriptor, std::string& text) {
  std::array<char, 16384> buffer{};
  const ssize_t size = ::read(descriptor, buffer.data(), buffer.size());
  if (size > 0) text.append(buffer.data(), static_cast<std::size_t>(size));
  return size > 0 || (size < 0 && errno == EINTR);
}

/// Both at once: a program that fills one of them waits until somebody reads it.
void read_both(const Pipe& out, const Pipe& err, ProcessResult& result) {
  std::array<pollfd, 2> ends{{{.fd = out.reader(), .events = POLLIN, .revents = 0},
                              {.fd = err.reader(), .events = POLLIN, .revents = 0}}};
  while (ends[0].fd >= 0 || ends[1].fd >= 0) {
    if (::poll(ends.data(), ends.size(), -1) < 0 && errno != EINTR) return;
    if (ends[0].revents != 0 && !read_some(ends[0].fd, result.out)) ends[0].fd = -1;
    if (ends[1].revents != 0 && !read_some(ends[1].fd, result.err)) ends[1].fd = -1;
    for (pollfd& end : ends) end.revents = 0;
  }
}

int wait_for(pid_t pid) {
  constexpr int k_signalled = 128;
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : k_signalled + WTERMSIG(status);
}

}  // namespace

ProcessResult run_process(const std::vector<std::string>& arguments) {
  Pipe out;
  Pipe err;
  const pid_t pid = spawn(arguments, out, err);
  out.close_writer();
  err.close_writer();
  ProcessResult result;
  read_both(out, err, result);
  result.code = wait_for(pid);
  return result;
}

}  // namespace pgsluice
