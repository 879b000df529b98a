// SPDX-License-Identifier: Apache-2.0
#include "plan/sql_text.hpp"

#include "base/sha256.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "sql/lexer.hpp"

namespace pgsluice {
namespace {

using sql::Lexer;
using sql::Token;
using sql::TokenKind;

std::string cut(std::string text, std::size_t limit) {
  if (text.size() <= limit) {
    return text;
  }
  return text.substr(0, utf8_floor(text, limit)) + "…";
}

}  // namespace

std::string normalised_sql(std::string_view sql) {
  std::string normal;
  Lexer lexer(sql);
  for (Token token = lexer.next(); token.kind != TokenKind::end; token = lexer.next()) {
    if (!normal.empty()) {
      normal += ' ';
    }
    normal += token.kind == TokenKind::word ? to_lower(lexer.text(token)) : std::string(lexer.text(token));
  }
  while (normal.ends_with(';') || normal.ends_with(' ')) {
    normal.pop_back();
  }
  return normal;
}

bool has_word(std::string_view sql, std::string_view word) {
  const auto is_part = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
  };
  for (std::size_t at = sql.find(word); at != std::string_view::npos; at = sql.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !is_part(sql[at - 1])) && (end == sql.size() || !is_part(sql[end]))) return true;
  }
  return false;
}

std::string fingerprint_of(std::string_view sql) {
  return sha256_hex(normalised_sql(sql));
}

std::string redacted_sql(std::string_view sql, std::size_t limit) {
  std::string safe;
  std::size_t end = 0;
  Lexer lexer(sql);
  for (Token token = lexer.next(); token.kind != TokenKind::end && safe.size() <= limit;
       token = lexer.next()) {
    if (token.begin > end && !safe.empty()) {
      safe += ' ';
    }
    end = token.end;
    const bool literal = token.kind == TokenKind::string || token.kind == TokenKind::unterminated;
    safe += literal ? "'…'" : lexer.text(token);
  }
  return cut(std::move(safe), limit);
}

}  // namespace pgsluice
