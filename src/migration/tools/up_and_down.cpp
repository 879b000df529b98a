// SPDX-License-Identifier: Apache-2.0
// golang-migrate, sqlx and Diesel: the way up and the way down are files of their own.
#include <algorithm>

#include "base/text.hpp"
#include "migration/tools/rows.hpp"

namespace pgsluice::tools {
namespace {

bool is_up(std::string_view file) {
  return begins_with_number(base_name(file)) && to_lower(file).ends_with(".up.sql");
}

/// The order in which Diesel runs its folders: by version, as text. (Diesel: migrations_internals)
std::string diesel_version(std::string_view file) {
  const std::string_view folder = base_name(folder_of(file));
  return replace_all(folder.substr(0, folder.find('_')), "-", "");
}

bool has_up(const Layout& layout) {
  return std::ranges::any_of(layout.files, [](const std::string& file) { return is_up(file); });
}

}  // namespace

// ---- golang-migrate: database/postgres/postgres.go run(), source/parse.go

bool is_golang_migrate_layout(const Layout& layout) {
  return has_up(layout);
}

Files golang_migrate_files(const Layout& layout) {
  return select(layout, is_up);
}

void read_golang_migrate(const FileContext& file, Draft& draft) {
  draft.add_block(draft.whole(),
                  file.setting == "multi-statement" ? FileTransaction::none : FileTransaction::message);
}

std::string golang_migrate_doubt(const Layout& layout) {
  if (project_mentions(layout.directory, "go.mod", "golang-migrate")) return {};
  return "sqlx has files of the same names: --tool sqlx if it runs them, --tool golang-migrate if not";
}

// ---- sqlx: sqlx-core/src/migrate/source.rs, migration.rs

bool is_sqlx_layout(const Layout& layout) {
  const bool numbered = std::ranges::any_of(layout.files, [](const std::string& file) {
    return is_sql(file) && begins_with_number(base_name(file));
  });
  return numbered && project_mentions(layout.directory, "Cargo.toml", "sqlx");
}

bool is_sqlx_text(std::string_view text) {
  return text.starts_with("-- no-transaction");
}

Files sqlx_files(const Layout& layout) {
  return select(layout, [](std::string_view file) {
    return begins_with_number(base_name(file)) && !to_lower(file).ends_with(".down.sql");
  });
}

void read_sqlx(const FileContext& /*file*/, Draft& draft) {
  draft.add_block(draft.whole(),
                  is_sqlx_text(draft.text()) ? FileTransaction::message : FileTransaction::one);
}

// ---- Diesel: migrations_internals/src/file_based_migrations.rs

bool is_diesel_layout(const Layout& layout) {
  return std::ranges::any_of(layout.files, [](const std::string& file) {
    return base_name(file) == "up.sql" && !folder_of(file).empty();
  });
}

Files diesel_files(const Layout& layout) {
  Files files = select(layout, [](std::string_view file) { return base_name(file) == "up.sql"; });
  std::ranges::stable_sort(files, {}, [](const std::string& file) { return diesel_version(file); });
  return files;
}

void read_diesel(const FileContext& file, Draft& draft) {
  bool transaction = true;
  const std::string settings = small_file(file.path.parent_path() / "metadata.toml");
  for (const std::string_view line : lines(settings)) {
    if (replace_all(line, " ", "").starts_with("run_in_transaction=false")) transaction = false;
  }
  draft.add_block(draft.whole(), transaction ? FileTransaction::one : FileTransaction::message);
}

}  // namespace pgsluice::tools
