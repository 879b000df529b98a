// SPDX-License-Identifier: Apache-2.0
// Which migrations there are, and in which order they run. Reads plain folders of SQL files.
#include <algorithm>
#include <system_error>

#include "base/files.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "pgsluice/error.hpp"
#include "pgsluice/migration.hpp"

namespace pgsluice {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view k_standard_input = "<stdin>";

/// `.sql`, but not the way back that some tools keep beside it.
bool is_migration(std::string_view file_name) {
  const std::string name = to_lower(file_name);
  return name.ends_with(".sql") && !name.ends_with(".down.sql");
}

bool is_folder(const fs::directory_entry& entry) {
  std::error_code ignored;
  return entry.is_directory(ignored);
}

/// Folder by folder: `2/1.sql` runs before `10/1.sql`, and `a/…` before `a-b/…`.
bool runs_before(std::string_view a, std::string_view b) {
  for (;;) {
    const std::size_t a_end = std::min(a.find('/'), a.size());
    const std::size_t b_end = std::min(b.find('/'), b.size());
    if (a.substr(0, a_end) != b.substr(0, b_end)) return natural_less(a.substr(0, a_end), b.substr(0, b_end));
    if (a_end == a.size() || b_end == b.size()) return a_end == a.size() && b_end < b.size();
    a.remove_prefix(a_end + 1);
    b.remove_prefix(b_end + 1);
  }
}

[[noreturn]] void cannot_read(const fs::path& path, const std::error_code& error) {
  throw Error(ExitCode::usage,
              cat("cannot read ", printable_line(path.string()), ": ", to_lower(error.message())));
}

/// Relative to the folder, with '/' as separator.
std::vector<std::string> files_below(const fs::path& directory) {
  const std::size_t prefix = (directory / "").native().size();
  std::vector<std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string& path = entry->path().native();
    const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
    if (name.starts_with(".")) {
      entry.disable_recursion_pending();
    } else if (is_migration(name) && !is_folder(*entry)) {
      files.push_back(path.substr(prefix));
    }
  }
  if (error) cannot_read(directory, error);
  std::sort(files.begin(), files.end(), runs_before);
  return files;
}

/// The name that a folder goes by, also when it is written `.` or `migrations/`.
std::string name_of(const fs::path& directory) {
  std::error_code error;
  const fs::path absolute = fs::absolute(directory, error).lexically_normal();
  return (absolute.has_filename() ? absolute.filename() : absolute.parent_path().filename()).string();
}

void check_is_folder(const fs::path& directory) {
  std::error_code error;
  const fs::file_status status = fs::status(directory, error);
  if (error) cannot_read(directory, error);
  if (!fs::is_directory(status)) {
    throw Error(ExitCode::usage,
                cat(printable_line(directory.string()), " is a file, not a folder of migrations"),
                "Name the folder that it stands in.");
  }
}

std::string bytes_of(const Migration& migration) {
  return migration.path == k_standard_input ? read_stdin() : read_file(migration.path);
}

void set_text(Migration& migration, std::string bytes) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (bytes.starts_with(byte_order_mark)) bytes.erase(0, byte_order_mark.size());
  migration.source.text = std::move(bytes);
}

}  // namespace

std::vector<Migration> list_migrations(const fs::path& directory) {
  check_is_folder(directory);
  const std::string name = cat(name_of(directory), "/");
  const fs::path folder = (directory / "x").lexically_normal().parent_path();  // `./a` is listed as `a`
  std::vector<Migration> migrations;
  for (const std::string& file : files_below(directory)) {
    Migration& migration = migrations.emplace_back();
    migration.id = file;
    migration.tool = "plain";
    migration.phase = phase_of(cat(name, file), {});
    migration.path = folder / file;
    migration.source.path = migration.path.generic_string();
  }
  if (migrations.empty()) {
    throw Error(ExitCode::usage, cat("no migrations in ", printable_line(directory.string())),
                "A migration is a file that ends in .sql; hidden files and .down.sql are left out.");
  }
  return migrations;
}

Migration name_migration(const fs::path& file) {
  const bool is_input = file == "-";
  const fs::path path = is_input ? fs::path(k_standard_input) : file;
  Migration migration{.id = path.filename().generic_string(), .tool = "plain", .path = path, .source = {}};
  if (!is_input) {
    const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
    migration.phase = phase_of(cat(name_of(folder), "/", file.filename().generic_string()), {});
  }
  migration.source.path = path.generic_string();
  return migration;
}

void expect_readable(const Migration& migration) {
  if (migration.path != k_standard_input) expect_readable(migration.path);
}

void read(Migration& migration) {
  set_text(migration, bytes_of(migration));
}

std::vector<Migration> discover(const fs::path& directory) {
  std::vector<Migration> migrations = list_migrations(directory);
  for (Migration& migration : migrations) {
    std::string bytes = bytes_of(migration);
    migration.sha256 = sha256_hex(bytes);
    set_text(migration, std::move(bytes));
  }
  return migrations;
}

}  // namespace pgsluice
