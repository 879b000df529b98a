// SPDX-License-Identifier: Apache-2.0
// Document → text for a terminal.
#include <algorithm>
#include <numeric>

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "report/document.hpp"
#include "report/time_line.hpp"

namespace pgsluice {
namespace {

using Lines = std::vector<std::string>;

constexpr int k_gap = 2;              // between columns
constexpr int k_narrowest_cell = 20;  // below that a cell is not wrapped: the row is stacked

/// What is not broken: words that follow each other without a space.
struct Unit {
  std::string text;  ///< painted
  int width = 0;
  bool ends_line = false;
};

std::string painted(const Span& span, std::string_view text, const Painter& paint) {
  switch (span.kind) {
    case Span::Kind::styled: return paint(span.style, text);
    case Span::Kind::code: return paint(Style::strong, text);
    case Span::Kind::link: return std::string(text);
    case Span::Kind::anchor: break;
  }
  return {};
}

std::vector<Unit> units_of(const Words& words, const Painter& paint) {
  std::vector<Unit> units(1);
  for (const Span& span : words.spans) {
    if (span.kind == Span::Kind::anchor) continue;
    for (std::string_view rest = span.text;;) {
      const std::size_t end = rest.find_first_of(" \n");
      const std::string word = printable_line(rest.substr(0, end));
      units.back().text += painted(span, word, paint);
      units.back().width += display_width(word);
      if (end == std::string_view::npos) break;
      units.back().ends_line = rest[end] == '\n';
      units.emplace_back();
      rest.remove_prefix(end + 1);
    }
  }
  return units;
}

Lines wrapped(const Words& words, int width, const Painter& paint) {
  Lines lines(1);
  int used = 0;
  bool fresh = true;
  for (const Unit& unit : units_of(words, paint)) {
    if (!fresh && used + 1 + unit.width > width) {
      lines.emplace_back();
      used = 0;
      fresh = true;
    }
    if (!fresh) {
      lines.back() += ' ';
      ++used;
    }
    lines.back() += unit.text;
    used += unit.width;
    fresh = unit.ends_line;
    if (unit.ends_line) {
      lines.emplace_back();
      used = 0;
    }
  }
  return lines;
}

int natural_width(const Words& words) {
  int widest = 0;
  for (const std::string& line : wrapped(words, 1'000'000, Painter(false))) {
    widest = std::max(widest, display_width(line));
  }
  return widest;
}

std::string spaces(int count) {
  return std::string(static_cast<std::size_t>(std::max(count, 0)), ' ');
}

void append(Lines& lines, const Lines& more, int indent) {
  for (const std::string& line : more) lines.push_back(line.empty() ? line : spaces(indent) + line);
}

// ---- tables --------------------------------------------------------------------------------------------------------

std::vector<int> natural_widths(const Table& table) {
  std::vector<int> widths;
  for (const std::vector<Words>& row : table.rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], natural_width(row[i]));
  }
  return widths;
}

/// The last column gets what is left.
Lines aligned_row(const std::vector<Words>& row, const std::vector<int>& widths, const Painter& paint) {
  Lines lines;
  int left = 0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const Lines cell = wrapped(row[i], std::max(widths[i], 1), paint);
    const int used = natural_width(row[i]);
    for (std::size_t l = 0; l < cell.size(); ++l) {
      if (l == lines.size()) lines.push_back(spaces(left));
      lines[l] += cell[l];
      if (i + 1 < row.size() && cell.size() == 1) lines[l] += spaces(widths[i] + k_gap - used);
    }
    left += widths[i] + k_gap;
  }
  for (std::string& line : lines) line.erase(line.find_last_not_of(' ') + 1);
  return lines;
}

/// The first cell on a line of its own, the others under it.
Lines stacked_row(const std::vector<Words>& row, int width, const Painter& paint) {
  Lines lines = wrapped(row.front(), width, paint);
  std::vector<Words> others;
  std::copy_if(row.begin() + 1, row.end(), std::back_inserter(others),
               [](const Words& cell) { return natural_width(cell) > 0; });
  if (!others.empty()) append(lines, wrapped(join(others, "  "), width - k_gap, paint), k_gap);
  return lines;
}

Lines render(const Table& table, int width, const Painter& paint) {
  std::vector<int> widths = natural_widths(table);
  if (widths.empty()) return {};
  const int before_last =
      std::accumulate(widths.begin(), widths.end() - 1, 0) + k_gap * (static_cast<int>(widths.size()) - 1);
  const int left = width - before_last;
  const bool fits = widths.back() <= left || left >= k_narrowest_cell;
  widths.back() = left;
  Lines lines;
  for (const std::vector<Words>& row : table.rows) {
    append(lines, fits ? aligned_row(row, widths, paint) : stacked_row(row, width, paint), 0);
  }
  return lines;
}

