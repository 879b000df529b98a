// SPDX-License-Identifier: Apache-2.0
#pragma once

// The part of TOML that our files need: sections, strings, numbers, booleans and arrays of them.

#include <string>
#include <string_view>
#include <vector>

namespace pgsluice::cli {

struct TomlEntry {
  int line = 0;
  std::string section;
  std::string key;
  std::vector<std::string> values;
};

struct TomlSection {
  int line = 0;
  std::string name;
};

struct TomlFile {
  std::vector<TomlSection> sections;  ///< also those that are empty
  std::vector<TomlEntry> entries;
};

/// The whole text. Throws Error(usage) with `file` and the line for whatever it does not understand; `section` is an
/// example of one, for the hint.
TomlFile read_toml(std::string_view text, std::string file, std::string_view section);

}  // namespace pgsluice::cli
