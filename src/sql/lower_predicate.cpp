// SPDX-License-Identifier: Apache-2.0
// What a WHERE clause says about columns when it is read for that alone.
#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <utility>

#include "constants.hpp"
#include "lower.hpp"

namespace pgsluice::sql {

namespace {

using Kind = Predicate::Kind;

std::string_view last_field(const ::ColumnRef* column) {
  return string_value(column->fields->elements[column->fields->length - 1].ptr_value);
}

/// `column` or `relation.column`; false: it is neither.
bool name_column(::Node* node, Predicate& result) {
  auto* column = as<::ColumnRef>(node, T_ColumnRef);
  const int parts = column != nullptr ? length(column->fields) : 0;
  if (parts == 0 || parts > 2 || last_field(column).empty()) return false;
  result.column = last_field(column);
  if (parts == 2) result.qualifier = string_value(column->fields->elements[0].ptr_value);
  return true;
}

std::string_view known_operator(std::string_view op) {
  constexpr std::array<std::string_view, 6> k_operators = {"=", "<>", "<", "<=", ">", ">="};
  for (const std::string_view known : k_operators) {
    if (op == known || (op == "!=" && known == "<>")) return known;
  }
  return {};
}

std::string_view mirrored(std::string_view op) {
  if (op == "<") return ">";
  if (op == "<=") return ">=";
  if (op == ">") return "<";
  return op == ">=" ? "<=" : op;
}

/// The negator that planner clauses.c negate_clause() finds.
std::string_view negator(std::string_view op) {
  if (op == "=") return "<>";
  if (op == "<>") return "=";
  if (op == "<") return ">=";
  if (op == "<=") return ">";
  return op == ">" ? "<=" : "<";
}

/// All of them hold, or at least one; what says nothing is left out, or says nothing altogether.
Predicate joined(Kind kind, std::vector<Predicate> parts) {
  const Kind empty = kind == Kind::all ? Kind::unknown : Kind::never;
  const Kind decisive = kind == Kind::all ? Kind::never : Kind::unknown;
  std::vector<Predicate> left;
  for (Predicate& part : parts) {
    if (part.kind == decisive) return {.kind = decisive};
    if (part.kind == kind) {
      std::ranges::move(part.parts, std::back_inserter(left));
    } else if (part.kind != empty) {
      left.push_back(std::move(part));
    }
  }
  if (left.empty()) return {.kind = empty};
  if (left.size() == 1) return std::move(left.front());
  return {.kind = kind, .parts = std::move(left)};
}

/// `1 = 0`, `'a' = 'b'`: two constants of one type, as far as equality decides.
Predicate constant_comparison(const Value& a, const Value& b, std::string_view op) {
  const bool known = a.kind == Value::Kind::constant && b.kind == a.kind && a.type == b.type &&
                     (a.type == "int4" || a.type == "bool" || a.type.empty());
  const bool is_null = a.kind == Value::Kind::null || b.kind == Value::Kind::null;
  if (is_null) return {.kind = Kind::never};
  if (!known || (op != "=" && op != "<>")) return {};
  return {.kind = (a.text == b.text) == (op == "=") ? Kind::unknown : Kind::never};
}

Predicate compare(::Node* left, std::string_view op, ::Node* right);

/// `(a, b) = (1, 2)`
Predicate compare_rows(const ::RowExpr* left, std::string_view op, const ::RowExpr* right) {
  if (op != "=" || length(left->args) != length(right->args)) return {};
  std::vector<Predicate> parts;
  for (int i = 0; i < length(left->args); ++i) {
    parts.push_back(compare(static_cast<::Node*>(left->args->elements[i].ptr_value), op,
                            static_cast<::Node*>(right->args->elements[i].ptr_value)));
  }
  return joined(Kind::all, std::move(parts));
}

Predicate compare(::Node* left, std::string_view op, ::Node* right) {
  auto* left_row = as<::RowExpr>(left, T_RowExpr);
  auto* right_row = as<::RowExpr>(right, T_RowExpr);
  if (left_row != nullptr && right_row != nullptr) return compare_rows(left_row, op, right_row);
  Predicate result{.kind = Kind::compare, .op = op};
  ::Node* other = right;
  if (!name_column(left, result)) {
    if (!name_column(right, result)) return constant_comparison(value_of(left), value_of(right), op);
    result.op = mirrored(op);
    other = left;
  }
  Value value = value_or_variable(other);
  if (value.kind == Value::Kind::null) return {.kind = Kind::never};
  if (value.kind != Value::Kind::constant && value.kind != Value::Kind::variable) return {};
  result.values.push_back(std::move(value));
  return result;
}

/// `column = ANY (…)` or `column <> ALL (…)` over constants; nulls among them are equal to nothing.
Predicate compare_any(::Node* left, std::string_view op, const std::vector<Value>& values) {
  Predicate each_one{.kind = Kind::compare, .op = op};
  if (!name_column(left, each_one)) return {};
  std::vector<Predicate> parts;
  for (const Value& value : values) {
    if (value.kind == Value::Kind::null) {
      if (op == "<>") return {.kind = Kind::never};
      continue;
    }
    if (value.kind != Value::Kind::constant && value.kind != Value::Kind::variable) return {};
    if (op == "=") {
      each_one.values.push_back(value);
    } else {
      Predicate part = each_one;
      part.values = {value};
      parts.push_back(std::move(part));
    }
  }
  if (op == "<>") return joined(Kind::all, std::move(parts));
  return each_one.values.empty() ? Predicate{.kind = Kind::never} : each_one;
}

std::vector<Value> values_of(const ::List* list) {
  std::vector<Value> values;
  for (::Node* node : each(list)) values.push_back(value_or_variable(node));
  return values;
}

/// `'{a,b}'`: an array constant of plain elements.
std::vector<Value> array_elements(const Value& array) {
  std::string_view text = array.text;
  if (array.kind != Value::Kind::constant || text.size() < 2 || text.front() != '{' || text.back() != '}' ||
      text.find_first_of("\"\\") != std::string_view::npos || text.find('{', 1) != std::string_view::npos) {
    return {Value{}};
  }
  text = text.substr(1, text.size() - 2);
  std::vector<Value> values;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    values.push_back(constant_value({}, text.substr(0, comma)));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return values;
}

Predicate array_comparison(const ::A_Expr* node, std::string_view op) {
  ::Node* array = node->rexpr;
  while (auto* typed = as<::TypeCast>(array, T_TypeCast)) array = typed->arg;
  if (auto* list = as<::A_ArrayExpr>(array, T_A_ArrayExpr)) {
    return compare_any(node->lexpr, op, values_of(list->elements));
  }
  return compare_any(node->lexpr, op, array_elements(value_of(array)));
}

/// From the first bound to the second one, or back.
Predicate between(const ::A_Expr* node, bool negative, bool back = false) {
  auto* bounds = as<::List>(node->rexpr, T_List);
  if (length(bounds) != 2) return {};
  const auto bound = [bounds](int i) { return static_cast<::Node*>(bounds->elements[i].ptr_value); };
  return joined(negative ? Kind::any : Kind::all,
                {compare(node->lexpr, negative ? "<" : ">=", bound(back ? 1 : 0)),
                 compare(node->lexpr, negative ? ">" : "<=", bound(back ? 0 : 1))});
}

Predicate operation(const ::A_Expr* node, bool negative) {
  if (node->kind == AEXPR_BETWEEN || node->kind == AEXPR_NOT_BETWEEN) {
    return between(node, negative != (node->kind == AEXPR_NOT_BETWEEN));
  }
  if (node->kind == AEXPR_BETWEEN_SYM && !negative)
    return joined(Kind::any, {between(node, false), between(node, false, true)});
  if (length(node->name) != 1) return {};
  std::string_view op = known_operator(string_value(node->name->elements[0].ptr_value));
  if (op.empty()) return {};
  if (negative) op = negator(op);
  switch (node->kind) {
    case AEXPR_OP: return node->lexpr != nullptr ? compare(node->lexpr, op, node->rexpr) : Predicate{};
    case AEXPR_IN:
      if (op != "=" && op != "<>") return {};
      return compare_any(node->lexpr, op, values_of(reinterpret_cast<::List*>(node->rexpr)));
    case AEXPR_OP_ANY: return op == "=" && !negative ? array_comparison(node, op) : Predicate{};
    case AEXPR_OP_ALL: return op == "<>" && !negative ? array_comparison(node, op) : Predicate{};
    default: return {};
  }
}

/// A column that stands for a condition.
Predicate flag(::Node* node, bool value) {
  Predicate result{.kind = Kind::compare, .op = "="};
  if (!name_column(node, result)) return {};
  result.values.push_back(constant_value("bool", value ? "true" : "false"));
  return result;
}

Predicate truth_of(const Value& value, bool negative) {
  if (value.kind == Value::Kind::null) return {.kind = Kind::never};
  if (value.kind != Value::Kind::constant || value.type != "bool") return {};
  return {.kind = (value.text == "true") != negative ? Kind::unknown : Kind::never};
}

Predicate read(::Node* node, bool negative, int depth);

Predicate logic(const ::BoolExpr* node, bool negative, int depth) {
  if (node->boolop == NOT_EXPR) {
    return read(static_cast<::Node*>(node->args->elements[0].ptr_value), !negative, depth);
  }
  std::vector<Predicate> parts;
  for (::Node* arg : each(node->args)) parts.push_back(read(arg, negative, depth));
  return joined((node->boolop == AND_EXPR) != negative ? Kind::all : Kind::any, std::move(parts));
}

Predicate null_test(const ::NullTest* node, bool negative) {
  Predicate result{.kind = (node->nulltesttype == IS_NULL) != negative ? Kind::is_null : Kind::is_not_null};
  if (auto* row = as<::RowExpr>(node->arg, T_RowExpr); row != nullptr && !negative) {
    std::vector<Predicate> parts;
    for (::Node* part : each(row->args)) {
      parts.push_back(result);
      if (!name_column(part, parts.back())) parts.back() = {};
    }
    return joined(Kind::all, std::move(parts));
  }
  return name_column(reinterpret_cast<::Node*>(node->arg), result) ? result : Predicate{};
}

Predicate read(::Node* node, bool negative, int depth) {
  constexpr int deepest = 100;
  if (node == nullptr || depth > deepest) return {};
  switch (node->type) {
    case T_BoolExpr: return logic(reinterpret_cast<::BoolExpr*>(node), negative, depth + 1);
    case T_A_Expr: return operation(reinterpret_cast<::A_Expr*>(node), negative);
    case T_NullTest: return null_test(reinterpret_cast<::NullTest*>(node), negative);
    case T_ColumnRef: return flag(node, !negative);
    case T_A_Const:
    case T_TypeCast: return truth_of(value_of(node), negative);
    default: return {};
  }
}

}  // namespace

Predicate predicate_of_rows(::Node* where) {
  return read(where, false, 0);
}

Predicate without_variables(Predicate said) {
  if (said.kind == Kind::all || said.kind == Kind::any) {
    for (Predicate& part : said.parts) part = without_variables(std::move(part));
    return joined(said.kind, std::move(said.parts));
  }
  const bool has = std::ranges::any_of(
      said.values, [](const Value& value) { return value.kind == Value::Kind::variable; });
  return has ? Predicate{} : said;
}

Predicate predicate(::Node* where) {
  return without_variables(predicate_of_rows(where));
}

Predicate both(Predicate a, Predicate b) {
  // What is said a hundred times needs no more; joins of thousands of tables must not cost their square.
  constexpr std::size_t most_parts = 100;
  if (a.parts.size() > most_parts) return a;
  std::vector<Predicate> parts;
  parts.push_back(std::move(a));
  parts.push_back(std::move(b));
  return joined(Kind::all, std::move(parts));
}

}  // namespace pgsluice::sql
