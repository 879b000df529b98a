// SPDX-License-Identifier: Apache-2.0
// The one door to libpg_query: one parse per statement, errors as values.
#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <utility>

#include "base/utf8.hpp"
#include "lexer.hpp"
#include "split.hpp"
// Last: redefines names of the standard library.
#include "lower.hpp"
#include "raw_tree.hpp"

namespace pgsluice {

namespace {

constexpr std::size_t k_max_message = 200;

/// "at or near" repeats the rest of the input after an unterminated quote: that is cut.
std::string shorten(std::string message) {
  if (message.size() > k_max_message) {
    message.resize(utf8_floor(message, k_max_message));
    message += "…";
  }
  return message;
}

std::string hint_for(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  if (rest.starts_with(":") && !rest.starts_with("::")) {
    return "psql variables are not substituted: write the value, or generate the file before it is read";
  }
  if (rest.starts_with("{{") || rest.starts_with("${"))
    return "template placeholders must be filled in before";
  return {};
}

SyntaxError syntax_error(const ::PgQueryError& error, const sql::Source& source) {
  // cursorpos counts characters from 1; ranges are bytes.
  const std::size_t at =
      error.cursorpos > 0 ? utf8_offset(source.text, static_cast<std::size_t>(error.cursorpos) - 1) : 0;
  sql::Lexer lexer(source.text, at);
  const sql::Token token = lexer.next_with_comments();
  const std::size_t end = token.kind == sql::TokenKind::end ? at : token.end;
  return {.range = {source.offset + at, source.offset + end},
          .statement = source.whole(),
          .message = shorten(sql::string(error.message)),
          .hint = hint_for(source.text, at)};
}

/// A byte that no server would accept; libpg_query would stop at it or let it pass in silence.
std::optional<SyntaxError> text_error(const sql::Source& source) {
  const std::size_t nul = source.text.find('\0');
  const std::optional<std::size_t> invalid = first_invalid_utf8(source.text);
  if (nul != std::string_view::npos && (!invalid || nul < *invalid)) {
    return SyntaxError{.range = {source.offset + nul, source.offset + nul + 1},
                       .statement = source.whole(),
                       .message = "NUL byte in the file",
                       .hint = "PostgreSQL accepts no NUL byte; is this file UTF-16 or binary?"};
  }
  if (!invalid) return std::nullopt;
  return SyntaxError{.range = {source.offset + *invalid, source.offset + *invalid + 1},
                     .statement = source.whole(),
                     .message = "invalid byte sequence for encoding UTF-8",
                     .hint = "save the file as UTF-8"};
}

void add_statement(const ::RawStmt* raw, const sql::Source& source, Script& script) {
  Statement& statement = script.statements.emplace_back();
  statement.range = source.whole();
  sql::lower_statement(raw->stmt, source, statement);
  // A dump has tens of thousands of statements, and all of them are there before the first one is predicted.
  for (Command& command : statement.commands) command.facts.shrink_to_fit();
}

void parse_statement(const SourceRange& range, Script& script) {
  const sql::Source source{.text = script.text(range), .offset = range.begin};
  if (auto error = text_error(source)) {
    script.errors.push_back(std::move(*error));
    return;
  }
  const sql::RawTree parse(script.source.text, range);
  if (parse.error() != nullptr) {
    script.errors.push_back(syntax_error(*parse.error(), source));
    return;
  }
  for (auto* raw : sql::each<::RawStmt>(parse.statements())) add_statement(raw, source, script);
}

/// Whether the parser found the same statements as the splitter.
bool agrees(const ::List* tree, std::span<const SourceRange> pieces) {
  if (static_cast<std::size_t>(sql::length(tree)) != pieces.size()) return false;
  std::size_t i = 0;
  for (auto* raw : sql::each<::RawStmt>(tree)) {
    const SourceRange& piece = pieces[i++];
    const std::size_t begin = pieces.front().begin + static_cast<std::size_t>(raw->stmt_location);
    const std::size_t end =
        raw->stmt_len == 0 ? pieces.back().end : begin + static_cast<std::size_t>(raw->stmt_len);
    if (begin > piece.begin || end < piece.end || (i < pieces.size() && end > pieces[i].begin)) return false;
  }
  return true;
}

/// Several statements in one go, for each call has its price; false: one by one, please.
bool parse_together(std::span<const SourceRange> pieces, Script& script) {
  const SourceRange all{.begin = pieces.front().begin, .end = pieces.back().end};
  if (text_error({.text = script.text(all), .offset = all.begin})) return false;
  const sql::RawTree parse(script.source.text, all);
  if (parse.error() != nullptr || !agrees(parse.statements(), pieces)) return false;
  std::size_t i = 0;
  for (auto* raw : sql::each<::RawStmt>(parse.statements())) {
    const SourceRange& piece = pieces[i++];
    add_statement(
        raw, {.text = script.text(piece), .offset = piece.begin, .skipped = piece.begin - all.begin}, script);
  }
  return true;
}

/// Where the text after `begin` stops being SQL that the parser understands.
std::size_t next_barrier(const sql::Pieces& pieces, std::size_t begin) {
  std::size_t barrier = std::string::npos;
  const auto look_in = [&](const auto& list) {
    const auto next =
        std::ranges::lower_bound(list, begin, {}, [](const auto& item) { return item.range.begin; });
    if (next != list.end()) barrier = std::min(barrier, next->range.begin);
  };
  look_in(pieces.client_commands);
  look_in(pieces.errors);
  return barrier;
}

/// The pieces from `first` on that can be parsed together: with nothing else between them, and short.
std::span<const SourceRange> run_from(const sql::Pieces& pieces, std::size_t first) {
  constexpr std::size_t most_bytes =
      std::size_t{16} * 1024;  // so that what the parser builds of them stays small
  const std::span<const SourceRange> all(pieces.statements);
  const std::size_t begin = all[first].begin;
  const std::size_t end = std::min(next_barrier(pieces, begin), begin + most_bytes);
  std::size_t last = first + 1;
  while (last < all.size() && all[last].end <= end) ++last;
  return all.subspan(first, last - first);
}

/// COPY … FROM stdin has rows when data lines stand behind it.
void note_copied_rows(Script& script) {
  for (const ClientCommand& data : script.client_commands) {
    const auto next = std::ranges::upper_bound(script.statements, data.range.begin, {},
                                               [](const Statement& s) { return s.range.begin; });
    if (data.kind != "copy-data" || next == script.statements.begin()) continue;
    Command& command = std::prev(next)->commands.front();
    const std::string_view text = script.text(data.range);
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (command.tag != "CopyStmt" || !command.changes || first == std::string_view::npos) continue;
    if (!text.substr(first).starts_with("\\.")) command.changes.edit().front().count.reset();
  }
}

std::optional<SyntaxError> encoding_error(std::string_view text) {
  if (!text.starts_with("\xff\xfe") && !text.starts_with("\xfe\xff")) return std::nullopt;
  return SyntaxError{.range = {0, 2},
                     .statement = {0, text.size()},
                     .message = "the file is UTF-16",
                     .hint = "save the file as UTF-8"};
}

void strip_byte_order_mark(std::string& text) {
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
}

}  // namespace

int grammar_version() {
  return PG_VERSION_NUM / 10000;
}

Script parse(SourceFile source) {
  strip_byte_order_mark(source.text);
  Script script{.source = std::move(source)};
  const std::string_view text = script.source.text;
  if (auto error = encoding_error(text)) {
    script.errors.push_back(std::move(*error));
    return script;
  }
  sql::Pieces pieces = sql::split(text);
  script.directives = std::move(pieces.directives);
  script.statements.reserve(pieces.statements.size());
  auto directive = script.directives.begin();
  // Pieces become statement indexes as parsing decides which of them are statements.
  const auto place_directives = [&](std::size_t piece, std::size_t statement) {
    for (; directive != script.directives.end() && directive->next_statement <= piece; ++directive) {
      directive->next_statement = statement;
    }
  };
  for (std::size_t i = 0; i < pieces.statements.size();) {
    const std::span<const SourceRange> run = run_from(pieces, i);
    const std::size_t before = script.statements.size();
    const bool together = run.size() > 1 && parse_together(run, script);
    for (std::size_t k = 0; k < run.size(); ++k, ++i) {
      place_directives(i, together ? before + k : script.statements.size());
      if (!together) parse_statement(run[k], script);
    }
  }
  script.client_commands = std::move(pieces.client_commands);
  note_copied_rows(script);
  std::ranges::move(pieces.errors, std::back_inserter(script.errors));
  for (; directive != script.directives.end(); ++directive)
    directive->next_statement = script.statements.size();
  std::ranges::sort(script.errors, {}, [](const SyntaxError& error) { return error.range.begin; });
  return script;
}

}  // namespace pgsluice
