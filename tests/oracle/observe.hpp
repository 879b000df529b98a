// SPDX-License-Identifier: Apache-2.0
// What a statement really does on a server: the locks that it takes, what it rewrites, reads through and builds.
#pragma once

#include <optional>
#include <string>

#include "oracle/session.hpp"
#include "pgsluice/preview.hpp"

namespace pgsluice::oracle {

/// Empties the database of everything that an earlier example left, then runs the setup.
void prepare(Session& session, const std::string& setup);

/// In a transaction that is rolled back; or `alone`, which cannot run in one: then what it leaves behind, and its locks must
/// be probed.
Observation observe(Session& session, const Statement& statement, const std::string& sql, bool alone);

/// What a statement waited for.
struct Wait {
  std::string oid;
  LockMode mode = LockMode::AccessShare;
};

/// Three connections to one database: one runs, one stands in the way, one looks on.
struct Probe {
  Session& runner;
  Session& holder;
  Session& watcher;

  /// Holds the weakest lock on `relation` that `mode` conflicts with; true when the statement then asks for
  /// exactly this mode on it. The statement is let through and ends before the call returns.
  bool asks_for(const std::string& sql, const std::string& relation, char relkind, LockMode mode);
  /// Holds the strongest lock that `mode` does not conflict with: the mode for which the statement waits
  /// nevertheless, if it does.
  std::optional<LockMode> stronger_than(const std::string& sql, const std::string& relation, char relkind,
                                        LockMode mode);

 private:
  std::string oid_of(const std::string& relation);
  std::string table_of(const std::string& index);
  std::optional<Wait> wait_of(const std::string& sql, const std::string& hold);
};

}  // namespace pgsluice::oracle
