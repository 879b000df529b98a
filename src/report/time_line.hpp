// SPDX-License-Identifier: Apache-2.0
#pragma once

// A time line in characters.

#include "report/document.hpp"

namespace pgsluice {

/// A row for each of its own: label, `columns` characters, note.
Table drawn(const TimeLine& line, int columns);

}  // namespace pgsluice
