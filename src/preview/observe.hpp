// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a statement really does on a server: the locks that it takes, what it rewrites, reads through and builds.

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pgsluice/preview.hpp"

namespace pgsluice {

/// A relation as the catalogs show it.
struct ObservedRelation {
  std::string name;  ///< quoted, with its schema
  std::string relname;
  char relkind = relkind::table;
  std::string filenode;
  std::string table;  ///< an index: the oid of its table
  long long scans = 0;
  long long bytes = 0;  ///< with TOAST
};
using HeldLocks = std::map<std::string, std::set<LockMode>>;
using ObservedRelations = std::map<std::string, ObservedRelation>;  ///< by oid

/// A foreign key. Its name says little: each table may have one of that name.
struct ObservedForeignKey {
  std::string name;
  std::string referencing;  ///< oid, as the next
  std::string referenced;
  bool validated = false;
};
using ObservedForeignKeys = std::map<std::string, ObservedForeignKey>;  ///< by oid

/// Runs statements one by one on a session that nobody else uses, and looks at the catalogs and at pg_locks after each.
class StatementObserver {
 public:
  /// `look`: settings under which it looks, for files change theirs; may be empty.
  explicit StatementObserver(Session& session, std::string look = {})
      : session_(session), look_(std::move(look)) {}

  /// A transaction has begun.
  void begin();
  /// What comes would be another transaction, where this one is to stay open.
  void begin_next() { at_begin_ = before_; }
  /// Inside it: what the statement did, and all locks that the transaction then holds on what the statement touched.
  /// A lock that an earlier statement took is not told again unless it has become stronger.
  Observation observe(const Statement& statement, const std::string& sql);
  /// A statement that cannot run in a transaction. `watcher` looks on while it runs, and first stands in its way on
  /// `tables`, so that what waits for older transactions does so long enough to be seen.
  Observation observe_alone(const Statement& statement, const std::string& sql, Session& watcher,
                            const std::vector<std::string>& tables);

  /// What the transaction held before the statement that was observed last, by name.
  [[nodiscard]] const HeldLocks& held_before() const { return held_before_; }

 private:
  Observation run(const std::string& sql, const Watch& watch, std::vector<std::string>& messages);

  Session& session_;
  std::string look_;
  ObservedRelations at_begin_;
  ObservedRelations before_;
  ObservedForeignKeys keys_before_;
  HeldLocks held_;  ///< by oid
  HeldLocks held_before_;
};

}  // namespace pgsluice
