// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace pgsluice {

namespace {

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

/// True when the next eight bytes are all ASCII: the common case by far.
bool eight_ascii(std::string_view text, std::size_t at) {
  if (at + 8 > text.size()) return false;
  std::uint64_t word = 0;
  std::memcpy(&word, text.data() + at, sizeof word);
  return (word & 0x8080808080808080ULL) == 0;
}

}  // namespace

Utf8Character next_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const Utf8Character invalid{.code_point = 0xFFFD, .bytes = 1, .valid = false};
  if (byte(0) < 0x80) {
    return {.code_point = byte(0), .bytes = 1, .valid = true};
  }
  const std::size_t bytes = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
  if (byte(0) < 0xC2 || byte(0) > 0xF4 || text.size() < bytes) {
    return invalid;
  }
  char32_t code_point = byte(0) & (0x7Fu >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) {
      return invalid;
    }
    code_point = (code_point << 6) | (byte(i) & 0x3Fu);
  }
  constexpr std::array<char32_t, 5> smallest = {0, 0, 0x80, 0x800,
                                                0x10000};  // shorter forms exist below these
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (code_point < smallest[bytes] || surrogate || code_point > 0x10FFFF) {
    return invalid;
  }
  return {.code_point = code_point, .bytes = bytes, .valid = true};
}

std::size_t utf8_offset(std::string_view text, std::size_t characters) {
  std::size_t i = 0;
  for (; i < text.size() && characters > 0; --characters) {
    ++i;
    while (i < text.size() && is_continuation(text[i])) ++i;
  }
  return i;
}

bool is_ascii(std::string_view text) {
  std::size_t i = 0;
  while (eight_ascii(text, i)) i += 8;
  return std::ranges::all_of(text.substr(i), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::size_t utf8_length(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return !is_continuation(c); }));
}

std::size_t utf8_floor(std::string_view text, std::size_t offset) {
  constexpr std::size_t most = 4;  // bytes of a character
  if (offset >= text.size()) return text.size();
  for (std::size_t back = 0; back < most && back <= offset; ++back) {
    if (!is_continuation(text[offset - back])) return offset - back;
  }
  return offset;
}

std::optional<std::size_t> first_invalid_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    if (eight_ascii(text, i)) {
      i += 8;
      continue;
    }
    const Utf8Character character = next_character(text.substr(i));
    if (!character.valid) return i;
    i += character.bytes;
  }
  return std::nullopt;
}

}  // namespace pgsluice
