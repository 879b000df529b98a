// SPDX-License-Identifier: Apache-2.0
#pragma once

// Relations that queries name, as the catalogs know them.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "pgsluice/session.hpp"
#include "sql/query_use.hpp"

namespace pgsluice {

/// Of a JSON array.
Names names_in(const Json& array);

/// Those that somebody has asked for by name.
class QueryRelations {
 public:
  explicit QueryRelations(Session& session) : session_(session) {}

  /// Empty, or why they cannot be read.
  std::string load(const std::set<RelationName>& wanted);
  /// As a session with this search_path finds them; what it does not find there, another search_path must have found:
  /// then it counts as `own`, rather than as nothing.
  [[nodiscard]] const KnownRelation* find(const RelationName& name, const Names& path,
                                          const std::set<RelationName>& own) const;

 private:
  void add(const SqlResult& rows, std::size_t row);

  Session& session_;
  std::map<Name, std::vector<KnownRelation>> known_;
};

}  // namespace pgsluice
