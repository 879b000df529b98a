// SPDX-License-Identifier: Apache-2.0
#include "pg/literal.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace pgsluice::pg {
namespace {

bool is_plain(char c) {
  return c >= ' ' && c <= '~' && c != '\\';
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return text;
}

}  // namespace

std::string literal(const SqlValue& value, std::string_view type) {
  const std::string text =
      !value ? "NULL"
      : std::ranges::all_of(*value, is_plain)
          ? cat("'", replace_all(*value, "'", "''"), "'")
          : cat("pg_catalog.convert_from(pg_catalog.decode('", hex(*value), "', 'hex'), 'UTF8')");
  return cat(text, "::", type);
}

}  // namespace pgsluice::pg
