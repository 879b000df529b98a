// SPDX-License-Identifier: Apache-2.0
#include "sql/words.hpp"

#include <algorithm>

#include "sql/lexer.hpp"

namespace pgsluice::sql {

std::string tidy(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  Lexer lexer(text);
  std::size_t end = 0;
  for (Token token = lexer.next(); token.kind != TokenKind::end; token = lexer.next()) {
    if (!out.empty() && token.begin > end) out += ' ';
    out += lexer.text(token);
    end = token.end;
  }
  return out;
}

std::optional<SourceRange> find_keyword(std::string_view text,
                                        std::initializer_list<std::string_view> keywords) {
  int depth = 0;
  Lexer lexer(text);
  for (Token token = lexer.next(); token.kind != TokenKind::end; token = lexer.next()) {
    if (token.kind == TokenKind::left_paren) ++depth;
    if (token.kind == TokenKind::right_paren) --depth;
    if (depth > 0 || token.kind != TokenKind::word) continue;
    const std::string_view word = lexer.text(token);
    if (std::ranges::any_of(keywords, [word](auto keyword) { return is_keyword(word, keyword); }))
      return SourceRange{token.begin, token.end};
  }
  return std::nullopt;
}

}  // namespace pgsluice::sql
