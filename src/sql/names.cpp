// SPDX-License-Identifier: Apache-2.0
// Quoting of identifiers, and what the public values of sql.hpp can tell about themselves.
#include <algorithm>
#include <array>

#include "base/utf8.hpp"
#include "pgsluice/sql.hpp"
// Last: redefines names of the standard library.
#include "nodes.hpp"

extern "C" {
#include "common/keywords.h"
}

namespace pgsluice {

namespace {

bool is_plain(std::string_view name) {
  const auto start = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  if (name.empty() || !start(name.front())) return false;
  return std::ranges::all_of(name, [&](char c) { return start(c) || (c >= '0' && c <= '9'); });
}

/// Keywords of every category but "unreserved" need quotes, as in ruleutils.c quote_identifier().
bool is_reserved(const std::string& name) {
  const int keyword = ::ScanKeywordLookup(name.c_str(), &::ScanKeywords);
  return keyword >= 0 && ::ScanKeywordCategories[keyword] != UNRESERVED_KEYWORD;
}

void append_quoted_ident(std::string& out, std::string_view name) {
  out += '"';
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

/// Whether a name needs no quotes. Asked of the same names again and again: what a thread was told lately is remembered.
bool is_plain_name(Name name) {
  struct Answer {
    Name name;
    bool plain = false;
  };
  constexpr std::size_t remembered = 1024;
  thread_local std::array<Answer, remembered> recent{};
  Answer& answer = recent.at(name.hash() % remembered);
  if (answer.name != name) {
    answer = {.name = name, .plain = is_plain(name) && !is_reserved(name)};
  }
  return answer.plain;
}

void append_ident(std::string& out, Name name) {
  if (is_plain_name(name)) {
    out += name.str();
  } else {
    append_quoted_ident(out, name);
  }
}

/// Goes on from `begin` to `end`: how many lines have begun, and where the last one did.
void count_lines(std::string_view text, std::size_t begin, std::size_t end, int& line,
                 std::size_t& line_start) {
  const std::string_view part = text.substr(begin, end - begin);
  for (std::size_t at = part.find('\n'); at != std::string_view::npos; at = part.find('\n', at + 1)) {
    ++line;
    line_start = begin + at + 1;
  }
}

}  // namespace

std::string quote_ident(std::string_view name) {
  std::string result(name);
  if (is_plain(result) && !is_reserved(result)) return result;
  result.clear();
  append_quoted_ident(result, name);
  return result;
}

void RelationName::append_quoted(std::string& out) const {
  if (!schemaname.empty()) {
    append_ident(out, schemaname);
    out += '.';
  }
  append_ident(out, relname);
}

std::string RelationName::quoted() const {
  std::string result;
  append_quoted(result);
  return result;
}

std::size_t SourceFile::written_offset(std::size_t offset) const {
  if (!reading || reading->edits.empty()) return offset;
  const auto next = std::ranges::upper_bound(reading->edits, offset, {},
                                             [](const Reading::Edit& edit) { return edit.text.begin; });
  if (next == reading->edits.begin()) return offset;
  const Reading::Edit& edit = *std::prev(next);
  if (offset == edit.text.begin) return edit.written.begin;
  return offset < edit.text.end ? edit.written.end : edit.written.end + (offset - edit.text.end);
}

std::span<const Reading::Placeholder> SourceFile::placeholders(const SourceRange& range) const {
  if (!reading) return {};
  const auto from = [this](std::size_t place) {
    return std::ranges::lower_bound(reading->placeholders, place, {},
                                    [](const Reading::Placeholder& one) { return one.range.begin; });
  };
  return {from(range.begin), from(range.end)};
}

LineIndex::LineIndex(const SourceFile& source) : LineIndex(source.written()) {
  if (source.reading && !source.reading->edits.empty()) edited_ = &source;
}

LineIndex::LineIndex(std::string_view text) : text_(text), is_ascii_(is_ascii(text)) {
  blocks_.reserve(text.size() / k_block + 1);
  Block block;
  for (std::size_t begin = 0;; begin += k_block) {
    blocks_.push_back(block);
    count_lines(text, begin, begin + k_block, block.line, block.line_start);
    if (begin + k_block > text.size()) break;
    if (!is_ascii_) block.characters += utf8_length(text.substr(begin, k_block));
  }
  lines_ = block.line;
}

std::size_t LineIndex::characters(std::size_t offset) const {
  if (is_ascii_) return offset;
  const std::size_t block = offset / k_block;
  return blocks_[block].characters + utf8_length(text_.substr(block * k_block, offset % k_block));
}

Position LineIndex::position(std::size_t offset) const {
  offset = std::min(written_offset(offset), text_.size());
  auto [line, line_start, unused] = blocks_[offset / k_block];
  count_lines(text_, offset / k_block * k_block, offset, line, line_start);
  return {.line = line, .column = static_cast<int>(characters(offset) - characters(line_start)) + 1};
}

std::string_view LineIndex::line(int number) const {
  if (number < 1 || number > lines_) return {};
  const auto block = std::prev(std::ranges::upper_bound(blocks_, number, {}, &Block::line));
  std::size_t start = block->line_start;
  if (block->line < number) start = static_cast<std::size_t>(block - blocks_.begin()) * k_block;
  for (int i = block->line; i < number; ++i) start = text_.find('\n', start) + 1;
  std::string_view result = text_.substr(start, text_.find('\n', start) - start);
  while (!result.empty() && result.back() == '\r') result.remove_suffix(1);
  return result;
}

const Constraint* ColumnDef::constraint(std::string_view contype) const {
  const auto found = std::ranges::find(constraints, contype, &Constraint::contype);
  return found != constraints.end() ? &*found : nullptr;
}

const RelationRef* Command::relation(std::string_view role) const {
  const auto found = std::ranges::find(relations, role, &RelationRef::role);
  return found != relations.end() ? &*found : nullptr;
}

}  // namespace pgsluice
