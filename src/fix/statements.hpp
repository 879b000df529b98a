// SPDX-License-Identifier: Apache-2.0
#pragma once

// The statements of a piece, each in the safe form that its kind or its findings know.

#include <optional>

#include "fix/analysis.hpp"
#include "fix/notes.hpp"

namespace pgsluice::fix {

/// None: all of them stay.
std::optional<Piece> rewrite_statements(const Job& job, const Piece& piece, const Analysis& analysis,
                                        Notes& notes);

}  // namespace pgsluice::fix
