// SPDX-License-Identifier: Apache-2.0
#include "lower_text.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "lower.hpp"
#include "output_name.hpp"
#include "walk.hpp"

namespace pgsluice::sql {

namespace {

constexpr int k_max_depth = 40;          // what is nested deeper is not evaluated
constexpr int k_query_depth = 10;        // so much deeper is what stands in a query: it is read several times
constexpr int k_max_parts = 400;         // and neither is what has more parts
constexpr std::size_t k_max_rows = 256;  // of VALUES, ARRAY and IN

Text unknown() {
  return {};
}
Text constant(std::string_view value) {
  return {.kind = Text::Kind::constant, .value = std::string(value), .parts = {}};
}
Text call(std::string_view name, std::vector<Text> parts) {
  return {.kind = Text::Kind::call, .value = std::string(name), .parts = std::move(parts)};
}
Text list(Text::Kind kind, std::vector<Text> parts) {
  return {.kind = kind, .value = {}, .parts = std::move(parts)};
}

Text catalog_rows(const ::SelectStmt* select, Text fallback, int depth);

bool is_aggregate(const ::FuncCall* node) {
  const Name name = relation_name(node->funcname).relname;
  return (name == "string_agg" && length(node->args) == 2) ||
         (name == "array_agg" && length(node->args) == 1);
}

/// Reads one expression; `columns` as in text_of(). `aggregated`: the query whose rows aggregate functions take.
class Reader {
 public:
  explicit Reader(const ColumnTexts& columns, const ::SelectStmt* aggregated = nullptr)
      : columns_(columns), aggregated_(aggregated) {}

  Text read(::Node* node, int depth) const {
    if (node == nullptr || depth > k_max_depth) return unknown();
    switch (node->type) {
      case T_A_Const: return literal(reinterpret_cast<::A_Const*>(node));
      case T_ColumnRef: return name(reinterpret_cast<::ColumnRef*>(node));
      case T_ParamRef: return variable("$" + std::to_string(reinterpret_cast<::ParamRef*>(node)->number));
      case T_TypeCast: return cast(reinterpret_cast<::TypeCast*>(node), depth);
      case T_SubLink: return subquery(reinterpret_cast<::SubLink*>(node), depth + k_query_depth);
      case T_SQLValueFunction: return value_function(reinterpret_cast<::SQLValueFunction*>(node));
      case T_CollateClause: return read(reinterpret_cast<::CollateClause*>(node)->arg, depth + 1);
      case T_A_Expr: return operation(reinterpret_cast<::A_Expr*>(node), depth);
      case T_A_ArrayExpr:
        return all(Text::Kind::array, reinterpret_cast<::A_ArrayExpr*>(node)->elements, depth);
      case T_RowExpr: return all(Text::Kind::row, reinterpret_cast<::RowExpr*>(node)->args, depth);
      case T_FuncCall: return function(reinterpret_cast<::FuncCall*>(node), depth);
      case T_CoalesceExpr:
        return call("coalesce", parts(reinterpret_cast<::CoalesceExpr*>(node)->args, depth));
      case T_BoolExpr: return logic(reinterpret_cast<::BoolExpr*>(node), depth);
      case T_NullTest: return null_test(reinterpret_cast<::NullTest*>(node), depth);
      case T_CaseExpr: return cases(reinterpret_cast<::CaseExpr*>(node), depth);
      case T_A_Indirection: return element(reinterpret_cast<::A_Indirection*>(node), depth);
      default: return unknown();
    }
  }

  [[nodiscard]] std::vector<Text> parts(const ::List* nodes, int depth) const {
    std::vector<Text> result;
    if (length(nodes) > k_max_parts) return {unknown()};
    for (::Node* node : each(nodes)) result.push_back(read(node, depth + 1));
    return result;
  }

