// SPDX-License-Identifier: Apache-2.0
// Atlas, and what frameworks write: Rails' structure.sql, Django's sqlmigrate, Alembic's --sql.
#include <algorithm>
#include <array>

#include "base/contains.hpp"
#include "base/text.hpp"
#include "migration/tools/rows.hpp"

namespace pgsluice::tools {
namespace {

constexpr std::string_view k_mode = "atlas:txmode";
constexpr std::string_view k_delimiter = "atlas:delimiter";

/// Directives of a file stand in comments at its top, and an empty line ends them: without it they are about the first
/// statement, and Atlas goes over them in silence. (Atlas: sql/migrate/lex.go, dir.go)
std::vector<Line> header(const std::vector<Line>& all) {
  std::vector<Line> found;
  for (const Line& line : all) {
    if (trim(line.text).empty()) return found;
    if (!line.text.starts_with("--")) return {};
    found.push_back(line);
  }
  return {};
}

/// What follows a word in a comment; none: another comment.
bool takes(std::string_view comment, std::string_view word, std::string& value) {
  if (!comment.starts_with(word)) return false;
  value = std::string(trim(comment.substr(word.size())));
  return true;
}

std::string unescaped(const std::string& text) {
  return replace_all(replace_all(replace_all(text, "\\n", "\n"), "\\r", "\r"), "\\t", "\t");
}

}  // namespace

bool is_atlas_layout(const Layout& layout) {
  return has_file(layout, "atlas.sum");
}

bool is_atlas_text(std::string_view text) {
  if (!contains(text, " atlas:")) return false;
  const std::vector<std::string_view> all = lines(text);
  return std::ranges::any_of(all,
                             [](std::string_view line) { return comment_of(line).starts_with("atlas:"); });
}

void read_atlas(const FileContext& file, Draft& draft) {
  FileTransaction transaction = file.setting == "none" ? FileTransaction::none : FileTransaction::one;
  std::string delimiter;
  std::string mode;
  std::size_t begin = 0;
  for (const Line& line : header(lines_of(draft.text()))) {
    const std::string_view comment = comment_of(line.text);
    if (takes(comment, k_mode, mode))
      transaction = mode == "none" ? FileTransaction::none : FileTransaction::one;
    takes(comment, k_delimiter, delimiter);
    begin = line.next;
  }
  draft.add_block(draft.whole(), transaction);
  delimiter = unescaped(delimiter);
  if (delimiter.empty() || delimiter == ";") return;
  const std::string text = draft.text();
  for (std::size_t at = text.find(delimiter, begin); at != std::string::npos;
       at = text.find(delimiter, at + delimiter.size())) {
    draft.end_statement({.begin = at, .end = at + delimiter.size()});
  }
}

/// The versions stand at its end.
bool is_rails_text(std::string_view text) {
  return text.find("INSERT INTO \"schema_migrations\" (version) VALUES") != std::string_view::npos;
}

/// A comment of three lines for each operation: `--`, `-- Create model Order`, `--`.
bool is_django_text(std::string_view text) {
  constexpr std::array<std::string_view, 10> operations = {
      "Create model ", "Delete model ", "Rename model ", "Add field ",    "Remove field ",
      "Alter field ",  "Rename field ", "Create index ", "Remove index ", "Concurrently create index"};
  if (text.find("--\n-- ") == std::string_view::npos) return false;
  const std::vector<std::string_view> all = lines(text);
  for (std::size_t i = 1; i + 1 < all.size(); ++i) {
    if (trim(all[i - 1]) != "--" || trim(all[i + 1]) != "--") continue;
    const std::string_view comment = comment_of(all[i]);
    if (std::ranges::any_of(operations, [&](std::string_view word) { return comment.starts_with(word); }))
      return true;
  }
  return false;
}

bool is_alembic_text(std::string_view text) {
  return contains(text, "\n-- Running upgrade ") || text.starts_with("-- Running upgrade ");
}

}  // namespace pgsluice::tools
