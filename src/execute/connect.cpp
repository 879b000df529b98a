// SPDX-License-Identifier: Apache-2.0
// From "no connection" to a worker: waiting for the database, our settings, the right target, and the run lock.

#include <algorithm>

#include "base/signals.hpp"
#include "base/text.hpp"
#include "execute/settings.hpp"
#include "execute/stop.hpp"
#include "pg/arrays.hpp"
#include "pgsluice/execute.hpp"
#include "pgsluice/migration.hpp"

namespace pgsluice {
namespace {

constexpr milliseconds k_first_pause{200};
constexpr milliseconds k_longest_pause{2'000};
constexpr milliseconds k_lock_poll{200};

// A server that has just been promoted, or is about to be: writable is what we wait for.
std::optional<std::string> why_not_writable(Session& session) {
  const SqlResult state =
      session.query("SELECT pg_is_in_recovery(), current_setting('transaction_read_only')", {});
  if (!state.ok) {
    return state.error.message;
  }
  if (state.truth(0, 0)) {
    return "the server is a standby (in recovery)";
  }
  return state.text(0, 1) == "on" ? std::optional<std::string>("the server is read-only") : std::nullopt;
}

std::variant<std::unique_ptr<Session>, NoSession> connect_writable(const World& world) {
  auto result = world.connect();
  if (auto* session = std::get_if<std::unique_ptr<Session>>(&result)) {
    if (const auto reason = why_not_writable(**session)) {
      return NoSession{.message = *reason, .permanent = false};
    }
  }
  return result;
}

Error unreachable(const World& world, const NoSession& failure, milliseconds waited) {
  const std::string message =
      cat("cannot use ", printable_line(world.target), ": ", printable_line(failure.message));
  return {ExitCode::unreachable, message,
          failure.permanent ? std::string("Waiting would not help: check role, password and pg_hba.conf.")
                            : cat("Gave up after ", format_duration(milliseconds(waited.count() / 100 * 100)),
                                  " (--wait-for-db).")};
}

// ---- the run lock -------------------------------------------------------------------------------------------------

std::string named(const ActiveRun& run) {
  return cat("pid ", std::to_string(run.pid),
             run.application_name.empty() ? "" : " " + printable_line(run.application_name),
             run.user.empty() ? "" : ", role " + printable_line(run.user),
             run.since.empty() ? "" : ", since " + run.since);
}

bool try_run_lock(Session& session) {
  const SqlResult result =
      session.query("SELECT pg_try_advisory_lock($1::bigint)", {std::to_string(k_run_lock_key)});
  if (!result.ok) {
    throw Error(ExitCode::unreachable, cat("cannot take the run lock: ", result.error.message));
  }
  return result.truth(0, 0);
}

// Polled, never waited for: a session that waits for an advisory lock holds a snapshot, and the CREATE INDEX
// CONCURRENTLY of the run that has the lock would wait for that.
void take_run_lock(Session& session, const World& world, milliseconds patience) {
  const auto start = world.clock.now();
  int told_pid = -1;
  while (!try_run_lock(session)) {
    const ActiveRun holder = read_ledger(session).active.value_or(ActiveRun{});
    if (world.clock.now() - start >= patience) {
      throw Error(ExitCode::other_run, cat("another run is active: ", named(holder)),
                  "Wait for it, or raise --wait-for-run. If its process is gone, the server ends its session "
                  "by itself "
                  "when the statement is over; pg_terminate_backend() ends it at once.");
    }
    if (holder.pid != told_pid) {
      told_pid = holder.pid;
      world.emit({.severity = Severity::info,
                  .name = "run-waiting",
                  .message = cat("waiting for another run: ", named(holder)),
                  .fields = {{"pid", static_cast<long long>(holder.pid)}}});
    }
    world.clock.sleep(k_lock_poll);
    stop_if_interrupted(world);
  }
}

void read_search_path(Worker& worker) {
  const SqlResult found =
      worker.session->query("SELECT current_setting('search_path'), current_schemas(false)::text", {});
  worker.search_path = found.text(0, 0);
  worker.schemas = pg::parse_texts(found.text(0, 1));
}

}  // namespace

std::unique_ptr<Session> open_session(const World& world, const RunOptions& options) {
  const auto start = world.clock.now();
  milliseconds pause = k_first_pause;
  std::string told;
  for (;;) {
    auto result = connect_writable(world);
    if (auto* session = std::get_if<std::unique_ptr<Session>>(&result)) {
      return std::move(*session);
    }
    stop_if_interrupted(world);
    const auto& failure = std::get<NoSession>(result);
    const auto waited = std::chrono::duration_cast<milliseconds>(world.clock.now() - start);
    if (failure.permanent || waited + pause > options.wait_for_db) {
      throw unreachable(world, failure, waited);
    }
    if (failure.message != told) {
      told = failure.message;
      world.emit({.severity = Severity::warning,
                  .name = "database-waiting",
                  .message = cat("waiting for ", printable_line(world.target), ": ", printable_line(told))});
    }
    world.clock.sleep(pause);
    stop_if_interrupted(world);
    pause = std::min(pause * 2, k_longest_pause);
  }
}

Worker open_worker(const World& world, const RunOptions& options) {
  Worker worker;
  worker.session = open_session(world, options);
  make_settings(*worker.session, options);
  worker.binding = read_binding(*worker.session);
  read_search_path(worker);
  worker.backend_pid = worker.session->backend_pid();
  expect_target(read_ledger(*worker.session), worker.binding);
  take_run_lock(*worker.session, world, options.wait_for_run);
  return worker;
}

}  // namespace pgsluice
