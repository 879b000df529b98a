// SPDX-License-Identifier: Apache-2.0
// A lexer for SQL as psql reads it: just enough to find where tokens, statements and list items end.
// It knows quoting, dollar quotes and nested comments; it does not know the grammar.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pgsluice::sql {

enum class TokenKind {
  word,         ///< keyword or identifier
  quoted_name,  ///< "identifier"
  string,       ///< '…', E'…', U&'…', $tag$…$tag$
  number,
  semicolon,
  comma,
  left_paren,
  right_paren,
  dot,
  backslash,     ///< psql: a meta-command starts here
  other,         ///< operators and everything else
  line_comment,  ///< only from Lexer::next_with_comments()
  block_comment,
  unterminated,  ///< a quote or comment that never ends, or nests too deep
  end,
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::size_t begin = 0;
  std::size_t end = 0;
};

class Lexer {
 public:
  explicit Lexer(std::string_view text, std::size_t position = 0) : text_(text), position_(position) {}

  /// The next token; white space and comments are skipped.
  Token next();
  /// The next token or comment.
  Token next_with_comments();

  /// Goes over what can neither end a statement nor open a quote or comment, without looking at its tokens. Returns
  /// where the last of these ends; position() before, if there is none.
  std::size_t skip_plain();
  /// The same for a list item: stops at commas and parentheses, too.
  std::size_t skip_plain_in_item();

  [[nodiscard]] std::size_t position() const { return position_; }
  void seek(std::size_t position) { position_ = position; }
  [[nodiscard]] std::string_view text(const Token& token) const {
    return text_.substr(token.begin, token.end - token.begin);
  }

 private:
  [[nodiscard]] char at(std::size_t i) const { return i < text_.size() ? text_[i] : '\0'; }
  Token make(TokenKind kind, std::size_t begin, std::size_t end);
  Token quoted(std::size_t begin, std::size_t open, char quote, bool backslash_escapes, TokenKind kind);
  Token dollar(std::size_t begin);
  Token block_comment(std::size_t begin);
  Token word(std::size_t begin);
  Token operator_run(std::size_t begin);
  std::size_t skip(std::uint8_t what);

  std::string_view text_;
  std::size_t position_;
};

/// Case-insensitive comparison of an ASCII keyword (given in lower case).
bool is_keyword(std::string_view word, std::string_view lower_keyword);

/// The end of the list item that starts at `begin`: up to a comma or closing parenthesis at its own
/// depth, or the end of the text. White space before that is left out.
std::size_t end_of_item(std::string_view text, std::size_t begin);

}  // namespace pgsluice::sql
