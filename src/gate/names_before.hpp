// SPDX-License-Identifier: Apache-2.0
#pragma once

// Relations and columns under the names that they have before a file runs: what it renames and then drops is what the catalogs
// know by its first name.

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "pgsluice/effects.hpp"
#include "sql/object_name.hpp"

namespace pgsluice {

class NamesBefore {
 public:
  [[nodiscard]] RelationName of(const RelationName& relation) const {
    const auto found = relations_.find(relation);
    return found == relations_.end() ? relation : found->second;
  }
  /// \param relation  under its first name
  [[nodiscard]] std::string of(const RelationName& relation, const std::string& column) const {
    const auto found = columns_.find({relation, column});
    return found == columns_.end() ? column : found->second;
  }

  /// A command of the file, after it has been looked at.
  void follow(const Command& written, const CommandEffect& effect) {
    const auto target = std::ranges::find(effect.locks, "target", &RelationLock::role);
    if (!sql::is_rename(written) || target == effect.locks.end()) return;
    const RelationName first = of(target->relation);
    RelationName renamed = target->relation;
    if (written.tag == "AlterObjectSchemaStmt") {
      renamed.schemaname = written.new_name;
    } else if (written.name.empty()) {
      renamed.relname = written.new_name;
    } else {
      if (written.text("renameType") == "OBJECT_COLUMN")
        columns_[{first, written.new_name.str()}] = of(first, written.name.str());
      return;
    }
    relations_[renamed] = first;
  }

 private:
  std::map<RelationName, RelationName> relations_;
  std::map<std::pair<RelationName, std::string>, std::string> columns_;
};

}  // namespace pgsluice
