// SPDX-License-Identifier: Apache-2.0
// What a contract file says that it rests on must be there.

#include <algorithm>
#include <system_error>

#include "base/text.hpp"
#include "pgsluice/migration.hpp"

namespace pgsluice {
namespace {

namespace fs = std::filesystem;

/// The folder that ids are relative to.
fs::path folder_of(const Migration& migration) {
  fs::path folder = migration.path.parent_path();
  for (auto left = std::count(migration.id.begin(), migration.id.end(), '/'); left > 0; --left)
    folder = folder.parent_path();
  return folder;
}

bool is_there(const Migration& migration, const std::string& name) {
  const fs::path relative(name);
  const bool inside = !name.empty() && relative.is_relative() &&
                      relative.lexically_normal().generic_string() == name && !name.starts_with("..");
  std::error_code error;
  return inside && name.ends_with(".sql") && fs::is_regular_file(folder_of(migration) / relative, error);
}

}  // namespace

void check_dependencies(const Migration& migration, Directives& directives) {
  const auto problem = [&directives](std::string message, std::string hint) {
    directives.problems.push_back(
        {.range = directives.depends_on_range, .message = std::move(message), .hint = std::move(hint)});
  };
  std::error_code error;
  if (directives.depends_on.empty() || !fs::exists(migration.path, error))
    return;  // standard input has no folder
  if (migration.phase != Phase::contract) {
    return problem("\"depends-on\" is about contract files",
                   "Other files run in their order: name this one so that it comes behind what it needs.");
  }
  for (const std::string& name : directives.depends_on) {
    if (name == migration.id) {
      problem("a file cannot depend on itself", "Name the file that must be applied before it.");
    } else if (!is_there(migration, name)) {
      problem(cat("there is no migration \"", name, "\" in this folder"),
              "Write its path as pgsluice status shows it, relative to the folder of migrations.");
    }
  }
}

}  // namespace pgsluice
