// SPDX-License-Identifier: Apache-2.0
#include "folding.hpp"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "constants.hpp"
#include "lower.hpp"

namespace pgsluice::sql {

namespace {

enum class Truth : unsigned char { unknown, no, yes, null };

/// What is nested deeper is not looked at: each level above asks again.
constexpr int k_deepest = 10;

Truth truth_of(bool value) {
  return value ? Truth::yes : Truth::no;
}

std::optional<long long> integer(const Value& value) {
  if (value.type != "int4" && value.type != "int8") return std::nullopt;
  long long number = 0;
  const char* end = value.text.data() + value.text.size();
  const auto [stop, error] = std::from_chars(value.text.data(), end, number);
  return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

/// `a op b`, of integers and, where no collation is asked, of texts.
Truth compared(const Value& a, std::string_view op, const Value& b) {
  const bool is_equality = op == "=" || op == "<>";
  if (!is_equality && op != "<" && op != "<=" && op != ">" && op != ">=") return Truth::unknown;
  if (a.kind == Value::Kind::null || b.kind == Value::Kind::null) return Truth::null;
  if (a.kind != Value::Kind::constant || b.kind != Value::Kind::constant) return Truth::unknown;
  int order = 0;
  if (const auto x = integer(a), y = integer(b); x && y) {
    order = *x < *y ? -1 : *x > *y ? 1 : 0;
  } else {
    const auto is_text = [](const Value& value) { return value.type.empty() || value.type == "text"; };
    if (!is_equality || !is_text(a) || !is_text(b)) return Truth::unknown;
    order = a.text == b.text ? 0 : 1;
  }
  if (is_equality) return truth_of((order == 0) == (op == "="));
  if (order == 0) return truth_of(op.size() == 2);
  return truth_of((order < 0) == op.starts_with('<'));
}

/// A column has no value that is known: most comparisons end here.
Value known_value(::Node* node) {
  return node != nullptr && node->type != T_ColumnRef ? value_of(node) : Value{};
}

Truth truth_of(::Node* node, int depth);

Truth truth_of(const ::BoolExpr* logic, int depth) {
  if (logic->boolop == NOT_EXPR) {
    const Truth inner = truth_of(static_cast<::Node*>(logic->args->elements[0].ptr_value), depth + 1);
    return inner == Truth::yes ? Truth::no : inner == Truth::no ? Truth::yes : inner;
  }
  const Truth decisive = logic->boolop == AND_EXPR ? Truth::no : Truth::yes;
  bool unknown = false;
  bool null = false;
  for (::Node* part : each(logic->args)) {
    const Truth one = truth_of(part, depth + 1);
    if (one == decisive) return decisive;
    unknown = unknown || one == Truth::unknown;
    null = null || one == Truth::null;
  }
  if (unknown) return Truth::unknown;
  return null ? Truth::null : decisive == Truth::no ? Truth::yes : Truth::no;
}

Truth truth_of(const ::NullTest* test) {
  const Value value = known_value(reinterpret_cast<::Node*>(test->arg));
  if (value.kind != Value::Kind::null && value.kind != Value::Kind::constant) return Truth::unknown;
  return truth_of((value.kind == Value::Kind::null) == (test->nulltesttype == IS_NULL));
}

Truth truth_of(const ::A_Expr* comparison) {
  if (comparison->kind != AEXPR_OP || length(comparison->name) != 1 || comparison->lexpr == nullptr)
    return Truth::unknown;
  const Value left = known_value(comparison->lexpr);
  if (left.kind != Value::Kind::constant && left.kind != Value::Kind::null) return Truth::unknown;
  const std::string_view op = string_value(comparison->name->elements[0].ptr_value);
  return compared(left, op, known_value(comparison->rexpr));
}

Truth truth_of(::Node* node, int depth) {
  if (node == nullptr || depth > k_deepest) return Truth::unknown;
  switch (node->type) {
    case T_BoolExpr: return truth_of(reinterpret_cast<::BoolExpr*>(node), depth);
    case T_NullTest: return truth_of(reinterpret_cast<::NullTest*>(node));
    case T_A_Expr: return truth_of(reinterpret_cast<::A_Expr*>(node));
    case T_A_Const:
    case T_TypeCast: {
      const Value value = value_of(node);
      if (value.kind == Value::Kind::null) return Truth::null;
      if (value.kind != Value::Kind::constant || value.type != "bool") return Truth::unknown;
      return value.text == "true" ? Truth::yes : value.text == "false" ? Truth::no : Truth::unknown;
    }
    default: return Truth::unknown;
  }
}

/// pg: clauses.c eval_const_expressions_mutator(), T_CaseExpr: a condition that is not true takes its result away, one that
/// is true all that comes later.
std::vector<::Node*> unreached_parts(const ::CaseExpr* cases) {
  std::vector<::Node*> parts;
  auto* compared_with = reinterpret_cast<::Node*>(cases->arg);
  const Value given = known_value(compared_with);
  bool decided = false;
  for (auto* when : each<::CaseWhen>(cases->args)) {
    auto* condition = reinterpret_cast<::Node*>(when->expr);
    auto* result = reinterpret_cast<::Node*>(when->result);
    const Truth truth = decided                    ? Truth::no
                        : compared_with != nullptr ? compared(given, "=", known_value(condition))
                                                   : truth_of(condition, 0);
    if (truth == Truth::unknown) continue;
    parts.push_back(condition);
    if (truth != Truth::yes) parts.push_back(result);
    decided = decided || truth == Truth::yes;
  }
  if (decided && cases->defresult != nullptr) parts.push_back(reinterpret_cast<::Node*>(cases->defresult));
  return parts;
}

/// What stands behind a constant is never asked.
std::vector<::Node*> unreached_parts(const ::CoalesceExpr* values) {
  std::vector<::Node*> parts;
  bool decided = false;
  for (::Node* value : each(values->args)) {
    if (decided) {
      parts.push_back(value);
    } else {
      decided = known_value(value).kind == Value::Kind::constant;
    }
  }
  return parts;
}

}  // namespace

std::vector<::Node*> unreached_parts(::Node* node) {
  if (auto* cases = as<::CaseExpr>(node, T_CaseExpr)) return unreached_parts(cases);
  if (auto* values = as<::CoalesceExpr>(node, T_CoalesceExpr)) return unreached_parts(values);
  auto* logic = as<::BoolExpr>(node, T_BoolExpr);
  if (logic == nullptr || logic->boolop == NOT_EXPR) return {};
  std::vector<::Node*> parts;
  if (truth_of(logic, 0) != (logic->boolop == AND_EXPR ? Truth::no : Truth::yes)) return parts;
  for (::Node* part : each(logic->args)) parts.push_back(part);
  return parts;
}

}  // namespace pgsluice::sql
