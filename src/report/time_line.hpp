// SPDX-License-Identifier: Apache-2.0
#pragma once

// A time line in characters.

#include "report/document.hpp"

namespace pgsluice {

/// A row for each of its own: label, `columns` characters, note.
Table drawn(const TimeLine& line, int columns);
/// The characters of the bars, and what they mean.
Paragraph drawn(const Legend& legend);

}  // namespace pgsluice
