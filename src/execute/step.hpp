// SPDX-License-Identifier: Apache-2.0
#pragma once

// One step on its way: what every part of the run loop needs to see, and what an attempt can come to.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "execute/blockers.hpp"
#include "execute/evict.hpp"
#include "execute/ledger.hpp"
#include "execute/residuals.hpp"
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
  Residuals residuals;
  Evictor evictor;
  Clock::time_point rests_until;  ///< after an attempt that failed: until then we only look
  std::string opening;  ///< of the transaction: goes out with the first message, a way to the server less
  bool holds_in_advance = true;  ///< false: this server lets us not; each statement queues for itself
  bool autovacuum = false;       ///< works on one of the relations, as of the last look
  std::string harm;              ///< why the last statement was cancelled, when it was by us
  std::string doing;             ///< the statement at work, for who looks on
  std::string told;              ///< who was last said to be waited for
  Clock::time_point told_at;
  Clock::time_point shown_at;

  [[nodiscard]] Session& session() const { return *worker.session; }
  [[nodiscard]] LedgerTarget target() const {
    return {.file = file, .step = step, .run_id = world.run_id, .token = worker.token};
  }
  [[nodiscard]] milliseconds since(Clock::time_point start) const;
  [[nodiscard]] milliseconds budget_left() const;
  void emit(Severity severity, std::string name, std::string message) const;
  /// What happens at this moment, a few times in a second: for a live view.
  void show(const std::function<std::string()>& message, EventFields fields = {});
};

enum class AttemptOutcome {
  done,
  busy,     ///< a lock was not free: again later
  outside,  ///< no attempt: somebody is better waited for outside of a transaction, or it has to begin anew
  too_harmful,  ///< others waited too long behind a statement at work
  lost,         ///< the server went away: connect, ask the ledger, perhaps again
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
milliseconds lock_timeout_of(const RunOptions& options, const PlannedStatement& statement);
milliseconds statement_timeout_of(const StepContext& context, const PlannedStatement& statement);

/// Our settings and our role: for the ledger.
SqlResult reset_session(const StepContext& context);
/// The same, and the step is done, which needs no transaction that is open.
SqlResult record_done(const StepContext& context);
/// The same as reset_session(), then what the file has set before this step: for its statements.
SqlResult prepare_session(const StepContext& context);
/// k_settings_for_ledger.
SqlResult prepare_for_ledger(const StepContext& context);
SqlResult commit(const StepContext& context);

/// Sends something that may have to queue or to work, watching the queue before and behind it: cancelled when more
/// sessions wait behind us, or for longer, than the options allow.
SqlResult run_watched(StepContext& context, Query query);
/// Sends one statement of the user.
SqlResult run_statement(StepContext& context, const PlannedStatement& statement, const std::string& sql);

enum class Clearance { go, out_of_time, interrupted };
/// Returns when only transactions hold what the step needs that will be gone in a moment. Does not queue for anything.
Clearance wait_until_free(StepContext& context);

enum class Acquired {
  held,
  busy,         ///< queued once, in vain
  long_holder,  ///< somebody has come whom it is better to wait for outside
  out_of_time,
  interrupted,
  failed,
};
struct AcquireResult {
  Acquired outcome = Acquired::held;
  SqlResult result;
};
/// Inside a transaction that holds nothing yet: takes the locks, all or none, at a good moment.
AcquireResult acquire_at_a_good_moment(StepContext& context, const std::vector<RelationLock>& locks);
/// Inside a transaction that holds locks already, so that others wait while we do: once, and not for long.
AcquireResult acquire_now(StepContext& context, const std::vector<RelationLock>& locks);

AttemptResult attempt_in_transaction(StepContext& context);
AttemptResult attempt_alone(StepContext& context);
/// All batches that are still to be done.
AttemptResult attempt_backfill(StepContext& context);

}  // namespace pgsluice
