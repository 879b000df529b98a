// SPDX-License-Identifier: Apache-2.0
#include "fix/piece.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "sql/lexer.hpp"

namespace pgsluice::fix {
namespace {

/// Behind the semicolon of the statement that ends at `end`, and behind the rest of its line when that is blank or a
/// comment: what is said there is about this statement.
std::size_t end_of_item(std::string_view text, std::size_t end) {
  sql::Lexer lexer(text, end);
  const sql::Token semicolon = lexer.next();
  if (semicolon.kind != sql::TokenKind::semicolon) return end;
  const std::size_t line_end = std::min(text.find('\n', semicolon.end), text.size());
  const std::string_view rest = trim(text.substr(semicolon.end, line_end - semicolon.end));
  if (!rest.empty() && !rest.starts_with("--")) return semicolon.end;
  return std::min(line_end + 1, text.size());
}

/// Where the file's own directives end, for those of its first statement stay with that.
std::size_t end_of_header(const FileAnalysis& file) {
  std::size_t end = 0;
  for (const DirectiveComment& comment : file.script.directives) {
    if (!comment.before_first_statement) break;
    const std::string_view body = trim(comment.body);
    const bool of_statement =
        body.starts_with("batch") || (body.starts_with("allow") && !body.starts_with("allow-file"));
    if (of_statement) break;
    end =
        std::min(file.script.source.text.find('\n', comment.range.end), file.script.source.text.size() - 1) +
        1;
  }
  return end;
}

bool ends_line(std::string_view text) {
  return text.empty() || text.ends_with('\n');
}

}  // namespace

std::string Piece::text() const {
  std::string out = header;
  for (std::size_t i = 0; i < items.size(); ++i) {
    out += items[i].text;
    if (i + 1 == items.size()) break;
    if (!items[i].ended) out += ';';
    const std::string& next = items[i + 1].text;
    const bool separated = out.ends_with('\n') || next.starts_with(' ') || next.starts_with('\t') ||
                           next.starts_with('\r') || next.starts_with('\n');
    if (!separated) out += '\n';
  }
  return out + tail;
}

Piece to_piece(const FileAnalysis& file) {
  const std::string_view text = file.script.source.text;
  const LineIndex lines(text);
  Piece piece{.phase = file.migration.phase};
  std::size_t at = file.script.statements.empty() ? 0 : end_of_header(file);
  piece.header = text.substr(0, at);
  for (const Statement& statement : file.script.statements) {
    const std::size_t end = end_of_item(text, statement.range.end);
    piece.items.push_back({.text = std::string(text.substr(at, end - at)),
                           .line = lines.position(statement.range.begin).line,
                           .ended = end > statement.range.end});
    at = end;
  }
  piece.tail = text.substr(at);
  return piece;
}

Placed place(const Script& script, std::size_t statement, const Item& item, std::size_t begin) {
  const SourceRange range = script.statements[statement].range;
  Placed placed{.before = item.text.substr(0, range.begin - begin),
                .sql = std::string(script.text(range)),
                .after = item.text.substr(range.end - begin)};
  sql::Lexer lexer(placed.after);
  if (lexer.next().kind != sql::TokenKind::semicolon) placed.after = ";" + placed.after;
  if (!ends_line(placed.after)) placed.after += '\n';
  const std::string_view text = script.source.text;
  const std::size_t line_begin =
      range.begin == 0 ? 0 : text.rfind('\n', range.begin - 1) + 1;  // npos + 1 is 0
  placed.begins_line = trim(text.substr(line_begin, range.begin - line_begin)).empty();
  return placed;
}

std::vector<Item> in_place_of(const Placed& placed, int line, const Replacement& steps) {
  std::vector<Item> items;
  for (const Step& step : steps)
    items.push_back({.text = cat(step.sql, ";\n"), .line = line, .phase = step.phase});
  if (items.empty()) return items;
  // A directive in front of the first statement needs a line of its own.
  const bool needs_line = items.front().text.starts_with("--") && !placed.begins_line;
  items.front().text.insert(0, placed.before + (needs_line ? "\n" : ""));
  std::string& last = items.back().text;
  last.resize(last.size() - 2);
  last += placed.after;
  return items;
}

Item new_item(std::string_view sql, int line) {
  return {.text = cat(sql, ";\n"), .line = line};
}

}  // namespace pgsluice::fix
