// SPDX-License-Identifier: Apache-2.0
// Statements that hold others: DO, CREATE FUNCTION and PROCEDURE, whose code is kept as it is written, CREATE SCHEMA; and
// CALL.
#include <utility>

#include "lexer.hpp"
#include "lower.hpp"
#include "lower_text.hpp"

namespace pgsluice::sql {

namespace {

/// Where the string behind a location stands in the file, if it is quoted with dollars.
void locate(CodeBlock& code, const Source& source, int location) {
  if (location < 0) return;
  Lexer lexer(source.text, static_cast<std::size_t>(location));
  Token token = lexer.next();
  while (token.kind != TokenKind::string && token.kind != TokenKind::end) token = lexer.next();
  const std::string_view quoted = lexer.text(token);
  if (!quoted.starts_with('$')) return;
  code.offset = source.offset + token.begin + quoted.find('$', 1) + 1;
  code.exact = true;
}

void lower_do(const ::DoStmt* node, const Source& source, Statement& statement) {
  Command& command = add_command(statement, "DoStmt", source.whole());
  CodeBlock code{.language = "plpgsql"};
  for (auto* option : each<::DefElem>(node->args)) {
    if (view(option->defname) == "language") code.language = string_value(option->arg);
    if (view(option->defname) != "as") continue;
    code.text = string_value(option->arg);
    locate(code, source, option->location);
  }
  command.code = std::move(code);
}

/// Empty: nothing is said.
std::string_view volatility(const ::List* options) {
  for (auto* option : each<::DefElem>(options)) {
    if (view(option->defname) != "volatility") continue;
    const std::string_view value = string_value(option->arg);
    if (value == "immutable") return "immutable";
    return value == "stable" ? "stable" : "volatile";
  }
  return {};
}

Names search_path_of(const ::VariableSetStmt* setting) {
  Names path;
  for (::Node* node : each(setting->args)) {
    auto* constant = as<::A_Const>(node, T_A_Const);
    if (constant != nullptr && constant->val.node.type == T_String)
      path.emplace_back(view(constant->val.sval.sval));
  }
  return path;
}

void lower_alter_function(const ::AlterFunctionStmt* node, const Source& source, Statement& statement) {
  Command& command = add_command(statement, "AlterFunctionStmt", source.whole());
  const RelationName name = relation_name(node->func->objname);
  command.name = name.relname;
  command.new_name = name.schemaname;
  set_fact(command, "volatility", volatility(node->actions));
  for (auto* action : each<::DefElem>(node->actions)) {
    auto* setting = as<::VariableSetStmt>(action->arg, T_VariableSetStmt);
    if (setting == nullptr || (setting->kind != VAR_RESET_ALL && view(setting->name) != "search_path"))
      continue;
    set_fact(command, "sets_search_path", true);
    command.names = search_path_of(setting);
  }
}

void lower_parameters(const ::List* parameters, CodeBlock& code) {
  for (auto* parameter : each<::FunctionParameter>(parameters)) {
    if (parameter->mode == FUNC_PARAM_OUT || parameter->mode == FUNC_PARAM_TABLE) continue;
    code.parameters.emplace_back(view(parameter->name));
    code.types.push_back(type_name(parameter->argType));
    code.defaults.push_back(parameter->defexpr != nullptr ? text_of(parameter->defexpr) : Text());
    if (parameter->defexpr == nullptr) code.required = static_cast<int>(code.parameters.size());
    if (parameter->mode == FUNC_PARAM_VARIADIC) code.variadic = true;
  }
}

void lower_setting(const ::VariableSetStmt* setting, CodeBlock& code) {
  if (view(setting->name) == "search_path") code.search_path = search_path_of(setting);
}

void lower_option(const ::DefElem* option, const Source& source, CodeBlock& code) {
  const std::string_view name = view(option->defname);
  if (name == "language") code.language = string_value(option->arg);
  if (name == "security" && option->arg != nullptr)
    code.security_definer = reinterpret_cast<::Boolean*>(option->arg)->boolval;
  if (name == "set" || name == "strict") code.stays_call = true;
  if (name == "strict" && option->arg != nullptr)
    code.strict = reinterpret_cast<::Boolean*>(option->arg)->boolval;
  if (name == "set") lower_setting(reinterpret_cast<::VariableSetStmt*>(option->arg), code);
  if (name != "as") return;
  auto* strings = as<::List>(option->arg, T_List);
  if (length(strings) != 1) return;  // a C function has two
  code.text = string_value(strings->elements[0].ptr_value);
  locate(code, source, option->location);
}

/// RETURN expression, or the statements of BEGIN ATOMIC.
Body lower_body(::Node* node, const Source& source) {
  Body body;
  const auto add = [&](::Node* part) {
    CodeStep& step = body.steps.emplace_back();
    step.range = source.whole();
    step.statement.range = source.whole();
    if (auto* returned = as<::ReturnStmt>(part, T_ReturnStmt)) {
      step.statement.tag = "SelectStmt";
      add_query_use(returned->returnval, source, add_command(step.statement, "SelectStmt", source.whole()));
    } else {
      lower_statement(part, source, step.statement);
    }
  };
  if (auto* blocks = as<::List>(node, T_List)) {
    for (auto* block : each<::List>(blocks)) {
      for (::Node* part : each(block)) add(part);
    }
  } else {
    add(node);
  }
  return body;
}

void lower_function(const ::CreateFunctionStmt* node, const Source& source, Statement& statement) {
  Command& command = add_command(statement, "CreateFunctionStmt", source.whole());
  const RelationName name = relation_name(node->funcname);
  command.name = name.relname;
  command.new_name = name.schemaname;
  set_fact(command, "is_procedure", node->is_procedure);
  const std::string_view marking = volatility(node->options);
  set_fact(command, "volatility", marking.empty() ? std::string_view("volatile") : marking);
  set_fact(command, "replace", node->replace);
  CodeBlock code{.language = "sql"};
  lower_parameters(node->parameters, code);
  set_fact(command, "arguments", Name(type_list(code.types)));
  code.result = type_name(node->returnType);
  for (auto* option : each<::DefElem>(node->options)) lower_option(option, source, code);
  if (node->sql_body != nullptr) code.body = lower_body(node->sql_body, source);
  command.code = std::move(code);
  add_query_use(node->sql_body, source, command);
}

void lower_event_trigger(const ::CreateEventTrigStmt* create, const Source& source, Statement& statement) {
  Command& command = add_command(statement, "CreateEventTrigStmt", source.whole());
  command.name = view(create->trigname);
  command.new_name = view(create->eventname);
  const RelationName function = relation_name(create->funcname);
  command.functions.push_back({.schemaname = function.schemaname, .name = function.relname});
  for (auto* filter : each<::DefElem>(create->whenclause)) {
    for (::Node* tag : each(as<::List>(filter->arg, T_List))) command.names.emplace_back(string_value(tag));
  }
}

void lower_alter_event_trigger(const ::AlterEventTrigStmt* alter, const Source& source,
                               Statement& statement) {
  Command& command = add_command(statement, "AlterEventTrigStmt", source.whole());
  command.name = view(alter->trigname);
  command.new_name = std::string(1, alter->tgenabled);
}

}  // namespace

bool lower_code_statement(::Node* node, const Source& source, Statement& statement) {
  switch (node->type) {
    case T_DoStmt: lower_do(reinterpret_cast<::DoStmt*>(node), source, statement); return true;
    case T_CreateFunctionStmt:
      lower_function(reinterpret_cast<::CreateFunctionStmt*>(node), source, statement);
      return true;
    case T_AlterFunctionStmt:
      lower_alter_function(reinterpret_cast<::AlterFunctionStmt*>(node), source, statement);
      return true;
    case T_CreateEventTrigStmt:
      lower_event_trigger(reinterpret_cast<::CreateEventTrigStmt*>(node), source, statement);
      return true;
    case T_AlterEventTrigStmt:
      lower_alter_event_trigger(reinterpret_cast<::AlterEventTrigStmt*>(node), source, statement);
      return true;
    case T_CallStmt: {
      Command& command = add_command(statement, "CallStmt", source.whole());
      auto* call = reinterpret_cast<::CallStmt*>(node)->funccall;
      add_query_use(reinterpret_cast<::Node*>(call), source, command);
      return true;
    }
    default: return false;
  }
}

}  // namespace pgsluice::sql
