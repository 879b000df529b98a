// SPDX-License-Identifier: Apache-2.0
#pragma once

// What fix has written, or would write.

#include <filesystem>
#include <string>
#include <vector>

#include "base/terminal.hpp"
#include "pgsluice/fix.hpp"

namespace pgsluice {

/// A migration beside what it becomes.
struct FixedPath {
  std::filesystem::path folder;
  std::string original;  ///< its text
  FixedMigration result;
  [[nodiscard]] std::string path_of(const FixedFile& file) const;
};

/// For patch(1) byte for byte; for people without what a terminal would obey.
std::string fix_diff(const std::vector<FixedPath>& migrations, const Painter& paint, bool for_people);
/// What was done and what was left alone, one line each.
std::string fix_notes(const std::vector<FixedPath>& migrations, const Painter& paint);
/// rules/schema/fix.schema.json
std::string fix_json(const std::vector<FixedPath>& migrations, int pg_version);

}  // namespace pgsluice
