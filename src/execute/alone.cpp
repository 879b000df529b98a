// SPDX-License-Identifier: Apache-2.0
// A statement that cannot run in a transaction: its intent is written first, its end afterwards, and whatever happens
// between is found again in the catalog.

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "execute/leftovers.hpp"
#include "execute/settings.hpp"
#include "execute/step.hpp"
#include "execute/stop.hpp"

namespace pgsluice {
namespace {

// A concurrent command waits for old transactions without being in anybody's way, and may use its whole budget for
// that. Any other one (VACUUM FULL, CLUSTER) queues like an ordinary step.
SqlResult set_limits(const StepContext& context, const PlannedStatement& statement) {
  const milliseconds own = lock_timeout_of(context.options, statement);
  const bool queues = context.residuals.until_free() > milliseconds(0);
  const milliseconds lock_timeout = context.step.concurrent ? std::max(own, context.budget_left())
                                    : queues                ? context.residuals.pulse().value_or(own)
                                                            : own;
  return context.session().script(cat("SET lock_timeout = ", ms(lock_timeout), "; SET statement_timeout = ",
                                      ms(statement_timeout_of(context, statement))));
}

// "It is there already" and "it is gone already", after an earlier try.
bool says_done(const SqlResult& result, const StepContext& context, const Intent& intent) {
  constexpr std::array<std::string_view, 4> k_done{"42P04", "42710", "42704", "3D000"};
  return intent.found && context.step.resume == Resume::repeat_or_done &&
         std::find(k_done.begin(), k_done.end(), result.error.sqlstate) != k_done.end();
}

SqlResult confirm(StepContext& context) {
  context.report.waited =
      std::chrono::duration_cast<milliseconds>(context.last_seen_waiting - context.started);
  context.report.held = context.since(context.last_seen_waiting);
  return record_done(context);
}

AttemptResult finish(StepContext& context, const Inspection& inspection, const PlannedStatement& statement) {
  if (inspection.outcome == Inspection::Outcome::failed) {
    return attempt_failure(context, inspection.result, &statement);
  }
  if (inspection.outcome == Inspection::Outcome::refuse) {
    AttemptResult refusal{.outcome = AttemptOutcome::refused, .statement = &statement};
    refusal.error.message = inspection.message;
    return refusal;
  }
  const SqlResult recorded = confirm(context);
  return recorded.ok ? AttemptResult{} : attempt_failure(context, recorded, nullptr);
}

// The statement has failed and the server has said so: nothing is in doubt once the leftover is gone.
AttemptResult clean_up(StepContext& context, const SqlResult& result, const PlannedStatement& statement,
                       const std::vector<long long>& oids_before) {
  AttemptResult failure = attempt_failure(context, result, &statement);
  const bool over = failure.outcome == AttemptOutcome::failed || failure.outcome == AttemptOutcome::busy ||
                    failure.outcome == AttemptOutcome::too_harmful;
  if (!over) return failure;
  SqlResult cleaned = prepare_session(context);
  if (cleaned.ok) {
    cleaned = remove_leftovers(context, oids_before);
  }
  if (cleaned.ok) {
    cleaned = reset_session(context);
  }
  if (cleaned.ok) {
    cleaned = forget_intent(context.session(), context.target());
  }
  if (!cleaned.ok) {
    context.emit(Severity::warning, "leftover-stays",
                 cat("could not clean up behind the failed statement: ",
                     printable_line(cleaned.error.message), "; the next run does it"));
  }
  return failure;
}

// ---- the way of one attempt -------------------------------------------------------------------------------------

struct Started {
  Intent intent;
  Inspection inspection;
  SqlResult result;
};

SqlResult write_intent(StepContext& context, Started& started) {
  SqlResult result = list_oids(context, started.intent.oids_before);
  if (result.ok) {
    result = reset_session(context);
  }
  if (result.ok) {
    result = record_intent(context.session(), context.target(), started.intent.oids_before);
  }
  return result.ok ? prepare_session(context) : result;
}

Started start(StepContext& context) {
  Started started;
  started.result = reset_session(context);
  if (started.result.ok) {
    started.result = read_intent(context.session(), context.target(), started.intent);
  }
  if (started.result.ok && started.intent.done) {
    started.inspection.outcome = Inspection::Outcome::done;
    return started;
  }
  if (started.result.ok) {
    started.result = prepare_session(context);
  }
  if (started.result.ok) {
    started.inspection = inspect_before(context, started.intent);
  }
  if (started.result.ok && started.inspection.outcome == Inspection::Outcome::run && !started.intent.found) {
    started.result = write_intent(context, started);
  }
  return started;
}

}  // namespace

AttemptResult attempt_alone(StepContext& context) {
  const PlannedStatement& statement = context.step.statements.front();
  context.last_seen_waiting = context.world.clock.now();
  Started started = start(context);
  if (!started.result.ok) {
    return attempt_failure(context, started.result, nullptr);
  }
  if (started.inspection.outcome != Inspection::Outcome::run) {
    return finish(context, started.inspection, statement);
  }
  SqlResult result = set_limits(context, statement);
  if (result.ok) {
    result = run_statement(context, statement,
                           started.inspection.sql.empty() ? statement.sql : started.inspection.sql);
  }
  if (!result.ok && !says_done(result, context, started.intent)) {
    return clean_up(context, result, statement, started.intent.oids_before);
  }
  return finish(context, inspect_after(context), statement);
}

}  // namespace pgsluice
