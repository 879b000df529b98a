// SPDX-License-Identifier: Apache-2.0
#include "report/time_line.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace pgsluice {
namespace {

std::string_view character(Style style, bool works) {
  switch (style) {
    case Style::error: return works ? "▓" : "█";
    case Style::warning: return works ? "▚" : "▒";
    default: return works ? "▞" : "░";
  }
}

/// The columns of what lasted from when to when: one at the least.
std::pair<int, int> columns_of(double from, double until, double end, int columns) {
  const int first = std::clamp(static_cast<int>(std::floor(from / end * columns)), 0, columns - 1);
  const int last = std::max(static_cast<int>(std::ceil(until / end * columns)), first + 1);
  return {first, std::min(last, columns)};
}

/// Worse than what stands there already: an error is not hidden by what comes later.
bool is_worse(Style style, const std::optional<Style>& than) {
  const auto rank = [](Style one) { return one == Style::error ? 2 : one == Style::warning ? 1 : 0; };
  return !than || rank(style) > rank(*than);
}

struct BarCell {
  std::optional<Style> style;
  bool works = false;
};

Words bar(const TimeLine::Row& row, double end, int columns) {
  std::vector<BarCell> cells(static_cast<std::size_t>(columns));
  for (const TimeLine::Segment& segment : row.segments) {
    const auto [from, until] = columns_of(segment.from, segment.until, end, columns);
    for (int i = from; i < until; ++i) {
      BarCell& cell = cells.at(static_cast<std::size_t>(i));
      if (is_worse(segment.style, cell.style)) cell.style = segment.style;
    }
  }
  for (const TimeLine::Work& work : row.work) {
    const auto [from, until] = columns_of(work.from, work.until, end, columns);
    for (int i = from; i < until; ++i) cells.at(static_cast<std::size_t>(i)).works = true;
  }
  Words words;
  for (const BarCell& cell : cells)
    words += cell.style ? styled(*cell.style, character(*cell.style, cell.works)) : styled(Style::faint, "·");
  return words;
}

}  // namespace

Table drawn(const TimeLine& line, int columns) {
  Table table{.header = {line.subject, line.axis, line.noted}, .rows = {}};
  for (const TimeLine::Row& row : line.rows)
    table.rows.push_back({code(row.label), bar(row, line.end, columns), Words(row.note)});
  return table;
}

Paragraph drawn(const Legend& legend) {
  std::vector<Words> keys;
  Words at_work;
  for (const Legend::Key& key : legend.keys) {
    keys.push_back(styled(key.style, character(key.style, false)) + " " + key.words);
    at_work += styled(key.style, character(key.style, true)) + " ";
  }
  if (!legend.work.empty()) keys.push_back(at_work + legend.work);
  return {join(keys, "\n")};
}

}  // namespace pgsluice
