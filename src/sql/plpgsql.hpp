// SPDX-License-Identifier: Apache-2.0
// PL/pgSQL → Body, as PostgreSQL's own grammar (pl_gram.y) reads it: keywords between pieces of SQL, each of which ends
// at the first keyword or semicolon outside parentheses that it waits for.
#pragma once

#include "pgsluice/code.hpp"

namespace pgsluice::sql {

Body read_plpgsql(const CodeBlock& code);

}  // namespace pgsluice::sql
