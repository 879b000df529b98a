// SPDX-License-Identifier: Apache-2.0
// DML as changes of rows: which columns are given which constants, and of which rows a query speaks.
#include <algorithm>
#include <utility>

#include "constants.hpp"
#include "equalities.hpp"
#include "lower.hpp"
#include "walk.hpp"

namespace pgsluice::sql {

namespace {

using ChangeKind = RowChange::Kind;

/// More rows need not be told apart.
constexpr std::size_t k_most_rows = 64;

// ---- which rows a query speaks of -----------------------------------------------------------

/// Collects what each level of a query demands of its relations, from the outside in: what a query demands of a
/// subquery or of a WITH query that is used once, that one demands of its own (prepjointree.c, subselect.c inline_cte).
class DemandReader {
 public:
  explicit DemandReader(const std::vector<::Node*>& nodes) {
    for (::Node* node : nodes) {
      if (auto* cte = as<::CommonTableExpr>(node, T_CommonTableExpr)) ctes_.emplace(view(cte->ctename), cte);
    }
    for (::Node* node : nodes) {
      auto* range = as<::RangeVar>(node, T_RangeVar);
      if (range != nullptr && !ctes_.empty()) ++uses_[view(range->relname)];
    }
    for (::Node* node : nodes) read(node);
  }

  Demands take() { return std::move(result_); }

 private:
  void read(::Node* node) {
    if (auto* select = as<::SelectStmt>(node, T_SelectStmt)) {
      const auto outer = outer_.find(select);
      Predicate own =
          both(predicate_of_rows(select->whereClause), implied(select->whereClause, select->fromClause));
      if (filters_before_grouping(select))
        own = both(std::move(own), of_each(predicate_of_rows(select->havingClause)));
      add_from(select->fromClause,
               outer != outer_.end() ? both(outer->second, std::move(own)) : std::move(own));
    } else if (auto* update = as<::UpdateStmt>(node, T_UpdateStmt)) {
      read_target(update->relation, update->whereClause, update->fromClause);
    } else if (auto* erase = as<::DeleteStmt>(node, T_DeleteStmt)) {
      read_target(erase->relation, erase->whereClause, erase->usingClause);
    } else if (auto* merge = as<::MergeStmt>(node, T_MergeStmt)) {
      bool all_of_target = false;
      for (auto* when : each<::MergeWhenClause>(merge->mergeWhenClauses)) {
        all_of_target = all_of_target || when->matchKind == MERGE_WHEN_NOT_MATCHED_BY_SOURCE;
      }
      const Predicate said = predicate_of_rows(merge->joinCondition);
      if (is_known(said) && !all_of_target) result_.emplace(merge->relation, said);
    }
  }

  /// planner.c subquery_planner(): what HAVING says of the keys is said of the rows, too.
  static bool filters_before_grouping(const ::SelectStmt* select) {
    if (select->havingClause == nullptr || length(select->groupClause) == 0) return false;
    for (::Node* key : each(select->groupClause)) {
      if (key->type == T_GroupingSet) return false;
    }
    return true;
  }

  void read_target(const ::RangeVar* target, ::Node* where, const ::List* from) {
    Predicate said = both(predicate_of_rows(where), implied(where, from));
    if (length(from) > 0) said = of_each(std::move(said));
    if (is_known(said)) result_.emplace(target, said);
    add_from(from, std::move(said));
  }

  /// A condition that is always false stays where it stands when there are several relations: each is planned
  /// (initsplan.c distribute_qual_to_rels, of a pseudoconstant qual).
  static Predicate of_each(Predicate said) {
    return said.kind == Predicate::Kind::never ? Predicate{} : std::move(said);
  }

  void add_from(const ::List* from, Predicate said) {
    const Box<Predicate> shared = length(from) > 1 ? of_each(std::move(said)) : std::move(said);
    for (::Node* item : each(from)) add_item({.node = item, .said = shared, .is_alone = length(from) == 1});
  }

  struct Item {
    ::Node* node;
    Box<Predicate> said;
    bool is_alone;  ///< in its FROM: a column without a name before it is its own
  };

