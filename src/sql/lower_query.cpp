// SPDX-License-Identifier: Apache-2.0
// SELECT and DML: which relations a query reads, writes and locks rows of.
#include <set>
#include <utility>

#include "lower.hpp"
#include "walk.hpp"

namespace pgsluice::sql {

namespace {

/// Names of WITH queries hide relations of the same name.
std::set<std::string_view> cte_names(::Node* query) {
  std::set<std::string_view> names;
  walk(query, [&names](::Node* node) {
    if (auto* cte = as<::CommonTableExpr>(node, T_CommonTableExpr)) names.insert(view(cte->ctename));
    return true;
  });
  return names;
}

/// The relation that an INSERT, UPDATE, DELETE or MERGE writes.
const ::RangeVar* written_relation(::Node* node) {
  switch (node->type) {
    case T_InsertStmt: return reinterpret_cast<::InsertStmt*>(node)->relation;
    case T_UpdateStmt: return reinterpret_cast<::UpdateStmt*>(node)->relation;
    case T_DeleteStmt: return reinterpret_cast<::DeleteStmt*>(node)->relation;
    case T_MergeStmt: return reinterpret_cast<::MergeStmt*>(node)->relation;
    default: return nullptr;
  }
}

/// Relations of one SELECT level's FROM that its FOR UPDATE … takes row locks on.
void add_locked(::SelectStmt* select, std::set<const ::RangeVar*>& locked) {
  if (length(select->lockingClause) == 0) return;
  bool all = false;
  std::set<std::string_view> names;
  for (auto* lock : each<::LockingClause>(select->lockingClause)) {
    if (length(lock->lockedRels) == 0) all = true;
    for (auto* named : each<::RangeVar>(lock->lockedRels)) names.insert(view(named->relname));
  }
  for (::Node* item : each(select->fromClause)) {
    walk(item, [&](::Node* node) {
      auto* range = as<::RangeVar>(node, T_RangeVar);
      if (range == nullptr) return true;
      const char* name = range->alias != nullptr ? range->alias->aliasname : range->relname;
      if (all || names.contains(view(name))) locked.insert(range);
      return true;
    });
  }
}

std::string_view locking_text(const ::SelectStmt* select) {
  if (length(select->lockingClause) == 0) return "none";
  switch (static_cast<::LockingClause*>(select->lockingClause->elements[0].ptr_value)->strength) {
    case LCS_FORKEYSHARE: return "FOR KEY SHARE";
    case LCS_FORSHARE: return "FOR SHARE";
    case LCS_FORNOKEYUPDATE: return "FOR NO KEY UPDATE";
    default: return "FOR UPDATE";
  }
}

void add_dml(::Node* node, std::string_view tag, const Source& source, Statement& statement) {
  Command& command = add_command(statement, tag, source.whole());
  const ::RangeVar* target = written_relation(node);
  add_relation(command, "target", relation_name(target), !target->inh);
  bool where = true;
  if (node->type == T_UpdateStmt) where = reinterpret_cast<::UpdateStmt*>(node)->whereClause != nullptr;
  if (node->type == T_DeleteStmt) where = reinterpret_cast<::DeleteStmt*>(node)->whereClause != nullptr;
  set_fact(command, "has_where", where);
  if (auto* insert = as<::InsertStmt>(node, T_InsertStmt)) {
    auto* select = as<::SelectStmt>(insert->selectStmt, T_SelectStmt);
    set_fact(command, "from_query", select != nullptr && length(select->valuesLists) == 0);
    set_fact(command, "default_values", insert->selectStmt == nullptr);
    for (auto* column : each<::ResTarget>(insert->cols)) command.names.push_back(view(column->name));
  }
  if (auto* update = as<::UpdateStmt>(node, T_UpdateStmt)) {
    for (auto* column : each<::ResTarget>(update->targetList)) command.names.push_back(view(column->name));
  }
  add_query_use(node, source, command, target);
}

}  // namespace

void add_query_use(::Node* query, const Source& source, Command& command, const ::RangeVar* target) {
  if (query == nullptr) return;
  const std::set<std::string_view> ctes = cte_names(query);
  std::set<const ::RangeVar*> written;
  std::set<const ::RangeVar*> locked;
  walk(query, [&](::Node* node) {
    if (const ::RangeVar* range = written_relation(node)) written.insert(range);
    if (auto* select = as<::SelectStmt>(node, T_SelectStmt)) add_locked(select, locked);
    return true;
  });
  walk(query, [&](::Node* node) {
    auto* range = as<::RangeVar>(node, T_RangeVar);
    if (range == nullptr || range == target) return true;
    if (!written.contains(range) && range->schemaname == nullptr && ctes.contains(view(range->relname))) {
      return true;
    }
    add_relation(command,
                 written.contains(range)  ? "written"
                 : locked.contains(range) ? "locked"
                                          : "source",
                 relation_name(range), !range->inh);
    return true;
  });
  Expression use = expression(query, source);
  for (const RelationName& sequence : use.sequences) add_relation(command, "sequence", sequence);
  for (const FunctionCall& function : use.functions) command.functions.push_back(function);
  if (command.tag == "ViewStmt" || command.tag == "CreateTableAsStmt") command.names = std::move(use.columns);
}

bool lower_query(::Node* node, const Source& source, Statement& statement) {
  switch (node->type) {
    case T_SelectStmt: {
      auto* select = reinterpret_cast<::SelectStmt*>(node);
      Command& command = add_command(statement, "SelectStmt", source.whole());
      set_fact(command, "locking", locking_text(select));
      set_fact(command, "into", select->intoClause != nullptr);
      if (select->intoClause != nullptr)
        add_relation(command, "target", relation_name(select->intoClause->rel));
      add_query_use(node, source, command);
      return true;
    }
    case T_InsertStmt: add_dml(node, "InsertStmt", source, statement); return true;
    case T_UpdateStmt: add_dml(node, "UpdateStmt", source, statement); return true;
    case T_DeleteStmt: add_dml(node, "DeleteStmt", source, statement); return true;
    case T_MergeStmt: add_dml(node, "MergeStmt", source, statement); return true;
    default: return false;
  }
}

}  // namespace pgsluice::sql
