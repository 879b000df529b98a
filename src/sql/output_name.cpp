// SPDX-License-Identifier: Apache-2.0
// An expression of a SELECT list → the name of its column.
#include "output_name.hpp"

#include "lower.hpp"

namespace pgsluice::sql {

namespace {

Name field_of(const ::List* indirection) {
  Name field;
  for (::Node* part : each(indirection)) {
    if (part->type == T_String) field = string_value(part);
  }
  return field;
}

Name name_of_sublink(const ::SubLink* link) {
  if (link->subLinkType == EXISTS_SUBLINK) return "exists";
  if (link->subLinkType == ARRAY_SUBLINK) return "array";
  auto* select = as<::SelectStmt>(link->subselect, T_SelectStmt);
  while (select != nullptr && select->larg != nullptr) select = select->larg;
  if (link->subLinkType != EXPR_SUBLINK || select == nullptr) return {};
  if (length(select->targetList) == 0) return length(select->valuesLists) > 0 ? "column1" : "";
  auto* first = static_cast<::ResTarget*>(select->targetList->elements[0].ptr_value);
  return first->name != nullptr ? Name(view(first->name)) : output_name(first->val);
}

}  // namespace

Name output_name(::Node* node) {
  if (node == nullptr) return {};
  switch (node->type) {
    case T_A_Indirection: {
      auto* part = reinterpret_cast<::A_Indirection*>(node);
      const Name field = field_of(part->indirection);
      return field.empty() ? output_name(part->arg) : field;
    }
    case T_CollateClause: return output_name(reinterpret_cast<::CollateClause*>(node)->arg);
    case T_TypeCast: {
      const Name inner = output_name(reinterpret_cast<::TypeCast*>(node)->arg);
      return inner.empty() ? figure_colname(node) : inner;
    }
    case T_SubLink: return name_of_sublink(reinterpret_cast<::SubLink*>(node));
    case T_CaseExpr: {
      const Name other =
          output_name(reinterpret_cast<::Node*>(reinterpret_cast<::CaseExpr*>(node)->defresult));
      return other.empty() ? "case" : other;
    }
    case T_A_Expr: return reinterpret_cast<::A_Expr*>(node)->kind == AEXPR_NULLIF ? "nullif" : "";
    case T_GroupingFunc: return "grouping";
    default: return figure_colname(node);
  }
}

}  // namespace pgsluice::sql
