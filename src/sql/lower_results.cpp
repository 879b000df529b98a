// SPDX-License-Identifier: Apache-2.0
// What the columns of a SELECT are: columns of the relations that it reads, constants and casts. Of anything else only the
// name is known.
#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "lower.hpp"
#include "output_name.hpp"

namespace pgsluice::sql {

namespace {

using NamedRelation = std::pair<std::string_view, RelationName>;

/// What FROM has.
struct From {
  std::vector<NamedRelation> relations;  ///< under the names that the query gives them
  bool others = false;                   ///< it has more than relations
  bool renamed = false;                  ///< columns go by other names: t AS x (a, b)
  bool merged = false;                   ///< USING and NATURAL: columns come in another order
};

From read_from(const ::SelectStmt* select) {
  From from;
  std::vector<::Node*> items;
  for (::Node* item : each(select->fromClause)) items.push_back(item);
  std::ranges::reverse(items);
  while (!items.empty()) {
    ::Node* item = items.back();
    items.pop_back();
    auto* range = as<::RangeVar>(item, T_RangeVar);
    if (auto* join = as<::JoinExpr>(item, T_JoinExpr)) {
      from.merged = from.merged || length(join->usingClause) > 0 || join->isNatural;
      from.renamed = from.renamed || join->alias != nullptr;
      items.push_back(join->rarg);
      items.push_back(join->larg);
    } else if (range == nullptr) {
      from.others = true;
    } else if (range->alias != nullptr && length(range->alias->colnames) > 0) {
      from.renamed = true;
    } else {
      from.relations.emplace_back(view(range->alias != nullptr ? range->alias->aliasname : range->relname),
                                  relation_name(range));
    }
  }
  return from;
}

ResultColumn of_qualified(std::string_view qualifier, ResultColumn column, const From& from) {
  const auto found = std::ranges::find(from.relations, qualifier, &NamedRelation::first);
  if (found != from.relations.end()) {
    column.relation = found->second;
    return column;
  }
  if (column.column == "*") return {};
  return {.name = column.name};
}

/// `column`, `relation.column`, `relation.*` or `*`, which is that of each relation.
std::vector<ResultColumn> of_reference(const ::ColumnRef* reference, const From& from) {
  const ::List* fields = reference->fields;
  auto* last = static_cast<::Node*>(fields->elements[fields->length - 1].ptr_value);
  const bool is_star = last->type == T_A_Star;
  ResultColumn result;
  result.column = is_star ? Name("*") : Name(string_value(last));
  result.name = result.column;
  if (fields->length > 1)
    return {of_qualified(string_value(fields->elements[fields->length - 2].ptr_value), result, from)};
  if (!is_star) {
    if (from.others || from.renamed) result.column = {};  // of anything in FROM
    if (from.relations.size() == 1) result.relation = from.relations.front().second;
    return {result};
  }
  if (from.renamed) return {ResultColumn{}};
  if (from.others || from.merged) return {result};
  std::vector<ResultColumn> results;
  for (const auto& [alias, relation] : from.relations) {
    result.relation = relation;
    results.push_back(result);
  }
  return results;
}

/// parse_target.c FigureColname(): what is none of these has a name, or its name is not known here.
Name name_of(::Node* value) {
  if (const Name name = output_name(value); !name.empty()) return name;
  const auto* operation = as<::A_Expr>(value, T_A_Expr);
  const bool has_none =
      as<::A_Const>(value, T_A_Const) != nullptr || as<::BoolExpr>(value, T_BoolExpr) != nullptr ||
      as<::NullTest>(value, T_NullTest) != nullptr || (operation != nullptr && operation->kind == AEXPR_OP);
  return has_none ? Name("?column?") : Name();
}

/// Of a constant: analyze.c resolves a string that stays without a type to text.
Box<TypeName> type_of(::A_Const* constant) {
  if (constant->isnull) return TypeName{.schemaname = {}, .name = "text"};
  const Value value = value_of(reinterpret_cast<::Node*>(constant));
  if (value.kind != Value::Kind::constant) return {};
  return TypeName{.schemaname = {}, .name = value.type.empty() ? Name("text") : value.type};
}

std::vector<ResultColumn> of_target(const ::ResTarget* target, const From& from) {
  std::vector<ResultColumn> results(1);
  ResultColumn& result = results.front();
  if (auto* reference = as<::ColumnRef>(target->val, T_ColumnRef)) {
    results = of_reference(reference, from);
  } else {
    if (auto* cast = as<::TypeCast>(target->val, T_TypeCast)) result.type = type_name(cast->typeName);
    if (auto* constant = as<::A_Const>(target->val, T_A_Const)) result.type = type_of(constant);
    result.name = name_of(target->val);
  }
  if (target->name != nullptr) results.front().name = view(target->name);
  return results;
}

}  // namespace

std::vector<ResultColumn> result_columns(::Node* query, const ::List* names) {
  auto* select = as<::SelectStmt>(query, T_SelectStmt);
  const bool plain = select != nullptr && select->op == SETOP_NONE && select->withClause == nullptr &&
                     length(select->valuesLists) == 0;
  if (!plain) return {};
  const From from = read_from(select);
  std::vector<ResultColumn> columns;
  for (auto* target : each<::ResTarget>(select->targetList)) {
    for (ResultColumn& column : of_target(target, from)) columns.push_back(std::move(column));
  }
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
