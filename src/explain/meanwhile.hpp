// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the locks of a statement mean for everybody else.

#include <vector>

#include "pgsluice/explain.hpp"

namespace pgsluice::explaining {

/// A lock, and how long it is held.
struct HeldFor {
  RelationLock lock;
  Hold hold = Hold::instant;
};
/// Strongest lock first. Of relations that nobody else can see there is nothing to say.
std::vector<Meanwhile> meanwhile(const std::vector<HeldFor>& locks);
/// Of one statement that runs alone.
std::vector<Meanwhile> meanwhile(const Effect& effect, const Statement& statement);

}  // namespace pgsluice::explaining
