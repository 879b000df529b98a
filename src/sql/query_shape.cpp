// SPDX-License-Identifier: Apache-2.0
// A query's parse tree → the names in it, scope by scope.
#include <optional>
#include <utility>

#include "base/utf8.hpp"
#include "pgsluice/query.hpp"
// Last: redefines names of the standard library.
#include "lower.hpp"
#include "output_name.hpp"
#include "raw_tree.hpp"
#include "walk.hpp"

namespace pgsluice::sql {

namespace {

/// Queries inside queries, and joins inside joins: no server runs more, and a stack has its end.
constexpr int k_most_levels = 300;

struct TooDeep {};

bool is_query(::Node* node) {
  return node->type == T_SelectStmt || node->type == T_InsertStmt || node->type == T_UpdateStmt ||
         node->type == T_DeleteStmt || node->type == T_MergeStmt;
}

Names column_fields(const ::List* fields, bool& star) {
  Names names;
  for (::Node* field : each(fields)) {
    if (field->type == T_A_Star) {
      star = true;
    } else {
      names.emplace_back(string_value(field));
    }
  }
  return names;
}

ColumnName column_name(const ::ColumnRef* column) {
  ColumnName name;
  name.fields = column_fields(column->fields, name.star);
  return name;
}

/// `a` of ORDER BY a.
std::optional<ColumnName> plain_name(::Node* node) {
  auto* column = as<::ColumnRef>(node, T_ColumnRef);
  if (column == nullptr || length(column->fields) != 1) return std::nullopt;
  ColumnName name = column_name(column);
  return name.star ? std::nullopt : std::optional(std::move(name));
}

/// Reads one tree. What is too deep ends it.
class Shaper {
 public:
  QueryShape query(::Node* node) {
    const Level level(*this);
    switch (node->type) {
      case T_SelectStmt: return select(reinterpret_cast<::SelectStmt*>(node));
      case T_InsertStmt: return insert(reinterpret_cast<::InsertStmt*>(node));
      case T_UpdateStmt: return update(reinterpret_cast<::UpdateStmt*>(node));
      case T_DeleteStmt: return remove(reinterpret_cast<::DeleteStmt*>(node));
      case T_MergeStmt: return merge(reinterpret_cast<::MergeStmt*>(node));
      default: return {};
    }
  }

  void add_names(::Node* root, QueryNames& names) {
    if (root == nullptr) return;
    walk(root, [&](::Node* node) { return add_name(node, names); });
  }
  template <typename Tree>
  void add_names(Tree* root, QueryNames& names) {
    add_names(reinterpret_cast<::Node*>(root), names);
  }

  /// COPY table (columns): of one side or the other.
  QueryShape copy(::CopyStmt* node) {
    if (node->query != nullptr) return query(node->query);
    QueryShape shape = mention(node->relation);
    const Names columns = strings(node->attlist);
    if (!node->is_from) {
      if (columns.empty()) shape.outputs.push_back({.name = {}, .star = true, .star_of = {}});
      for (const Name column : columns) shape.names.columns.push_back({.fields = {column}});
      return shape;
    }
    shape.kind = QueryShape::Kind::insert;
    std::swap(shape.target, shape.from);
    constexpr std::size_t all = 1'600;  // more columns has no table
    shape.assignments.push_back(
        {.insert = true, .listed = !columns.empty(), .columns = columns, .width = columns.empty() ? all : 0});
    add_names(node->whereClause, shape.names);
    return shape;
  }

  static QueryShape mention(const ::RangeVar* range) {
    QueryShape shape;
    shape.from.push_back(relation(range));
    return shape;
  }

  /// SELECT * FROM (query) AS view (names)
  QueryShape view_of(::Node* node, const ::List* names) {
    QueryItem item{
        .kind = QueryItem::Kind::query, .relation = {}, .alias = "view", .columns = strings(names)};
    item.query.push_back(query(node));
    QueryShape shape;
    shape.from.push_back(std::move(item));
    shape.outputs.push_back({.name = {}, .star = true, .star_of = {}});
    return shape;
  }

 private:
  class Level {
   public:
    explicit Level(Shaper& shaper) : shaper_(shaper) {
      if (++shaper.depth_ > k_most_levels) throw TooDeep{};
    }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    ~Level() { --shaper_.depth_; }

   private:
    Shaper& shaper_;
  };

