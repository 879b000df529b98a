// SPDX-License-Identifier: Apache-2.0
#include "undone.hpp"

#include <algorithm>
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

/// A row that the condition still finds, and that would get another value; where the condition is about something else, one
/// that has no value and could have one. What the application has changed since is its own.
std::string lacks(const Assignment& set, std::string_view condition, std::string_view qualifier) {
  const std::string column = cat(qualifier, ".", set.column);
  // As text, for an assignment casts, and json has no equality.
  if (names(condition, set.column))
    return cat(column, "::text IS DISTINCT FROM (", set.expression, ")::text");
  return cat(column, " IS NULL AND (", set.expression, ") IS NOT NULL");
}

std::string undone_by_update(std::string_view before, std::string_view condition,
                             std::string_view qualifier) {
  const List set = list_after(before, "set");
  std::vector<std::string> all;
  for (const std::string_view text : set.items) {
    const auto assignment = read_assignment(text);
    if (!assignment) return "";
    all.push_back(lacks(*assignment, condition, qualifier));
  }
  if (all.empty()) return "";
  std::string missing = cat("(", condition, ") AND (", join(all, " OR "), ")");
  const std::string_view with = trim(before_keyword(before, "update"));
  if (with.empty() && set.from.empty()) return missing;
  // A name that both tables have would have been ambiguous in the UPDATE, too.
  return cat("EXISTS (", with, " SELECT", set.from.empty() ? "" : " FROM ", set.from, " WHERE ", missing,
             ")");
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
  for (const std::string& column : key) {
    if (!known.contains(column)) return "";
    same.push_back(cat("pgsluice_there.", quote_ident(column), " = pgsluice_row.", quote_ident(column)));
  }
  const std::vector<std::string> items(row.items.begin(), row.items.end());
  return cat("(", condition, ") AND EXISTS (SELECT FROM (SELECT ", join(items, ", "), ") AS pgsluice_row (",
             join(columns, ", "), ") WHERE NOT EXISTS (SELECT FROM ",
             relation_name(insert->relation).quoted(), " AS pgsluice_there WHERE ", join(same, " AND "),
             "))");
}

}  // namespace

std::string undone_rows(::Node* statement, std::string_view sql, const ConditionPlace& condition,
                        std::string_view qualifier) {
  const std::string text(condition.begin < condition.end
                             ? sql.substr(condition.begin, condition.end - condition.begin)
                             : "true");
  if (as<::UpdateStmt>(statement, T_UpdateStmt) != nullptr)
    return undone_by_update(sql.substr(0, condition.rows_end), text, qualifier);
  const auto* insert = as<::InsertStmt>(statement, T_InsertStmt);
  return insert != nullptr ? undone_by_insert(insert, sql, condition, text) : "";
}

}  // namespace pgsluice::sql
