// SPDX-License-Identifier: Apache-2.0
#include "migration/tools/draft.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace pgsluice::tools {

std::vector<Line> lines_of(std::string_view text) {
  std::vector<Line> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t next = std::min(text.find('\n', begin), text.size() - 1) + 1;
    std::size_t end = next;
    while (end > begin && (text[end - 1] == '\n' || text[end - 1] == '\r')) --end;
    lines.push_back({.range = {begin, end}, .next = next, .text = text.substr(begin, end - begin)});
    begin = next;
  }
  return lines;
}

std::string_view comment_of(std::string_view line) {
  return line.starts_with("--") ? trim(line.substr(2)) : std::string_view();
}

void Draft::keep_written() {
  if (reading_.written.empty()) reading_.written = text_;
}

void Draft::blank(const SourceRange& range) {
  if (range.begin >= range.end) return;
  keep_written();
  for (std::size_t i = range.begin; i < range.end; ++i) {
    if (text_[i] != '\n' && text_[i] != '\r') text_[i] = ' ';
  }
}

void Draft::end_statement(const SourceRange& range) {
  blank(range);
  if (range.begin < range.end) text_[range.begin] = ';';
}

void Draft::add_block(const SourceRange& range, FileTransaction transaction, bool is_migration) {
  if (range.begin == range.end) return;
  reading_.blocks.push_back({.range = range, .transaction = transaction, .is_migration = is_migration});
}

void Draft::take(std::string text, std::vector<Reading::Edit> edits,
                 std::vector<Reading::Placeholder> placeholders) {
  keep_written();
  // What a block ends with is the end of a line, and no edit goes over that.
  const auto moved = [&edits](std::size_t place) {
    const auto next = std::ranges::upper_bound(edits, place, {},
                                               [](const Reading::Edit& edit) { return edit.written.end; });
    if (next == edits.begin()) return place;
    const Reading::Edit& before = *std::prev(next);
    return place - before.written.end + before.text.end;
  };
  for (Reading::Block& block : reading_.blocks) {
    block.range = {.begin = moved(block.range.begin), .end = moved(block.range.end)};
  }
  text_ = std::move(text);
  reading_.edits = std::move(edits);
  reading_.placeholders = std::move(placeholders);
}

SourceFile Draft::finish(std::string path) && {
  SourceFile source{.path = std::move(path), .text = std::move(text_)};
  if (!reading_.written.empty() || !reading_.blocks.empty() || !reading_.placeholders.empty())
    source.reading = std::make_shared<const Reading>(std::move(reading_));
  return source;
}

}  // namespace pgsluice::tools
