// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pgsluice/name.hpp"
// Last: redefines names of the standard library.
#include "nodes.hpp"

namespace pgsluice::sql {

/// What PostgreSQL calls a column of the expression: parse_target.c FigureColname; empty: ?column?.
Name output_name(::Node* node);

}  // namespace pgsluice::sql
