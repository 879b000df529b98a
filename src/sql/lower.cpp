// SPDX-License-Identifier: Apache-2.0
// One statement → its commands. A statement on several objects is one command per object.
#include "lower.hpp"

#include <array>
#include <utility>

#include "lexer.hpp"

namespace pgsluice::sql {

namespace {

std::string_view behavior_name(::DropBehavior behavior) {
  return behavior == DROP_CASCADE ? "DROP_CASCADE" : "DROP_RESTRICT";
}

std::string_view lock_mode_name(int mode) {
  constexpr std::array<std::string_view, 9> k_names = {
      "NoLock",    "AccessShareLock",       "RowShareLock",  "RowExclusiveLock",   "ShareUpdateExclusiveLock",
      "ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"};
  return k_names.at(static_cast<std::size_t>(mode));
}

/// A constant of SET as text: a number, a word or a string.
std::string setting_value(const ::List* args) {
  std::string result;
  for (::Node* node : each(args)) {
    auto* constant = as<::A_Const>(node, T_A_Const);
    if (constant == nullptr) continue;
    if (!result.empty()) result += ", ";
    switch (constant->val.node.type) {
      case T_Integer: result += std::to_string(constant->val.ival.ival); break;
      case T_Float: result += string(constant->val.fval.fval); break;
      case T_Boolean: result += constant->val.boolval.boolval ? "on" : "off"; break;
      default: result += string(constant->val.sval.sval); break;
    }
  }
  return result;
}

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
    }
  } else if (auto* function = as<::ObjectWithArgs>(object, T_ObjectWithArgs)) {
    command.name = relation_name(function->objname).relname;
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

void lower_index(const ::IndexStmt* node, const Source& source, Statement& statement) {
  Command& command = add_command(statement, "IndexStmt", source.whole());
  add_relation(command, "target", relation_name(node->relation), !node->relation->inh);
  IndexDef index{.name = string(node->idxname),
                 .access_method = node->accessMethod != nullptr ? string(node->accessMethod) : "btree"};
  for (auto* element : each<::IndexElem>(node->indexParams)) {
    IndexElement item{.column = string(element->name)};
    if (element->expr != nullptr) item.expression = expression(element->expr, source);
    item.collation = relation_name(element->collation).relname;
    item.opclass = relation_name(element->opclass).relname;
    index.elements.push_back(std::move(item));
  }
  index.including = strings(node->indexIncludingParams);
  if (node->whereClause != nullptr) index.predicate = expression(node->whereClause, source);
  index.unique = node->unique;
  index.concurrent = node->concurrent;
  command.name = index.name;
  command.index = std::move(index);
  set_fact(command, "unique", node->unique);
  set_fact(command, "concurrent", node->concurrent);
  set_fact(command, "if_not_exists", node->if_not_exists);
  set_fact(command, "only", !node->relation->inh);
}

void lower_rename(const ::RenameStmt* node, const Source& source, Statement& statement) {
  Command& command = add_command(statement, "RenameStmt", source.whole());
  set_fact(command, "renameType", object_type_name(node->renameType));
  set_fact(command, "relationType", object_type_name(node->relationType));
  set_fact(command, "missing_ok", node->missing_ok);
  if (node->relation != nullptr) {
    add_relation(command, "target", relation_name(node->relation), !node->relation->inh);
    set_fact(command, "only", !node->relation->inh);
    command.name = string(node->subname);
  } else if (node->object != nullptr) {
    add_object(command, node->renameType, node->object);
  } else {
    command.name = string(node->subname);
  }
  command.new_name = string(node->newname);
}

/// ALTER … SET SCHEMA and ALTER … OWNER TO share their shape.
template <typename Stmt>
void lower_alter_object(const Stmt* node, std::string_view tag, std::string new_name, const Source& source,
                        Statement& statement) {
  Command& command = add_command(statement, tag, source.whole());
  set_fact(command, "objectType", object_type_name(node->objectType));
  if (node->relation != nullptr) {
    add_relation(command, "target", relation_name(node->relation));
  } else if (node->object != nullptr) {
    add_object(command, node->objectType, node->object);
  }
  command.new_name = std::move(new_name);
}

void lower_sequence_options(const ::List* options, Command& command) {
  for (auto* option : each<::DefElem>(options)) {
    command.names.push_back(string(option->defname));
    if (view(option->defname) != "owned_by") continue;
    auto* owner = as<::List>(option->arg, T_List);
    if (length(owner) > 1) add_relation(command, "owner_table", relation_name(owner, 1));
  }
}

void lower_transaction(const ::TransactionStmt* node, const Source& source, Statement& statement) {
  constexpr std::array<std::string_view, 10> k_kinds = {"BEGIN",           "START",
                                                        "COMMIT",          "ROLLBACK",
                                                        "SAVEPOINT",       "RELEASE",
                                                        "ROLLBACK TO",     "PREPARE TRANSACTION",
                                                        "COMMIT PREPARED", "ROLLBACK PREPARED"};
  Command& command = add_command(statement, "TransactionStmt", source.whole());
  set_fact(command, "kind", k_kinds.at(static_cast<std::size_t>(node->kind)));
  set_fact(command, "chain", node->chain);
  command.name = string(node->savepoint_name);
}

void lower_set(const ::VariableSetStmt* node, const Source& source, Statement& statement) {
  constexpr std::array<std::string_view, 6> k_kinds = {"VAR_SET_VALUE", "VAR_SET_DEFAULT", "VAR_SET_CURRENT",
                                                       "VAR_SET_MULTI", "VAR_RESET",       "VAR_RESET_ALL"};
  Command& command = add_command(statement, "VariableSetStmt", source.whole());
  set_fact(command, "kind", k_kinds.at(static_cast<std::size_t>(node->kind)));
  set_fact(command, "is_local", node->is_local);
  command.name = string(node->name);
  command.new_name = setting_value(node->args);
}

void lower_vacuum(const ::VacuumStmt* node, const Source& source, Statement& statement) {
  const auto add = [&](const ::RangeVar* relation) {
    Command& command = add_command(statement, "VacuumStmt", source.whole());
    set_fact(command, "is_vacuumcmd", node->is_vacuumcmd);
    set_fact(command, "full", option_on(node->options, "full"));
    set_fact(command, "analyze", !node->is_vacuumcmd || option_on(node->options, "analyze"));
    set_fact(command, "whole_database", relation == nullptr);
    set_fact(command, "only", relation != nullptr && !relation->inh);
    if (relation != nullptr) add_relation(command, "target", relation_name(relation), !relation->inh);
  };
  if (length(node->rels) == 0) add(nullptr);
  for (auto* relation : each<::VacuumRelation>(node->rels)) add(relation->relation);
}

std::string_view reindex_kind(::ReindexObjectType kind) {
  switch (kind) {
    case REINDEX_OBJECT_INDEX: return "REINDEX_OBJECT_INDEX";
    case REINDEX_OBJECT_TABLE: return "REINDEX_OBJECT_TABLE";
    case REINDEX_OBJECT_SCHEMA: return "REINDEX_OBJECT_SCHEMA";
    case REINDEX_OBJECT_SYSTEM: return "REINDEX_OBJECT_SYSTEM";
    default: return "REINDEX_OBJECT_DATABASE";
  }
}

void lower_reindex(const ::ReindexStmt* node, const Source& source, Statement& statement) {
  Command& command = add_command(statement, "ReindexStmt", source.whole());
  set_fact(command, "kind", reindex_kind(node->kind));
  set_fact(command, "concurrent", option_on(node->params, "concurrently"));
  if (node->relation != nullptr) add_relation(command, "target", relation_name(node->relation));
  command.name = string(node->name);
}

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
  if (auto* added = as<::Constraint>(node->def, T_Constraint)) {
    command.constraints.push_back(constraint(added, source));
    set_fact(command, "skip_validation", added->skip_validation);
    set_fact(command, "contype", constraint_type_name(added->contype));
  }
}

