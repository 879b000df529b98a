// SPDX-License-Identifier: Apache-2.0
#include "execute/lease.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.hpp"
#include "base/version.hpp"
#include "execute/ledger.hpp"
#include "execute/settings.hpp"
#include "execute/stop.hpp"
#include "pg/literal.hpp"
#include "pgsluice/migration.hpp"

namespace pgsluice {
namespace {

constexpr milliseconds k_poll{200};

std::string sessions_of(std::string_view run_id) {
  return cat("pgsluice/", run_id);
}

SqlResult answered(SqlResult result, std::string_view doing) {
  if (!result.ok) {
    throw Error(ExitCode::unreachable, cat("cannot ", doing, ": ", result.error.message));
  }
  return result;
}

/// The client has been silent for so long that it is dead, frozen or cut off. What it has begun is rolled back, and it
/// cannot write the ledger any more, should it wake up.
void end_orphans(Session& session, const World& world, const LeaseHolder& holder) {
  const SqlResult ended = session.query(
      "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
      " AND application_name = $1 AND pid <> pg_backend_pid()",
      {sessions_of(holder.run_id)});
  for (std::size_t row = 0; row < ended.rows.size(); ++row) {
    world.emit({.severity = Severity::warning,
                .name = "orphan-ended",
                .message = cat("ended pid ", ended.text(row, 0), " of a run without a heartbeat: ",
                               printable_line(holder.run_id), " on ", printable_line(holder.owner)),
                .fields = {{"pid", ended.number(row, 0).value_or(0)}}});
  }
}

// ---- the run lock -----------------------------------------------------------------------------------------------

std::string named(const ActiveRun& run, const LeaseHolder& lease) {
  const bool has_lease = run.application_name == sessions_of(lease.run_id);
  return cat("pid ", std::to_string(run.pid),
             run.application_name.empty() ? "" : " " + printable_line(run.application_name),
             run.user.empty() ? "" : ", role " + printable_line(run.user),
             run.since.empty() ? "" : ", since " + run.since,
             has_lease ? cat(", on ", printable_line(lease.owner), ", heartbeat ",
                             format_duration(milliseconds(lease.heartbeat_age_ms)), " ago")
                       : "");
}

bool try_run_lock(Session& session) {
  return answered(session.query(try_run_lock_sql(), {}), "take the run lock").truth(0, 0);
}

constexpr const char* k_wait_hint =
    "Wait for it, or raise --wait-for-run. A run whose process is gone is ended as soon as its lease has "
    "expired; pg_terminate_backend() ends it at once.";

// ---- the lease --------------------------------------------------------------------------------------------------

// Whoever holds the advisory lock, as we do, may take the lease of a run that has no session left: its next write would
// fail. A role without pg_read_all_stats does not see other roles' application_name; then it must have expired, too.
// Not only the next token: a failover may have lost the last ones, and what has been shown once must not return.
constexpr std::string_view k_take =
    "WITH held AS MATERIALIZED (SELECT l.*, l.run_id IS NULL OR l.run_id = $1::uuid OR"
    " NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = current_database()"
    " AND a.application_name = 'pgsluice/' || l.run_id) AND (l.expires_at < clock_timestamp() OR NOT EXISTS ("
    "SELECT FROM pg_stat_activity a WHERE a.datname = current_database() AND a.pid = l.backend_pid"
    " AND a.application_name IS NULL)) AS is_free FROM pgsluice.lease l WHERE l.scope = 'run' FOR UPDATE),"
    " taken AS (UPDATE pgsluice.lease l SET run_id = $1::uuid,"
    " token = greatest(l.token + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint), owner = $2,"
    " backend_pid = pg_backend_pid(), acquired_at = clock_timestamp(), heartbeat_at = clock_timestamp(),"
    " expires_at = clock_timestamp() + $3::bigint * interval '1 millisecond'"
    " FROM held WHERE l.scope = 'run' AND held.is_free RETURNING l.token),"
    " begun AS (INSERT INTO pgsluice.run (id, command, tool_version, client, backend_pid, server_version_num,"
    " search_path, release, app) SELECT $1::uuid, $4::text, $5::text, inet_client_addr()::text,"
    " pg_backend_pid(), $6::integer, $7::text, nullif($8::text, ''), nullif($9::text, '') FROM taken"
    " ON CONFLICT (id) DO UPDATE SET backend_pid = excluded.backend_pid)"
    " SELECT coalesce(run_id::text, ''), coalesce(owner, ''), coalesce(backend_pid, 0),"
    " coalesce((extract(epoch FROM clock_timestamp() - heartbeat_at) * 1000)::bigint, 0),"
    " coalesce(expires_at < clock_timestamp(), true), (SELECT token FROM taken) FROM held";

struct Taken {
  LeaseHolder before;
  std::optional<long long> token;  ///< none: somebody who may be alive has it
};

Taken try_lease(const Worker& worker, const World& world, const RunOptions& options) {
  Session& session = *worker.session;
  const SqlResult row =
      answered(session.query(
                   k_take, {world.run_id, world.owner, std::to_string(options.lease.count()), options.command,
                            std::string(k_version), std::to_string(session.server_version_num()),
                            worker.search_path, options.release, options.app}),
               "take the lease");
  return {.before = {.run_id = row.text(0, 0),
                     .owner = row.text(0, 1),
                     .backend_pid = static_cast<int>(row.number(0, 2).value_or(0)),
                     .heartbeat_age_ms = row.number(0, 3).value_or(0),
                     .expired = row.truth(0, 4)},
          .token = row.number(0, 5)};
}

/// Makes the lease ours, within options.wait_for_run, and worker.token its token, and writes a row of the run.
void take_lease(Worker& worker, const World& world, const RunOptions& options) {
  const auto start = world.clock.now();
  for (bool told = false;; told = true) {
    const Taken taken = try_lease(worker, world, options);
    if (taken.token) {
      worker.token = *taken.token;
      return;
    }
    const std::string who =
        cat("run ", printable_line(taken.before.run_id), " on ", printable_line(taken.before.owner),
            ", heartbeat ", format_duration(milliseconds(taken.before.heartbeat_age_ms)), " ago");
    if (world.clock.now() - start >= options.wait_for_run) {
      throw Error(ExitCode::other_run, cat("another run has the lease: ", who), k_wait_hint);
    }
    if (!told) {
      world.emit({.severity = Severity::info,
                  .name = "run-waiting",
                  .message = cat("waiting for the lease of ", who)});
    }
    if (taken.before.expired) {
      end_orphans(*worker.session, world, taken.before);
    }
    // It has lost its session, and needs the lock to go on.
    answered(worker.session->query("SELECT pg_advisory_unlock($1::bigint)", {std::to_string(k_run_lock_key)}),
             "give back the run lock");
    world.clock.sleep(k_poll);
    stop_if_interrupted(world);
    take_run_lock(*worker.session, world, options);
  }
}

}  // namespace

std::string try_run_lock_sql() {
  return cat("SELECT pg_try_advisory_lock(", std::to_string(k_run_lock_key), ")");
}

// Polled, never waited for: a session that waits for an advisory lock holds a snapshot, and the CREATE INDEX
// CONCURRENTLY of the run that has the lock would wait for that.
void take_run_lock(Session& session, const World& world, const RunOptions& options) {
  const auto start = world.clock.now();
  int told_pid = -1;
  while (!try_run_lock(session)) {
    const Ledger ledger = read_ledger(session);
    const ActiveRun holder = ledger.active.value_or(ActiveRun{});
    if (world.clock.now() - start >= options.wait_for_run) {
      throw Error(ExitCode::other_run, cat("another run is active: ", named(holder, ledger.lease)),
                  k_wait_hint);
    }
    if (holder.pid != told_pid) {
      told_pid = holder.pid;
      world.emit({.severity = Severity::info,
                  .name = "run-waiting",
                  .message = cat("waiting for another run: ", named(holder, ledger.lease)),
                  .fields = {{"pid", static_cast<long long>(holder.pid)}}});
    }
    if (!ledger.lease.run_id.empty() && ledger.lease.expired &&
        holder.application_name == sessions_of(ledger.lease.run_id)) {
      end_orphans(session, world, ledger.lease);
    }
    world.clock.sleep(k_poll);
    stop_if_interrupted(world);
  }
}

void bring_up_to_date(Worker& worker) {
  Ledger& ledger = worker.ledger;
  if (!ledger.exists) {
    create_ledger(*worker.session, worker.binding);
    ledger.bound_to = worker.binding;
  } else if (ledger.version < k_ledger_version) {
    bring_forward(*worker.session, ledger.version);
  }
  ledger.exists = true;
  ledger.version = k_ledger_version;
}

void open_run(Worker& worker, const World& world, const RunOptions& options) {
  bring_up_to_date(worker);
  take_lease(worker, world, options);
}

void replace_worker(Worker& worker, const World& world, RunOptions options) {
  // The session that was lost may still be at work, and holds the run lock as long.
  options.wait_for_run = std::max(options.wait_for_run, options.wait_for_db);
  worker.session.reset();
  worker = open_worker(world, options);
  open_run(worker, world, options);
}

// One message, which begins with our own settings: a file may have left others behind. Where it fails, and nobody connects
// again, the lease expires.
SqlResult close_run(const Worker& worker, const World& world, const RunOptions& options,
                    std::string_view outcome, ExitCode code) {
  return worker.session->script(
      cat(reset_script(options, worker.session->server_version_num()),
          "; UPDATE pgsluice.run SET finished_at = clock_timestamp(), outcome = ",
          pg::literal(std::string(outcome), "text"), ", exit_code = ", std::to_string(static_cast<int>(code)),
          " WHERE id = ", pg::literal(world.run_id, "uuid"),
          "; UPDATE pgsluice.lease SET run_id = NULL, owner = NULL, backend_pid = NULL, expires_at = NULL"
          " WHERE scope = 'run' AND token = ",
          std::to_string(worker.token)));
}

// ---- heartbeat --------------------------------------------------------------------------------------------------

Heartbeat::Heartbeat(const World& world, const RunOptions& options, long long token)
    : world_(world), interval_(options.heartbeat), lease_(options.lease), token_(token) {
  if (interval_ > milliseconds(0)) {
    thread_ = std::thread([this] { run(); });
  }
}

Heartbeat::~Heartbeat() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  stop_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Heartbeat::set_token(long long token) {
  const std::lock_guard lock(mutex_);
  token_ = token;
}

// In real time: the lease is measured by the server's clock.
void Heartbeat::run() {
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, interval_, [this] { return stopped_; })) {
    const long long token = token_;
    lock.unlock();
    beat(token);
    lock.lock();
  }
}

// A beat that fails is no reason to stop: the next one may succeed, and if none does, the writes of the ledger tell.
void Heartbeat::beat(long long token) noexcept try {
  if (!session_) {
    auto connected = world_.connect();
    if (auto* session = std::get_if<std::unique_ptr<Session>>(&connected)) {
      session_ = std::move(*session);
      session_->script("SET statement_timeout = '5s'; SET lock_timeout = '5s'");
    }
  }
  if (session_ && session_
                      ->query("UPDATE pgsluice.lease SET heartbeat_at = clock_timestamp(),"
                              " expires_at = clock_timestamp() + $2::bigint * interval '1 millisecond'"
                              " WHERE scope = 'run' AND token = $1::bigint",
                              {std::to_string(token), std::to_string(lease_.count())})
                      .connection_lost) {
    session_.reset();
  }
} catch (...) {  // out of memory, or no thread to connect with: as a beat that fails
}

}  // namespace pgsluice