  /// False: what is below the node has been dealt with.
  bool add_name(::Node* node, QueryNames& names) {
    if (is_query(node)) {
      names.queries.push_back(query(node));
      return false;
    }
    switch (node->type) {
      case T_ColumnRef:
        names.columns.push_back(column_name(reinterpret_cast<::ColumnRef*>(node)));
        return false;
      case T_SubLink: {
        auto* link = reinterpret_cast<::SubLink*>(node);
        add_names(link->testexpr, names);
        QueryShape shape = query(link->subselect);
        shape.exists = link->subLinkType == EXISTS_SUBLINK;
        names.queries.push_back(std::move(shape));
        return false;
      }
      case T_A_Indirection: return add_part(reinterpret_cast<::A_Indirection*>(node), names);
      case T_FuncCall: names.functions.push_back(call(reinterpret_cast<::FuncCall*>(node))); return true;
      case T_TypeCast:
        names.types.push_back(relation_name(reinterpret_cast<::TypeCast*>(node)->typeName->names));
        return true;
      // Each of SET (a, b) = … has the same one.
      case T_MultiAssignRef: return reinterpret_cast<::MultiAssignRef*>(node)->colno == 1;
      default: return true;
    }
  }

  /// VARIADIC spreads an array; WITHIN GROUP gives more than stands in the parentheses.
  static QueryCall call(const ::FuncCall* node) {
    const bool is_open = node->func_variadic || node->agg_within_group;
    return {.name = relation_name(node->funcname), .arguments = is_open ? -1 : length(node->args)};
  }

  bool add_part(::A_Indirection* node, QueryNames& names) {
    auto* column = as<::ColumnRef>(node->arg, T_ColumnRef);
    auto* first = static_cast<::Node*>(node->indirection->elements[0].ptr_value);
    const bool is_of_column = column != nullptr && (first->type == T_String || first->type == T_A_Star);
    for (::Node* part : each(node->indirection)) {
      if (part->type == T_String && !(is_of_column && part == first))
        names.fields.emplace_back(string_value(part));
    }
    if (!is_of_column) return true;
    ColumnName name = column_name(column);
    name.part = first->type == T_A_Star ? Name("*") : Name(string_value(first));
    names.columns.push_back(std::move(name));
    for (::Node* part : each(node->indirection)) add_names(part, names);
    return false;
  }

  void add_with(::WithClause* with, QueryShape& shape) {
    if (with == nullptr) return;
    shape.recursive = shape.recursive || with->recursive;
    for (auto* cte : each<::CommonTableExpr>(with->ctes)) {
      QueryTable& table = shape.with.emplace_back();
      table.name = view(cte->ctename);
      table.columns = strings(cte->aliascolnames);
      table.query.push_back(query(cte->ctequery));
      // SEARCH and CYCLE add columns under names of their own.
      if (const auto* search = cte->search_clause) table.added.emplace_back(view(search->search_seq_column));
      if (const auto* cycle = cte->cycle_clause) {
        table.added.emplace_back(view(cycle->cycle_mark_column));
        table.added.emplace_back(view(cycle->cycle_path_column));
      }
    }
  }

  static void add_outputs(const ::List* targets, QueryShape& shape) {
    for (auto* target : each<::ResTarget>(targets)) {
      QueryOutput output;
      if (auto* column = as<::ColumnRef>(target->val, T_ColumnRef))
        output.star_of = column_fields(column->fields, output.star);
      if (!output.star) {
        output.star_of.clear();
        output.name = target->name != nullptr ? Name(view(target->name)) : output_name(target->val);
      }
      shape.outputs.push_back(std::move(output));
    }
  }

  /// The SELECT list, or RETURNING; stars are no names.
  void add_targets(const ::List* targets, QueryShape& shape) {
    add_outputs(targets, shape);
    for (auto* target : each<::ResTarget>(targets)) {
      auto* column = as<::ColumnRef>(target->val, T_ColumnRef);
      if (column == nullptr || !column_name(column).star) add_names(target, shape.names);
    }
  }

#if PG_VERSION_NUM >= 180000
  void add_returning(const ::ReturningClause* clause, QueryShape& shape) {
    if (clause == nullptr) return;
    for (auto* option : each<::ReturningOption>(clause->options)) {
      (option->option == RETURNING_OPTION_OLD ? shape.old_alias : shape.new_alias) = view(option->value);
    }
    add_targets(clause->exprs, shape);
  }
  template <typename Stmt>
  void add_returning_of(Stmt* stmt, QueryShape& shape) {
    add_returning(stmt->returningClause, shape);
  }
#else
  template <typename Stmt>
  void add_returning_of(Stmt* stmt, QueryShape& shape) {
    add_targets(stmt->returningList, shape);
  }
#endif

