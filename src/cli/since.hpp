// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which files a branch has added or changed, says git.

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "pgsluice/migration.hpp"

namespace pgsluice::cli {

/// Files that differ between the working tree and the commit at which it left `ref`.
class ChangedFiles {
 public:
  /// Asks in the repository of the first migration. Throws Error(usage) when there is no git, no repository, no such
  /// commit, or no history that the two have in common.
  ChangedFiles(const std::string& ref, const std::vector<Migration>& migrations);
  /// Whatever git does not keep is new: standard input, a file outside of the repository or ignored by it.
  [[nodiscard]] bool contains(const Migration& migration) const;
  /// What the file was at that commit; empty: it was not there, or git does not keep it.
  [[nodiscard]] std::string before(const Migration& migration) const;
  /// Stretches of a file that has been read: changesets of Liquibase that stood there then as they stand there now.
  [[nodiscard]] std::vector<SourceRange> unchanged_in(const Migration& migration) const;

 private:
  std::filesystem::path root_;
  std::string base_;  ///< that commit
  std::set<std::filesystem::path> changed_;
};

}  // namespace pgsluice::cli
