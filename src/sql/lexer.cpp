// SPDX-License-Identifier: Apache-2.0
#include "lexer.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace pgsluice::sql {

namespace {

// PostgreSQL's own lexer is quadratic in both; nothing that people write comes near.
constexpr int k_max_comment_depth = 1000;
constexpr std::size_t k_max_operator_run = 1000;

// Every byte of every file is asked what it is: a table answers at once.
enum Class : std::uint8_t {
  space = 1,
  digit = 2,
  word_start = 4,
  word_rest = 8,
  operator_part = 16,
  plain = 32,         // ends no statement, opens nothing
  plain_in_item = 64  // ends no list item either
};

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> classes{};
  const auto set = [&classes](std::string_view characters, int what) {
    for (const char c : characters) classes[static_cast<unsigned char>(c)] |= static_cast<std::uint8_t>(what);
  };
  set(" \t\n\r\f\v", space);
  set("0123456789", digit | word_rest);
  set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_", word_start | word_rest);
  set("$", word_rest);
  set("+-*/<>=~!@#%^&|`?", operator_part);
  for (std::size_t c = 0x80; c < classes.size(); ++c) classes[c] = word_start | word_rest;
  for (std::uint8_t& bits : classes) {
    if ((bits & (space | word_rest)) != 0) bits |= plain | plain_in_item;
  }
  set(".:[]", plain | plain_in_item);
  set("(),", plain);
  classes['$'] = word_rest;  // it may open a string
  return classes;
}
constexpr std::array<std::uint8_t, 256> k_classes = make_classes();

bool is(char c, Class what) {
  return (k_classes[static_cast<unsigned char>(c)] & what) != 0;
}
bool is_space(char c) {
  return is(c, space);
}
bool is_digit(char c) {
  return is(c, digit);
}
bool is_word_start(char c) {
  return is(c, word_start);
}
bool is_word(char c) {
  return is(c, word_rest);
}
bool is_operator(char c) {
  return is(c, operator_part);
}

}  // namespace

Token Lexer::make(TokenKind kind, std::size_t begin, std::size_t end) {
  position_ = end;
  return {.kind = kind, .begin = begin, .end = end};
}

Token Lexer::quoted(std::size_t begin, std::size_t open, char quote, bool backslash_escapes, TokenKind kind) {
  std::size_t i = open + 1;
  while (i < text_.size()) {
    if (backslash_escapes && text_[i] == '\\') {
      i += 2;
    } else if (text_[i] != quote) {
      ++i;
    } else if (at(i + 1) == quote) {
      i += 2;
    } else {
      return make(kind, begin, i + 1);
    }
  }
  return make(TokenKind::unterminated, begin, text_.size());
}

Token Lexer::dollar(std::size_t begin) {
  std::size_t i = begin + 1;
  if (is_word_start(at(i))) {
    while (is_word(at(i)) && at(i) != '$') ++i;
  }
  if (at(i) != '$') return make(TokenKind::other, begin, begin + 1);  // a parameter such as $1
  const std::string_view tag = text_.substr(begin, i + 1 - begin);
  const std::size_t close = text_.find(tag, i + 1);
  if (close == std::string_view::npos) return make(TokenKind::unterminated, begin, text_.size());
  return make(TokenKind::string, begin, close + tag.size());
}

Token Lexer::block_comment(std::size_t begin) {
  int depth = 1;
  std::size_t i = begin + 2;
  while (i < text_.size() && depth > 0 && depth <= k_max_comment_depth) {
    if (text_[i] == '*' && at(i + 1) == '/') {
      --depth;
      i += 2;
    } else if (text_[i] == '/' && at(i + 1) == '*') {
      ++depth;
      i += 2;
    } else {
      ++i;
    }
  }
  if (depth > 0) return make(TokenKind::unterminated, begin, text_.size());
  return make(TokenKind::block_comment, begin, i);
}

