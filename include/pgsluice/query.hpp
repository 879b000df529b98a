// SPDX-License-Identifier: Apache-2.0
// Stage 1, queries: which names a query writes down, and in which scope each of them stands, as plain values. What they
// mean depends on the columns that relations have: that is looked up by whoever knows them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "pgsluice/name.hpp"
#include "pgsluice/sql.hpp"

namespace pgsluice {

struct QueryShape;

/// A column reference as written: `a`, `t.a`, `s.t.a`, `t.*`, `*`, or the whole row `t`.
struct ColumnName {
  Names fields;  ///< without the star
  bool star = false;
  Name part;  ///< `(t).a`; "*" for `(t).*`
};

/// A call of a function, as written.
struct QueryCall {
  RelationName name;
  int arguments = 0;  ///< how many; -1: nobody can tell
  auto operator<=>(const QueryCall&) const = default;
};

/// What expressions name that see the same relations.
struct QueryNames {
  std::vector<ColumnName> columns;
  std::vector<QueryCall> functions;
  std::vector<RelationName> types;  ///< of casts
  Names fields;                     ///< `(…).f` of anything but a column or a whole row
  std::vector<QueryShape> queries;
};

/// One item of FROM, or the relation that is written.
struct QueryItem {
  enum class Kind { relation, query, join, function };
  Kind kind = Kind::relation;
  RelationName relation;
  Name alias;     ///< of a function without one: its name
  Names columns;  ///< under the names of the alias; of a function, all that is written down
  bool lateral = false;
  bool open = false;              ///< a function: it may yield columns that are not written down
  std::vector<QueryShape> query;  ///< of a subquery: one
  std::vector<QueryItem> sides;   ///< of a join: two
  bool natural = false;
  Names using_columns;
  Name using_alias;
  QueryNames names;  ///< ON, or arguments
};

/// A WITH query.
struct QueryTable {
  Name name;
  Names columns;
  Names added;                    ///< by SEARCH and CYCLE
  std::vector<QueryShape> query;  ///< one
};

/// A column of the result, or of a list that a star stands for.
struct QueryOutput {
  Name name;
  bool star = false;
  Names star_of;  ///< empty: of all items
};

/// Columns that get values.
struct QueryAssignment {
  bool insert = false;
  bool listed = true;     ///< an INSERT without a list gives values to the first `width` columns
  bool defaults = false;  ///< DEFAULT VALUES
  Names columns;
  std::size_t width = 0;  ///< 0: as many as the query yields
};

struct QueryShape {
  enum class Kind { select, values, set_operation, insert, update, remove, merge };
  Kind kind = Kind::select;
  bool recursive = false;
  bool exists = false;  ///< of EXISTS (…): nobody reads what it yields
  std::vector<QueryTable> with;
  std::vector<QueryItem> target;  ///< of DML: one
  std::vector<QueryItem> from;
  std::vector<QueryOutput> outputs;  ///< the SELECT list, or RETURNING
  QueryNames names;                  ///< of all that sees the target and the items of FROM
  std::vector<ColumnName> sorted;    ///< plain names in ORDER BY and DISTINCT ON: of outputs first
  std::vector<ColumnName> grouped;   ///< plain names in GROUP BY: of outputs last
  std::vector<QueryShape>
      parts;  ///< of a set operation: its operands; of an INSERT: the query that yields the rows
  std::vector<QueryAssignment> assignments;
  QueryNames conflict;  ///< of ON CONFLICT: sees the target, and `excluded`
  Name conflict_constraint;
  Names conflict_columns;             ///< of ON CONFLICT (a, b)
  bool conflict_expressions = false;  ///< and what else stands there
  Name old_alias = "old";             ///< in RETURNING, where no item has this name
  Name new_alias = "new";
  std::size_t width = 0;  ///< of VALUES
};

struct QueryText {
  std::vector<QueryShape> queries;  ///< none: it is no query
  std::string problem;              ///< why it could not be read
};

/// Reads a statement as a server keeps it in its statistics: with `$1` for constants. Utility statements that run a query
/// or read a table (COPY, DECLARE, CREATE TABLE AS …) count as queries; other DDL does not. Never throws for bad SQL.
QueryText read_queries(const std::string& text);

}  // namespace pgsluice
