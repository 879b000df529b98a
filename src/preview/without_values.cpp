// SPDX-License-Identifier: Apache-2.0
#include "preview/without_values.hpp"

#include <string>

#include "base/text.hpp"

namespace pgsluice {
namespace {

/// Innermost first.
bool is_raised(const SqlError& error) {
  const std::string_view place = std::string_view(error.context).substr(0, error.context.find('\n'));
  return place.ends_with(" at RAISE") || place.ends_with(" at ASSERT");
}

bool is_name(std::string_view quoted, const SqlError& error, std::string_view sql) {
  for (const std::string& name : {error.schemaname, error.relname, error.column, error.constraint}) {
    if (quoted == name) return true;
  }
  const std::string plain = to_lower(replace_all(sql, "\"", ""));
  return plain.find(to_lower(quoted)) != std::string::npos;
}

bool is_english(std::string_view lc_messages) {
  return lc_messages.empty() || lc_messages == "C" || lc_messages.starts_with("C.") ||
         lc_messages == "POSIX" || lc_messages.starts_with("en");
}

}  // namespace

SqlError without_values(SqlError error, std::string_view sql, std::string_view lc_messages) {
  std::string& message = error.message;
  if (!is_english(lc_messages)) {
    message = cat("what a server says in ", printable_line(lc_messages),
                  " is not shown, for it may have values of rows");
    return error;
  }
  if (is_raised(error)) {
    if (sql.find(message) == std::string_view::npos)
      message = "what code raises is not shown, for it may have values of rows";
    return error;
  }
  // There may be quotes in a value.
  const std::size_t last = message.rfind('"');
  for (std::size_t at = message.find('"'); at < last; at = message.find('"', at)) {
    const std::size_t end = message.find('"', at + 1);
    const bool may_be_name = !error.sqlstate.starts_with("22");
    if (!may_be_name || !is_name(std::string_view(message).substr(at + 1, end - at - 1), error, sql)) {
      message.replace(at, last - at + 1, "\"…\"");
      break;
    }
    at = end + 1;
  }
  return error;
}

}  // namespace pgsluice
