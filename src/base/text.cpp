// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "base/utf8.hpp"

namespace pgsluice {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

std::size_t digits_at(std::string_view text, std::size_t at) {
  const auto end = std::find_if_not(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), is_digit);
  return static_cast<std::size_t>(end - text.begin()) - at;
}

/// Of two runs of digits: as numbers of any size. Leading zeros do not count.
int compare_numbers(std::string_view a, std::string_view b) {
  a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
  b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
  if (a.size() != b.size()) {
    return a.size() < b.size() ? -1 : 1;
  }
  return a.compare(b);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

struct CodePoints {
  char32_t first;
  char32_t last;
};

bool contains(std::span<const CodePoints> ranges, char32_t code_point) {
  const auto after = std::upper_bound(ranges.begin(), ranges.end(), code_point,
                                      [](char32_t c, const CodePoints& range) { return c < range.first; });
  return after != ranges.begin() && code_point <= std::prev(after)->last;
}

// The blocks that matter in SQL files, from EastAsianWidth.txt and emoji-data.txt. A locale's wcwidth() would be
// more exact and is not there in a container with LC_ALL=C.
constexpr std::array<CodePoints, 17> k_wide{{{0x1100, 0x115F},
                                             {0x231A, 0x231B},
                                             {0x23E9, 0x23EC},
                                             {0x2614, 0x2615},
                                             {0x26A1, 0x26A1},
                                             {0x2705, 0x2705},
                                             {0x274C, 0x274C},
                                             {0x2E80, 0x303E},
                                             {0x3041, 0xA4CF},
                                             {0xA960, 0xA97C},
                                             {0xAC00, 0xD7A3},
                                             {0xF900, 0xFAFF},
                                             {0xFE30, 0xFE6F},
                                             {0xFF00, 0xFF60},
                                             {0xFFE0, 0xFFE6},
                                             {0x1F300, 0x1FAFF},
                                             {0x20000, 0x3FFFD}}};
constexpr std::array<CodePoints, 14> k_zero_width{{{0x0300, 0x036F},
                                                   {0x0483, 0x0489},
                                                   {0x0591, 0x05BD},
                                                   {0x0610, 0x061A},
                                                   {0x064B, 0x065F},
                                                   {0x0E34, 0x0E3A},
                                                   {0x1AB0, 0x1AFF},
                                                   {0x1DC0, 0x1DFF},
                                                   {0x200B, 0x200F},
                                                   {0x20D0, 0x20FF},
                                                   {0xFE00, 0xFE0F},
                                                   {0xFE20, 0xFE2F},
                                                   {0xFEFF, 0xFEFF},
                                                   {0xE0100, 0xE01EF}}};
// Characters that move or hide what follows: a migration must not be able to rewrite its own report.
constexpr std::array<CodePoints, 7> k_invisible{{{0x00AD, 0x00AD},
                                                 {0x061C, 0x061C},
                                                 {0x200B, 0x200F},
                                                 {0x2028, 0x202E},
                                                 {0x2060, 0x206F},
                                                 {0xFEFF, 0xFEFF},
                                                 {0xFFF9, 0xFFFB}}};

std::string hex(std::uint32_t value, int digits) {
  std::string text(static_cast<std::size_t>(digits), '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, value >>= 4) {
    *digit = "0123456789abcdef"[value & 0xF];
  }
  return text;
}

void append_printable(std::string& out, std::string_view bytes, const Utf8Character& character) {
  const char32_t c = character.code_point;
  if (!character.valid) {
    out += "\\x" + hex(static_cast<unsigned char>(bytes[0]), 2);
  } else if (c < 0x20 || (c >= 0x7F && c < 0xA0)) {
    out += "\\x" + hex(c, 2);
  } else if (contains(k_invisible, c)) {
    out += "\\u" + hex(c, 4);
  } else {
    out += bytes.substr(0, character.bytes);
  }
}

std::string printable(std::string_view text, bool keep_layout) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Utf8Character character = next_character(text);
    const bool layout = character.code_point == '\n' || character.code_point == '\t';
    if (layout && keep_layout) {
      out += text[0];
    } else if (layout) {
      out += character.code_point == '\n' ? "\\n" : "\\t";
    } else {
      append_printable(out, text, character);
    }
    text.remove_prefix(character.bytes);
  }
  return out;
}

