// SPDX-License-Identifier: Apache-2.0
#include "base/diff.hpp"

#include <algorithm>
#include <vector>

#include "base/text.hpp"

namespace pgsluice {
namespace {

constexpr std::size_t k_context = 3;
constexpr std::size_t k_most_cells =
    16'000'000;  // of the table of common lines; beyond that all lines are exchanged

/// A line of the result: of both texts, of the old one, or of the new one.
struct Line {
  char mark = ' ';
  std::string_view text;
};

/// With their line feeds; the last one may have none.
std::vector<std::string_view> lines_with_ends(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t size = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return lines;
}

using Lines = std::vector<std::string_view>;

/// Of the parts that differ: how many lines the longest common sequence of each pair of ends has.
class CommonLines {
 public:
  CommonLines(const Lines& a, const Lines& b) : width_(b.size() + 1), lengths_((a.size() + 1) * width_) {
    for (std::size_t i = a.size(); i-- > 0;) {
      for (std::size_t j = b.size(); j-- > 0;)
        at(i, j) = a[i] == b[j] ? at(i + 1, j + 1) + 1 : std::max(at(i + 1, j), at(i, j + 1));
    }
  }
  unsigned& at(std::size_t i, std::size_t j) { return lengths_[i * width_ + j]; }

 private:
  std::size_t width_;
  std::vector<unsigned> lengths_;
};

void add_changes(const Lines& a, const Lines& b, std::vector<Line>& out) {
  std::size_t i = 0;
  std::size_t j = 0;
  if (a.size() * b.size() <= k_most_cells) {
    CommonLines common(a, b);
    while (i < a.size() && j < b.size()) {
      if (a[i] == b[j]) {
        out.push_back({' ', a[i++]});
        ++j;
      } else if (common.at(i + 1, j) >= common.at(i, j + 1)) {
        out.push_back({'-', a[i++]});
      } else {
        out.push_back({'+', b[j++]});
      }
    }
  }
  while (i < a.size()) out.push_back({'-', a[i++]});
  while (j < b.size()) out.push_back({'+', b[j++]});
}

std::vector<Line> compare(const Lines& a, const Lines& b) {
  std::size_t begin = 0;
  while (begin < a.size() && begin < b.size() && a[begin] == b[begin]) ++begin;
  std::size_t end = 0;
  while (end < a.size() - begin && end < b.size() - begin && a[a.size() - 1 - end] == b[b.size() - 1 - end])
    ++end;
  std::vector<Line> out;
  for (std::size_t i = 0; i < begin; ++i) out.push_back({' ', a[i]});
  const auto middle = [&](const Lines& lines) {
    return Lines(lines.begin() + static_cast<std::ptrdiff_t>(begin),
                 lines.end() - static_cast<std::ptrdiff_t>(end));
  };
  add_changes(middle(a), middle(b), out);
  for (std::size_t i = a.size() - end; i < a.size(); ++i) out.push_back({' ', a[i]});
  return out;
}

/// "12,3" as a hunk's header has it; an empty range stands behind the line before it.
std::string range(std::size_t before, std::size_t count) {
  const std::size_t first = count == 0 ? before : before + 1;
  return count == 1 ? std::to_string(first) : cat(std::to_string(first), ",", std::to_string(count));
}

void add_line(const Line& line, std::string& out) {
  out += line.mark;
  out += line.text;
  if (!line.text.ends_with('\n')) out += "\n\\ No newline at end of file\n";
}

/// From the context before a change to the context behind the last one that is near.
struct Hunk {
  std::size_t begin = 0;
  std::size_t end = 0;
};

std::vector<Hunk> hunks_of(const std::vector<Line>& lines) {
  std::vector<Hunk> hunks;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].mark == ' ') continue;
    const std::size_t begin = i < k_context ? 0 : i - k_context;
    if (hunks.empty() || hunks.back().end < begin) hunks.push_back({begin, 0});
    hunks.back().end = std::min(i + 1 + k_context, lines.size());
  }
  return hunks;
}

}  // namespace

std::string unified_diff(std::string_view old_name, std::string_view new_name, std::string_view old_text,
                         std::string_view new_text) {
  const std::vector<Line> lines = compare(lines_with_ends(old_text), lines_with_ends(new_text));
  const std::vector<Hunk> hunks = hunks_of(lines);
  if (hunks.empty()) return {};
  std::string out = cat("--- ", old_name, "\n+++ ", new_name, "\n");
  std::size_t at = 0;
  std::size_t old_line = 0;
  std::size_t new_line = 0;
  for (const Hunk& hunk : hunks) {
    for (; at < hunk.begin; ++at, ++old_line) ++new_line;  // between hunks all lines are of both
    const auto count = [&](char other) {
      return static_cast<std::size_t>(
          std::count_if(lines.begin() + static_cast<std::ptrdiff_t>(hunk.begin),
                        lines.begin() + static_cast<std::ptrdiff_t>(hunk.end),
                        [other](const Line& line) { return line.mark != other; }));
    };
    const std::size_t old_count = count('+');
    const std::size_t new_count = count('-');
    out += cat("@@ -", range(old_line, old_count), " +", range(new_line, new_count), " @@\n");
    for (; at < hunk.end; ++at) add_line(lines[at], out);
    old_line += old_count;
    new_line += new_count;
  }
  return out;
}

}  // namespace pgsluice
