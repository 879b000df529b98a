// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/sql.hpp"

namespace pgsluice::tools {

/// `author:id` without the quotes that either may have: by it Liquibase knows a changeset of a file.
std::string changeset_identity(std::string_view author, std::string_view id);

/// A stretch of a changelog that Liquibase runs once, and knows again by its author, its id and its checksum.
struct Changeset {
  SourceRange body;                                  ///< from its own line to that of the next
  std::string author = {};                           ///< as it is written
  SourceRange id = {};                               ///< as it is written, with its quotes
  std::map<std::string, std::string> settings = {};  ///< of its line, under their names in lower case

  [[nodiscard]] bool says(const std::string& name, bool preset) const;
  /// `text`: that the changeset is one of.
  [[nodiscard]] std::string identity(std::string_view text) const;
};
std::vector<Changeset> changesets_of(std::string_view text);

}  // namespace pgsluice::tools
