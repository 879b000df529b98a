// SPDX-License-Identifier: Apache-2.0
#pragma once

// A server of ours that went away, and why.

#include <string_view>

#include "pgsluice/error.hpp"
#include "pgsluice/session.hpp"

namespace pgsluice {

inline constexpr std::string_view k_more_room = "Set TMPDIR to a folder with more room.";

/// To try again does not help then.
bool is_disk_full(const SqlError& error);

/// `meanwhile`: "tables were filled".
Error server_gone(std::string_view meanwhile, const SqlError& error);

}  // namespace pgsluice
