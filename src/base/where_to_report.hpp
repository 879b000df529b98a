// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace pgsluice {

/// "Please report it …": pgsluice has no public address.
inline constexpr std::string_view k_where_to_report =
    "where you have pgsluice from (its issue tracker, or whoever looks after it at your place)";

}  // namespace pgsluice
