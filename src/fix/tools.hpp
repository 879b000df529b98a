// SPDX-License-Identifier: Apache-2.0
#pragma once

// Migration tools whose files are SQL and at most a marker line: how new ones are called, and how a tool is told to run
// one without a transaction. What such a file holds goes to the server in one piece, so that a statement that cannot run in
// a transaction needs a file without any other.

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fix/piece.hpp"
#include "pgsluice/migration.hpp"

namespace pgsluice::fix {

struct ToolFormat {
  std::string_view tool;
  std::string_view no_transaction;  ///< the first line of such a file; empty: nothing has to be said
  std::string_view prefix;          ///< before the version in a file's name
  std::string_view separator;       ///< behind it; empty: as the original has it
  bool own_folder = false;          ///< the name is that of a folder, which has a file of a fixed name
};
/// nullptr: files of that tool are not rewritten.
const ToolFormat* format_of(std::string_view tool);

/// Why this file of the tool's is not rewritten; nothing: it is.
std::optional<std::string> cannot_be_written(const ToolFormat& format, const SourceFile& source);

/// The marker becomes a part of the header, which stays with the first statements.
void take_marker(const ToolFormat& format, Piece& piece);

/// Names relative to the original's folder, one for each label, that the tool runs right behind the original and before
/// the next: a version has one file. `folder` is what stands beside the original, or beside its own folder. None: the
/// numbers behind it are taken.
std::optional<std::vector<std::string>> version_names(const ToolFormat& format,
                                                      const std::filesystem::path& original,
                                                      std::span<const std::string> folder,
                                                      const std::vector<std::string>& labels);
/// The way back of a new file, where the original has one of its own; empty: there is none.
std::string down_name(const std::filesystem::path& original, std::span<const std::string> folder,
                      const std::string& name);

}  // namespace pgsluice::fix
