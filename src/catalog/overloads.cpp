// SPDX-License-Identifier: Apache-2.0
#include "overloads.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "pgsluice/code.hpp"

namespace pgsluice {

namespace {

using Candidates = std::vector<const CatalogFunction*>;

constexpr std::string_view k_literal = "unknown";  // pg_type's own name for it

const TypeName* parameter(const CatalogFunction& function, std::size_t place) {
  const bool known = function.code && place < function.code->types.size();
  return known ? &function.code->types[place] : nullptr;
}

bool takes_exactly(const CatalogFunction& function, std::size_t place, Name type) {
  const TypeName* wanted = parameter(function, place);
  return wanted != nullptr && !wanted->array && wanted->name == type;
}

/// pg_type.typcategory of common types: Numeric, String, Date and time, Boolean; blank: not known here.
char category(std::string_view type) {
  constexpr std::array<std::pair<std::string_view, char>, 14> k_categories = {{{"int2", 'N'},
                                                                               {"int4", 'N'},
                                                                               {"int8", 'N'},
                                                                               {"numeric", 'N'},
                                                                               {"float4", 'N'},
                                                                               {"float8", 'N'},
                                                                               {"text", 'S'},
                                                                               {"varchar", 'S'},
                                                                               {"bpchar", 'S'},
                                                                               {"name", 'S'},
                                                                               {"date", 'D'},
                                                                               {"timestamp", 'D'},
                                                                               {"timestamptz", 'D'},
                                                                               {"bool", 'B'}}};
  const auto found = std::ranges::find(k_categories, type, &std::pair<std::string_view, char>::first);
  return found != k_categories.end() ? found->second : ' ';
}

bool takes_string(const CatalogFunction& function, std::size_t place) {
  const TypeName* wanted = parameter(function, place);
  return wanted != nullptr && !wanted->array && category(wanted->name.str()) == 'S';
}

/// No implicit cast leads from one category to another one.
bool refuses(const CatalogFunction& function, std::size_t place, Name type) {
  const TypeName* wanted = parameter(function, place);
  if (wanted == nullptr || !wanted->schemaname.empty()) return false;
  const char given = category(type.str());
  const char taken = category(wanted->name.str());
  return given != ' ' && (wanted->array || (taken != ' ' && taken != given));
}

/// Those of them for which it holds; all, if it holds for none.
template <typename Condition>
Candidates preferred(Candidates candidates, Condition condition) {
  Candidates left;
  for (const CatalogFunction* one : candidates) {
    if (condition(*one)) left.push_back(one);
  }
  return left.empty() ? std::move(candidates) : left;
}

}  // namespace

/// parse_func.c func_select_candidate(), without the steps that ask for preferred types: where those decide, all are left.
std::vector<const CatalogFunction*> chosen_overloads(Candidates candidates, const FunctionCall& call) {
  const auto is_known = [&](std::size_t place) {
    return !call.types[place].empty() && call.types[place] != k_literal;
  };
  candidates = preferred(std::move(candidates), [&](const CatalogFunction& function) {
    for (std::size_t i = 0; i < call.types.size(); ++i) {
      if (is_known(i) && refuses(function, i, call.types[i])) return false;
    }
    return true;
  });
  candidates = preferred(std::move(candidates), [&](const CatalogFunction& function) {
    for (std::size_t i = 0; i < call.types.size(); ++i) {
      if (is_known(i) && !takes_exactly(function, i, call.types[i])) return false;
    }
    return true;
  });
  for (std::size_t i = 0; i < call.types.size() && candidates.size() > 1; ++i) {
    if (call.types[i] != k_literal) continue;
    candidates = preferred(std::move(candidates),
                           [i](const CatalogFunction& function) { return takes_string(function, i); });
  }
  return candidates;
}

}  // namespace pgsluice
