// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a migration has become, as files: their names, their texts, their ways back, and what stands beside them.

#include <optional>
#include <string>
#include <vector>

#include "fix/analysis.hpp"
#include "fix/notes.hpp"

namespace pgsluice::fix {

/// The name of the migration's own file.
std::string name_of_original(const Job& job);

/// Of the new files, which are all pieces but the first; none: its tool has no room for them.
std::optional<std::vector<std::string>> names_of(const Job& job, const std::vector<Piece>& pieces);

/// `down` is the way back in the same file, with the line before it; `names` are those of names_of().
FixedMigration files_of(const Job& job, const std::vector<Piece>& pieces, const std::string& down,
                        const std::vector<std::string>& names, const Notes& notes);

}  // namespace pgsluice::fix