  /// WHERE reaches every side of a join, for its comparisons are strict (prepjointree.c reduce_outer_joins); ON reaches
  /// the sides that it can take rows from.
  void add_item(Item first) {
    std::vector<Item> stack{std::move(first)};
    while (!stack.empty()) {
      Item item = std::move(stack.back());
      stack.pop_back();
      if (auto* sample = as<::RangeTableSample>(item.node, T_RangeTableSample)) item.node = sample->relation;
      if (auto* range = as<::RangeVar>(item.node, T_RangeVar)) {
        add_range(range, item);
      } else if (auto* nested = as<::RangeSubselect>(item.node, T_RangeSubselect)) {
        if (is_known(*item.said)) push(nested->subquery, {}, nested->alias, item);
      } else if (auto* join = as<::JoinExpr>(item.node, T_JoinExpr)) {
        // A merged column is that of both sides when the join takes no row without its match.
        const bool merges = length(join->usingClause) > 0 || join->isNatural;
        if (merges && join->jointype != JOIN_INNER) continue;
        if (item.said->kind == Predicate::Kind::never) item.said = Predicate{};
        Box<Predicate> on = item.said;
        if (Predicate quals = of_each(predicate_of_rows(join->quals)); is_known(quals))
          on = both(*item.said, std::move(quals));
        const bool filters_left = join->jointype == JOIN_INNER || join->jointype == JOIN_RIGHT;
        const bool filters_right = join->jointype == JOIN_INNER || join->jointype == JOIN_LEFT;
        stack.push_back({.node = join->larg, .said = filters_left ? on : item.said, .is_alone = false});
        stack.push_back({.node = join->rarg, .said = filters_right ? on : item.said, .is_alone = false});
      }
    }
  }

  void add_range(const ::RangeVar* range, const Item& item) {
    if (!is_known(*item.said)) return;
    result_.emplace(range, item.said);
    const auto cte = ctes_.find(view(range->relname));
    const bool inlined = cte != ctes_.end() && range->schemaname == nullptr && uses_[cte->first] == 1 &&
                         cte->second->ctematerialized != CTEMaterializeAlways;
    if (inlined) push(cte->second->ctequery, view(cte->second->ctename), range->alias, item);
  }

  /// What is demanded of a query's result, as a demand of the query itself.
  void push(::Node* query, std::string_view name, const ::Alias* alias, const Item& item) {
    auto* select = as<::SelectStmt>(query, T_SelectStmt);
    if (select == nullptr || (alias != nullptr && length(alias->colnames) > 0)) return;
    const Name outer = alias != nullptr ? view(alias->aliasname) : name;
    const ::SelectStmt* first = select;
    while (first->op == SETOP_UNION) first = first->larg;
    Predicate said = renamed(*item.said, [&](const Predicate& part) -> std::string_view {
      const bool is_other = part.qualifier.empty() ? !item.is_alone : part.qualifier != outer;
      return is_other ? std::string_view() : std::string_view(part.column);
    });
    push_into(select, first, said);
  }

  /// Every arm of a UNION, whose columns have the names of the first one's.
  void push_into(const ::SelectStmt* query, const ::SelectStmt* named, const Predicate& said) {
    std::vector<const ::SelectStmt*> stack{query};
    while (!stack.empty()) {
      const ::SelectStmt* select = stack.back();
      stack.pop_back();
      if (select->op == SETOP_UNION && select->limitCount == nullptr && select->limitOffset == nullptr) {
        stack.push_back(select->larg);
        stack.push_back(select->rarg);
      } else if (lets_through(select)) {
        Predicate inner =
            renamed(said, [&](const Predicate& part) { return inner_column(select, named, part.column); });
        if (is_known(inner)) outer_.emplace(select, std::move(inner));
      }
    }
  }

  /// allpaths.c subquery_is_pushdown_safe(): rows are cut off neither by their number nor by what others there are.
  static bool lets_through(const ::SelectStmt* select) {
    bool has_window = false;
    for (::Node* target : each(select->targetList)) {
      walk(target, [&has_window](::Node* node) {
        auto* call = as<::FuncCall>(node, T_FuncCall);
        has_window = has_window || (call != nullptr && call->over != nullptr);
        return !has_window;
      });
    }
    // DISTINCT ON (…) keeps one row of several that differ.
    const bool keeps_one =
        length(select->distinctClause) > 0 && select->distinctClause->elements[0].ptr_value != nullptr;
    return !has_window && !keeps_one && select->op == SETOP_NONE && length(select->valuesLists) == 0 &&
           select->limitCount == nullptr && select->limitOffset == nullptr;
  }

