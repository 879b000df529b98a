// SPDX-License-Identifier: Apache-2.0
#include "preview/child.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice {
namespace {

constexpr int k_signalled = 128;
constexpr int k_not_started = 127;

/// Between fork() and exec(): nothing but system calls.
[[noreturn]] void become(char* const* argv, const std::optional<User>& user, int log, pid_t parent) {
  setsid();
  if (user && (setgroups(0, nullptr) != 0 || setgid(user->group) != 0 || setuid(user->user) != 0))
    _exit(k_not_started);
  prctl(PR_SET_PDEATHSIG, SIGQUIT);  // after the change of user, which clears it
  if (getppid() != parent) _exit(k_not_started);
  const int nowhere = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(nowhere, STDIN_FILENO);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  signal(SIGPIPE, SIG_DFL);
  execv(argv[0], argv);
  _exit(k_not_started);
}

}  // namespace

std::optional<User> ordinary_user() {
  if (geteuid() != 0) return std::nullopt;
  for (const char* name : {"postgres", "nobody"}) {
    if (const passwd* entry = getpwnam(name); entry != nullptr && entry->pw_uid != 0)
      return User{.user = entry->pw_uid, .group = entry->pw_gid};
  }
  throw Error(ExitCode::precondition,
              "PostgreSQL does not run as root, and there is no user \"postgres\" or \"nobody\"",
              "Run preview as an ordinary user.");
}

Child::Child(const std::vector<std::string>& command, const std::optional<User>& user,
             const std::filesystem::path& log) {
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (out < 0) throw Error(ExitCode::usage, cat("cannot write ", log.string(), ": ", std::strerror(errno)));
  std::vector<char*> argv;
  // exec takes them as it always has, and changes none of them.
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) become(argv.data(), user, out, parent);
  const int error = errno;
  close(out);
  if (pid_ < 0)
    throw Error(ExitCode::usage, cat("cannot start ", command.front(), ": ", std::strerror(error)));
}

Child::~Child() {
  // Again and again: before it has become PostgreSQL it may not heed the signal.
  while (!ended()) {
    kill(pid_, SIGQUIT);
    usleep(5000);
  }
}

std::optional<int> Child::ended() {
  int status = 0;
  if (!code_ && waitpid(pid_, &status, WNOHANG) != 0)
    code_ = WIFEXITED(status) ? WEXITSTATUS(status) : k_signalled + WTERMSIG(status);
  return code_;
}

int Child::wait() {
  while (!ended()) usleep(2000);
  return *code_;
}

}  // namespace pgsluice
