// SPDX-License-Identifier: Apache-2.0
#pragma once

// The relations and foreign keys of a database as its catalogs show them: read whole once, then only what has changed. Who
// read all of them after each statement would need time that grows with the square of the tables.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "pgsluice/preview.hpp"
#include "pgsluice/session.hpp"
#include "preview/locks_by_mode.hpp"

namespace pgsluice {

/// A relation as the catalogs show it.
struct ObservedRelation {
  std::string name;  ///< quoted, with its schema
  std::string relname;
  char relkind = relkind::table;
  std::string filenode;
  RelationOid table = 0;  ///< an index: its table
  long long scans = 0;
  long long bytes = 0;  ///< with TOAST
  std::string state;    ///< another one when anything of the others is
};

/// By oid, and by name.
class ObservedRelations {
 public:
  using Map = std::unordered_map<RelationOid, ObservedRelation>;

  void set(RelationOid oid, const ObservedRelation& relation);
  void erase(RelationOid oid);
  void clear();
  [[nodiscard]] const ObservedRelation* find(RelationOid oid) const;
  [[nodiscard]] bool contains(RelationOid oid) const { return find(oid) != nullptr; }
  [[nodiscard]] std::optional<RelationOid> named(const std::string& name) const;
  [[nodiscard]] Map::const_iterator begin() const { return by_oid_.begin(); }
  [[nodiscard]] Map::const_iterator end() const { return by_oid_.end(); }

 private:
  Map by_oid_;
  std::unordered_map<std::string, RelationOid> by_name_;
};

/// A foreign key. Its name says little: each table may have one of that name.
struct ObservedForeignKey {
  std::string name;
  RelationOid referencing = 0;
  RelationOid referenced = 0;
  bool validated = false;
  std::string state;  ///< another one when it has changed
};
using ObservedForeignKeys = std::map<RelationOid, ObservedForeignKey>;  ///< by its own oid

class SeenCatalog {
 public:
  enum class Reach { held, everything };

  /// A transaction has begun, and others may have ended.
  void begin(Session& session);
  /// What comes would be another transaction, where this one stays open.
  void begin_next();
  /// Behind a statement of the transaction, which holds `held` then, and may have worked on no other relation.
  void look(Session& session, const LocksByMode& held, Reach reach = Reach::held);
  /// Behind a statement that ran alone, and was seen to lock `seen`. Scans of other transactions are not told.
  void look_at_all(Session& session, const LocksByMode& seen);

  /// What the statement may have made, changed or dropped: all else is behind it as it was before.
  [[nodiscard]] const std::set<RelationOid>& changed() const { return changed_; }
  /// Those that the transaction has locked, made or changed, as they were before the statement and are behind it.
  [[nodiscard]] const ObservedRelations& before() const { return before_; }
  [[nodiscard]] const ObservedRelations& after() const { return after_; }
  /// Those of them that were there before the transaction, as they were then.
  [[nodiscard]] const ObservedRelations& at_begin() const { return at_begin_; }
  [[nodiscard]] bool was_there(RelationOid oid) const;
  /// Whatever is there behind the statement.
  [[nodiscard]] const ObservedRelations& all() const { return all_; }
  /// Those that the statement has made or validated.
  [[nodiscard]] const ObservedForeignKeys& new_keys() const { return new_keys_; }

 private:
  using Oids = std::set<RelationOid>;

  void read_all(Session& session);
  void catch_up(Session& session);
  void take(const SqlResult& changed);
  void touch(RelationOid oid);
  void note(const SqlResult& result, std::size_t row);
  void look_at_keys(Session& session);

  bool is_read_ = false;
  std::string since_;  ///< rows of transactions as of this one may have come since the transaction began
  ObservedRelations all_;
  ObservedRelations at_begin_;
  ObservedRelations before_;
  ObservedRelations after_;
  Oids touched_;  ///< by the transaction
  Oids changed_;
  Oids counted_;  ///< have scans, which the server counts in several transactions, or forgets
  ObservedForeignKeys keys_;
  ObservedForeignKeys new_keys_;
  Oids touched_keys_;
};

}  // namespace pgsluice
