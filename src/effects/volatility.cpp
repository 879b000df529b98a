// SPDX-License-Identifier: Apache-2.0
// Volatility of functions: from the servers' own pg_proc (rules/catalog, generated), or from the
// CREATE FUNCTION that came before.
#include <algorithm>
#include <array>
#include <string>

#include "base/text.hpp"
#include "catalog/builtins.hpp"
#include "pgsluice/code.hpp"
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

std::string_view declared(const Subject& subject, const FunctionCall& function) {
  if (const std::string_view own = subject.catalog.volatility(function); !own.empty()) return own;
  if (function.schemaname.empty()) {
    if (const auto overload = overload_volatility(function, subject.pg_version); !overload.empty())
      return overload;
    if (const std::string_view builtin = builtin_volatility(function.name); !builtin.empty()) return builtin;
  }
  const std::string_view extension = extension_volatility(function.name);
  const bool is_operator =
      std::string_view("+-*/<>=~!@#%^&|`?").find(function.name.str().substr(0, 1)) != std::string_view::npos;
  return extension.empty() && is_operator ? std::string_view("immutable") : extension;
}

/// One expression and no more, as far as its words tell.
bool is_one_expression(std::string_view body) {
  constexpr std::size_t longest = 1000;
  constexpr std::array k_more = {
      "where",     "limit",  "offset", "order", "group", "having",          "distinct", "union",
      "intersect", "except", "with",   "over",  "fetch", "generate_series", "unnest",   "agg",
      "count",     "sum",    "max",    "min",   "avg",   "bool_",           "every"};
  if (body.size() > longest) return false;
  const std::string text = to_lower(body);
  const std::size_t select = text.find("select");
  return select != std::string::npos && text.find("select", select + 1) == std::string::npos &&
         std::ranges::none_of(k_more, [&](const char* word) { return text.find(word) != std::string::npos; });
}

/// pg: clauses.c inline_function(): a function in SQL that is one expression is as volatile as that is, not as it is
/// declared.
bool is_inlined(const Subject& subject, const FunctionCall& function) {
  const std::vector<const CatalogFunction*> found = subject.catalog.functions(function);
  if (found.size() != 1 || !found.front()->code) return false;
  const CodeBlock& code = *found.front()->code;
  if (code.language != "sql" || code.security_definer || code.stays_call || code.result.setof) return false;
  if (!is_one_expression(code.text)) return false;
  const Body body = read_code(code);
  if (!body.problem.empty() || body.steps.size() != 1) return false;
  const Statement& query = body.steps.front().statement;
  if (query.tag != "SelectStmt" || query.commands.size() != 1) return false;
  const Command& select = query.commands.front();
  return select.relations.empty() && std::ranges::none_of(select.functions, [&](const FunctionCall& call) {
           const std::string_view marking = declared(subject, call);
           return marking.empty() || marking == "volatile";
         });
}

}  // namespace

std::string_view volatility(const Subject& subject, const FunctionCall& function) {
  const std::string_view marking = declared(subject, function);
  return marking == "volatile" && is_inlined(subject, function) ? "stable" : marking;
}

FactValue expression_volatility(const Subject& subject, const Expression& expression) {
  bool unknown = expression.subquery;
  bool stable = expression.current_time;
  for (const FunctionCall& function : expression.functions) {
    if (function.unreached) continue;
    const std::string_view marking = volatility(subject, function);
    if (marking == "volatile") return std::string_view("volatile");
    if (marking == "stable") stable = true;
    if (marking.empty()) unknown = true;
  }
  if (unknown) return Unknown{};
  return std::string_view(stable ? "stable" : "constant");
}

}  // namespace pgsluice::effects
