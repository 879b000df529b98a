// SPDX-License-Identifier: Apache-2.0
// Types and domains.
#include <utility>

#include "lower.hpp"

namespace pgsluice::sql {

namespace {

void lower_domain(const ::CreateDomainStmt* node, const Source& source, Statement& statement) {
  Command& command = add_command(statement, "CreateDomainStmt", source.whole());
  const RelationName name = relation_name(node->domainname);
  command.name = name.relname;
  command.new_name = name.schemaname;
  command.type = type_name(node->typeName);
  for (auto* item : each<::Constraint>(node->constraints))
    command.constraints.push_back(constraint(item, source));
}

void lower_alter_domain(const ::AlterDomainStmt* node, const Source& source, Statement& statement) {
  Command& command = add_command(statement, "AlterDomainStmt", source.whole());
  constexpr std::string_view k_subtypes = "TNOCXV";
  const std::size_t subtype = k_subtypes.find(node->subtype);
  if (subtype != std::string_view::npos) set_fact(command, "subtype", k_subtypes.substr(subtype, 1));
  const RelationName name = relation_name(node->typeName);
  command.name = name.relname;
  command.new_name = name.schemaname;
  command.type = TypeName{.schemaname = name.schemaname, .name = name.relname};
  if (node->name != nullptr) command.names.emplace_back(view(node->name));
  if (node->subtype == 'T' && node->def != nullptr) command.expression = expression(node->def, source);
  if (auto* added = as<::Constraint>(node->def, T_Constraint)) {
    command.constraints.push_back(constraint(added, source));
    set_fact(command, "skip_validation", added->skip_validation);
    set_fact(command, "contype", constraint_type_name(added->contype));
  }
}

}  // namespace

bool lower_type_statement(::Node* node, const Source& source, Statement& statement) {
  switch (node->type) {
    case T_CreateDomainStmt:
      lower_domain(reinterpret_cast<::CreateDomainStmt*>(node), source, statement);
      return true;
    case T_AlterDomainStmt:
      lower_alter_domain(reinterpret_cast<::AlterDomainStmt*>(node), source, statement);
      return true;
    case T_CreateEnumStmt: {
      Command& command = add_command(statement, "CreateEnumStmt", source.whole());
      const RelationName name = relation_name(reinterpret_cast<::CreateEnumStmt*>(node)->typeName);
      command.name = name.relname;
      command.new_name = name.schemaname;
      return true;
    }
    case T_AlterEnumStmt: {
      auto* n = reinterpret_cast<::AlterEnumStmt*>(node);
      Command& command = add_command(statement, "AlterEnumStmt", source.whole());
      const RelationName name = relation_name(n->typeName);
      command.name = name.relname;
      command.type = TypeName{.schemaname = name.schemaname, .name = name.relname};
      command.new_name = view(n->newVal);
      set_fact(command, "add_value", n->oldVal == nullptr);
      return true;
    }
    case T_CompositeTypeStmt: {
      auto* n = reinterpret_cast<::CompositeTypeStmt*>(node);
      Command& command = lower_relation("CompositeTypeStmt", n->typevar, source, statement);
      for (auto* column : each<::ColumnDef>(n->coldeflist))
        command.columns.push_back(column_def(column, source));
      return true;
    }
    default: return false;
  }
}

}  // namespace pgsluice::sql
