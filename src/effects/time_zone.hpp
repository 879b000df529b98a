// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>

namespace pgsluice::effects {

/// A name of UTC, in any case of letters.
inline bool is_utc(std::string zone) {
  constexpr std::array<std::string_view, 9> k_utc = {"utc", "gmt",       "etc/utc", "etc/gmt",  "zulu",
                                                     "uct", "universal", "0",       "greenwich"};
  std::ranges::transform(zone, zone.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::find(k_utc, zone) != k_utc.end();
}

}  // namespace pgsluice::effects
