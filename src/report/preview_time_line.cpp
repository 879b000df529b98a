// SPDX-License-Identifier: Apache-2.0
#include "report/preview_time_line.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <utility>

#include "base/quantity.hpp"
#include "base/text.hpp"

namespace pgsluice {
namespace {

constexpr std::size_t k_most_relations = 15;

/// Where two overlap the time counts once.
double held_for(const std::vector<TimeLine::Segment>& segments) {
  double sum = 0;
  double until = 0;
  for (const TimeLine::Segment& segment : segments) {
    sum += std::max(segment.until - std::max(segment.from, until), 0.0);
    until = std::max(until, segment.until);
  }
  return sum;
}

}  // namespace

std::string milliseconds_words(double ms) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), ms < 10 ? "%.1f" : "%.0f", ms);
  return cat(text.data(), " ms");
}

Style style_of_lock(LockMode mode) {
  if (blocks_reads(mode)) return Style::error;
  return blocks_writes(mode) ? Style::warning : Style::plain;
}

std::string anchor_of(std::size_t file, std::size_t statement) {
  return cat("s", std::to_string(file), "-", std::to_string(statement));
}

RelationRows rows_of_relations(std::map<std::string, TimeLine::Row> relations) {
  std::vector<std::pair<double, TimeLine::Row>> all;
  for (auto& [name, row] : relations) {
    const double held = held_for(row.segments);
    row.label = printable_line(name);
    row.note = milliseconds_words(held);
    all.emplace_back(held, std::move(row));
  }
  std::ranges::stable_sort(all, std::ranges::greater(), [](const auto& row) { return row.first; });
  RelationRows most;
  for (auto& [held, row] : all) {
    if (most.rows.size() < k_most_relations) most.rows.push_back(std::move(row));
  }
  most.left_out = all.size() - most.rows.size();
  return most;
}

void add(TimeLine line, std::size_t left_out, Document& document) {
  document.emplace_back(std::move(line));
  if (left_out > 0) document.emplace_back(Paragraph{cat("… and ", count_of(left_out, "more relation"))});
}

}  // namespace pgsluice
