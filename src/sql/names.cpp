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

constexpr std::size_t k_block = 1024;  // so that a column is found at once in a file of one line, too

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
    const std::string* name = nullptr;
    bool plain = false;
  };
  constexpr std::size_t remembered = 1024;
  thread_local std::array<Answer, remembered> recent{};
  Answer& answer = recent.at(name.hash() / sizeof(std::string) % remembered);
  if (answer.name != &name.str()) {
    answer = {.name = &name.str(), .plain = is_plain(name) && !is_reserved(name)};
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

LineIndex::LineIndex(std::string_view text) : text_(text), starts_{0} {
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n', end + 1)) {
    starts_.push_back(end + 1);
  }
  if (is_ascii(text)) return;
  characters_.reserve(text.size() / k_block + 1);
  std::size_t count = 0;
  for (std::size_t block = 0; block <= text.size(); block += k_block) {
    characters_.push_back(count);
    count += utf8_length(text.substr(block, k_block));
  }
}

std::size_t LineIndex::characters(std::size_t offset) const {
  if (characters_.empty()) return offset;
  const std::size_t block = offset / k_block;
  return characters_[block] + utf8_length(text_.substr(block * k_block, offset % k_block));
}

Position LineIndex::position(std::size_t offset) const {
  offset = std::min(offset, text_.size());
  const auto next = std::ranges::upper_bound(starts_, offset);
  const std::size_t start = *std::prev(next);
  return {.line = static_cast<int>(next - starts_.begin()),
          .column = static_cast<int>(characters(offset) - characters(start)) + 1};
}

std::string_view LineIndex::line(int number) const {
  if (number < 1 || number > lines()) return {};
  const std::size_t start = starts_[static_cast<std::size_t>(number) - 1];
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
