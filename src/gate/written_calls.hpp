// SPDX-License-Identifier: Apache-2.0
#pragma once

// Calls of a function in code that is kept as text: SQL and PL/pgSQL.

#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/query.hpp"

namespace pgsluice {

/// Of a name that is not quoted.
bool is_word_part(char c);
/// Whether a text that may be run, or is in a language that nobody reads, has such a call: the name with a bracket behind it, in
/// whatever case. What stands before it may be an escape or a placeholder: '\ncalc(', '%scalc('.
bool may_call_in_text(std::string_view text, Name function);
/// Every call of a function of that name, with its arguments counted where that can be done. A string may be run: what it calls
/// may have any number of arguments. No calls are tables behind INTO and AS with a list of columns, and WITH queries.
std::vector<QueryCall> written_calls(std::string_view code, Name function);
/// What a DO statement runs.
std::string code_of_do(std::string_view statement);

}  // namespace pgsluice
