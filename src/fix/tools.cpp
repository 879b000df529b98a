// SPDX-License-Identifier: Apache-2.0
#include "fix/tools.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "migration/tools/goose.hpp"
#include "migration/tools/liquibase.hpp"

namespace pgsluice::fix {
namespace {

// sqlx: sqlx-core/src/migrate/; golang-migrate: database/postgres/postgres.go run(); Prisma: schema-engine; refinery:
// refinery_core/src/; goose: internal/sqlparser/; dbmate: pkg/dbmate/migration.go; Flyway: ParserSqlScript.java; Diesel:
// migrations_internals; Atlas: sql/migrate/.
constexpr std::array<ToolFormat, 11> k_formats{{
    {.tool = tool::sqlx, .marker = "-- no-transaction"},
    {.tool = tool::golang_migrate},
    {.tool = tool::prisma, .names = {.is_folder = true}},
    {.tool = tool::refinery,
     .marker = "-- refinery:noTransaction",
     .names = {.prefix = "V", .separator = "__"}},
    {.tool = tool::goose,
     .marker = "-- +goose NO TRANSACTION",
     .up = "-- +goose Up",
     .down = "-- +goose Down"},
    {.tool = tool::dbmate,
     .up = "-- migrate:up",
     .up_option = " transaction:false",
     .down = "-- migrate:down",
     .names = {.as_text = true}},
    {.tool = tool::flyway,
     .names = {.prefix = "V", .separator = "__", .is_dotted = true},
     .settings = ".conf",
     .settings_text = "executeInTransaction=false\n"},
    {.tool = tool::diesel,
     .names = {.is_folder = true, .has_dashes = true, .as_text = true},
     .settings = "metadata.toml",
     .settings_text = "run_in_transaction = false\n"},
    {.tool = tool::atlas,
     .marker = "-- atlas:txmode none\n",  // an empty line ends what is about the file
     .names = {.as_text = true},
     .then =
         "atlas migrate hash writes the sums of these files into atlas.sum; without it Atlas refuses them"},
    {.tool = tool::sqitch, .in_place = true},
    {.tool = tool::liquibase,
     .then = "Liquibase refuses changesets that have run and have changed: where some of these have, take it "
             "back, and say --since"},
}};

constexpr std::string_view k_up = ".up.sql";
constexpr std::string_view k_statement_begin = "-- +goose StatementBegin";
constexpr std::string_view k_statement_end = "-- +goose StatementEnd";

/// A comment that says the same as the marker, and perhaps more behind it.
bool says(std::string_view line, std::string_view marker) {
  if (!line.starts_with("--")) return false;
  const std::string_view comment = trim(line.substr(2));
  const std::string_view word = trim(marker.substr(2));
  return comment.starts_with(word) &&
         (comment.size() == word.size() || comment[word.size()] == ' ' || comment[word.size()] == '\t');
}

/// Where the first such line begins; npos: there is none.
std::size_t find_line(std::string_view text, std::string_view marker) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (says(text.substr(at, end - at), marker)) return at;
    at = end + 1;
  }
  return std::string_view::npos;
}

std::size_t behind_line(std::string_view text, std::size_t at) {
  return std::min(text.find('\n', at), text.size() - 1) + 1;
}

/// Behind the comments at the top and the empty line that ends them.
std::size_t end_of_comments(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && text.substr(end).starts_with("--")) end = behind_line(text, end);
  while (end > 0 && end < text.size() && text[end] == '\n') ++end;
  return end;
}

// ---- goose's statements ----------------------------------------------------------------------------------------------

void remove_lines(std::string& text, std::string_view marker) {
  for (std::size_t at = find_line(text, marker); at != std::string::npos; at = find_line(text, marker))
    text.erase(at, behind_line(text, at) - at);
}

/// It would take the statement for several.
bool is_cut_by_goose(std::string_view text) {
  const std::vector<std::string_view> all = lines(text);
  return std::ranges::count_if(all, tools::ends_goose_statement) > 1;
}

