// SPDX-License-Identifier: Apache-2.0
#include "cli/input.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <set>

#include <CLI/CLI.hpp>

#include "base/files.hpp"
#include "catalog/read.hpp"
#include "cli/database.hpp"
#include "pgsluice/snapshot.hpp"

namespace pgsluice::cli {
namespace {

namespace fs = std::filesystem;

void add_path(const std::string& path, const Conventions& options, FileNamer& namer, std::set<fs::path>& seen,
              std::vector<Migration>& migrations) {
  std::error_code error;
  std::vector<Migration> found;
  if (path != "-" && fs::is_directory(path, error)) {
    found = list_migrations(path, options);
  } else {
    found.push_back(namer.name(path));
  }
  for (Migration& migration : found) {
    // A file that is named twice runs once.
    const fs::path real = path == "-" ? fs::path("-") : fs::canonical(migration.path, error);
    if (seen.insert(real).second) migrations.push_back(std::move(migration));
  }
}

std::vector<Migration> list_all(const std::vector<std::string>& paths, const Conventions& options) {
  std::error_code error;
  // What is named once needs no look for what is named twice.
  if (paths.size() == 1 && paths.front() != "-" && fs::is_directory(paths.front(), error)) {
    return list_migrations(paths.front(), options);
  }
  std::vector<Migration> migrations;
  std::set<fs::path> seen;
  FileNamer namer(options);
  for (const std::string& path : paths) add_path(path, options, namer, seen, migrations);
  return migrations;
}

/// 0007_orders.sql, V7__orders.sql: one of a sequence.
bool has_version(const fs::path& file) {
  const std::string name = file.filename().string();
  const std::size_t at = name.starts_with('V') ? 1 : 0;
  return name.size() > at && name[at] >= '0' && name[at] <= '9';
}

/// Prisma and Diesel keep each migration in a folder, whose name has the version.
bool is_in_own_folder(const fs::path& file) {
  const bool has_name_of_its_folder = file.filename() == "migration.sql" || file.filename() == "up.sql";
  std::error_code error;
  return has_name_of_its_folder && has_version(fs::absolute(file, error).lexically_normal().parent_path());
}

/// A file, or the one in a folder of its own.
fs::path file_in(const fs::path& path) {
  std::error_code error;
  for (const char* name : {"migration.sql", "up.sql"}) {
    if (is_in_own_folder(path / name) && fs::is_regular_file(path / name, error)) return path / name;
  }
  return path;
}

/// Where those stand that come before it; empty: it is none of a sequence.
fs::path folder_of_sequence(const fs::path& file, const Conventions& options) {
  std::error_code error;
  if (file == "-" || fs::is_directory(file, error)) return {};
  if (is_in_own_folder(file)) return parent_folder(file) / "..";
  if (has_version(file)) return parent_folder(file);
  // A plan says their order, or what is repeatable comes last.
  const std::string tool = name_migration(file, options).tool;
  return tool == tool::sqitch || tool == tool::flyway ? parent_folder(file) : fs::path();
}

}  // namespace

std::vector<Migration> find_migrations(const std::vector<std::string>& paths, const Conventions& options) {
  std::vector<Migration> migrations = list_all(paths, options);
  for (const Migration& migration : migrations) expect_readable(migration);
  return migrations;
}

WithHistory find_with_history(const std::vector<std::string>& paths, const Conventions& options) {
  WithHistory found;
  std::error_code error;
  std::set<fs::path> named;
  std::set<fs::path> placed;
  const auto real = [&](const Migration& migration) { return fs::weakly_canonical(migration.path, error); };
  for (const Migration& migration : find_migrations(paths, options)) named.insert(real(migration));
  const auto place = [&](Migration migration) {
    if (!placed.insert(real(migration)).second) return;
    if (!named.contains(real(migration))) found.history.insert(found.migrations.size());
    found.migrations.push_back(std::move(migration));
  };
  for (const std::string& path : paths) {
    const fs::path file = file_in(path);
    const fs::path folder = folder_of_sequence(file, options);
    for (Migration& one : folder.empty() ? std::vector<Migration>() : list_migrations(folder, options)) {
      const bool is_named = fs::equivalent(one.path, file, error);
      if (is_named) one.folder.clear();  // a ledger may know it by more of its path than this folder does
      // Between files with a version others may lie about.
      if (is_named || !has_version(file) || has_version(one.path)) place(std::move(one));
      if (is_named) break;
    }
    for (Migration& migration : find_migrations({file.string()}, options)) place(std::move(migration));
  }
  return found;
}

std::string today() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::string date(std::string_view("YYYY-MM-DD").size(), '\0');
  std::strftime(date.data(), date.size() + 1, "%Y-%m-%d", &utc);
  return date;
}

Snapshot load_snapshot(const std::string& catalog, const std::string& url, const GlobalOptions& global) {
  if (catalog != "live") return parse_snapshot(read_file(catalog), catalog);
  const RealWorld real(url, pg::Access::any, global);
  return read_snapshot(*connect_once(real.world()), {});
}

Catalog load_catalog(const std::string& catalog, const std::string& url, const GlobalOptions& global) {
  return catalog.empty() ? Catalog() : make_catalog(load_snapshot(catalog, url, global));
}

std::optional<int> server_version(const Catalog& catalog) {
  constexpr int k_major = 10000;
  return catalog.server_version_num == 0 ? std::nullopt : std::optional(catalog.server_version_num / k_major);
}

void add_catalog(CLI::App& app, std::string& catalog, const std::string& description) {
  app.add_option("--catalog", catalog, description)->type_name("FILE|live");
}

void add_rules(CLI::App& app, std::string& rules) {
  app.add_option("--rules", rules, "folder of rules that add to the built-in ones or replace them")
      ->type_name("DIR");
}

}  // namespace pgsluice::cli
