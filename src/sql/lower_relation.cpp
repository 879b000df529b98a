// SPDX-License-Identifier: Apache-2.0
// Indexes, views, triggers, rules, policies, sequences and statistics; tables are in lower_table.cpp.
#include <algorithm>
#include <array>
#include <utility>

#include "pgsluice/code.hpp"

#include "lower.hpp"

namespace pgsluice::sql {

namespace {

Expression index_expression(::Node* node, const Source& source) {
  Expression result = expression(node, source);
  if (std::string text = canonical(node); !text.empty()) result.canonical = std::move(text);
  return result;
}

void lower_index(const ::IndexStmt* node, const Source& source, Statement& statement) {
  Command& command = add_command(statement, "IndexStmt", source.whole());
  add_relation(command, "target", relation_name(node->relation), !node->relation->inh);
  IndexDef index{.name = view(node->idxname),
                 .access_method = node->accessMethod != nullptr ? view(node->accessMethod) : "btree"};
  for (auto* element : each<::IndexElem>(node->indexParams)) {
    IndexElement item{.column = view(element->name)};
    if (element->expr != nullptr) item.expression = index_expression(element->expr, source);
    item.collation = relation_name(element->collation).relname;
    item.opclass = relation_name(element->opclass).relname;
    index.elements.push_back(std::move(item));
  }
  index.including = strings(node->indexIncludingParams);
  if (node->whereClause != nullptr) index.predicate = index_expression(node->whereClause, source);
  index.unique = node->unique;
  index.nulls_not_distinct = node->nulls_not_distinct;
  index.concurrent = node->concurrent;
  command.name = index.name;
  command.index = std::move(index);
  set_fact(command, "unique", node->unique);
  set_fact(command, "concurrent", node->concurrent);
  set_fact(command, "if_not_exists", node->if_not_exists);
  set_fact(command, "only", !node->relation->inh);
}

void lower_sequence_options(const ::List* options, Command& command) {
  for (auto* option : each<::DefElem>(options)) {
    command.names.emplace_back(view(option->defname));
    if (view(option->defname) != "owned_by") continue;
    auto* owner = as<::List>(option->arg, T_List);
    if (length(owner) < 2) continue;  // NONE
    add_relation(command, "owner_table", relation_name(owner, 1));
    command.new_name = relation_name(owner).relname;
  }
}

void lower_view(const ::ViewStmt* node, const Source& source, Statement& statement) {
  Command& command = add_command(statement, "ViewStmt", source.whole());
  add_relation(command, "target", relation_name(node->view));
  set_fact(command, "replace", node->replace);
  command.view = view_query(node);
  command.query = view_shape(node->query, node->aliases);
  if (auto columns = result_columns(node->query, node->aliases); !columns.empty())
    command.results = std::move(columns);
  add_query_use(node->query, source, command);
}

void lower_create_table_as(const ::CreateTableAsStmt* node, const Source& source, Statement& statement) {
  Command& command = add_command(statement, "CreateTableAsStmt", source.whole());
  add_relation(command, "target", relation_name(node->into->rel));
  set_fact(command, "objtype", object_type_name(node->objtype));
  set_fact(command, "skipData", node->into->skipData);
  set_fact(command, "if_not_exists", node->if_not_exists);
  command.tablespace = view(node->into->tableSpaceName);
  command.access_method = view(node->into->accessMethod);
  if (auto columns = result_columns(node->query, node->into->colNames); !columns.empty())
    command.results = std::move(columns);
  if (node->objtype == OBJECT_MATVIEW) command.query = view_shape(node->query, node->into->colNames);
  if (node->query->type == T_ExecuteStmt) {
    std::vector<Statement> prepared(1);
    lower_statement(node->query, source, prepared.front());
    command.inner = std::move(prepared);
    return;
  }
  add_query_use(node->query, source, command);
}

void lower_trigger(const ::CreateTrigStmt* node, const Source& source, Statement& statement) {
  Command& command = add_command(statement, "CreateTrigStmt", source.whole());
  command.name = view(node->trigname);
  add_relation(command, "target", relation_name(node->relation));
  if (node->constrrel != nullptr) add_relation(command, "referenced", relation_name(node->constrrel));
  const RelationName function = relation_name(node->funcname);
  command.functions.push_back({.schemaname = function.schemaname, .name = function.relname});
  std::vector<Text> arguments;
  for (::Node* argument : each(node->args))
    arguments.push_back(
        {.kind = Text::Kind::constant, .value = std::string(string_value(argument)), .parts = {}});
  command.functions.back().texts = std::move(arguments);
  if (node->whenClause != nullptr) command.expression = expression(node->whenClause, source);
  command.names = strings(node->columns);
  set_fact(command, "isconstraint", node->isconstraint);
  set_fact(command, "row", node->row);
  set_fact(command, "replace", node->replace);
  set_fact(command, "deferrable", node->deferrable);
  set_fact(command, "deferred", node->initdeferred);
  for (auto* transition : each<::TriggerTransition>(node->transitionRels))
    add_relation(command, "transition", {.schemaname = {}, .relname = view(transition->name)});
  set_fact(command, "timing",
           TRIGGER_FOR_BEFORE(node->timing)    ? "before"
           : TRIGGER_FOR_INSTEAD(node->timing) ? "instead"
                                               : "after");
  set_fact(command, "insert", TRIGGER_FOR_INSERT(node->events) != 0);
  set_fact(command, "update", TRIGGER_FOR_UPDATE(node->events) != 0);
  set_fact(command, "delete", TRIGGER_FOR_DELETE(node->events) != 0);
  set_fact(command, "truncate", TRIGGER_FOR_TRUNCATE(node->events) != 0);
}

std::string_view event_name(::CmdType event) {
  switch (event) {
    case CMD_INSERT: return "insert";
    case CMD_UPDATE: return "update";
    case CMD_DELETE: return "delete";
    default: return "select";
  }
}

/// NEW and OLD are no relations.
void leave_out_row_names(Command& command) {
  std::erase_if(command.relations, [](const RelationRef& ref) {
    return ref.role != "target" && (ref.name.relname == "new" || ref.name.relname == "old");
  });
}

void lower_rule(const ::RuleStmt* node, const Source& source, Statement& statement) {
  Command& command = add_command(statement, "RuleStmt", source.whole());
  command.name = view(node->rulename);
  add_relation(command, "target", relation_name(node->relation));
  set_fact(command, "replace", node->replace);
  set_fact(command, "event", event_name(node->event));
  set_fact(command, "instead", node->instead);
  set_fact(command, "conditional", node->whereClause != nullptr);
  std::vector<::Node*> parts{node->whereClause};
  for (::Node* action : each(node->actions)) parts.push_back(action);
  command.query = row_shape(node->relation, {"new", "old"}, parts);
  std::vector<Statement> actions;
  for (::Node* action : each(node->actions)) {
    add_query_use(action, source, command);
    lower_statement(action, source, actions.emplace_back());
    for (Command& part : actions.back().commands) leave_out_row_names(part);
  }
  if (node->whereClause != nullptr) {
    add_query_use(node->whereClause, source, command);
    Statement& condition = actions.emplace_back();
    condition.tag = "SelectStmt";
    condition.range = source.whole();
    Command& asked = add_command(condition, "SelectStmt", source.whole());
    set_fact(asked, "locking", "none");
    add_query_use(node->whereClause, source, asked);
    leave_out_row_names(asked);
  }
  leave_out_row_names(command);
  command.inner = std::move(actions);
}

/// A name that outlives the tree.
std::string_view policy_command(std::string_view name) {
  constexpr std::array<std::string_view, 4> k_commands = {"select", "insert", "update", "delete"};
  const auto found = std::ranges::find(k_commands, name);
  return found != k_commands.end() ? *found : "all";
}

void add_policy_conditions(const ::RangeVar* table, ::Node* qual, ::Node* with_check, const Source& source,
                           Command& command) {
  command.query = row_shape(table, {""}, {qual, with_check});
  set_fact(command, "using", qual != nullptr);
  set_fact(command, "with_check", with_check != nullptr);
  add_query_use(qual, source, command);
  add_query_use(with_check, source, command);
}

}  // namespace

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
      statement.commands.front().name = view(reinterpret_cast<::CreateForeignTableStmt*>(node)->servername);
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
      Command& command = lower_relation("AlterSeqStmt", n->sequence, source, statement);
      set_fact(command, "if_exists", n->missing_ok);
      lower_sequence_options(n->options, command);
      return true;
    }
    case T_CreatePolicyStmt: {
      auto* n = reinterpret_cast<::CreatePolicyStmt*>(node);
      Command& command = lower_relation("CreatePolicyStmt", n->table, source, statement);
      set_fact(command, "cmd", policy_command(view(n->cmd_name)));
      set_fact(command, "permissive", n->permissive);
      command.name = view(n->policy_name);
      add_roles(n->roles, command);
      add_policy_conditions(n->table, n->qual, n->with_check, source, command);
      return true;
    }
    case T_AlterPolicyStmt: {
      auto* n = reinterpret_cast<::AlterPolicyStmt*>(node);
      Command& command = lower_relation("AlterPolicyStmt", n->table, source, statement);
      command.name = view(n->policy_name);
      add_roles(n->roles, command);
      add_policy_conditions(n->table, n->qual, n->with_check, source, command);
      return true;
    }
    case T_CreateStatsStmt: {
      auto* n = reinterpret_cast<::CreateStatsStmt*>(node);
      const RelationName name = relation_name(n->defnames);
      Names elements;
      for (auto* element : each<::StatsElem>(n->exprs))
        elements.emplace_back(element->name != nullptr ? view(element->name) : "expr");
      // The grammar takes any FROM list; the server takes the name of one relation (see effects/refusal.cpp).
      const bool one_name = list_length(n->relations) == 1 && IsA(linitial(n->relations), RangeVar);
      Command& command = lower_relation("CreateStatsStmt",
                                        one_name ? static_cast<::RangeVar*>(linitial(n->relations)) : nullptr,
                                        source, statement);
      command.name = name.relname;
      command.new_name = name.schemaname;
      command.names = elements;
      return true;
    }
    default: return false;
  }
}

}  // namespace pgsluice::sql