bool has_long_block(std::string_view text) {
  for (std::size_t at = find_line(text, k_statement_begin); at != std::string_view::npos;) {
    text.remove_prefix(behind_line(text, at));
    const std::string_view body = text.substr(0, find_line(text, k_statement_end));
    if (is_cut_by_goose(body)) return true;
    at = find_line(text, k_statement_begin);
  }
  return false;
}

/// goose refuses a statement without a semicolon at the end of a line.
std::string for_goose(const Item& item) {
  std::string text = item.ended ? item.text : cat(item.text, ";");
  if (!text.ends_with('\n')) text += '\n';
  if (!is_cut_by_goose(text)) return text;
  return cat(k_statement_begin, "\n", text, k_statement_end, "\n");
}

// ---- Liquibase's changesets --------------------------------------------------------------------------------------------

/// A header that ends with the changeset's line.
std::string changeset_off(const std::string& header) {
  constexpr std::string_view k_setting = "runintransaction:";
  const tools::Changeset changeset = tools::changesets_of(header).back();
  if (!changeset.says("runintransaction", true)) return header;
  const std::size_t end = std::min(header.find_first_of("\r\n", changeset.id.end), header.size());
  const std::size_t said = to_lower(header).find(k_setting, changeset.id.end);
  if (said == std::string::npos)
    return cat(header.substr(0, end), " runInTransaction:false", header.substr(end));
  const std::size_t value = said + k_setting.size();
  const std::size_t value_end = std::min(header.find_first_of(" \t\r\n", value), header.size());
  return cat(header.substr(0, value), "false", header.substr(value_end));
}

// ---- names -----------------------------------------------------------------------------------------------------------

std::string down_of(std::string_view name) {
  return cat(name.substr(0, name.size() - k_up.size()), ".down.sql");
}

std::string_view last_part(std::string_view name) {
  return name.substr(name.rfind('/') + 1);  // npos + 1 is 0
}

std::string with_last_part(std::string_view name, std::string_view last) {
  return cat(name.substr(0, name.size() - last_part(name).size()), last);
}

bool is_atlas_directive(std::string_view text) {
  return text.starts_with("-- atlas:");
}

}  // namespace

const ToolFormat* format_of(std::string_view tool) {
  const auto found = std::ranges::find(k_formats, tool, &ToolFormat::tool);
  return found == k_formats.end() ? nullptr : &*found;
}

std::string why_never(std::string_view tool) {
  if (tool == tool::drizzle)
    return "drizzle runs all pending files in one transaction, so that a new file would part nothing: build "
           "an "
           "index with psql before, CONCURRENTLY, and write IF NOT EXISTS here; add a constraint NOT VALID "
           "here, "
           "and validate it in a file of the next deployment (drizzle-kit generate --custom)";
  return cat("files of ", tool, " are not rewritten: take the safe form from lint");
}

std::optional<std::string> cannot_be_written(const ToolFormat& format, const Migration& migration,
                                             const SourceFile& source) {
  if (migration.repeatable) return "it runs again whenever it has changed: take the safe form from lint";
  const std::string name = migration.path.filename().generic_string();
  if (format.names.is_dotted && !name.starts_with(format.names.prefix))
    return "it stands for versions that other databases have had: take the safe form from lint";
  if (source.reading == nullptr) return std::nullopt;
  for (const Reading::Block& block : source.reading->blocks) {
    if (block.transaction == FileTransaction::none && format.tool == tool::golang_migrate)
      return cat(format.tool, " is told to run its statements one by one: take the safe form from lint");
    if (block.transaction == FileTransaction::one && format.tool == tool::atlas &&
        is_atlas_directive(source.text))
      return "it has directives of Atlas at its top: add txmode none there, or write it by hand";
    if (block.transaction != FileTransaction::message) continue;
    if (format.tool == tool::goose && has_long_block(source.text))
      return "StatementBegin makes one statement of what has several semicolons, in a file without a "
             "transaction: "
             "take the safe form from lint";
    const bool has_line = format.marker.empty() || !format.up.empty();
    if (!has_line && !source.text.starts_with(format.marker))
      return cat("\"", format.marker, "\" is not its first line: put it there");
  }
  return std::nullopt;
}

