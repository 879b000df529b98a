// SPDX-License-Identifier: Apache-2.0
#include "walk.hpp"

namespace pgsluice::sql {

namespace {

/// Pushes members of a node in such an order that the first one is visited first.
template <typename... Children>
void push(std::vector<::Node*>& stack, Children*... children) {
  ::Node* all[] = {reinterpret_cast<::Node*>(children)...};
  for (std::size_t i = sizeof...(children); i-- > 0;) {
    if (all[i] != nullptr) stack.push_back(all[i]);
  }
}

void push_list(const ::List* list, std::vector<::Node*>& stack) {
  for (int i = length(list); i-- > 0;) {
    if (auto* node = static_cast<::Node*>(list->elements[i].ptr_value)) stack.push_back(node);
  }
}

#if PG_VERSION_NUM >= 180000
template <typename Stmt>
auto* returning(Stmt* stmt) {
  return stmt->returningClause;
}
#else
template <typename Stmt>
auto* returning(Stmt* stmt) {
  return stmt->returningList;
}
#endif

void push_select(::SelectStmt* n, std::vector<::Node*>& stack) {
  push(stack, n->withClause, n->distinctClause, n->targetList, n->fromClause, n->whereClause, n->groupClause,
       n->havingClause, n->windowClause, n->valuesLists, n->sortClause, n->limitOffset, n->limitCount,
       n->lockingClause, n->larg, n->rarg);
}

bool push_statement(::Node* node, std::vector<::Node*>& stack) {
  switch (node->type) {
    case T_SelectStmt: push_select(reinterpret_cast<::SelectStmt*>(node), stack); return true;
    case T_InsertStmt: {
      auto* n = reinterpret_cast<::InsertStmt*>(node);
      push(stack, n->withClause, n->relation, n->cols, n->selectStmt, n->onConflictClause, returning(n));
      return true;
    }
    case T_UpdateStmt: {
      auto* n = reinterpret_cast<::UpdateStmt*>(node);
      push(stack, n->withClause, n->relation, n->targetList, n->fromClause, n->whereClause, returning(n));
      return true;
    }
    case T_DeleteStmt: {
      auto* n = reinterpret_cast<::DeleteStmt*>(node);
      push(stack, n->withClause, n->relation, n->usingClause, n->whereClause, returning(n));
      return true;
    }
    case T_MergeStmt: {
      auto* n = reinterpret_cast<::MergeStmt*>(node);
      push(stack, n->withClause, n->relation, n->sourceRelation, n->joinCondition, n->mergeWhenClauses);
      return true;
    }
    default: return false;
  }
}

bool push_clause(::Node* node, std::vector<::Node*>& stack) {
#define CHILDREN(type, ...)                    \
  case T_##type: {                             \
    auto* n = reinterpret_cast<::type*>(node); \
    push(stack, __VA_ARGS__);                  \
    return true;                               \
  }
  switch (node->type) {
    CHILDREN(ResTarget, n->indirection, n->val)
    CHILDREN(MultiAssignRef, n->source)
    CHILDREN(SortBy, n->node)
    CHILDREN(WindowDef, n->partitionClause, n->orderClause, n->startOffset, n->endOffset)
    CHILDREN(RangeSubselect, n->subquery)
    CHILDREN(RangeFunction, n->functions)
    CHILDREN(RangeTableFunc, n->docexpr, n->rowexpr, n->columns)
    CHILDREN(RangeTableFuncCol, n->colexpr, n->coldefexpr)
    CHILDREN(RangeTableSample, n->relation, n->args, n->repeatable)
    CHILDREN(JoinExpr, n->larg, n->rarg, n->quals)
    CHILDREN(WithClause, n->ctes)
    CHILDREN(CommonTableExpr, n->ctequery)
    CHILDREN(MergeWhenClause, n->condition, n->targetList, n->values)
    CHILDREN(OnConflictClause, n->infer, n->targetList, n->whereClause)
    CHILDREN(InferClause, n->indexElems, n->whereClause)
    CHILDREN(IndexElem, n->expr)
    CHILDREN(GroupingSet, n->content)
#if PG_VERSION_NUM >= 180000
    CHILDREN(ReturningClause, n->exprs)
#endif
    default: return false;
  }
}

bool push_expression(::Node* node, std::vector<::Node*>& stack) {
  switch (node->type) {
    CHILDREN(A_Expr, n->lexpr, n->rexpr)
    CHILDREN(TypeCast, n->arg)
    CHILDREN(CollateClause, n->arg)
    CHILDREN(FuncCall, n->args, n->agg_order, n->agg_filter, n->over)
    CHILDREN(A_Indices, n->lidx, n->uidx)
    CHILDREN(A_Indirection, n->arg, n->indirection)
    CHILDREN(A_ArrayExpr, n->elements)
    CHILDREN(BoolExpr, n->args)
    CHILDREN(SubLink, n->testexpr, n->subselect)
    CHILDREN(CaseExpr, n->arg, n->args, n->defresult)
    CHILDREN(CaseWhen, n->expr, n->result)
    CHILDREN(RowExpr, n->args)
    CHILDREN(CoalesceExpr, n->args)
    CHILDREN(MinMaxExpr, n->args)
    CHILDREN(NullTest, n->arg)
    CHILDREN(BooleanTest, n->arg)
    CHILDREN(NamedArgExpr, n->arg)
    CHILDREN(GroupingFunc, n->args)
    CHILDREN(XmlExpr, n->named_args, n->args)
    CHILDREN(XmlSerialize, n->expr)
    CHILDREN(JsonFuncExpr, n->context_item, n->pathspec, n->passing, n->on_empty, n->on_error)
    CHILDREN(JsonBehavior, n->expr)
    CHILDREN(JsonArgument, n->val)
    CHILDREN(JsonValueExpr, n->raw_expr)
    CHILDREN(JsonTable, n->context_item, n->passing, n->columns)
    CHILDREN(JsonObjectConstructor, n->exprs)
    CHILDREN(JsonKeyValue, n->key, n->value)
    CHILDREN(JsonArrayConstructor, n->exprs)
    CHILDREN(JsonArrayQueryConstructor, n->query)
    CHILDREN(JsonParseExpr, n->expr)
    CHILDREN(JsonScalarExpr, n->expr)
    CHILDREN(JsonSerializeExpr, n->expr)
    CHILDREN(JsonAggConstructor, n->agg_filter, n->agg_order, n->over)
    CHILDREN(JsonObjectAgg, n->constructor, n->arg)
    CHILDREN(JsonArrayAgg, n->constructor, n->arg)
    CHILDREN(JsonIsPredicate, n->expr)
    default: return false;
  }
#undef CHILDREN
}

}  // namespace

std::vector<::Node*> conjuncts(::Node* condition) {
  std::vector<::Node*> found;
  std::vector<::Node*> stack{condition};
  while (!stack.empty()) {
    ::Node* node = stack.back();
    stack.pop_back();
    auto* logic = as<::BoolExpr>(node, T_BoolExpr);
    if (logic == nullptr || logic->boolop != AND_EXPR) {
      found.push_back(node);
      continue;
    }
    for (::Node* part : each(logic->args)) stack.push_back(part);
  }
  return found;
}

void push_children(::Node* node, std::vector<::Node*>& stack) {
  if (node->type == T_List) {
    push_list(reinterpret_cast<::List*>(node), stack);
  } else if (!push_expression(node, stack) && !push_clause(node, stack)) {
    push_statement(node, stack);
  }
}

}  // namespace pgsluice::sql
