// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a statement really does on a server: the locks that it takes, what it rewrites, reads through and builds.

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "preview/seen_catalog.hpp"

namespace pgsluice {

/// Where in the file the statements begin that took each mode of a lock.
using TakenAt = std::map<LockMode, std::size_t>;

/// A relation that a transaction holds.
struct KeptRelation {
  std::string_view name;
  char relkind = relkind::table;
  LockMode mode = LockMode::AccessShare;  ///< the strongest
  const TakenAt* taken_at = nullptr;
};

/// Runs statements one by one on a session that nobody else uses, and looks at the catalogs and at pg_locks after each.
class StatementObserver {
 public:
  /// `catalog` may have been read in transactions before. `look`: settings under which it looks, for files change theirs;
  /// may be empty.
  StatementObserver(Session& session, SeenCatalog& catalog, std::string look = {})
      : session_(session), look_(std::move(look)), catalog_(catalog) {}

  /// Runs it, and looks at nothing: of the observation there is the error, if any, and the time.
  Observation run(const std::string& sql);
  /// A transaction has begun.
  void begin();
  /// What comes would be another transaction, where this one is to stay open.
  void begin_next() {
    catalog_.begin_next();
    taken_.clear();
  }
  /// Inside it: what the statement did, and all locks that the transaction then holds on what the statement touched.
  /// A lock that an earlier statement took is not told again.
  Observation observe(const Statement& statement, const std::string& sql, const Watch& watch = {});
  /// A statement that cannot run in a transaction. `watcher` looks on while it runs, and first stands in its way on
  /// `tables`, so that what waits for older transactions does so long enough to be seen.
  Observation observe_alone(const Statement& statement, const std::string& sql, Session& watcher,
                            const std::vector<std::string>& tables);

  /// What the transaction held before the statement that was observed last, by name.
  [[nodiscard]] const HeldLocks& held_before() const { return held_before_; }
  /// The same, as others feel it: without what it made itself, and what it would have given back where begin_next() was called,
  /// or has given back by now. Good until the next statement.
  [[nodiscard]] const std::vector<KeptRelation>& kept_before() const { return kept_before_; }

 private:
  Observation send(const std::string& sql, const Watch& watch, std::vector<std::string>& messages);
  Observation measure(const std::string& sql, const Watch& watch, std::vector<std::string>& messages);
  void note_held(HeldLocks now, const HeldLocks& taken, std::size_t statement);
  void note_kept(std::size_t statement);

  Session& session_;
  std::string look_;
  SeenCatalog& catalog_;
  HeldLocks held_;                        ///< by oid
  std::map<std::string, TakenAt> taken_;  ///< by oid
  HeldLocks held_before_;
  std::vector<KeptRelation> kept_before_;
};

}  // namespace pgsluice
