// SPDX-License-Identifier: Apache-2.0
#include "execute/step.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "execute/settings.hpp"
#include "execute/stop.hpp"
#include "pg/sqlstate.hpp"

namespace pgsluice {
namespace {

constexpr milliseconds k_watch_interval{25};
constexpr milliseconds k_calm_watch_interval{500};  // of a statement that has been running for a while
constexpr milliseconds k_settled{2'000};

void report_notices(const StepContext& context) {
  for (const Notice& notice : context.session().take_notices()) {
    const bool warning = notice.severity == "WARNING";
    context.world.emit({.severity = warning ? Severity::warning : Severity::info,
                        .name = "notice",
                        .subject = context.step.id,
                        .message = printable_line(notice.message),
                        .fields = {},
                        .detail = !warning});
  }
}

// A wait inside a running statement: a concurrent index build that waits for old transactions.
void tell_inner_wait(StepContext& context, const std::vector<Blocker>& blockers, int& told_pid,
                     Clock::time_point waiting_since) {
  if (blockers.empty() || blockers.front().pid == told_pid ||
      context.since(waiting_since) < milliseconds(1'000)) {
    return;
  }
  told_pid = blockers.front().pid;
  context.emit(Severity::info, "step-waiting",
               cat("waiting inside the statement for ", describe(blockers.front())));
}

}  // namespace

milliseconds StepContext::since(Clock::time_point start) const {
  return std::chrono::duration_cast<milliseconds>(world.clock.now() - start);
}

milliseconds StepContext::budget_left() const {
  return std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(deadline - world.clock.now()));
}

void StepContext::emit(Severity severity, std::string name, std::string message) const {
  world.emit({.severity = severity,
              .name = std::move(name),
              .subject = step.id,
              .message = std::move(message),
              .fields = {{"attempts", static_cast<long long>(report.attempts)},
                         {"waited_ms", since(started).count()}}});
}

AttemptResult attempt_failure(const StepContext& context, const SqlResult& result,
                              const PlannedStatement* statement) {
  AttemptResult failure{.outcome = AttemptOutcome::failed, .error = result.error, .statement = statement};
  const pg::Failure kind = pg::classify(result.error.sqlstate);
  if (result.error.sqlstate == k_fenced) {
    failure.outcome = AttemptOutcome::fenced;
  } else if (kind == pg::Failure::cancelled && is_interrupted(context.world)) {
    failure.outcome = AttemptOutcome::interrupted;
  } else if (result.connection_lost || kind == pg::Failure::connection || kind == pg::Failure::read_only) {
    failure.outcome = AttemptOutcome::lost;
  } else if (kind == pg::Failure::lock_timeout || kind == pg::Failure::conflict) {
    failure.outcome = AttemptOutcome::busy;
  }
  return failure;
}

milliseconds lock_timeout_of(const StepContext& context, const PlannedStatement& statement) {
  if (statement.limits.lock_timeout &&
      *statement.limits.lock_timeout > milliseconds(0)) {  // 0 would mean for ever
    return *statement.limits.lock_timeout;
  }
  return std::min(context.options.lock_timeout,
                  statement.file_lock_timeout.value_or(context.options.lock_timeout));
}

milliseconds statement_timeout_of(const StepContext& context, const PlannedStatement& statement) {
  return statement.limits.statement_timeout.value_or(context.options.statement_timeout);
}

SqlResult reset_session(const StepContext& context) {
  return context.session().script(reset_script(context.options, context.session().server_version_num()));
}

SqlResult prepare_session(const StepContext& context) {
  SqlResult result = reset_session(context);
  for (auto setting = context.step.settings.begin(); result.ok && setting != context.step.settings.end();
       ++setting) {
    result = context.session().query(*setting, {});
  }
  return result;
}

SqlResult run_statement(StepContext& context, const PlannedStatement& statement, const std::string& sql) {
  const auto begun = context.world.clock.now();
  auto looked = begun;
  auto waiting_since = begun;
  int told_pid = -1;
  Query query;
  query.sql = sql;
  query.keep_rows = false;
  query.interruptible = Interruptible::yes;
  query.watch.interval = k_watch_interval;
  query.watch.tick = [&] {
    const bool settled = context.since(begun) > k_settled;
    if (settled && context.since(looked) < k_calm_watch_interval) {
      return false;
    }
    looked = context.world.clock.now();
    const QueueView view = context.observer.queue(context.worker.backend_pid);
    context.report.max_victims = std::max(context.report.max_victims, view.victims);
    if (view.blockers.empty()) {
      waiting_since = looked;
    } else {
      context.report.blockers = view.blockers;
      context.last_seen_waiting = looked;
    }
    tell_inner_wait(context, view.blockers, told_pid, waiting_since);
    return false;
  };
  SqlResult result = context.session().run(query);
  report_notices(context);
  if (result.ok && context.step.in_transaction != context.session().in_transaction()) {
    result.ok = false;
    result.error.message = cat("the ", statement.tag, " has changed the transaction that it runs in");
  }
  return result;
}

}  // namespace pgsluice
