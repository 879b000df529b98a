// SPDX-License-Identifier: Apache-2.0
#pragma once

// Text as bytes and as people see it on a terminal. Knows no SQL.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgsluice {

/// One string out of many parts, with one allocation.
std::string cat(std::initializer_list<std::string_view> parts);
template <typename... Parts>
std::string cat(const Parts&... parts) {
  return cat({std::string_view(parts)...});
}

std::string_view trim(std::string_view text);
/// ASCII only: keywords and option names, never identifiers of the user.
std::string to_lower(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);
std::vector<std::string_view> lines(std::string_view text);
std::string join(std::span<const std::string> parts, std::string_view separator);
/// `text` with every `from` replaced.
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);
/// "1 file", "2 files".
std::string count_of(std::size_t count, std::string_view singular, std::string_view plural);
std::string count_of(std::size_t count, std::string_view singular);
/// "a", "a and b", "a, b and c".
std::string enumerate(std::span<const std::string> items, std::string_view last_separator);

/// `0002_b` before `0010_a`: runs of digits compare as numbers, everything else as bytes.
bool natural_less(std::string_view a, std::string_view b);

/// The candidate that `word` was probably meant to be; none when nothing is close.
std::optional<std::string> closest(std::string_view word, std::span<const std::string> candidates);

/// Columns of a terminal that the character takes: 0 (combining), 1 or 2 (East Asian wide, emoji).
int display_width(char32_t code_point);
int display_width(std::string_view text);

/// Text from files, names and servers, fit for a terminal: control characters, escape sequences, bidirectional
/// overrides and invalid bytes become visible (`\x1b`, `\u202e`); line feeds and tabs stay.
std::string printable(std::string_view text);
/// The same on one line: line feeds and tabs become visible too.
std::string printable_line(std::string_view text);

/// Breaks at spaces so that no line is wider than `width` columns; words longer than that stay whole. Line feeds of
/// the text are kept.
std::vector<std::string> wrap(std::string_view text, int width);

}  // namespace pgsluice
