// SPDX-License-Identifier: Apache-2.0
#pragma once

// The relations that a transaction has locked. They may be thousands, and are read after each of thousands of statements.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "pgsluice/effects.hpp"
#include "pgsluice/session.hpp"

namespace pgsluice {

using RelationOid = std::uint32_t;
using LockModes = std::set<LockMode>;

/// Who locks a relation in several modes holds each of them.
class LocksByMode {
 public:
  /// Those of the session's own transaction, without system catalogs. Throws Error: unreachable, lock_budget, bug.
  static LocksByMode of(Session& session);

  void add(RelationOid oid, LockMode mode);
  [[nodiscard]] LockModes modes_of(RelationOid oid) const;
  [[nodiscard]] bool contains(RelationOid oid) const;
  [[nodiscard]] std::set<RelationOid> oids() const;
  [[nodiscard]] LocksByMode without(const LocksByMode& others) const;
  [[nodiscard]] bool empty() const { return by_mode_.empty(); }
  [[nodiscard]] const std::map<LockMode, std::vector<RelationOid>>& by_mode() const { return by_mode_; }

 private:
  std::map<LockMode, std::vector<RelationOid>> by_mode_;  ///< sorted; none of them empty
};

}  // namespace pgsluice
