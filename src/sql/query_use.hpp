// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which columns of which relations a query uses: its names looked up as PostgreSQL does it. A column is used by naming it,
// by a star or a whole row that holds it, and by its place: in INSERT without a list of columns, or behind AS t (a, b). Pure.

#include <functional>
#include <map>
#include <set>
#include <vector>

#include "pgsluice/query.hpp"

namespace pgsluice {

/// A table, view or foreign table, as far as names are concerned.
struct KnownRelation {
  RelationName name;
  Names columns;                             ///< in order
  std::map<Name, Names> constraint_columns;  ///< of its constraints
};

/// By a name as written; nullptr: nobody knows it.
using RelationFinder = std::function<const KnownRelation*(const RelationName&)>;

/// An INSERT, and the columns that it gives values to.
struct QueryInsert {
  RelationName relation;
  std::set<Name> given;
};

struct QueryUse {
  /// Every relation that is named, with the columns that are used.
  std::map<RelationName, std::set<Name>> relations;
  std::vector<QueryInsert> inserts;
  std::set<RelationName> functions;  ///< as written
  std::set<RelationName> written;    ///< relations whose rows it inserts, updates or deletes
  bool complete = true;              ///< false: there was too much of it
};

/// Adds what the query uses.
void add_use(const QueryShape& query, const RelationFinder& find, QueryUse& use);

/// Adds every relation that it names, as written; names of WITH queries may be among them.
void add_relation_names(const QueryShape& query, std::set<RelationName>& names);

}  // namespace pgsluice
