// SPDX-License-Identifier: Apache-2.0
// Volatility of functions: from the servers' own pg_proc (rules/catalog, generated), or from the
// CREATE FUNCTION that came before.
#include "catalog/builtins.hpp"
#include "subject.hpp"

namespace pgsluice::effects {

std::string_view volatility(const Subject& subject, const FunctionCall& function) {
  if (const std::string_view own = subject.catalog.volatility(function); !own.empty()) return own;
  if (function.schemaname.empty()) {
    if (const std::string_view builtin = builtin_volatility(function.name); !builtin.empty()) return builtin;
  }
  return extension_volatility(function.name);
}

FactValue expression_volatility(const Subject& subject, const Expression& expression) {
  bool unknown = expression.subquery;
  bool stable = expression.current_time;
  for (const FunctionCall& function : expression.functions) {
    const std::string_view marking = volatility(subject, function);
    if (marking == "volatile") return std::string_view("volatile");
    if (marking == "stable") stable = true;
    if (marking.empty()) unknown = true;
  }
  if (unknown) return Unknown{};
  return std::string_view(stable ? "stable" : "constant");
}

}  // namespace pgsluice::effects