 private:
  static Text literal(const ::A_Const* node) {
    if (node->isnull) return {.kind = Text::Kind::null, .value = {}, .parts = {}};
    switch (node->val.node.type) {
      case T_Integer: return constant(std::to_string(node->val.ival.ival));
      case T_Float: return constant(view(node->val.fval.fval));
      case T_Boolean: return constant(node->val.boolval.boolval ? "true" : "false");
      case T_String: return constant(view(node->val.sval.sval));
      default: return unknown();
    }
  }

  /// Values are text. Only the OID of a relation is not what it was written as.
  [[nodiscard]] Text cast(const ::TypeCast* node, int depth) const {
    const TypeName type = type_name(node->typeName);
    auto* inner = as<::TypeCast>(node->arg, T_TypeCast);
    const bool is_text = type.name == "text" || type.name == "varchar" || type.name == "name";
    if (is_text && !type.array && inner != nullptr && type_name(inner->typeName).name == "regclass")
      return call("regclass text", {read(inner->arg, depth + 2)});
    Text value = read(node->arg, depth + 1);
    if (type.array && value.kind == Text::Kind::constant) return array_of_literal(value.value);
    const bool is_relation = (type.name == "regclass" || type.name == "regtype") && !type.array;
    return is_relation ? call("regclass", {std::move(value)}) : value;
  }

  /// `'{a,b}'::text[]`; what is not so plain is left to whoever evaluates it.
  static Text array_of_literal(std::string_view text) {
    const bool plain = text.size() > 2 && text.front() == '{' && text.back() == '}' &&
                       text.find_first_of("\"\\{ ", 1) == std::string_view::npos;
    if (!plain) return call("array of text", {constant(text)});
    std::vector<Text> elements;
    for (const std::string_view element : split(text.substr(1, text.size() - 2), ','))
      elements.push_back(constant(element));
    return list(Text::Kind::array, std::move(elements));
  }

  static Text subquery(const ::SubLink* node, int depth) {
    auto* select = as<::SelectStmt>(node->subselect, T_SelectStmt);
    if (select == nullptr || depth > k_max_depth) return unknown();
    if (node->subLinkType == ARRAY_SUBLINK) return call("array of rows", {rows_of(select, depth).rows});
    if (node->subLinkType == EXISTS_SUBLINK) return call("exists", {catalog_rows(select, unknown(), depth)});
    if (node->subLinkType != EXPR_SUBLINK) return unknown();
    return call("scalar", {rows_of(select, depth).rows});
  }

  static Text value_function(const ::SQLValueFunction* node) {
    if (node->op == SVFOP_CURRENT_SCHEMA) return call("current_schema", {});
    return node->op == SVFOP_CURRENT_CATALOG ? call("current_database", {}) : unknown();
  }

  static Text variable(std::string_view name) {
    return {.kind = Text::Kind::variable, .value = std::string(name), .parts = {}};
  }

  [[nodiscard]] Text name(const ::ColumnRef* node) const {
    std::string path;
    for (::Node* field : each(node->fields)) {
      if (field->type != T_String) return unknown();
      if (!path.empty()) path += '.';
      path += string_value(field);
    }
    const std::string_view last = std::string_view(path).substr(path.rfind('.') + 1);
    const auto found = columns_.find(last);
    return found != columns_.end() ? found->second : variable(path);
  }

  [[nodiscard]] Text all(Text::Kind kind, const ::List* nodes, int depth) const {
    if (length(nodes) > k_max_parts) return unknown();
    return list(kind, parts(nodes, depth));
  }

  /// `a || b || c` leans to the left as far as it is long: such a chain is one level.
  [[nodiscard]] Text chain(const ::A_Expr* node, std::string_view op, int depth) const {
    std::vector<Text> result;
    ::Node* left = nullptr;
    for (const ::A_Expr* link = node; link != nullptr; link = same_operator(left, op)) {
      if (static_cast<int>(result.size()) > k_max_parts) return unknown();
      result.push_back(read(link->rexpr, depth + 1));
      left = link->lexpr;
    }
    result.push_back(read(left, depth + 1));
    std::ranges::reverse(result);
    return call(op, std::move(result));
  }

