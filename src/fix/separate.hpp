// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which statements of a piece must not stand together: of several phases, in one transaction, or behind what is not
// committed yet.

#include <vector>

#include "fix/analysis.hpp"
#include "fix/notes.hpp"

namespace pgsluice::fix {

/// What the piece is cut into; nothing: it stays in one.
std::vector<Piece> separate(const Job& job, const Piece& piece, const Analysis& analysis, Notes& notes);

}  // namespace pgsluice::fix
