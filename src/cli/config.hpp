// SPDX-License-Identifier: Apache-2.0
#pragma once

// pgsluice.toml: every option of the command line can stand in it, under the option's own name. A key at the top is
// meant for every command that has that option, a key in a section `[lint]` for that command alone; what is on the
// command line wins. Read strictly: a key that no command has is an Error that names it and the file.

#include <filesystem>
#include <istream>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace pgsluice::cli {

/// The nearest pgsluice.toml in `directory` or above it; empty: there is none.
std::filesystem::path find_config(const std::filesystem::path& directory);

/// The file that options are read from: of --config, else the nearest one; empty: there is none.
std::string config_file(const CLI::App& app);

/// Adds `--config FILE`. Call it before commands are added: they inherit the reader.
void add_config(CLI::App& app);

}  // namespace pgsluice::cli
