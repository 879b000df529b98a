// SPDX-License-Identifier: Apache-2.0
#include "pg/literal.hpp"

#include <algorithm>

#include "base/hex.hpp"
#include "base/text.hpp"

namespace pgsluice::pg {
namespace {

bool is_plain(char c) {
  return c >= ' ' && c <= '~' && c != '\\';
}

}  // namespace

std::string literal(const SqlValue& value, std::string_view type) {
  const std::string text =
      !value ? "NULL"
      : std::ranges::all_of(*value, is_plain)
          ? cat("'", replace_all(*value, "'", "''"), "'")
          : cat("pg_catalog.convert_from(pg_catalog.decode('", hex_digits(*value), "', 'hex'), 'UTF8')");
  return cat(text, "::", type);
}

}  // namespace pgsluice::pg
