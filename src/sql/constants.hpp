// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "nodes.hpp"
#include "pgsluice/sql.hpp"

namespace pgsluice::sql {

/// A constant of that type; empty: a string, which takes any type.
Value constant_value(std::string_view type, std::string_view text);

/// The value of an expression, which may be that of a variable.
Value value_or_variable(::Node* node);
/// What a WHERE clause says, where columns are compared with variables, too.
Predicate predicate_of_rows(::Node* where);
/// What is left when nothing is known of variables.
Predicate without_variables(Predicate said);

}  // namespace pgsluice::sql
