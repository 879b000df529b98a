// SPDX-License-Identifier: Apache-2.0
// From "no connection" to a worker: waiting for the database, our settings, the right target, and the run lock.

#include <algorithm>

#include "base/signals.hpp"
#include "base/text.hpp"
#include "execute/blockers.hpp"
#include "execute/lease.hpp"
#include "execute/ledger.hpp"
#include "execute/settings.hpp"
#include "execute/stop.hpp"
#include "pg/arrays.hpp"
#include "pgsluice/execute.hpp"
#include "pgsluice/migration.hpp"

namespace pgsluice {
namespace {

constexpr milliseconds k_first_pause{200};
constexpr milliseconds k_longest_pause{2'000};

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

/// The settings, what the session is and sees with them, and a try to take the run lock: says whether it was free.
bool settle(Worker& worker, const RunOptions& options) {
  bool has_lock = false;
  pg::Questions questions;
  questions.ask(cat("SELECT ", k_binding_columns,
                    ", current_setting('search_path'), current_schemas(false)::text, pg_backend_pid(), ",
                    k_ledger_exists, ", ", k_missing_stats_grant),
                [&](const SqlResult& found) {
                  worker.binding = binding_of(found);
                  worker.search_path = found.text(0, 2);
                  worker.schemas = pg::parse_texts(found.text(0, 3));
                  // Behind a pooler the session's own number is the pooler's.
                  worker.backend_pid = static_cast<int>(found.number(0, 4).value_or(0));
                  worker.ledger.exists = found.truth(0, 5);
                  worker.stats_grant = found.text(0, 6);
                });
  questions.ask(try_run_lock_sql(), [&](const SqlResult& tried) { has_lock = tried.truth(0, 0); });
  make_settings(*worker.session, options, std::move(questions));
  return has_lock;
}

Worker make_worker(std::unique_ptr<Session> session, const World& world, const RunOptions& options) {
  Worker worker;
  worker.session = std::move(session);
  // Before anything is set: what is shared would carry our settings to others.
  expect_own_backend(*worker.session, world.connect);
  const bool has_lock = settle(worker, options);
  worker.ledger = read_ledger_head(*worker.session, worker.ledger.exists);
  expect_target(worker.ledger, worker.binding);
  if (!has_lock) {
    take_run_lock(*worker.session, world, options);
    // Whoever had it may have made the ledger, or brought it forward.
    worker.ledger = read_ledger_head(*worker.session);
  }
  return worker;
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

bool begins_anew(const Error& error, int tries, const World& world) {
  constexpr int most_tries = 5;
  if (error.code() != ExitCode::unreachable || tries >= most_tries || is_interrupted(world)) {
    return false;
  }
  world.emit({.severity = Severity::warning,
              .name = "connection-lost",
              .message = cat("lost the server before the first step, and begins anew: ",
                             printable_line(error.what()))});
  return true;
}

Worker open_worker(const World& world, const RunOptions& options) {
  for (int tries = 1;; ++tries) {
    std::unique_ptr<Session> session = open_session(world, options);
    try {
      return make_worker(std::move(session), world, options);
    } catch (const Error& error) {
      if (!begins_anew(error, tries, world)) {
        throw;
      }
    }
  }
}

}  // namespace pgsluice
