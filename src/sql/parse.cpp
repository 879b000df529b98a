// SPDX-License-Identifier: Apache-2.0
// The one door to libpg_query: one parse per statement, errors as values.
#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "base/utf8.hpp"
#include "lexer.hpp"
#include "split.hpp"
#include "unknown_parts.hpp"
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
  sql::note_unknown_values(script.source, statement);
}

/// In source order.
void add_error(SyntaxError error, Script& script) {
  const auto place = std::ranges::upper_bound(script.errors, error.range.begin, {},
                                              [](const SyntaxError& other) { return other.range.begin; });
  script.errors.insert(place, std::move(error));
}

void parse_statement(const SourceRange& range, Script& script) {
  const sql::Source source{.text = script.text(range), .offset = range.begin};
  if (auto error = text_error(source)) return add_error(std::move(*error), script);
  const sql::RawTree parse(script.source.text, range);
  if (parse.error() != nullptr) {
    if (sql::has_unknown_parts(script.source, range)) {
      script.statements.emplace_back() = sql::unknown_statement(range);
      return;
    }
    return add_error(syntax_error(*parse.error(), source), script);
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
std::size_t next_barrier(const Script& script, std::size_t begin) {
  std::size_t barrier = std::string::npos;
  const auto look_in = [&](const auto& list) {
    const auto next =
        std::ranges::lower_bound(list, begin, {}, [](const auto& item) { return item.range.begin; });
    if (next != list.end()) barrier = std::min(barrier, next->range.begin);
  };
  look_in(script.client_commands);
  look_in(script.errors);
  return barrier;
}

/// The pieces that come next and can be parsed together: with nothing else between them, and short.
std::span<const SourceRange> next_run(const Script& script) {
  constexpr std::size_t most_bytes =
      std::size_t{16} * 1024;  // so that what the parser builds of them stays small
  const std::span<const SourceRange> rest = std::span(script.pieces).subspan(script.parsed);
  const std::size_t begin = rest.front().begin;
  const std::size_t end = std::min(next_barrier(script, begin), begin + most_bytes);
  std::size_t count = 1;
  while (count < rest.size() && rest[count].end <= end) ++count;
  return rest.first(count);
}

/// COPY … FROM stdin has rows when data lines stand behind it.
void note_copied_rows(Script& script, Statement& statement) {
  Command& command = statement.commands.front();
  if (command.tag != "CopyStmt" || !command.changes) return;
  const std::size_t line = script.source.text.find('\n', statement.range.end);
  if (line == std::string::npos) return;
  const auto data = std::ranges::lower_bound(script.client_commands, line + 1, {},
                                             [](const ClientCommand& other) { return other.range.begin; });
  if (data == script.client_commands.end() || data->range.begin != line + 1 || data->kind != "copy-data")
    return;
  const std::string_view text = script.text(data->range);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || text.substr(first).starts_with("\\.")) return;
  command.changes.edit().front().count.reset();
}

/// A directive is for the statement that it stands before or in.
void place_directives(Script& script) {
  for (DirectiveComment& directive : script.directives) {
    const auto next =
        std::ranges::upper_bound(script.statements, directive.range.begin, {},
                                 [](const Statement& statement) { return statement.range.end; });
    directive.next_statement = static_cast<std::size_t>(next - script.statements.begin());
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

Script open_script(SourceFile source) {
  strip_byte_order_mark(source.text);
  Script script{.source = std::move(source)};
  if (auto error = encoding_error(script.source.text)) {
    script.errors.push_back(std::move(*error));
    return script;
  }
  sql::Pieces pieces = sql::split(script.source.text);
  script.pieces = std::move(pieces.statements);
  script.pieces.shrink_to_fit();  // they stay as long as the file does
  script.client_commands = std::move(pieces.client_commands);
  script.directives = std::move(pieces.directives);
  script.errors = std::move(pieces.errors);
  if (!script.directives.empty() || pieces.controls_transaction) {
    while (parse_more(script)) {
    }
  }
  place_directives(script);
  return script;
}

bool parse_more(Script& script) {
  if (script.parsed == script.pieces.size()) return false;
  const std::size_t before = script.statements.size();
  const std::span<const SourceRange> run = next_run(script);
  if (run.size() == 1 || !parse_together(run, script)) {
    for (const SourceRange& piece : run) parse_statement(piece, script);
  }
  script.parsed += run.size();
  for (std::size_t i = before; i < script.statements.size(); ++i)
    note_copied_rows(script, script.statements[i]);
  return true;
}

Script parse(SourceFile source) {
  Script script = open_script(std::move(source));
  script.statements.reserve(script.pieces.size());
  while (parse_more(script)) {
  }
  return script;
}

}  // namespace pgsluice
