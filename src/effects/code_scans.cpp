// SPDX-License-Identifier: Apache-2.0
#include "code_scans.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "pgsluice/code.hpp"

namespace pgsluice::effects {

namespace {

/// `column = …`, alone or among conditions that must all hold.
bool is_equated(const Predicate& where, const Name column) {
  if (where.kind == Predicate::Kind::compare) return where.op == "=" && where.column == column;
  return where.kind == Predicate::Kind::all &&
         std::ranges::any_of(where.parts, [&](const Predicate& part) { return is_equated(part, column); });
}

/// A unique index finds its one row.
bool is_looked_up(const Catalog& catalog, const RelationName& table, const Predicate& where) {
  return std::ranges::any_of(catalog.indexes(table), [&](const Relation* index) {
    return index->index && index->index->unique && !index->index->predicate &&
           !index->index->elements.empty() &&
           std::ranges::all_of(index->index->elements, [&](const IndexElement& element) {
             return !element.column.empty() && is_equated(where, element.column);
           });
  });
}

bool is_looked_up(const Command& command, const Catalog& catalog, const RelationName& table) {
  const auto looks_up = [&](const RelationRef& ref) {
    return ref.where && catalog.resolve(ref.name) == table && is_looked_up(catalog, table, *ref.where);
  };
  return std::ranges::any_of(command.relations, looks_up) ||
         (command.changes && std::ranges::any_of(*command.changes, looks_up, &RowChange::target));
}

/// The column that is all of what a function takes; empty: something else.
Name argument_of(const FunctionCall& call) {
  if (!call.texts || call.texts->size() != 1) return {};
  const Text* argument = &call.texts->front();
  // Behind the rows for which it is called stands what is written.
  if (argument->kind == Text::Kind::call && argument->value == "each row" && argument->parts.size() == 2 &&
      argument->parts.back().parts.size() == 1) {
    argument = &argument->parts.back().parts.front();
  }
  if (argument->kind != Text::Kind::variable) return {};
  return argument->value.substr(argument->value.rfind('.') + 1);
}

/// pg: planagg.c: min() and max() take one end of an index.
bool takes_an_end(const Command& command, const Catalog& catalog, const RelationName& table) {
  return std::ranges::any_of(command.functions, [&](const FunctionCall& call) {
    const Name column = call.name == "max" || call.name == "min" ? argument_of(call) : Name();
    return !column.empty() && std::ranges::any_of(catalog.indexes(table), [&](const Relation* index) {
      return index->index && !index->index->predicate && !index->index->elements.empty() &&
             index->index->elements.front().column == column;
    });
  });
}

bool is_read(const Command& command, const RelationLock& lock) {
  if (lock.role == "sources" || lock.role == "locked" || lock.role == "view_sources") return true;
  const bool writes_in_place = command.tag == "UpdateStmt" || command.tag == "DeleteStmt";
  return writes_in_place && (lock.role == "target" || lock.role == "changed");
}

}  // namespace

bool counts_code_scans(std::string_view tag) {
  constexpr std::array<std::string_view, 18> k_queries = {
      "SelectStmt",        "InsertStmt",         "UpdateStmt",      "DeleteStmt",        "MergeStmt",
      "CopyStmt",          "ExplainStmt",        "DoStmt",          "CallStmt",          "ExecuteStmt",
      "CreateTableAsStmt", "RefreshMatViewStmt", "PrepareStmt",     "DeclareCursorStmt", "FetchStmt",
      "TransactionStmt",   "ConstraintsSetStmt", "VariableSetStmt",
  };
  return std::ranges::find(k_queries, tag) == k_queries.end();
}

void add_code_scans(const Statement& statement, const Catalog& catalog, std::vector<CommandEffect>& effects) {
  constexpr std::array<std::string_view, 5> k_reads = {"SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt",
                                                       "MergeStmt"};
  if (std::ranges::find(k_reads, statement.tag) == k_reads.end()) return;
  for (CommandEffect& effect : effects) {
    if (effect.inner != nullptr) continue;  // what that one runs in turn
    const Command& command = statement.commands[effect.command];
    for (const RelationLock& lock : effect.locks) {
      const bool has_rows = lock.relkind == relkind::table || lock.relkind == relkind::materialized_view;
      if (!has_rows || lock.is_new || !is_read(command, lock)) continue;
      const bool known = std::ranges::find(effect.scans, lock.relation) != effect.scans.end();
      if (known || is_looked_up(command, catalog, lock.relation)) continue;
      if (!takes_an_end(command, catalog, lock.relation)) effect.scans.push_back(lock.relation);
    }
  }
}

}  // namespace pgsluice::effects
