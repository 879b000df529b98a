// SPDX-License-Identifier: Apache-2.0
// Expressions of indexes in a form in which equal ones are equal, however they were written: without parentheses, without
// the types of constants, and with columns as {name}.
#include <optional>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "lower.hpp"

namespace pgsluice::sql {

namespace {

/// Whatever is not known makes the whole not known: std::nullopt.
using Form = std::optional<std::string>;

Form form_of(::Node* node, int depth);

/// The lengths keep a constant from looking like anything else.
std::string counted(std::string_view text) {
  return cat(std::to_string(text.size()), ":", text);
}

Form list_of(const ::List* list, int depth) {
  std::string result;
  for (::Node* node : each(list)) {
    const Form form = form_of(node, depth + 1);
    if (!form) return std::nullopt;
    result += cat(*form, ",");
  }
  return cat("(", result, ")");
}

Form joined(std::string_view name, ::Node* left, ::Node* right, int depth) {
  const Form a = left != nullptr ? form_of(left, depth + 1) : Form("-");
  const Form b = right != nullptr ? form_of(right, depth + 1) : Form("-");
  if (!a || !b) return std::nullopt;
  return cat(name, "(", *a, ",", *b, ")");
}

Form named(std::string_view name, Form form) {
  if (!form) return std::nullopt;
  return cat(name, *form);
}

/// The type of a constant is the one that its place demands; of anything else a cast makes another value.
Form cast(const ::TypeCast* node, int depth) {
  auto* constant = as<::A_Const>(node->arg, T_A_Const);
  const TypeName type = type_name(node->typeName);
  if (constant != nullptr && type.typmods.empty()) return form_of(node->arg, depth + 1);
  const Form of = form_of(node->arg, depth + 1);
  if (!of || length(node->typeName->names) == 0) return std::nullopt;
  std::string name = cat("cast:", std::string_view(type.name), type.array ? "[]" : "");
  for (const int typmod : type.typmods) name += cat("/", std::to_string(typmod));
  return cat(name, "(", *of, ")");
}

Form call(const ::FuncCall* node, int depth) {
  const bool is_plain = node->agg_order == nullptr && node->agg_filter == nullptr && node->over == nullptr &&
                        !node->agg_star && !node->agg_distinct && !node->agg_within_group &&
                        !node->func_variadic;
  if (!is_plain) return std::nullopt;
  return named(cat("call:", std::string_view(relation_name(node->funcname).relname)),
               list_of(node->args, depth));
}

/// `a IN (1, 2)` is kept as `a = ANY (ARRAY[1, 2])`.
Form operation(const ::A_Expr* node, int depth) {
  if (length(node->name) != 1) return std::nullopt;
  const std::string_view op = string_value(node->name->elements[0].ptr_value);
  switch (node->kind) {
    case AEXPR_IN: return joined(cat(op == "=" ? "any:" : "all:", op), node->lexpr, node->rexpr, depth);
    case AEXPR_OP_ANY: return joined(cat("any:", op), node->lexpr, node->rexpr, depth);
    case AEXPR_OP_ALL: return joined(cat("all:", op), node->lexpr, node->rexpr, depth);
    default:
      return joined(cat(std::to_string(static_cast<int>(node->kind)), ":", op), node->lexpr, node->rexpr,
                    depth);
  }
}

Form column(const ::ColumnRef* node) {
  const std::string_view name = string_value(node->fields->elements[node->fields->length - 1].ptr_value);
  if (name.empty()) return std::nullopt;
  return cat("{", name, "}");
}

Form constant(const ::A_Const* node) {
  if (node->isnull) return "null";
  switch (node->val.node.type) {
    case T_Integer: return counted(std::to_string(node->val.ival.ival));
    case T_Float: return counted(view(node->val.fval.fval));
    case T_Boolean: return counted(node->val.boolval.boolval ? "true" : "false");
    case T_String: return counted(view(node->val.sval.sval));
    default: return std::nullopt;
  }
}

Form case_of(const ::CaseExpr* node, int depth) {
  const Form whens = list_of(node->args, depth);
  const Form rest =
      joined("case", reinterpret_cast<::Node*>(node->arg), reinterpret_cast<::Node*>(node->defresult), depth);
  if (!whens || !rest) return std::nullopt;
  return cat(*rest, *whens);
}

Form form_of(::Node* node, int depth) {
  constexpr int deepest = 50;
  if (node == nullptr || depth > deepest) return std::nullopt;
  switch (node->type) {
    case T_List: return list_of(reinterpret_cast<::List*>(node), depth);
    case T_A_Const: return constant(reinterpret_cast<::A_Const*>(node));
    case T_ColumnRef: return column(reinterpret_cast<::ColumnRef*>(node));
    case T_TypeCast: return cast(reinterpret_cast<::TypeCast*>(node), depth);
    case T_FuncCall: return call(reinterpret_cast<::FuncCall*>(node), depth);
    case T_A_Expr: return operation(reinterpret_cast<::A_Expr*>(node), depth);
    case T_BoolExpr: {
      auto* logic = reinterpret_cast<::BoolExpr*>(node);
      const std::string_view name = logic->boolop == AND_EXPR  ? "and"
                                    : logic->boolop == OR_EXPR ? "or"
                                                               : "not";
      return named(name, list_of(logic->args, depth));
    }
    case T_NullTest: {
      auto* test = reinterpret_cast<::NullTest*>(node);
      return named(test->nulltesttype == IS_NULL ? "null?" : "not null?",
                   form_of(reinterpret_cast<::Node*>(test->arg), depth + 1));
    }
    case T_BooleanTest: {
      auto* test = reinterpret_cast<::BooleanTest*>(node);
      return named(cat("test", std::to_string(static_cast<int>(test->booltesttype))),
                   form_of(reinterpret_cast<::Node*>(test->arg), depth + 1));
    }
    case T_CollateClause: {
      auto* collate = reinterpret_cast<::CollateClause*>(node);
      return named(cat("collate:", std::string_view(relation_name(collate->collname).relname), " "),
                   form_of(collate->arg, depth + 1));
    }
    case T_CoalesceExpr:
      return named("coalesce", list_of(reinterpret_cast<::CoalesceExpr*>(node)->args, depth));
    case T_MinMaxExpr: {
      auto* most = reinterpret_cast<::MinMaxExpr*>(node);
      return named(most->op == IS_GREATEST ? "greatest" : "least", list_of(most->args, depth));
    }
    case T_A_ArrayExpr: return list_of(reinterpret_cast<::A_ArrayExpr*>(node)->elements, depth);
    case T_CaseExpr: return case_of(reinterpret_cast<::CaseExpr*>(node), depth);
    case T_CaseWhen: {
      auto* when = reinterpret_cast<::CaseWhen*>(node);
      return joined("when", reinterpret_cast<::Node*>(when->expr), reinterpret_cast<::Node*>(when->result),
                    depth);
    }
    default: return std::nullopt;
  }
}

}  // namespace

std::string canonical(::Node* node) {
  return form_of(node, 0).value_or(std::string());
}

}  // namespace pgsluice::sql
