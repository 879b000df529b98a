// SPDX-License-Identifier: Apache-2.0
// The names of NOT NULL constraints.
#include <algorithm>

#include "dependencies.hpp"

namespace pgsluice {

void name_not_nulls(const Relation& source, Relation& relation) {
  for (const CatalogColumn& column : source.columns) {
    if (!column.not_null || relation.column(column.name) == nullptr) continue;
    const auto found = std::ranges::find_if(source.constraints, [&](const CatalogConstraint& constraint) {
      return constraint.contype == "CONSTR_NOTNULL" &&
             std::ranges::find(constraint.columns, column.name) != constraint.columns.end();
    });
    const Name name = found != source.constraints.end()
                          ? found->name
                          : Name(make_object_name(source.name.relname, column.name, "not_null"));
    if (relation.find_constraint(name) == nullptr)
      relation.constraints.push_back({.name = name, .contype = "CONSTR_NOTNULL", .columns = {column.name}});
  }
}

const CatalogColumn* column_of_not_null(const Relation& relation, Name constraint) {
  const auto found = std::ranges::find_if(relation.columns, [&](const CatalogColumn& column) {
    return column.not_null &&
           make_object_name(relation.name.relname, column.name, "not_null") == constraint.str();
  });
  return found != relation.columns.end() ? &*found : nullptr;
}

}  // namespace pgsluice
