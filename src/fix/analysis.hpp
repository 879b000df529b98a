// SPDX-License-Identifier: Apache-2.0
#pragma once

// A piece of a migration as lint sees it.

#include <optional>
#include <vector>

#include "fix/cuts.hpp"
#include "fix/piece.hpp"
#include "pgsluice/fix.hpp"

namespace pgsluice::fix {

/// One migration that is to be rewritten, what it is judged by, and what its new files are.
struct Job {
  const FixInput& input;
  const EffectTable& table;
  const RuleBook& rules;
  NewFiles files;
};

struct Analysis {
  FileAnalysis file;
  /// What is there when a statement runs, of those that may be rewritten.
  std::vector<std::optional<Catalog>> before;
};

/// `catalog` moves on to what is there behind the file. Settings stay between the changesets of a changelog: they are parts
/// of one file.
void replay(const Job& job, FileAnalysis& file, Catalog& catalog);

/// The same with a piece, which becomes a file.
Analysis analyse(const Job& job, const Piece& piece, Catalog& catalog);

}  // namespace pgsluice::fix
