// SPDX-License-Identifier: Apache-2.0
// Text as UTF-8: PostgreSQL's parser counts characters, files count bytes, and a file may hold bytes that are neither.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace pgsluice {

/// One decoded character. `code_point` is U+FFFD with `valid` false for a byte that is no UTF-8.
struct Utf8Character {
  char32_t code_point = 0;
  std::size_t bytes = 1;
  bool valid = true;
};
/// The character at the start of `text`, which must not be empty.
Utf8Character next_character(std::string_view text);

/// Byte offset of the `characters`-th character (from 0); the text's size when there are fewer.
std::size_t utf8_offset(std::string_view text, std::size_t characters);
bool is_ascii(std::string_view text);
/// Number of characters in the text.
std::size_t utf8_length(std::string_view text);
/// Where the character at `offset` starts: `offset` itself in text that is no UTF-8.
std::size_t utf8_floor(std::string_view text, std::size_t offset);
/// Offset of the first byte that is no valid UTF-8 (RFC 3629), if any.
std::optional<std::size_t> first_invalid_utf8(std::string_view text);

}  // namespace pgsluice
