// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "nodes.hpp"

namespace pgsluice::sql {

/// The parts of a CASE, COALESCE, AND or OR that clauses.c eval_const_expressions() leaves out, because constants decide:
/// PostgreSQL looks for volatile functions, and runs any, in what is left. What we cannot compute is left in.
std::vector<::Node*> unreached_parts(::Node* node);

}  // namespace pgsluice::sql
