// SPDX-License-Identifier: Apache-2.0
// Rows that a backfill would still change, were it run again: what has come since, and what it has not seen.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "pgsluice/cut.hpp"

namespace pgsluice {

/// The defaults of a relation's columns, as pg_get_expr() says them.
using ColumnDefaults = std::map<std::string, std::string, std::less<>>;

/// CutStatement::undone, and of an UPDATE's columns that have a default the rows, too, that still have it and would get another
/// value: whoever does not know the column leaves it so.
std::string undone_rows(const std::string& sql, const ColumnTypes& types, const ColumnDefaults& defaults);

}  // namespace pgsluice
