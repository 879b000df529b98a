// SPDX-License-Identifier: Apache-2.0
#pragma once

// From what was recorded to who waited behind which statement. Pure.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "pgsluice/effects.hpp"
#include "pgsluice/load.hpp"

namespace pgsluice {

/// One query of the application. Times in ms since the migration began; before it they are negative.
struct LoadRequest {
  std::size_t query = 0;
  int pid = 0;
  double due = 0;   ///< when the application wanted to send it
  double sent = 0;  ///< when its connection was free
  double end = 0;
  std::string sqlstate;  ///< empty: it worked
  std::string message;
};

/// A lock on a relation, by its quoted name, that a session has asked for and has not got.
struct WantedLock {
  std::string relation;
  LockMode mode = LockMode::AccessShare;
};

/// A lock that keeps writers out, of a session that has it or has asked for it.
struct StrongLock {
  int pid = 0;
  std::string relation;
  LockMode mode = LockMode::AccessExclusive;
  bool queued = false;
};

/// One look at the server: who waits for a lock, for whom, and on what if that is a relation; and who keeps writers out.
struct LockLook {
  double at = 0;
  std::map<int, std::vector<int>> blockers;
  std::map<int, WantedLock> wanted = {};
  std::vector<StrongLock> strong = {};
};

/// What a statement of the files takes that others know, and holds until its transaction ends.
struct TakenLocks {
  std::map<std::string, LockMode> modes;
  std::size_t transaction = 0;  ///< those of one stand together
};

/// From then on it is this statement's turn; none: the migration is over.
struct Turn {
  double at = 0;
  std::optional<std::size_t> statement;
  bool sent = true;  ///< false: only its locks are waited for
};

/// While apply waited for the locks of a step without having sent any of its statements: in the queue or, mostly, outside.
struct LockWait {
  std::size_t statement = 0;  ///< for which
  double from = 0;
  double until = 0;
};

struct LoadRecord {
  std::vector<LoadRequest> requests;  ///< of each connection in their order
  std::vector<LockLook> looks;
  std::vector<Turn> turns;
  std::vector<TakenLocks> taken = {};  ///< by number of LoadedRun::statements; empty: not known
  std::vector<LockWait> lock_waits = {};
  std::set<int> migration;  ///< its sessions
  std::optional<int> blocker;
  double blocker_until = 0;  ///< when that one ended
};

/// A query that takes longer than its turn makes those after it late by itself: they are due when it would have ended without
/// the migration.
void settle_due(LoadRecord& record);

/// Fills in all that follows from the record; `run` has its statements, with what is known of each.
void judge(const LoadRecord& record, LoadedRun& run);

/// For each of `parts` equal parts of 0 to `end_ms`: how long the slowest request took that was due in it, or would have if it
/// had been: who comes while one is kept waiting waits for the same.
std::vector<double> latencies(const std::vector<LoadRequest>& requests, double end_ms, std::size_t parts);

}  // namespace pgsluice
