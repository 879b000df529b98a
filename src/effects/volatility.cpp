// SPDX-License-Identifier: Apache-2.0
// Volatility of functions: from the servers' own pg_proc (rules/catalog, generated), or from the
// CREATE FUNCTION that came before.
#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "base/embedded.hpp"
#include "base/json.hpp"
#include "subject.hpp"

namespace pgsluice::effects {

namespace {

struct PgCatalog {
  std::map<std::string, std::string_view, std::less<>> functions;
  std::set<std::string, std::less<>> types;
};

/// Read at first use only: most migrations call no function in a default.
const PgCatalog& pg_catalog() {
  static const PgCatalog k_catalog = [] {
    PgCatalog result;
    const auto file = std::ranges::find(embedded_rules(), "catalog/pg_catalog.json", &EmbeddedFile::path);
    const Json json = parse_json(file->contents, file->path);
    for (const std::string_view marking : {"immutable", "stable", "volatile"}) {
      for (const Json& name : json.at(std::string(marking)))
        result.functions[name.get<std::string>()] = marking;
    }
    for (const Json& name : json.at("types")) result.types.insert(name.get<std::string>());
    return result;
  }();
  return k_catalog;
}

}  // namespace

bool is_builtin_type(const TypeName& type) {
  if (!type.schemaname.empty()) return false;
  return type.name.find("serial") != std::string::npos || pg_catalog().types.contains(type.name);
}

std::string_view volatility(const Subject& subject, const FunctionCall& function) {
  if (const std::string_view own = subject.catalog.volatility(function); !own.empty()) return own;
  if (!function.schemaname.empty()) return {};
  const auto found = pg_catalog().functions.find(function.name);
  return found != pg_catalog().functions.end() ? found->second : std::string_view();
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
