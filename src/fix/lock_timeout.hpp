// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "fix/analysis.hpp"
#include "fix/notes.hpp"

namespace pgsluice::fix {

/// A piece that waits for a lock without end → with a lock_timeout before that. None: it stays.
std::optional<Piece> add_lock_timeout(const Job& job, const Piece& piece, const Analysis& analysis,
                                      Notes& notes);

}  // namespace pgsluice::fix
