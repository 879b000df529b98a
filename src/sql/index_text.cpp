// SPDX-License-Identifier: Apache-2.0
// CREATE INDEX for another relation: what stands behind the relation's name stays as it is.

#include "base/text.hpp"
#include "lexer.hpp"
#include "pgsluice/cut.hpp"

namespace pgsluice {
namespace {

using sql::is_keyword;
using sql::Lexer;
using sql::Token;
using sql::TokenKind;

bool is_word(const Lexer& lexer, const Token& token, std::string_view keyword) {
  return token.kind == TokenKind::word && is_keyword(lexer.text(token), keyword);
}

bool is_name(const Token& token) {
  return token.kind == TokenKind::word || token.kind == TokenKind::quoted_name;
}

/// Where a qualified name that starts with `token` ends.
std::size_t end_of_name(Lexer& lexer, Token token) {
  std::size_t end = token.end;
  for (Token dot = lexer.next(); dot.kind == TokenKind::dot; dot = lexer.next()) {
    token = lexer.next();
    if (!is_name(token)) break;
    end = token.end;
  }
  return end;
}

}  // namespace

std::optional<std::string> create_index_on(const std::string& sql, std::string_view relation) {
  Lexer lexer(sql);
  bool unique = false;
  Token token = lexer.next();
  if (!is_word(lexer, token, "create")) return std::nullopt;
  // ON is a reserved word: no index can be called so without quotes.
  for (; !is_word(lexer, token, "on"); token = lexer.next()) {
    if (token.kind == TokenKind::end || token.kind == TokenKind::unterminated) return std::nullopt;
    unique = unique || is_word(lexer, token, "unique");
  }
  token = lexer.next();
  if (is_word(lexer, token, "only")) token = lexer.next();
  if (!is_name(token)) return std::nullopt;
  const std::size_t end = end_of_name(lexer, token);
  return cat(unique ? "CREATE UNIQUE INDEX ON " : "CREATE INDEX ON ", relation, sql.substr(end));
}

}  // namespace pgsluice
