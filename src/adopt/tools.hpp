// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is known of each tool: its table, how to ask it, and how its files are called.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/adopt.hpp"

namespace pgsluice::adopting {

/// A file's name, taken apart as tools do.
struct FileName {
  std::vector<std::string> folders;  ///< outermost first
  std::string stem;                  ///< without .up and .sql
  std::string_view text;             ///< of the file
};
FileName file_name(const Migration& migration);
/// The part before the first '_', as Diesel reads a folder's name.
std::string diesel_version(std::string_view folder);
/// The change of Sqitch that a file deploys: deploy/users/create.sql and, when it has been reworked since,
/// deploy/users/create@v1.sql are of users/create.
std::string sqitch_change(const FileName& file);
/// The file undoes or tests what another one does.
bool is_way_back(const FileName& file);

struct Tool {
  std::string_view name;
  std::string_view table;    ///< pg_class.relname
  std::string_view columns;  ///< that tell it from others' tables of that name, comma-separated
  /// SQL of one truth about the table's oid `c`; empty: its columns are enough.
  std::string_view only_if;
  /// Rows: state, version, name, scope. `{table}` stands for the table.
  std::string_view entries;
  bool (*is_file_of)(const FileName& file, const ForeignEntry& entry);
};
std::span<const Tool> tools();

/// "1.2" before "1.10": numbers count as numbers.
bool is_version_up_to(std::string_view version, std::string_view last);
/// The version that a file's name begins with, as the tool writes it.
std::string leading_version(const Tool& tool, const FileName& file);

}  // namespace pgsluice::adopting
