// SPDX-License-Identifier: Apache-2.0
// dbmate: one block up and one down; the line that begins a block has its options. (dbmate: pkg/dbmate/migration.go)
#include <algorithm>

#include "base/contains.hpp"
#include "base/text.hpp"
#include "migration/tools/rows.hpp"

namespace pgsluice::tools {
namespace {

constexpr std::string_view k_up = "migrate:up";
constexpr std::string_view k_down = "migrate:down";

/// The words behind a marker; none: another line.
bool begins_block(std::string_view line, std::string_view marker) {
  const std::string_view comment = comment_of(line);
  if (!comment.starts_with(marker)) return false;
  return comment.size() == marker.size() || comment[marker.size()] == ' ' || comment[marker.size()] == '\t';
}

bool says(std::string_view line, std::string_view option) {
  const std::string words = cat(" ", replace_all(trim(line), "\t", " "), " ");
  return words.find(cat(" ", option, " ")) != std::string::npos;
}

}  // namespace

bool is_dbmate_text(std::string_view text) {
  if (!contains(text, k_up)) return false;
  const std::vector<std::string_view> all = lines(text);
  return std::ranges::any_of(all, [](std::string_view line) { return begins_block(line, k_up); });
}

void read_dbmate(const FileContext& /*file*/, Draft& draft) {
  FileTransaction transaction = FileTransaction::one;
  std::size_t down = draft.text().size();
  for (const Line& line : lines_of(draft.text())) {
    // Without a transaction the block goes to the server in one piece: db.go Exec(migration.Up).
    if (begins_block(line.text, k_up) && says(line.text, "transaction:false"))
      transaction = FileTransaction::message;
    if (begins_block(line.text, k_down)) {
      down = line.next;
      break;
    }
  }
  draft.add_block(draft.whole(), transaction);
  draft.blank({.begin = down, .end = draft.text().size()});
}

}  // namespace pgsluice::tools
