// SPDX-License-Identifier: Apache-2.0
// The user's own text with something of ours in it. A statement that changes rows, in two pieces, so that a condition on a
// key can stand between them: what backfills are made of. Whether the key is one, the server knows.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "pgsluice/sql.hpp"

namespace pgsluice {

struct CutStatement {
  std::string before;  ///< then comes a condition, in parentheses of its own
  std::string after;
  RelationName relation;  ///< whose rows are walked through, as written
  bool only = false;
  std::string qualifier;  ///< by which the statement knows it, quoted where it must be
  Names set_columns;      ///< of an UPDATE
  Names shared_calls;     ///< functions in subqueries, which run once for many rows
  /// A condition on `relation`, known there as `qualifier`: rows that have come since and lack what it sets, or that it would
  /// still insert. Empty: nobody can tell.
  std::string undone;
};

/// Why a statement cannot be run in ranges of a key, and what to write instead.
struct CutRefusal {
  std::string message;
  std::string hint;
};

/// The types of a relation's columns, as format_type() says them.
using ColumnTypes = std::map<std::string, std::string, std::less<>>;

/// UPDATE, DELETE or INSERT … SELECT, without its semicolon.
/// \param types  of the relation that an UPDATE changes: `undone` compares what a column has with what would be put into it,
///               rounded and cut as the column does it
std::variant<CutStatement, CutRefusal> cut_statement(const std::string& sql, const ColumnTypes& types = {});

/// The same index, unnamed and not built concurrently, on `relation`; none when `sql` is no CREATE INDEX.
std::optional<std::string> create_index_on(const std::string& sql, std::string_view relation);

}  // namespace pgsluice
