// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rows that a backfill would still change, were it run again: what has come since, and what it has not seen.

#include <string>
#include <string_view>

#include "nodes.hpp"
#include "pgsluice/undone.hpp"

namespace pgsluice::sql {

/// Where the WHERE of a statement is, or would be. Without one, `begin` and `end` are the same.
struct ConditionPlace {
  std::size_t rows_end = 0;  ///< end of what stands before WHERE
  std::size_t begin = 0;     ///< first byte behind WHERE
  std::size_t end = 0;
};

/// A condition on the table whose rows the statement walks through, known there as `qualifier`. Empty: nobody can tell, as
/// of a DELETE, for what that finds later may be there by design, and of an INSERT that does not say what a row is known by.
std::string undone_rows(::Node* statement, std::string_view sql, const ConditionPlace& condition,
                        std::string_view qualifier, const ColumnTypes& types, const ColumnDefaults& defaults);

}  // namespace pgsluice::sql