std::string_view volatility(const ::CreateFunctionStmt* node) {
  for (auto* option : each<::DefElem>(node->options)) {
    if (view(option->defname) != "volatility") continue;
    const std::string value = string_value(option->arg);
    if (value == "immutable") return "immutable";
    if (value == "stable") return "stable";
  }
  return "volatile";
}

void lower_function(const ::CreateFunctionStmt* node, const Source& source, Statement& statement) {
  Command& command = add_command(statement, "CreateFunctionStmt", source.whole());
  const RelationName name = relation_name(node->funcname);
  command.name = name.relname;
  command.new_name = name.schemaname;
  set_fact(command, "is_procedure", node->is_procedure);
  set_fact(command, "volatility", volatility(node));
  add_query_use(node->sql_body, source, command);
}

void lower_grant(const ::GrantStmt* node, const Source& source, Statement& statement) {
  const bool on_relations = node->targtype == ACL_TARGET_OBJECT &&
                            (node->objtype == OBJECT_TABLE || node->objtype == OBJECT_SEQUENCE);
  const auto add = [&]() -> Command& {
    Command& command = add_command(statement, "GrantStmt", source.whole());
    set_fact(command, "is_grant", node->is_grant);
    set_fact(command, "objtype", object_type_name(node->objtype));
    set_fact(command, "targtype",
             node->targtype == ACL_TARGET_ALL_IN_SCHEMA ? "ACL_TARGET_ALL_IN_SCHEMA" : "ACL_TARGET_OBJECT");
    return command;
  };
  if (!on_relations) {
    Command& command = add();
    for (::Node* object : each(node->objects)) command.names.push_back(string_value(object));
    return;
  }
  for (auto* relation : each<::RangeVar>(node->objects))
    add_relation(add(), "target", relation_name(relation));
}

