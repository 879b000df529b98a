// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pieces of SQL text: found by tokens, so that names, strings and comments that look like keywords are none.

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "pgsluice/sql.hpp"

namespace pgsluice::sql {

/// On one line and without comments, which would take what follows with them.
std::string tidy(std::string_view text);

/// Where the first of the keywords stands outside of parentheses, as a range of `text`.
std::optional<SourceRange> find_keyword(std::string_view text,
                                        std::initializer_list<std::string_view> keywords);

}  // namespace pgsluice::sql
