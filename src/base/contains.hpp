// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <string_view>

namespace pgsluice {

/// Where `part` stands in `text`, as text.find(part) says it. For whole files: that stops at each occurrence of the part's
/// first byte.
inline std::size_t find_in(std::string_view text, std::string_view part) {
  const void* at = memmem(text.data(), text.size(), part.data(), part.size());
  return at == nullptr ? std::string_view::npos : static_cast<const char*>(at) - text.data();
}

inline bool contains(std::string_view text, std::string_view part) {
  return find_in(text, part) != std::string_view::npos;
}

}  // namespace pgsluice
