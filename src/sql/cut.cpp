// SPDX-License-Identifier: Apache-2.0
// Where a key condition goes in a statement, and whether it may: the statement must do to each row the same thing, however
// many of the others are in its range.
#include "pgsluice/cut.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.hpp"
#include "lexer.hpp"
// Last: redefines names of the standard library.
#include "lower.hpp"
#include "raw_tree.hpp"
#include "undone.hpp"
#include "walk.hpp"

namespace pgsluice {

namespace {

using sql::as;
using sql::each;
using sql::length;
using sql::view;

/// Stands for the key condition until there is one.
constexpr std::string_view k_marker = "pgsluice_range IS NOT NULL";

// ---- the tree ---------------------------------------------------------------------------------------------------

/// What the three kinds of statements have in common.
struct Shape {
  ::Node* statement = nullptr;
  ::RangeVar* target = nullptr;
  ::RangeVar* walked = nullptr;
  ::SelectStmt* select = nullptr;  ///< of an INSERT
  ::Node* where = nullptr;
  bool returning = false;
};

template <typename Stmt>
bool has_returning(const Stmt* stmt) {
#if PG_VERSION_NUM >= 180000
  return stmt->returningClause != nullptr;
#else
  return length(stmt->returningList) > 0;
#endif
}

std::optional<Shape> shape_of(::Node* node) {
  if (auto* update = as<::UpdateStmt>(node, T_UpdateStmt)) {
    return Shape{node,    update->relation,    update->relation,
                 nullptr, update->whereClause, has_returning(update)};
  }
  if (auto* erase = as<::DeleteStmt>(node, T_DeleteStmt)) {
    return Shape{node, erase->relation, erase->relation, nullptr, erase->whereClause, has_returning(erase)};
  }
  if (auto* insert = as<::InsertStmt>(node, T_InsertStmt)) {
    auto* select = as<::SelectStmt>(insert->selectStmt, T_SelectStmt);
    return Shape{node,
                 insert->relation,
                 nullptr,
                 select,
                 select != nullptr ? select->whereClause : nullptr,
                 has_returning(insert)};
  }
  return std::nullopt;
}

CutRefusal refuse(std::string message, std::string hint) {
  return {.message = std::move(message), .hint = std::move(hint)};
}

constexpr const char* k_leave_batch_out = "Leave the batch directive out, and run it as one statement.";

/// Aggregates that are written without a mark of their own.
bool is_aggregate(const ::FuncCall* call) {
  constexpr std::array<std::string_view, 22> k_known{"count",
                                                     "sum",
                                                     "min",
                                                     "max",
                                                     "avg",
                                                     "array_agg",
                                                     "string_agg",
                                                     "json_agg",
                                                     "jsonb_agg",
                                                     "bool_and",
                                                     "bool_or",
                                                     "every",
                                                     "bit_and",
                                                     "bit_or",
                                                     "json_object_agg",
                                                     "stddev",
                                                     "variance",
                                                     "jsonb_object_agg",
                                                     "xmlagg",
                                                     "any_value",
                                                     "range_agg",
                                                     "percentile_cont"};
  const RelationName name = sql::relation_name(call->funcname);
  return call->agg_star || call->agg_distinct || length(call->agg_order) > 0 || call->agg_filter != nullptr ||
         std::find(k_known.begin(), k_known.end(), std::string_view(name.relname)) != k_known.end();
}

/// In the SELECT list itself, not in a subquery of it.
bool calls_aggregate(const ::SelectStmt* select) {
  bool found = false;
  for (::Node* item : each(select->targetList)) {
    sql::walk(item, [&](::Node* node) {
      const auto* call = as<::FuncCall>(node, T_FuncCall);
      found = found || (call != nullptr && (call->over != nullptr || is_aggregate(call)));
      return node->type != T_SubLink;
    });
  }
  return found;
}

std::string_view clause_over_all_rows(const ::SelectStmt* select) {
  if (select->op != SETOP_NONE) return "UNION, INTERSECT or EXCEPT";
  if (select->limitCount != nullptr || select->limitOffset != nullptr) return "LIMIT or OFFSET";
  if (select->distinctClause != nullptr) return "DISTINCT";
  if (length(select->groupClause) > 0 || select->havingClause != nullptr) return "GROUP BY or HAVING";
  if (length(select->windowClause) > 0) return "WINDOW";
  return calls_aggregate(select) ? "an aggregate or window function" : std::string_view();
}

/// The table whose rows make those of the SELECT: the first one of FROM.
std::variant<::RangeVar*, CutRefusal> first_table(const ::SelectStmt* select) {
  constexpr const char* hint = "Write FROM first_table JOIN other ON …; the key is one of first_table.";
  if (length(select->fromClause) != 1)
    return refuse("a batch walks through one table, and FROM has not exactly one item", hint);
  auto* item = static_cast<::Node*>(select->fromClause->elements[0].ptr_value);
  while (auto* join = as<::JoinExpr>(item, T_JoinExpr)) {
    if (join->jointype != JOIN_INNER && join->jointype != JOIN_LEFT)
      return refuse("a RIGHT or FULL JOIN makes rows that no row of its first table stands behind", hint);
    if (join->quals == nullptr && length(join->usingClause) == 0 && !join->isNatural)
      return refuse("a CROSS JOIN multiplies the rows of its first table", hint);
    if (join->alias != nullptr) return refuse("a join with a name of its own hides the tables in it", hint);
    item = join->larg;
  }
  auto* table = as<::RangeVar>(item, T_RangeVar);
  if (table == nullptr) return refuse("the first item of FROM is no table", hint);
  return table;
}

bool same_relation(const ::RangeVar* a, const ::RangeVar* b) {
  const bool schemas =
      a->schemaname == nullptr || b->schemaname == nullptr || view(a->schemaname) == view(b->schemaname);
  return view(a->relname) == view(b->relname) && schemas;
}

/// What makes the work of one range depend on the others.
class Reader {
 public:
  explicit Reader(const Shape& shape) : shape_(shape) {}