void wrap_line(std::string_view line, int width, std::vector<std::string>& out) {
  std::string current;
  int used = 0;
  for (const std::string_view word : split(line, ' ')) {
    const int columns = display_width(word);
    if (!current.empty() && used + 1 + columns > width) {
      out.push_back(std::move(current));
      current.clear();
      used = 0;
    }
    if (!current.empty()) {
      current += ' ';
      ++used;
    }
    current += word;
    used += columns;
  }
  out.push_back(std::move(current));
}

}  // namespace

std::string cat(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts) {
    size += part.size();
  }
  std::string out;
  out.reserve(size);
  for (const std::string_view part : parts) {
    out += part;
  }
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_space(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t end = text.find(separator); end != std::string_view::npos; end = text.find(separator)) {
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  parts.push_back(text);
  return parts;
}

std::vector<std::string_view> lines(std::string_view text) {
  std::vector<std::string_view> parts = split(text, '\n');
  for (std::string_view& part : parts) {
    if (part.ends_with('\r')) {
      part.remove_suffix(1);
    }
  }
  if (parts.back().empty()) {
    parts.pop_back();
  }
  return parts;
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  std::string out;
  for (const std::string& part : parts) {
    if (&part != parts.data()) {
      out += separator;
    }
    out += part;
  }
  return out;
}

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  for (std::size_t at = text.find(from); at != std::string_view::npos; at = text.find(from)) {
    out += text.substr(0, at);
    out += to;
    text.remove_prefix(at + from.size());
  }
  out += text;
  return out;
}

std::string count_of(std::size_t count, std::string_view singular, std::string_view plural) {
  return cat(std::to_string(count), " ", count == 1 ? singular : plural);
}

std::string count_of(std::size_t count, std::string_view singular) {
  return count_of(count, singular, cat(singular, "s"));
}

std::string enumerate(std::span<const std::string> items, std::string_view last_separator) {
  if (items.size() < 2) {
    return items.empty() ? std::string() : items.front();
  }
  return cat(join(items.first(items.size() - 1), ", "), last_separator, items.back());
}

bool natural_less(std::string_view a, std::string_view b) {
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() && j < b.size()) {
    if (is_digit(a[i]) && is_digit(b[j])) {
      const std::size_t a_digits = digits_at(a, i);
      const std::size_t b_digits = digits_at(b, j);
      const int order = compare_numbers(a.substr(i, a_digits), b.substr(j, b_digits));
      if (order != 0) {
        return order < 0;
      }
      i += a_digits;
      j += b_digits;
    } else if (a[i] != b[j]) {
      return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[j]);
    } else {
      ++i;
      ++j;
    }
  }
  if (a.size() - i != b.size() - j) {
    return a.size() - i < b.size() - j;
  }
  return a < b;  // `01` and `1` are equal as numbers, yet the order must be total
}

std::optional<std::string> closest(std::string_view word, std::span<const std::string> candidates) {
  const std::size_t limit = std::max<std::size_t>(1, word.size() / 3);
  std::optional<std::string> best;
  std::size_t best_distance = limit + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

int display_width(char32_t code_point) {
  if (code_point < 0x300) {
    return 1;
  }
  if (contains(k_zero_width, code_point)) {
    return 0;
  }
  return contains(k_wide, code_point) ? 2 : 1;
}

int display_width(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const Utf8Character character = next_character(text);
    width += display_width(character.code_point);
    text.remove_prefix(character.bytes);
  }
  return width;
}

std::string printable(std::string_view text) {
  return printable(text, true);
}
std::string printable_line(std::string_view text) {
  return printable(text, false);
}

std::vector<std::string> wrap(std::string_view text, int width) {
  std::vector<std::string> out;
  for (const std::string_view line : split(text, '\n')) {
    wrap_line(line, width, out);
  }
  return out;
}

}  // namespace pgsluice
