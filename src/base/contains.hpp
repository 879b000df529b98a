// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <string_view>

namespace pgsluice {

/// Whether `part` stands in `text`. For whole files: find() stops at each occurrence of the part's first byte.
inline bool contains(std::string_view text, std::string_view part) {
  return memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

}  // namespace pgsluice
