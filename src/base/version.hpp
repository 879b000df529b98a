// SPDX-License-Identifier: Apache-2.0
#pragma once

// The program's own version.

#include <string_view>

namespace pgsluice {

/// Set once, by project() in CMakeLists.txt.
inline constexpr std::string_view k_version = PGSLUICE_VERSION;

}  // namespace pgsluice