/// Names differ at either end.
std::string cut_in_the_middle(const std::string& text, int width) {
  if (display_width(text) <= width) return text;
  const std::size_t length = utf8_length(text);
  for (std::size_t kept = std::min(length, static_cast<std::size_t>(width));; --kept) {
    std::string cut = cat(text.substr(0, utf8_offset(text, (kept + 1) / 2)), "…",
                          text.substr(utf8_offset(text, length - kept / 2)));
    if (kept == 0 || display_width(cut) <= width) return cut;
  }
}

/// Bars are what it is for: long names are cut, and stand in full where the statements are.
Lines render(TimeLine line, int width, const Painter& paint) {
  constexpr int k_widest = 60;
  constexpr int k_wanted = 40;
  constexpr int k_narrowest = 10;
  constexpr int k_readable = 20;
  int note = 0;
  for (const TimeLine::Row& row : line.rows) note = std::max(note, display_width(row.note));
  int label = 0;
  for (TimeLine::Row& row : line.rows) {
    row.label = cut_in_the_middle(row.label, std::max(width - k_wanted - note - 2 * k_gap, k_readable));
    label = std::max(label, display_width(row.label));
  }
  const int around = label + note + 2 * k_gap;
  return render(drawn(line, std::clamp(width - around, k_narrowest, k_widest)), width, paint);
}

Lines render(const Legend& legend, int width, const Painter& paint) {
  return wrapped(drawn(legend).words, width, paint);
}

// ---- everything else -------------------------------------------------------------------------------------------------

Lines render(const Document& document, int width, const Painter& paint);

Lines render(const Heading& heading, int width, const Painter& paint) {
  Words words = heading.words;
  for (Span& span : words.spans) {
    if (span.style == Style::plain) span.style = Style::heading;
  }
  return wrapped(words, width, paint);
}

Lines render(const Paragraph& paragraph, int width, const Painter& paint) {
  return wrapped(paragraph.words, width, paint);
}

Lines render(const Code& block, int /*width*/, const Painter& /*paint*/) {
  Lines result;
  for (const std::string_view line : lines(block.text)) result.push_back(printable_line(line));
  return result;
}

Lines render(const List& list, int width, const Painter& paint) {
  Lines lines;
  for (const Words& item : list.items) {
    Lines one = wrapped(item, width - 2, paint);
    one.front() = "- " + one.front();
    lines.push_back(one.front());
    append(lines, {one.begin() + 1, one.end()}, 2);
  }
  return lines;
}

/// What can be copied stands under its label, so that it begins far left.
bool begins_with_code(const Document& document) {
  return !document.empty() && std::holds_alternative<Code>(document.front().is);
}

Lines render(const Fields& fields, int width, const Painter& paint) {
  int label_width = 0;
  for (const Fields::Field& field : fields.fields) {
    if (!begins_with_code(field.blocks)) label_width = std::max(label_width, display_width(field.label));
  }
  const int indent = label_width + k_gap;
  Lines lines;
  for (const Fields::Field& field : fields.fields) {
    const std::string label = paint(Style::info, field.label);
    if (begins_with_code(field.blocks)) {
      lines.push_back(label);
      append(lines, render(field.blocks, width - k_gap, paint), k_gap);
      continue;
    }
    Lines body = render(field.blocks, width - indent, paint);
    if (body.empty()) body.emplace_back();
    lines.push_back(label + spaces(indent - display_width(field.label)) + body.front());
    append(lines, {body.begin() + 1, body.end()}, indent);
  }
  return lines;
}

/// Inside of a field. Labels belong to the words before them.
Lines render(const Document& document, int width, const Painter& paint) {
  Lines lines;
  for (const Block& block : document) {
    const int indent = !lines.empty() && std::holds_alternative<Fields>(block.is) ? k_gap : 0;
    append(lines, std::visit([&](const auto& is) { return render(is, width - indent, paint); }, block.is),
           indent);
  }
  return lines;
}

}  // namespace

std::string to_text(const Document& document, int width, const Painter& paint) {
  std::string out;
  const Block* previous = nullptr;
  for (const Block& block : document) {
    const bool under_heading = previous != nullptr && std::holds_alternative<Heading>(previous->is);
    if (previous != nullptr && !under_heading) out += '\n';
    const int indent = std::holds_alternative<Heading>(block.is) ? 0 : k_gap;
    Lines lines;
    append(lines, std::visit([&](const auto& is) { return render(is, width - indent, paint); }, block.is),
           indent);
    for (const std::string& line : lines) out += line + "\n";
    previous = &block;
  }
  return out;
}

}  // namespace pgsluice
