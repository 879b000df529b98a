// SPDX-License-Identifier: Apache-2.0
#include "execute/step.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/text.hpp"
#include "execute/settings.hpp"
#include "execute/stop.hpp"
#include "pg/sqlstate.hpp"

namespace pgsluice {
namespace {

constexpr milliseconds k_watch_interval{25};
constexpr milliseconds k_calm_watch_interval{500};  // of a statement that has been running for a while
constexpr milliseconds k_settled{2'000};
constexpr milliseconds k_progress_interval{5'000};
constexpr milliseconds k_show_interval{100};

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

/// Whether readers or writers may have to wait for it. Whoever wants to change the table as we do can wait.
bool hurts(const Step& step) {
  return !step.concurrent && std::ranges::any_of(step.locks, [](const RelationLock& lock) {
    return lock.mode > LockMode::ShareUpdateExclusive;
  });
}

/// Whether nobody can be in its way or behind it, as far as is known: it locks nothing that was there before.
bool is_alone(const Step& step) {
  return step.locks.empty() && std::ranges::none_of(step.statements, &PlannedStatement::works);
}

/// Looks at the queue before and behind something that we run.
class QueueWatch {
 public:
  explicit QueueWatch(StepContext& context)
      : context_(context),
        begun_(context.world.clock.now()),
        looked_(begun_),
        waiting_since_(begun_),
        told_progress_(begun_) {}

  /// True: more wait behind us, or for longer, than they should have to.
  bool tick() {
    const bool calm = context_.since(begun_) > k_settled || is_alone(context_.step);
    const bool settled = calm && victims_.empty();
    if (settled && context_.since(looked_) < k_calm_watch_interval) return false;
    looked_ = context_.world.clock.now();
    const QueueView view = context_.observer.queue(context_.worker.backend_pid);
    note_blockers(view.blockers);
    note_victims(view.victims);
    context_.show([&] { return situation(view); });
    tell_progress();
    return is_too_much(view);
  }

 private:
  void note_blockers(const std::vector<Blocker>& blockers) {
    if (blockers.empty()) {
      waiting_since_ = looked_;
      return;
    }
    context_.report.blockers = blockers;
    context_.last_seen_waiting = looked_;
    // A wait inside a running statement: a concurrent index build that waits for old transactions.
    if (blockers.front().pid == told_pid_ || context_.since(waiting_since_) < milliseconds(1'000)) return;
    told_pid_ = blockers.front().pid;
    context_.emit(Severity::info, "step-waiting",
                  cat("waiting inside the statement for ", describe(blockers.front())));
  }

  [[nodiscard]] std::string situation(const QueueView& view) const {
    const std::string time = format_duration(context_.since(begun_));
    const std::string behind =
        victims_.empty() ? "" : cat("; ", count_of(victims_.size(), "session"), " behind us");
    if (!view.blockers.empty()) {
      return cat("queueing for ", time, " behind ", describe(view.blockers.front()), behind);
    }
    return cat(context_.doing, behind);
  }

  void tell_progress() {
    if (context_.since(told_progress_) < k_progress_interval) return;
    told_progress_ = looked_;
    const std::string progress = context_.observer.progress(context_.worker.backend_pid);
    if (!progress.empty()) context_.emit(Severity::info, "step-progress", progress);
  }

  void note_victims(const std::vector<int>& pids) {
    std::map<int, Clock::time_point> victims;
    for (const int pid : pids) {
      const auto before = victims_.find(pid);
      victims[pid] = before == victims_.end() ? looked_ : before->second;
      context_.report.worst_victim = std::max(context_.report.worst_victim, context_.since(victims[pid]));
    }
    victims_ = std::move(victims);
    context_.report.max_victims = std::max(context_.report.max_victims, static_cast<int>(pids.size()));
  }

  [[nodiscard]] bool is_too_much(const QueueView& view) const {
    const RunOptions& options = context_.options;
    if (!hurts(context_.step)) return false;
    const bool too_many = options.max_victims > 0 && std::ssize(victims_) > options.max_victims;
    const auto oldest =
        std::ranges::min_element(victims_, {}, [](const auto& victim) { return victim.second; });
    const bool too_long = options.stall_budget > milliseconds(0) && oldest != victims_.end() &&
                          context_.since(oldest->second) > options.stall_budget;
    if (too_many || too_long) {
      context_.harm = cat(count_of(victims_.size(), "session"), " waited behind ",
                          view.blockers.empty() ? "it while it was at work" : "it in the queue",
                          ", one of them for ", format_duration(context_.since(oldest->second)));
    }
    return too_many || too_long;
  }

  StepContext& context_;
  Clock::time_point begun_;
  Clock::time_point looked_;
  Clock::time_point waiting_since_;
  Clock::time_point told_progress_;
  int told_pid_ = -1;
  std::map<int, Clock::time_point> victims_;  ///< since when they have been seen waiting behind us
};

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

void StepContext::show(const std::function<std::string()>& message, EventFields fields) {
  if (since(shown_at) < k_show_interval) return;
  shown_at = world.clock.now();
  world.emit({.name = "step-now",
              .subject = step.id,
              .message = message(),
              .fields = std::move(fields),
              .live = true});
}

AttemptResult attempt_failure(const StepContext& context, const SqlResult& result,
                              const PlannedStatement* statement) {
  AttemptResult failure{.outcome = AttemptOutcome::failed, .error = result.error, .statement = statement};
  const pg::Failure kind = pg::classify(result.error.sqlstate);
  if (result.error.sqlstate == k_fenced) {
    failure.outcome = AttemptOutcome::fenced;
  } else if (kind == pg::Failure::cancelled && is_interrupted(context.world)) {
    failure.outcome = AttemptOutcome::interrupted;
  } else if (kind == pg::Failure::cancelled && !context.harm.empty()) {
    failure.outcome = AttemptOutcome::too_harmful;
  } else if (result.connection_lost || kind == pg::Failure::connection || kind == pg::Failure::read_only) {
    failure.outcome = AttemptOutcome::lost;
  } else if (kind == pg::Failure::lock_timeout || kind == pg::Failure::conflict) {
    failure.outcome = AttemptOutcome::busy;
  }
  return failure;
}

milliseconds lock_timeout_of(const RunOptions& options, const PlannedStatement& statement) {
  if (statement.limits.lock_timeout &&
      *statement.limits.lock_timeout > milliseconds(0)) {  // 0 would mean for ever
    return *statement.limits.lock_timeout;
  }
  return std::min(options.lock_timeout, statement.file_lock_timeout.value_or(options.lock_timeout));
}

milliseconds statement_timeout_of(const StepContext& context, const PlannedStatement& statement) {
  return statement.limits.statement_timeout.value_or(context.options.statement_timeout);
}

SqlResult reset_session(const StepContext& context) {
  return context.session().script(reset_script(context.options, context.session().server_version_num()));
}

SqlResult record_done(const StepContext& context) {
  return record_done(context.worker, context.target(), context.report,
                     reset_script(context.options, context.session().server_version_num()));
}

SqlResult prepare_session(const StepContext& context) {
  SqlResult result = reset_session(context);
  for (auto setting = context.step.settings.begin(); result.ok && setting != context.step.settings.end();
       ++setting) {
    result = context.session().query(*setting, {});
  }
  return result;
}

SqlResult prepare_for_ledger(const StepContext& context) {
  return context.session().script(k_settings_for_ledger);
}

SqlResult commit(const StepContext& context) {
  return committed(context.session().script("COMMIT"));
}

SqlResult run_watched(StepContext& context, Query query) {
  QueueWatch watch(context);
  context.harm.clear();
  query.interruptible = Interruptible::yes;
  query.watch.interval = k_watch_interval;
  query.watch.tick = [&watch] { return watch.tick(); };
  return context.session().run(query);
}

SqlResult run_statement(StepContext& context, const PlannedStatement& statement, const std::string& sql) {
  Query query;
  query.sql = sql;
  query.keep_rows = false;  // nobody asks for them
  context.doing = sql;
  SqlResult result = run_watched(context, std::move(query));
  report_notices(context);
  if (statement.tag == "DeallocateStmt" || statement.tag == "DiscardStmt") context.worker.done.ready = false;
  if (result.ok && context.step.in_transaction != context.session().in_transaction()) {
    result.ok = false;
    result.error.message = cat("the ", statement.tag, " has changed the transaction that it runs in");
  }
  return result;
}

}  // namespace pgsluice
