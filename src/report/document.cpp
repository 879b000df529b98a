// SPDX-License-Identifier: Apache-2.0
#include "report/document.hpp"

#include <algorithm>
#include <type_traits>

namespace pgsluice {
namespace {

bool same(const Heading& a, const Heading& b) {
  return a.level == b.level && a.words == b.words;
}
bool same(const Paragraph& a, const Paragraph& b) {
  return a.words == b.words;
}
bool same(const Code& a, const Code& b) {
  return a.language == b.language && a.text == b.text;
}
bool same(const List& a, const List& b) {
  return a.items == b.items;
}
bool same(const Table& a, const Table& b) {
  return a.header == b.header && a.rows == b.rows &&
         std::ranges::equal(a.details, b.details, [](const Table::Details& x, const Table::Details& y) {
           return x.label == y.label && x.blocks == y.blocks;
         });
}
bool same(const TimeLine& a, const TimeLine& b) {
  return a == b;
}
bool same(const Legend& a, const Legend& b) {
  return a == b;
}
bool same(const Fields& a, const Fields& b) {
  return std::ranges::equal(a.fields, b.fields, [](const Fields::Field& x, const Fields::Field& y) {
    return x.label == y.label && x.blocks == y.blocks;
  });
}

}  // namespace

Block::Block(const Block& other) = default;
Block::Block(Block&& other) noexcept = default;
Block& Block::operator=(const Block& other) = default;
Block& Block::operator=(Block&& other) noexcept = default;
Block::~Block() = default;

bool operator==(const Block& a, const Block& b) {
  return std::visit(
      [](const auto& x, const auto& y) {
        if constexpr (std::is_same_v<decltype(x), decltype(y)>) return same(x, y);
        return false;
      },
      a.is, b.is);
}

Words& Words::operator+=(const Words& more) {
  spans.insert(spans.end(), more.spans.begin(), more.spans.end());
  return *this;
}

Words styled(Style style, std::string_view text) {
  return Words(Span{.style = style, .text = std::string(text)});
}
Words code(std::string_view text) {
  return Words(Span{.kind = Span::Kind::code, .text = std::string(text)});
}
Words link(std::string_view text, std::string_view target) {
  return Words(Span{.kind = Span::Kind::link, .text = std::string(text), .target = std::string(target)});
}
Words anchor(std::string_view name) {
  return Words(Span{.kind = Span::Kind::anchor, .text = std::string(name)});
}

Words join(const std::vector<Words>& items, std::string_view separator) {
  Words words;
  for (const Words& item : items) {
    if (&item != items.data()) words += separator;
    words += item;
  }
  return words;
}

Document paragraph(Words words) {
  return {Paragraph{std::move(words)}};
}

Words enumerate(const std::vector<Words>& items, std::string_view last_separator) {
  if (items.size() < 2) return items.empty() ? Words() : items.front();
  return join({items.begin(), items.end() - 1}, ", ") + last_separator + items.back();
}

}  // namespace pgsluice
