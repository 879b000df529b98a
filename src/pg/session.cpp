// SPDX-License-Identifier: Apache-2.0
#include "pgsluice/session.hpp"

#include <charconv>

namespace pgsluice {

std::string SqlResult::text(std::size_t row, std::size_t column) const {
  return row < rows.size() && column < rows[row].size() ? rows[row][column].value_or("") : std::string();
}

std::optional<long long> SqlResult::number(std::size_t row, std::size_t column) const {
  const std::string digits = text(row, column);
  long long value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc{} && end == digits.data() + digits.size() && !digits.empty()
             ? std::optional(value)
             : std::nullopt;
}

SqlResult Session::query(std::string_view sql, std::vector<SqlValue> parameters) {
  Query query;
  query.sql = sql;
  query.parameters = std::move(parameters);
  return run(query);
}

SqlResult Session::query_again(std::string_view sql, std::vector<SqlValue> parameters) {
  Query query;
  query.sql = sql;
  query.parameters = std::move(parameters);
  query.keep_plan = true;
  return run(query);
}

SqlResult Session::script(std::string_view sql) {
  Query query;
  query.sql = sql;
  query.script = true;
  return run(query);
}

}  // namespace pgsluice