  static const ::A_Expr* same_operator(::Node* node, std::string_view op) {
    auto* other = as<::A_Expr>(node, T_A_Expr);
    return other != nullptr && other->kind == AEXPR_OP && other->lexpr != nullptr && operator_of(other) == op
               ? other
               : nullptr;
  }

  static std::string_view operator_of(const ::A_Expr* node) {
    return length(node->name) > 0 ? string_value(node->name->elements[node->name->length - 1].ptr_value)
                                  : std::string_view();
  }

  [[nodiscard]] Text operation(const ::A_Expr* node, int depth) const {
    const std::string_view op = operator_of(node);
    if (node->kind == AEXPR_IN) {
      std::vector<Text> operands = parts(reinterpret_cast<::List*>(node->rexpr), depth);
      operands.insert(operands.begin(), read(node->lexpr, depth + 1));
      return call(op == "=" ? "in" : "not in", std::move(operands));
    }
    if (node->kind == AEXPR_LIKE)
      return call(op == "~~" ? "like" : "not like",
                  {read(node->lexpr, depth + 1), read(node->rexpr, depth + 1)});
    if (node->kind == AEXPR_OP_ANY && op == "=") {
      Text array = read(node->rexpr, depth + 1);
      if (array.kind != Text::Kind::array) return unknown();
      array.parts.insert(array.parts.begin(), read(node->lexpr, depth + 1));
      return call("in", std::move(array.parts));
    }
    if (node->kind == AEXPR_DISTINCT || node->kind == AEXPR_NOT_DISTINCT || node->kind != AEXPR_OP) {
      return unknown();
    }
    if (op == "||" && node->lexpr != nullptr) return chain(node, op, depth);
    if (node->lexpr == nullptr) return call(op, {read(node->rexpr, depth + 1)});
    return call(op, {read(node->lexpr, depth + 1), read(node->rexpr, depth + 1)});
  }

  [[nodiscard]] Text function(const ::FuncCall* node, int depth) const {
    const RelationName name = relation_name(node->funcname);
    const bool builtin = name.schemaname.empty() || name.schemaname == "pg_catalog";
    if (!builtin || node->func_variadic || node->agg_star) return unknown();
    if (aggregated_ != nullptr && is_aggregate(node)) return aggregate(node, depth);
    return call(name.relname, parts(node->args, depth));
  }

  /// The same query, of what the function takes instead.
  [[nodiscard]] Text aggregate(const ::FuncCall* node, int depth) const {
    ::ResTarget target{.type = T_ResTarget, .val = static_cast<::Node*>(node->args->elements[0].ptr_value)};
    ::ListCell cell{.ptr_value = &target};
    ::List targets;  // not {}: it ends in an array without a size, which clang does not initialise
    targets.type = T_List;
    targets.length = targets.max_length = 1;
    targets.elements = &cell;
    ::SelectStmt taken = *aggregated_;
    taken.targetList = &targets;
    Text rows = rows_of(&taken, depth + k_query_depth).rows;
    if (length(node->args) == 1) return call("array of rows", {std::move(rows)});
    ::Node* delimiter = static_cast<::Node*>(node->args->elements[1].ptr_value);
    return call("joined rows", {std::move(rows), read(delimiter, depth + 1)});
  }

  [[nodiscard]] Text logic(const ::BoolExpr* node, int depth) const {
    const std::string_view op = node->boolop == AND_EXPR ? "and" : node->boolop == OR_EXPR ? "or" : "not";
    return call(op, parts(node->args, depth));
  }

  [[nodiscard]] Text null_test(const ::NullTest* node, int depth) const {
    return call(node->nulltesttype == IS_NULL ? "is null" : "is not null",
                {read(reinterpret_cast<::Node*>(node->arg), depth + 1)});
  }

