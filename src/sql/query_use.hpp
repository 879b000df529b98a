// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which columns of which relations a query uses: its names looked up as PostgreSQL does it. Pure.

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
  std::map<Name, Names> fields;              ///< of columns that are rows
};

/// By a name as written; nullptr: nobody knows it.
using RelationFinder = std::function<const KnownRelation*(const RelationName&)>;

/// An INSERT, and the columns that it gives values to.
struct QueryInsert {
  RelationName relation;
  std::set<Name> given;
};

/// The key that ON CONFLICT needs: by name, or one on just these columns.
struct QueryArbiter {
  RelationName relation;
  Name constraint;
  std::set<Name> columns;
  bool has_expressions = false;
};

struct QueryUse {
  /// Every relation that is named, with the columns that are used.
  std::map<RelationName, std::set<Name>> relations;
  std::vector<QueryInsert> inserts;
  std::vector<QueryArbiter> arbiters;
  std::set<QueryCall> functions;  ///< as written
  /// f in `t.f` or `(t).f` where t has no such column, which is f(t), and whether that is certain: all columns of t are known.
  /// In `(…).f` of another expression it is not, nor where nobody knows the fields.
  std::map<Name, bool> row_functions;
  std::set<RelationName> types;    ///< of casts, as written
  std::set<RelationName> written;  ///< relations whose rows it inserts, updates or deletes
  bool complete = true;            ///< false: there was too much of it
  bool resolved = true;            ///< false: it names a column that none of its relations has
};

/// What a query yields.
struct QueryYield {
  Names columns;
  bool open = false;  ///< and perhaps columns that nobody knows
};

/// When a column is used.
enum class UseRule {
  /// Without it the query fails, or means something else: it is named, or held by a star or a whole row, or has its place:
  /// in INSERT without a list of columns, or behind AS t (a, b).
  meaning,
  /// A stored query depends on it (pg_depend): it is named, or held by a star, in EXISTS too. pg: dependency.c
  /// find_expr_references_walker()
  dependency,
};

/// Adds what the query uses.
QueryYield add_use(const QueryShape& query, const RelationFinder& find, QueryUse& use,
                   UseRule rule = UseRule::meaning);

/// Adds every relation that it names, as written; names of WITH queries may be among them.
void add_relation_names(const QueryShape& query, std::set<RelationName>& names);

}  // namespace pgsluice
