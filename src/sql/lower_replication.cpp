// SPDX-License-Identifier: Apache-2.0
// Logical replication: publications and subscriptions.
#include "lower.hpp"

namespace pgsluice::sql {

namespace {

/// WITH (publish = 'insert, update'): changes of rows that are there; without it all are.
bool publishes_changes(const ::List* options) {
  for (auto* option : each<::DefElem>(options)) {
    if (view(option->defname) != "publish" || option->arg == nullptr) continue;
    const std::string_view list = string_value(option->arg);
    return list.find("update") != std::string_view::npos || list.find("delete") != std::string_view::npos;
  }
  return true;
}

struct Publication {
  const char* name = nullptr;
  const ::List* objects = nullptr;
  const ::List* options = nullptr;
  bool all_tables = false;
  std::string_view action;
};

void lower_publication(std::string_view tag, const Publication& publication, const Source& source,
                       Statement& statement) {
  bool any = false;
  const auto add = [&](std::string_view action) -> Command& {
    Command& command = add_command(statement, tag, source.whole());
    command.name = view(publication.name);
    set_fact(command, "for_all_tables", publication.all_tables);
    set_fact(command, "publishes_changes", publishes_changes(publication.options));
    set_fact(command, "action", action);
    return command;
  };
  for (auto* object : each<::PublicationObjSpec>(publication.objects)) {
    if (object->pubtable == nullptr) continue;
    Command& command = add(publication.action);
    add_relation(command, "target", relation_name(object->pubtable->relation),
                 !object->pubtable->relation->inh);
    any = true;
  }
  if (any) return;
  // Schemas are no relations, but SET takes away what there was.
  Command& command = add(length(publication.objects) > 0 ? publication.action : "none");
  for (auto* object : each<::PublicationObjSpec>(publication.objects)) {
    if (object->name != nullptr) command.names.emplace_back(view(object->name));
  }
}

std::string_view publication_action(::AlterPublicationAction action) {
  return action == AP_AddObjects    ? "AP_AddObjects"
         : action == AP_DropObjects ? "AP_DropObjects"
                                    : "AP_SetObjects";
}

/// It asks the publisher for its tables, and unless told otherwise makes a slot there, which no transaction can take back.
void lower_create_subscription(const ::CreateSubscriptionStmt* node, const Source& source,
                               Statement& statement) {
  Command& command = add_command(statement, "CreateSubscriptionStmt", source.whole());
  command.name = view(node->subname);
  const bool connect = option_on(node->options, "connect", true);
  set_fact(command, "connect", connect);
  set_fact(command, "creates_slot", connect && option_on(node->options, "create_slot", true));
}

bool refreshes(const ::AlterSubscriptionStmt* node) {
  switch (node->kind) {
    case ALTER_SUBSCRIPTION_REFRESH: return true;
    case ALTER_SUBSCRIPTION_SET_PUBLICATION:
    case ALTER_SUBSCRIPTION_ADD_PUBLICATION:
    case ALTER_SUBSCRIPTION_DROP_PUBLICATION: return option_on(node->options, "refresh", true);
    default: return false;
  }
}

}  // namespace

bool lower_replication_statement(::Node* node, const Source& source, Statement& statement) {
  switch (node->type) {
    case T_CreatePublicationStmt: {
      auto* n = reinterpret_cast<::CreatePublicationStmt*>(node);
      lower_publication("CreatePublicationStmt",
                        {.name = n->pubname,
                         .objects = n->pubobjects,
                         .options = n->options,
                         .all_tables = n->for_all_tables,
                         .action = "AP_AddObjects"},
                        source, statement);
      return true;
    }
    case T_AlterPublicationStmt: {
      auto* n = reinterpret_cast<::AlterPublicationStmt*>(node);
      lower_publication("AlterPublicationStmt",
                        {.name = n->pubname,
                         .objects = n->pubobjects,
                         .options = n->options,
                         .all_tables = n->for_all_tables,
                         .action = publication_action(n->action)},
                        source, statement);
      return true;
    }
    case T_CreateSubscriptionStmt:
      lower_create_subscription(reinterpret_cast<::CreateSubscriptionStmt*>(node), source, statement);
      return true;
    case T_AlterSubscriptionStmt: {
      auto* n = reinterpret_cast<::AlterSubscriptionStmt*>(node);
      Command& command = add_command(statement, "AlterSubscriptionStmt", source.whole());
      command.name = view(n->subname);
      set_fact(command, "refresh", refreshes(n));
      return true;
    }
    default: return false;
  }
}

}  // namespace pgsluice::sql