  /// By condition and result, and what it is otherwise.
  [[nodiscard]] Text cases(const ::CaseExpr* node, int depth) const {
    std::vector<Text> result;
    const bool has_subject = node->arg != nullptr;
    const Text subject = has_subject ? read(reinterpret_cast<::Node*>(node->arg), depth + 1) : Text();
    for (auto* when : each<::CaseWhen>(node->args)) {
      if (static_cast<int>(result.size()) > k_max_parts) return unknown();
      Text condition = read(reinterpret_cast<::Node*>(when->expr), depth + 1);
      if (has_subject) condition = call("=", {subject, std::move(condition)});
      result.push_back(std::move(condition));
      result.push_back(read(reinterpret_cast<::Node*>(when->result), depth + 1));
    }
    result.push_back(node->defresult != nullptr ? read(reinterpret_cast<::Node*>(node->defresult), depth + 1)
                                                : Text{.kind = Text::Kind::null});
    return call("case", std::move(result));
  }

  /// array[i]
  [[nodiscard]] Text element(const ::A_Indirection* node, int depth) const {
    if (length(node->indirection) != 1) return unknown();
    auto* subscript =
        as<::A_Indices>(static_cast<::Node*>(node->indirection->elements[0].ptr_value), T_A_Indices);
    if (subscript == nullptr || subscript->is_slice) return unknown();
    return call("[]", {read(node->arg, depth + 1), read(subscript->uidx, depth + 1)});
  }

