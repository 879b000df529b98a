// SPDX-License-Identifier: Apache-2.0
// The table. Where two tools have the same names for their files, the one that more surely knows its own comes first.
#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "migration/tools/rows.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice::tools {
namespace {

using enum PlaceholderSyntax;

constexpr std::array<Format, 16> k_formats{{
    {.name = tool::sqitch,
     .placeholders = psql,
     .is_layout = is_sqitch_layout,
     .is_text = is_sqitch_text,
     .files = sqitch_files,
     .read = read_psql},
    {.name = tool::drizzle,
     .is_layout = is_drizzle_layout,
     .is_text = is_drizzle_text,
     .files = drizzle_files,
     .read = read_drizzle},
    {.name = tool::prisma, .is_layout = is_prisma_layout, .files = prisma_files, .read = read_as_message},
    {.name = tool::diesel, .is_layout = is_diesel_layout, .files = diesel_files, .read = read_diesel},
    {.name = tool::refinery, .is_layout = is_refinery_layout, .files = refinery_files, .read = read_refinery},
    {.name = tool::flyway,
     .settings = "mixed",
     .placeholders = braces,
     .is_layout = is_flyway_layout,
     .files = flyway_files,
     .read = read_flyway,
     .is_repeatable = is_flyway_repeatable,
     .doubt = flyway_doubt},
    {.name = tool::goose, .is_text = is_goose_text, .files = numbered_files, .read = read_goose},
    {.name = tool::dbmate, .is_text = is_dbmate_text, .files = numbered_files, .read = read_dbmate},
    {.name = tool::liquibase,
     .placeholders = braces,
     .is_text = is_liquibase_text,
     .files = plain_files,
     .read = read_liquibase},
    {.name = tool::sqlx,
     .is_layout = is_sqlx_layout,
     .is_text = is_sqlx_text,
     .files = sqlx_files,
     .read = read_sqlx},
    {.name = tool::golang_migrate,
     .settings = "multi-statement",
     .is_layout = is_golang_migrate_layout,
     .files = golang_migrate_files,
     .read = read_golang_migrate,
     .doubt = golang_migrate_doubt},
    {.name = tool::atlas,
     .settings = "none",
     .is_layout = is_atlas_layout,
     .is_text = is_atlas_text,
     .files = plain_files,
     .read = read_atlas},
    {.name = tool::rails,
     .placeholders = psql,
     .is_text = is_rails_text,
     .text_at_end = true,
     .files = plain_files,
     .read = read_psql},
    {.name = tool::django, .is_text = is_django_text, .files = plain_files, .read = read_one_by_one},
    {.name = tool::alembic, .is_text = is_alembic_text, .files = plain_files, .read = read_one_by_one},
    {.name = tool::plain, .placeholders = braces_and_psql, .files = plain_files},
}};

}  // namespace

std::span<const Format> formats() {
  return k_formats;
}

bool is_text_of(const Format& format, std::string_view text) {
  if (format.is_text == nullptr) return false;
  const std::size_t begin =
      format.text_at_end && text.size() > k_telling_part ? text.size() - k_telling_part : 0;
  return format.is_text(text.substr(begin, k_telling_part));
}

const Format& find_format(std::string_view name) {
  const auto found = std::ranges::find(k_formats, name, &Format::name);
  if (found != k_formats.end()) return *found;
  throw Error(ExitCode::usage, cat("no migration tool is called \"", printable_line(name), "\""),
              cat("Known: ", join(tool_words(), ", "), "."));
}

}  // namespace pgsluice::tools

namespace pgsluice {

std::vector<std::string> tool_words() {
  std::vector<std::string> words;
  for (const tools::Format& format : tools::formats()) {
    words.emplace_back(format.name);
    if (!format.settings.empty()) words.emplace_back(cat(format.name, ":", format.settings));
  }
  std::ranges::sort(words);
  return words;
}

}  // namespace pgsluice
