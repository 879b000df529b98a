// SPDX-License-Identifier: Apache-2.0
#include "catalog/snapshot_sql.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.hpp"
#include "pgsluice/sql.hpp"

namespace pgsluice {
namespace {

/// A dollar quote that does not occur in the text, nor with what the text ends with.
std::string dollar_quote(const std::string& text) {
  std::string word = "body";
  while (text.find(cat("$", word)) != std::string::npos) word += '_';
  return cat("$", word, "$", text, "$", word, "$");
}

/// guc.c GUC_LIST_QUOTE: stored with the quoting of their elements.
bool is_list(std::string_view setting) {
  static constexpr std::array<std::string_view, 5> k_lists = {
      "search_path", "temp_tablespaces", "session_preload_libraries", "local_preload_libraries",
      "shared_preload_libraries"};
  return std::ranges::find(k_lists, setting) != k_lists.end();
}

/// An empty element cannot be written in SET as it is stored.
std::string list_setting(const std::string& value) {
  std::vector<std::string> elements;
  for (const std::string_view part : split(value, ',')) {
    std::string_view element = trim(part);
    if (element.starts_with('"') && element.size() > 1) element = element.substr(1, element.size() - 2);
    elements.push_back(quote_literal(replace_all(element, "\"\"", "\"")));
  }
  return join(elements, ", ");
}

}  // namespace

std::string quote_literal(std::string_view text) {
  const std::string quoted = cat("'", replace_all(text, "'", "''"), "'");
  return text.find('\\') == std::string_view::npos ? quoted : cat("E", replace_all(quoted, "\\", "\\\\"));
}

std::string full_name(const std::string& schema, const std::string& name) {
  return cat(quote_ident(schema), ".", quote_ident(name));
}

std::string enum_sql(const SnapshotType& type) {
  std::vector<std::string> labels;
  for (const std::string& label : type.labels) labels.push_back(quote_literal(label));
  return cat("CREATE TYPE ", full_name(type.schema, type.name), " AS ENUM (", join(labels, ", "), ")");
}

std::string domain_sql(const SnapshotType& type) {
  return cat("CREATE DOMAIN ", full_name(type.schema, type.name), " AS ", type.base,
             type.default_expression.empty() ? "" : cat(" DEFAULT ", type.default_expression),
             type.not_null ? " NOT NULL" : "");
}

std::string domain_sql(const SnapshotType& type, const SnapshotConstraint& constraint) {
  return cat("ALTER DOMAIN ", full_name(type.schema, type.name), " ADD CONSTRAINT ",
             quote_ident(constraint.name), " ", constraint.definition);
}

std::string function_sql(const SnapshotFunction& function) {
  const bool procedure = function.prokind == "p";
  std::string sql =
      cat("CREATE ", procedure ? "PROCEDURE " : "FUNCTION ", full_name(function.schema, function.name), "(",
          function.arguments, ")", procedure ? std::string() : cat(" RETURNS ", function.result),
          " LANGUAGE ", quote_ident(function.language));
  if (!procedure) {
    sql += function.provolatile == "i" ? " IMMUTABLE" : function.provolatile == "s" ? " STABLE" : " VOLATILE";
  }
  if (function.prokind == "w") sql += " WINDOW";
  if (function.security_definer) sql += " SECURITY DEFINER";
  for (const std::string& setting : function.config) {
    const std::size_t equals = setting.find('=');
    const std::string name = setting.substr(0, equals);
    const std::string value = setting.substr(equals + 1);
    sql += cat(" SET ", name, " TO ", is_list(name) ? list_setting(value) : quote_literal(value));
  }
  if (!function.sql_body.empty()) return cat(sql, " ", function.sql_body);
  return cat(sql, " AS ", dollar_quote(function.source));
}

}  // namespace pgsluice
