// SPDX-License-Identifier: Apache-2.0
#include "builtins.hpp"

#include <algorithm>

#include "base/contains.hpp"
#include "base/embedded.hpp"
#include "base/text.hpp"

namespace pgsluice {

namespace {

std::string_view read(std::string_view path) {
  return std::ranges::find(embedded_rules(), path, &EmbeddedFile::path)->contents;
}

/// The strings of the array with that key. The files are generated and have no escapes; a test reads them as JSON.
template <typename Take>
void each_string(std::string_view json, std::string_view key, Take take) {
  const std::size_t place = find_in(json, cat("\"", key, "\": ["));
  if (place == std::string_view::npos) return;
  std::size_t at = json.find('[', place);
  const std::size_t end = json.find(']', at);
  for (at = json.find('"', at); at < end; at = json.find('"', at + 1)) {
    const std::size_t begin = at + 1;
    at = json.find('"', begin);
    take(json.substr(begin, at - begin));
  }
}

NameSet names(std::string_view json, std::string_view key) {
  NameSet result;
  each_string(json, key, [&](std::string_view name) { result.insert(name); });
  return result;
}

/// A name that has several markings keeps the last, the most volatile one.
void add_functions(std::string_view json, Extension& extension) {
  for (const std::string_view marking : {"immutable", "stable", "volatile"}) {
    each_string(json, marking, [&](std::string_view name) { extension.functions[name] = marking; });
  }
}

/// Its types and casts. Read at first use, and without a JSON document of thousands of values: a file of one line is linted
/// in no time.
const Extension& pg_catalog() {
  static const Extension k_catalog = [] {
    const std::string_view json = read("catalog/pg_catalog.json");
    return Extension{.types = names(json, "types"), .binary_casts = names(json, "binary_casts")};
  }();
  return k_catalog;
}

/// Apart from the rest: there are thousands, and most files call none.
const Extension& pg_catalog_functions() {
  static const Extension k_functions = [] {
    Extension result;
    result.functions.reserve(4096);
    add_functions(read("catalog/pg_catalog.json"), result);
    return result;
  }();
  return k_functions;
}

Extension read_extension(std::string_view json) {
  Extension result{.types = names(json, "types"),
                   .opclasses = names(json, "opclasses"),
                   .default_for = names(json, "default_for"),
                   .binary_casts = names(json, "binary_casts"),
                   .access_methods = names(json, "access_methods"),
                   .wrappers = names(json, "wrappers"),
                   .views = names(json, "views")};
  add_functions(json, result);
  return result;
}

/// `"name": { … }` one after another.
const std::unordered_map<std::string_view, Extension>& extensions() {
  static const std::unordered_map<std::string_view, Extension> k_extensions = [] {
    std::unordered_map<std::string_view, Extension> result;
    const std::string_view json = read("catalog/extensions.json");
    for (std::size_t end = 1; end < json.size();) {
      const std::size_t begin = json.find('"', end);
      if (begin == std::string_view::npos) break;
      const std::size_t open = json.find('{', begin);
      end = json.find('}', open);
      const std::string_view name = json.substr(begin + 1, json.find('"', begin + 1) - begin - 1);
      result.emplace(name, read_extension(json.substr(open, end - open)));
    }
    return result;
  }();
  return k_extensions;
}

/// No file says which extensions bring functions, types or casts with a schema.
template <typename Holds>
bool any_extension(Holds holds) {
  return std::ranges::any_of(extensions(), [&](const auto& item) { return holds(item.second); });
}

}  // namespace

const Extension* bundled_extension(std::string_view name) {
  const auto found = extensions().find(name);
  return found != extensions().end() ? &found->second : nullptr;
}

bool is_builtin_function(std::string_view function) {
  static const NameSet k_aggregates = names(read("catalog/pg_catalog.json"), "aggregates");
  return !builtin_volatility(function).empty() || !extension_volatility(function).empty() ||
         k_aggregates.contains(function);
}

std::string_view builtin_volatility(std::string_view function) {
  const auto found = pg_catalog_functions().functions.find(function);
  return found != pg_catalog_functions().functions.end() ? found->second : std::string_view();
}

std::string_view extension_volatility(std::string_view function) {
  std::string_view worst;
  for (const auto& [name, extension] : extensions()) {
    const auto found = extension.functions.find(function);
    if (found == extension.functions.end()) continue;
    // immutable, stable, volatile: the alphabet has them in this order.
    worst = std::max(worst, found->second);
  }
  return worst;
}

bool is_builtin_type(const TypeName& type) {
  if (!type.schemaname.empty()) return false;
  return type.name.find("serial") != std::string::npos || pg_catalog().types.contains(type.name.str());
}

bool is_extension_type(const TypeName& type) {
  return any_extension([&](const Extension& extension) { return extension.types.contains(type.name.str()); });
}

bool is_extension_wrapper(std::string_view wrapper) {
  return any_extension([&](const Extension& extension) { return extension.wrappers.contains(wrapper); });
}

bool is_extension_opclass(std::string_view opclass) {
  return any_extension([&](const Extension& extension) { return extension.opclasses.contains(opclass); });
}

bool is_builtin_binary_cast(std::string_view from, std::string_view to) {
  const std::string cast = std::string(from) + "/" + std::string(to);
  if (pg_catalog().binary_casts.contains(cast)) return true;
  return any_extension([&](const Extension& extension) { return extension.binary_casts.contains(cast); });
}

}  // namespace pgsluice
