// SPDX-License-Identifier: Apache-2.0
// A step in a transaction: its statements and its ledger rows are committed together or not at all.

#include "base/text.hpp"
#include "execute/step.hpp"
#include "execute/stop.hpp"

namespace pgsluice {
namespace {

std::string ms(milliseconds duration) {
  return std::to_string(duration.count());
}

// Longer than deadlock_timeout (1 s), which is when the server cancels an autovacuum for us.
constexpr std::string_view k_fence_timeout = "SET LOCAL lock_timeout = '1500ms'";

SqlResult begin(const StepContext& context) {
  SqlResult result = context.session().query(context.step.begin, {});
  for (auto relation = context.fence.begin(); result.ok && relation != context.fence.end(); ++relation) {
    // The name comes from the server's regclass output, quoted where it must be.
    result = context.session().script(
        cat(k_fence_timeout, "; LOCK TABLE ", *relation, " IN SHARE UPDATE EXCLUSIVE MODE"));
  }
  return result;
}

SqlResult set_limits(const StepContext& context, const PlannedStatement& statement) {
  std::string script = cat("SET LOCAL lock_timeout = ", ms(lock_timeout_of(context, statement)));
  // A file that sets its own statement_timeout keeps it, unless a directive says otherwise.
  if (statement.limits.statement_timeout) {
    script += cat("; SET LOCAL statement_timeout = ", ms(*statement.limits.statement_timeout));
  }
  return context.session().script(script);
}

struct Ran {
  SqlResult result;
  const PlannedStatement* statement = nullptr;
};

Ran run_statements(StepContext& context) {
  Ran ran;
  bool limits_stand = false;
  milliseconds lock_timeout{-1};
  for (const PlannedStatement& statement : context.step.statements) {
    ran.statement = &statement;
    if (!limits_stand || lock_timeout != lock_timeout_of(context, statement) ||
        statement.limits.statement_timeout) {
      ran.result = set_limits(context, statement);
      lock_timeout = lock_timeout_of(context, statement);
    }
    if (ran.result.ok) {
      ran.result = run_statement(context, statement, statement.sql);
    }
    if (!ran.result.ok) {
      return ran;
    }
    limits_stand = !statement.changes_settings;
  }
  ran.statement = nullptr;
  return ran;
}

// The file may have left another role or a timeout of 1 ms behind: neither is meant for the ledger.
constexpr std::string_view k_before_ledger =
    "SET SESSION AUTHORIZATION DEFAULT; RESET ROLE; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout "
    "= '10s'";

SqlResult write_ledger(StepContext& context) {
  SqlResult result = context.session().script(k_before_ledger);
  return result.ok ? record_done(context.session(), context.target(), context.report) : result;
}

SqlResult commit(const StepContext& context) {
  SqlResult result = context.session().script("COMMIT");
  if (result.ok && result.command != "COMMIT") {
    result.ok = false;
    result.error.message = cat("the server answered COMMIT with ", result.command);
  }
  return result;
}

}  // namespace

AttemptResult attempt_in_transaction(StepContext& context) {
  const auto begun = context.world.clock.now();
  context.last_seen_waiting = begun;
  Ran ran{.result = prepare_session(context)};
  if (ran.result.ok) {
    ran.result = begin(context);
  }
  if (ran.result.ok) {
    ran = run_statements(context);
  }
  if (ran.result.ok && is_interrupted(context.world)) {
    context.session().script("ROLLBACK");
    return {.outcome = AttemptOutcome::interrupted};
  }
  if (ran.result.ok) {
    context.report.waited =
        std::chrono::duration_cast<milliseconds>(context.last_seen_waiting - context.started);
    context.report.held = context.since(context.last_seen_waiting);
    ran.result = write_ledger(context);
  }
  if (ran.result.ok) {
    ran.result = commit(context);
  }
  if (ran.result.ok) {
    context.report.held = context.since(context.last_seen_waiting);
    return {.outcome = AttemptOutcome::done};
  }
  if (!ran.result.connection_lost) {
    context.session().script("ROLLBACK");
  }
  return attempt_failure(context, ran.result, ran.statement);
}

}  // namespace pgsluice
