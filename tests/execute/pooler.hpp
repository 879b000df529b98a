// SPDX-License-Identifier: Apache-2.0
#pragma once

// A real PgBouncer before a test's server.

#include <string>

#include <sys/types.h>

#include "execute/harness.hpp"

namespace pgsluice::test {

class Pooler {
 public:
  /// `mode`: session, transaction or statement. Everybody becomes postgres.
  Pooler(const Server& server, const std::string& mode);
  ~Pooler();
  Pooler(const Pooler&) = delete;
  Pooler& operator=(const Pooler&) = delete;

  [[nodiscard]] std::string url(const Database& database) const;
  [[nodiscard]] std::unique_ptr<Session> connect(const Database& database) const;

 private:
  Folder folder_;
  pid_t pid_ = -1;
};

}  // namespace pgsluice::test
