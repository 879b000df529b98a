// SPDX-License-Identifier: Apache-2.0
// Volatility of functions: from the servers' own pg_proc (rules/catalog, generated), or from the
// CREATE FUNCTION that came before.
#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "base/embedded.hpp"
#include "subject.hpp"

namespace pgsluice::effects {

namespace {

struct PgCatalog {
  std::unordered_map<std::string_view, std::string_view> functions;
  std::unordered_set<std::string_view> types;
};

/// The strings of the array with that key. The file is generated and has no escapes; a test reads it as JSON.
template <typename Take>
void each_string(std::string_view json, std::string_view key, Take take) {
  std::size_t at = json.find('[', json.find("\"" + std::string(key) + "\":"));
  const std::size_t end = json.find(']', at);
  for (at = json.find('"', at); at < end; at = json.find('"', at + 1)) {
    const std::size_t begin = at + 1;
    at = json.find('"', begin);
    take(json.substr(begin, at - begin));
  }
}

/// Read at first use, and without a JSON document of thousands of values: a file of one line is linted in no time.
const PgCatalog& pg_catalog() {
  static const PgCatalog k_catalog = [] {
    const auto file = std::ranges::find(embedded_rules(), "catalog/pg_catalog.json", &EmbeddedFile::path);
    PgCatalog result;
    result.functions.reserve(4096);
    for (const std::string_view marking : {"immutable", "stable", "volatile"}) {
      each_string(file->contents, marking, [&](std::string_view name) { result.functions[name] = marking; });
    }
    each_string(file->contents, "types", [&](std::string_view name) { result.types.insert(name); });
    return result;
  }();
  return k_catalog;
}

}  // namespace

bool is_builtin_type(const TypeName& type) {
  if (!type.schemaname.empty()) return false;
  return pg_catalog().types.contains(type.name) || type.name.find("serial") != std::string::npos;
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
