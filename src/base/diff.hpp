// SPDX-License-Identifier: Apache-2.0
#pragma once

// What has changed between two texts, for people and for patch(1).

#include <string>
#include <string_view>

namespace pgsluice {

/// In the unified format with three lines of context; empty when they are equal. `patch -p0` takes it.
std::string unified_diff(std::string_view old_name, std::string_view new_name, std::string_view old_text,
                         std::string_view new_text);

}  // namespace pgsluice
