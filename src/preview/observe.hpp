// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a statement really does on a server: the locks that it takes, what it rewrites, reads through and builds.

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "preview/lookout.hpp"
#include "preview/seen_catalog.hpp"

namespace pgsluice {

using HeldLocks = std::map<std::string, LockModes>;  ///< by quoted name

/// Where in the file the statements begin that took each mode of a lock.
using TakenAt = std::map<LockMode, std::size_t>;

/// A relation that a transaction holds.
struct KeptRelation {
  std::string_view name;
  char relkind = relkind::table;
  LockMode mode = LockMode::AccessShare;  ///< the strongest
  const TakenAt* taken_at = nullptr;
};

/// A lock that ROLLBACK TO has given back.
struct GivenBack {
  std::string name;
  LockMode mode = LockMode::AccessShare;
  std::size_t taken_at = 0;  ///< where in the file the statement begins that took it
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
  /// A statement that cannot run in a transaction.
  Observation observe_alone(const Statement& statement, const std::string& sql, const Onlookers& onlookers,
                            const InTheWay& in_the_way);

  /// What the transaction held before the statement that was observed last, of what that was predicted or seen to lock.
  [[nodiscard]] HeldLocks held_before(const Effect& predicted, const Observation& observed) const;
  /// By the statement that was observed last.
  [[nodiscard]] const std::vector<GivenBack>& given_back() const { return given_back_; }
  /// What it held before, as others feel it: without what it made itself, and what it would have given back where begin_next() was called,
  /// or has given back by now. Good until the next statement.
  [[nodiscard]] const std::vector<KeptRelation>& kept_before() const { return kept_before_; }

 private:
  /// Whom a setting that is made for looking concerns.
  enum class Scope { transaction, session };

  Observation send(const std::string& sql, const Watch& watch, std::vector<std::string>& messages);
  Observation measure(const std::string& sql, const Watch& watch, Scope scope,
                      std::vector<std::string>& messages);
  long long be_told(Scope scope);
  long long be_quiet(Scope scope);
  void note_held(LocksByMode now, const LocksByMode& taken, std::size_t statement);
  void note_kept(std::size_t statement);

  Session& session_;
  std::string look_;
  SeenCatalog& catalog_;
  std::string statement_timeout_ = "0";  ///< that of the file, which must not end our looks
  std::chrono::steady_clock::time_point sent_;
  std::chrono::steady_clock::time_point ended_;
  LocksByMode held_;
  LocksByMode held_before_;
  std::map<RelationOid, TakenAt> taken_;  ///< on what was there before
  std::vector<KeptRelation> kept_before_;
  std::vector<GivenBack> given_back_;
};

}  // namespace pgsluice
