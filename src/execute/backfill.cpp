// SPDX-License-Identifier: Apache-2.0
// A statement in batches: ranges of a key, one after the other, each in a transaction that also moves the cursor. Whatever
// ends a run, the next one finds in the ledger which rows are done.

#include <algorithm>

#include "base/text.hpp"
#include "execute/backfill_key.hpp"
#include "execute/backfill_row.hpp"
#include "execute/settings.hpp"
#include "execute/step.hpp"
#include "execute/stop.hpp"
#include "execute/throttle.hpp"
#include "pg/arrays.hpp"
#include "pg/sqlstate.hpp"
#include "pgsluice/migration.hpp"

namespace pgsluice {
namespace {

constexpr milliseconds k_default_max_lag{10'000};
constexpr milliseconds k_pause{500};  // between two looks at a row that says "paused"
constexpr milliseconds k_watch_interval{25};
constexpr milliseconds k_patience_of_others{250};
constexpr milliseconds k_tell{5'000};
constexpr milliseconds k_longest_rest{2'000};
constexpr int k_growth = 10;  // max_batch_size, in sizes of the directive

long long rows_of(const std::string& command) {
  const std::size_t space = command.rfind(' ');
  long long rows = 0;
  for (std::size_t i = space == std::string::npos ? command.size() : space + 1; i < command.size(); ++i) {
    rows = rows * 10 + (command[i] - '0');
  }
  return rows;
}

std::vector<SqlValue> bounds(const std::optional<KeyValues>& cursor, const KeyValues& end) {
  std::vector<SqlValue> values;
  for (const std::string& value : cursor.value_or(KeyValues{})) {
    values.emplace_back(value);
  }
  values.insert(values.end(), end.begin(), end.end());
  return values;
}

/// One backfill on its way.
class Batches {
 public:
  explicit Batches(StepContext& context)
      : context_(context), backfill_(*context.step.backfill), throttle_(context.world) {}

  AttemptResult run() {
    if (auto end = start()) {
      return *std::move(end);
    }
    if (context_.options.detach && row_.state != "done") {
      return {.outcome = AttemptOutcome::detached};
    }
    while (row_.state != "done") {
      if (is_interrupted(context_.world)) {
        return {.outcome = AttemptOutcome::interrupted};
      }
      if (auto end = may_go_on() ? one_batch() : std::nullopt) {
        return *std::move(end);
      }
      if (auto end = reread()) {
        return *std::move(end);
      }
    }
    return finish();
  }

 private:
  using End = std::optional<AttemptResult>;

  AttemptResult failed(const SqlResult& result, const PlannedStatement* statement) {
    if (!result.connection_lost && context_.session().in_transaction()) {
      context_.session().script("ROLLBACK");
    }
    return attempt_failure(context_, result, statement);
  }

  AttemptResult refused(std::string message) {
    AttemptResult refusal{.outcome = AttemptOutcome::refused, .statement = &statement()};
    refusal.error.message = std::move(message);
    return refusal;
  }

  [[nodiscard]] const PlannedStatement& statement() const { return context_.step.statements.front(); }

  End reread() {
    const SqlResult result = read_row(context_.session(), context_.target(), row_);
    if (!result.ok) {
      return failed(result, nullptr);
    }
    if (row_.begun && !row_.exists) {
      return refused("its row in pgsluice.backfill is gone, and with it how far it has come");
    }
    return std::nullopt;
  }

  // ---- before the first batch ----

  End start() {
    if (const SqlResult reset = reset_session(context_); !reset.ok) {
      return failed(reset, nullptr);
    }
    if (auto end = reread()) {
      return end;
    }
    if (row_.state == "done") {
      return std::nullopt;  // only the mark in the ledger is missing
    }
    SqlResult result = prepare_session(context_);
    if (result.ok) {
      result = find_key(context_.session(), backfill_, key_);
    }
    if (!result.ok) {
      return failed(result, &statement());
    }
    if (!key_.problem.empty()) {
      return refused(cat("this statement cannot be run in batches: ", key_.problem));
    }
    throttle_.watch(key_.oid);
    return row_.exists ? go_on() : begin();
  }

  End go_on() {
    std::vector<std::string> columns;
    for (const KeyColumn& column : key_.columns) {
      columns.push_back(column.name);
    }
    if (row_.fingerprint != statement().fingerprint || row_.key != columns) {
      return refused("it has begun with another text or another key");
    }
    if (row_.cursor && row_.state != "done") {
      context_.emit(Severity::info, "backfill-resumed", cat("goes on: ", progress()));
    }
    return std::nullopt;
  }

  End begin() {
    const SqlResult greatest = context_.session().query(greatest_key_sql(backfill_, key_), {});
    if (!greatest.ok) {
      return failed(greatest, &statement());
    }
    BackfillRow row{.relation = key_.relation, .estimate = key_.estimate, .batch_size = backfill_.size};
    for (const KeyColumn& column : key_.columns) {
      row.key.push_back(column.name);
    }
    if (!greatest.rows.empty()) {
      row.range_end = pg::parse_texts(greatest.text(0, 0));
    }
    row.max_batch_size = backfill_.size * k_growth;
    row.max_lag = backfill_.max_lag.value_or(k_default_max_lag);
    SqlResult result = reset_session(context_);
    if (result.ok) {
      result = add_row(context_.session(), context_.target(), row);
    }
    return result.ok ? reread() : End(failed(result, nullptr));
  }

  // ---- between two batches ----

  bool may_go_on() {
    if (row_.state == "paused") {
      tell_once("paused", "paused by hand: UPDATE pgsluice.backfill SET state = 'running' to go on");
      context_.world.clock.sleep(k_pause);
      return false;
    }
    const Pressure& pressure = throttle_.look(row_.max_lag);
    if (!pressure.reason.empty()) {
      if (told_ != pressure.reason) {
        set_throttled(context_.session(), context_.target(), pressure.reason);
      }
      tell_once(pressure.reason, cat("waits: ", pressure.reason));
      context_.world.clock.sleep(k_pause);
      return false;
    }
    told_.clear();
    slow_ = pressure.vacuum;
    return true;
  }

  void tell_once(const std::string& what, const std::string& message) {
    context_.show([&] { return message; }, progress_fields());
    if (told_ != what) {
      told_ = what;
      context_.emit(Severity::info, "backfill-waiting", message);
    }
  }

  void rest(milliseconds took) {
    milliseconds pause = row_.sleep;
    if (slow_ || max_victims_ > 0) {  // give them at least as much time as we took
      pause = std::max(pause, std::min(took * 4, k_longest_rest));
    }
    if (pause > milliseconds(0)) {
      context_.world.clock.sleep(pause);
    }
  }

  // ---- one batch ----

  End one_batch() {
    const auto begun = context_.world.clock.now();
    BatchDone batch;
    const PlannedStatement* at = &statement();
    SqlResult result = open();
    if (result.ok) {
      result = find_range(batch);
    }
    if (result.ok && !batch.upto.empty()) {
      result = change_rows(batch);
    }
    if (result.ok) {
      at = nullptr;
      batch.took = context_.since(begun);
      batch.next_size = next_size(batch);
      result = close(batch);
    }
    if (!result.ok) {
      return give_way(result, at);
    }
    context_.deadline = context_.world.clock.now() + lock_budget();  // the budget is for standing still
    walked_since_ += batch.walked;
    tell_progress();
    rest(batch.took);
    return std::nullopt;
  }

  [[nodiscard]] milliseconds lock_budget() const {
    return context_.step.limits.lock_budget.value_or(context_.options.lock_budget);
  }

  SqlResult open() {
    SqlResult result = prepare_session(context_);
    if (result.ok) {
      result = context_.session().query("BEGIN", {});
    }
    return result.ok
               ? context_.session().script(
                     cat("SET LOCAL lock_timeout = ", ms(lock_timeout_of(context_.options, statement())),
                         "; SET LOCAL statement_timeout = ", ms(statement_timeout_of(context_, statement()))))
               : result;
  }

  SqlResult find_range(BatchDone& batch) {
    if (!row_.range_end) {  // the table was empty
      batch.last = true;
      return {};
    }
    std::vector<SqlValue> parameters = bounds(row_.cursor, *row_.range_end);
    parameters.emplace_back(std::to_string(row_.batch_size));
    SqlResult result = context_.session().query(next_rows_sql(backfill_, key_, row_.cursor.has_value()),
                                                std::move(parameters));
    batch.walked = result.number(0, 0).value_or(0);
    batch.last = batch.walked < row_.batch_size;
    batch.upto = batch.last ? *row_.range_end : pg::parse_texts(result.text(0, 1));
    return result;
  }

  SqlResult change_rows(BatchDone& batch) {
    max_victims_ = 0;
    std::optional<Clock::time_point> waited_for_since;
    Query query;
    query.sql = batch_sql(backfill_, key_, row_.cursor.has_value());
    query.parameters = bounds(row_.cursor, batch.upto);
    query.keep_rows = false;
    query.interruptible = Interruptible::yes;
    query.watch.interval = k_watch_interval;
    query.watch.tick = [&] {
      const QueueView view = context_.observer.queue(context_.worker.backend_pid);
      const int victims = static_cast<int>(view.victims.size());
      max_victims_ = std::max(max_victims_, victims);
      context_.report.max_victims = std::max(context_.report.max_victims, victims);
      context_.report.blockers = view.blockers.empty() ? context_.report.blockers : view.blockers;
      const auto now = context_.world.clock.now();
      waited_for_since = victims == 0 ? std::nullopt : std::optional(waited_for_since.value_or(now));
      return waited_for_since && now - *waited_for_since > k_patience_of_others && row_.batch_size > 1;
    };
    SqlResult result = context_.session().run(query);
    context_.session().take_notices();
    batch.done = result.ok ? rows_of(result.command) : 0;
    return result;
  }

  SqlResult close(const BatchDone& batch) {
    SqlResult result = prepare_for_ledger(context_);
    if (result.ok) {
      result = advance_row(context_.session(), context_.target(), row_, batch);
    }
    return result.ok ? commit(context_) : result;
  }

  [[nodiscard]] long long next_size(const BatchDone& batch) const {
    long long size = row_.batch_size;
    if (max_victims_ > 0) {
      size /= 2;
    } else if (batch.took > row_.target) {
      size = std::max(size / 4, size * row_.target.count() / std::max<long long>(batch.took.count(), 1));
    } else if (batch.took * 2 < row_.target && batch.walked == row_.batch_size) {
      size = size * 3 / 2 + 1;
    }
    return std::clamp(size, 1LL, std::max(row_.max_batch_size, 1LL));
  }

  /// Somebody was in the way, or we in theirs: a smaller batch finds its rows free more easily.
  AttemptResult give_way(const SqlResult& result, const PlannedStatement* at) {
    AttemptResult failure = failed(result, at);
    const bool cancelled = failure.outcome == AttemptOutcome::failed && row_.batch_size > 1 &&
                           pg::classify(result.error.sqlstate) == pg::Failure::cancelled;
    if (failure.outcome == AttemptOutcome::busy || cancelled) {
      failure.outcome = AttemptOutcome::busy;
      reset_session(context_);
      set_batch_size(context_.session(), context_.target(), std::max(row_.batch_size / 2, 1LL));
    }
    return failure;
  }

  // ---- telling ----

  [[nodiscard]] std::string progress() const {
    std::string done = cat(std::to_string(row_.walked), " rows of ", row_.relation);
    if (!row_.estimate || *row_.estimate <= 0) {
      return done;
    }
    const long long percent = std::min(99LL, row_.walked * 100 / *row_.estimate);
    return cat(std::to_string(percent), " %, ", done);
  }

  /// Rows in a second, since the last telling.
  [[nodiscard]] long long rate() const {
    return walked_since_ * 1000 / std::max<long long>(context_.since(told_at_).count(), 1);
  }

  [[nodiscard]] std::optional<milliseconds> time_left() const {
    if (!row_.estimate || *row_.estimate <= row_.walked || rate() == 0) return std::nullopt;
    return milliseconds((*row_.estimate - row_.walked) / rate() * 1000);
  }

  [[nodiscard]] std::string progress_message() const {
    const auto left = time_left();
    return cat(printable_line(progress()), ", ", std::to_string(rate()), " rows/s",
               left ? cat(", about ", format_duration(*left), " left") : "");
  }

  [[nodiscard]] EventFields progress_fields() const {
    EventFields fields{{"walked", row_.walked},
                       {"changed", row_.done},
                       {"rows_per_second", rate()},
                       {"batch_size", row_.batch_size}};
    if (row_.estimate) fields.emplace_back("estimate", *row_.estimate);
    if (const auto left = time_left()) fields.emplace_back("eta_ms", left->count());
    return fields;
  }

  void tell_progress() {
    context_.show([&] { return progress_message(); }, progress_fields());
    if (context_.since(told_at_) < k_tell) return;
    context_.world.emit({.severity = Severity::info,
                         .name = "backfill-progress",
                         .subject = context_.step.id,
                         .message = progress_message(),
                         .fields = progress_fields()});
    told_at_ = context_.world.clock.now();
    walked_since_ = 0;
  }

  AttemptResult finish() {
    context_.report.held = context_.since(context_.started);
    const SqlResult result = record_done(context_);
    if (!result.ok) {
      return failed(result, nullptr);
    }
    context_.emit(Severity::info, "backfill-done",
                  printable_line(cat(std::to_string(row_.done), " rows changed, ",
                                     std::to_string(row_.walked), " rows of ", row_.relation, " looked at")));
    return {};
  }

  StepContext& context_;
  const Backfill& backfill_;
  Throttle throttle_;
  BackfillKey key_;
  BackfillRow row_;
  std::string told_;
  bool slow_ = false;
  int max_victims_ = 0;
  long long walked_since_ = 0;  ///< the last telling
  Clock::time_point told_at_ = context_.world.clock.now();
};

}  // namespace

AttemptResult attempt_backfill(StepContext& context) {
  return Batches(context).run();
}

}  // namespace pgsluice
