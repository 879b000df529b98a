// SPDX-License-Identifier: Apache-2.0
#include "report/live_view.hpp"

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "base/utf8.hpp"

namespace pgsluice {
namespace {

constexpr int k_bar = 24;

/// The beginning that fits, with an ellipsis where something is missing.
std::string fitted(std::string_view text, int width) {
  if (display_width(text) <= width) return std::string(text);
  std::string beginning;
  int used = 0;
  while (!text.empty()) {
    const Utf8Character next = next_character(text);
    used += display_width(next.code_point);
    if (used > width - 1) break;
    beginning += text.substr(0, next.bytes);
    text.remove_prefix(next.bytes);
  }
  return beginning + "…";
}

std::string repeated(std::string_view piece, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += piece;
  return text;
}

std::string bar(double share, const Painter& paint) {
  const int full = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * k_bar));
  return cat(paint(Style::good, repeated("█", full)), paint(Style::faint, repeated("░", k_bar - full)));
}

std::string clock_of(std::chrono::milliseconds since) {
  const long long seconds = since.count() / 1'000;
  const std::string rest = std::to_string(seconds % 60);
  return cat(std::to_string(seconds / 60), rest.size() < 2 ? ":0" : ":", rest);
}

}  // namespace

std::vector<std::string> live_lines(const LiveState& state, std::chrono::milliseconds since, int width,
                                    const Painter& paint) {
  if (state.step == 0) return {};
  const std::string ordinal = cat("step ", std::to_string(state.step), " of ", std::to_string(state.steps));
  const std::string time = clock_of(since);
  const int room = width - display_width(ordinal) - display_width(time) - 5;
  std::vector<std::string> lines{cat(paint(Style::info, ordinal), "  ",
                                     paint(Style::strong, fitted(printable_line(state.subject), room)), "  ",
                                     paint(Style::faint, time))};
  if (state.message.empty()) return lines;
  const std::string drawn = state.share ? bar(*state.share, paint) + "  " : "";
  const int left = width - 3 - (state.share ? k_bar + 2 : 0);
  lines.push_back(cat("  ", drawn, fitted(printable_line(state.message), left)));
  return lines;
}

std::string redraw(std::size_t shown, const std::vector<std::string>& lines) {
  // Up to the first of the old lines, and everything from there on is wiped.
  std::string sent = shown == 0 ? "" : cat("\033[", std::to_string(shown), "A\r\033[J");
  for (const std::string& line : lines) sent += line + "\n";
  return sent;
}

}  // namespace pgsluice
