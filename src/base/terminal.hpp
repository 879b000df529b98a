// SPDX-License-Identifier: Apache-2.0
#pragma once

// Colour, and how wide the terminal is. Knows nothing of what is printed.

#include <string>
#include <string_view>

namespace pgsluice {

enum class ColorMode { automatic, always, never };

/// What a piece of output is, not which colour it has.
enum class Style { plain, heading, error, warning, info, good, faint, strong };

/// Paints, or does nothing: code that prints need not ask.
class Painter {
 public:
  explicit Painter(bool on) : on_(on) {}
  [[nodiscard]] std::string operator()(Style style, std::string_view text) const;
  [[nodiscard]] bool on() const { return on_; }

 private:
  bool on_;
};

/// Whether output to `descriptor` gets colour. `automatic`: on a terminal, unless NO_COLOR is set or TERM is dumb;
/// CLICOLOR_FORCE asks for it without one.
bool wants_color(ColorMode mode, int descriptor);

/// Whether what is written to `descriptor` can be drawn anew.
bool is_terminal(int descriptor);

/// Columns of the terminal, of COLUMNS, or 100 when the output is no terminal.
int terminal_width(int descriptor);

}  // namespace pgsluice
