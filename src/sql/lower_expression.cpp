// SPDX-License-Identifier: Apache-2.0
// Names, types and expressions.
#include <algorithm>
#include <array>
#include <optional>
#include <unordered_set>
#include <utility>

#include "folding.hpp"
#include "lexer.hpp"
#include "lower.hpp"
#include "lower_text.hpp"
#include "output_name.hpp"
#include "walk.hpp"

namespace pgsluice::sql {

namespace {

constexpr std::string_view k_pg_catalog = "pg_catalog";

FunctionCall function_call(const ::FuncCall* call) {
  const RelationName name = relation_name(call->funcname);
  FunctionCall result{.schemaname = name.schemaname, .name = name.relname, .arguments = length(call->args)};
  if (result.schemaname == k_pg_catalog) result.schemaname = {};
  return result;
}

/// What is under casts, COLLATE and a sign.
::Node* strip(::Node* node) {
  while (node != nullptr) {
    if (auto* cast = as<::TypeCast>(node, T_TypeCast)) {
      node = cast->arg;
    } else if (auto* collate = as<::CollateClause>(node, T_CollateClause)) {
      node = collate->arg;
    } else if (auto* sign = as<::A_Expr>(node, T_A_Expr); sign != nullptr && sign->lexpr == nullptr) {
      node = sign->rexpr;
    } else {
      break;
    }
  }
  return node;
}

std::string_view column_name(::Node* node) {
  auto* column = as<::ColumnRef>(node, T_ColumnRef);
  if (column == nullptr || length(column->fields) == 0) return {};
  return string_value(column->fields->elements[column->fields->length - 1].ptr_value);
}

/// Splits "schema"."name" as regclass does: folds what is not quoted to lower case.
RelationName parse_regclass(std::string_view text) {
  std::vector<std::string> parts;
  Lexer lexer(text);
  for (Token token = lexer.next(); token.kind != TokenKind::end; token = lexer.next()) {
    std::string part(lexer.text(token));
    if (token.kind == TokenKind::word) {
      for (char& c : part) c = (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
      parts.push_back(std::move(part));
    } else if (token.kind == TokenKind::quoted_name && part.size() >= 2) {
      parts.push_back(part.substr(1, part.size() - 2));
    }
  }
  if (parts.empty()) return {};
  return {.schemaname = parts.size() > 1 ? parts[parts.size() - 2] : std::string(), .relname = parts.back()};
}

/// Of the times among them; empty: others.
Name written_type(::SQLValueFunctionOp op) {
  switch (op) {
    case SVFOP_CURRENT_DATE: return "date";
    case SVFOP_CURRENT_TIMESTAMP:
    case SVFOP_CURRENT_TIMESTAMP_N: return "timestamptz";
    case SVFOP_LOCALTIMESTAMP:
    case SVFOP_LOCALTIMESTAMP_N: return "timestamp";
    default: return {};
  }
}

/// A string takes the type that its place demands.
Name written_type(const ::A_Const* node) {
  if (node->isnull) return "unknown";
  switch (node->val.node.type) {
    case T_Integer: return "int4";
    case T_Float: return "numeric";
    case T_Boolean: return "bool";
    default: return "unknown";
  }
}

/// The type that an expression is seen to have; empty: it is not.
Name written_type(::Node* node, int depth = 0) {
  constexpr int deepest = 20;
  if (node == nullptr || depth > deepest) return {};
  switch (node->type) {
    case T_A_Const: return written_type(reinterpret_cast<::A_Const*>(node));
    case T_TypeCast: {
      const TypeName type = type_name(reinterpret_cast<::TypeCast*>(node)->typeName);
      return type.array ? Name() : type.name;
    }
    case T_SQLValueFunction: return written_type(reinterpret_cast<::SQLValueFunction*>(node)->op);
    case T_FuncCall: {
      auto* call = reinterpret_cast<::FuncCall*>(node);
      const Name name = function_call(call).name;
      if (name == "now" || name == "clock_timestamp" || name == "statement_timestamp" ||
          name == "transaction_timestamp") {
        return "timestamptz";
      }
      if (name != "timezone" || length(call->args) != 2) return {};
      const Name of = written_type(static_cast<::Node*>(call->args->elements[1].ptr_value), depth + 1);
      return of == "timestamp"                        ? "timestamptz"
             : of == "timestamptz" || of == "unknown" ? "timestamp"
                                                      : Name();
    }
    case T_A_Expr: {  // a time, and an interval more or less
      auto* sum = reinterpret_cast<::A_Expr*>(node);
      const Name left = written_type(sum->lexpr, depth + 1);
      const Name right = written_type(sum->rexpr, depth + 1);
      if (left == "timestamp" || left == "timestamptz") return left;
      return left == "interval" && (right == "timestamp" || right == "timestamptz") ? right : Name();
    }
    default: return {};
  }
}

Names written_types(const ::List* arguments) {
  Names types;
  for (::Node* argument : each(arguments)) types.push_back(written_type(argument));
  return types;
}

/// Overloads can be told apart by it.
bool is_typed(const ::List* arguments) {
  constexpr int most = 8;
  if (length(arguments) > most) return false;
  for (::Node* argument : each(arguments)) {
    if (!written_type(argument).empty()) return true;
  }
  return false;
}

std::string_view string_argument(const ::FuncCall* call, int place) {
  if (length(call->args) <= place) return {};
  auto* constant =
      as<::A_Const>(strip(static_cast<::Node*>(call->args->elements[place].ptr_value)), T_A_Const);
  if (constant == nullptr || constant->isnull || constant->val.node.type != T_String) return {};
  return view(constant->val.sval.sval);
}

void add_sequence(const ::FuncCall* call, const FunctionCall& function, Expression& result) {
  if (function.name != "nextval" && function.name != "setval" && function.name != "currval") return;
  if (const std::string_view name = string_argument(call, 0); !name.empty()) {
    result.sequences.push_back(parse_regclass(name));
  }
  auto* inner =
      length(call->args) > 0
          ? as<::FuncCall>(strip(static_cast<::Node*>(call->args->elements[0].ptr_value)), T_FuncCall)
          : nullptr;
  if (inner == nullptr || function_call(inner).name != "pg_get_serial_sequence") return;
  result.serials.emplace_back(parse_regclass(string_argument(inner, 0)), string_argument(inner, 1));
}

bool is_null_constant(::Node* node) {
  auto* constant = as<::A_Const>(strip(node), T_A_Const);
  return constant != nullptr && constant->isnull;
}

/// `column IS NOT NULL`, and `(a, b) IS NOT NULL`, which is that of each part.
void add_not_null(::Node* argument, Expression& result) {
  const auto add = [&result](::Node* node) {
    const std::string_view column = column_name(node);
    if (!column.empty()) result.not_null.emplace_back(column);
  };
  add(argument);
  if (auto* row = as<::RowExpr>(argument, T_RowExpr)) {
    for (::Node* part : each(row->args)) add(part);
  }
}

/// What must hold for the expression to be true: the parts that AND joins.
void add_conjuncts(::Node* root, Expression& result) {
  std::vector<::Node*> stack{root};
  while (!stack.empty()) {
    ::Node* node = stack.back();
    stack.pop_back();
    if (auto* logic = as<::BoolExpr>(node, T_BoolExpr)) {
      if (logic->boolop == AND_EXPR) {
        for (::Node* arg : each(logic->args)) stack.push_back(arg);
      } else if (logic->boolop == NOT_EXPR) {
        auto* test = as<::NullTest>(logic->args->elements[0].ptr_value, T_NullTest);
        if (test != nullptr && test->nulltesttype == IS_NULL) {
          const std::string_view column = column_name(reinterpret_cast<::Node*>(test->arg));
          if (!column.empty()) result.not_null.emplace_back(column);
        }
      }
    } else if (auto* test = as<::NullTest>(node, T_NullTest);
               test != nullptr && test->nulltesttype == IS_NOT_NULL) {
      add_not_null(reinterpret_cast<::Node*>(test->arg), result);
    } else if (auto* op = as<::A_Expr>(node, T_A_Expr)) {
      // The parser itself makes IS NOT NULL of it.
      if (op->kind == AEXPR_DISTINCT && is_null_constant(op->rexpr)) {
        const std::string_view column = column_name(op->lexpr);
        if (!column.empty()) result.not_null.emplace_back(column);
      }
    }
  }
}

/// Somebody could make use of it.
bool is_known(const std::vector<Text>& texts) {
  return std::ranges::any_of(texts, [](const Text& text) { return text.kind != Text::Kind::unknown; });
}

/// Of pg_catalog, or of an extension that comes with PostgreSQL: none that a migration makes.
bool is_builtin_operator(std::string_view name) {
  constexpr std::array<std::string_view, 96> k_operators = {
      "+",    "-",   "*",   "/",   "%",   "^",    "=",    "<>",    "!=",    "<",   "<=",  ">",   ">=",  "||",
      "|",    "&",   "#",   "~",   "<<",  ">>",   "|/",   "||/",   "!",     "!!",  "@",   "~~",  "!~~", "~~*",
      "!~~*", "~*",  "!~",  "!~*", "->",  "->>",  "#>",   "#>>",   "#-",    "@>",  "<@",  "?",   "?|",  "?&",
      "@?",   "@@",  "&&",  "&<",  "&>",  "-|-",  "<->",  "<<|",   "|>>",   "&<|", "|&>", "<^",  ">^",  "?#",
      "?-",   "?-|", "?||", "@-@", "##",  "~=",   "~>=~", "~>~",   "~<=~",  "~<~", "^@",  "<<=", ">>=", "*=",
      "*<>",  "*<",  "*<=", "*>",  "*>=", "<<->", "<->>", "<<<->", "<->>>", "%>",  "<%",  "%>>", "<<%", "~%",
      "?~",   "%%",  "%#",  "#=",  "<#>", "<=>",  "<+>",  "~@",    "^<@",   "^@>", "^~"};
  return std::ranges::find(k_operators, name) != k_operators.end();
}

void add_node(::Node* node, Expression& result) {
  switch (node->type) {
    case T_FuncCall: {
      auto* call = reinterpret_cast<::FuncCall*>(node);
      FunctionCall function = function_call(call);
      if (std::vector<Text> texts = texts_of(call); is_known(texts)) function.texts = std::move(texts);
      if (is_typed(call->args)) function.types = written_types(call->args);
      add_sequence(call, function, result);
      result.functions.push_back(function);
      break;
    }
    case T_A_Expr: {
      auto* operation = reinterpret_cast<::A_Expr*>(node);
      if (operation->kind != AEXPR_OP || length(operation->name) == 0) break;
      const int last = operation->name->length - 1;
      if (is_builtin_operator(string_value(operation->name->elements[last].ptr_value))) break;
      const RelationName name = relation_name(operation->name);
      result.functions.push_back({.schemaname = name.schemaname,
                                  .name = name.relname,
                                  .arguments = operation->lexpr != nullptr ? 2 : 1});
      break;
    }
    case T_ColumnRef: {
      const std::string_view column = column_name(node);
      result.columns.emplace_back(column.empty() ? "*" : column);
      break;
    }
    case T_JoinExpr: {
      auto* join = reinterpret_cast<::JoinExpr*>(node);
      for (::Node* column : each(join->usingClause)) result.columns.emplace_back(string_value(column));
      if (join->isNatural) result.columns.emplace_back("*");
      break;
    }
    case T_TypeCast: result.casts.push_back(type_name(reinterpret_cast<::TypeCast*>(node)->typeName)); break;
    case T_SubLink: result.subquery = true; break;
    case T_SQLValueFunction: result.current_time = true; break;
    default: break;
  }
}

/// The functions that were added last are never called.
void leave_out(Expression& result, std::size_t from) {
  for (std::size_t i = from; i < result.functions.size(); ++i) result.functions[i].unreached = true;
}

void add_nodes(::Node* root, Expression& result) {
  std::unordered_set<const ::Node*> unreached;
  walk(root, [&](::Node* node) {
    if (unreached.contains(node)) {
      const std::size_t before = result.functions.size();
      walk(node, [&result](::Node* below) {
        add_node(below, result);
        return true;
      });
      leave_out(result, before);
      return false;
    }
    for (const ::Node* part : unreached_parts(node)) unreached.insert(part);
    add_node(node, result);
    return true;
  });
}

}  // namespace

std::string constant_text(::Node* node) {
  bool negative = false;
  while (node != nullptr) {
    if (auto* cast = as<::TypeCast>(node, T_TypeCast)) {
      node = cast->arg;
    } else if (auto* sign = as<::A_Expr>(node, T_A_Expr);
               sign != nullptr && sign->kind == AEXPR_OP && sign->lexpr == nullptr) {
      if (string_value(sign->name->elements[0].ptr_value) == "-") negative = !negative;
      node = sign->rexpr;
    } else {
      break;
    }
  }
  auto* constant = as<::A_Const>(node, T_A_Const);
  if (constant == nullptr || constant->isnull) return {};
  std::string text;
  switch (constant->val.node.type) {
    case T_Integer: text = std::to_string(constant->val.ival.ival); break;
    case T_Float: text = view(constant->val.fval.fval); break;
    case T_Boolean: text = constant->val.boolval.boolval ? "true" : "false"; break;
    case T_String: text = view(constant->val.sval.sval); break;
    default: return {};
  }
  return negative ? "-" + text : text;
}

SourceRange Source::item(int location) const {
  if (location < 0 || static_cast<std::size_t>(location) < skipped) return whole();
  const std::size_t begin = static_cast<std::size_t>(location) - skipped;
  if (begin >= text.size()) return whole();
  return {offset + begin, offset + end_of_item(text, begin)};
}

Names strings(const ::List* list) {
  Names result;
  if (length(list) > 0) result.reserve(static_cast<std::size_t>(length(list)));
  for (::Node* node : each(list)) {
    auto* element = as<::IndexElem>(node, T_IndexElem);
    result.emplace_back(element != nullptr ? view(element->name) : string_value(node));
  }
  return result;
}

RelationName relation_name(const ::RangeVar* range) {
  if (range == nullptr) return {};
  return {.schemaname = range->relpersistence == 't' ? "pg_temp" : view(range->schemaname),
          .relname = view(range->relname)};
}

RelationName relation_name(const ::List* names, int drop) {
  const int count = length(names) - drop;
  if (count <= 0) return {};
  const auto part = [names](int i) { return string_value(names->elements[i].ptr_value); };
  return {.schemaname = count > 1 ? part(count - 2) : std::string_view(), .relname = part(count - 1)};
}

TypeName type_name(const ::TypeName* type) {
  if (type == nullptr) return {};
  const RelationName name = relation_name(type->names);
  TypeName result{.schemaname = name.schemaname == k_pg_catalog ? Name() : name.schemaname,
                  .name = name.relname,
                  .typmods = {},
                  .array = length(type->arrayBounds) > 0,
                  .setof = type->setof};
  for (::Node* mod : each(type->typmods)) {
    auto* constant = as<::A_Const>(mod, T_A_Const);
    if (constant != nullptr && constant->val.node.type == T_Integer) {
      result.typmods.push_back(constant->val.ival.ival);
    }
  }
  return result;
}

Expression expression(::Node* node, const Source& source) {
  Expression result{.range = source.whole()};
  auto* constant = as<::A_Const>(strip(node), T_A_Const);
  result.literal = constant != nullptr;
  result.null_literal = constant != nullptr && constant->isnull;
  if (result.literal) result.constant = value_of(node);
  add_nodes(node, result);
  add_conjuncts(node, result);
  result.colname = output_name(node);
  return result;
}

bool option_given(const ::List* options, std::string_view name) {
  for (auto* option : each<::DefElem>(options)) {
    if (view(option->defname) == name) return true;
  }
  return false;
}

bool option_on(const ::List* options, std::string_view name, bool when_not_given) {
  for (auto* option : each<::DefElem>(options)) {
    if (view(option->defname) != name) continue;
    if (option->arg == nullptr) return true;
    if (auto* integer = as<::Integer>(option->arg, T_Integer)) return integer->ival != 0;
    if (auto* boolean = as<::Boolean>(option->arg, T_Boolean)) return boolean->boolval;
    const std::string_view value = string_value(option->arg);
    return !is_keyword(value, "false") && !is_keyword(value, "off") && value != "0";
  }
  return when_not_given;
}

}  // namespace pgsluice::sql
