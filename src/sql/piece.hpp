// SPDX-License-Identifier: Apache-2.0
// Pieces of SQL that stand inside code: statements and expressions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "pgsluice/code.hpp"

namespace pgsluice::sql {

/// The rows of a query: an array of rows, or a choice of rows when data decides which of them there are.
struct Rows {
  Text rows;
  Names columns;
};

struct SqlPiece {
  Statement statement;  ///< without commands: it cannot be parsed
  Rows rows;            ///< of a SELECT or VALUES
};

/// One statement; `offset` is where it stands in the file.
SqlPiece read_sql(const std::string& sql, std::size_t offset);

/// The value of an expression. `statement` becomes the SELECT that asks for it, unless there is nothing to ask.
Text read_value(std::string_view expression, std::size_t offset, Statement& statement);

/// A word or quoted name as PostgreSQL sees it: folded to lower case, or without its quotes.
std::string identifier_of(std::string_view token);

}  // namespace pgsluice::sql
