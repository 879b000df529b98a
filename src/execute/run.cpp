// SPDX-License-Identifier: Apache-2.0
// The run loop: step after step, attempt after attempt, until everything is applied or something says stop.

#include <algorithm>
#include <variant>

#include "base/signals.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "execute/documents.hpp"
#include "execute/lease.hpp"
#include "execute/settings.hpp"
#include "execute/step.hpp"
#include "execute/stop.hpp"
#include "pg/sqlstate.hpp"
#include "pgsluice/migration.hpp"

namespace pgsluice {
namespace {

/// Why a step stopped the run.
struct Stop {
  ExitCode code = ExitCode::ok;
  std::string message;
  std::string hint;
};

/// Growing pauses between attempts, each a random part of its cap, so that two runs do not keep step.
class Backoff {
 public:
  Backoff(const RunOptions& options, const std::function<double()>& random)
      : cap_(options.first_backoff), longest_(options.max_backoff), random_(random) {}

  milliseconds next() {
    const auto pause = milliseconds(static_cast<long long>(static_cast<double>(cap_.count()) * random_()));
    cap_ = std::min(cap_ * 2, longest_);
    return pause + milliseconds(1);
  }

 private:
  milliseconds cap_;
  milliseconds longest_;
  const std::function<double()>& random_;
};

std::string seconds(milliseconds duration) {
  const long long tenths = duration.count() / 100;
  return duration < milliseconds(1'000)
             ? format_duration(duration)
             : cat(std::to_string(tenths / 10), ".", std::to_string(tenths % 10), "s");
}

// ---- a statement that failed ------------------------------------------------------------------------------------

StatementFailure failure_of(const StepContext& context, const AttemptResult& attempt) {
  const Script& script = context.file.analysis.script;
  // A failed COMMIT is the work of the whole step: a deferred constraint, for example.
  const PlannedStatement* statement = attempt.statement;
  if (statement == nullptr && !context.step.statements.empty()) {
    statement = &context.step.statements.front();
  }
  std::size_t offset = statement == nullptr ? 0 : statement->range.begin;
  if (statement != nullptr && attempt.error.position > 0) {
    offset += utf8_offset(statement->sql, static_cast<std::size_t>(attempt.error.position) - 1);
  }
  return {.path = context.file.analysis.migration.path.string(),
          .position = LineIndex(script.source).position(offset),
          .error = attempt.error};
}

std::string place(const StatementFailure& failure) {
  return cat(printable_line(failure.path), ":", std::to_string(failure.position.line), ":",
             std::to_string(failure.position.column));
}

std::string failure_message(const StatementFailure& failure) {
  const SqlError& error = failure.error;
  std::string message = cat(place(failure), ": ", error.message);
  message += error.detail.empty() ? "" : cat(" (", error.detail, ")");
  message += error.sqlstate.empty() ? "" : cat(" [SQLSTATE ", error.sqlstate, "]");
  message += error.relname.empty()
                 ? ""
                 : cat(" [relation ", RelationName{error.schemaname, error.relname}.quoted(), "]");
  return printable_line(message);
}

std::string failure_hint(const SqlError& error) {
  if (error.sqlstate == pg::sqlstate::active_transaction) {
    return "Add -- pgsluice: transaction=off at the top of the file, and leave the statement alone in it.";
  }
  if (pg::classify(error.sqlstate) == pg::Failure::data) {
    return "The data has to be mended before the constraint can hold.";
  }
  return printable_line(error.hint);
}

Stop stop_on_failure(StepContext& context, const AttemptResult& attempt) {
  context.report.failure = failure_of(context, attempt);
  context.report.state = StepState::failed;
  reset_session(context);
  record_failure(context.session(), context.target(), attempt.error);
  const bool data = pg::classify(attempt.error.sqlstate) == pg::Failure::data;
  return {.code = data ? ExitCode::data_violation : ExitCode::statement_failed,
          .message = failure_message(*context.report.failure),
          .hint = failure_hint(attempt.error)};
}

Stop stop_on_refusal(StepContext& context, const AttemptResult& attempt) {
  context.report.failure = failure_of(context, attempt);
  context.report.state = StepState::refused;
  return {.code = ExitCode::refused,
          .message = cat(place(*context.report.failure), ": ", attempt.error.message),
          .hint = {}};
}

Stop stop_on_interrupt(StepContext& context) {
  context.report.state = StepState::interrupted;
  const bool in_doubt = !context.step.in_transaction && !context.step.backfill && context.report.attempts > 0;
  return {.code = interrupted_code(context.world.interrupt),
          .message = cat("interrupted in ", context.step.id,
                         in_doubt                ? "; the next run finds out from the catalog how far it came"
                         : context.step.backfill ? "; the next run goes on behind the last batch"
                                                 : "; it was rolled back"),
          .hint = {}};
}

/// What would have to be allowed for the step to get its locks on this load.
std::string hint_out_of_time(const StepContext& context) {
  const auto needed = context.residuals.needed();
  if (needed && *needed > context.options.lock_timeout) {
    return cat("The transactions on it follow one another without a gap, and last long: --lock-timeout ",
               format_duration(*needed), " would do, and as long would the application wait, once.");
  }
  return "Run it again when the blocker is gone, or raise --lock-budget.";
}

Stop stop_out_of_time(StepContext& context, std::string_view sqlstate) {
  context.report.state = StepState::lock_budget;
  reset_session(context);
  record_attempt(context.session(), context.target(), "gave up", sqlstate, context.since(context.started),
                 context.report.blockers);
  const std::string blocker = context.report.blockers.empty() ? "nobody was seen in the way"
                                                              : describe(context.report.blockers.front());
  return {.code = ExitCode::lock_budget,
          .message = cat(context.step.id, ": no lock within ", seconds(context.since(context.started)), ", ",
                         count_of(static_cast<std::size_t>(context.report.attempts), "attempt"),
                         "; nothing was changed by it: ", blocker),
          .hint = hint_out_of_time(context)};
}

/// Its work would keep others waiting just as long the next time.
Stop stop_too_harmful(StepContext& context, const AttemptResult& attempt) {
  context.report.state = StepState::stall_budget;
  context.report.failure = failure_of(context, attempt);
  reset_session(context);
  record_attempt(context.session(), context.target(), "cancelled", attempt.error.sqlstate,
                 context.since(context.started), context.report.blockers);
  return {
      .code = ExitCode::lock_budget,
      .message =
          cat(place(*context.report.failure), ": cancelled, nothing was changed by it: ", context.harm),
      .hint =
          "pgsluice lint shows the form that keeps nobody waiting; --stall-budget 0s lets it take its time, "
          "when nobody needs the table."};
}

Stop stop_fenced(StepContext& context) {
  context.report.state = StepState::fenced;
  return {.code = ExitCode::other_run,
          .message = cat(context.step.id, ": another run has taken over; nothing was changed by this step"),
          .hint = "Run it again: it goes on where the other run ends."};
}

// ---- losing the server ------------------------------------------------------------------------------------------

/// A run that is at work: what it has besides its plan.
struct Run {
  Worker& worker;
  Observer observer;
  Heartbeat heartbeat;
  const World& world;
  const RunOptions& options;
  /// The server went away: what had been committed may be gone, or another run may have done what was still to do.
  bool plan_is_old = false;
};

/// A new worker with everything that the lost one had. Throws Error when there is none.
void connect_again(Run& run) {
  replace_worker(run.worker, run.world, run.options);
  run.heartbeat.set_token(run.worker.token);
  run.plan_is_old = true;
}

std::optional<Stop> reconnect(StepContext& context, Run& run, const SqlError& error) {
  context.emit(Severity::warning, "connection-lost", cat("lost the server: ", printable_line(error.message)));
  try {
    connect_again(run);
    context.emit(Severity::info, "reconnected", "connected again");
    return std::nullopt;
  } catch (const Error& stop) {
    // Not the place to end the program: what has been applied so far must still be told.
    context.report.state = is_interrupted(run.world) ? StepState::interrupted : StepState::unreachable;
    return Stop{.code = stop.code(), .message = cat(context.step.id, ": ", stop.what()), .hint = stop.hint()};
  }
}

// ---- one step ---------------------------------------------------------------------------------------------------

void note_busy(StepContext& context, const AttemptResult& attempt) {
  if (context.report.blockers.empty()) {
    context.report.blockers = context.observer.holders(context.step.locks, context.worker.backend_pid);
  }
  reset_session(context);
  record_attempt(context.session(), context.target(), "lock not available", attempt.error.sqlstate,
                 context.since(context.started), context.report.blockers);
  const std::string blocker = context.report.blockers.empty()
                                  ? std::string()
                                  : "; in the way: " + describe(context.report.blockers.front());
  context.emit(Severity::info, "attempt-failed",
               cat("attempt ", std::to_string(context.report.attempts), ": ",
                   printable_line(attempt.error.message), blocker));
}

void applied(StepContext& context) {
  context.report.state = StepState::applied;
  std::string message = cat("applied in ", seconds(context.report.held));
  if (context.report.waited >= milliseconds(100)) {
    message += cat(", after ", seconds(context.report.waited), " of waiting");
  }
  if (context.report.attempts > 1) {
    message += cat(", attempt ", std::to_string(context.report.attempts));
  }
  context.world.emit({.severity = Severity::info,
                      .name = "step-applied",
                      .subject = context.step.id,
                      .message = message,
                      .fields = {{"attempts", static_cast<long long>(context.report.attempts)},
                                 {"waited_ms", context.report.waited.count()},
                                 {"held_ms", context.report.held.count()},
                                 {"max_victims", static_cast<long long>(context.report.max_victims)}}});
}

Stop stop_detached(StepContext& context) {
  context.report.state = StepState::detached;
  return {.code = ExitCode::ok,
          .message =
              cat(context.step.id,
                  ": the backfill continues with the next apply without --detach; what comes after it waits"),
          .hint = {}};
}

bool is_held(const StepContext& context) {
  const bool begins = context.file.analysis.migration.phase == Phase::contract &&
                      &context.step == &context.file.steps.front();
  return begins && context.options.may_begin && !context.options.may_begin(context.file);
}

Stop stop_held(StepContext& context) {
  context.report.state = StepState::held;
  return {.code = ExitCode::ok, .message = {}, .hint = {}};
}

AttemptResult run_attempt(StepContext& context) {
  if (context.step.backfill) {
    return attempt_backfill(context);
  }
  return context.step.in_transaction ? attempt_in_transaction(context) : attempt_alone(context);
}

enum class Next {
  go_on,
  again,  ///< on a new connection, and only after a look at the ledger
};
using StepEnd = std::variant<Next, Stop>;

// A statement that takes the server down must not do so for ever.
constexpr int k_most_losses = 10;

StepEnd run_step(StepContext& context, Run& run) {
  Backoff backoff(context.options, context.world.random);
  for (;;) {
    const Clearance clearance = wait_until_free(context);
    if (clearance == Clearance::interrupted) {
      return stop_on_interrupt(context);
    }
    if (clearance == Clearance::out_of_time) {
      return stop_out_of_time(context, "");
    }
    if (is_held(context)) return stop_held(context);
    ++context.report.attempts;
    const AttemptResult attempt = run_attempt(context);
    switch (attempt.outcome) {
      case AttemptOutcome::done: applied(context); return Next::go_on;
      case AttemptOutcome::interrupted: return stop_on_interrupt(context);
      case AttemptOutcome::failed: return stop_on_failure(context, attempt);
      case AttemptOutcome::refused: return stop_on_refusal(context, attempt);
      case AttemptOutcome::fenced: return stop_fenced(context);
      case AttemptOutcome::detached: return stop_detached(context);
      case AttemptOutcome::lost: {
        if (auto stop = reconnect(context, run, attempt.error)) {
          return *std::move(stop);
        }
        if (++context.report.losses >= k_most_losses) {
          return stop_on_failure(context, attempt);
        }
        context.world.clock.sleep(backoff.next());
        return Next::again;
      }
      case AttemptOutcome::too_harmful: return stop_too_harmful(context, attempt);
      case AttemptOutcome::outside: --context.report.attempts; continue;
      case AttemptOutcome::busy:
        note_busy(context, attempt);
        if (context.budget_left() == milliseconds(0) ||
            context.report.attempts >= context.options.max_attempts) {
          return stop_out_of_time(context, attempt.error.sqlstate);
        }
        break;
    }
    context.rests_until = context.world.clock.now() + std::min(backoff.next(), context.budget_left());
  }
}

/// The shortest lock_timeout of its statements.
milliseconds longest_queueing(const Step& step, const RunOptions& options) {
  milliseconds shortest = options.lock_timeout;
  for (const PlannedStatement& statement : step.statements) {
    shortest = std::min(shortest, lock_timeout_of(options, statement));
  }
  return shortest;
}

StepReport pending_report(const PlannedFile& file, const Step& step) {
  StepReport report;
  report.id = step.id;
  report.migration = file.analysis.migration.id;
  report.phase = file.analysis.migration.phase;
  report.in_transaction = step.in_transaction;
  return report;
}

StepContext context_of(const PlannedFile& file, const Step& step, StepReport& report, Run& run) {
  const auto now = run.world.clock.now();
  return {.file = file,
          .step = step,
          .report = report,
          .worker = run.worker,
          .observer = run.observer,
          .world = run.world,
          .options = run.options,
          .started = now,
          .deadline = now + step.limits.lock_budget.value_or(run.options.lock_budget),
          .last_seen_waiting = now,
          .residuals = Residuals(longest_queueing(step, run.options), run.options.tolerated),
          .evictor = Evictor(run.world, run.options.blockers),
          .rests_until = now,
          .told_at = now,
          .shown_at = {}};
}

void tell_started(const Step& step, std::size_t index, std::size_t count, const World& world) {
  world.emit(
      {.severity = Severity::info,
       .name = "step-started",
       .subject = step.id,
       .message = cat(count_of(step.statements.size(), "statement"),
                      step.in_transaction ? "" : ", outside transactions"),
       .fields = {{"step", static_cast<long long>(index + 1)}, {"steps", static_cast<long long>(count)}},
       .detail = true});
}

StepEnd run_planned_step(const PlannedFile& file, const Step& step, StepReport& report, Run& run) {
  StepContext context = context_of(file, step, report, run);
  bool done = false;
  if (run.plan_is_old && read_done(context.session(), context.target(), done).ok && done) {
    report.state = StepState::applied;
    context.emit(Severity::info, "step-applied", "is applied, says the ledger");
    return Next::go_on;
  }
  return run_step(context, run);
}

// ---- the run ----------------------------------------------------------------------------------------------------

struct PendingStep {
  const PlannedFile& file;
  const Step& step;
};

std::vector<PendingStep> pending_steps(const Plan& plan) {
  std::vector<PendingStep> steps;
  std::vector<PendingStep> later;
  for (const PlannedFile& file : plan.files) {
    const bool comes_last = plan.contract_last && file.analysis.migration.phase == Phase::contract;
    for (const Step& step : file.steps) {
      (comes_last ? later : steps).push_back({.file = file, .step = step});
    }
  }
  for (const PendingStep& step : later) {
    steps.push_back(step);
  }
  return steps;
}

/// A standby that has been promoted may lack what was committed last. Everything from there on is done again, in order.
std::size_t first_not_done(const std::vector<PendingStep>& steps, std::size_t before, RunReport& report,
                           Run& run) {
  for (std::size_t i = 0; i < before; ++i) {
    StepContext context = context_of(steps[i].file, steps[i].step, report.steps[i], run);
    bool done = true;
    if (read_done(context.session(), context.target(), done).ok && !done) {
      context.emit(Severity::warning, "step-lost", "was committed on a server that is gone: it runs again");
      return i;
    }
  }
  return before;
}

std::optional<Stop> run_steps(const std::vector<PendingStep>& steps, RunReport& report, Run& run,
                              std::size_t& next) {
  while (next < steps.size()) {
    const auto& [file, step] = steps[next];
    tell_started(step, next, steps.size(), run.world);
    StepEnd end = run_planned_step(file, step, report.steps[next], run);
    if (auto* stop = std::get_if<Stop>(&end)) {
      return std::move(*stop);
    }
    next = std::get<Next>(end) == Next::again ? first_not_done(steps, next, report, run) : next + 1;
  }
  return std::nullopt;
}

void tell_applied(const std::vector<PendingStep>& steps, RunReport& report) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].step.last && report.steps[i].state == StepState::applied) {
      report.applied.push_back(steps[i].file.analysis.migration.id);
    }
  }
}

