// SPDX-License-Identifier: Apache-2.0
#include "gate/query_ways.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "gate/queries_sql.hpp"
#include "gate/written_calls.hpp"

namespace pgsluice {
namespace {

constexpr std::string_view k_into = "into";
constexpr std::string_view k_spaces = " \t\r\n";

/// Without what is passed over, and without quotes.
std::string_view behind_spaces(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(k_spaces), text.size()));
  return text;
}

/// The first word of a text, quoted or not, which goes.
std::string take_word_of(std::string_view& text) {
  text = behind_spaces(text);
  const bool is_quoted = text.starts_with('"');
  text.remove_prefix(is_quoted ? 1 : 0);
  std::size_t end = 0;
  while (end < text.size() && (is_quoted ? text[end] != '"' : is_word_part(text[end]))) ++end;
  std::string word(text.substr(0, end));
  text.remove_prefix(std::min(end + (is_quoted ? 1 : 0), text.size()));
  return word;
}

bool lists(std::string_view columns, Name column) {
  const std::vector<std::string_view> all = split(columns, ',');
  return std::ranges::any_of(all, [column](std::string_view one) {
    one = trim(one);
    return take_word_of(one) == to_lower(column.str());
  });
}

/// Of what stands behind INSERT INTO.
bool may_leave_out_here(std::string_view text, const QueryTarget& target) {
  std::string table = take_word_of(text);
  if (behind_spaces(text).starts_with('.')) {
    text = behind_spaces(text).substr(1);
    table = take_word_of(text);
  }
  std::string_view rest = text;
  if (take_word_of(rest) == "as") {
    take_word_of(rest);
    text = rest;
  }
  text = behind_spaces(text);
  const std::size_t end = text.starts_with('(') ? text.find(')') : std::string_view::npos;
  return std::ranges::any_of(target.parts, [&](const QueryTarget::Part& part) {
    const bool is_it = part.own && to_lower(part.relation.relname.str()) == table;
    return is_it && (end == std::string_view::npos || !lists(text.substr(1, end - 1), part.column));
  });
}

}  // namespace

std::string add_ways_in(Session& session, const GateSubject& subject, QueryTarget& target) {
  const SqlResult rows = session.query(queries::k_find_ways_in, {subject.relation.quoted(), subject.column});
  if (!rows.ok) return cat("cannot read the catalogs: ", printable_line(rows.error.message));
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    target.parts.push_back({.relation = {.schemaname = rows.text(row, 0), .relname = rows.text(row, 1)},
                            .column = subject.column,
                            .own = true,
                            .has_default = rows.truth(row, 2)});
  }
  return {};
}

bool may_leave_out(std::string_view lower_code, const QueryTarget& target) {
  for (std::size_t at = lower_code.find(k_into); at != std::string_view::npos;
       at = lower_code.find(k_into, at + 1)) {
    const std::string_view before = trim(lower_code.substr(0, at));
    const bool inserts = before.ends_with("insert") || before.ends_with("merge");
    if (inserts && may_leave_out_here(lower_code.substr(at + k_into.size()), target)) return true;
  }
  return false;
}

}  // namespace pgsluice
