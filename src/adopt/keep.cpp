// SPDX-License-Identifier: Apache-2.0
// What another tool's ledger says of a file that it has applied, for whoever wants to go back to it one day.

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include <zlib.h>

#include "adopt/tools.hpp"
#include "base/hex.hpp"
#include "base/text.hpp"
#include "pg/literal.hpp"

namespace pgsluice {
namespace {

using adopting::FileName;

std::string literal(const std::string& text) {
  return pg::literal(text, "text");
}

/// Flyway's: CRC-32 of the lines without what ends them.
std::string line_checksum(std::string_view text) {
  uLong sum = crc32(0, nullptr, 0);
  for (const std::string_view line : lines(text)) {
    sum = crc32(sum, reinterpret_cast<const Bytef*>(line.data()), static_cast<uInt>(line.size()));
  }
  return std::to_string(static_cast<std::int32_t>(sum));
}

/// "V1_2__add_orders" → "1.2" and "add orders"; a repeatable one has no version.
struct FlywayName {
  std::string version;
  std::string description;
};
std::optional<FlywayName> flyway_name(std::string_view stem) {
  const std::size_t end = stem.find("__");
  if (end == std::string_view::npos || (stem.front() != 'V' && stem.front() != 'R')) return std::nullopt;
  return FlywayName{.version = replace_all(stem.substr(1, end - 1), "_", "."),
                    .description = replace_all(stem.substr(end + 2), "_", " ")};
}

/// "0007_add_orders" → "0007" and "add orders".
struct NumberedName {
  std::string number;
  std::string description;
};
std::optional<NumberedName> numbered_name(std::string_view stem) {
  const std::size_t end = std::min(stem.find_first_not_of("0123456789"), stem.size());
  if (end == 0) return std::nullopt;
  const std::string_view rest = stem.substr(std::min(end + 1, stem.size()));
  return NumberedName{.number = std::string(stem.substr(0, end)), .description = replace_all(rest, "_", " ")};
}

// ---- one row for each tool -----------------------------------------------------------------------------------------

struct KeptFile {
  const Migration& migration;
  FileName name;
  std::string_view text;
};
using Row = std::optional<std::string>;  ///< SQL; none: the file is not called as the tool's files are

Row flyway_row(const std::string& table, const KeptFile& file) {
  const auto name = flyway_name(file.name.stem);
  if (!name) return std::nullopt;
  return cat(
      "INSERT INTO ", table,
      " (installed_rank, version, description, type, script, checksum, installed_by, execution_time, success)"
      " SELECT coalesce(pg_catalog.max(installed_rank), 0) + 1, nullif(",
      literal(name->version), ", ''), ", literal(name->description), ", 'SQL', ",
      literal(file.name.stem + ".sql"), ", ", line_checksum(file.text), ", current_user, 0, true FROM ",
      table);
}

/// It keeps its last version only.
Row golang_migrate_row(const std::string& table, const KeptFile& file) {
  const auto name = numbered_name(file.name.stem);
  if (!name) return std::nullopt;
  return cat("DELETE FROM ", table, " WHERE version < ", name->number, "; INSERT INTO ", table,
             " (version, dirty) SELECT ", name->number, ", false WHERE NOT EXISTS (SELECT FROM ", table, ")");
}

Row version_row(const std::string& table, const KeptFile& file) {
  const auto name = numbered_name(file.name.stem);
  if (!name) return std::nullopt;
  return cat("INSERT INTO ", table, " (version) VALUES (", literal(name->number), ") ON CONFLICT DO NOTHING");
}

Row diesel_row(const std::string& table, const KeptFile& file) {
  const bool in_folder = file.name.stem == "up" && !file.name.folders.empty();
  const std::string version = adopting::diesel_version(in_folder ? file.name.folders.back() : file.name.stem);
  return cat("INSERT INTO ", table, " (version) VALUES (", literal(version), ") ON CONFLICT DO NOTHING");
}

Row goose_row(const std::string& table, const KeptFile& file) {
  const auto name = numbered_name(file.name.stem);
  if (!name) return std::nullopt;
  return cat("INSERT INTO ", table, " (version_id, is_applied) VALUES (", name->number, ", true)");
}

Row prisma_row(const std::string& table, const KeptFile& file) {
  if (file.name.folders.empty()) return std::nullopt;
  return cat(
      "INSERT INTO ", table,
      " (id, checksum, migration_name, started_at, finished_at, applied_steps_count) VALUES"
      " (pg_catalog.md5(pg_catalog.random()::text || pg_catalog.clock_timestamp()::text)::uuid::text, ",
      literal(file.migration.sha256), ", ", literal(file.name.folders.back()),
      ", pg_catalog.now(), pg_catalog.now(), 1)");
}

Row sqlx_row(const std::string& table, const KeptFile& file) {
  const auto name = numbered_name(file.name.stem);
  if (!name) return std::nullopt;
  return cat("INSERT INTO ", table, " (version, description, success, checksum, execution_time) VALUES (",
             name->number, ", ", literal(name->description), ", true, pg_catalog.sha384(pg_catalog.decode('",
             hex_digits(file.text), "', 'hex')), 0)");
}

Row django_row(const std::string& table, const KeptFile& file) {
  if (file.name.folders.empty()) return std::nullopt;
  return cat("INSERT INTO ", table, " (app, name, applied) VALUES (", literal(file.name.folders.back()), ", ",
             literal(file.name.stem), ", pg_catalog.now())");
}

struct Keeper {
  std::string_view tool;
  Row (*row)(const std::string& table, const KeptFile& file);
};
constexpr std::array<Keeper, 9> k_keepers{{{tool::dbmate, version_row},
                                           {tool::diesel, diesel_row},
                                           {tool::django, django_row},
                                           {tool::flyway, flyway_row},
                                           {tool::golang_migrate, golang_migrate_row},
                                           {tool::goose, goose_row},
                                           {tool::prisma, prisma_row},
                                           {tool::rails, version_row},
                                           {tool::sqlx, sqlx_row}}};

}  // namespace

std::vector<std::string> kept_tools() {
  std::vector<std::string> names;
  for (const Keeper& keeper : k_keepers) names.emplace_back(keeper.tool);
  return names;
}

std::string kept_row(const ForeignLedger& ledger, const Migration& migration, std::string_view text) {
  const auto keeper = std::ranges::find(k_keepers, ledger.tool, &Keeper::tool);
  const KeptFile file{.migration = migration, .name = adopting::file_name(migration), .text = text};
  const Row row = keeper == k_keepers.end() ? std::nullopt : keeper->row(ledger.relation, file);
  if (!row) {
    throw Error(ExitCode::refused,
                cat(printable_line(migration.id), " is not named as files of ", ledger.tool,
                    " are, so that its ledger cannot tell of it"),
                "Rename it, or run apply without --keep.");
  }
  return *row;
}

}  // namespace pgsluice
