// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a statement needs, and its transaction holds already: pg_locks does not show it anew.

#include "preview/observe.hpp"

namespace pgsluice {

/// Adds to what was observed of the statement the locks that were predicted and were held before, says what others have to wait
/// for besides, and what nothing made the statement take. `held` and `kept`: held_before() and kept_before() of the observer.
void add_held(const HeldLocks& held, const std::vector<KeptRelation>& kept, PreviewedStatement& statement);

}  // namespace pgsluice