/// What had been committed on a server that is gone, and is not on the new one, is to be done: `next` is the first of it.
void go_back(const std::vector<PendingStep>& steps, RunReport& report, Run& run, std::size_t& next) {
  const std::size_t first = first_not_done(steps, next, report, run);
  for (std::size_t i = first; i < next; ++i) report.steps[i].state = StepState::pending;
  next = first;
}

SqlResult close_run(const RunReport& report, const std::optional<Stop>& stop, std::size_t next, Run& run) {
  const bool good = !stop || stop->code == ExitCode::ok;
  return close_run(run.worker, run.world, run.options, stop ? to_string(report.steps[next].state) : "applied",
                   good ? run.options.good_end : stop->code);
}

/// What the run ends with when the ledger could not be told of its end: nobody knows whether all of it is on the disk.
Stop stop_unconfirmed(const World& world, const SqlResult& closed) {
  if (is_interrupted(world))
    return {.code = interrupted_code(world.interrupt), .message = "interrupted at its end", .hint = {}};
  const std::string why = printable_line(closed.error.message);
  if (!closed.connection_lost) {
    return {.code = ExitCode::precondition,
            .message = cat("cannot tell the ledger of the end of the run: ", why),
            .hint = k_other_role_hint};
  }
  return {
      .code = ExitCode::unreachable,
      .message = cat("lost the server behind the last step, before it said that all is on its disk: ", why),
      .hint = "Run it again when the server is back: it does what is missing, if anything is."};
}

