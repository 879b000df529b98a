// SPDX-License-Identifier: Apache-2.0
#include "unknown_parts.hpp"

#include <algorithm>

namespace pgsluice::sql {
namespace {

constexpr std::string_view k_tag = "Placeholder";

template <typename Visit>
void visit_expressions(Constraint& constraint, Visit visit) {
  if (constraint.expression) visit(constraint.expression.edit());
}

template <typename Visit>
void visit_expressions(Command& command, Visit visit) {
  if (command.expression) visit(command.expression.edit());
  for (Constraint& constraint : command.constraints) visit_expressions(constraint, visit);
  for (ColumnDef& column : command.columns) {
    for (Constraint& constraint : column.constraints) visit_expressions(constraint, visit);
  }
}

}  // namespace

bool has_unknown_parts(const SourceFile& source, const SourceRange& range) {
  return std::ranges::any_of(source.placeholders(range),
                             [](const Reading::Placeholder& one) { return !one.in_string; });
}

void note_unknown_values(const SourceFile& source, Statement& statement) {
  for (const Reading::Placeholder& one : source.placeholders(statement.range)) {
    if (one.in_string) continue;
    for (Command& command : statement.commands) {
      visit_expressions(command, [&](Expression& expression) {
        if (one.range.begin < expression.range.begin || expression.range.end < one.range.end) return;
        expression.functions.push_back({.name = one.name});
        expression.literal = false;
        expression.constant = {};
        expression.said = {};
      });
    }
  }
}

Statement unknown_statement(const SourceRange& range) {
  Statement statement{.tag = k_tag, .range = range, .commands = {}};
  statement.commands.push_back({.tag = k_tag, .range = range});
  return statement;
}

}  // namespace pgsluice::sql