void lower_publication(std::string_view tag, const char* name, const ::List* objects, bool all_tables,
                       std::string_view action, const Source& source, Statement& statement) {
  bool any = false;
  for (auto* object : each<::PublicationObjSpec>(objects)) {
    if (object->pubtable == nullptr) continue;
    Command& command = add_command(statement, tag, source.whole());
    command.name = string(name);
    set_fact(command, "for_all_tables", all_tables);
    set_fact(command, "action", action);
    add_relation(command, "target", relation_name(object->pubtable->relation),
                 !object->pubtable->relation->inh);
    any = true;
  }
  if (any) return;
  Command& command = add_command(statement, tag, source.whole());
  command.name = string(name);
  set_fact(command, "for_all_tables", all_tables);
  set_fact(command, "action", "none");
}

std::string_view publication_action(::AlterPublicationAction action) {
  return action == AP_AddObjects    ? "AP_AddObjects"
         : action == AP_DropObjects ? "AP_DropObjects"
                                    : "AP_SetObjects";
}

void lower_view(const ::ViewStmt* node, const Source& source, Statement& statement) {
  Command& command = add_command(statement, "ViewStmt", source.whole());
  add_relation(command, "target", relation_name(node->view));
  set_fact(command, "replace", node->replace);
  add_query_use(node->query, source, command);
}

void lower_create_table_as(const ::CreateTableAsStmt* node, const Source& source, Statement& statement) {
  Command& command = add_command(statement, "CreateTableAsStmt", source.whole());
  add_relation(command, "target", relation_name(node->into->rel));
  set_fact(command, "objtype", object_type_name(node->objtype));
  set_fact(command, "skipData", node->into->skipData);
  set_fact(command, "if_not_exists", node->if_not_exists);
  add_query_use(node->query, source, command);
}

void lower_trigger(const ::CreateTrigStmt* node, const Source& source, Statement& statement) {
  Command& command = add_command(statement, "CreateTrigStmt", source.whole());
  command.name = string(node->trigname);
  add_relation(command, "target", relation_name(node->relation));
  if (node->constrrel != nullptr) add_relation(command, "referenced", relation_name(node->constrrel));
  const RelationName function = relation_name(node->funcname);
  command.functions.push_back({.schemaname = function.schemaname, .name = function.relname});
  set_fact(command, "isconstraint", node->isconstraint);
  set_fact(command, "row", node->row);
  set_fact(command, "replace", node->replace);
}