  std::optional<CutRefusal> refusal() {
    sql::walk(shape_.statement, [this](::Node* node) {
      if (!refusal_) look(node);
      return true;
    });
    return std::move(refusal_);
  }

 private:
  void look(::Node* node) {
    if (auto* range = as<::RangeVar>(node, T_RangeVar)) {
      if (range != shape_.target && same_relation(range, shape_.target))
        refusal_ =
            refuse(cat("it reads ", sql::relation_name(range).quoted(),
                       ", which it changes: a later batch would see what the earlier ones did"),
                   "First write what it reads into a table of its own, then let the batches read that.");
    } else if (auto* cte = as<::CommonTableExpr>(node, T_CommonTableExpr)) {
      if (cte->ctequery->type != T_SelectStmt)
        refusal_ =
            refuse("WITH changes rows, and would do so in each batch", "Make it a statement of its own.");
      limited(cte->ctequery);
    } else if (auto* nested = as<::RangeSubselect>(node, T_RangeSubselect)) {
      limited(nested->subquery);
    }
  }

  void limited(::Node* query) {
    const auto* select = as<::SelectStmt>(query, T_SelectStmt);
    if (select != nullptr && (select->limitCount != nullptr || select->limitOffset != nullptr))
      refusal_ = refuse("LIMIT would count anew in each batch", "Say in WHERE which rows are meant.");
  }

