// SPDX-License-Identifier: Apache-2.0
// Access rights and owners, and what is done to all that a role owns.
#include "lower.hpp"

namespace pgsluice::sql {

namespace {

/// What of its work the loss of a privilege on such an object ends.
std::string_view ended_work(::ObjectType objtype, std::string_view privilege) {
  switch (objtype) {
    case OBJECT_TABLE:
      if (privilege == "select") return "reading";
      return privilege == "references" || privilege == "trigger" || privilege == "maintain" ? "none"
                                                                                            : "writing";
    case OBJECT_SEQUENCE: return "writing";
    case OBJECT_SCHEMA: return privilege == "usage" ? "reading" : "none";
    case OBJECT_DATABASE: return privilege == "connect" ? "reading" : "none";
    case OBJECT_FUNCTION:
    case OBJECT_PROCEDURE:
    case OBJECT_ROUTINE: return "reading";
    default: return "none";
  }
}

/// What of its work a role may lose: its reading, or only its writing. Of tables and sequences PUBLIC has nothing unless
/// somebody has given it; and behind REVOKE ALL, a GRANT of what stays is written as a rule.
std::string_view revoked(const ::GrantStmt* node) {
  if (node->is_grant || node->grant_option) return "none";
  bool of_a_user = node->objtype != OBJECT_TABLE && node->objtype != OBJECT_SEQUENCE;
  for (auto* role : each<::RoleSpec>(node->grantees))
    of_a_user = of_a_user || role->roletype != ROLESPEC_PUBLIC;
  if (!of_a_user) return "none";
  std::string_view worst = "none";
  for (auto* privilege : each<::AccessPriv>(node->privileges)) {
    const std::string_view work = ended_work(node->objtype, view(privilege->priv_name));
    if (work == "reading") return work;
    if (work != "none") worst = work;
  }
  return worst;
}

/// ALTER ROLE … NOLOGIN.
bool forbids_login(const ::AlterRoleStmt* node) {
  for (auto* option : each<::DefElem>(node->options)) {
    if (view(option->defname) == "canlogin") return !reinterpret_cast<::Boolean*>(option->arg)->boolval;
  }
  return false;
}

void lower_grant(const ::GrantStmt* node, const Source& source, Statement& statement) {
  const bool on_relations = node->targtype == ACL_TARGET_OBJECT &&
                            (node->objtype == OBJECT_TABLE || node->objtype == OBJECT_SEQUENCE);
  const auto add = [&]() -> Command& {
    Command& command = add_command(statement, "GrantStmt", source.whole());
    set_fact(command, "is_grant", node->is_grant);
    set_fact(command, "revoked", revoked(node));
    set_fact(command, "objtype", object_type_name(node->objtype));
    set_fact(command, "targtype",
             node->targtype == ACL_TARGET_ALL_IN_SCHEMA ? "ACL_TARGET_ALL_IN_SCHEMA" : "ACL_TARGET_OBJECT");
    return command;
  };
  if (!on_relations) {
    Command& command = add();
    for (::Node* object : each(node->objects)) command.names.emplace_back(string_value(object));
    return;
  }
  for (auto* relation : each<::RangeVar>(node->objects))
    add_relation(add(), "target", relation_name(relation));
}

}  // namespace

void add_roles(const ::List* roles, Command& command) {
  for (auto* role : each<::RoleSpec>(roles)) {
    if (role->roletype != ROLESPEC_PUBLIC) command.names.emplace_back(view(role->rolename));
  }
}

bool lower_rights_statement(::Node* node, const Source& source, Statement& statement) {
  switch (node->type) {
    case T_GrantStmt: lower_grant(reinterpret_cast<::GrantStmt*>(node), source, statement); return true;
    case T_AlterRoleStmt: {
      Command& command = add_command(statement, "AlterRoleStmt", source.whole());
      set_fact(command, "forbids_login", forbids_login(reinterpret_cast<::AlterRoleStmt*>(node)));
      return true;
    }
    case T_GrantRoleStmt: {
      Command& command = add_command(statement, "GrantRoleStmt", source.whole());
      auto* n = reinterpret_cast<::GrantRoleStmt*>(node);
      set_fact(command, "is_grant", n->is_grant || n->opt != nullptr);
      return true;
    }
    case T_DropOwnedStmt: {
      auto* n = reinterpret_cast<::DropOwnedStmt*>(node);
      Command& command = add_command(statement, "DropOwnedStmt", source.whole());
      set_fact(command, "behavior", behavior_name(n->behavior));
      add_roles(n->roles, command);
      return true;
    }
    case T_ReassignOwnedStmt: {
      auto* n = reinterpret_cast<::ReassignOwnedStmt*>(node);
      Command& command = add_command(statement, "ReassignOwnedStmt", source.whole());
      add_roles(n->roles, command);
      command.new_name = view(n->newrole->rolename);
      return true;
    }
    case T_AlterTableMoveAllStmt: {
      auto* n = reinterpret_cast<::AlterTableMoveAllStmt*>(node);
      Command& command = add_command(statement, "AlterTableMoveAllStmt", source.whole());
      set_fact(command, "objtype", object_type_name(n->objtype));
      command.name = view(n->orig_tablespacename);
      command.tablespace = view(n->new_tablespacename);
      add_roles(n->roles, command);
      return true;
    }
    default: return false;
  }
}

}  // namespace pgsluice::sql
