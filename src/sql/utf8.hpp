// SPDX-License-Identifier: Apache-2.0
// UTF-8 positions: PostgreSQL's parser counts characters, files count bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace pgsluice::sql {

/// Byte offset of the `characters`-th character (from 0); the text's size when there are fewer.
std::size_t utf8_offset(std::string_view text, std::size_t characters);
bool is_ascii(std::string_view text);
/// Number of characters in the text.
std::size_t utf8_length(std::string_view text);
/// The largest offset not above `offset` where a character starts.
std::size_t utf8_floor(std::string_view text, std::size_t offset);
/// Offset of the first byte that is no valid UTF-8 (RFC 3629), if any.
std::optional<std::size_t> first_invalid_utf8(std::string_view text);

}  // namespace pgsluice::sql
