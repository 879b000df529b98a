// SPDX-License-Identifier: Apache-2.0
#pragma once

// Looking at a live server from a second session: who holds what a step needs, who waits behind it. The second
// session never keeps a transaction open, so it can never be what a concurrent index build waits for.

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/execute.hpp"

namespace pgsluice {

/// For a query: the GRANT without which a role cannot see age and query of other roles' transactions; empty: none.
inline constexpr std::string_view k_missing_stats_grant =
    "CASE WHEN pg_has_role('pg_read_all_stats', 'USAGE') THEN ''"
    " ELSE format('GRANT pg_read_all_stats TO %I;', current_user) END";

/// Who stands in the way of a running statement, and who stands behind it.
struct QueueView {
  std::vector<Blocker> blockers;
  std::vector<int> victims;  ///< pids
};

/// Works on the table and gives way to somebody who waits for SHARE UPDATE EXCLUSIVE longer than deadlock_timeout; such
/// a wait blocks neither reads nor writes.
bool gives_way(const Blocker& blocker);
/// A session like any other, of whose transactions one can learn how long they last.
bool is_ordinary(const Blocker& blocker);

/// Connects the second session from a thread, while the first one reads the catalog: where the server is busy, a session
/// waits long for its first turn.
std::future<std::unique_ptr<Session>> call_onlooker(const World& world);

class Observer {
 public:
  /// `onlooker`: what call_onlooker() gave; may be invalid.
  explicit Observer(const World& world, std::future<std::unique_ptr<Session>> onlooker = {})
      : world_(world), onlooker_(std::move(onlooker)) {}

  /// Holders of locks that conflict with `locks`, oldest transaction first, `own_pid` left out. Nothing when the
  /// server cannot be asked: the lock_timeout of the attempt still protects the application.
  std::vector<Blocker> holders(const std::vector<RelationLock>& locks, int own_pid);
  QueueView queue(int own_pid);
  /// Cancels the query of a session or ends it, when it is still the same transaction and no superuser's. Why it was not
  /// done; empty: it was, or the transaction is over.
  std::string evict(const Blocker& blocker, bool cancel);
  /// How far a build, a rewrite or a vacuum of that session is, in words; empty: nothing to say.
  std::string progress(int own_pid);
  /// The oldest transaction whose snapshot a concurrent build will have to wait for.
  std::optional<Blocker> oldest_snapshot(int own_pid);

 private:
  SqlResult ask(const std::string& sql, const std::vector<SqlValue>& parameters);

  const World& world_;
  std::future<std::unique_ptr<Session>> onlooker_;
  std::unique_ptr<Session> session_;
};

}  // namespace pgsluice
