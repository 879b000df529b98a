// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <span>

#include "pgsluice/sql.hpp"

namespace pgsluice::effects {

inline bool contains(std::span<const Name> list, Name name) {
  return std::ranges::find(list, name) != list.end();
}

}  // namespace pgsluice::effects
