// SPDX-License-Identifier: Apache-2.0
#pragma once

// Names that mean something else once a file has run: who was written for what they mean then must not meet what they mean now.

#include <string>
#include <vector>

#include "pgsluice/findings.hpp"

namespace pgsluice {

/// A name that means something else once a file has run.
struct GivenName {
  std::string schemaname;  ///< empty: the one in which it is
  std::string relname;
  std::string column;         ///< empty: it is the relation's
  bool holds_values = false;  ///< only those who change rows meet the difference
  bool operator==(const GivenName&) const = default;
};

/// By renaming, by moving to another schema, by another type's values, and by making anew what the file drops.
std::vector<GivenName> names_given(const FileAnalysis& file);

/// Whether a statement may mean what the name is given to. Where its text has a column's name, it may.
bool may_mean(const FileAnalysis& file, const Effect& effect, const GivenName& given);

}  // namespace pgsluice
