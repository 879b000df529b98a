// SPDX-License-Identifier: Apache-2.0
#include "report/snippet.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "base/utf8.hpp"

namespace pgsluice {
namespace {

constexpr int k_tab = 4;
constexpr int k_most_lines = 3;
// A minified dump may hold megabytes in one line; what is further away than this is never shown.
constexpr std::size_t k_reach = 1000;

/// One character as it is shown.
struct Cell {
  std::string text;
  int width = 1;
  bool marked = false;
};

/// The marked part of one line, as byte offsets in the line.
struct Mark {
  std::size_t begin = 0;
  std::size_t end = 0;
};

std::string shown(std::string_view character, int column) {
  if (character == "\t") return std::string(static_cast<std::size_t>(k_tab - column % k_tab), ' ');
  return printable_line(character);
}

std::vector<Cell> cells_of(std::string_view line, const Mark& mark) {
  std::vector<Cell> cells;
  int column = 0;
  for (std::size_t at = 0; at < line.size();) {
    const Utf8Character character = next_character(line.substr(at));
    Cell cell{.text = shown(line.substr(at, character.bytes), column), .width = 0, .marked = false};
    cell.width = display_width(cell.text);
    cell.marked = at >= mark.begin && at < mark.end;
    column += cell.width;
    cells.push_back(std::move(cell));
    at += character.bytes;
  }
  if (mark.end <= mark.begin || mark.begin >= line.size()) {
    cells.push_back({.text = " ", .width = 1, .marked = true});  // at the end of the line
  }
  return cells;
}

int width_of(const std::vector<Cell>& cells) {
  int width = 0;
  for (const Cell& cell : cells) width += cell.width;
  return width;
}

/// Cuts the line so that it fits, keeping the start of the marked part and some of what stands before it.
void cut(std::vector<Cell>& cells, int width) {
  if (width_of(cells) <= width) return;
  const Cell dots{.text = "…", .width = 1, .marked = false};
  const auto marked = std::find_if(cells.begin(), cells.end(), [](const Cell& cell) { return cell.marked; });
  int before = 0;
  for (auto cell = cells.begin(); cell != marked; ++cell) before += cell->width;
  const int context = std::max(0, std::min(width / 4, width - 20));
  if (before > context + 1) {
    auto from = marked;
    for (int kept = 0; from != cells.begin() && kept + std::prev(from)->width <= context; --from) {
      kept += std::prev(from)->width;
    }
    cells.erase(cells.begin(), from);
    cells.insert(cells.begin(), dots);
  }
  if (width_of(cells) <= width) return;
  int used = 0;
  auto end = cells.begin();
  for (; end != cells.end() && used + end->width < width; ++end) used += end->width;
  cells.erase(end, cells.end());
  cells.push_back(dots);
}

/// Only what is near the mark, on character boundaries; `mark` moves along.
std::string_view near_mark(std::string_view line, Mark& mark) {
  const std::size_t from = utf8_floor(line, mark.begin > k_reach ? mark.begin - k_reach : 0);
  const std::size_t to = utf8_floor(line, mark.begin + k_reach);
  mark = {.begin = mark.begin - from, .end = std::min(mark.end, to) - from};
  return line.substr(from, to - from);
}

std::string render_line(std::string_view line, Mark mark, Style caret_style, const Painter& paint, int width,
                        const std::string& number_gutter, const std::string& caret_gutter) {
  line = near_mark(line, mark);
  std::vector<Cell> cells = cells_of(line, mark);
  cut(cells, width);
  std::string source;
  std::string padding;
  std::string carets;
  for (const Cell& cell : cells) {
    source += cell.text;
    const std::size_t columns = static_cast<std::size_t>(cell.width);
    if (cell.marked) {
      carets.append(columns, '^');
    } else if (carets.empty()) {
      padding.append(columns, ' ');
    }
  }
  while (source.ends_with(' ')) source.pop_back();
  return cat(number_gutter, source, "\n", caret_gutter, padding, paint(caret_style, carets), "\n");
}

/// Indentation and line ends are not worth a caret.
Mark mark_of(std::string_view line, std::size_t line_begin, const SourceRange& range) {
  Mark mark{.begin = range.begin > line_begin ? range.begin - line_begin : 0,
            .end = std::min(line.size(), range.end - std::min(range.end, line_begin))};
  if (range.begin <= line_begin) mark.begin = std::min(line.find_first_not_of(" \t"), line.size());
  return mark;
}

}  // namespace

std::string snippet(std::string_view text, const LineIndex& lines, const SourceRange& range,
                    Style caret_style, const Painter& paint, int width) {
  const int first = lines.position(range.begin).line;
  const int last = lines.position(std::max(range.begin, range.end - (range.end > range.begin ? 1 : 0))).line;
  const SourceRange written{.begin = lines.written_offset(range.begin),
                            .end = lines.written_offset(range.end)};
  const int shown_last = std::min(last, first + k_most_lines - 1);
  const std::size_t digits = std::to_string(shown_last).size();
  const std::string caret_gutter = cat("  ", std::string(digits, ' '), paint(Style::faint, " | "));
  std::string out;
  for (int number = first; number <= shown_last; ++number) {
    const std::string_view line = lines.line(number);
    const auto line_begin = static_cast<std::size_t>(line.data() - text.data());
    const Mark mark = mark_of(line, line_begin, written);
    if (number > first && trim(line).empty()) continue;
    const std::string label = std::to_string(number);
    const std::string number_gutter =
        cat("  ", std::string(digits - label.size(), ' '), paint(Style::faint, label + " | "));
    out += render_line(line, mark, caret_style, paint, width - static_cast<int>(digits) - 5, number_gutter,
                       caret_gutter);
  }
  if (last > shown_last) {
    const auto more = static_cast<std::size_t>(last - shown_last);
    out += cat("  ", std::string(digits, ' '), paint(Style::faint, cat(" … ", count_of(more, "more line"))),
               "\n");
  }
  return out;
}

std::string one_line(std::string_view sql, int width) {
  constexpr std::size_t enough = 2000;
  std::string words;
  for (const char c : sql.substr(0, enough)) {
    const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!space || !words.ends_with(' ')) words += space ? ' ' : c;
  }
  words = printable_line(words);
  if (display_width(words) <= width) return words;
  std::string out;
  for (std::string_view rest = words; !rest.empty();) {
    const Utf8Character character = next_character(rest);
    if (display_width(out) + display_width(character.code_point) >= width) break;
    out += rest.substr(0, character.bytes);
    rest.remove_prefix(character.bytes);
  }
  return out + "…";
}

}  // namespace pgsluice
