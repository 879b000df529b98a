// SPDX-License-Identifier: Apache-2.0
#pragma once

// Programs that a test starts beside its server, as the user of that server: PostgreSQL and PgBouncer refuse to run as
// root.

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

#include "execute/harness.hpp"

namespace pgsluice::test {

/// A child process; ended with the object.
class ServerProcess {
 public:
  ServerProcess(const Server& server, const std::vector<std::string>& command);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  /// Waits for its end; true: it was content.
  bool wait();

 private:
  pid_t pid_ = -1;
};

/// Makes a folder that user's.
void give_to_server(const Server& server, const std::filesystem::path& folder);
/// The folder of the server's programs.
std::filesystem::path programs_of(const Server& server);
/// A new cluster in `folder`/data, with the superuser postgres and no password; false: initdb failed.
bool make_cluster(const Server& server, const std::filesystem::path& folder);

}  // namespace pgsluice::test
