// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether a backfill harms somebody: replicas that fall behind, WAL that nobody can throw away, a vacuum that has to do with
// the same table. Looks from a session of its own, which keeps no snapshot open.

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "pgsluice/execute.hpp"

namespace pgsluice {

struct Pressure {
  std::string reason;   ///< to wait; empty: none
  bool vacuum = false;  ///< an ordinary autovacuum works on the table: reason enough to go slowly
};

class Throttle {
 public:
  explicit Throttle(const World& world) : world_(world) {}

  /// The table whose vacuum counts, by its oid.
  void watch(std::string oid) { oid_ = std::move(oid); }

  /// Asks once a second; in between the last answer stands.
  const Pressure& look(milliseconds max_lag);

 private:
  struct Sample {
    Clock::time_point at;
    long long lsn = 0;
  };

  bool connected();
  SqlResult ask(std::string_view sql, std::vector<SqlValue> parameters);
  std::string lagging_replica(milliseconds max_lag);
  milliseconds age_of(long long lsn) const;
  std::string wal_in_danger();
  void look_for_vacuum();

  const World& world_;
  std::string oid_;
  std::unique_ptr<Session> session_;
  std::deque<Sample> samples_;  ///< where the server's WAL ended when
  std::optional<Clock::time_point> looked_;
  Pressure pressure_;
};

}  // namespace pgsluice
