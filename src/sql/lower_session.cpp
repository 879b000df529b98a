// SPDX-License-Identifier: Apache-2.0
// Transactions, settings, prepared statements and cursors: what concerns the session.
#include <array>
#include <utility>

#include "lower.hpp"
#include "lower_text.hpp"

namespace pgsluice::sql {

namespace {

/// A constant of SET as text: a number, a word or a string, also that of SET TIME ZONE INTERVAL '…'.
std::string setting_value(const ::List* args) {
  std::string result;
  for (::Node* node : each(args)) {
    if (auto* interval = as<::TypeCast>(node, T_TypeCast)) node = interval->arg;
    auto* constant = as<::A_Const>(node, T_A_Const);
    if (constant == nullptr) continue;
    if (!result.empty()) result += ", ";
    switch (constant->val.node.type) {
      case T_Integer: result += std::to_string(constant->val.ival.ival); break;
      case T_Float: result += view(constant->val.fval.fval); break;
      case T_Boolean: result += constant->val.boolval.boolval ? "on" : "off"; break;
      default: result += view(constant->val.sval.sval); break;
    }
  }
  return result;
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
  command.name = view(node->savepoint_name);
}

void lower_set(const ::VariableSetStmt* node, const Source& source, Statement& statement) {
  constexpr std::array<std::string_view, 6> k_kinds = {"VAR_SET_VALUE", "VAR_SET_DEFAULT", "VAR_SET_CURRENT",
                                                       "VAR_SET_MULTI", "VAR_RESET",       "VAR_RESET_ALL"};
  Command& command = add_command(statement, "VariableSetStmt", source.whole());
  set_fact(command, "kind", k_kinds.at(static_cast<std::size_t>(node->kind)));
  set_fact(command, "is_local", node->is_local);
  command.name = view(node->name);
  command.new_name = setting_value(node->args);
}

/// EXPLAIN ANALYZE runs its statement, EXPLAIN only plans it: the locks are those of the statement.
void lower_inner(std::string_view tag, ::Node* query, const Source& source, Statement& statement) {
  Command& command = add_command(statement, tag, source.whole());
  if (auto* declared = as<::DeclareCursorStmt>(query, T_DeclareCursorStmt)) query = declared->query;
  if (query == nullptr) return;
  if (auto* create = as<::CreateTableAsStmt>(query, T_CreateTableAsStmt)) {
    return add_query_use(create->query, source, command);
  }
  Statement inner{.tag = {}, .range = source.whole(), .commands = {}};
  if (query->type == T_ExecuteStmt) {
    lower_statement(query, source, inner);
    command.inner = std::vector{std::move(inner)};
    return;
  }
  if (!lower_query(query, source, inner)) return;
  for (const Command& part : inner.commands) {
    for (RelationRef ref : part.relations) {
      if (ref.role == "target") ref.role = part.tag == "SelectStmt" ? "target" : "written";
      command.relations.push_back(ref);
    }
    command.functions = part.functions;
    command.changes = part.changes;
  }
  command.inner = std::vector{std::move(inner)};
}

}  // namespace

bool lower_session_statement(::Node* node, const Source& source, Statement& statement) {
  switch (node->type) {
    case T_TransactionStmt:
      lower_transaction(reinterpret_cast<::TransactionStmt*>(node), source, statement);
      return true;
    case T_VariableSetStmt:
      lower_set(reinterpret_cast<::VariableSetStmt*>(node), source, statement);
      return true;
    case T_DiscardStmt: {
      constexpr std::array<std::string_view, 4> k_targets = {"all", "plans", "sequences", "temp"};
      Command& command = add_command(statement, "DiscardStmt", source.whole());
      const auto target = static_cast<std::size_t>(reinterpret_cast<::DiscardStmt*>(node)->target);
      set_fact(command, "discards", k_targets.at(target));
      return true;
    }
    case T_ConstraintsSetStmt: {
      auto* n = reinterpret_cast<::ConstraintsSetStmt*>(node);
      Command& command = add_command(statement, "ConstraintsSetStmt", source.whole());
      for (auto* name : each<::RangeVar>(n->constraints)) command.names.emplace_back(view(name->relname));
      set_fact(command, "deferred", n->deferred);
      return true;
    }
    case T_ExplainStmt: {
      auto* n = reinterpret_cast<::ExplainStmt*>(node);
      lower_inner("ExplainStmt", n->query, source, statement);
      set_fact(statement.commands.back(), "analyze", option_on(n->options, "analyze"));
      return true;
    }
    case T_PrepareStmt: {
      auto* n = reinterpret_cast<::PrepareStmt*>(node);
      lower_inner("PrepareStmt", n->query, source, statement);
      statement.commands.back().name = view(n->name);
      return true;
    }
    case T_ExecuteStmt: {
      auto* n = reinterpret_cast<::ExecuteStmt*>(node);
      Command& command = add_command(statement, "ExecuteStmt", source.whole());
      command.name = view(n->name);
      std::vector<Text> arguments;
      for (::Node* parameter : each(n->params)) arguments.push_back(text_of(parameter));
      command.arguments = std::move(arguments);
      add_query_use(reinterpret_cast<::Node*>(n->params), source, command);
      return true;
    }
    case T_DeclareCursorStmt: {
      auto* n = reinterpret_cast<::DeclareCursorStmt*>(node);
      lower_inner("DeclareCursorStmt", n->query, source, statement);
      statement.commands.back().name = view(n->portalname);
      return true;
    }
    case T_FetchStmt: {
      Command& command = add_command(statement, "FetchStmt", source.whole());
      command.name = view(reinterpret_cast<::FetchStmt*>(node)->portalname);
      return true;
    }
    default: return false;
  }
}

}  // namespace pgsluice::sql
