// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a server refuses a statement with on a clone: values that it quotes are rows of whoever owns that, and a report is made
// to be shown.

#include <string_view>

#include "pgsluice/session.hpp"

namespace pgsluice {

/// The error without what it quotes, but for names that stand in the statement, or that the server says are names. What code
/// raises is left out as a whole, unless it stands in the statement. `lc_messages`: of the server; in other languages than
/// English nobody knows what is quoted how, and nothing is told but the SQLSTATE.
SqlError without_values(SqlError error, std::string_view sql, std::string_view lc_messages);

}  // namespace pgsluice
