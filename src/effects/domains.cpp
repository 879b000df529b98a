// SPDX-License-Identifier: Apache-2.0
#include "domains.hpp"

#include "catalog/builtins.hpp"

namespace pgsluice::effects {

namespace {

constexpr int k_deepest = 8;

void collect(const Catalog& catalog, const TypeName& type, int depth, std::vector<FunctionCall>& calls) {
  if (is_builtin_type(type) || depth == k_deepest) return;
  const CatalogType* found = catalog.find_type(type);
  if (found == nullptr) return;
  calls.insert(calls.end(), found->functions.begin(), found->functions.end());
  if (found->typtype == 'd') return collect(catalog, found->base, depth + 1, calls);
  const Relation* fields = found->typtype == 'c' ? catalog.find(found->name) : nullptr;
  if (fields == nullptr) return;
  for (const CatalogColumn& field : fields->columns) collect(catalog, field.type, depth + 1, calls);
}

}  // namespace

std::vector<FunctionCall> domain_checks(const Catalog& catalog, const TypeName& type) {
  std::vector<FunctionCall> calls;
  collect(catalog, type, 0, calls);
  return calls;
}

}  // namespace pgsluice::effects
