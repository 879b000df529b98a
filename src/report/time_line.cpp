// SPDX-License-Identifier: Apache-2.0
#include "report/time_line.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace pgsluice {
namespace {

std::string_view character(Style style) {
  switch (style) {
    case Style::error: return "█";
    case Style::warning: return "▒";
    default: return "░";
  }
}

/// Worse than what stands there already: an error is not hidden by what comes later.
bool is_worse(Style style, const std::optional<Style>& than) {
  const auto rank = [](Style one) { return one == Style::error ? 2 : one == Style::warning ? 1 : 0; };
  return !than || rank(style) > rank(*than);
}

Words bar(const std::vector<TimeLine::Segment>& segments, double end, int columns) {
  std::vector<std::optional<Style>> cells(static_cast<std::size_t>(columns));
  for (const TimeLine::Segment& segment : segments) {
    const int from = std::min(static_cast<int>(std::floor(segment.from / end * columns)), columns - 1);
    const int until = std::max(static_cast<int>(std::ceil(segment.until / end * columns)), from + 1);
    for (int i = from; i < std::min(until, columns); ++i) {
      auto& cell = cells.at(static_cast<std::size_t>(i));
      if (is_worse(segment.style, cell)) cell = segment.style;
    }
  }
  Words words;
  for (const std::optional<Style>& cell : cells)
    words += cell ? styled(*cell, character(*cell)) : styled(Style::faint, "·");
  return words;
}

}  // namespace

Table drawn(const TimeLine& line, int columns) {
  Table table{.header = {line.subject, line.axis, line.noted}, .rows = {}};
  for (const TimeLine::Row& row : line.rows)
    table.rows.push_back({code(row.label), bar(row.segments, line.end, columns), Words(row.note)});
  return table;
}

}  // namespace pgsluice