void lower_rule(const ::RuleStmt* node, const Source& source, Statement& statement) {
  Command& command = add_command(statement, "RuleStmt", source.whole());
  command.name = string(node->rulename);
  add_relation(command, "target", relation_name(node->relation));
  set_fact(command, "replace", node->replace);
  for (::Node* action : each(node->actions)) add_query_use(action, source, command);
  std::erase_if(command.relations, [](const RelationRef& ref) {
    return ref.role != "target" && (ref.name.relname == "new" || ref.name.relname == "old");
  });
}

/// Statements whose relations are a list or one RangeVar: one command per relation.
void lower_relations(std::string_view tag, const ::List* relations, const Source& source,
                     Statement& statement, const auto& set_facts) {
  for (auto* relation : each<::RangeVar>(relations)) {
    Command& command = add_command(statement, tag, source.whole());
    add_relation(command, "target", relation_name(relation), !relation->inh);
    set_fact(command, "only", !relation->inh);
    set_facts(command);
  }
}

Command& lower_relation(std::string_view tag, const ::RangeVar* relation, const Source& source,
                        Statement& statement) {
  Command& command = add_command(statement, tag, source.whole());
  if (relation != nullptr) add_relation(command, "target", relation_name(relation), !relation->inh);
  return command;
}

/// EXPLAIN ANALYZE runs its statement, EXPLAIN only plans it: the locks are those of the statement.
void lower_inner(std::string_view tag, ::Node* query, const Source& source, Statement& statement) {
  Command& command = add_command(statement, tag, source.whole());
  if (query == nullptr) return;
  if (auto* create = as<::CreateTableAsStmt>(query, T_CreateTableAsStmt)) {
    return add_query_use(create->query, source, command);
  }
  Statement inner;
  if (!lower_query(query, source, inner)) return;
  for (Command& part : inner.commands) {
    for (RelationRef& ref : part.relations) {
      if (ref.role == "target") ref.role = part.tag == "SelectStmt" ? "target" : "written";
      command.relations.push_back(std::move(ref));
    }
    command.functions = std::move(part.functions);
  }
}

bool lower_object_statement(::Node* node, const Source& source, Statement& statement) {
  switch (node->type) {
    case T_DropStmt: lower_drop(reinterpret_cast<::DropStmt*>(node), source, statement); return true;
    case T_RenameStmt: lower_rename(reinterpret_cast<::RenameStmt*>(node), source, statement); return true;
    case T_AlterObjectSchemaStmt: {
      auto* n = reinterpret_cast<::AlterObjectSchemaStmt*>(node);
      lower_alter_object(n, "AlterObjectSchemaStmt", string(n->newschema), source, statement);
      return true;
    }
    case T_AlterOwnerStmt: {
      auto* n = reinterpret_cast<::AlterOwnerStmt*>(node);
      lower_alter_object(n, "AlterOwnerStmt", {}, source, statement);
      return true;
    }
    case T_CommentStmt: {
      auto* n = reinterpret_cast<::CommentStmt*>(node);
      Command& command = add_command(statement, "CommentStmt", source.whole());
      set_fact(command, "objtype", object_type_name(n->objtype));
      add_object(command, n->objtype, n->object);
      return true;
    }
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
      command.name = relation_name(n->typeName).relname;
      command.new_name = string(n->newVal);
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
    case T_CreateFunctionStmt:
      lower_function(reinterpret_cast<::CreateFunctionStmt*>(node), source, statement);
      return true;
    case T_GrantStmt: lower_grant(reinterpret_cast<::GrantStmt*>(node), source, statement); return true;
    case T_CreatePublicationStmt: {
      auto* n = reinterpret_cast<::CreatePublicationStmt*>(node);
      lower_publication("CreatePublicationStmt", n->pubname, n->pubobjects, n->for_all_tables,
                        "AP_AddObjects", source, statement);
      return true;
    }
    case T_AlterPublicationStmt: {
      auto* n = reinterpret_cast<::AlterPublicationStmt*>(node);
      lower_publication("AlterPublicationStmt", n->pubname, n->pubobjects, n->for_all_tables,
                        publication_action(n->action), source, statement);
      return true;
    }
    default: return false;
  }
}

void add_roles(const ::List* roles, Command& command) {
  for (auto* role : each<::RoleSpec>(roles)) command.names.push_back(string(role->rolename));
}

