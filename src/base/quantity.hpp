// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rows and bytes, as people say and write them.

#include <optional>
#include <string>
#include <string_view>

namespace pgsluice {

/// 1234567 → "1.2 million"
std::string rounded_words(double number);
/// 3435973837 → "3.2 GB"; units of 1024, as PostgreSQL counts.
std::string byte_words(double bytes);
/// "1GB", "512MB", "64kB", "0" → bytes; none when it is no size.
std::optional<double> parse_bytes(std::string_view text);

}  // namespace pgsluice
