// SPDX-License-Identifier: Apache-2.0
#include "execute/throttle.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "pgsluice/migration.hpp"

namespace pgsluice {
namespace {

constexpr milliseconds k_interval{1'000};
constexpr std::size_t k_most_samples = 3'600;

// A copy of the cluster that is being made is no replica yet.
constexpr std::string_view k_replicas =
    "SELECT application_name, coalesce((extract(epoch FROM replay_lag) * 1000)::bigint, 0),"
    " coalesce(pg_wal_lsn_diff(replay_lsn, '0/0'), 0)::bigint FROM pg_stat_replication"
    " WHERE state IN ('streaming', 'catchup') AND replay_lsn IS NOT NULL";
constexpr std::string_view k_wal_end = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint";

// safe_wal_size: how much more may be written before the slot is lost.
constexpr std::string_view k_slots =
    "SELECT slot_name FROM pg_replication_slots WHERE wal_status = 'unreserved' OR safe_wal_size IS NOT NULL"
    " AND safe_wal_size < pg_size_bytes(current_setting('max_slot_wal_keep_size')) / 10 LIMIT 1";
constexpr std::string_view k_archiver =
    "SELECT 1 FROM pg_stat_archiver WHERE current_setting('archive_mode') <> 'off'"
    " AND last_failed_time > coalesce(last_archived_time, '-infinity')";

// A role that may not see what a session is counts it as a vacuum: few others take this lock.
constexpr std::string_view k_vacuum =
    "SELECT coalesce(bool_or(a.query LIKE '%to prevent wraparound%'), false), count(*) FROM pg_locks l"
    " LEFT JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.locktype = 'relation' AND l.granted"
    " AND l.mode = 'ShareUpdateExclusiveLock'"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND (l.relation = $1::oid OR l.relation IN (SELECT relid FROM pg_partition_tree($1::oid::regclass)))"
    " AND coalesce(a.backend_type, 'autovacuum worker') = 'autovacuum worker'";

}  // namespace

bool Throttle::connected() {
  if (!session_) {
    auto connected = world_.connect();
    if (auto* session = std::get_if<std::unique_ptr<Session>>(&connected)) {
      session_ = std::move(*session);
      session_->script("SET statement_timeout = '5s'; SET lock_timeout = '1s'");
    }
  }
  return session_ != nullptr;
}

// Without an answer nothing is known, and nothing is held back: the backfill itself will notice a server that is gone.
SqlResult Throttle::ask(std::string_view sql, std::vector<SqlValue> parameters) {
  if (!connected()) {
    return {};
  }
  SqlResult result = session_->query(sql, std::move(parameters));
  if (result.connection_lost) {
    session_.reset();
  }
  return result;
}

// replay_lag is what a replica said last. One that has stopped to replay says nothing more, but we know when the server
// had written what it still lacks.
milliseconds Throttle::age_of(long long lsn) const {
  for (const Sample& sample : samples_) {
    if (sample.lsn > lsn) {
      return std::chrono::duration_cast<milliseconds>(world_.clock.now() - sample.at);
    }
  }
  return milliseconds(0);
}

std::string Throttle::lagging_replica(milliseconds max_lag) {
  const SqlResult replicas = ask(k_replicas, {});
  for (std::size_t row = 0; row < replicas.rows.size(); ++row) {
    const milliseconds said(replicas.number(row, 1).value_or(0));
    const milliseconds lag = std::max(said, age_of(replicas.number(row, 2).value_or(0)));
    if (lag > max_lag) {
      return cat("replica ", printable_line(replicas.text(row, 0)), " is ",
                 format_duration(milliseconds(lag.count() / 100 * 100)), " behind");
    }
  }
  const SqlResult end = replicas.rows.empty() ? SqlResult{} : ask(k_wal_end, {});
  if (const auto lsn = end.number(0, 0); lsn && (samples_.empty() || samples_.back().lsn < *lsn)) {
    samples_.push_back({.at = world_.clock.now(), .lsn = *lsn});
    if (samples_.size() > k_most_samples) {
      samples_.pop_front();
    }
  }
  return {};
}

std::string Throttle::wal_in_danger() {
  if (connected() && session_->server_version_num() >= 130000) {
    const SqlResult slots = ask(k_slots, {});
    if (!slots.rows.empty()) {
      return cat("replication slot ", printable_line(slots.text(0, 0)),
                 " is about to lose WAL that it needs");
    }
  }
  return ask(k_archiver, {}).rows.empty() ? "" : "WAL cannot be archived, and fills the disk";
}

void Throttle::look_for_vacuum() {
  const SqlResult vacuum = ask(k_vacuum, {oid_});
  pressure_.vacuum = vacuum.number(0, 1).value_or(0) > 0;
  if (pressure_.reason.empty() && vacuum.truth(0, 0)) {
    pressure_.reason = "an autovacuum works on the table to prevent wraparound";
  }
}

const Pressure& Throttle::look(milliseconds max_lag) {
  const auto now = world_.clock.now();
  if (!looked_ || now - *looked_ >= k_interval) {
    looked_ = now;
    pressure_.reason = lagging_replica(max_lag);
    if (pressure_.reason.empty()) {
      pressure_.reason = wal_in_danger();
    }
    look_for_vacuum();
  }
  return pressure_;
}

}  // namespace pgsluice
