// SPDX-License-Identifier: Apache-2.0
#include "split.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "lexer.hpp"

namespace pgsluice::sql {

namespace {

constexpr std::string_view k_directive = "pgsluice:";

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text), lexer_(text) {}

  Pieces run() {
    while (true) {
      if (plain_) end_ = std::max(end_, lexer_.skip_plain());
      const Token token = lexer_.next_with_comments();
      if (token.kind == TokenKind::end) break;
      take(token);
    }
    finish_statement();
    return std::move(pieces_);
  }

 private:
  void take(const Token& token) {
    switch (token.kind) {
      case TokenKind::line_comment: return comment(token);
      case TokenKind::block_comment: return;
      case TokenKind::unterminated: return unterminated(token);
      case TokenKind::backslash: return meta_command(token);
      case TokenKind::semicolon:
        if (inside_body()) break;
        finish_statement();
        return;
      default: break;
    }
    if (!begin_) begin_ = token.begin;
    end_ = token.end;
    if (token.kind == TokenKind::left_paren) ++depth_;
    if (token.kind == TokenKind::right_paren) --depth_;
    if (token.kind == TokenKind::word) word(lexer_.text(token));
  }

  /// A semicolon ends no statement inside BEGIN ATOMIC … END, nor between the parentheses of CREATE
  /// RULE. Elsewhere it does, even between parentheses: so a forgotten one costs one statement only.
  [[nodiscard]] bool inside_body() const {
    if (atomic_depth_ > 0) return true;
    return depth_ > 0 && makes_ == Makes::rule;
  }

  void word(std::string_view text) {
    if (words_ < first_words_.size()) {
      first_words_[words_] = text;
      makes_ = what_is_made();
    }
    if (words_ == 0)
      pieces_.controls_transaction = pieces_.controls_transaction || controls_transaction(text);
    ++words_;
    if (words_ == first_words_.size())
      plain_ = makes_ == Makes::other && !is_keyword(first_words_[0], "copy");
    if (makes_ != Makes::routine) {
      if (is_keyword(text, "stdin") && is_keyword(previous_word_, "from")) reads_stdin_ = true;
    } else if (is_keyword(text, "begin")) {
      ++atomic_depth_;
    } else if (is_keyword(text, "case") && atomic_depth_ > 0) {
      ++atomic_depth_;
    } else if (is_keyword(text, "end") && atomic_depth_ > 0) {
      --atomic_depth_;
    }
    previous_word_ = text;
  }

  static bool controls_transaction(std::string_view word) {
    static constexpr std::array<std::string_view, 9> k_words = {
        "begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release", "prepare"};
    return std::ranges::any_of(k_words, [&](std::string_view keyword) { return is_keyword(word, keyword); });
  }

  [[nodiscard]] std::string_view object_word() const {
    if (!is_keyword(first_words_[0], "create")) return {};
    return is_keyword(first_words_[1], "or") ? first_words_[3] : first_words_[1];
  }
  /// What a CREATE makes, as far as it matters here.
  enum class Makes { other, routine, rule };
  [[nodiscard]] Makes what_is_made() const {
    const std::string_view object = object_word();
    if (is_keyword(object, "function") || is_keyword(object, "procedure")) return Makes::routine;
    return is_keyword(object, "rule") ? Makes::rule : Makes::other;
  }

  void finish_statement() {
    if (begin_) {
      pieces_.statements.push_back({.begin = *begin_, .end = end_});
      if (reads_stdin_ && is_keyword(first_words_[0], "copy")) copy_data();
    }
    begin_.reset();
    depth_ = 0;
    atomic_depth_ = 0;
    words_ = 0;
    plain_ = false;
    makes_ = Makes::other;
    first_words_ = {};
    previous_word_ = {};
    reads_stdin_ = false;
  }

  void comment(const Token& token) {
    std::string_view body = lexer_.text(token).substr(2);
    body.remove_prefix(std::min(body.find_first_not_of(" \t"), body.size()));
    if (!body.starts_with(k_directive)) return;
    body.remove_prefix(k_directive.size());
    pieces_.directives.push_back({.range = {token.begin, token.end},
                                  .body = std::string(body),
                                  .next_statement = pieces_.statements.size(),
                                  .before_first_statement = pieces_.statements.empty() && !begin_});
  }

  void unterminated(const Token& token) {
    const std::string_view text = lexer_.text(token);
    const bool is_comment = text.starts_with("/*");
    const bool is_operator = token.end < text_.size();
    pieces_.errors.push_back(
        {.range = {token.begin, std::min(token.begin + 1, token.end)},
         .statement = {begin_.value_or(token.begin), token.end},
         .message = is_operator              ? "operator too long"
                    : is_comment             ? "unterminated comment, or comments nested too deep"
                    : text.starts_with("\"") ? "unterminated quoted identifier"
                    : text.starts_with("$")  ? "unterminated dollar-quoted string"
                                             : "unterminated quoted string",
         .hint = is_operator ? "" : "close what is opened here; everything after it was not analysed"});
    begin_.reset();
    finish_statement();
  }

  /// `\connect x` up to the end of its line. Whatever stands before it on the line is a statement, as
  /// with `\gexec`.
  void meta_command(const Token& token) {
    finish_statement();
    const std::size_t end = std::min(text_.find_first_of("\r\n", token.begin), text_.size());
    pieces_.client_commands.push_back({.range = {token.begin, end}, .kind = "meta-command"});
    lexer_.seek(end);
  }

  /// The lines after COPY … FROM stdin; up to `\.` on a line of its own, as in a dump.
  void copy_data() {
    const std::size_t begin = std::min(text_.find('\n', end_), text_.size() - 1) + 1;
    std::size_t line = begin;
    while (line < text_.size()) {
      const std::size_t next = std::min(text_.find('\n', line), text_.size() - 1) + 1;
      std::string_view content = text_.substr(line, next - line);
      while (!content.empty() && (content.back() == '\n' || content.back() == '\r')) content.remove_suffix(1);
      line = next;
      if (content == "\\.") break;
    }
    if (line > begin) {
      pieces_.client_commands.push_back({.range = {begin, line}, .kind = "copy-data"});
      lexer_.seek(line);
    }
  }

  std::string_view text_;
  Lexer lexer_;
  Pieces pieces_;
  std::optional<std::size_t> begin_;
  std::size_t end_ = 0;
  int depth_ = 0;
  int atomic_depth_ = 0;
  std::size_t words_ = 0;
  bool plain_ = false;  ///< after its first words nothing in the statement but quotes and its end matters
  Makes makes_ = Makes::other;
  std::array<std::string_view, 4> first_words_{};
  std::string_view previous_word_;
  bool reads_stdin_ = false;
};

}  // namespace

Pieces split(std::string_view text) {
  return Splitter(text).run();
}

}  // namespace pgsluice::sql
