// SPDX-License-Identifier: Apache-2.0
#include "gate/written_calls.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "base/text.hpp"
#include "sql/lexer.hpp"

namespace pgsluice {
namespace {

using sql::Lexer;
using sql::Token;
using sql::TokenKind;

std::vector<Token> tokens_of(std::string_view code) {
  std::vector<Token> tokens;
  Lexer lexer(code);
  for (Token token = lexer.next(); token.kind != TokenKind::end; token = lexer.next()) {
    tokens.push_back(token);
    if (token.kind == TokenKind::unterminated) break;
  }
  return tokens;
}

/// Whether a name may begin behind this.
bool may_end_a_word(std::string_view before) {
  const auto last = std::find_if_not(before.rbegin(), before.rend(), is_word_part);
  return last == before.rbegin() || (last != before.rend() && (*last == '\\' || *last == '%'));
}

/// Reads the tokens of one text.
class CallReader {
 public:
  CallReader(std::string_view code, Name function)
      : code_(code), function_(function), tokens_(tokens_of(code)) {}

  std::vector<QueryCall> read() const {
    std::vector<QueryCall> calls;
    for (std::size_t at = 0; at < tokens_.size(); ++at) {
      const TokenKind kind = tokens_[at].kind;
      const bool may_be_run = kind == TokenKind::string || kind == TokenKind::unterminated;
      if (may_be_run && may_call_in_text(text(at), function_)) calls.push_back(call(at, -1));
      if (!is_name(at) || kind_at(at + 1) != TokenKind::left_paren || !is_call(at)) continue;
      calls.push_back(call(at, is_of_trigger(at) ? -1 : arguments_behind(at + 1)));
    }
    return calls;
  }

 private:
  [[nodiscard]] std::string_view text(std::size_t at) const {
    return code_.substr(tokens_[at].begin, tokens_[at].end - tokens_[at].begin);
  }
  [[nodiscard]] TokenKind kind_at(std::size_t at) const {
    return at < tokens_.size() ? tokens_[at].kind : TokenKind::end;
  }
  [[nodiscard]] bool is_word(std::size_t at, std::string_view keyword) const {
    return kind_at(at) == TokenKind::word && sql::is_keyword(text(at), keyword);
  }
  [[nodiscard]] bool is_name(std::size_t at) const {
    const TokenKind kind = tokens_[at].kind;
    return (kind == TokenKind::word || kind == TokenKind::quoted_name) && identifier(at) == function_.str();
  }
  [[nodiscard]] std::string identifier(std::size_t at) const {
    const std::string_view word = text(at);
    if (kind_at(at) != TokenKind::quoted_name) return to_lower(word);
    return replace_all(word.substr(1, word.size() - 2), "\"\"", "\"");
  }

  /// A schema before it.
  [[nodiscard]] std::optional<std::size_t> schema_before(std::size_t at) const {
    if (at < 2 || kind_at(at - 1) != TokenKind::dot) return std::nullopt;
    const TokenKind kind = kind_at(at - 2);
    return kind == TokenKind::word || kind == TokenKind::quoted_name ? std::optional(at - 2) : std::nullopt;
  }

  [[nodiscard]] bool is_call(std::size_t at) const {
    const std::size_t begin = schema_before(at).value_or(at);
    if (begin == 0) return true;
    return !is_word(begin - 1, "into") && !is_word(begin - 1, "as") && !is_word(begin - 1, "with") &&
           !is_word(begin - 1, "recursive");
  }

  /// Its function has no arguments, whatever is written: they are TG_ARGV.
  [[nodiscard]] bool is_of_trigger(std::size_t at) const {
    const std::size_t begin = schema_before(at).value_or(at);
    return begin > 0 && (is_word(begin - 1, "function") || is_word(begin - 1, "procedure"));
  }

  [[nodiscard]] QueryCall call(std::size_t at, int arguments) const {
    QueryCall call{.name = {.schemaname = {}, .relname = function_}, .arguments = arguments};
    const auto schema = schema_before(at);
    if (schema && arguments >= 0) call.name.schemaname = identifier(*schema);
    return call;
  }

  /// -1: an array is given for several, an ORDER BY follows, or it does not end.
  [[nodiscard]] int arguments_behind(std::size_t open) const {
    int depth = 0;
    int commas = 0;
    for (std::size_t at = open; at < tokens_.size(); ++at) {
      const bool is_bracket = kind_at(at) == TokenKind::other;
      if (kind_at(at) == TokenKind::left_paren) ++depth;
      if (kind_at(at) == TokenKind::right_paren && --depth == 0) return at == open + 1 ? 0 : commas + 1;
      for (const char c : is_bracket ? text(at) : std::string_view())
        depth += c == '[' ? 1 : c == ']' ? -1 : 0;
      if (depth != 1) continue;
      if (kind_at(at) == TokenKind::comma) ++commas;
      const bool is_star = at == open + 1 && text(at) == "*";
      if (is_star || is_word(at, "variadic") || is_word(at, "order")) return -1;
    }
    return -1;
  }

  std::string_view code_;
  Name function_;
  std::vector<Token> tokens_;
};

}  // namespace

bool is_word_part(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}

bool may_call_in_text(std::string_view text, Name function) {
  const std::string lower = to_lower(text);
  const std::string name = replace_all(to_lower(function.str()), "\"", "\"\"");
  for (std::size_t at = lower.find(name); at != std::string::npos; at = lower.find(name, at + 1)) {
    const std::string_view before = std::string_view(lower).substr(0, at);
    std::string_view behind = std::string_view(lower).substr(at + name.size());
    if (behind.starts_with('"')) behind.remove_prefix(1);
    if (trim(behind).starts_with('(') && (may_end_a_word(before) || !is_word_part(name.front()))) return true;
  }
  return false;
}

std::vector<QueryCall> written_calls(std::string_view code, Name function) {
  return CallReader(code, function).read();
}

std::string code_of_do(std::string_view statement) {
  for (const Token& token : tokens_of(statement)) {
    if (token.kind != TokenKind::string) continue;
    std::string_view string = statement.substr(token.begin, token.end - token.begin);
    if (string.starts_with('$')) {
      const std::size_t tag = string.find('$', 1) + 1;
      return std::string(string.substr(tag, string.size() - 2 * tag));
    }
    if (string.starts_with('\'')) return replace_all(string.substr(1, string.size() - 2), "''", "'");
    break;
  }
  return std::string(statement);
}

}  // namespace pgsluice
