// SPDX-License-Identifier: Apache-2.0
// Beside a preview: an application that reads and writes while the migrations run, and what it felt of each statement.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "pgsluice/effects.hpp"
#include "pgsluice/session.hpp"

namespace pgsluice {

/// A query that the application sends again and again.
struct LoadQuery {
  enum class Kind { read, update, insert, given };
  Kind kind = Kind::given;
  std::string name;  ///< "reads public.orders", "app.sql line 12: SELECT …": for people
  std::string sql;
  std::size_t parameters = 0;  ///< each is sent as NULL
};

/// A statement of the files, run beside the application. Times are milliseconds since the first one began.
struct LoadedStatement {
  std::size_t file = 0;              ///< of Preview::files
  std::size_t statement = 0;         ///< of PreviewedFile::statements
  bool ran = false;                  ///< it was sent
  double from_ms = 0;                ///< when it was sent first
  double until_ms = 0;               ///< when the next one's turn came, or its transaction had ended
  double turn_ms = 0;                ///< of that, without what came between its attempts
  double work_ms = 0;                ///< from when it was sent for good to the answer
  double behind_blocker_ms = 0;      ///< seen waiting for the long transaction
  double behind_application_ms = 0;  ///< seen waiting for the application
  std::size_t waited = 0;            ///< queries of the application that were seen waiting for it
  double longest_ms = 0;             ///< of them
  std::size_t meanwhile = 0;  ///< queries that waited while it ran, for a lock that another statement took
  double meanwhile_ms = 0;    ///< how long one of those did at the most, of that time
  std::optional<SqlError> error;
};

/// Queries of one sort that waited behind one statement.
struct LoadWait {
  std::size_t statement = 0;  ///< of LoadedRun::statements
  std::size_t query = 0;      ///< of Load::queries
  std::size_t count = 0;
  double longest_ms = 0;
};

/// Queries that worked before the migration, and then did not.
struct LoadFailure {
  std::size_t query = 0;
  std::optional<std::size_t> statement;  ///< whose turn it was; none: after the last one
  std::string sqlstate;
  std::string message;
  std::size_t count = 0;
};

/// What the migration was seen to keep from those who write, or to queue for: who comes after waits behind that, too.
struct LoadedLock {
  std::string relation;  ///< quoted, with its schema
  LockMode mode = LockMode::AccessExclusive;
  bool queued = false;        ///< asked for, and not granted
  std::size_t statement = 0;  ///< of LoadedRun::statements
  double from_ms = 0;         ///< from the first look at the server that saw it
  double until_ms = 0;        ///< to the first one that did not
};

struct LoadedRun {
  bool gated = false;
  double end_ms = 0;
  std::vector<LoadedStatement> statements;  ///< all of them
  std::vector<LoadWait> waits;              ///< longest first
  std::vector<LoadFailure> failures;
  std::vector<LoadedLock> locks;  ///< by when they began; shorter ones than a look to the next may be missing
  std::vector<double>
      latency_ms;  ///< the axis in equal parts: how long the slowest query took that was due in it
  std::size_t requests = 0;
  std::size_t waited = 0;
  double longest_ms = 0;  ///< that a query waited behind a statement
  std::string problem;    ///< why it did not get to its end; empty: it did
};

struct Load {
  std::vector<LoadQuery> queries;
  std::size_t clients = 0;
  std::vector<std::string> notes;  ///< what is left out, and why
  std::optional<std::chrono::milliseconds> blocker;
  std::string blocked;  ///< the relation that the long transaction holds; empty: none
  double axis_ms = 1;   ///< of every run's latency_ms
  std::vector<LoadedRun> runs;
};

}  // namespace pgsluice