/// The server, lost behind the last step, is there again.
bool is_back(Run& run, const SqlResult& closed) {
  if (!closed.connection_lost || is_interrupted(run.world)) return false;
  run.world.emit(
      {.severity = Severity::warning,
       .name = "connection-lost",
       .message = cat("lost the server behind the last step: ", printable_line(closed.error.message))});
  try {
    connect_again(run);
  } catch (const Error&) {  // the end of the run says it
    return false;
  }
  run.world.emit({.severity = Severity::info, .name = "reconnected", .message = "connected again"});
  return true;
}

/// Runs the steps, and tells the ledger of the end: that is when all that they have committed is on the disk.
std::optional<Stop> run_to_end(const std::vector<PendingStep>& steps, RunReport& report, Run& run,
                               std::size_t& next) {
  for (int losses = 0;; ++losses) {
    std::optional<Stop> stop = run_steps(steps, report, run, next);
    if (!run.worker.session) return stop;
    const SqlResult closed = close_run(report, stop, next, run);
    if (closed.ok) return stop;
    const bool failed = stop && stop->code != ExitCode::ok;
    if (losses == k_most_losses || !is_back(run, closed))
      return failed ? std::move(stop) : stop_unconfirmed(run.world, closed);
    std::size_t first = next;
    go_back(steps, report, run, first);
    if (failed) {
      close_run(report, stop, next, run);
      return stop;
    }
    next = first;  // what is lost, and what is held, or detached, is asked again
  }
}

}  // namespace

