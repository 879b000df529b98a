// SPDX-License-Identifier: Apache-2.0
// Document → Markdown, as forges show it.
#include <algorithm>
#include <cctype>

#include "base/text.hpp"
#include "report/document.hpp"
#include "report/time_line.hpp"

namespace pgsluice {
namespace {

enum class Place { line, cell };

bool is_word(std::string_view text, std::size_t at) {
  return at < text.size() && std::isalnum(static_cast<unsigned char>(text[at])) != 0;
}

/// Inside a word an underscore is nothing special. A forge would tell the people whose name follows an @: something
/// invisible stands between.
std::string escaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool special = std::string_view("\\`*[]<>|").find(text[i]) != std::string_view::npos;
    const bool at_edge = text[i] == '_' && !(i > 0 && is_word(text, i - 1) && is_word(text, i + 1));
    if (special || at_edge) out += '\\';
    out += text[i];
    if (text[i] == '@' && is_word(text, i + 1)) out += "&#8203;";
  }
  return out;
}

std::size_t longest_run(std::string_view text, char of) {
  std::size_t longest = 0;
  std::size_t run = 0;
  for (const char c : text) {
    run = c == of ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

/// Backticks inside need more of them around; a bar would end a cell even here.
std::string code_span(std::string_view text, Place place) {
  const std::string fence(longest_run(text, '`') + 1, '`');
  const std::string_view pad = text.starts_with('`') || text.ends_with('`') ? " " : "";
  const std::string inside = place == Place::cell ? replace_all(text, "|", "\\|") : std::string(text);
  return cat(fence, pad, inside, pad, fence);
}

std::string inline_text(const Span& span, Place place) {
  switch (span.kind) {
    case Span::Kind::code: return code_span(span.text, place);
    case Span::Kind::link: return cat("[", escaped(span.text), "](", span.target, ")");
    case Span::Kind::anchor: return cat("<a id=\"", span.text, "\"></a>");
    case Span::Kind::styled: break;
  }
  const bool strong = span.style != Style::plain && span.style != Style::faint && !trim(span.text).empty();
  return strong ? cat("**", escaped(span.text), "**") : escaped(span.text);
}

std::string inline_text(const Words& words, Place place) {
  std::string out;
  for (const Span& span : words.spans) out += inline_text(span, place);
  return replace_all(out, "\n", place == Place::cell ? "<br>" : "  \n");
}

std::string render(const Heading& heading) {
  return cat(std::string(static_cast<std::size_t>(heading.level), '#'), " ",
             inline_text(heading.words, Place::line), "\n");
}

std::string render(const Paragraph& paragraph) {
  return inline_text(paragraph.words, Place::line) + "\n";
}

std::string render(const Code& block) {
  const std::string fence(std::max<std::size_t>(longest_run(block.text, '`') + 1, 3), '`');
  return cat(fence, block.language, "\n", block.text, block.text.ends_with('\n') ? "" : "\n", fence, "\n");
}

std::string render(const List& list) {
  std::string out;
  for (const Words& item : list.items) out += cat("- ", inline_text(item, Place::line), "\n");
  return out;
}

std::string table_row(const std::vector<std::string>& cells) {
  return cat("| ", join(cells, " | "), " |\n");
}

std::string render(const Table& table) {
  std::vector<std::string> header = table.header;
  if (header.empty() && !table.rows.empty()) header.resize(table.rows.front().size());
  std::string out = table_row(header) + table_row(std::vector<std::string>(header.size(), "---"));
  for (const std::vector<Words>& row : table.rows) {
    std::vector<std::string> cells;
    for (const Words& cell : row) cells.push_back(inline_text(cell, Place::cell));
    out += table_row(cells);
  }
  return out;
}

/// A label stands before its words, and above everything else.
std::string render(const Fields& fields) {
  std::string out;
  for (const Fields::Field& field : fields.fields) {
    const std::string label = cat("**", escaped(field.label), "**");
    const std::string body = to_markdown(field.blocks);
    const bool is_words = !field.blocks.empty() && std::holds_alternative<Paragraph>(field.blocks.front().is);
    out += cat(out.empty() ? "" : "\n", label, is_words ? ": " : "\n\n", body);
  }
  return out;
}

/// As text: a forge shows no bars.
std::string render(const TimeLine& line) {
  constexpr int k_columns = 40;
  const std::string text = to_text({drawn(line, k_columns)}, 1'000, Painter(false));
  return cat("```text\n", text, "```\n");
}

std::string render(const Legend& legend) {
  return render(drawn(legend));
}

}  // namespace

std::string to_markdown(const Document& document) {
  std::string out;
  for (const Block& block : document) {
    if (!out.empty()) out += '\n';
    out += std::visit([](const auto& is) { return render(is); }, block.is);
  }
  return out;
}

}  // namespace pgsluice
