// SPDX-License-Identifier: Apache-2.0
#include "undone.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <vector>

#include "base/text.hpp"
#include "lexer.hpp"
// Last: redefines names of the standard library.
#include "lower.hpp"

namespace pgsluice::sql {
namespace {

/// A list between two keywords outside of parentheses, and what stands behind the second one.
struct List {
  std::vector<std::string_view> items;
  std::string_view from;  ///< behind FROM; empty: there is none
};

/// `after`: SET or SELECT. The list ends with FROM, or with the text.
List list_after(std::string_view text, std::string_view after) {
  List list;
  Lexer lexer(text);
  std::optional<std::size_t> begin;
  std::string previous;
  std::size_t last_end = 0;  // what stands behind it may be a comment to the end of the line
  int depth = 0;
  for (Token token = lexer.next();; token = lexer.next()) {
    if (token.kind == TokenKind::left_paren) ++depth;
    if (token.kind == TokenKind::right_paren) --depth;
    const std::string word = token.kind == TokenKind::word && depth == 0 ? to_lower(lexer.text(token)) : "";
    const bool is_end = token.kind == TokenKind::end;
    const bool is_from = word == "from" && previous != "distinct";  // IS DISTINCT FROM
    if (!begin) {
      if (is_end) return list;
      if (word == after) begin = token.end;
    } else if (is_end || is_from || (depth == 0 && token.kind == TokenKind::comma)) {
      list.items.push_back(trim(text.substr(*begin, std::max(last_end, *begin) - *begin)));
      begin = token.end;
      if (is_from) list.from = trim(text.substr(token.end));
      if (is_end || is_from) return list;
    }
    previous = word;
    last_end = token.end;
  }
}

/// What stands before a keyword outside of parentheses: WITH, before UPDATE.
std::string_view before_keyword(std::string_view text, std::string_view keyword) {
  Lexer lexer(text);
  int depth = 0;
  for (Token token = lexer.next(); token.kind != TokenKind::end; token = lexer.next()) {
    if (token.kind == TokenKind::left_paren) ++depth;
    if (token.kind == TokenKind::right_paren) --depth;
    if (depth == 0 && token.kind == TokenKind::word && is_keyword(lexer.text(token), keyword))
      return text.substr(0, token.begin);
  }
  return {};
}

/// One `column = expression` of SET.
struct Assignment {
  std::string_view column;
  std::string_view expression;
};

/// None: something else stands there, such as `(a, b) = …`.
std::optional<Assignment> read_assignment(std::string_view text) {
  Lexer lexer(text);
  const Token column = lexer.next();
  const Token equals = lexer.next();
  const bool names = column.kind == TokenKind::word || column.kind == TokenKind::quoted_name;
  if (!names || lexer.text(equals) != "=") return std::nullopt;
  const std::string_view expression = trim(text.substr(equals.end));
  if (expression.empty() || to_lower(expression) == "default") return std::nullopt;
  return Assignment{.column = lexer.text(column), .expression = expression};
}

bool names(std::string_view text, std::string_view column) {
  Lexer lexer(text);
  for (Token token = lexer.next(); token.kind != TokenKind::end; token = lexer.next()) {
    if (to_lower(lexer.text(token)) == to_lower(column)) return true;
  }
  return false;
}

/// Whether it gives another value each time, so that nothing can be compared with it.
bool is_volatile(std::string_view expression) {
  constexpr std::array<std::string_view, 14> words = {
      "now",       "current_timestamp", "current_date",        "current_time",    "localtimestamp",
      "localtime", "timeofday",         "statement_timestamp", "clock_timestamp", "transaction_timestamp",
      "random",    "nextval",           "gen_random_uuid",     "uuidv7"};
  return std::ranges::any_of(words, [&](std::string_view word) { return names(expression, word); });
}

/// What is known of the columns that it sets.
struct Columns {
  const ColumnTypes& types;
  const ColumnDefaults& defaults;
};

std::string name_of(const Assignment& set) {
  const std::string_view written = set.column;
  return written.starts_with('"')
             ? replace_all(std::string(written.substr(1, written.size() - 2)), "\"\"", "\"")
             : to_lower(written);
}

/// As the column would hold it: an assignment rounds, cuts and casts.
std::string as_held(const Assignment& set, std::string_view expression, const Columns& columns) {
  const auto type = columns.types.find(name_of(set));
  return type == columns.types.end() ? cat("(", expression, ")") : cat("(", expression, ")::", type->second);
}

/// A row that the condition still finds, and that would get another value; where the condition is about something else, one
/// that has no value, or the column's default, and could have one. What the application has changed since is its own.
std::string lacks(const Assignment& set, std::string_view condition, std::string_view qualifier,
                  const Columns& columns) {
  const std::string column = cat(qualifier, ".", set.column);
  // As text, for json has no equality.
  std::string differs =
      cat(column, "::text IS DISTINCT FROM (", as_held(set, set.expression, columns), ")::text");
  if (names(condition, set.column) && !is_volatile(set.expression)) return differs;
  const std::string could_have = cat("(", set.expression, ") IS NOT NULL");
  std::string without = cat(column, " IS NULL AND ", could_have);
  const auto value = columns.defaults.find(name_of(set));
  if (value == columns.defaults.end()) return without;
  // No row can be told by a default that is another one each time.
  if (is_volatile(value->second))
    return is_volatile(set.expression) ? without : cat(without, " OR ", could_have, " AND ", differs);
  const std::string has_default = cat(column, "::text = (", as_held(set, value->second, columns), ")::text");
  return cat(without, " OR ", has_default, " AND ", could_have,
             is_volatile(set.expression) ? "" : cat(" AND ", differs));
}

std::string undone_by_update(std::string_view before, std::string_view condition, std::string_view qualifier,
                             const Columns& columns) {
  const List set = list_after(before, "set");
  std::vector<std::string> all;
  for (const std::string_view text : set.items) {
    const auto assignment = read_assignment(text);
    if (!assignment) return "";
    all.push_back(lacks(*assignment, condition, qualifier, columns));
  }
  if (all.empty()) return "";
  const std::string missing = join(all, " OR ");
  const std::string_view with = trim(before_keyword(before, "update"));
  if (with.empty() && set.from.empty()) return cat("(", condition, ") AND (", missing, ")");
  // A name that both tables have would have been ambiguous in the UPDATE, too. Of several rows that are joined to one, the
  // UPDATE has taken any.
  const std::string joined =
      cat("(", with, " SELECT", set.from.empty() ? "" : " FROM ", set.from, " WHERE (", condition, ") AND ");
  return cat("EXISTS ", joined, "(", missing, ")) AND NOT EXISTS ", joined, "NOT (", missing, "))");
}

/// The columns by which ON CONFLICT knows a row. Empty: it does not say.
std::vector<std::string> key_of(const ::InsertStmt* insert) {
  std::vector<std::string> key;
  if (insert->onConflictClause == nullptr || insert->onConflictClause->infer == nullptr) return key;
  const ::InferClause* infer = insert->onConflictClause->infer;
  if (infer->whereClause != nullptr) return key;
  for (auto* element : each<::IndexElem>(infer->indexElems)) {
    if (element->name == nullptr) return {};
    key.emplace_back(element->name);
  }
  return key;
}

/// Rows of one table, one for one, under the columns that the INSERT names.
bool is_plain(const ::InsertStmt* insert, const ::SelectStmt* select) {
  if (select == nullptr || select->withClause != nullptr || insert->withClause != nullptr) return false;
  if (length(select->fromClause) != 1 || length(insert->cols) == 0) return false;
  const bool one_table = as<::RangeVar>(select->fromClause->elements[0].ptr_value, T_RangeVar) != nullptr;
  return one_table && length(select->targetList) == length(insert->cols);
}

/// A row whose key the other table does not have.
std::string undone_by_insert(const ::InsertStmt* insert, std::string_view sql, const ConditionPlace& place,
                             std::string_view condition) {
  const auto* select = as<::SelectStmt>(insert->selectStmt, T_SelectStmt);
  const std::vector<std::string> key = key_of(insert);
  if (key.empty() || !is_plain(insert, select)) return "";
  const List row = list_after(sql.substr(0, place.rows_end), "select");
  if (row.items.size() != static_cast<std::size_t>(length(insert->cols))) return "";
  std::vector<std::string> columns;
  std::set<std::string> known;
  for (auto* column : each<::ResTarget>(insert->cols)) {
    columns.push_back(quote_ident(view(column->name)));
    known.emplace(column->name);
  }
  std::vector<std::string> same;
  std::vector<std::string> given;  // nulls are never in conflict
  for (const std::string& column : key) {
    if (!known.contains(column)) return "";
    same.push_back(cat("pgsluice_there.", quote_ident(column), " = pgsluice_row.", quote_ident(column)));
    given.push_back(cat("pgsluice_row.", quote_ident(column), " IS NOT NULL"));
  }
  const std::vector<std::string> items(row.items.begin(), row.items.end());
  return cat("(", condition, ") AND EXISTS (SELECT FROM (SELECT ", join(items, ", "), ") AS pgsluice_row (",
             join(columns, ", "), ") WHERE ", join(given, " AND "), " AND NOT EXISTS (SELECT FROM ",
             relation_name(insert->relation).quoted(), " AS pgsluice_there WHERE ", join(same, " AND "),
             "))");
}

}  // namespace

std::string undone_rows(::Node* statement, std::string_view sql, const ConditionPlace& condition,
                        std::string_view qualifier, const ColumnTypes& types,
                        const ColumnDefaults& defaults) {
  const std::string text(condition.begin < condition.end
                             ? sql.substr(condition.begin, condition.end - condition.begin)
                             : "true");
  if (as<::UpdateStmt>(statement, T_UpdateStmt) != nullptr)
    return undone_by_update(sql.substr(0, condition.rows_end), text, qualifier,
                            {.types = types, .defaults = defaults});
  const auto* insert = as<::InsertStmt>(statement, T_InsertStmt);
  return insert != nullptr ? undone_by_insert(insert, sql, condition, text) : "";
}

}  // namespace pgsluice::sql
