// SPDX-License-Identifier: Apache-2.0
#pragma once

// Looking at a live server from a second session: who holds what a step needs, who waits behind it. The second
// session never keeps a transaction open, so it can never be what a concurrent index build waits for.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pgsluice/execute.hpp"

namespace pgsluice {

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

class Observer {
 public:
  explicit Observer(const World& world) : world_(world) {}

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
  std::unique_ptr<Session> session_;
};

}  // namespace pgsluice
