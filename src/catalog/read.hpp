// SPDX-License-Identifier: Apache-2.0
#pragma once

// Server → Snapshot.

#include <chrono>
#include <variant>

#include "pgsluice/session.hpp"
#include "pgsluice/snapshot.hpp"

namespace pgsluice {

struct ReadOptions {
  /// Longest wait for ACCESS SHARE on one relation. PostgreSQL takes it for a moment to print an expression or to
  /// measure a file, and waits when somebody changes that very table.
  std::chrono::milliseconds lock_timeout{2'000};
  std::chrono::milliseconds statement_timeout{60'000};
  bool sizes = true;  ///< measure files; false leaves bytes and total_bytes out
};

struct ReadFailure {
  SqlError error;
  bool connection_lost = false;
};

/// One read-only transaction; the number of round trips does not depend on the database.
std::variant<Snapshot, ReadFailure> try_read_snapshot(Session& session, const ReadOptions& options);

/// Throws Error: lock_budget when a relation is being changed for longer than we wait, unreachable when the connection
/// is lost, precondition for whatever else the server says.
Snapshot read_snapshot(Session& session, const ReadOptions& options);

}  // namespace pgsluice
