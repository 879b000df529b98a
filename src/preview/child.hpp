// SPDX-License-Identifier: Apache-2.0
#pragma once

// PostgreSQL's programs, as the ordinary user that they insist on, and never longer than we are there.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace pgsluice {

/// Whom a child becomes.
struct User {
  uid_t user = 0;
  gid_t group = 0;
};

/// None: we are an ordinary user ourselves. Throws Error(precondition) when root finds nobody to become.
std::optional<User> ordinary_user();

/// A child in a session of its own, so that Ctrl-C reaches only us; its output goes to `log`. It gets SIGQUIT when we are
/// gone, whatever took us, and when this object is.
class Child {
 public:
  Child(const std::vector<std::string>& command, const std::optional<User>& user,
        const std::filesystem::path& log);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  /// Its end, if it has come: the exit code, 128 and the signal when one ended it.
  std::optional<int> ended();
  int wait();

 private:
  pid_t pid_ = -1;
  std::optional<int> code_;
};

}  // namespace pgsluice
