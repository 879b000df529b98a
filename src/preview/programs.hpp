// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where this machine has PostgreSQL's programs.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pgsluice {

struct ServerPrograms {
  std::filesystem::path folder;  ///< has initdb and postgres
  std::string release;           ///< "18.1"
  int major = 0;
};

/// Those of `folder`, if one is given, else of the PATH and of the places where Debian, Red Hat, Homebrew and PostgreSQL's own
/// installers put them, the newest of the wanted major, or of all. Throws Error(usage) that says where was looked.
ServerPrograms find_programs(const std::filesystem::path& folder, std::optional<int> major);

/// "postgres (PostgreSQL) 18.1 (Debian 18.1-1)" → 18.1; none: it says something else.
std::optional<std::string> release_of(std::string_view said);

}  // namespace pgsluice
