// SPDX-License-Identifier: Apache-2.0
#pragma once

// A real PgBouncer before a test's server.

#include <memory>
#include <optional>
#include <string>

#include "execute/server_process.hpp"

namespace pgsluice::test {

class Pooler {
 public:
  /// `mode`: session, transaction or statement. Everybody becomes postgres.
  Pooler(const Server& server, const std::string& mode);

  [[nodiscard]] std::string url(const Database& database) const;
  [[nodiscard]] std::unique_ptr<Session> connect(const Database& database) const;

 private:
  Folder folder_;
  std::optional<ServerProcess> process_;
};

}  // namespace pgsluice::test
