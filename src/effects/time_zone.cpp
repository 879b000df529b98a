// SPDX-License-Identifier: Apache-2.0
#include "time_zone.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.hpp"

namespace pgsluice::effects {

namespace {

/// pg: localtime.c getzname(), and `<…>` of getqzname(). What is left is the offset.
std::string_view after_name(std::string_view zone) {
  if (zone.starts_with('<')) {
    const std::size_t end = zone.find('>');
    return end != std::string_view::npos ? zone.substr(end + 1) : std::string_view();
  }
  const std::size_t end = zone.find_first_of("0123456789,+-");
  return end != std::string_view::npos ? zone.substr(end) : std::string_view();
}

/// [+-]h[:mm[:ss]] without any digit but 0. A fraction is none of POSIX: guc.c takes hours as a number.
bool is_zero(std::string_view offset) {
  if (offset.starts_with('+') || offset.starts_with('-')) offset.remove_prefix(1);
  return offset.starts_with('0') && offset.ends_with('0') &&
         std::ranges::all_of(offset, [](char c) { return c == '0' || c == ':' || c == '.'; });
}

}  // namespace

bool is_utc(std::string_view zone) {
  constexpr std::array<std::string_view, 6> k_names = {"utc", "gmt", "uct", "zulu", "universal", "greenwich"};
  const std::string name = to_lower(zone);
  const std::string_view plain = name.starts_with("etc/") ? std::string_view(name).substr(4) : name;
  return std::ranges::find(k_names, plain) != k_names.end() || is_zero(after_name(zone));
}

}  // namespace pgsluice::effects
