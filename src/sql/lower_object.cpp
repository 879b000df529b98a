// SPDX-License-Identifier: Apache-2.0
// What is done to objects of any kind: DROP, RENAME, SET SCHEMA, OWNER TO, COMMENT, SECURITY LABEL.
#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "base/text.hpp"
#include "lower.hpp"

namespace pgsluice::sql {

namespace {

bool is_relation_type(::ObjectType type) {
  switch (type) {
    case OBJECT_TABLE:
    case OBJECT_VIEW:
    case OBJECT_MATVIEW:
    case OBJECT_INDEX:
    case OBJECT_SEQUENCE:
    case OBJECT_FOREIGN_TABLE: return true;
    default: return false;
  }
}

/// Objects that live in a relation are named by the relation's name and their own, last.
bool is_relation_part(::ObjectType type) {
  switch (type) {
    case OBJECT_TRIGGER:
    case OBJECT_RULE:
    case OBJECT_POLICY:
    case OBJECT_COLUMN:
    case OBJECT_TABCONSTRAINT: return true;
    default: return false;
  }
}

std::string arguments_of(const ::ObjectWithArgs* function) {
  if (function->args_unspecified) return "*";
  std::vector<TypeName> types;
  for (auto* argument : each<::TypeName>(function->objargs)) {
    if (argument != nullptr) types.push_back(type_name(argument));  // a prefix operator has no left one
  }
  return type_list(types);
}

/// Adds what an object name stands for: a relation, a part of one, or something else.
void add_object(Command& command, ::ObjectType type, ::Node* object) {
  if (auto* type_node = as<::TypeName>(object, T_TypeName)) {
    command.type = type_name(type_node);
    command.name = command.type->name;
  } else if (auto* names = as<::List>(object, T_List)) {
    if (is_relation_type(type)) {
      add_relation(command, "target", relation_name(names));
    } else if (is_relation_part(type)) {
      add_relation(command, "target", relation_name(names, 1));
      command.name = relation_name(names).relname;
    } else {
      const RelationName name = relation_name(names);
      command.name = name.relname;
      command.new_name = name.schemaname;
      if (type == OBJECT_TYPE || type == OBJECT_DOMAIN)
        command.type = TypeName{.schemaname = name.schemaname, .name = name.relname};
    }
  } else if (auto* function = as<::ObjectWithArgs>(object, T_ObjectWithArgs)) {
    const RelationName name = relation_name(function->objname);
    command.name = name.relname;
    command.new_name = name.schemaname;
    set_fact(command, "arguments", Name(arguments_of(function)));
  } else {
    command.name = string_value(object);
  }
}

void lower_drop(const ::DropStmt* node, const Source& source, Statement& statement) {
  for (::Node* object : each(node->objects)) {
    Command& command = add_command(statement, "DropStmt", source.whole());
    set_fact(command, "removeType", object_type_name(node->removeType));
    set_fact(command, "behavior", behavior_name(node->behavior));
    set_fact(command, "missing_ok", node->missing_ok);
    set_fact(command, "concurrent", node->concurrent);
    add_object(command, node->removeType, object);
  }
}

/// The schema of what is renamed makes room.
void rename_to(Command& command, Name new_name) {
  if (!command.new_name.empty()) command.names = {command.new_name};
  command.new_name = new_name;
}

void lower_rename(const ::RenameStmt* node, const Source& source, Statement& statement) {
  Command& command = add_command(statement, "RenameStmt", source.whole());
  set_fact(command, "renameType", object_type_name(node->renameType));
  set_fact(command, "relationType", object_type_name(node->relationType));
  set_fact(command, "missing_ok", node->missing_ok);
  if (node->relation != nullptr) {
    add_relation(command, "target", relation_name(node->relation), !node->relation->inh);
    set_fact(command, "only", !node->relation->inh);
    command.name = view(node->subname);
  } else if (node->object != nullptr) {
    add_object(command, node->renameType, node->object);
  } else {
    command.name = view(node->subname);
  }
  rename_to(command, view(node->newname));
}

/// ALTER … SET SCHEMA and ALTER … OWNER TO share their shape.
template <typename Stmt>
void lower_alter_object(const Stmt* node, std::string_view tag, Name new_name, const Source& source,
                        Statement& statement) {
  Command& command = add_command(statement, tag, source.whole());
  set_fact(command, "objectType", object_type_name(node->objectType));
  if (node->relation != nullptr) {
    add_relation(command, "target", relation_name(node->relation));
  } else if (node->object != nullptr) {
    add_object(command, node->objectType, node->object);
  }
  rename_to(command, new_name);
}

void lower_definition(std::string_view tag, std::string_view kind, const ::List* names, const Source& source,
                      Statement& statement) {
  Command& command = add_command(statement, tag, source.whole());
  set_fact(command, "objtype", kind);
  const RelationName name = relation_name(names);
  command.name = name.relname;
  command.new_name = name.schemaname;
}

/// schemacmds.c CreateSchemaCommand runs the elements in the order in which they may need each other
/// (parse_utilcmd.c transformCreateSchemaStmtElements).
void lower_create_schema(const ::CreateSchemaStmt* node, const Source& source, Statement& statement) {
  Command& command = add_command(statement, "CreateSchemaStmt", source.whole());
  command.name = view(node->schemaname != nullptr ? node->schemaname
                      : node->authrole != nullptr ? node->authrole->rolename
                                                  : nullptr);
  if (node->authrole != nullptr) command.new_name = view(node->authrole->rolename);
  set_fact(command, "if_not_exists", node->if_not_exists);
  constexpr std::array k_order = {T_CreateSeqStmt, T_CreateStmt,     T_ViewStmt,
                                  T_IndexStmt,     T_CreateTrigStmt, T_GrantStmt};
  for (const ::NodeTag tag : k_order) {
    for (::Node* element : each(node->schemaElts)) {
      if (element->type != tag) continue;
      Statement inner;
      lower_statement(element, source, inner);
      std::ranges::move(inner.commands, std::back_inserter(statement.commands));
    }
  }
}

}  // namespace

std::string type_list(const std::vector<TypeName>& types) {
  std::string list;
  for (const TypeName& type : types) list += cat(list.empty() ? "" : ",", type.array ? "_" : "", type.name);
  return list;
}

bool lower_object_statement(::Node* node, const Source& source, Statement& statement) {
  switch (node->type) {
    case T_DropStmt: lower_drop(reinterpret_cast<::DropStmt*>(node), source, statement); return true;
    case T_RenameStmt: lower_rename(reinterpret_cast<::RenameStmt*>(node), source, statement); return true;
    case T_AlterObjectSchemaStmt: {
      auto* n = reinterpret_cast<::AlterObjectSchemaStmt*>(node);
      lower_alter_object(n, "AlterObjectSchemaStmt", view(n->newschema), source, statement);
      set_fact(statement.commands.back(), "if_exists", n->missing_ok);
      return true;
    }
    case T_AlterOwnerStmt: {
      auto* n = reinterpret_cast<::AlterOwnerStmt*>(node);
      lower_alter_object(n, "AlterOwnerStmt", view(n->newowner->rolename), source, statement);
      return true;
    }
    case T_CommentStmt: {
      auto* n = reinterpret_cast<::CommentStmt*>(node);
      Command& command = add_command(statement, "CommentStmt", source.whole());
      set_fact(command, "objtype", object_type_name(n->objtype));
      add_object(command, n->objtype, n->object);
      return true;
    }
    case T_AlterObjectDependsStmt: {
      auto* n = reinterpret_cast<::AlterObjectDependsStmt*>(node);
      Command& command = lower_relation("AlterObjectDependsStmt", n->relation, source, statement);
      set_fact(command, "objectType", object_type_name(n->objectType));
      set_fact(command, "add", !n->remove);
      if (n->relation == nullptr && n->object != nullptr) add_object(command, n->objectType, n->object);
      command.names = {string_value(reinterpret_cast<::Node*>(n->extname))};
      return true;
    }
    case T_AlterExtensionContentsStmt: {
      auto* n = reinterpret_cast<::AlterExtensionContentsStmt*>(node);
      Command& command = add_command(statement, "AlterExtensionContentsStmt", source.whole());
      set_fact(command, "objtype", object_type_name(n->objtype));
      set_fact(command, "add", n->action > 0);
      add_object(command, n->objtype, n->object);
      command.names = {view(n->extname)};
      return true;
    }
    case T_CreateSchemaStmt:
      lower_create_schema(reinterpret_cast<::CreateSchemaStmt*>(node), source, statement);
      return true;
    case T_AlterDatabaseStmt: {
      auto* n = reinterpret_cast<::AlterDatabaseStmt*>(node);
      Command& command = add_command(statement, "AlterDatabaseStmt", source.whole());
      command.name = view(n->dbname);
      set_fact(command, "set_tablespace", option_given(n->options, "tablespace"));
      return true;
    }
    case T_DefineStmt: {
      auto* n = reinterpret_cast<::DefineStmt*>(node);
      lower_definition("DefineStmt", object_type_name(n->kind), n->defnames, source, statement);
      add_support_functions(n, statement.commands.back());
      return true;
    }
    case T_CreateOpClassStmt:
      lower_definition("CreateOpClassStmt", "OBJECT_OPCLASS",
                       reinterpret_cast<::CreateOpClassStmt*>(node)->opclassname, source, statement);
      return true;
    case T_CreateRangeStmt:
      lower_definition("CreateRangeStmt", "OBJECT_TYPE", reinterpret_cast<::CreateRangeStmt*>(node)->typeName,
                       source, statement);
      return true;
    case T_CreateForeignServerStmt: {
      auto* n = reinterpret_cast<::CreateForeignServerStmt*>(node);
      Command& command = add_command(statement, "CreateForeignServerStmt", source.whole());
      command.name = view(n->servername);
      command.new_name = view(n->fdwname);
      return true;
    }
    case T_CreateExtensionStmt: {
      auto* n = reinterpret_cast<::CreateExtensionStmt*>(node);
      Command& command = add_command(statement, "CreateExtensionStmt", source.whole());
      command.name = view(n->extname);
      for (auto* option : each<::DefElem>(n->options)) {
        if (view(option->defname) == "schema") command.new_name = string_value(option->arg);
      }
      return true;
    }
    case T_SecLabelStmt: {
      auto* n = reinterpret_cast<::SecLabelStmt*>(node);
      Command& command = add_command(statement, "SecLabelStmt", source.whole());
      set_fact(command, "objtype", object_type_name(n->objtype));
      add_object(command, n->objtype, n->object);
      return true;
    }
    default: return false;
  }
}

}  // namespace pgsluice::sql