bool lower_relation_statement(::Node* node, const Source& source, Statement& statement) {
  switch (node->type) {
    case T_AlterTableStmt:
      lower_alter_table(reinterpret_cast<::AlterTableStmt*>(node), source, statement);
      return true;
    case T_CreateStmt:
      lower_create_table(reinterpret_cast<::CreateStmt*>(node), source, statement, false);
      return true;
    case T_CreateForeignTableStmt:
      lower_create_table(&reinterpret_cast<::CreateForeignTableStmt*>(node)->base, source, statement, true);
      return true;
    case T_IndexStmt: lower_index(reinterpret_cast<::IndexStmt*>(node), source, statement); return true;
    case T_ViewStmt: lower_view(reinterpret_cast<::ViewStmt*>(node), source, statement); return true;
    case T_CreateTableAsStmt:
      lower_create_table_as(reinterpret_cast<::CreateTableAsStmt*>(node), source, statement);
      return true;
    case T_CreateTrigStmt:
      lower_trigger(reinterpret_cast<::CreateTrigStmt*>(node), source, statement);
      return true;
    case T_RuleStmt: lower_rule(reinterpret_cast<::RuleStmt*>(node), source, statement); return true;
    case T_CreateSeqStmt: {
      auto* n = reinterpret_cast<::CreateSeqStmt*>(node);
      Command& command = lower_relation("CreateSeqStmt", n->sequence, source, statement);
      set_fact(command, "if_not_exists", n->if_not_exists);
      lower_sequence_options(n->options, command);
      return true;
    }
    case T_AlterSeqStmt: {
      auto* n = reinterpret_cast<::AlterSeqStmt*>(node);
      lower_sequence_options(n->options, lower_relation("AlterSeqStmt", n->sequence, source, statement));
      return true;
    }
    case T_CreatePolicyStmt: {
      auto* n = reinterpret_cast<::CreatePolicyStmt*>(node);
      Command& command = lower_relation("CreatePolicyStmt", n->table, source, statement);
      command.name = string(n->policy_name);
      add_query_use(n->qual, source, command);
      add_query_use(n->with_check, source, command);
      return true;
    }
    case T_AlterPolicyStmt: {
      auto* n = reinterpret_cast<::AlterPolicyStmt*>(node);
      Command& command = lower_relation("AlterPolicyStmt", n->table, source, statement);
      command.name = string(n->policy_name);
      add_query_use(n->qual, source, command);
      add_query_use(n->with_check, source, command);
      return true;
    }
    case T_AlterTableMoveAllStmt: {
      auto* n = reinterpret_cast<::AlterTableMoveAllStmt*>(node);
      Command& command = add_command(statement, "AlterTableMoveAllStmt", source.whole());
      set_fact(command, "objtype", object_type_name(n->objtype));
      command.name = string(n->orig_tablespacename);
      command.tablespace = string(n->new_tablespacename);
      add_roles(n->roles, command);
      return true;
    }
    case T_DropOwnedStmt:
      add_roles(reinterpret_cast<::DropOwnedStmt*>(node)->roles,
                add_command(statement, "DropOwnedStmt", source.whole()));
      return true;
    case T_ReassignOwnedStmt:
      add_roles(reinterpret_cast<::ReassignOwnedStmt*>(node)->roles,
                add_command(statement, "ReassignOwnedStmt", source.whole()));
      return true;
    case T_AlterObjectDependsStmt: {
      auto* n = reinterpret_cast<::AlterObjectDependsStmt*>(node);
      Command& command = lower_relation("AlterObjectDependsStmt", n->relation, source, statement);
      set_fact(command, "objectType", object_type_name(n->objectType));
      return true;
    }
    case T_AlterExtensionContentsStmt: {
      auto* n = reinterpret_cast<::AlterExtensionContentsStmt*>(node);
      Command& command = add_command(statement, "AlterExtensionContentsStmt", source.whole());
      set_fact(command, "objtype", object_type_name(n->objtype));
      add_object(command, n->objtype, n->object);
      return true;
    }
    case T_CreateStatsStmt: {
      auto* n = reinterpret_cast<::CreateStatsStmt*>(node);
      const RelationName name = relation_name(n->defnames);
      lower_relations("CreateStatsStmt", n->relations, source, statement, [&name](Command& command) {
        command.name = name.relname;
        command.new_name = name.schemaname;
      });
      return true;
    }
    default: return false;
  }
}

