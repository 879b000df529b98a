// SPDX-License-Identifier: Apache-2.0
#include "equalities.hpp"

#include <utility>

#include "walk.hpp"

namespace pgsluice::sql {

namespace {

using Column = std::pair<std::string_view, std::string_view>;  // relation and name
using Equalities = std::vector<std::pair<Column, Column>>;

/// More need not be followed.
constexpr std::size_t k_most = 50;

/// `relation.column`; empty: another thing.
Column column_of(::Node* node) {
  auto* column = as<::ColumnRef>(node, T_ColumnRef);
  if (column == nullptr || length(column->fields) != 2) return {};
  return {string_value(column->fields->elements[0].ptr_value),
          string_value(column->fields->elements[1].ptr_value)};
}

void add_equalities(::Node* condition, Equalities& equalities) {
  for (::Node* node : conjuncts(condition)) {
    auto* compared = as<::A_Expr>(node, T_A_Expr);
    const bool equal = compared != nullptr && compared->kind == AEXPR_OP && length(compared->name) == 1 &&
                       string_value(compared->name->elements[0].ptr_value) == "=";
    if (!equal || equalities.size() >= k_most) continue;
    const Column left = column_of(compared->lexpr);
    const Column right = column_of(compared->rexpr);
    if (!left.second.empty() && !right.second.empty()) equalities.emplace_back(left, right);
  }
}

/// The conditions of inner joins.
std::vector<::Node*> conditions(::Node* where, const ::List* from) {
  std::vector<::Node*> result{where};
  std::vector<::Node*> stack;
  for (::Node* item : each(from)) stack.push_back(item);
  while (!stack.empty()) {
    auto* join = as<::JoinExpr>(stack.back(), T_JoinExpr);
    stack.pop_back();
    if (join == nullptr || join->jointype != JOIN_INNER) continue;
    result.push_back(join->quals);
    stack.push_back(join->larg);
    stack.push_back(join->rarg);
  }
  return result;
}

bool is_point(const Predicate& said) {
  return said.kind == Predicate::Kind::compare && said.op == "=" && said.values.size() == 1 &&
         !said.qualifier.empty();
}

bool is_about(const Predicate& said, const Column& column) {
  return said.qualifier == column.first && said.column == column.second;
}

}  // namespace

Predicate implied(::Node* where, const ::List* from) {
  Equalities equalities;
  const std::vector<::Node*> all = conditions(where, from);
  for (::Node* condition : all) add_equalities(condition, equalities);
  if (equalities.empty()) return {};
  std::vector<Predicate> points;
  for (::Node* condition : all) {
    const Predicate said = predicate(condition);
    if (is_point(said)) points.push_back(said);
    if (said.kind != Predicate::Kind::all) continue;
    for (const Predicate& part : said.parts) {
      if (is_point(part)) points.push_back(part);
    }
  }
  const std::size_t written = points.size();
  for (std::size_t i = 0; i < points.size() && points.size() < k_most; ++i) {
    for (const auto& [left, right] : equalities) {
      if (!is_about(points[i], left) && !is_about(points[i], right)) continue;
      const Column& other = is_about(points[i], left) ? right : left;
      bool is_there = false;
      for (const Predicate& point : points) is_there = is_there || is_about(point, other);
      if (is_there) continue;
      Predicate point = points[i];
      point.qualifier = other.first;
      point.column = other.second;
      points.push_back(std::move(point));
    }
  }
  Predicate result;
  for (std::size_t i = written; i < points.size(); ++i)
    result = both(std::move(result), std::move(points[i]));
  return result;
}

}  // namespace pgsluice::sql