std::string_view to_string(StepState state) {
  switch (state) {
    case StepState::pending: return "pending";
    case StepState::applied: return "applied";
    case StepState::failed: return "failed";
    case StepState::lock_budget: return "lock-budget";
    case StepState::stall_budget: return "stall-budget";
    case StepState::interrupted: return "interrupted";
    case StepState::unreachable: return "unreachable";
    case StepState::refused: return "refused";
    case StepState::fenced: return "fenced";
    case StepState::detached: return "detached";
    case StepState::held: return "held";
  }
  return "pending";
}

RunReport execute(const Plan& plan, Worker& worker, const World& world, const RunOptions& options) {
  const std::vector<PendingStep> steps = pending_steps(plan);
  RunReport report;
  report.run_id = world.run_id;
  for (const auto& [file, step] : steps) {
    report.steps.push_back(pending_report(file, step));
  }
  if (steps.empty()) {
    report.message = "nothing to do";
    return report;
  }
  open_run(worker, world, options);
  Run run{.worker = worker,
          .observer = Observer(world, std::move(worker.onlooker)),
          .heartbeat = Heartbeat(world, options, worker.token),
          .world = world,
          .options = options};
  std::size_t next = 0;
  const std::optional<Stop> stop = run_to_end(steps, report, run, next);
  tell_applied(steps, report);
  report.message = stop && !stop->message.empty() ? stop->message : summary(report);
  if (stop && next + 1 < steps.size() && report.steps[next].state == StepState::held)
    report.message += "; what comes after the step that is held waits for the next run";
  report.hint = stop ? stop->hint : "";
  report.code = stop ? stop->code : ExitCode::ok;
  return report;
}

}  // namespace pgsluice
