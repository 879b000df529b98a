// SPDX-License-Identifier: Apache-2.0
#include "base/terminal.hpp"

#include <algorithm>
#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.hpp"

namespace pgsluice {
namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

// Only the eight base colours and bold: they are readable on light and dark backgrounds, as the user chose them.
std::string_view code(Style style) {
  switch (style) {
    case Style::plain: return "";
    case Style::heading: return "1";
    case Style::error: return "1;31";
    case Style::warning: return "1;33";
    case Style::info: return "1;36";
    case Style::good: return "32";
    case Style::faint: return "2";
    case Style::strong: return "1";
  }
  return "";
}

}  // namespace

std::string Painter::operator()(Style style, std::string_view text) const {
  if (!on_ || style == Style::plain || text.empty()) {
    return std::string(text);
  }
  return cat("\033[", code(style), "m", text, "\033[0m");
}

bool wants_color(ColorMode mode, int descriptor) {
  if (mode != ColorMode::automatic) {
    return mode == ColorMode::always;
  }
  if (!environment("NO_COLOR").empty()) {
    return false;
  }
  if (const std::string_view force = environment("CLICOLOR_FORCE"); !force.empty() && force != "0") {
    return true;
  }
  return is_terminal(descriptor);
}

bool is_terminal(int descriptor) {
  return isatty(descriptor) != 0 && environment("TERM") != "dumb";
}

int terminal_width(int descriptor) {
  constexpr int narrowest = 40;
  constexpr int default_width = 100;
  if (const int columns = std::atoi(std::string(environment("COLUMNS")).c_str()); columns > 0) {
    return std::max(columns, narrowest);
  }
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    return std::max<int>(size.ws_col, narrowest);
  }
  return default_width;
}

}  // namespace pgsluice
