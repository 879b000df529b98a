// SPDX-License-Identifier: Apache-2.0
// Durations as people write them: a number and one unit.
#include <array>
#include <charconv>
#include <limits>

#include "pgsluice/migration.hpp"

namespace pgsluice {
namespace {

struct Unit {
  std::string_view suffix;
  long long milliseconds;
};

constexpr std::array<Unit, 4> k_units{{{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  long long number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view suffix = text.substr(static_cast<std::size_t>(end - text.data()));
  if (error != std::errc() || number < 0) return std::nullopt;
  for (const Unit& unit : k_units) {
    // PostgreSQL's timeouts are 32-bit milliseconds, but a soak may take longer than 24 days.
    const bool fits = number <= std::numeric_limits<long long>::max() / unit.milliseconds;
    if (suffix == unit.suffix && fits) return std::chrono::milliseconds(number * unit.milliseconds);
  }
  return std::nullopt;
}

std::string format_duration(std::chrono::milliseconds duration) {
  const long long milliseconds = duration.count();
  if (milliseconds == 0) return "0s";
  for (const Unit& unit : k_units) {
    if (milliseconds % unit.milliseconds == 0) {
      return std::to_string(milliseconds / unit.milliseconds) + std::string(unit.suffix);
    }
  }
  return {};
}

}  // namespace pgsluice
