// SPDX-License-Identifier: Apache-2.0
#include "fix/tools.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "fix/names.hpp"

namespace pgsluice::fix {
namespace {

// sqlx: sqlx-core/src/migrate/; golang-migrate: database/postgres/postgres.go run(); Prisma: schema-engine; refinery:
// refinery_core/src/.
constexpr std::array<ToolFormat, 4> k_formats{{
    {.tool = tool::sqlx, .no_transaction = "-- no-transaction"},
    {.tool = tool::golang_migrate},
    {.tool = tool::prisma, .own_folder = true},
    {.tool = tool::refinery, .no_transaction = "-- refinery:noTransaction", .prefix = "V", .separator = "__"},
}};

constexpr std::string_view k_up = ".up.sql";

std::string down_of(std::string_view name) {
  return cat(name.substr(0, name.size() - k_up.size()), ".down.sql");
}

}  // namespace

const ToolFormat* format_of(std::string_view tool) {
  const auto found = std::ranges::find(k_formats, tool, &ToolFormat::tool);
  return found == k_formats.end() ? nullptr : &*found;
}

std::optional<std::string> cannot_be_written(const ToolFormat& format, const SourceFile& source) {
  if (source.reading == nullptr) return std::nullopt;
  for (const Reading::Block& block : source.reading->blocks) {
    if (block.transaction == FileTransaction::none)
      return cat(format.tool, " is told to run its statements one by one: take the safe form from lint");
    const bool marked = source.text.starts_with(format.no_transaction);
    if (!format.no_transaction.empty() && block.transaction == FileTransaction::message && !marked)
      return cat("\"", format.no_transaction, "\" is not its first line: put it there");
  }
  return std::nullopt;
}

void take_marker(const ToolFormat& format, Piece& piece) {
  if (format.no_transaction.empty() || !piece.header.empty() || piece.items.empty()) return;
  std::string& text = piece.items.front().text;
  if (!text.starts_with(format.no_transaction)) return;
  const std::size_t end = text.find('\n');
  if (end == std::string::npos) return;
  piece.header = text.substr(0, end + 1);
  text.erase(0, end + 1);
}

std::optional<std::vector<std::string>> version_names(const ToolFormat& format,
                                                      const std::filesystem::path& original,
                                                      std::span<const std::string> folder,
                                                      const std::vector<std::string>& labels) {
  const NameForm form{.prefix = format.prefix, .separator = format.separator, .is_folder = format.own_folder};
  const std::string file = original.filename().generic_string();
  const std::string name =
      format.own_folder ? original.parent_path().filename().generic_string() : std::string(file);
  std::optional<std::vector<std::string>> names = next_versions(name, form, folder, labels);
  if (names && format.own_folder) {
    for (std::string& one : *names) one = cat("../", one, "/", file);
  }
  return names;
}

std::string down_name(const std::filesystem::path& original, std::span<const std::string> folder,
                      const std::string& name) {
  const std::string file = original.filename().generic_string();
  if (!file.ends_with(k_up) || !name.ends_with(k_up)) return {};
  return std::ranges::find(folder, down_of(file)) == folder.end() ? std::string() : down_of(name);
}

}  // namespace pgsluice::fix
