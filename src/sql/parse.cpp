// SPDX-License-Identifier: Apache-2.0
// The one door to libpg_query: one parse per statement, errors as values.
#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "base/utf8.hpp"
#include "lexer.hpp"
#include "split.hpp"
// Last: redefines names of the standard library.
#include "lower.hpp"

namespace pgsluice {

namespace {

constexpr std::size_t k_max_message = 200;

/// Parse results live in a memory context of libpg_query's; it goes with the scope.
class ParseScope {
 public:
  ParseScope() {
    // The library creates its thread-local context on first entry without a lock of its own.
    static std::mutex mutex;
    thread_local bool entered = false;
    std::unique_lock<std::mutex> lock(mutex, std::defer_lock);
    if (!entered) lock.lock();
    context_ = pg_query_enter_memory_context();
    entered = true;
  }
  ParseScope(const ParseScope&) = delete;
  ParseScope& operator=(const ParseScope&) = delete;
  ~ParseScope() { pg_query_exit_memory_context(context_); }

 private:
  ::MemoryContext context_;
};

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

/// The parser wants a terminating NUL: for as long as it takes, one stands where the statement ends.
PgQueryInternalParsetreeAndError raw_parse(std::string& file, const sql::Source& source) {
  char& after = file[source.offset + source.text.size()];  // of the last statement, the string's own NUL
  const char saved = std::exchange(after, '\0');
  const PgQueryInternalParsetreeAndError result =
      pg_query_raw_parse(source.text.data(), PG_QUERY_PARSE_DEFAULT);
  after = saved;
  return result;
}

void parse_statement(const sql::Source& source, Script& script) {
  if (auto error = text_error(source)) {
    script.errors.push_back(std::move(*error));
    return;
  }
  const ParseScope scope;
  const PgQueryInternalParsetreeAndError result = raw_parse(script.source.text, source);
  std::free(result.stderr_buffer);
  if (result.error != nullptr) {
    script.errors.push_back(syntax_error(*result.error, source));
    pg_query_free_error(result.error);
    return;
  }
  for (auto* raw : sql::each<::RawStmt>(result.tree)) {
    Statement statement{.tag = {}, .range = source.whole(), .commands = {}};
    sql::lower_statement(raw->stmt, source, statement);
    script.statements.push_back(std::move(statement));
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
  script.client_commands = std::move(pieces.client_commands);
  script.directives = std::move(pieces.directives);
  script.errors = std::move(pieces.errors);
  auto directive = script.directives.begin();
  for (std::size_t i = 0; i < pieces.statements.size(); ++i) {
    // Pieces become statement indexes as parsing decides which of them are statements.
    for (; directive != script.directives.end() && directive->next_statement <= i; ++directive) {
      directive->next_statement = script.statements.size();
    }
    const SourceRange range = pieces.statements[i];
    parse_statement({.text = script.text(range), .offset = range.begin}, script);
  }
  for (; directive != script.directives.end(); ++directive)
    directive->next_statement = script.statements.size();
  std::ranges::sort(script.errors, {}, [](const SyntaxError& error) { return error.range.begin; });
  return script;
}

}  // namespace pgsluice
