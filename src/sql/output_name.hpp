// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pgsluice/name.hpp"
// Last: redefines names of the standard library.
#include "nodes.hpp"

namespace pgsluice::sql {

/// What PostgreSQL calls a column of the expression, also in the name of an index; empty: it has none (?column?, expr).
Name output_name(::Node* node);

}  // namespace pgsluice::sql
