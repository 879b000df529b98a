// SPDX-License-Identifier: Apache-2.0
#pragma once

// Safe forms mix sentences and SQL; a reader wants the former wrapped and the latter as it is.

#include <string_view>

#include "pgsluice/findings.hpp"
#include "report/document.hpp"

namespace pgsluice {

/// A sentence begins with one capital letter.
bool is_prose(std::string_view line);
/// Sentences as paragraphs, what stands between them as SQL.
Document advice(std::string_view text);
/// Why it is found, and what to write instead; without what the finding does not say.
Document reason_and_advice(const Finding& finding);

}  // namespace pgsluice
