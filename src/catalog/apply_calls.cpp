// SPDX-License-Identifier: Apache-2.0
// What a definition that is kept calls and draws from: PostgreSQL stores objects, not names, so that neither search_path
// nor a new object of the name matters to it later.
#include <algorithm>
#include <utility>

#include "change.hpp"

namespace pgsluice {

std::vector<FunctionCall> CatalogChange::meant(std::span<const FunctionCall> calls) const {
  std::vector<FunctionCall> result(calls.begin(), calls.end());
  for (FunctionCall& call : result) call.schemaname = catalog_.function_name(call).schemaname;
  return result;
}

Box<Expression> CatalogChange::meant(Box<Expression> expression) const {
  if (!expression) return expression;
  const auto is_found_by_path = [](const RelationName& name) { return name.schemaname.empty(); };
  const bool calls = !expression->functions.empty() && !catalog_.objects_->functions.empty();
  if (!calls && std::ranges::none_of(expression->sequences, is_found_by_path)) return expression;
  Expression& edited = expression.edit();
  edited.functions = meant(edited.functions);
  for (RelationName& sequence : edited.sequences) {
    if (const Relation* found = catalog_.find(sequence)) sequence = found->name;
  }
  return expression;
}

IndexDef CatalogChange::meant(IndexDef index) const {
  for (IndexElement& element : index.elements) element.expression = meant(std::move(element.expression));
  index.predicate = meant(std::move(index.predicate));
  return index;
}

}  // namespace pgsluice
