// SPDX-License-Identifier: Apache-2.0
// A step in a transaction: its statements and its ledger rows are committed together or not at all.

#include <algorithm>
#include <span>
#include <utility>

#include "base/text.hpp"
#include "execute/settings.hpp"
#include "execute/step.hpp"
#include "execute/stop.hpp"
#include "pg/sqlstate.hpp"
#include "plan/steps.hpp"

namespace pgsluice {
namespace {

std::string limits_script(const StepContext& context, const PlannedStatement& statement) {
  std::string script = cat("SET LOCAL lock_timeout = ", ms(lock_timeout_of(context.options, statement)));
  // A file that sets its own statement_timeout keeps it, unless a directive says otherwise.
  if (statement.limits.statement_timeout) {
    script += cat("; SET LOCAL statement_timeout = ", ms(*statement.limits.statement_timeout));
  }
  return script;
}

/// Its locks are free before the log is on the disk, and on the standbys that the server waits for. The log is one sequence:
/// who waits for a later commit, as the end of the run does, waits for this one, too; and where it is lost, the ledger's rows
/// are lost with it. What a file sets itself comes after it.
constexpr std::string_view k_early_release = "SET LOCAL synchronous_commit = off";

bool sets_own_commit(const Step& step) {
  return std::ranges::any_of(step.settings, [](const std::string& setting) {
    return setting.find("synchronous_commit") != std::string::npos;
  });
}

/// Begins the transaction, or leaves that to the first message that is sent in it.
SqlResult open_transaction(StepContext& context) {
  context.opening.clear();
  if (context.step.settings.empty() && context.step.begin == "BEGIN") {
    context.opening = cat(reset_script(context.options, context.session().server_version_num()), "; BEGIN; ",
                          k_early_release, "; ");
    return {};
  }
  SqlResult result = prepare_session(context);
  if (result.ok) result = context.session().query(context.step.begin, {});
  if (result.ok && !sets_own_commit(context.step)) result = context.session().script(k_early_release);
  return result;
}

SqlResult send_opening(StepContext& context) {
  return context.opening.empty() ? SqlResult() : context.session().script(std::exchange(context.opening, {}));
}

struct Ran {
  SqlResult result;
  const PlannedStatement* statement = nullptr;
  Acquired acquired = Acquired::held;  ///< otherwise the statement was not sent
};

using Statements = std::span<const PlannedStatement>;

/// The statements whose locks are taken together: what is done in a moment, up to the first that takes its time. Taking
/// more would keep others waiting while that one works.
Statements first_group(Statements statements) {
  const auto end = std::ranges::find_if(statements, &PlannedStatement::works);
  return statements.first(static_cast<std::size_t>(end - statements.begin()) +
                          (end == statements.end() ? 0 : 1));
}

std::vector<RelationLock> locks_of(Statements statements) {
  std::vector<RelationLock> locks;
  for (const PlannedStatement& statement : statements) merge_locks(locks, statement.locks);
  return locks;
}

/// `limits`: those that stand.
SqlResult run_one(StepContext& context, const PlannedStatement& statement, std::string& limits) {
  SqlResult result;
  if (const std::string own = limits_script(context, statement); own != limits) {
    result = context.session().script(own);
    limits = own;
  }
  if (result.ok) result = run_statement(context, statement, statement.sql);
  if (statement.changes_settings) limits.clear();  // whatever they are now
  return result;
}

Ran run_statements(StepContext& context) {
  Ran ran;
  std::string limits;
  bool first = true;
  if (!context.opening.empty() && !context.step.statements.empty()) {
    limits = limits_script(context, context.step.statements.front());
    context.opening += limits + "; ";
  }
  for (Statements left = context.step.statements; !left.empty(); first = false) {
    const Statements group = first_group(left);
    left = left.subspan(group.size());
    AcquireResult hold =
        first ? acquire_at_a_good_moment(context, locks_of(group)) : acquire_now(context, locks_of(group));
    ran.statement = &group.front();
    ran.acquired = hold.outcome;
    ran.result = std::move(hold.result);
    if (ran.acquired != Acquired::held) return ran;
    if (first) ran.result = send_opening(context);  // unless it went out with the locks
    if (!ran.result.ok) return ran;
    if (first) context.last_seen_waiting = context.world.clock.now();
    for (const PlannedStatement& statement : group) {
      ran.statement = &statement;
      ran.result = run_one(context, statement, limits);
      if (!ran.result.ok) return ran;
    }
  }
  ran.statement = nullptr;
  ran.result = send_opening(context);  // of a file without statements
  return ran;
}

/// A server without PL/pgSQL, say. The statements themselves, with a short lock_timeout, still do no harm.
AttemptResult without_holding(StepContext& context, const SqlError& error) {
  context.holds_in_advance = false;
  context.emit(Severity::warning, "cannot-lock-in-advance",
               cat("cannot take the locks in advance, so each statement queues for its own: ",
                   printable_line(error.message), " [SQLSTATE ", error.sqlstate, "]"));
  return {.outcome = AttemptOutcome::outside};
}

AttemptResult not_held(StepContext& context, const Ran& ran) {
  AttemptResult failure = attempt_failure(context, ran.result, ran.statement);
  if (ran.acquired == Acquired::failed && failure.outcome == AttemptOutcome::failed) {
    return without_holding(context, ran.result.error);
  }
  switch (ran.acquired) {
    case Acquired::interrupted: return {.outcome = AttemptOutcome::interrupted};
    case Acquired::long_holder:
    case Acquired::out_of_time: return {.outcome = AttemptOutcome::outside};
    case Acquired::busy: {
      AttemptResult busy{.outcome = AttemptOutcome::busy, .statement = ran.statement};
      busy.error.sqlstate = pg::sqlstate::lock_not_available;
      busy.error.message = "the locks were not free within the time that others may wait behind us";
      return busy;
    }
    case Acquired::failed:
    case Acquired::held: break;
  }
  return failure;
}

}  // namespace

AttemptResult attempt_in_transaction(StepContext& context) {
  context.last_seen_waiting = context.world.clock.now();
  Ran ran{.result = open_transaction(context)};
  if (ran.result.ok) ran = run_statements(context);
  const bool ran_all = ran.acquired == Acquired::held && ran.result.ok;
  bool was_ready = false;
  if (ran_all && is_interrupted(context.world)) {
    context.session().script("ROLLBACK");
    return {.outcome = AttemptOutcome::interrupted};
  }
  if (ran_all) {
    context.report.waited =
        std::chrono::duration_cast<milliseconds>(context.last_seen_waiting - context.started);
    context.report.held = context.since(context.last_seen_waiting);
    was_ready = context.worker.done.ready;
    ran.result = commit_done(context.worker, context.target(), context.report);
    context.report.held = context.since(context.last_seen_waiting);
    if (ran.result.ok) return {.outcome = AttemptOutcome::done};
  }
  if (!ran.result.connection_lost) context.session().script("ROLLBACK");
  if (was_deallocated(ran.result, was_ready)) return {.outcome = AttemptOutcome::outside};
  return ran.acquired == Acquired::held ? attempt_failure(context, ran.result, ran.statement)
                                        : not_held(context, ran);
}

}  // namespace pgsluice
