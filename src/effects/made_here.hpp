// SPDX-License-Identifier: Apache-2.0
#pragma once

// Functions, types, schemas and columns that a file makes itself: no release knows them, so that nobody misses them. Relations
// have RelationLock::is_new.

#include <set>
#include <string>
#include <utility>

#include "pgsluice/catalog.hpp"

namespace pgsluice::effects {

class MadeHere {
 public:
  /// Whether the command takes away, or names anew, what an earlier one has made, what only this session sees, or what the
  /// catalog proves not to be there.
  [[nodiscard]] bool has(const Command& command, const Catalog& catalog) const;
  /// Whatever the command makes.
  void note(const Command& command, const Catalog& catalog);

 private:
  [[nodiscard]] bool has_column(const Command& command, const Catalog& catalog) const;
  void note_column(const Command& command, const Catalog& catalog);

  std::set<std::string> names_;
  std::set<std::pair<RelationName, Name>> columns_;
};

}  // namespace pgsluice::effects