  void add_sorted(const ::List* sort, QueryShape& shape) {
    for (auto* by : each<::SortBy>(sort)) {
      if (auto name = plain_name(by->node)) {
        shape.sorted.push_back(*std::move(name));
      } else {
        add_names(by->node, shape.names);
      }
    }
  }

  void add_distinct(const ::List* distinct, QueryShape& shape) {
    for (::Node* on : each(distinct)) {
      if (on == nullptr) continue;
      if (auto name = plain_name(on)) {
        shape.sorted.push_back(*std::move(name));
      } else {
        add_names(on, shape.names);
      }
    }
  }

  void add_grouped(const ::List* group, QueryShape& shape) {
    for (::Node* by : each(group)) {
      if (auto name = plain_name(by)) {
        shape.grouped.push_back(*std::move(name));
      } else if (auto* set = as<::GroupingSet>(by, T_GroupingSet)) {
        add_grouped(set->content, shape);
      } else {
        add_names(by, shape.names);
      }
    }
  }

  QueryShape select(::SelectStmt* node) {
    QueryShape shape;
    add_with(node->withClause, shape);
    if (node->op != SETOP_NONE) return set_operation(node, std::move(shape));
    if (length(node->valuesLists) > 0) {
      shape.kind = QueryShape::Kind::values;
      shape.width =
          static_cast<std::size_t>(length(static_cast<::List*>(node->valuesLists->elements[0].ptr_value)));
      add_names(node->valuesLists, shape.names);
    }
    for (::Node* from : each(node->fromClause)) shape.from.push_back(item(from));
    add_targets(node->targetList, shape);
    add_names(node->whereClause, shape.names);
    add_names(node->havingClause, shape.names);
    add_names(node->windowClause, shape.names);
    add_grouped(node->groupClause, shape);
    add_distinct(node->distinctClause, shape);
    add_tail(node, shape);
    return shape;
  }

  void add_tail(::SelectStmt* node, QueryShape& shape) {
    add_sorted(node->sortClause, shape);
    add_names(node->limitOffset, shape.names);
    add_names(node->limitCount, shape.names);
  }

  /// a UNION b UNION c is a tree that leans to the left: its operands in a row.
  QueryShape set_operation(::SelectStmt* node, QueryShape shape) {
    shape.kind = QueryShape::Kind::set_operation;
    std::vector<::SelectStmt*> right;
    ::SelectStmt* left = node;
    for (bool first = true; left->op != SETOP_NONE; left = left->larg, first = false) {
      const bool plain = left->withClause == nullptr && length(left->sortClause) == 0 &&
                         left->limitCount == nullptr && left->limitOffset == nullptr;
      if (!first && !plain) break;
      right.push_back(left->rarg);
    }
    shape.parts.push_back(query(reinterpret_cast<::Node*>(left)));
    for (std::size_t i = right.size(); i-- > 0;)
      shape.parts.push_back(query(reinterpret_cast<::Node*>(right[i])));
    add_tail(node, shape);
    return shape;
  }

  /// What gets values, with the values.
  QueryAssignment assignment(const ::List* targets, bool insert, QueryNames& names) {
    QueryAssignment assigned{.insert = insert, .listed = !insert || length(targets) > 0, .columns = {}};
    for (auto* target : each<::ResTarget>(targets)) {
      assigned.columns.emplace_back(view(target->name));
      add_names(target, names);
    }
    return assigned;
  }

  QueryShape insert(::InsertStmt* node) {
    QueryShape shape;
    shape.kind = QueryShape::Kind::insert;
    add_with(node->withClause, shape);
    shape.target.push_back(relation(node->relation));
    shape.assignments.push_back(assignment(node->cols, true, shape.names));
    shape.assignments.back().defaults = node->selectStmt == nullptr;
    if (node->selectStmt != nullptr) shape.parts.push_back(query(node->selectStmt));
    if (::OnConflictClause* conflict = node->onConflictClause) {
      if (conflict->infer != nullptr) add_infer(conflict->infer, shape);
      if (length(conflict->targetList) > 0)
        shape.assignments.push_back(assignment(conflict->targetList, false, shape.conflict));
      add_names(conflict->whereClause, shape.conflict);
    }
    add_returning_of(node, shape);
    return shape;
  }

