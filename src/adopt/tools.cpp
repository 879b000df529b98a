// SPDX-License-Identifier: Apache-2.0
// The table of tools. Layouts are those that the tools themselves create on PostgreSQL.
#include "adopt/tools.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace pgsluice::adopting {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string leading_digits(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && is_digit(text[end])) ++end;
  return std::string(text.substr(0, end));
}

std::string without_leading_zeros(std::string_view digits) {
  const std::size_t first = digits.find_first_not_of('0');
  return first == std::string_view::npos ? "0" : std::string(digits.substr(first));
}

bool same_number(std::string_view a, std::string_view b) {
  return !a.empty() && !b.empty() && without_leading_zeros(a) == without_leading_zeros(b);
}

/// "1_2" and "01.2" are one version.
std::string flyway_version(std::string_view text) {
  std::vector<std::string> parts;
  for (const std::string_view part : split(replace_all(text, "_", "."), '.')) {
    const bool number = !part.empty() && std::all_of(part.begin(), part.end(), is_digit);
    parts.push_back(number ? without_leading_zeros(part) : std::string(part));
  }
  while (parts.size() > 1 && parts.back() == "0") parts.pop_back();
  return join(parts, ".");
}

/// V1_2__add_orders → 1_2; nothing for a repeatable one.
std::string flyway_prefix(const FileName& file) {
  const std::size_t end = file.stem.find("__");
  const bool versioned =
      end != std::string::npos && (file.stem.starts_with("V") || file.stem.starts_with("B"));
  return versioned ? file.stem.substr(1, end - 1) : std::string();
}

std::string_view last_component(std::string_view path) {
  const std::size_t slash = path.find_last_of("/\\");
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string path_of(const FileName& file) {
  std::string path;
  for (const std::string& folder : file.folders) path += folder + "/";
  return path + file.stem + ".sql";
}

// ---- whose file is it --------------------------------------------------------------------------------------------------

bool is_numbered(const FileName& file, const ForeignEntry& entry) {
  return same_number(leading_digits(file.stem), entry.version);
}

bool is_of_flyway(const FileName& file, const ForeignEntry& entry) {
  if (entry.version.empty()) return last_component(entry.name) == file.stem + ".sql";
  const std::string prefix = flyway_prefix(file);
  return !prefix.empty() && flyway_version(prefix) == flyway_version(entry.version);
}

bool is_of_prisma(const FileName& file, const ForeignEntry& entry) {
  return !file.folders.empty() ? file.folders.back() == entry.name : file.stem == entry.name;
}

/// A revision stands for itself between separators: 0007_1975ea83b712_add_orders.sql, 1975ea83b712.sql.
bool is_of_alembic(const FileName& file, const ForeignEntry& entry) {
  const std::string words = "_" + replace_all(replace_all(file.stem, "-", "_"), ".", "_") + "_";
  return words.find("_" + replace_all(entry.version, "-", "_") + "_") != std::string::npos;
}

bool is_of_diesel(const FileName& file, const ForeignEntry& entry) {
  const bool in_folder = file.stem == "up" && !file.folders.empty();
  return diesel_version(in_folder ? file.folders.back() : file.stem) == entry.version;
}

/// Liquibase writes the path as it was given: from wherever it was started.
bool is_of_liquibase(const FileName& file, const ForeignEntry& entry) {
  const std::string path = path_of(file);
  return entry.scope == path || entry.scope.ends_with("/" + path) || path.ends_with("/" + entry.scope);
}

bool is_of_sqitch(const FileName& file, const ForeignEntry& entry) {
  return sqitch_change(file) == entry.name;
}

bool is_of_atlas(const FileName& file, const ForeignEntry& entry) {
  return file.stem.substr(0, file.stem.find('_')) == entry.version;
}

bool is_of_django(const FileName& file, const ForeignEntry& entry) {
  const bool in_app = std::find(file.folders.begin(), file.folders.end(), entry.scope) != file.folders.end();
  return (in_app && file.stem == entry.name) || file.stem == entry.scope + "_" + entry.name;
}

constexpr std::string_view k_dbmate_only =
    "EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'version' AND a.atttypmod > "
    "0)"
    " AND NOT EXISTS (SELECT FROM pg_class m WHERE m.relnamespace = c.relnamespace AND m.relname = "
    "'ar_internal_metadata')";
constexpr std::string_view k_rails_only =
    "NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'dirty')"
    " AND (EXISTS (SELECT FROM pg_class m WHERE m.relnamespace = c.relnamespace AND m.relname = "
    "'ar_internal_metadata') OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = "
    "'version'"
    " AND a.atttypid IN ('text'::regtype, 'varchar'::regtype) AND a.atttypmod < 0))";

constexpr std::array<Tool, 13> k_tools{{
    {.name = tool::flyway,
     .table = "flyway_schema_history",
     .columns = "installed_rank,version,script,type,success",
     .only_if = "",
     // An undone or deleted version has a later row that says so.
     .entries = "SELECT CASE WHEN NOT success THEN 'failed' WHEN type LIKE '%BASELINE%' THEN 'up_to' ELSE "
                "'done' END,"
                " coalesce(version, ''), script, '' FROM (SELECT DISTINCT ON (coalesce(version, script)) * "
                "FROM {table}"
                " WHERE type <> 'SCHEMA' ORDER BY coalesce(version, script), installed_rank DESC) latest"
                " WHERE type NOT LIKE 'UNDO%' AND type <> 'DELETE' ORDER BY installed_rank",
     .is_file_of = is_of_flyway},
    {.name = tool::golang_migrate,
     .table = "schema_migrations",
     .columns = "version,dirty",
     .only_if = "",
     .entries = "SELECT CASE WHEN dirty THEN 'failed' ELSE 'up_to' END, version::text, '', '' FROM {table} "
                "WHERE version >= 0",
     .is_file_of = is_numbered},
    {.name = tool::dbmate,
     .table = "schema_migrations",
     .columns = "version",
     .only_if = k_dbmate_only,
     .entries = "SELECT 'done', version, '', '' FROM {table} ORDER BY version",
     .is_file_of = is_numbered},
    {.name = tool::rails,
     .table = "schema_migrations",
     .columns = "version",
     .only_if = k_rails_only,
     .entries = "SELECT 'done', version, '', '' FROM {table} ORDER BY version",
     .is_file_of = is_numbered},
    {.name = tool::goose,
     .table = "goose_db_version",
     .columns = "version_id,is_applied,tstamp",
     .only_if = "",
     .entries =
         "SELECT 'done', version_id::text, '', '' FROM (SELECT DISTINCT ON (version_id) * FROM {table}"
         " ORDER BY version_id, id DESC) latest WHERE is_applied AND version_id > 0 ORDER BY version_id",
     .is_file_of = is_numbered},
    {.name = tool::prisma,
     .table = "_prisma_migrations",
     .columns = "migration_name,finished_at,rolled_back_at",
     .only_if = "",
     .entries = "SELECT CASE WHEN finished_at IS NULL THEN 'failed' ELSE 'done' END, '', migration_name, '' "
                "FROM {table}"
                " WHERE rolled_back_at IS NULL ORDER BY started_at",
     .is_file_of = is_of_prisma},
    {.name = tool::alembic,
     .table = "alembic_version",
     .columns = "version_num",
     .only_if = "",
     .entries = "SELECT 'up_to', version_num, '', '' FROM {table} ORDER BY 2",
     .is_file_of = is_of_alembic},
    {.name = tool::diesel,
     .table = "__diesel_schema_migrations",
     .columns = "version,run_on",
     .only_if = "",
     .entries = "SELECT 'done', version, '', '' FROM {table} ORDER BY version",
     .is_file_of = is_of_diesel},
    {.name = tool::sqlx,
     .table = "_sqlx_migrations",
     .columns = "version,description,success,checksum",
     .only_if = "",
     .entries =
         "SELECT CASE WHEN success THEN 'done' ELSE 'failed' END, version::text, description, '' FROM {table}"
         " ORDER BY version",
     .is_file_of = is_numbered},
    {.name = tool::liquibase,
     .table = "databasechangelog",
     .columns = "id,author,filename,exectype",
     .only_if = "",
     .entries = "SELECT CASE WHEN exectype = 'FAILED' THEN 'failed' ELSE 'done' END, '', author || ':' || "
                "id, filename"
                " FROM {table} WHERE exectype <> 'SKIPPED' ORDER BY orderexecuted",
     .is_file_of = is_of_liquibase},
    {.name = tool::sqitch,
     .table = "changes",
     .columns = "change_id,change,project,committer_email",
     .only_if = "",
     .entries = "SELECT 'done', '', change, project FROM {table} ORDER BY committed_at",
     .is_file_of = is_of_sqitch},
    {.name = tool::atlas,
     .table = "atlas_schema_revisions",
     .columns = "version,type,applied,total,executed_at",
     .only_if = "",
     // The bits of type: 1 baseline, 2 executed, 4 resolved by hand.
     .entries =
         "SELECT CASE WHEN applied < total AND type & 4 = 0 THEN 'failed' WHEN type & 1 = 1 THEN 'up_to'"
         " ELSE 'done' END, version, description, '' FROM {table} WHERE version NOT LIKE '.%' ORDER BY "
         "version",
     .is_file_of = is_of_atlas},
    {.name = tool::django,
     .table = "django_migrations",
     .columns = "app,name,applied",
     .only_if = "",
     .entries = "SELECT 'done', '', name, app FROM {table} ORDER BY id",
     .is_file_of = is_of_django},
}};

}  // namespace

