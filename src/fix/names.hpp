// SPDX-License-Identifier: Apache-2.0
#pragma once

// What new files are called: right behind the original, in the numbering of its folder.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgsluice::fix {

/// `labels` say what each new file is about. The numbers that follow the original's are taken when no other file stands in
/// between; else the names go on with the original's.
std::vector<std::string> new_names(const std::string& original, std::span<const std::string> folder,
                                   const std::vector<std::string>& labels);

/// How a tool has the versions in its names.
struct NameForm {
  std::string_view prefix;     ///< V in V3__orders.sql
  std::string_view separator;  ///< empty: as the original has it
  bool is_folder = false;      ///< 0003_orders, without .sql
  bool is_dotted = false;      ///< V1_2_3__orders.sql: between two versions there is always room for another
  bool has_dashes = false;     ///< 2026-01-31-120000_orders
  bool as_text = false;        ///< versions are compared as text: 9 stands behind 10
};
/// The same where a version has one file, and a way back at most. None: the next numbers are taken, or there is none.
std::optional<std::vector<std::string>> next_versions(std::string_view original, const NameForm& form,
                                                      std::span<const std::string> folder,
                                                      const std::vector<std::string>& labels);

}  // namespace pgsluice::fix
