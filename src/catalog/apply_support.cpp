// SPDX-License-Identifier: Apache-2.0
// Aggregates and operators: functions that call others.
#include "base/text.hpp"
#include "change.hpp"
#include "pgsluice/code.hpp"

namespace pgsluice {

/// Known as a function under its name, with code that calls what it is made of.
void CatalogChange::put_caller() {
  const bool aggregates = command_.text("objtype") == "OBJECT_AGGREGATE";
  CodeBlock code{.language = "sql", .text = "SELECT NULL", .stays_call = true};
  for (const ColumnDef& parameter : command_.columns) {
    code.types.push_back(parameter.type);
    code.parameters.emplace_back();
  }
  code.required = static_cast<int>(code.types.size());
  for (const FunctionCall& call : meant(std::vector<FunctionCall>(command_.functions))) {
    const int all = code.required + (aggregates ? 1 : 0);
    const int count = call.arguments < 0 ? all : call.arguments;
    std::string arguments;
    for (int i = 1; i <= count; ++i) arguments += cat(i > 1 ? ", $" : "$", std::to_string(i));
    code.text += cat(", ", RelationName{call.schemaname, call.name}.quoted(), "(", arguments, ")");
  }
  const RelationName name = type_full_name();
  catalog_.objects().functions[name].push_back(
      {.name = name, .volatility = "volatile", .owner = catalog_.role, .code = std::move(code)});
}

}  // namespace pgsluice
