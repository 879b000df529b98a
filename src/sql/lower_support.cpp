// SPDX-License-Identifier: Apache-2.0
// The functions that an aggregate or an operator calls.
#include <algorithm>
#include <array>
#include <string_view>

#include "lower.hpp"

namespace pgsluice::sql {

namespace {

RelationName function_name(::Node* written) {
  if (auto* type = as<::TypeName>(written, T_TypeName)) return relation_name(type->names);
  auto* names = as<::List>(written, T_List);
  return names != nullptr ? relation_name(names) : RelationName{};
}

void add_parameter(const ::TypeName* type, Command& command) {
  ColumnDef parameter;
  parameter.type = type_name(type);
  command.columns.push_back(std::move(parameter));
}

}  // namespace

/// With what they take as the command's columns.
void add_support_functions(const ::DefineStmt* node, Command& command) {
  if (node->kind != OBJECT_AGGREGATE && node->kind != OBJECT_OPERATOR) return;
  const bool aggregates = node->kind == OBJECT_AGGREGATE;
  if (aggregates && length(node->args) > 0) {
    auto* parameters = as<::List>(node->args->elements[0].ptr_value, T_List);
    for (auto* parameter : each<::FunctionParameter>(parameters)) add_parameter(parameter->argType, command);
  }
  constexpr std::array<std::string_view, 4> k_functions = {"sfunc", "finalfunc", "function", "procedure"};
  for (auto* option : each<::DefElem>(node->definition)) {
    const std::string_view name = view(option->defname);
    const bool is_side = name == "leftarg" || name == "rightarg" || (aggregates && name == "basetype");
    if (auto* type = as<::TypeName>(option->arg, T_TypeName); type != nullptr && is_side)
      add_parameter(type, command);
    if (std::ranges::find(k_functions, name) == k_functions.end()) continue;
    const RelationName function = function_name(option->arg);
    if (function.empty()) continue;
    command.functions.push_back({.schemaname = function.schemaname, .name = function.relname});
    command.functions.back().arguments =
        name == "finalfunc" ? 1 : -1;  // -1: all, after the state of an aggregate
  }
}

}  // namespace pgsluice::sql