BothWays ways_of(const ToolFormat& format, std::string_view text) {
  const std::size_t down =
      format.down.empty() ? text.size() : std::min(find_line(text, format.down), text.size());
  return {.up = std::string(text.substr(0, down)), .down = std::string(text.substr(down))};
}

void take_markers(const ToolFormat& format, Piece& piece) {
  if (piece.items.empty()) return;
  if (format.tool == tool::goose) {
    for (const std::string_view marker : {k_statement_begin, k_statement_end}) {
      for (Item& item : piece.items) remove_lines(item.text, marker);
      remove_lines(piece.tail, marker);
    }
  }
  std::string& first = piece.items.front().text;
  const std::string text = piece.header + first;
  std::size_t end = 0;
  if (!format.up.empty()) {
    const std::size_t line = find_line(text, format.up);
    end = line == std::string::npos ? 0 : behind_line(text, line);
  } else if (format.tool == tool::sqitch) {
    end = end_of_comments(text);
  } else if (format.tool == tool::liquibase) {
    const std::vector<tools::Changeset> changesets = tools::changesets_of(text);
    end = changesets.empty() ? 0 : behind_line(text, changesets.back().body.begin);
  } else if (!format.marker.empty() && text.starts_with(format.marker)) {
    end = text.find('\n') + 1;  // none: 0
  }
  if (end <= piece.header.size()) return;
  piece.header = text.substr(0, end);
  first = text.substr(end);
}

std::string text_of(const ToolFormat* format, const Piece& piece) {
  if (format == nullptr || format->tool != tool::goose) return piece.text();
  Piece written = piece;
  for (Item& item : written.items) item = {.text = for_goose(item), .line = item.line, .phase = item.phase};
  return written.text();
}

std::string begin_of(const ToolFormat& format, bool off) {
  std::string text = off && !format.marker.empty() ? cat(format.marker, "\n") : std::string();
  if (!format.up.empty()) text += cat(format.up, off ? format.up_option : "", "\n");
  return text;
}

std::string switched_off(const ToolFormat& format, const std::string& header) {
  if (format.tool == tool::liquibase) return changeset_off(header);
  if (!format.marker.empty())
    return find_line(header, format.marker) == std::string::npos ? cat(format.marker, "\n", header) : header;
  if (format.up_option.empty()) return header;
  const std::size_t line = find_line(header, format.up);
  if (line == std::string::npos) return header;
  const std::size_t end = std::min(header.find_first_of("\r\n", line), header.size());
  if (header.substr(line, end - line).find(trim(format.up_option)) != std::string::npos) return header;
  return cat(header.substr(0, end), format.up_option, header.substr(end));
}

std::optional<std::vector<std::string>> version_names(const ToolFormat& format,
                                                      const std::filesystem::path& original,
                                                      std::span<const std::string> folder,
                                                      const std::vector<std::string>& labels) {
  const std::string file = original.filename().generic_string();
  const std::string name =
      format.names.is_folder ? original.parent_path().filename().generic_string() : std::string(file);
  std::optional<std::vector<std::string>> names = next_versions(name, format.names, folder, labels);
  if (names && format.names.is_folder) {
    for (std::string& one : *names) one = cat("../", one, "/", file);
  }
  return names;
}

std::string settings_name(const ToolFormat& format, const std::string& name) {
  return format.names.is_folder ? with_last_part(name, format.settings) : cat(name, format.settings);
}

std::string down_name(const ToolFormat& format, const std::string& name) {
  if (name.ends_with(k_up)) return down_of(name);
  if (format.tool == tool::diesel) return with_last_part(name, "down.sql");
  if (format.tool == tool::flyway) return cat("U", name.substr(1));
  return {};
}

}  // namespace pgsluice::fix
