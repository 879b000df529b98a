// SPDX-License-Identifier: Apache-2.0
#pragma once

// The files of rules/ as the build compiled them into the program, so that it needs nothing beside it to run. Knows
// names and bytes, not what the files mean.

#include <span>
#include <string_view>

namespace pgsluice {

struct EmbeddedFile {
  std::string_view path;  ///< relative to rules/: "effects/alter_table.json"
  std::string_view contents;
};

/// Every embedded file, sorted by path.
std::span<const EmbeddedFile> embedded_rules();

}  // namespace pgsluice