  const Shape& shape_;
  std::optional<CutRefusal> refusal_;
};

Names set_columns(::Node* statement) {
  Names names;
  if (const auto* update = as<::UpdateStmt>(statement, T_UpdateStmt)) {
    for (auto* set : each<::ResTarget>(update->targetList)) names.emplace_back(view(set->name));
  }
  return names;
}

/// A subquery that does not depend on the row runs once for the statement, and would run once for each batch.
Names calls_in_subqueries(::Node* statement) {
  Names names;
  const auto add_calls = [&names](::Node* query) {
    sql::walk(query, [&names](::Node* node) {
      if (const auto* call = as<::FuncCall>(node, T_FuncCall))
        names.push_back(sql::relation_name(call->funcname).relname);
      return true;
    });
  };
  sql::walk(statement, [&](::Node* node) {
    if (const auto* link = as<::SubLink>(node, T_SubLink)) add_calls(link->subselect);
    if (const auto* nested = as<::RangeSubselect>(node, T_RangeSubselect)) add_calls(nested->subquery);
    if (const auto* cte = as<::CommonTableExpr>(node, T_CommonTableExpr)) add_calls(cte->ctequery);
    return true;
  });
  return names;
}

// ---- the text ---------------------------------------------------------------------------------------------------

struct Place {
  std::size_t end_of_rows = 0;           ///< where a WHERE would stand
  std::optional<std::size_t> condition;  ///< first byte behind WHERE
  std::size_t end_of_condition = 0;
};

/// Looks for keywords outside of parentheses. What stands behind a dot or AS is a name.
class Finder {
 public:
  explicit Finder(std::string_view text) : text_(text), lexer_(text) {}

  /// `from_select`: only from the SELECT on, up to what may stand behind its WHERE.
  std::optional<Place> find(bool from_select) {
    Place place;
    bool inside = !from_select;
    for (sql::Token token = next(); token.kind != sql::TokenKind::end; token = next()) {
      if (inside && from_select && ends_condition(token)) break;
      if (inside && is_word(token, "where") && !place.condition) {
        place.end_of_rows = last_end_;
        place.condition = token.end;
      }
      inside = inside || is_word(token, "select");
      last_end_ = token.end;
    }
    if (!inside) return std::nullopt;
    if (!place.condition) place.end_of_rows = last_end_;
    place.end_of_condition = last_end_;
    return place;
  }

 private:
  sql::Token next() {
    for (;;) {
      const sql::Token token = lexer_.next();
      name_follows_ =
          previous_.kind == sql::TokenKind::dot ||
          (previous_.kind == sql::TokenKind::word && sql::is_keyword(lexer_.text(previous_), "as"));
      previous_ = token;
      if (token.kind == sql::TokenKind::left_paren) ++depth_;
      if (token.kind == sql::TokenKind::right_paren) --depth_;
      const bool outside = depth_ == 0 || token.kind == sql::TokenKind::end;
      if (outside) return token;
    }
  }

  [[nodiscard]] bool is_word(const sql::Token& token, std::string_view keyword) const {
    return token.kind == sql::TokenKind::word && !name_follows_ &&
           sql::is_keyword(lexer_.text(token), keyword);
  }

  [[nodiscard]] bool ends_condition(const sql::Token& token) const {
    if (is_word(token, "order") || is_word(token, "for")) return true;
    if (!is_word(token, "on")) return false;
    sql::Lexer ahead(text_, token.end);
    const sql::Token following = ahead.next();
    return following.kind == sql::TokenKind::word && sql::is_keyword(ahead.text(following), "conflict");
  }

