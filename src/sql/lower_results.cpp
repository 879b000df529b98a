// SPDX-License-Identifier: Apache-2.0
// What the columns of a SELECT are: columns of the relations that it reads, and casts. Anything else is left to be unknown.
#include <map>
#include <utility>

#include "lower.hpp"

namespace pgsluice::sql {

namespace {

using Relations = std::map<std::string_view, RelationName>;

/// The relations of FROM by the names under which the query knows them.
Relations known_relations(const ::SelectStmt* select) {
  Relations relations;
  std::vector<::Node*> items;
  for (::Node* item : each(select->fromClause)) items.push_back(item);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (auto* join = as<::JoinExpr>(items[i], T_JoinExpr)) {
      items.push_back(join->larg);
      items.push_back(join->rarg);
    } else if (auto* range = as<::RangeVar>(items[i], T_RangeVar)) {
      relations[view(range->alias != nullptr ? range->alias->aliasname : range->relname)] =
          relation_name(range);
    }
  }
  return relations;
}

/// `column`, `relation.column`, `relation.*` or `*`.
ResultColumn of_reference(const ::ColumnRef* reference, const Relations& relations) {
  const ::List* fields = reference->fields;
  auto* last = static_cast<::Node*>(fields->elements[fields->length - 1].ptr_value);
  ResultColumn result;
  result.column = last->type == T_A_Star ? Name("*") : Name(string_value(last));
  result.name = result.column;
  if (fields->length == 1) {
    if (relations.size() == 1) result.relation = relations.begin()->second;
    return result;
  }
  const std::string_view qualifier =
      string_value(static_cast<::Node*>(fields->elements[fields->length - 2].ptr_value));
  const auto found = relations.find(qualifier);
  if (found == relations.end()) return {.name = result.name};
  result.relation = found->second;
  return result;
}

ResultColumn of_target(const ::ResTarget* target, const Relations& relations) {
  ResultColumn result;
  if (auto* reference = as<::ColumnRef>(target->val, T_ColumnRef)) {
    result = of_reference(reference, relations);
  } else if (auto* cast = as<::TypeCast>(target->val, T_TypeCast)) {
    result.type = type_name(cast->typeName);
    auto* inner = as<::ColumnRef>(cast->arg, T_ColumnRef);
    result.name = inner != nullptr ? of_reference(inner, relations).name : result.type->name;
  }
  if (target->name != nullptr) result.name = view(target->name);
  return result;
}

}  // namespace

std::vector<ResultColumn> result_columns(::Node* query, const ::List* names) {
  auto* select = as<::SelectStmt>(query, T_SelectStmt);
  const bool plain = select != nullptr && select->op == SETOP_NONE && select->withClause == nullptr &&
                     length(select->valuesLists) == 0;
  if (!plain) return {};
  const Relations relations = known_relations(select);
  std::vector<ResultColumn> columns;
  for (auto* target : each<::ResTarget>(select->targetList)) columns.push_back(of_target(target, relations));
  std::size_t place = 0;
  for (::Node* name : each(names)) {
    // Behind a star nobody knows which column it is.
    if (place == columns.size()) break;
    if (columns[place].column == "*") return {};
    columns[place++].name = string_value(name);
  }
  return columns;
}

}  // namespace pgsluice::sql
