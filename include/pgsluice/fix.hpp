// SPDX-License-Identifier: Apache-2.0
// From what lint minds to files that it does not mind: a migration in, the same one in its safe form out. Pure: whoever
// calls it reads and writes.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/findings.hpp"

namespace pgsluice {

/// One way in which a statement, or a file, gets its safe form.
struct FixKind {
  std::string_view name;      ///< "not-valid"
  std::string_view sentence;  ///< what it does, for people
};
/// All of them, in the order in which they are tried.
const std::vector<FixKind>& fix_kinds();

/// What has been rewritten.
struct AppliedFix {
  std::string_view kind;
  int line = 1;  ///< of the original file
  RelationName relation;
  std::vector<std::string> findings;  ///< that spoke about it; empty: the row of its effect has a safer form
};

/// What has a finding or a safer form and stays as it is.
struct LeftAlone {
  int line = 1;
  std::string finding;  ///< or the row of the effect
  std::string reason;
};

struct FixedFile {
  std::string name;  ///< file name, in the folder of the original
  std::string text;
  Phase phase = Phase::expand;
};

struct FixedMigration {
  /// In the order in which they run; the first one has the name of the original. Nothing to do: it alone, unchanged.
  std::vector<FixedFile> files;
  std::vector<AppliedFix> fixes;
  std::vector<LeftAlone> left;
  std::string_view then = {};  ///< what its tool wants done when files have changed; empty: nothing
};

struct FixInput {
  const Migration& migration;  ///< with its text
  /// Names of the files of its folder, in their order, with its own: new ones go right behind it.
  std::span<const std::string> folder;
  /// A tool with a folder for each migration: the names in this one's.
  std::span<const std::string> own_folder = {};
  /// A tool with several migrations in a file: its text that databases have had, of which nothing may change.
  std::optional<std::string> applied = std::nullopt;
  PredictOptions prediction;
  CheckOptions checking;
};

/// `catalog` is what is there before the file, and afterwards what is there behind all of the new ones.
FixedMigration fix_migration(const FixInput& input, Catalog& catalog, const EffectTable& table,
                             const RuleBook& rules);

/// Whether fix_migration() has a safe form for what the finding minds. What stands around it may still be in the way; it
/// says so then.
bool has_written_form(const FileAnalysis& file, const Finding& finding);

}  // namespace pgsluice