Token Lexer::word(std::size_t begin) {
  const char c = text_[begin];
  const char next = at(begin + 1);
  if (next == '\'') {
    if (c == 'E' || c == 'e') return quoted(begin, begin + 1, '\'', true, TokenKind::string);
    if (std::string_view("bBxXnN").find(c) != std::string_view::npos) {
      return quoted(begin, begin + 1, '\'', false, TokenKind::string);
    }
  }
  if ((c == 'U' || c == 'u') && next == '&') {
    if (at(begin + 2) == '\'') return quoted(begin, begin + 2, '\'', false, TokenKind::string);
    if (at(begin + 2) == '"') return quoted(begin, begin + 2, '"', false, TokenKind::quoted_name);
  }
  std::size_t i = begin + 1;
  while (i < text_.size() && is_word(text_[i])) ++i;
  return make(TokenKind::word, begin, i);
}

Token Lexer::operator_run(std::size_t begin) {
  std::size_t i = begin;
  while (i < text_.size() && is_operator(text_[i])) {
    if (i > begin && text_[i] == '-' && at(i + 1) == '-') break;
    if (i > begin && text_[i] == '/' && at(i + 1) == '*') break;
    ++i;
  }
  const bool too_long = i - begin > k_max_operator_run;
  return make(too_long ? TokenKind::unterminated : TokenKind::other, begin, i);
}

Token Lexer::next_with_comments() {
  std::size_t i = position_;
  while (i < text_.size() && is_space(text_[i])) ++i;
  if (i >= text_.size()) return make(TokenKind::end, text_.size(), text_.size());
  const char c = text_[i];
  if (c == '-' && at(i + 1) == '-') {
    return make(TokenKind::line_comment, i, std::min(text_.find_first_of("\r\n", i), text_.size()));
  }
  if (c == '/' && at(i + 1) == '*') return block_comment(i);
  switch (c) {
    case '\'': return quoted(i, i, '\'', false, TokenKind::string);
    case '"': return quoted(i, i, '"', false, TokenKind::quoted_name);
    case '$': return dollar(i);
    case ';': return make(TokenKind::semicolon, i, i + 1);
    case ',': return make(TokenKind::comma, i, i + 1);
    case '(': return make(TokenKind::left_paren, i, i + 1);
    case ')': return make(TokenKind::right_paren, i, i + 1);
    case '.': return make(TokenKind::dot, i, i + 1);
    case '\\': return make(TokenKind::backslash, i, i + 1);
    default: break;
  }
  if (is_word_start(c)) return word(i);
  if (is_digit(c)) {
    std::size_t end = i + 1;
    while (is_word(at(end)) || (at(end) == '.' && is_digit(at(end + 1)))) ++end;
    return make(TokenKind::number, i, end);
  }
  if (is_operator(c)) return operator_run(i);
  return make(TokenKind::other, i, i + 1);
}

Token Lexer::next() {
  Token token = next_with_comments();
  while (token.kind == TokenKind::line_comment || token.kind == TokenKind::block_comment) {
    token = next_with_comments();
  }
  return token;
}

std::size_t Lexer::skip(std::uint8_t what) {
  const std::size_t begin = position_;
  std::size_t i = begin;
  while (i < text_.size() && (k_classes[static_cast<unsigned char>(text_[i])] & what) != 0) ++i;
  // The word before a quote or dollar belongs to it: E'…', name$1.
  if (i < text_.size() && text_[i] != ';') {
    while (i > begin && is_word(text_[i - 1])) --i;
  }
  position_ = i;
  while (i > begin && is_space(text_[i - 1])) --i;
  return i;
}

std::size_t Lexer::skip_plain() {
  return skip(plain);
}

std::size_t Lexer::skip_plain_in_item() {
  return skip(plain_in_item);
}

bool is_keyword(std::string_view word, std::string_view lower_keyword) {
  if (word.size() != lower_keyword.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const char c = word[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != lower_keyword[i]) return false;
  }
  return true;
}

std::size_t end_of_item(std::string_view text, std::size_t begin) {
  Lexer lexer(text, begin);
  std::size_t end = begin;
  for (int depth = 0;;) {
    end = std::max(end, lexer.skip_plain_in_item());
    const Token token = lexer.next();
    if (token.kind == TokenKind::left_paren) ++depth;
    if (token.kind == TokenKind::right_paren && --depth < 0) break;
    if ((token.kind == TokenKind::comma && depth == 0) || token.kind == TokenKind::end) break;
    end = token.end;
  }
  return end;
}

}  // namespace pgsluice::sql