  void add_infer(::InferClause* infer, QueryShape& shape) {
    shape.conflict_constraint = view(infer->conname);
    for (auto* element : each<::IndexElem>(infer->indexElems)) {
      if (element->name != nullptr) {
        shape.conflict_columns.emplace_back(view(element->name));
        shape.names.columns.push_back({.fields = {shape.conflict_columns.back()}});
      }
      shape.conflict_expressions = shape.conflict_expressions || element->expr != nullptr;
      add_names(element->expr, shape.names);
    }
    add_names(infer->whereClause, shape.names);
  }

  QueryShape update(::UpdateStmt* node) {
    QueryShape shape;
    shape.kind = QueryShape::Kind::update;
    add_with(node->withClause, shape);
    shape.target.push_back(relation(node->relation));
    for (::Node* from : each(node->fromClause)) shape.from.push_back(item(from));
    shape.assignments.push_back(assignment(node->targetList, false, shape.names));
    add_names(node->whereClause, shape.names);
    add_returning_of(node, shape);
    return shape;
  }

  QueryShape remove(::DeleteStmt* node) {
    QueryShape shape;
    shape.kind = QueryShape::Kind::remove;
    add_with(node->withClause, shape);
    shape.target.push_back(relation(node->relation));
    for (::Node* from : each(node->usingClause)) shape.from.push_back(item(from));
    add_names(node->whereClause, shape.names);
    add_returning_of(node, shape);
    return shape;
  }

  QueryShape merge(::MergeStmt* node) {
    QueryShape shape;
    shape.kind = QueryShape::Kind::merge;
    add_with(node->withClause, shape);
    shape.target.push_back(relation(node->relation));
    shape.from.push_back(item(node->sourceRelation));
    add_names(node->joinCondition, shape.names);
    for (auto* when : each<::MergeWhenClause>(node->mergeWhenClauses)) {
      add_names(when->condition, shape.names);
      if (when->commandType != CMD_INSERT && when->commandType != CMD_UPDATE) continue;
      QueryAssignment assigned = assignment(when->targetList, when->commandType == CMD_INSERT, shape.names);
      assigned.width = static_cast<std::size_t>(length(when->values));
      assigned.defaults = assigned.insert && assigned.width == 0;
      add_names(when->values, shape.names);
      shape.assignments.push_back(std::move(assigned));
    }
    add_returning_of(node, shape);
    return shape;
  }

  // ---- FROM ----

  static QueryItem relation(const ::RangeVar* range) {
    QueryItem item;
    item.relation = relation_name(range);
    set_alias(range->alias, item);
    return item;
  }

  static void set_alias(const ::Alias* alias, QueryItem& item) {
    if (alias == nullptr) return;
    item.alias = view(alias->aliasname);
    item.columns = strings(alias->colnames);
  }

  QueryItem item(::Node* node) {
    const Level level(*this);
    switch (node->type) {
      case T_RangeVar: return relation(reinterpret_cast<::RangeVar*>(node));
      case T_RangeSubselect: {
        auto* nested = reinterpret_cast<::RangeSubselect*>(node);
        QueryItem found{.kind = QueryItem::Kind::query, .relation = {}, .lateral = nested->lateral};
        set_alias(nested->alias, found);
        found.query.push_back(query(nested->subquery));
        return found;
      }
      case T_RangeTableSample: {
        auto* sample = reinterpret_cast<::RangeTableSample*>(node);
        QueryItem found = item(sample->relation);
        add_names(sample->args, found.names);
        add_names(sample->repeatable, found.names);
        return found;
      }
      case T_JoinExpr: return join(reinterpret_cast<::JoinExpr*>(node));
      default: return function(node);
    }
  }

  QueryItem join(::JoinExpr* node) {
    QueryItem found{.kind = QueryItem::Kind::join, .relation = {}};
    found.sides.push_back(item(node->larg));
    found.sides.push_back(item(node->rarg));
    found.natural = node->isNatural;
    found.using_columns = strings(node->usingClause);
    if (node->join_using_alias != nullptr) found.using_alias = view(node->join_using_alias->aliasname);
    add_names(node->quals, found.names);
    set_alias(node->alias, found);
    return found;
  }

