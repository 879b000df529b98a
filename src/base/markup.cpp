// SPDX-License-Identifier: Apache-2.0
#include "base/markup.hpp"

#include "base/text.hpp"
#include "base/utf8.hpp"

namespace pgsluice {
namespace {

std::string_view entity(char32_t c) {
  switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    case '\n': return "&#10;";  // a reader of an attribute makes a space of the character itself
    case '\t': return "&#9;";
    // Characters that printable() has no reason to touch, and XML forbids.
    case 0xFFFE: return "\\ufffe";
    case 0xFFFF: return "\\uffff";
    default: return {};
  }
}

}  // namespace

std::string markup_escaped(std::string_view text) {
  const std::string visible = printable(text);
  std::string out;
  out.reserve(visible.size());
  for (std::string_view rest = visible; !rest.empty();) {
    const Utf8Character character = next_character(rest);
    const std::string_view special = entity(character.code_point);
    out += special.empty() ? rest.substr(0, character.bytes) : special;
    rest.remove_prefix(character.bytes);
  }
  return out;
}

}  // namespace pgsluice
