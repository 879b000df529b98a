// SPDX-License-Identifier: Apache-2.0
#include "base/secrets.hpp"

#include <algorithm>
#include <cstddef>

#include "base/text.hpp"

namespace pgsluice {
namespace {

/// `scheme://user:password@host`. A password may hold an '@' that should have been written %40, so the last one counts.
std::string without_uri_password(std::string_view text) {
  const std::size_t scheme = text.find("://");
  const std::size_t at = text.rfind('@');
  if (scheme == std::string_view::npos || at == std::string_view::npos) return std::string(text);
  const std::size_t colon = text.find(':', scheme + 3);
  if (colon >= at) return std::string(text);
  return cat(text.substr(0, colon + 1), "***", text.substr(at));
}

/// The end of a value that starts at `at`: of a quoted one its quote, else where the next key begins.
std::size_t value_end(std::string_view text, std::size_t at) {
  if (!text.substr(at).starts_with('\'')) return std::min(text.find_first_of(" &\"", at), text.size());
  for (++at; at < text.size() && text[at] != '\''; ++at) {
    if (text[at] == '\\') ++at;
  }
  return std::min(at + 1, text.size());
}

}  // namespace

std::string without_passwords(std::string_view text) {
  constexpr std::string_view key = "password=";
  std::string rest = without_uri_password(text);
  std::string out;
  for (std::size_t found = rest.find(key); found != std::string::npos; found = rest.find(key)) {
    const std::size_t value = found + key.size();
    out += cat(std::string_view(rest).substr(0, value), "***");
    rest.erase(0, value_end(rest, value));
  }
  return out + rest;
}

}  // namespace pgsluice
