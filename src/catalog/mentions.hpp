// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pgsluice/catalog.hpp"
#include "pgsluice/code.hpp"

namespace pgsluice {

/// Every name of a relation in a statement that is kept.
template <typename Change>
void for_each_relation_name(Statement& statement, Change change) {
  for (Command& command : statement.commands) {
    for (RelationRef& ref : command.relations) change(ref.name);
    if (!command.changes) continue;
    for (RowChange& row_change : command.changes.edit()) {
      change(row_change.target.name);
      change(row_change.star);
    }
  }
}

/// Code that the server keeps parsed, of BEGIN ATOMIC and RETURN: it means objects, whatever has their names later, and
/// goes with them. Code in strings does neither.
inline bool is_kept_parsed(const Box<CodeBlock>& code) {
  return code && code->body;
}

}  // namespace pgsluice
