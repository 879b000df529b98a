// SPDX-License-Identifier: Apache-2.0
// `SELECT run(format('…', tablename)) FROM pg_tables WHERE …`: a function that is called once for each row.
#include <algorithm>
#include <vector>

#include "lower.hpp"
#include "lower_text.hpp"

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

}  // namespace

void add_row_calls(const ::SelectStmt* select, Command& command) {
  if (length(select->fromClause) == 0) return;
  for (auto* target : each<::ResTarget>(select->targetList)) {
    auto* call = as<::FuncCall>(target->val, T_FuncCall);
    if (call == nullptr || length(call->args) == 0) continue;
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

}  // namespace pgsluice::sql
