// SPDX-License-Identifier: Apache-2.0
// Which migrations there are, and in which order they run. Reads plain folders of SQL files.
#include <algorithm>
#include <iterator>
#include <system_error>

#include "base/files.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "pgsluice/error.hpp"
#include "pgsluice/migration.hpp"

namespace pgsluice {
namespace {

namespace fs = std::filesystem;

bool is_hidden(const fs::path& path) {
  return path.filename().string().starts_with(".");
}

/// `.sql`, but not the way back that some tools keep beside it.
bool is_migration(const fs::path& path) {
  const std::string name = to_lower(path.filename().string());
  return name.ends_with(".sql") && !name.ends_with(".down.sql");
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

/// Folder by folder: `2/1.sql` runs before `10/1.sql`, and `a/…` before `a-b/…`.
bool runs_before(const fs::path& a, const fs::path& b) {
  const auto [left, right] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (left == a.end() || right == b.end()) return left == a.end() && right != b.end();
  return natural_less(left->string(), right->string());
}

[[noreturn]] void cannot_read(const fs::path& path, const std::error_code& error) {
  throw Error(ExitCode::usage,
              cat("cannot read ", printable_line(path.string()), ": ", to_lower(error.message())));
}

std::vector<fs::path> files_below(const fs::path& directory) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (is_hidden(entry->path())) {
      entry.disable_recursion_pending();
    } else if (is_migration(entry->path()) && !is_folder(entry->path())) {
      files.push_back(entry->path());
    }
  }
  if (error) cannot_read(directory, error);
  std::sort(files.begin(), files.end(), runs_before);
  return files;
}

/// The name that a folder goes by, also when it is written `.` or `migrations/`.
fs::path name_of(const fs::path& directory) {
  std::error_code error;
  const fs::path absolute = fs::absolute(directory, error).lexically_normal();
  return absolute.has_filename() ? absolute.filename() : absolute.parent_path().filename();
}

Migration make_migration(std::string id, const fs::path& path, const fs::path& for_phase, std::string bytes) {
  Migration migration{.id = std::move(id),
                      .tool = "plain",
                      .phase = phase_of(for_phase, {}),
                      .path = path,
                      .sha256 = sha256_hex(bytes),
                      .source = {}};
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (bytes.starts_with(byte_order_mark)) bytes.erase(0, byte_order_mark.size());
  migration.source = {.path = path.generic_string(), .text = std::move(bytes)};
  return migration;
}

}  // namespace

std::vector<Migration> discover(const fs::path& directory) {
  std::error_code error;
  const fs::file_status status = fs::status(directory, error);
  if (error) cannot_read(directory, error);
  if (!fs::is_directory(status)) {
    throw Error(ExitCode::usage,
                cat(printable_line(directory.string()), " is a file, not a folder of migrations"),
                "Name the folder that it stands in.");
  }
  std::vector<Migration> migrations;
  for (const fs::path& path : files_below(directory)) {
    const fs::path relative = path.lexically_relative(directory);
    migrations.push_back(make_migration(relative.generic_string(), path.lexically_normal(),
                                        name_of(directory) / relative, read_file(path)));
  }
  if (migrations.empty()) {
    throw Error(ExitCode::usage, cat("no migrations in ", printable_line(directory.string())),
                "A migration is a file that ends in .sql; hidden files and .down.sql are left out.");
  }
  return migrations;
}

Migration read_migration(const fs::path& file) {
  if (file == "-") return make_migration("<stdin>", "<stdin>", {}, read_stdin());
  const fs::path for_phase =
      name_of(file.has_parent_path() ? file.parent_path() : fs::path(".")) / file.filename();
  return make_migration(file.filename().generic_string(), file, for_phase, read_file(file));
}

}  // namespace pgsluice