  const ColumnTexts& columns_;
  const ::SelectStmt* aggregated_;
};

/// `column = constant` and `column IN (constants)` of a WHERE, as far as they must hold.
ColumnTexts columns_of_where(::Node* where, int depth) {
  ColumnTexts columns;
  for (::Node* node : conjuncts(where)) {
    auto* compared = as<::A_Expr>(node, T_A_Expr);
    if (compared == nullptr ||
        (compared->kind != AEXPR_OP && compared->kind != AEXPR_IN && compared->kind != AEXPR_OP_ANY)) {
      continue;
    }
    auto* column = as<::ColumnRef>(compared->lexpr, T_ColumnRef);
    const bool equal =
        length(compared->name) == 1 && string_value(compared->name->elements[0].ptr_value) == "=";
    if (column == nullptr || !equal) continue;
    const std::string_view name =
        string_value(column->fields->elements[column->fields->length - 1].ptr_value);
    if (compared->kind == AEXPR_OP) {
      columns[name] = Reader({}).read(compared->rexpr, depth);
    } else if (compared->kind == AEXPR_IN) {
      columns[name] =
          list(Text::Kind::choice, Reader({}).parts(reinterpret_cast<::List*>(compared->rexpr), depth));
    } else {
      Text array = Reader({}).read(compared->rexpr, depth);
      if (array.kind != Text::Kind::array) continue;
      array.kind = Text::Kind::choice;
      columns[name] = std::move(array);
    }
  }
  return columns;
}

Names column_names(const ::SelectStmt* select) {
  Names names;
  for (auto* target : each<::ResTarget>(select->targetList)) {
    names.push_back(target->name != nullptr ? Name(view(target->name)) : output_name(target->val));
  }
  return names;
}

Text array_of_rows(const ::List* values, int depth) {
  std::vector<Text> rows;
  if (static_cast<std::size_t>(length(values)) > k_max_rows) return unknown();
  for (auto* row : each<::List>(values)) rows.push_back(list(Text::Kind::row, Reader({}).parts(row, depth)));
  return list(Text::Kind::array, std::move(rows));
}

/// One column as rows.
Text rows_of_array(Text array) {
  if (array.kind != Text::Kind::array) return call("rows", {std::move(array)});
  for (Text& element : array.parts) element = list(Text::Kind::row, {std::move(element)});
  return array;
}

/// unnest(array) and generate_series(a, b) as an array.
std::optional<Text> elements(::Node* node, int depth) {
  auto* function = as<::FuncCall>(node, T_FuncCall);
  if (function == nullptr) return std::nullopt;
  const Name name = relation_name(function->funcname).relname;
  std::vector<Text> arguments = Reader({}).parts(function->args, depth);
  if (name == "unnest" && arguments.size() == 1) return std::move(arguments.front());
  if (name == "generate_series" && arguments.size() > 1) return call("range", std::move(arguments));
  constexpr std::array<std::string_view, 6> k_sets = {"json_array_elements_text", "jsonb_array_elements_text",
                                                      "json_object_keys",         "jsonb_object_keys",
                                                      "regexp_split_to_table",    "string_to_table"};
  if (std::ranges::find(k_sets, name.str()) != k_sets.end()) return call(name.str(), std::move(arguments));
  return std::nullopt;
}

Names alias_columns(const ::Alias* alias) {
  return alias != nullptr ? strings(alias->colnames) : Names{};
}

/// What a FROM item yields, if it is a list of constants or an array.
std::optional<Rows> rows_of_item(::Node* item, int depth) {
  if (auto* sub = as<::RangeSubselect>(item, T_RangeSubselect)) {
    auto* select = as<::SelectStmt>(sub->subquery, T_SelectStmt);
    if (select == nullptr) return std::nullopt;
    Rows rows = rows_of(select, depth + 1);
    const Names names = alias_columns(sub->alias);
    for (std::size_t i = 0; i < std::min(names.size(), rows.columns.size()); ++i) rows.columns[i] = names[i];
    return rows;
  }
  if (auto* function = as<::RangeFunction>(item, T_RangeFunction); function != nullptr) {
    if (length(function->functions) != 1) return std::nullopt;
    auto* first = static_cast<::List*>(function->functions->elements[0].ptr_value);
    auto array = elements(static_cast<::Node*>(first->elements[0].ptr_value), depth);
    if (!array) return std::nullopt;
    Names names = alias_columns(function->alias);
    if (names.empty())
      names.emplace_back(function->alias != nullptr ? view(function->alias->aliasname) : "unnest");
    return Rows{.rows = rows_of_array(std::move(*array)), .columns = names};
  }
  return std::nullopt;
}

bool is_star(const ::SelectStmt* select) {
  if (length(select->targetList) != 1) return false;
  auto* column =
      as<::ColumnRef>(static_cast<::ResTarget*>(select->targetList->elements[0].ptr_value)->val, T_ColumnRef);
  return column != nullptr &&
         static_cast<::Node*>(column->fields->elements[column->fields->length - 1].ptr_value)->type ==
             T_A_Star;
}

Text target_row(const ::SelectStmt* select, const ColumnTexts& columns, int depth) {
  std::vector<Text> row;
  for (auto* target : each<::ResTarget>(select->targetList))
    row.push_back(Reader(columns).read(target->val, depth));
  return list(Text::Kind::row, std::move(row));
}

/// The same where the rows are known when the code runs.
Text each_computed_row(const ::SelectStmt* select, const Rows& source, int depth) {
  auto* item = static_cast<::Node*>(select->fromClause->elements[0].ptr_value);
  auto* function = as<::RangeFunction>(item, T_RangeFunction);
  auto* query = as<::RangeSubselect>(item, T_RangeSubselect);
  const ::Alias* alias = function != nullptr ? function->alias : query != nullptr ? query->alias : nullptr;
  Text rows = call(alias != nullptr ? view(alias->aliasname) : "", {source.rows});
  for (const Name column : source.columns) rows.parts.push_back(constant(column.str()));
  Text condition = call("and", {});
  if (select->whereClause != nullptr) condition.parts.push_back(Reader({}).read(select->whereClause, depth));
  return {.kind = Text::Kind::query,
          .value = {},
          .parts = {list(Text::Kind::array, {std::move(rows)}), std::move(condition),
                    target_row(select, {}, depth), unknown()}};
}

/// The targets, once for each row of the FROM item.
Text each_row(const ::SelectStmt* select, const Rows& source, int depth) {
  if (source.rows.kind == Text::Kind::unknown) return unknown();
  if (source.rows.kind != Text::Kind::array) return each_computed_row(select, source, depth);
  std::vector<Text> result;
  for (const Text& row : source.rows.parts) {
    ColumnTexts columns;
    for (std::size_t i = 0; i < std::min(row.parts.size(), source.columns.size()); ++i)
      columns[source.columns[i].str()] = row.parts[i];
    result.push_back(target_row(select, columns, depth));
  }
  return list(select->whereClause == nullptr ? Text::Kind::array : Text::Kind::choice, std::move(result));
}

/// A row that data gives: one for each value that WHERE admits for a column, if there is such a column.
Text rows_of_where(const ::SelectStmt* select, const ColumnTexts& columns, int depth) {
  std::vector<Text> rows;
  for (const auto& [name, values] : columns) {
    if (values.kind != Text::Kind::choice || values.parts.size() > k_max_rows) continue;
    for (const Text& value : values.parts) {
      ColumnTexts one = columns;
      one[name] = value;
      rows.push_back(target_row(select, one, depth));
    }
    return list(Text::Kind::choice, std::move(rows));
  }
  rows.push_back(target_row(select, columns, depth));
  return list(Text::Kind::choice, std::move(rows));
}

// ---- queries of system catalogs ------------------------------------------------------------------------------------

bool is_catalog_name(const RelationName& name) {
  if (name.schemaname.empty()) return name.relname.starts_with("pg_");
  return name.schemaname == "pg_catalog" || name.schemaname == "information_schema";
}

/// Takes a FROM item apart; false: it is more than system catalogs and inner joins of them.
bool add_catalogs(::Node* item, std::vector<Text>& tables, std::vector<Text>& conditions, int depth) {
  if (depth > k_max_depth) return false;
  if (auto* range = as<::RangeVar>(item, T_RangeVar)) {
    RelationName name = relation_name(range);
    if (!is_catalog_name(name)) return false;
    const std::string_view alias = view(range->alias != nullptr ? range->alias->aliasname : range->relname);
    const bool qualified = name.schemaname == "information_schema";
    tables.push_back(
        constant((qualified ? "information_schema." : "") + name.relname.str() + " " + std::string(alias)));
    return true;
  }
  auto* join = as<::JoinExpr>(item, T_JoinExpr);
  if (join == nullptr || join->jointype != JOIN_INNER || join->isNatural || length(join->usingClause) > 0)
    return false;
  if (!add_catalogs(join->larg, tables, conditions, depth + 1)) return false;
  if (!add_catalogs(join->rarg, tables, conditions, depth + 1)) return false;
  if (join->quals != nullptr) conditions.push_back(Reader({}).read(join->quals, depth));
  return true;
}

/// The rows of a query of system catalogs; what else: `fallback`.
Text catalog_rows(const ::SelectStmt* select, Text fallback, int depth) {
  const bool plain = select->op == SETOP_NONE && select->withClause == nullptr &&
                     length(select->groupClause) == 0 && select->havingClause == nullptr &&
                     length(select->fromClause) > 0 && length(select->distinctClause) == 0 &&
                     select->limitOffset == nullptr;
  if (!plain) return fallback;
  std::vector<Text> tables;
  std::vector<Text> conditions;
  for (::Node* item : each(select->fromClause)) {
    if (!add_catalogs(item, tables, conditions, depth)) return fallback;
  }
  if (select->whereClause != nullptr) conditions.push_back(Reader({}).read(select->whereClause, depth));
  return {.kind = Text::Kind::query,
          .value = {},
          .parts = {list(Text::Kind::array, std::move(tables)), call("and", std::move(conditions)),
                    target_row(select, {}, depth), std::move(fallback)}};
}

/// SELECT 'DROP TABLE ' || string_agg(…) FROM …: one row.
bool aggregates(const ::SelectStmt* select) {
  if (length(select->groupClause) > 0 || length(select->fromClause) == 0) return false;
  bool found = false;
  for (auto* target : each<::ResTarget>(select->targetList)) {
    walk(target->val, [&](::Node* node) {
      auto* function = as<::FuncCall>(node, T_FuncCall);
      found = found || (function != nullptr && is_aggregate(function));
      return node->type != T_SubLink;
    });
  }
  return found;
}

/// SELECT count(*) FROM …
bool counts_rows(const ::SelectStmt* select) {
  if (length(select->targetList) != 1 || length(select->groupClause) > 0) return false;
  auto* function =
      as<::FuncCall>(static_cast<::ResTarget*>(select->targetList->elements[0].ptr_value)->val, T_FuncCall);
  return function != nullptr && relation_name(function->funcname).relname == "count" &&
         (function->agg_star || length(function->args) == 1) && !function->agg_distinct &&
         function->agg_filter == nullptr;
}

}  // namespace

Text text_of(::Node* node, const ColumnTexts& columns) {
  return Reader(columns).read(node, 0);
}

std::vector<Text> texts_of(const ::FuncCall* node) {
  std::vector<Text> result;
  if (length(node->args) > k_max_parts) return result;
  for (::Node* argument : each(node->args)) {
    if (auto* named = as<::NamedArgExpr>(argument, T_NamedArgExpr)) {
      result.push_back(call("=>" + string(named->name), {text_of(reinterpret_cast<::Node*>(named->arg))}));
    } else {
      result.push_back(text_of(argument));
    }
  }
  return result;
}

Rows rows_of(const ::SelectStmt* select, int depth) {
  if (depth > k_max_depth || select->op != SETOP_NONE || select->withClause != nullptr) return {};
  if (length(select->valuesLists) > 0) {
    Rows rows{.rows = array_of_rows(select->valuesLists, depth), .columns = {}};
    const std::size_t width = rows.rows.parts.empty() ? 0 : rows.rows.parts.front().parts.size();
    for (std::size_t i = 1; i <= width; ++i) rows.columns.emplace_back("column" + std::to_string(i));
    return rows;
  }
  const Names names = column_names(select);
  if (aggregates(select)) {
    std::vector<Text> row;
    for (auto* target : each<::ResTarget>(select->targetList))
      row.push_back(Reader({}, select).read(target->val, depth));
    return {.rows = list(Text::Kind::array, {list(Text::Kind::row, std::move(row))}), .columns = names};
  }
  if (length(select->fromClause) == 0) {
    if (names.size() == 1) {
      auto array = elements(static_cast<::ResTarget*>(select->targetList->elements[0].ptr_value)->val, depth);
      if (array) return {.rows = rows_of_array(std::move(*array)), .columns = names};
    }
    const bool sure = select->whereClause == nullptr;
    return {.rows = list(sure ? Text::Kind::array : Text::Kind::choice, {target_row(select, {}, depth)}),
            .columns = names};
  }
  if (length(select->fromClause) == 1) {
    if (auto source = rows_of_item(static_cast<::Node*>(select->fromClause->elements[0].ptr_value), depth)) {
      if (!is_star(select)) return {.rows = each_row(select, *source, depth), .columns = names};
      if (select->whereClause != nullptr && source->rows.kind == Text::Kind::array)
        source->rows.kind = Text::Kind::choice;
      return std::move(*source);
    }
  }
  if (counts_rows(select)) {
    Text counted = call("count rows", {catalog_rows(select, unknown(), depth)});
    return {.rows = list(Text::Kind::array, {list(Text::Kind::row, {std::move(counted)})}), .columns = names};
  }
  Text known = rows_of_where(select, columns_of_where(select->whereClause, depth), depth);
  return {.rows = catalog_rows(select, std::move(known), depth), .columns = names};
}

}  // namespace pgsluice::sql
