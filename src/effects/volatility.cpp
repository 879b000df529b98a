// SPDX-License-Identifier: Apache-2.0
// Volatility of functions: from the servers' own pg_proc (rules/catalog, generated), or from the
// CREATE FUNCTION that came before.
#include "catalog/builtins.hpp"
#include "subject.hpp"

namespace pgsluice::effects {

namespace {

/// pg_proc's names whose overloads are marked so differently that it matters; empty: by name alone.
std::string_view overload_volatility(const FunctionCall& function, int pg_version) {
  if (function.name == "ts_rewrite" && function.arguments == 3) return "immutable";
  if (function.name != "timezone") return {};
  // AT LOCAL, and timezone(text, timetz), depend on the session's zone; the latter was marked volatile up to 14.
  if (function.arguments != 2) return function.arguments == 1 ? "stable" : std::string_view();
  const bool has_date =
      function.types.size() == 2 && !function.types[1].empty() && function.types[1] != "timetz";
  if (has_date) return "immutable";
  return pg_version >= 15 ? "stable" : std::string_view();
}

}  // namespace

std::string_view volatility(const Subject& subject, const FunctionCall& function) {
  if (const std::string_view own = subject.catalog.volatility(function); !own.empty()) return own;
  if (function.schemaname.empty()) {
    if (const auto overload = overload_volatility(function, subject.pg_version); !overload.empty())
      return overload;
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