bool lower_maintenance_statement(::Node* node, const Source& source, Statement& statement) {
  switch (node->type) {
    case T_TruncateStmt: {
      auto* n = reinterpret_cast<::TruncateStmt*>(node);
      lower_relations("TruncateStmt", n->relations, source, statement, [n](Command& command) {
        set_fact(command, "behavior", behavior_name(n->behavior));
        set_fact(command, "restart_seqs", n->restart_seqs);
      });
      return true;
    }
    case T_LockStmt: {
      auto* n = reinterpret_cast<::LockStmt*>(node);
      lower_relations("LockStmt", n->relations, source, statement, [n](Command& command) {
        set_fact(command, "mode", lock_mode_name(n->mode));
        set_fact(command, "nowait", n->nowait);
      });
      return true;
    }
    case T_VacuumStmt: lower_vacuum(reinterpret_cast<::VacuumStmt*>(node), source, statement); return true;
    case T_ReindexStmt: lower_reindex(reinterpret_cast<::ReindexStmt*>(node), source, statement); return true;
    case T_ClusterStmt: {
      auto* n = reinterpret_cast<::ClusterStmt*>(node);
      Command& command = lower_relation("ClusterStmt", n->relation, source, statement);
      set_fact(command, "whole_database", n->relation == nullptr);
      command.name = string(n->indexname);
      if (n->indexname != nullptr) {
        add_relation(command, "index", {string(n->relation->schemaname), string(n->indexname)});
      }
      return true;
    }
    case T_RefreshMatViewStmt: {
      auto* n = reinterpret_cast<::RefreshMatViewStmt*>(node);
      Command& command = lower_relation("RefreshMatViewStmt", n->relation, source, statement);
      set_fact(command, "concurrent", n->concurrent);
      set_fact(command, "skipData", n->skipData);
      return true;
    }
    case T_CopyStmt: {
      auto* n = reinterpret_cast<::CopyStmt*>(node);
      Command& command = lower_relation("CopyStmt", n->relation, source, statement);
      set_fact(command, "is_from", n->is_from);
      command.names = strings(n->attlist);
      if (n->query != nullptr) add_query_use(n->query, source, command);
      return true;
    }
    case T_TransactionStmt:
      lower_transaction(reinterpret_cast<::TransactionStmt*>(node), source, statement);
      return true;
    case T_VariableSetStmt:
      lower_set(reinterpret_cast<::VariableSetStmt*>(node), source, statement);
      return true;
    case T_ExplainStmt: {
      auto* n = reinterpret_cast<::ExplainStmt*>(node);
      lower_inner("ExplainStmt", n->query, source, statement);
      set_fact(statement.commands.back(), "analyze", option_on(n->options, "analyze"));
      return true;
    }
    case T_PrepareStmt: {
      auto* n = reinterpret_cast<::PrepareStmt*>(node);
      lower_inner("PrepareStmt", n->query, source, statement);
      statement.commands.back().name = string(n->name);
      return true;
    }
    case T_DeclareCursorStmt:
      lower_inner("DeclareCursorStmt", reinterpret_cast<::DeclareCursorStmt*>(node)->query, source,
                  statement);
      return true;
    default: return false;
  }
}

}  // namespace

Command& add_command(Statement& statement, std::string_view tag, SourceRange range) {
  statement.commands.push_back({.tag = tag, .range = range});
  return statement.commands.back();
}

void lower_statement(::Node* node, const Source& source, Statement& statement) {
  statement.tag = tag_name(node->type);
  if (lower_query(node, source, statement) || lower_relation_statement(node, source, statement) ||
      lower_object_statement(node, source, statement) ||
      lower_maintenance_statement(node, source, statement)) {
    return;
  }
  add_command(statement, statement.tag, source.whole());
}

}  // namespace pgsluice::sql
