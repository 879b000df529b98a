// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string_view>

#include "pgsluice/effects.hpp"

namespace pgsluice::effects {

/// Assumed, behind its place, of an EXECUTE whose text is put together from data.
inline constexpr std::string_view k_unknown_relation = "which relation EXECUTE names is not known";

/// Whether all that the statement runs could be read: what it does beyond its prediction is a contradiction only then.
inline bool is_foreseeable(const Effect& effect) {
  return effect.unseen.empty() && std::ranges::none_of(effect.assumed, [](const std::string& assumed) {
           return assumed.ends_with(k_unknown_relation);
         });
}

}  // namespace pgsluice::effects
