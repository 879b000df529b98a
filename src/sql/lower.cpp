// SPDX-License-Identifier: Apache-2.0
// One statement → its commands. A statement on several objects is one command per object.
#include "pgsluice/code.hpp"

#include "lower.hpp"

namespace pgsluice::sql {

std::string_view behavior_name(::DropBehavior behavior) {
  return behavior == DROP_CASCADE ? "DROP_CASCADE" : "DROP_RESTRICT";
}

Command& add_command(Statement& statement, std::string_view tag, SourceRange range) {
  statement.commands.push_back({.tag = tag, .range = range});
  statement.commands.back().facts.reserve(8);  // few commands have more
  return statement.commands.back();
}

Command& lower_relation(std::string_view tag, const ::RangeVar* relation, const Source& source,
                        Statement& statement) {
  Command& command = add_command(statement, tag, source.whole());
  if (relation != nullptr) add_relation(command, "target", relation_name(relation), !relation->inh);
  return command;
}

void lower_statement(::Node* node, const Source& source, Statement& statement) {
  statement.tag = tag_name(node->type);
  if (lower_query(node, source, statement) || lower_relation_statement(node, source, statement) ||
      lower_object_statement(node, source, statement) || lower_type_statement(node, source, statement) ||
      lower_code_statement(node, source, statement) || lower_replication_statement(node, source, statement) ||
      lower_rights_statement(node, source, statement) ||
      lower_maintenance_statement(node, source, statement) ||
      lower_session_statement(node, source, statement)) {
    return;
  }
  add_command(statement, statement.tag, source.whole());
}

}  // namespace pgsluice::sql
