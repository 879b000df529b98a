// SPDX-License-Identifier: Apache-2.0
#include "base/json_writer.hpp"

#include <cstdint>
#include <cstring>

#include "base/utf8.hpp"

namespace pgsluice {
namespace {

constexpr std::uint64_t k_ones = 0x0101010101010101U;
constexpr std::uint64_t k_tops = 0x8080808080808080U;

/// Whether one of eight bytes cannot stand in a JSON string as it is: a control character, a quote, a backslash; or
/// is no ASCII, and must be looked at.
bool is_special(std::uint64_t bytes) {
  const auto has_zero = [](std::uint64_t word) { return (word - k_ones) & ~word & k_tops; };
  const std::uint64_t control = (bytes - k_ones * 0x20) & ~bytes & k_tops;
  return (control | has_zero(bytes ^ (k_ones * '"')) | has_zero(bytes ^ (k_ones * '\\')) |
          (bytes & k_tops)) != 0;
}

bool is_special(char c) {
  return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x80 || c == '"' ||
         c == '\\';
}

/// How many bytes from the start can be copied.
std::size_t plain_prefix(std::string_view text) {
  std::size_t i = 0;
  for (std::uint64_t word = 0; i + sizeof word <= text.size(); i += sizeof word) {
    std::memcpy(&word, text.data() + i, sizeof word);
    if (is_special(word)) break;
  }
  while (i < text.size() && !is_special(text[i])) ++i;
  return i;
}

void append_escape(std::string& out, char c) {
  constexpr std::string_view hex = "0123456789abcdef";
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: out += "\\u00"; break;
  }
  out += hex[static_cast<unsigned char>(c) >> 4U];
  out += hex[static_cast<unsigned char>(c) & 15U];
}

}  // namespace

void append_json_text(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t plain = plain_prefix(text);
    out.append(text.data(), plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    if (static_cast<unsigned char>(text.front()) < 0x80) {
      append_escape(out, text.front());
      text.remove_prefix(1);
      continue;
    }
    const Utf8Character character = next_character(text);
    out += character.valid ? text.substr(0, character.bytes) : std::string_view("\xEF\xBF\xBD");
    text.remove_prefix(character.bytes);
  }
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  append_json_text(out, text);
  out += '"';
}

}  // namespace pgsluice
