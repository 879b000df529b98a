// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which files a database has, says its ledger.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "pgsluice/ledger.hpp"
#include "pgsluice/migration.hpp"

namespace pgsluice::cli {

/// The ledger of the database behind `url`. Throws Error: unreachable, precondition, wrong_target. That there is none is
/// said on standard error: nothing is applied then.
Ledger load_ledger(const std::string& url, const GlobalOptions& global);

class AppliedFiles {
 public:
  /// Reads the files that the ledger knows.
  AppliedFiles(const Ledger& ledger, const std::vector<Migration>& migrations);
  /// It is applied, and is what it was then, but for comments and layout.
  [[nodiscard]] bool contains(const Migration& migration) const;
  /// FileAnalysis::changed_since. What is meant to change after it was applied (a repeatable file, a changelog of Liquibase)
  /// never has.
  [[nodiscard]] std::optional<std::string> changed_since(const Migration& migration) const;

 private:
  std::set<std::filesystem::path> same_;
  std::map<std::filesystem::path, std::string> changed_;
};

}  // namespace pgsluice::cli
