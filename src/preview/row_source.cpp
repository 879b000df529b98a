// SPDX-License-Identifier: Apache-2.0
#include "preview/row_source.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace pgsluice {

const FillColumn* column_of(const FillTable& table, int attnum) {
  const auto found = std::ranges::find(table.columns, attnum, &FillColumn::attnum);
  return found == table.columns.end() ? nullptr : &*found;
}

std::vector<const FillColumn*> columns_in(const FillTable& table, const std::string& expression) {
  const ExpressionParts parts = parts_of_expression(expression);
  std::vector<const FillColumn*> all;
  for (const FillColumn& one : table.columns) {
    if (std::ranges::count(parts.names, one.name) > 0) all.push_back(&one);
  }
  return all;
}

std::vector<std::string> all_checks(const FillTable& table) {
  std::vector<std::string> all = table.checks;
  for (const FillColumn& one : table.columns) all.insert(all.end(), one.checks.begin(), one.checks.end());
  return all;
}

std::string passing(const std::vector<std::string>& checks) {
  std::string all = "true";
  for (const std::string& check : checks) all += cat(" AND coalesce((", check, "), true)");
  return all;
}

bool is_given(const std::vector<RowSource>& sources, const FillColumn* one) {
  return std::ranges::any_of(
      sources, [&](const RowSource& source) { return std::ranges::count(source.columns, one) > 0; });
}

const ValueType& base_of(const ValueType& type) {
  return type.typtype == 'd' ? base_of(type.parts.front()) : type;
}

std::string cast_to(const ValueType& type, std::string_view expression) {
  return cat("CAST(", expression, " AS ", base_of(type).name, ")");
}

bool makes_unique_values(const std::string& expression) {
  return expression.find("nextval(") != std::string::npos || expression.find("uuid") != std::string::npos;
}

std::vector<ValueSeries> series_of(const FillColumn& one, bool default_first, std::string_view number) {
  std::vector<ValueSeries> all = value_series(base_of(one.type), number);
  if (!default_first) return all;
  ValueSeries fallback{.expression = one.fallback, .count = {}};
  if (!makes_unique_values(one.fallback)) fallback.count = 1;
  all.insert(all.begin(), std::move(fallback));
  return all;
}

}  // namespace pgsluice
