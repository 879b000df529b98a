// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where one transaction, or one file, must become several.

#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "fix/kind.hpp"
#include "fix/piece.hpp"

namespace pgsluice::fix {

/// What the statements that are taken out are to run in.
enum class Place {
  transaction,     ///< another one
  no_transaction,  ///< none
  backfill,        ///< a file of that phase
  contract,        ///< a file of that phase
};

/// `phase_by_name` is what a new file of the folder has without a directive.
std::variant<std::vector<Piece>, Refusal> take_out(const Piece& piece, const FileAnalysis& file,
                                                   const std::set<std::size_t>& statements, Place place,
                                                   Phase phase_by_name);

}  // namespace pgsluice::fix
