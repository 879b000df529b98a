// SPDX-License-Identifier: Apache-2.0
#include "piece.hpp"

#include <utility>

#include "base/text.hpp"
#include "lower.hpp"
#include "lower_text.hpp"
#include "raw_tree.hpp"

namespace pgsluice::sql {

SqlPiece read_sql(const std::string& sql, std::size_t offset) {
  SqlPiece piece;
  const RawTree tree(sql);
  ::Node* node = tree.only();
  if (node == nullptr) return piece;
  const Source source{.text = sql, .offset = offset};
  piece.statement.range = source.whole();
  lower_statement(node, source, piece.statement);
  if (auto* select = as<::SelectStmt>(node, T_SelectStmt)) piece.rows = rows_of(select);
  return piece;
}

Text read_value(std::string_view expression, std::size_t offset, Statement& statement) {
  constexpr std::string_view k_select = "SELECT ";
  SqlPiece piece = read_sql(cat(k_select, expression), offset - k_select.size());
  for (Command& command : piece.statement.commands) {
    command.range = {offset, offset + expression.size()};
    if (!command.relations.empty() || !command.functions.empty()) statement = piece.statement;
  }
  statement.range = {offset, offset + expression.size()};
  Text& rows = piece.rows.rows;
  const bool one =
      rows.kind == Text::Kind::array && rows.parts.size() == 1 && rows.parts.front().parts.size() == 1;
  return one ? std::move(rows.parts.front().parts.front()) : Text();
}

std::string identifier_of(std::string_view token) {
  if (!token.starts_with('"')) return to_lower(token);
  if (token.size() < 2) return {};
  return replace_all(token.substr(1, token.size() - 2), "\"\"", "\"");
}

}  // namespace pgsluice::sql
