// SPDX-License-Identifier: Apache-2.0
#pragma once

// Safe forms mix sentences and SQL; a reader wants the former wrapped and the latter as it is.

#include <string_view>

#include "report/document.hpp"

namespace pgsluice {

/// A sentence begins with one capital letter.
bool is_prose(std::string_view line);
/// Sentences as paragraphs, what stands between them as SQL.
Document advice(std::string_view text);

}  // namespace pgsluice
