// SPDX-License-Identifier: Apache-2.0
#pragma once

// One row for each migration tool: how its folder looks, which of the files it runs in which order, and what it makes of
// a file's text. Nothing else in the program knows a tool's conventions, except what their ledgers look like: src/adopt.

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "migration/tools/draft.hpp"
#include "pgsluice/migration.hpp"

namespace pgsluice::tools {

/// A folder of migrations as it is on disk.
struct Layout {
  std::filesystem::path directory;
  std::vector<std::string> files;  ///< all of them, relative with '/', folder by folder, numbers as numbers
};

/// What a tool has beside a file may say how to run it.
struct FileContext {
  std::filesystem::path path;
  std::string setting;  ///< of the row's settings; may be empty
};

struct Format {
  std::string_view name;
  /// Words that may follow the name and a colon in --tool: what no file says, and the command line of the tool does.
  std::string_view settings;
  PlaceholderSyntax placeholders = PlaceholderSyntax::none;
  /// By its names alone.
  bool (*is_layout)(const Layout& layout) = nullptr;
  /// By what stands in a file.
  bool (*is_text)(std::string_view text) = nullptr;
  bool text_at_end = false;  ///< what it is known by stands at the end of long files, not at their beginning
  /// What it runs, in its order.
  std::vector<std::string> (*files)(const Layout& layout) = nullptr;
  /// What of the text it runs, and in which transactions.
  void (*read)(const FileContext& file, Draft& draft) = nullptr;
  /// It runs again whenever it has changed.
  bool (*is_repeatable)(std::string_view file) = nullptr;
  /// Who else has folders of that layout; empty: nobody.
  std::string (*doubt)(const Layout& layout) = nullptr;
};

/// The first row that knows a layout or a text has it; the last one is plain SQL.
std::span<const Format> formats();
/// The way back, or a test of it: left out by everybody.
bool is_way_back(std::string_view file);
/// As much of a text's beginning or end as says whose it is, in bytes.
inline constexpr std::size_t k_telling_part = std::size_t{16} << 10U;
/// Looks at one end of a long text only.
bool is_text_of(const Format& format, std::string_view text);
/// Throws Error(usage) for a name that no row has.
const Format& find_format(std::string_view name);

}  // namespace pgsluice::tools
