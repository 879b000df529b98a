// SPDX-License-Identifier: Apache-2.0
// `SELECT run(format('…', tablename)) FROM pg_tables WHERE …`: a function that is called once for each row; and what views
// of PostgreSQL's own call for theirs.
#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "lower.hpp"
#include "lower_text.hpp"
#include "walk.hpp"

namespace pgsluice::sql {

namespace {

/// The rows of the query with the arguments of the call for columns.
Text rows_of_arguments(const ::SelectStmt* select, const ::FuncCall* call) {
  std::vector<::ResTarget> targets(static_cast<std::size_t>(length(call->args)));
  std::vector<::ListCell> cells(targets.size());
  std::size_t place = 0;
  for (::Node* argument : each(call->args)) {
    targets[place].type = T_ResTarget;
    targets[place].val = argument;
    cells[place].ptr_value = &targets[place];
    ++place;
  }
  ::List list;  // not {}: it ends in an array without a size, which clang does not initialise
  list.type = T_List;
  list.length = list.max_length = static_cast<int>(cells.size());
  list.elements = cells.data();
  ::SelectStmt arguments = *select;
  arguments.targetList = &list;
  return rows_of(&arguments).rows;
}

/// The calls of an expression, those of its subqueries not among them.
std::vector<const ::FuncCall*> calls_of(::Node* expression) {
  std::vector<const ::FuncCall*> calls;
  walk(expression, [&](::Node* node) {
    auto* call = as<::FuncCall>(node, T_FuncCall);
    if (call != nullptr && length(call->args) > 0) calls.push_back(call);
    return node->type != T_SubLink;
  });
  return calls;
}

FunctionCall called_for_each(Name name, Text rows) {
  Text each{.kind = Text::Kind::call,
            .value = "each row",
            .parts = {std::move(rows), {.kind = Text::Kind::row, .value = {}, .parts = {}}}};
  return {.name = name, .arguments = 1, .texts = std::vector<Text>{std::move(each)}};
}

/// A column of a view that a function computes. pg: system_views.sql
struct Computed {
  std::string_view view;    ///< of pg_catalog where no other schema is written
  std::string_view column;  ///< empty: whatever is read, because the function is volatile
  std::string_view function;
};
constexpr std::array k_computed = {
    Computed{"pg_indexes", "indexdef", "pg_get_indexdef"},
    Computed{"pg_views", "definition", "pg_get_viewdef"},
    Computed{"pg_matviews", "definition", "pg_get_viewdef"},
    Computed{"pg_sequences", "", "pg_sequence_last_value"},
    Computed{"pg_rules", "definition", "pg_get_ruledef"},
    Computed{"pg_policies", "qual", "pg_get_policies"},
    Computed{"pg_policies", "with_check", "pg_get_policies"},
    Computed{"information_schema.views", "view_definition", "pg_get_viewdef"},
    Computed{"information_schema.columns", "column_default", "pg_get_expr"},
    Computed{"information_schema.check_constraints", "check_clause", "pg_get_constraintdef"},
};

bool reads_column(::Node* query, std::string_view column) {
  bool found = column.empty();
  walk(query, [&](::Node* node) {
    if (auto* ref = as<::ColumnRef>(node, T_ColumnRef)) {
      auto* last = static_cast<::Node*>(ref->fields->elements[ref->fields->length - 1].ptr_value);
      found = found || last->type == T_A_Star || string_value(last) == column;
    }
    return true;
  });
  return found;
}

/// The OIDs of what the rows of the view are about.
Text oids_of(const ::SelectStmt* select, const ::RangeVar* view_range) {
  ::SelectStmt bare = *select;
  bare.targetList = nullptr;
  bare.limitOffset = nullptr;
  bare.distinctClause = nullptr;
  Text rows = rows_of(&bare).rows;
  constexpr std::size_t row = 2;
  if (rows.kind != Text::Kind::query) return {};
  const std::string_view alias =
      view(view_range->alias != nullptr ? view_range->alias->aliasname : view_range->relname);
  rows.parts[row] = {
      .kind = Text::Kind::row,
      .value = {},
      .parts = {
          {.kind = Text::Kind::variable, .value = std::string(alias) + ".oid of its object", .parts = {}}}};
  return rows;
}

}  // namespace

void add_computed_columns(::SelectStmt* select, Command& command) {
  for (::Node* item : each(select->fromClause)) {
    walk(item, [&](::Node* node) {
      auto* range = as<::RangeVar>(node, T_RangeVar);
      if (range == nullptr) return node->type != T_RangeSubselect;
      const std::string_view schema = view(range->schemaname != nullptr ? range->schemaname : "pg_catalog");
      std::string name(view(range->relname));
      if (schema != "pg_catalog") name = cat(schema, ".", name);
      for (const Computed& computed : k_computed) {
        if (computed.view != name) continue;
        if (!reads_column(reinterpret_cast<::Node*>(select), computed.column)) continue;
        Text rows = oids_of(select, range);
        if (rows.kind != Text::Kind::query) continue;
        command.functions.push_back(called_for_each(computed.function, std::move(rows)));
        return true;
      }
      return true;
    });
  }
}

void add_row_calls(::SelectStmt* select, Command& command) {
  if (length(select->fromClause) == 0) return;
  std::vector<::Node*> expressions{select->whereClause};
  for (auto* target : each<::ResTarget>(select->targetList)) expressions.push_back(target->val);
  for (::Node* expression : expressions) {
    for (const ::FuncCall* call : calls_of(expression)) {
      const Name name = relation_name(call->funcname).relname;
      const auto found = std::ranges::find_if(command.functions, [&](const FunctionCall& function) {
        return function.name == name && function.arguments == length(call->args);
      });
      Text rows = rows_of_arguments(select, call);
      if (found == command.functions.end() || rows.kind == Text::Kind::unknown) continue;
      Text once{.kind = Text::Kind::row, .value = {}, .parts = {}};
      if (found->texts) once.parts = *found->texts;
      Text each{.kind = Text::Kind::call, .value = "each row", .parts = {std::move(rows), std::move(once)}};
      found->texts = std::vector<Text>{std::move(each)};
    }
  }
}

}  // namespace pgsluice::sql
