// SPDX-License-Identifier: Apache-2.0
#pragma once

// A transaction on a server that others use, too: nothing of it stays.

#include <string>

#include "pgsluice/session.hpp"

namespace pgsluice {

/// Begins it, and rolls it back at the end of its life. Sends nothing outside of it: a statement that ends it has no
/// successor. Throws Error: unreachable, bug.
class RolledBack : public Session {
 public:
  RolledBack(Session& session, const std::string& begin);
  RolledBack(const RolledBack&) = delete;
  RolledBack& operator=(const RolledBack&) = delete;
  ~RolledBack() override;

  SqlResult run(const Query& query) override;
  void cancel() noexcept override { session_.cancel(); }
  [[nodiscard]] bool in_transaction() const override { return session_.in_transaction(); }
  [[nodiscard]] int backend_pid() const override { return session_.backend_pid(); }
  [[nodiscard]] int server_version_num() const override { return session_.server_version_num(); }
  std::vector<Notice> take_notices() override { return session_.take_notices(); }

 private:
  Session& session_;
  bool lost_ = false;
};

}  // namespace pgsluice