  QueryItem function(::Node* node) {
    QueryItem found{.kind = QueryItem::Kind::function, .relation = {}, .lateral = true};
    if (auto* call = as<::RangeFunction>(node, T_RangeFunction)) {
      found.open = true;
      for (auto* part : each<::List>(call->functions)) {
        auto* written = static_cast<::Node*>(part->elements[0].ptr_value);
        if (found.alias.empty()) found.alias = output_name(written);
        add_names(written, found.names);
      }
      set_alias(call->alias, found);
      for (auto* column : each<::ColumnDef>(call->coldeflist))
        found.columns.emplace_back(view(column->colname));
    } else if (auto* xml = as<::RangeTableFunc>(node, T_RangeTableFunc)) {
      add_names(node, found.names);
      for (auto* column : each<::RangeTableFuncCol>(xml->columns))
        found.columns.emplace_back(view(column->colname));
      found.alias = "xmltable";
      set_alias(xml->alias, found);
    } else if (auto* json = as<::JsonTable>(node, T_JsonTable)) {
      add_names(node, found.names);
      found.alias = "json_table";
      set_alias(json->alias, found);
      add_json_columns(json->columns, found);
    }
    return found;
  }

  void add_json_columns(const ::List* columns, QueryItem& found) {
    const Level level(*this);
    for (auto* column : each<::JsonTableColumn>(columns)) {
      if (column->name != nullptr) found.columns.emplace_back(view(column->name));
      add_json_columns(column->columns, found);
    }
  }

  int depth_ = 0;
};

/// The query that a utility statement runs; nullptr: none.
::Node* inner_query(::Node* node) {
  switch (node->type) {
    case T_PrepareStmt: return reinterpret_cast<::PrepareStmt*>(node)->query;
    case T_DeclareCursorStmt: return reinterpret_cast<::DeclareCursorStmt*>(node)->query;
    case T_ExplainStmt: return reinterpret_cast<::ExplainStmt*>(node)->query;
    case T_CreateTableAsStmt: {
      auto* create = reinterpret_cast<::CreateTableAsStmt*>(node);
      return create->objtype == OBJECT_TABLE ? create->query : nullptr;
    }
    default: return nullptr;
  }
}

void add_mentions(const ::List* relations, std::vector<QueryShape>& queries) {
  for (auto* range : each<::RangeVar>(relations)) queries.push_back(Shaper::mention(range));
}

void add_statement(::Node* node, std::vector<QueryShape>& queries) {
  while (::Node* inner = inner_query(node)) node = inner;
  Shaper shaper;
  if (is_query(node)) {
    queries.push_back(shaper.query(node));
  } else if (auto* copy = as<::CopyStmt>(node, T_CopyStmt)) {
    queries.push_back(shaper.copy(copy));
  } else if (auto* call = as<::CallStmt>(node, T_CallStmt)) {
    shaper.add_names(call->funccall, queries.emplace_back().names);
  } else if (auto* refresh = as<::RefreshMatViewStmt>(node, T_RefreshMatViewStmt)) {
    queries.push_back(Shaper::mention(refresh->relation));
  } else if (auto* truncate = as<::TruncateStmt>(node, T_TruncateStmt)) {
    add_mentions(truncate->relations, queries);
  } else if (auto* lock = as<::LockStmt>(node, T_LockStmt)) {
    add_mentions(lock->relations, queries);
  }
}

}  // namespace

Box<QueryShape> view_shape(::Node* query, const ::List* names) {
  if (query == nullptr || !is_query(query)) return {};
  try {
    return Shaper().view_of(query, names);
  } catch (const TooDeep&) {
    return {};
  }
}

Box<QueryShape> row_shape(const ::RangeVar* relation, std::initializer_list<std::string_view> aliases,
                          const std::vector<::Node*>& parts) {
  QueryShape shape;
  for (const std::string_view alias : aliases) {
    shape.from.push_back(Shaper::mention(relation).from.front());
    shape.from.back().alias = alias;
  }
  try {
    for (::Node* part : parts) Shaper().add_names(part, shape.names);
  } catch (const TooDeep&) {
    return {};
  }
  return shape;
}

}  // namespace pgsluice::sql

namespace pgsluice {

QueryText read_queries(const std::string& text) {
  QueryText read;
  if (text.find('\0') != std::string::npos || first_invalid_utf8(text)) {
    read.problem = "it is no valid UTF-8";
    return read;
  }
  const sql::RawTree parse(text);
  if (parse.error() != nullptr) {
    read.problem = sql::string(parse.error()->message);
    return read;
  }
  try {
    for (auto* raw : sql::each<::RawStmt>(parse.statements())) sql::add_statement(raw->stmt, read.queries);
  } catch (const sql::TooDeep&) {
    read.problem = "it is nested too deeply";
  }
  return read;
}

}  // namespace pgsluice
