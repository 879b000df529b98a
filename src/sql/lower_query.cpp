// SPDX-License-Identifier: Apache-2.0
// SELECT and DML: which relations a query reads, writes and locks rows of.
#include <algorithm>
#include <set>
#include <utility>

#include "constants.hpp"
#include "lower.hpp"
#include "walk.hpp"

namespace pgsluice::sql {

namespace {

/// Names of WITH queries hide relations of the same name.
std::set<std::string_view> cte_names(const std::vector<::Node*>& nodes) {
  std::set<std::string_view> names;
  for (::Node* node : nodes) {
    if (auto* cte = as<::CommonTableExpr>(node, T_CommonTableExpr)) names.insert(view(cte->ctename));
  }
  return names;
}

/// Of those names the ones that are relations all the same: without RECURSIVE a WITH query is not seen by itself, nor by
/// those before it.
std::set<const ::RangeVar*> unseen_ctes(const std::vector<::Node*>& nodes) {
  constexpr int most = 100;  // each is walked through once more
  std::set<const ::RangeVar*> relations;
  int count = 0;
  for (::Node* node : nodes) {
    auto* with = as<::WithClause>(node, T_WithClause);
    if (with == nullptr || with->recursive || ++count > most) continue;
    std::set<std::string_view> later;
    for (auto* cte : each<::CommonTableExpr>(with->ctes)) later.insert(view(cte->ctename));
    for (auto* cte : each<::CommonTableExpr>(with->ctes)) {
      for (::Node* inner : query_nodes(cte->ctequery)) {
        auto* range = as<::RangeVar>(inner, T_RangeVar);
        if (range != nullptr && later.contains(view(range->relname))) relations.insert(range);
      }
      later.erase(view(cte->ctename));
    }
  }
  return relations;
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

std::string_view item_name(::Node* item) {
  if (auto* range = as<::RangeVar>(item, T_RangeVar)) {
    return view(range->alias != nullptr ? range->alias->aliasname : range->relname);
  }
  auto* nested = as<::RangeSubselect>(item, T_RangeSubselect);
  return nested != nullptr && nested->alias != nullptr ? view(nested->alias->aliasname) : std::string_view();
}

/// The items of a FROM in which FOR UPDATE [OF names] locks rows, with those of subqueries; what conditions read is not
/// locked.
void add_locked_items(::Node* item, const std::set<std::string_view>& names,
                      std::set<const ::RangeVar*>& locked) {
  std::vector<std::pair<::Node*, bool>> stack{{item, names.empty()}};
  while (!stack.empty()) {
    auto [node, is_locked] = stack.back();
    stack.pop_back();
    if (auto* sample = as<::RangeTableSample>(node, T_RangeTableSample)) node = sample->relation;
    is_locked = is_locked || names.contains(item_name(node));
    if (auto* join = as<::JoinExpr>(node, T_JoinExpr)) {
      stack.emplace_back(join->larg, is_locked);
      stack.emplace_back(join->rarg, is_locked);
    } else if (auto* range = as<::RangeVar>(node, T_RangeVar); range != nullptr && is_locked) {
      locked.insert(range);
    } else if (auto* nested = as<::RangeSubselect>(node, T_RangeSubselect); nested != nullptr && is_locked) {
      stack.emplace_back(nested->subquery, true);
    } else if (auto* select = as<::SelectStmt>(node, T_SelectStmt)) {
      for (::SelectStmt* part : {select->larg, select->rarg}) {
        if (part != nullptr) stack.emplace_back(reinterpret_cast<::Node*>(part), true);
      }
      for (::Node* inner : each(select->fromClause)) stack.emplace_back(inner, true);
    }
  }
}

/// Relations that FOR UPDATE and its kin of one SELECT take row locks on.
void add_locked(::SelectStmt* select, std::set<const ::RangeVar*>& locked) {
  for (auto* lock : each<::LockingClause>(select->lockingClause)) {
    std::set<std::string_view> names;
    for (auto* named : each<::RangeVar>(lock->lockedRels)) names.insert(view(named->relname));
    for (::Node* item : each(select->fromClause)) add_locked_items(item, names, locked);
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

bool is_true(::Node* node) {
  if (auto* cast = as<::TypeCast>(node, T_TypeCast)) return is_true(cast->arg);
  auto* constant = as<::A_Const>(node, T_A_Const);
  return constant != nullptr && !constant->isnull && constant->val.node.type == T_Boolean &&
         constant->val.boolval.boolval;
}

bool is_same_column(const ::ColumnRef* a, const ::ColumnRef* b) {
  if (a == nullptr || b == nullptr || length(a->fields) != length(b->fields)) return false;
  for (int i = 0; i < length(a->fields); ++i) {
    const std::string_view field = string_value(a->fields->elements[i].ptr_value);
    if (field.empty() || field != string_value(b->fields->elements[i].ptr_value)) return false;
  }
  return true;
}

bool is_same_constant(::Node* a, ::Node* b) {
  if (as<::A_Const>(a, T_A_Const) == nullptr || as<::A_Const>(b, T_A_Const) == nullptr) return false;
  const Value left = value_or_variable(a);
  const Value right = value_or_variable(b);
  return left.kind == Value::Kind::constant && right.kind == Value::Kind::constant &&
         left.type == right.type && left.text == right.text;
}

/// Nobody is left out: there is no condition, or one that is true of every row, such as `1 = 1` or `id = id`.
bool takes_all(::Node* where) {
  if (where == nullptr || is_true(where)) return true;
  auto* comparison = as<::A_Expr>(where, T_A_Expr);
  if (comparison == nullptr || comparison->kind != AEXPR_OP || length(comparison->name) != 1) return false;
  const std::string_view op = string_value(comparison->name->elements[0].ptr_value);
  if (op != "=" && op != ">=" && op != "<=") return false;
  return is_same_constant(comparison->lexpr, comparison->rexpr) ||
         is_same_column(as<::ColumnRef>(comparison->lexpr, T_ColumnRef),
                        as<::ColumnRef>(comparison->rexpr, T_ColumnRef));
}

void add_dml(::Node* node, std::string_view tag, const Source& source, Statement& statement) {
  Command& command = add_command(statement, tag, source.whole());
  const ::RangeVar* target = written_relation(node);
  add_relation(command, "target", relation_name(target), !target->inh);
  bool where = true;
  if (node->type == T_UpdateStmt) where = !takes_all(reinterpret_cast<::UpdateStmt*>(node)->whereClause);
  if (node->type == T_DeleteStmt) where = !takes_all(reinterpret_cast<::DeleteStmt*>(node)->whereClause);
  set_fact(command, "has_where", where);
  if (auto* insert = as<::InsertStmt>(node, T_InsertStmt)) {
    auto* select = as<::SelectStmt>(insert->selectStmt, T_SelectStmt);
    set_fact(command, "from_query", select != nullptr && length(select->valuesLists) == 0);
    set_fact(command, "default_values", insert->selectStmt == nullptr);
    for (auto* column : each<::ResTarget>(insert->cols)) command.names.emplace_back(view(column->name));
  }
  if (auto* update = as<::UpdateStmt>(node, T_UpdateStmt)) {
    for (auto* column : each<::ResTarget>(update->targetList)) command.names.emplace_back(view(column->name));
  }
  add_query_use(node, source, command, target);
}

RelationRef used_relation(const ::RangeVar* range, std::string_view role, const Demands& wanted) {
  RelationRef ref{.role = role, .name = relation_name(range), .only = !range->inh};
  const auto found = wanted.find(range);
  if (found == wanted.end()) return ref;
  ref.alias = view(range->alias != nullptr ? range->alias->aliasname : range->relname);
  ref.where = found->second;
  return ref;
}

/// Rows that the query puts together or takes apart: their types are looked up.
class RowUse {
 public:
  explicit RowUse(Command& command) : command_(command) {}

  void add(::Node* node) {
    if (auto* cast = as<::TypeCast>(node, T_TypeCast)) {
      if (as<::RowExpr>(cast->arg, T_RowExpr) != nullptr) add_type(cast->typeName);
    } else if (auto* part = as<::A_Indirection>(node, T_A_Indirection)) {
      if (names_field(part->indirection)) add_whole(part->arg);
    } else if (auto* target = as<::ResTarget>(node, T_ResTarget)) {
      const bool assigns_row = target->name != nullptr && as<::RowExpr>(target->val, T_RowExpr) != nullptr;
      if (names_field(target->indirection) || assigns_row) add_column(view(target->name));
    } else if (auto* select = as<::SelectStmt>(node, T_SelectStmt)) {
      if (length(select->valuesLists) == 0) return;
      for (::Node* value : each(static_cast<::List*>(select->valuesLists->elements[0].ptr_value))) {
        if (value->type == T_RowExpr) add_column({});
      }
    } else if (auto* call = as<::FuncCall>(node, T_FuncCall); call != nullptr && length(call->args) > 0) {
      const Name name = relation_name(call->funcname).relname;
      auto* first = as<::TypeCast>(call->args->elements[0].ptr_value, T_TypeCast);
      if (first != nullptr && name.find("populate_record") != std::string::npos) add_type(first->typeName);
    }
  }

 private:
  static bool names_field(const ::List* indirection) {
    if (length(indirection) == 0) return false;
    auto* part = static_cast<::Node*>(indirection->elements[0].ptr_value);
    return part->type == T_String || part->type == T_A_Star;
  }

  void add_whole(::Node* row) {
    if (auto* cast = as<::TypeCast>(row, T_TypeCast)) add_type(cast->typeName);
    if (auto* column = as<::ColumnRef>(row, T_ColumnRef))
      add_column(string_value(column->fields->elements[column->fields->length - 1].ptr_value));
  }

  void add_type(const ::TypeName* written) {
    const TypeName type = type_name(written);
    if (!type.array)
      add_relation(command_, "row_type", {.schemaname = type.schemaname, .relname = type.name});
  }

  /// Empty: any column of the relation that is written.
  void add_column(std::string_view column) {
    command_.relations.push_back({.role = "row_column", .name = {}, .alias = column});
  }

  Command& command_;
};

/// `(column).field` as "column.field"
void add_fields(const std::vector<::Node*>& nodes, Names& names) {
  for (::Node* node : nodes) {
    auto* part = as<::A_Indirection>(node, T_A_Indirection);
    auto* column = part != nullptr ? as<::ColumnRef>(part->arg, T_ColumnRef) : nullptr;
    if (column == nullptr || length(part->indirection) == 0) continue;
    auto* field = static_cast<::Node*>(part->indirection->elements[0].ptr_value);
    auto* last = static_cast<::Node*>(column->fields->elements[column->fields->length - 1].ptr_value);
    if (field->type != T_String || last->type != T_String) continue;
    names.emplace_back(std::string(string_value(last)) + "." + std::string(string_value(field)));
  }
}

/// Columns that are shown: one that holds rows is written out by its type.
void add_outputs(const ::List* targets, const ::List* from, Command& command) {
  const auto add = [&](const RelationName& relation, std::string_view column) {
    command.relations.push_back({.role = "row_output", .name = relation, .alias = column});
  };
  for (auto* target : each<::ResTarget>(targets)) {
    auto* column = as<::ColumnRef>(target->val, T_ColumnRef);
    if (column == nullptr) continue;
    auto* last = static_cast<::Node*>(column->fields->elements[column->fields->length - 1].ptr_value);
    if (last->type == T_String) add({}, string_value(last));
    if (last->type != T_A_Star) continue;
    for (::Node* item : each(from)) {
      walk(item, [&](::Node* node) {
        if (auto* range = as<::RangeVar>(node, T_RangeVar)) add(relation_name(range), {});
        return node->type == T_JoinExpr;
      });
    }
  }
}

}  // namespace

void add_query_use(::Node* query, const Source& source, Command& command, const ::RangeVar* target) {
  if (query == nullptr) return;
  const std::vector<::Node*> nodes = query_nodes(query);
  const std::set<std::string_view> ctes = cte_names(nodes);
  const std::set<const ::RangeVar*> unseen = unseen_ctes(nodes);
  const Demands wanted = demands(nodes);
  std::set<const ::RangeVar*> written;
  std::set<const ::RangeVar*> locked;
  std::set<const ::RangeVar*> shown;  // of a view: whose rows it is made of
  if (command.tag == "ViewStmt") add_locked_items(query, {}, shown);
  std::vector<RowChange> changes;
  for (::Node* node : nodes) {
    if (const ::RangeVar* range = written_relation(node)) written.insert(range);
    add_changes(node, wanted, changes);
    if (auto* select = as<::SelectStmt>(node, T_SelectStmt)) add_locked(select, locked);
  }
  for (::Node* node : nodes) {
    auto* range = as<::RangeVar>(node, T_RangeVar);
    if (range == nullptr || range == target) continue;
    const bool is_cte =
        range->schemaname == nullptr && ctes.contains(view(range->relname)) && !unseen.contains(range);
    if (is_cte && !written.contains(range)) continue;
    command.relations.push_back(used_relation(range,
                                              written.contains(range)  ? "written"
                                              : locked.contains(range) ? "locked"
                                                                       : "source",
                                              wanted));
    command.relations.back().beside = command.tag == "ViewStmt" && !shown.contains(range);
  }
  if (!changes.empty()) command.changes = std::move(changes);
  RowUse rows(command);
  for (::Node* node : nodes) rows.add(node);
  Expression use = expression(query, source);
  for (const RelationName& sequence : use.sequences) add_relation(command, "sequence", sequence);
  for (const auto& [table, column] : use.serials) {
    command.relations.push_back({.role = "serial", .name = table, .alias = column});
  }
  for (const FunctionCall& function : use.functions) command.functions.push_back(function);
  for (::Node* node : nodes) {
    if (auto* select = as<::SelectStmt>(node, T_SelectStmt)) add_computed_columns(select, command);
  }
  if (command.tag == "CreatePolicyStmt" || command.tag == "AlterPolicyStmt") {
    // Of USING and of WITH CHECK.
    if (command.expression)
      for (const Name column : command.expression->columns) use.columns.push_back(column);
    command.expression = std::move(use);
  } else if (command.tag == "ViewStmt" || command.tag == "CreateTableAsStmt") {
    const bool grouped = std::ranges::any_of(nodes, [](::Node* node) {
      auto* select = as<::SelectStmt>(node, T_SelectStmt);
      return select != nullptr && length(select->groupClause) > 0;
    });
    set_fact(command, "grouped", grouped);
    command.names = Names(use.columns);
    add_fields(nodes, command.names);
    command.expression = std::move(use);
  }
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
      if (select->intoClause != nullptr) command.results = result_columns(node, nullptr);
      add_query_use(node, source, command);
      add_row_calls(select, command);
      if (length(select->fromClause) > 0) add_outputs(select->targetList, select->fromClause, command);
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
