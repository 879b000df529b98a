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
#include "fix/tools.hpp"

namespace pgsluice::fix {

/// What the statements that are taken out are to run in.
enum class Place {
  transaction,     ///< another one
  no_transaction,  ///< none
  backfill,        ///< a file of that phase
  contract,        ///< a file of that phase
};

/// What the new files of a folder are.
struct NewFiles {
  Phase phase = Phase::expand;       ///< without a directive
  const ToolFormat* tool = nullptr;  ///< whose they are; nullptr: plain SQL
  std::string begin = {};            ///< a tool with several in a file: what each of them begins with
};

/// The BEGIN of the file's own that the statement stands behind, by number; none: it stands behind none that has a COMMIT.
std::optional<std::size_t> begin_around(const FileAnalysis& file, std::size_t statement);

std::variant<std::vector<Piece>, Refusal> take_out(const Piece& piece, const FileAnalysis& file,
                                                   const std::set<std::size_t>& statements, Place place,
                                                   const NewFiles& files);

}  // namespace pgsluice::fix
