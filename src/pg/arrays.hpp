// SPDX-License-Identifier: Apache-2.0
#pragma once

// PostgreSQL's text form of one-dimensional arrays, for parameters and results.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgsluice::pg {

/// {"a","b"}: every element quoted, whatever is in it.
std::string text_array(std::span<const std::string> elements);

/// "{1,2}" → numbers; nothing for "" and "{}".
std::vector<long long> parse_numbers(std::string_view array);

/// "{a,\"b c\",NULL}" → elements; NULL becomes "".
std::vector<std::string> parse_texts(std::string_view array);

}  // namespace pgsluice::pg
