// SPDX-License-Identifier: Apache-2.0
#include "base/quantity.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "base/text.hpp"

namespace pgsluice {
namespace {

constexpr double k_step = 1024;
constexpr std::array<std::string_view, 5> k_units = {"B", "kB", "MB", "GB", "TB"};

}  // namespace

std::string rounded_words(double number) {
  constexpr double thousand = 1e3;
  constexpr double million = 1e6;
  constexpr double billion = 1e9;
  const auto with_unit = [number](double unit, std::string_view word) {
    constexpr double enough = 10;  // from there on without a decimal
    const double tenths = std::round(number / unit * 10) / 10;
    const double shown = tenths >= enough ? std::round(number / unit) : tenths;
    const std::string digits = std::to_string(shown);
    return cat(digits.substr(0, digits.find('.') + (shown == std::floor(shown) ? 0 : 2)), word);
  };
  if (number >= billion) return with_unit(billion, " billion");
  if (number >= million) return with_unit(million, " million");
  return number >= thousand ? with_unit(thousand, " thousand") : with_unit(1, "");
}

std::string byte_words(double bytes) {
  std::size_t unit = 0;
  for (; bytes >= k_step && unit + 1 < k_units.size(); ++unit) bytes /= k_step;
  return cat(rounded_words(bytes), " ", k_units[unit]);
}

std::optional<double> parse_bytes(std::string_view text) {
  long long number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;
  const std::string unit = to_lower(trim(text.substr(static_cast<std::size_t>(end - text.data()))));
  if (unit.empty()) return static_cast<double>(number);
  double bytes = static_cast<double>(number);
  for (const std::string_view known : k_units) {
    if (unit == to_lower(known)) return bytes;
    bytes *= k_step;
  }
  return std::nullopt;
}

}  // namespace pgsluice
