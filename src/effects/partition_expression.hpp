// SPDX-License-Identifier: Apache-2.0
// PARTITION BY (expression): its value for a row of which the columns are known.
#pragma once

#include <map>
#include <optional>

#include "datum.hpp"
#include "pgsluice/code.hpp"

namespace pgsluice::effects {

/// The type of the expression: int8 or text. Empty when the expression, or what it does with columns of their types, is not
/// known here.
std::optional<TypeName> expression_type(const Text& expression, const Relation& table);

/// The columns that it reads; false: there may be more of them.
bool add_columns(const Text& expression, Names& columns);

/// Its value; empty when that is not known here. `columns` has a value for each of its columns.
std::optional<Datum> expression_value(const Text& expression, const Relation& table, const Catalog& catalog,
                                      const std::map<Name, Datum>& columns);

}  // namespace pgsluice::effects
