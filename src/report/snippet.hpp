// SPDX-License-Identifier: Apache-2.0
#pragma once

// The lines of a source file that a range covers, with carets under the exact characters.

#include <string>

#include "base/terminal.hpp"
#include "pgsluice/sql.hpp"

namespace pgsluice {

/// Lines with line numbers, `width` columns wide at most, each ended by a line feed. Long lines are cut around the
/// range; tabs are widened; what a terminal would obey is made visible.
std::string snippet(std::string_view text, const LineIndex& lines, const SourceRange& range,
                    Style caret_style, const Painter& paint, int width);

/// A statement on one line, as much of it as fits into `width` columns.
std::string one_line(std::string_view sql, int width);

}  // namespace pgsluice
