// SPDX-License-Identifier: Apache-2.0
#pragma once

// One step on its way: what every part of the run loop needs to see, and what an attempt can come to.

#include <optional>
#include <string>
#include <vector>

#include "execute/blockers.hpp"
#include "execute/ledger.hpp"
#include "pgsluice/execute.hpp"

namespace pgsluice {

struct StepContext {
  const PlannedFile& file;
  const Step& step;
  StepReport& report;
  Worker& worker;
  Observer& observer;
  const World& world;
  const RunOptions& options;
  Clock::time_point started;
  Clock::time_point deadline;  ///< of the lock budget
  Clock::time_point last_seen_waiting;
  std::vector<std::string> fence;  ///< relations that an autovacuum works on

  [[nodiscard]] Session& session() const { return *worker.session; }
  [[nodiscard]] LedgerTarget target() const {
    return {.file = file, .step = step, .run_id = world.run_id, .token = worker.token};
  }
  [[nodiscard]] milliseconds since(Clock::time_point start) const;
  [[nodiscard]] milliseconds budget_left() const;
  void emit(Severity severity, std::string name, std::string message) const;
};

enum class AttemptOutcome {
  done,
  busy,  ///< a lock was not free: again later
  lost,  ///< the server went away: connect, ask the ledger, perhaps again
  interrupted,
  failed,
  refused,   ///< nobody can tell whether it ran
  fenced,    ///< another run holds the lease by now
  detached,  ///< a backfill is left to a later run
};

struct AttemptResult {
  AttemptOutcome outcome = AttemptOutcome::done;
  SqlError error;
  const PlannedStatement* statement = nullptr;  ///< the one that failed; nullptr: commit or ledger
};

/// What a failed answer means for the attempt.
AttemptResult attempt_failure(const StepContext& context, const SqlResult& result,
                              const PlannedStatement* statement);

/// lock_timeout of a statement: its directive, else the shorter one of the option and the file's own SET.
milliseconds lock_timeout_of(const StepContext& context, const PlannedStatement& statement);
milliseconds statement_timeout_of(const StepContext& context, const PlannedStatement& statement);

/// Our settings and our role: for the ledger.
SqlResult reset_session(const StepContext& context);
/// The same, then what the file has set before this step: for its statements.
SqlResult prepare_session(const StepContext& context);
/// Sends one statement of the user, watching the queue before and behind it.
SqlResult run_statement(StepContext& context, const PlannedStatement& statement, const std::string& sql);

enum class Clearance { go, out_of_time, interrupted };
/// Returns when no transaction worth waiting for holds what the step needs. Does not queue for anything.
Clearance wait_until_free(StepContext& context);

AttemptResult attempt_in_transaction(StepContext& context);
AttemptResult attempt_alone(StepContext& context);
/// All batches that are still to be done.
AttemptResult attempt_backfill(StepContext& context);

}  // namespace pgsluice
