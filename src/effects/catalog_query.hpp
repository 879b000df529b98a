// SPDX-License-Identifier: Apache-2.0
// Queries of system catalogs, as code asks them before it changes something: answered as far as our catalog can.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "evaluate.hpp"
#include "pgsluice/catalog.hpp"

namespace pgsluice::effects {

/// The rows of a Text::Kind::query: an array when they are certainly all of them; else a choice of those that there may
/// be, whose value is "some" when at least one certainly is.
Text query_rows(const Text& query, const Variables& variables, const Catalog& catalog);

/// Of the rows of a query: exists, count, scalar, first row. Other names are none of these.
bool is_query_function(std::string_view name);
Text query_function(std::string_view name, const Text& rows);

/// What aggregate functions and ARRAY(SELECT …) make of rows; none: another function.
std::optional<Text> rows_function(std::string_view name, const std::vector<Text>& parts);

}  // namespace pgsluice::effects
