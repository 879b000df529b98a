// SPDX-License-Identifier: Apache-2.0
#pragma once

// What DROP, RENAME and SET SCHEMA mean, where it is no relation: lowering keeps its name in other places for each of them.

#include <string_view>

#include "pgsluice/sql.hpp"

namespace pgsluice::sql {

inline bool is_rename(const Command& command) {
  return command.tag == "RenameStmt" || command.tag == "AlterObjectSchemaStmt";
}

/// OBJECT_TABLE and its like.
inline std::string_view object_kind(const Command& command) {
  if (command.tag == "RenameStmt") return command.text("renameType");
  return command.tag == "AlterObjectSchemaStmt" ? command.text("objectType") : command.text("removeType");
}

/// Of a function, procedure, aggregate, type or domain, as written. The name that RENAME gives stands where the schema would.
inline RelationName object_name(const Command& command) {
  if (command.type) return {.schemaname = command.type->schemaname, .relname = command.type->name};
  if (!is_rename(command)) return {.schemaname = command.new_name, .relname = command.name};
  return {.schemaname = command.names.empty() ? Name() : command.names.front(), .relname = command.name};
}

}  // namespace pgsluice::sql