  /// The column of the query's FROM that is called so outside, by the names of `named`; empty: another thing. With GROUP BY
  /// what is no aggregate is a key, and a row of the result is made of rows that all have it.
  static std::string_view inner_column(const ::SelectStmt* select, const ::SelectStmt* named, Name name) {
    int place = 0;
    for (auto* target : each<::ResTarget>(named->targetList)) {
      auto* column = as<::ColumnRef>(target->val, T_ColumnRef);
      void* last =
          column != nullptr ? column->fields->elements[column->fields->length - 1].ptr_value : nullptr;
      if (as<::A_Star>(last, T_A_Star) != nullptr)
        return select == named ? std::string_view(name) : std::string_view();
      const std::string_view own = target->name != nullptr ? view(target->name) : string_value(last);
      if (name == own) break;
      ++place;
    }
    if (place >= length(select->targetList)) return {};
    auto* column = as<::ColumnRef>(
        static_cast<::ResTarget*>(select->targetList->elements[place].ptr_value)->val, T_ColumnRef);
    return column != nullptr ? string_value(column->fields->elements[column->fields->length - 1].ptr_value)
                             : std::string_view();
  }

  /// Columns under other names; a comparison without a name says nothing.
  template <typename NewName>
  static Predicate renamed(const Predicate& said, NewName new_name) {
    using Kind = Predicate::Kind;
    if (said.kind == Kind::all || said.kind == Kind::any) {
      Predicate result{.kind = said.kind};
      for (const Predicate& part : said.parts) {
        Predicate inner = renamed(part, new_name);
        if (is_known(inner)) result.parts.push_back(std::move(inner));
      }
      const bool lost = said.kind == Kind::any && result.parts.size() < said.parts.size();
      return lost || result.parts.empty() ? Predicate{} : result;
    }
    if (said.column.empty()) return said;
    Predicate result = said;
    result.column = new_name(said);
    result.qualifier = {};
    return result.column.empty() ? Predicate{} : result;
  }

