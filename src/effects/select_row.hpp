// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "subject.hpp"

namespace pgsluice::effects {

/// The first row whose conditions hold; nullptr: there is none. A fact that is not known satisfies any condition, and
/// stands in `assumed`.
const EffectRow* select_row(const EffectTable& table, const Subject& subject,
                            std::vector<std::string>& assumed);

}  // namespace pgsluice::effects