std::string diesel_version(std::string_view folder) {
  return replace_all(folder.substr(0, folder.find('_')), "-", "");
}

std::string sqitch_change(const FileName& file) {
  const auto deploy = std::ranges::find(file.folders, "deploy");
  std::string change;
  for (auto folder = deploy == file.folders.end() ? file.folders.begin() : deploy + 1;
       folder != file.folders.end(); ++folder) {
    change += *folder + "/";
  }
  return change + file.stem.substr(0, file.stem.find('@'));
}

FileName file_name(const Migration& migration) {
  FileName file{.folders = {}, .stem = {}, .text = migration.source.written()};
  for (const std::string_view part : split(migration.id, '/')) file.folders.emplace_back(part);
  file.stem = file.folders.back();
  file.folders.pop_back();
  for (const std::string_view ending : {".sql", ".up"}) {
    if (file.stem.ends_with(ending)) file.stem.resize(file.stem.size() - ending.size());
  }
  return file;
}

bool is_way_back(const FileName& file) {
  return file.stem == "down" || file.stem.ends_with(".down") ||
         std::any_of(file.folders.begin(), file.folders.end(),
                     [](const std::string& folder) { return folder == "revert" || folder == "verify"; });
}

std::span<const Tool> tools() {
  return k_tools;
}

bool is_version_up_to(std::string_view version, std::string_view last) {
  return !version.empty() && !natural_less(last, version);
}

std::string leading_version(const Tool& tool, const FileName& file) {
  if (tool.name == tool::flyway) return flyway_version(flyway_prefix(file));
  if (tool.name == tool::atlas) return file.stem.substr(0, file.stem.find('_'));
  const std::string digits = leading_digits(file.stem);
  return digits.empty() ? std::string() : without_leading_zeros(digits);
}

}  // namespace pgsluice::adopting
