// SPDX-License-Identifier: Apache-2.0
#pragma once

// The relations and foreign keys of a database as its catalogs show them: read whole once, then only what has changed. Who
// read all of them after each statement would need time that grows with the square of the tables.

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/preview.hpp"
#include "pgsluice/session.hpp"

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
  std::string state;    ///< another one when anything of the others is
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

/// Throws Error: unreachable, lock_budget, bug.
SqlResult ask(Session& session, std::string_view sql, std::vector<SqlValue> parameters = {});

class SeenCatalog {
 public:
  /// A transaction has begun, and others may have ended.
  void begin(Session& session);
  /// What comes would be another transaction, where this one stays open.
  void begin_next();
  /// Behind a statement of the transaction, which holds `held` then.
  void look(Session& session, const HeldLocks& held);
  /// Behind a statement that ran alone, and was seen to lock `seen`. Scans of other transactions are not told.
  void look_at_all(Session& session, const HeldLocks& seen);

  /// Those that the transaction has locked, made or changed, as they were before the statement and are behind it.
  [[nodiscard]] const ObservedRelations& before() const { return before_; }
  [[nodiscard]] const ObservedRelations& after() const { return after_; }
  /// Those of them that were there before the transaction, as they were then.
  [[nodiscard]] const ObservedRelations& at_begin() const { return at_begin_; }
  [[nodiscard]] bool was_there(const std::string& oid) const;
  /// Whatever is there behind the statement.
  [[nodiscard]] const ObservedRelations& all() const { return all_; }
  /// Those that the statement has made or validated.
  [[nodiscard]] const ObservedForeignKeys& new_keys() const { return new_keys_; }

 private:
  using Oids = std::set<std::string>;

  void read_all(Session& session);
  void catch_up(Session& session);
  void take(const SqlResult& changed);
  void touch(const std::string& oid);
  void note(const SqlResult& result, std::size_t row);
  void look_at_keys(Session& session);

  bool is_read_ = false;
  std::string since_;  ///< rows of transactions as of this one may have come since the transaction began
  ObservedRelations all_;
  ObservedRelations at_begin_;
  ObservedRelations before_;
  ObservedRelations after_;
  Oids touched_;    ///< by the transaction
  Oids new_after_;  ///< what after_ has otherwise than before_
  Oids counted_;    ///< have scans, which the server counts in several transactions, or forgets
  ObservedForeignKeys keys_;
  ObservedForeignKeys new_keys_;
  Oids touched_keys_;
};

}  // namespace pgsluice
