// SPDX-License-Identifier: Apache-2.0
#pragma once

// Migration tools whose files are SQL and a few lines around it: how new ones are called, and how a tool is told to run one
// without a transaction. What such a file holds may go to the server in one piece, so that a statement that cannot run in
// a transaction gets a file without any other.

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fix/names.hpp"
#include "fix/piece.hpp"
#include "pgsluice/migration.hpp"

namespace pgsluice::fix {

struct ToolFormat {
  std::string_view tool;
  std::string_view marker;     ///< the first line of a file without a transaction; empty: no line says it
  std::string_view up;         ///< the line that the statements stand behind; empty: there is none
  std::string_view up_option;  ///< at its end: without a transaction
  std::string_view
      down;  ///< the line in the same file that the way back stands behind; empty: another file has it
  NameForm names = {};
  std::string_view
      settings;  ///< the file beside it that says it, or what that has behind the name of the script
  std::string_view settings_text;  ///< what that file says
  std::string_view then;           ///< what people must do when files have changed
  bool in_place = false;  ///< a file opens and closes its transactions itself, and there are no new ones
};
/// nullptr: files of that tool are not rewritten.
const ToolFormat* format_of(std::string_view tool);
/// Why files of a tool without a format are not.
std::string why_never(std::string_view tool);

/// Why this file of the tool's is not rewritten; nothing: it is.
std::optional<std::string> cannot_be_written(const ToolFormat& format, const Migration& migration,
                                             const SourceFile& source);

/// A file's text, and behind it the way back that it has, with the line before that.
struct BothWays {
  std::string up;
  std::string down;
};
BothWays ways_of(const ToolFormat& format, std::string_view text);

/// What tells the tool about the file becomes the header, which stays with the first statements; what tells it where a
/// statement ends goes, and comes back where text_of() finds that it is needed.
void take_markers(const ToolFormat& format, Piece& piece);
/// As it is written to a file of the tool; nullptr: plain SQL.
std::string text_of(const ToolFormat* format, const Piece& piece);

/// What a new file begins with.
std::string begin_of(const ToolFormat& format, bool off);
/// The header of a file that gets to run without a transaction.
std::string switched_off(const ToolFormat& format, const std::string& header);

/// Names relative to the original's folder, one for each label, that the tool runs right behind the original and before
/// the next: a version has one file. `folder` is what stands beside the original, or beside its own folder. None: the
/// numbers behind it are taken.
std::optional<std::vector<std::string>> version_names(const ToolFormat& format,
                                                      const std::filesystem::path& original,
                                                      std::span<const std::string> folder,
                                                      const std::vector<std::string>& labels);
/// The file beside `name` that tells the tool to run it without a transaction.
std::string settings_name(const ToolFormat& format, const std::string& name);

/// The way back of a file, where it is a file of its own; empty: the tool has none such.
std::string down_name(const ToolFormat& format, const std::string& name);

}  // namespace pgsluice::fix