  std::map<std::string_view, const ::CommonTableExpr*> ctes_;
  std::map<std::string_view, int> uses_;
  std::map<const ::SelectStmt*, Predicate> outer_;
  Demands result_;
};

// ---- what is written ------------------------------------------------------------------------

RelationRef written(const ::RangeVar* range, const Demands& demands) {
  RelationRef ref{.role = "target", .name = relation_name(range), .only = !range->inh};
  ref.alias = view(range->alias != nullptr ? range->alias->aliasname : range->relname);
  if (const auto found = demands.find(range); found != demands.end()) ref.where = found->second;
  return ref;
}

/// `SET a = a` or `SET a = t.a`.
bool is_itself(::Node* value, std::string_view column, Name alias) {
  auto* ref = as<::ColumnRef>(value, T_ColumnRef);
  const int parts = ref != nullptr ? length(ref->fields) : 0;
  if (parts == 0 || parts > 2 || string_value(ref->fields->elements[parts - 1].ptr_value) != column)
    return false;
  return parts == 1 || alias == string_value(ref->fields->elements[0].ptr_value);
}

Value assigned(const ::ResTarget* target, Name alias) {
  if (length(target->indirection) > 0) return {};
  ::Node* value = target->val;
  if (auto* part = as<::MultiAssignRef>(value, T_MultiAssignRef)) {
    auto* row = as<::RowExpr>(part->source, T_RowExpr);
    if (row == nullptr || part->colno > length(row->args)) return {};
    value = static_cast<::Node*>(row->args->elements[part->colno - 1].ptr_value);
  }
  if (is_itself(value, view(target->name), alias)) return {.kind = Value::Kind::same, .type = {}, .text = {}};
  return value_or_variable(value);
}

void add_assignments(const ::List* targets, RowChange& change) {
  for (auto* target : each<::ResTarget>(targets)) {
    change.set_columns.emplace_back(view(target->name));
    change.set_values.push_back(assigned(target, change.target.alias));
  }
}

void add_row(const ::List* values, RowChange& change) {
  change.width = std::max(change.width, static_cast<std::size_t>(length(values)));
  change.defaulted.resize(change.width);
  std::size_t place = 0;
  for (::Node* value : each(values)) {
    if (value->type == T_SetToDefault) change.defaulted[place] = true;
    ++place;
  }
  if (*change.count > k_most_rows) return;
  std::vector<Value>& row = change.rows.emplace_back();
  for (::Node* value : each(values)) row.push_back(value_or_variable(value));
}

bool is_star(const ::ResTarget* target) {
  auto* column = as<::ColumnRef>(target->val, T_ColumnRef);
  return column != nullptr &&
         as<::A_Star>(column->fields->elements[column->fields->length - 1].ptr_value, T_A_Star) != nullptr;
}

bool is_zero(::Node* limit) {
  const Value value = limit != nullptr ? value_of(limit) : Value{};
  return value.kind == Value::Kind::constant && value.text == "0";
}

/// Whether the query certainly returns nothing. An aggregate of nothing is a row.
bool is_empty(const ::SelectStmt* select) {
  if (select->op != SETOP_NONE) return false;
  if (is_zero(select->limitCount)) return true;
  bool may_aggregate = select->havingClause != nullptr;
  for (::Node* target : each(select->targetList)) {
    walk(target, [&may_aggregate](::Node* node) {
      may_aggregate = may_aggregate || node->type == T_FuncCall;
      return node->type != T_SubLink;
    });
  }
  return !may_aggregate && predicate(select->whereClause).kind == Predicate::Kind::never;
}

/// `SELECT 1, 2`: without FROM, and without functions that could return several.
bool is_one_row(const ::SelectStmt* select) {
  if (length(select->fromClause) > 0 || select->whereClause != nullptr) return false;
  bool calls = false;
  for (::Node* target : each(select->targetList)) {
    walk(target, [&calls](::Node* node) {
      calls = calls || node->type == T_FuncCall;
      return !calls;
    });
  }
  return !calls;
}

void add_query_rows(const ::SelectStmt* select, RowChange& change) {
  if (is_empty(select)) change.count = 0;
  if (select->op != SETOP_NONE) {
    while (select->op != SETOP_NONE) select = select->larg;
    change.width = static_cast<std::size_t>(length(select->targetList));
    return;
  }
  std::vector<Value> row;
  for (auto* target : each<::ResTarget>(select->targetList)) {
    if (is_star(target)) {
      auto* from = length(select->fromClause) == 1
                       ? as<::RangeVar>(select->fromClause->elements[0].ptr_value, T_RangeVar)
                       : nullptr;
      change.star = from != nullptr && length(select->targetList) == 1
                        ? relation_name(from)
                        : RelationName{.schemaname = {}, .relname = "*"};
      return;
    }
    row.push_back(value_or_variable(target->val));
  }
  change.width = row.size();
  change.rows.push_back(std::move(row));
  if (!change.count && is_one_row(select)) change.count = 1;
}

RowChange insertion(const ::InsertStmt* node, const Demands& demands) {
  RowChange change{.kind = ChangeKind::insert, .target = written(node->relation, demands)};
  for (auto* column : each<::ResTarget>(node->cols)) change.columns.emplace_back(view(column->name));
  change.overriding_user = node->override == OVERRIDING_USER_VALUE;
  auto* select = as<::SelectStmt>(node->selectStmt, T_SelectStmt);
  if (node->selectStmt == nullptr) {
    change.count = 1;
    change.rows.emplace_back();
  } else if (select != nullptr && length(select->valuesLists) > 0) {
    change.count = static_cast<std::size_t>(length(select->valuesLists));
    for (auto* row : each<::List>(select->valuesLists)) add_row(row, change);
  } else if (select != nullptr) {
    add_query_rows(select, change);
  }
  if (node->onConflictClause != nullptr) add_assignments(node->onConflictClause->targetList, change);
  return change;
}

void add_merge(const ::MergeStmt* node, const Demands& demands, std::vector<RowChange>& changes) {
  const RelationRef target = written(node->relation, demands);
  changes.push_back({.kind = ChangeKind::scan, .target = target});
  for (auto* when : each<::MergeWhenClause>(node->mergeWhenClauses)) {
    RowChange change{.kind = ChangeKind::remove, .target = target};
    if (when->commandType == CMD_NOTHING) continue;
    if (when->commandType == CMD_UPDATE) {
      change.kind = ChangeKind::update;
      add_assignments(when->targetList, change);
    } else if (when->commandType == CMD_INSERT) {
      change.kind = ChangeKind::insert;
      change.target.where = {};  // what ON says of rows that are there
      for (auto* column : each<::ResTarget>(when->targetList))
        change.columns.emplace_back(view(column->name));
      change.overriding_user = when->override == OVERRIDING_USER_VALUE;
      change.count = 1;
      add_row(when->values, change);
      change.count.reset();
    }
    changes.push_back(std::move(change));
  }
}

// ---- views ----------------------------------------------------------------------------------

/// rewriteHandler.c view_query_is_auto_updatable, as far as the raw tree tells.
const ::RangeVar* only_relation(const ::SelectStmt* select) {
  const bool plain = select->op == SETOP_NONE && length(select->valuesLists) == 0 &&
                     select->withClause == nullptr && length(select->distinctClause) == 0 &&
                     length(select->groupClause) == 0 && select->havingClause == nullptr &&
                     select->limitCount == nullptr && select->limitOffset == nullptr &&
                     length(select->fromClause) == 1;
  return plain ? as<::RangeVar>(select->fromClause->elements[0].ptr_value, T_RangeVar) : nullptr;
}

std::pair<Name, Name> view_column(const ::ResTarget* target) {
  auto* column = as<::ColumnRef>(target->val, T_ColumnRef);
  const Name base = column != nullptr
                        ? Name(string_value(column->fields->elements[column->fields->length - 1].ptr_value))
                        : Name();
  return {target->name != nullptr ? Name(view(target->name)) : base, base};
}

}  // namespace

namespace {

/// Puts a row together, or takes one apart.
bool uses_row(::Node* node) {
  if (auto* cast = as<::TypeCast>(node, T_TypeCast)) return as<::RowExpr>(cast->arg, T_RowExpr) != nullptr;
  if (auto* target = as<::ResTarget>(node, T_ResTarget))
    return length(target->indirection) > 0 || as<::RowExpr>(target->val, T_RowExpr) != nullptr;
  if (auto* call = as<::FuncCall>(node, T_FuncCall)) {
    return length(call->args) > 0 && as<::TypeCast>(call->args->elements[0].ptr_value, T_TypeCast) != nullptr;
  }
  return node->type == T_A_Indirection;
}

}  // namespace

std::vector<::Node*> query_nodes(::Node* query) {
  std::vector<::Node*> nodes;
  walk(query, [&nodes](::Node* node) {
    switch (node->type) {
      case T_RangeVar:
      case T_CommonTableExpr:
      case T_WithClause:
      case T_SelectStmt:
      case T_InsertStmt:
      case T_UpdateStmt:
      case T_DeleteStmt:
      case T_MergeStmt: nodes.push_back(node); break;
      default:
        if (uses_row(node)) nodes.push_back(node);
    }
    return true;
  });
  return nodes;
}

Demands demands(const std::vector<::Node*>& nodes) {
  return DemandReader(nodes).take();
}

void add_changes(::Node* dml, const Demands& demands, std::vector<RowChange>& changes) {
  if (auto* insert = as<::InsertStmt>(dml, T_InsertStmt)) {
    changes.push_back(insertion(insert, demands));
  } else if (auto* update = as<::UpdateStmt>(dml, T_UpdateStmt)) {
    changes.push_back({.kind = ChangeKind::update, .target = written(update->relation, demands)});
    add_assignments(update->targetList, changes.back());
  } else if (auto* erase = as<::DeleteStmt>(dml, T_DeleteStmt)) {
    changes.push_back({.kind = ChangeKind::remove, .target = written(erase->relation, demands)});
  } else if (auto* merge = as<::MergeStmt>(dml, T_MergeStmt)) {
    add_merge(merge, demands, changes);
  }
}

Box<ViewQuery> view_query(const ::ViewStmt* node) {
  auto* select = as<::SelectStmt>(node->query, T_SelectStmt);
  const ::RangeVar* base = select != nullptr ? only_relation(select) : nullptr;
  if (base == nullptr) return {};
  ViewQuery result{.base = written(base, demands(query_nodes(node->query)))};
  if (result.base.where) result.base.where = without_variables(*result.base.where);
  for (auto* target : each<::ResTarget>(select->targetList)) {
    if (is_star(target)) {
      result.star = true;
    } else {
      result.columns.push_back(view_column(target));
    }
  }
  if (result.star && (!result.columns.empty() || length(node->aliases) > 0)) return {};
  std::size_t place = 0;
  for (::Node* alias : each(node->aliases)) {
    if (place < result.columns.size()) result.columns[place++].first = string_value(alias);
  }
  return result;
}

}  // namespace pgsluice::sql