  std::string_view text_;
  sql::Lexer lexer_;
  sql::Token previous_;
  bool name_follows_ = false;
  int depth_ = 0;
  std::size_t last_end_ = 0;
};

void split_at(const std::string& sql, const Place& place, CutStatement& cut) {
  if (place.condition) {
    cut.before = cat(std::string_view(sql).substr(0, *place.condition), " (");
    cut.after = cat(") AND (",
                    std::string_view(sql).substr(*place.condition, place.end_of_condition - *place.condition),
                    ")", std::string_view(sql).substr(place.end_of_condition));
  } else {
    cut.before = cat(std::string_view(sql).substr(0, place.end_of_rows), " WHERE (");
    cut.after = cat(")", std::string_view(sql).substr(place.end_of_rows));
  }
}

/// The proof that the condition stands where it should: the parser finds it there.
bool is_in_place(const CutStatement& cut, bool with_other) {
  const std::string whole = cat(cut.before, k_marker, cut.after);
  const sql::RawTree tree(whole);
  const std::optional<Shape> shape = tree.only() != nullptr ? shape_of(tree.only()) : std::nullopt;
  if (!shape || shape->where == nullptr) return false;
  const auto* both = as<::BoolExpr>(shape->where, T_BoolExpr);
  if (with_other && (both == nullptr || both->boolop != AND_EXPR)) return false;
  auto* first = with_other ? static_cast<::Node*>(both->args->elements[0].ptr_value) : shape->where;
  const auto* test = as<::NullTest>(first, T_NullTest);
  const auto* column = test != nullptr ? as<::ColumnRef>(test->arg, T_ColumnRef) : nullptr;
  return column != nullptr && sql::string_value(column->fields->elements[0].ptr_value) == "pgsluice_range";
}

/// Everything that the tree says; the tree is gone when this returns.
std::variant<CutStatement, CutRefusal> read_tree(const std::string& sql, bool& is_insert, bool& has_where) {
  const sql::RawTree tree(sql);
  std::optional<Shape> shape = tree.only() != nullptr ? shape_of(tree.only()) : std::nullopt;
  if (!shape)
    return refuse("only UPDATE, DELETE and INSERT … SELECT can be run in batches", k_leave_batch_out);
  is_insert = shape->statement->type == T_InsertStmt;
  if (shape->returning) return refuse("RETURNING gives rows to nobody in a batch", "Leave RETURNING out.");
  if (is_insert) {
    if (shape->select == nullptr || length(shape->select->valuesLists) > 0)
      return refuse("an INSERT without a SELECT walks through no table", k_leave_batch_out);
    if (const std::string_view clause = clause_over_all_rows(shape->select); !clause.empty())
      return refuse(cat(clause, " looks at all rows at once, and a batch has only some of them"),
                    k_leave_batch_out);
    const auto first = first_table(shape->select);
    if (const auto* refusal = std::get_if<CutRefusal>(&first)) return *refusal;
    shape->walked = std::get<::RangeVar*>(first);
  }
  if (shape->where != nullptr && shape->where->type == T_CurrentOfExpr)
    return refuse("WHERE CURRENT OF is one row", k_leave_batch_out);
  if (auto refusal = Reader(*shape).refusal()) return *std::move(refusal);
  has_where = shape->where != nullptr;
  const auto* alias = shape->walked->alias;
  return CutStatement{
      .before = {},
      .after = {},
      .relation = sql::relation_name(shape->walked),
      .only = !shape->walked->inh,
      .qualifier = quote_ident(view(alias != nullptr ? alias->aliasname : shape->walked->relname)),
      .set_columns = set_columns(shape->statement),
      .shared_calls = calls_in_subqueries(shape->statement)};
}

std::variant<CutStatement, CutRefusal> cut_with(const std::string& sql, const ColumnTypes& types,
                                                const ColumnDefaults& defaults) {
  bool is_insert = false;
  bool has_where = false;
  auto result = read_tree(sql, is_insert, has_where);
  auto* cut = std::get_if<CutStatement>(&result);
  if (cut == nullptr) return result;
  const std::optional<Place> place = Finder(sql).find(is_insert);
  if (place && place->condition.has_value() == has_where) {
    split_at(sql, *place, *cut);
    const sql::RawTree tree(sql);
    cut->undone = sql::undone_rows(tree.only(), sql,
                                   {.rows_end = place->end_of_rows,
                                    .begin = place->condition.value_or(place->end_of_rows),
                                    .end = place->condition ? place->end_of_condition : place->end_of_rows},
                                   cut->qualifier, types, defaults);
    if (is_in_place(*cut, has_where)) return result;
  }
  return refuse("cannot tell where a condition on the key belongs",
                "Write the SELECT without parentheses around it, and TABLE t as SELECT * FROM t.");
}

}  // namespace

std::variant<CutStatement, CutRefusal> cut_statement(const std::string& sql, const ColumnTypes& types) {
  return cut_with(sql, types, {});
}

std::string undone_rows(const std::string& sql, const ColumnTypes& types, const ColumnDefaults& defaults) {
  const auto result = cut_with(sql, types, defaults);
  const auto* cut = std::get_if<CutStatement>(&result);
  return cut != nullptr ? cut->undone : "";
}

}  // namespace pgsluice
