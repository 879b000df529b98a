// SPDX-License-Identifier: Apache-2.0
// What a statement really does on a server: the locks that it takes, what it rewrites, reads through and builds.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "oracle/session.hpp"
#include "pgsluice/effects.hpp"

namespace pgsluice::oracle {

struct ObservedLock {
  char relkind = relkind::table;
  LockMode mode = LockMode::AccessShare;
  bool is_new = false;
  bool touched = false;  ///< an index that was made, dropped or built, so that the prediction must name it
};

struct Observation {
  std::optional<std::string> error;
  std::map<std::string, ObservedLock> locks;  ///< by quoted name
  std::set<std::string> rewrites;
  std::set<std::string> scans;
  std::set<std::string> may_scan;  ///< the other table of a foreign key: the planner chooses how to read it
  std::set<std::string> index_builds;
};

/// Empties the database of everything that an earlier example left, then runs the setup.
void prepare(Session& session, const std::string& setup);

/// In a transaction that is rolled back: locks as pg_locks shows them at the end of the statement.
Observation observe_in_transaction(Session& session, const std::string& sql);

/// A statement that cannot run in a transaction: what it leaves behind. Its locks must be probed.
Observation observe_alone(Session& session, const std::string& sql);

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
