// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the locks of a statement mean for everybody else.

#include <vector>

#include "pgsluice/explain.hpp"

namespace pgsluice::explaining {

/// Strongest lock first. Of relations that nobody else can see there is nothing to say.
std::vector<Meanwhile> meanwhile(const Effect& effect, const Statement& statement);

}  // namespace pgsluice::explaining
