// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lower.hpp"

namespace pgsluice::sql {

/// What follows from the condition, and those of inner joins, because columns are equal: `a.x = b.y AND a.x = 5` says
/// b.y = 5, too (equivclass.c).
Predicate implied(::Node* where, const ::List* from);

}  // namespace pgsluice::sql
