// SPDX-License-Identifier: Apache-2.0
// Cuts a file into statements as psql would, so that one bad statement is one finding and memory
// stays flat. libpg_query's own splitters either drop text silently or stop at the first error.
#pragma once

#include <string>
#include <vector>

#include "pgsluice/sql.hpp"

namespace pgsluice::sql {

struct Pieces {
  std::vector<SourceRange> statements;  ///< first to last token, without the semicolon
  std::vector<ClientCommand> client_commands;
  std::vector<DirectiveComment> directives;  ///< next_statement counts `statements`
  std::vector<SyntaxError> errors;           ///< quotes and comments that never end
  bool controls_transaction = false;         ///< one of the statements may be BEGIN, COMMIT or their kin
};

Pieces split(std::string_view text);

}  // namespace pgsluice::sql
