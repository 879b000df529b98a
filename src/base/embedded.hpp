// SPDX-License-Identifier: Apache-2.0
#pragma once

// The files of rules/ and templates/ as the build compiled them into the program, so that it needs nothing beside it to run. Knows
// names and bytes, not what the files mean.

#include <span>
#include <string_view>

namespace pgsluice {

struct EmbeddedFile {
  std::string_view path;  ///< relative to the folder: "effects/alter_table.json"
  std::string_view contents;
};

/// Every embedded file of rules/, sorted by path.
std::span<const EmbeddedFile> embedded_rules();
/// The same of templates/.
std::span<const EmbeddedFile> embedded_templates();

}  // namespace pgsluice
