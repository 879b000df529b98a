// SPDX-License-Identifier: Apache-2.0
// Names → columns, scope by scope: parse_relation.c and parse_clause.c for those who have no server to ask.

#include "sql/query_use.hpp"

#include <algorithm>

namespace pgsluice {
namespace {

/// A column of a relation that stands behind a name.
struct Source {
  const KnownRelation* relation = nullptr;
  Name column;
};

/// A column of an item of FROM. One of USING stands for two.
struct ItemColumn {
  Name name;
  std::vector<Source> sources;
  bool merged = false;  ///< USING shows it in the name of the join alone
};

struct Item {
  Name alias;
  RelationName relation;  ///< without an alias: by which it may be qualified, too
  std::vector<ItemColumn> columns;
  bool open = false;    ///< it may have columns that nobody knows
  bool hidden = false;  ///< its columns need its name: OLD and NEW
};

using Yield = QueryYield;

/// WITH queries that can be seen, the inner ones first.
struct Tables {
  const Tables* outer = nullptr;
  std::map<Name, Yield> tables;

  [[nodiscard]] const Yield* find(const RelationName& name) const {
    if (!name.schemaname.empty()) return nullptr;
    for (const Tables* here = this; here != nullptr; here = here->outer) {
      const auto found = here->tables.find(name.relname);
      if (found != here->tables.end()) return &found->second;
    }
    return nullptr;
  }
};

/// The items that expressions see, and those of the queries around.
struct Scope {
  const Scope* outer = nullptr;
  std::vector<Item> items;
};

class Walk {
 public:
  Walk(const RelationFinder& find, QueryUse& use, UseRule rule)
      : find_(find), use_(use), for_meaning_(rule == UseRule::meaning) {}

  Yield query(const QueryShape& shape, const Scope* outer, const Tables* around) {
    if (--left_ < 0) {
      use_.complete = false;
      return {.columns = {}, .open = true};
    }
    Tables tables{.outer = around, .tables = {}};
    add_tables(shape, outer, tables);
    switch (shape.kind) {
      case QueryShape::Kind::values: return values(shape, outer, tables);
      case QueryShape::Kind::set_operation: return set_operation(shape, outer, tables);
      case QueryShape::Kind::select: return select(shape, outer, tables);
      default: return change(shape, outer, tables);
    }
  }

 private:
  // ---- WITH ----

  void add_tables(const QueryShape& shape, const Scope* outer, Tables& tables) {
    if (shape.recursive) {
      for (const QueryTable& table : shape.with) tables.tables[table.name] = {.columns = {}, .open = true};
    }
    for (const QueryTable& table : shape.with) {
      if (table.query.empty()) continue;
      const QueryShape& inner = table.query.front();
      if (shape.recursive && inner.kind == QueryShape::Kind::set_operation) {
        tables.tables[table.name] = renamed(table, first_yield(inner, outer, tables));
      }
      const Yield yield = query(inner, outer, &tables);
      tables.tables[table.name] = renamed(table, yield);
    }
  }

  /// The term of a recursive query that does not call itself says what its columns are.
  Yield first_yield(const QueryShape& shape, const Scope* outer, const Tables& around) {
    Tables tables{.outer = &around, .tables = {}};
    add_tables(shape, outer, tables);
    return query(shape.parts.front(), outer, &tables);
  }

  static Yield renamed(const QueryTable& table, Yield yield) {
    rename(table.columns, yield);
    yield.columns.insert(yield.columns.end(), table.added.begin(), table.added.end());
    return yield;
  }

  static void rename(const Names& names, Yield& yield) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (i < yield.columns.size()) {
        yield.columns[i] = names[i];
      } else {
        yield.columns.push_back(names[i]);
      }
    }
  }

  // ---- queries ----

  Yield values(const QueryShape& shape, const Scope* outer, const Tables& tables) {
    const Scope scope{.outer = outer, .items = {}};
    look_up(shape.names, scope, tables);
    Yield yield;
    for (std::size_t i = 1; i <= shape.width; ++i) yield.columns.emplace_back("column" + std::to_string(i));
    return yield;
  }

  /// Its ORDER BY knows outputs only.
  Yield set_operation(const QueryShape& shape, const Scope* outer, const Tables& tables) {
    Yield yield;
    for (std::size_t i = 0; i < shape.parts.size(); ++i) {
      Yield part = query(shape.parts[i], outer, &tables);
      if (i == 0) yield = std::move(part);
    }
    const Scope scope{.outer = outer, .items = {}};
    look_up(shape.names, scope, tables);
    return yield;
  }

  Yield select(const QueryShape& shape, const Scope* outer, const Tables& tables) {
    const Scope scope{.outer = outer, .items = items_of(shape.from, outer, tables)};
    look_up(shape.names, scope, tables);
    Yield yield = outputs(shape, scope);
    for (const ColumnName& name : shape.sorted) {
      if (!is_output(shape, yield, name)) use_column(name, scope);
    }
    for (const ColumnName& name : shape.grouped) {
      const bool here = std::ranges::any_of(
          scope.items, [&](const Item& item) { return column_of(item, name.fields.front()) != nullptr; });
      if (here || !is_output(shape, yield, name)) use_column(name, scope);
    }
    return yield;
  }

  static bool is_output(const QueryShape& shape, const Yield& yield, const ColumnName& name) {
    if (std::ranges::find(yield.columns, name.fields.front()) == yield.columns.end()) return false;
    // A star may show it under its own name, or an item that nobody knows.
    return std::ranges::any_of(shape.outputs, [&](const QueryOutput& output) {
      return output.star || output.name == name.fields.front();
    });
  }

  /// INSERT, UPDATE, DELETE, MERGE.
  Yield change(const QueryShape& shape, const Scope* outer, const Tables& tables) {
    Scope scope{.outer = outer, .items = {}};
    const QueryItem& target = shape.target.front();
    const KnownRelation* relation = find(target.relation);
    scope.items.push_back(item_of(relation, target));
    use_.written.insert(relation != nullptr ? relation->name : target.relation);
    for (Item& item : items_of(shape.from, outer, tables)) scope.items.push_back(std::move(item));
    Yield rows;
    for (const QueryShape& part : shape.parts) rows = query(part, outer, &tables);
    for (const QueryAssignment& assignment : shape.assignments) assign(assignment, rows, relation);
    use_constraint(shape.conflict_constraint, relation);
    if (relation != nullptr) add_arbiter(shape, *relation);
    add_row_aliases(shape, target, relation, scope);
    look_up(shape.names, scope, tables);
    Yield yield = outputs(shape, scope);
    Scope excluded{.outer = outer, .items = {item_of(relation, target), item_of(relation, target)}};
    excluded.items.back().alias = "excluded";
    excluded.items.back().relation = {};
    excluded.items.back().hidden = true;
    look_up(shape.conflict, excluded, tables);
    return yield;
  }

  void add_row_aliases(const QueryShape& shape, const QueryItem& target, const KnownRelation* relation,
                       Scope& scope) const {
    for (const Name alias : {shape.old_alias, shape.new_alias}) {
      const bool taken =
          std::ranges::any_of(scope.items, [&](const Item& item) { return item.alias == alias; });
      if (taken) continue;
      Item item = item_of(relation, target);
      item.alias = alias;
      item.relation = {};
      item.hidden = true;
      scope.items.push_back(std::move(item));
    }
  }

  void assign(const QueryAssignment& assignment, const Yield& rows, const KnownRelation* relation) {
    if (relation == nullptr) return;
    std::set<Name> given;
    if (assignment.listed) {
      given.insert(assignment.columns.begin(), assignment.columns.end());
    } else if (!assignment.defaults) {
      const std::size_t width = rows.open               ? relation->columns.size()
                                : !rows.columns.empty() ? rows.columns.size()
                                                        : assignment.width;
      const auto last =
          relation->columns.begin() + static_cast<std::ptrdiff_t>(std::min(width, relation->columns.size()));
      given.insert(relation->columns.begin(), last);
    }
    for (const Name column : given) use_source({.relation = relation, .column = column});
    if (assignment.insert) use_.inserts.push_back({.relation = relation->name, .given = std::move(given)});
  }

  void use_constraint(Name constraint, const KnownRelation* relation) {
    if (relation == nullptr || constraint.empty()) return;
    const auto found = relation->constraint_columns.find(constraint);
    if (found == relation->constraint_columns.end()) return;
    for (const Name column : found->second) use_source({.relation = relation, .column = column});
  }

  void add_arbiter(const QueryShape& shape, const KnownRelation& relation) {
    if (shape.conflict_constraint.empty() && shape.conflict_columns.empty() && !shape.conflict_expressions)
      return;
    use_.arbiters.push_back({.relation = relation.name,
                             .constraint = shape.conflict_constraint,
                             .columns = {shape.conflict_columns.begin(), shape.conflict_columns.end()},
                             .has_expressions = shape.conflict_expressions});
  }

  Yield outputs(const QueryShape& shape, const Scope& scope) {
    Yield yield;
    for (const QueryOutput& output : shape.outputs) {
      if (!output.star) {
        yield.columns.push_back(output.name);
        continue;
      }
      const std::vector<const Item*> items = starred(output, scope);
      yield.open = yield.open || items.empty();
      for (const Item* item : items) add_star(*item, output, for_meaning_ && shape.exists, yield);
    }
    return yield;
  }

  static std::vector<const Item*> starred(const QueryOutput& output, const Scope& scope) {
    std::vector<const Item*> items;
    if (output.star_of.empty()) {
      for (const Item& item : scope.items) {
        if (!item.hidden) items.push_back(&item);
      }
    } else if (const Item* item = find_item(output.star_of, scope)) {
      items.push_back(item);
    }
    return items;
  }

  void add_star(const Item& item, const QueryOutput& output, bool nobody_reads, Yield& yield) {
    yield.open = yield.open || item.open;
    for (const ItemColumn& column : item.columns) {
      if (column.merged && output.star_of.empty()) continue;
      if (!nobody_reads) use_sources(column);
      yield.columns.push_back(column.name);
    }
  }

  // ---- FROM ----

  std::vector<Item> items_of(const std::vector<QueryItem>& from, const Scope* outer, const Tables& tables) {
    Scope left{.outer = outer, .items = {}};
    for (const QueryItem& item : from) {
      for (Item& found : from_item(item, left, tables)) left.items.push_back(std::move(found));
    }
    return std::move(left.items);
  }

  /// `left`: what LATERAL sees.
  std::vector<Item> from_item(const QueryItem& item, const Scope& left, const Tables& tables) {
    switch (item.kind) {
      case QueryItem::Kind::relation: return {relation_item(item, left, tables)};
      case QueryItem::Kind::query: return {query_item(item, left, tables)};
      case QueryItem::Kind::function: return {function_item(item, left, tables)};
      case QueryItem::Kind::join: return join_items(item, left, tables);
    }
    return {};
  }

  Item relation_item(const QueryItem& item, const Scope& left, const Tables& tables) {
    look_up(item.names, left, tables);
    if (const Yield* table = tables.find(item.relation)) {
      return yielded(*table, item, item.alias.empty() ? item.relation.relname : item.alias);
    }
    Item found = item_of(find(item.relation), item);
    use_places(found, item.columns.size());
    return found;
  }

  /// Names that are given by place: without one of these columns they would mean others.
  void use_places(const Item& item, std::size_t count) {
    if (!for_meaning_) return;
    for (std::size_t i = 0; i < std::min(count, item.columns.size()); ++i) use_sources(item.columns[i]);
  }

  /// Notes that the relation is named.
  const KnownRelation* find(const RelationName& name) {
    const KnownRelation* relation = find_(name);
    use_.relations[relation != nullptr ? relation->name : name];
    return relation;
  }

  static Item item_of(const KnownRelation* relation, const QueryItem& written) {
    Item item{.alias = written.alias, .relation = {}, .columns = {}, .open = relation == nullptr};
    if (written.alias.empty()) {
      item.alias = written.relation.relname;
      item.relation = relation != nullptr ? relation->name : written.relation;
    }
    if (relation == nullptr) return item;
    for (std::size_t i = 0; i < relation->columns.size(); ++i) {
      const Name column = relation->columns[i];
      item.columns.push_back({.name = i < written.columns.size() ? written.columns[i] : column,
                              .sources = {{.relation = relation, .column = column}}});
    }
    return item;
  }

  static Item yielded(Yield yield, const QueryItem& written, Name alias) {
    rename(written.columns, yield);
    Item item{.alias = alias, .relation = {}, .columns = {}, .open = yield.open};
    for (const Name column : yield.columns) item.columns.push_back({.name = column, .sources = {}});
    return item;
  }

  Item query_item(const QueryItem& item, const Scope& left, const Tables& tables) {
    return yielded(query(item.query.front(), item.lateral ? &left : left.outer, &tables), item, item.alias);
  }

  Item function_item(const QueryItem& item, const Scope& left, const Tables& tables) {
    look_up(item.names, left, tables);
    Yield yield{.columns = item.columns, .open = item.open};
    if (item.columns.empty()) yield.columns.push_back(item.alias);
    Item found = yielded(std::move(yield), {}, item.alias);
    return found;
  }

  std::vector<Item> join_items(const QueryItem& join, const Scope& left, const Tables& tables) {
    std::vector<Item> first = from_item(join.sides.at(0), left, tables);
    Scope so_far{.outer = left.outer, .items = left.items};
    so_far.items.insert(so_far.items.end(), first.begin(), first.end());
    std::vector<Item> second = from_item(join.sides.at(1), so_far, tables);
    std::vector<Item> both = merged(join, std::move(first), std::move(second));
    const Scope on{.outer = left.outer, .items = both};
    look_up(join.names, on, tables);
    if (join.alias.empty()) return both;
    Item one = as_one(join, both);
    use_places(one, join.columns.size());
    return {one};
  }

  /// Columns of USING are those of the join.
  std::vector<Item> merged(const QueryItem& join, std::vector<Item> first, std::vector<Item> second) {
    Names shared = join.using_columns;
    if (join.natural) {
      for (const Name name : visible(first)) {
        if (std::ranges::count(visible(second), name) > 0) shared.push_back(name);
      }
    }
    Item item{.alias = join.using_alias, .relation = {}, .columns = {}};
    for (const Name name : shared) {
      ItemColumn column{.name = name, .sources = {}};
      for (std::vector<Item>* side : {&first, &second}) merge(name, *side, column);
      use_sources(column);
      item.columns.push_back(std::move(column));
    }
    std::vector<Item> all;
    if (!item.columns.empty()) all.push_back(std::move(item));
    for (std::vector<Item>* side : {&first, &second})
      for (Item& other : *side) all.push_back(std::move(other));
    return all;
  }

  static Names visible(const std::vector<Item>& items) {
    Names names;
    for (const Item& item : items) {
      for (const ItemColumn& column : item.columns) {
        if (!column.merged) names.push_back(column.name);
      }
    }
    return names;
  }

  static void merge(Name name, std::vector<Item>& side, ItemColumn& into) {
    for (Item& item : side) {
      for (ItemColumn& column : item.columns) {
        if (column.name != name || column.merged) continue;
        column.merged = true;
        into.sources.insert(into.sources.end(), column.sources.begin(), column.sources.end());
        return;
      }
    }
  }

  /// (a JOIN b …) AS j (x, y): nothing else is seen any more.
  static Item as_one(const QueryItem& join, const std::vector<Item>& items) {
    Item one{.alias = join.alias, .relation = {}, .columns = {}};
    for (const Item& item : items) {
      one.open = one.open || item.open;
      for (const ItemColumn& column : item.columns) {
        if (column.merged) continue;
        one.columns.push_back(column);
        if (one.columns.size() <= join.columns.size())
          one.columns.back().name = join.columns[one.columns.size() - 1];
      }
    }
    return one;
  }

  // ---- names ----

  void look_up(const QueryNames& names, const Scope& scope, const Tables& tables) {
    use_.functions.insert(names.functions.begin(), names.functions.end());
    use_.types.insert(names.types.begin(), names.types.end());
    for (const ColumnName& name : names.columns) use_column(name, scope);
    for (const Name field : names.fields) doubt_field(field);
    for (const QueryShape& inner : names.queries) query(inner, &scope, &tables);
  }

  void use_column(const ColumnName& name, const Scope& scope) {
    if (name.star) {
      if (const Item* item = find_item(name.fields, scope)) use_row(*item, name.part);
    } else if (name.fields.size() == 1) {
      if (!use_plain(name, scope)) use_whole(name, scope);
    } else {
      use_qualified(name, scope);
    }
  }

  /// Of the innermost query that has it.
  bool use_plain(const ColumnName& name, const Scope& scope) {
    for (const Scope* here = &scope; here != nullptr; here = here->outer) {
      bool found = false;
      for (const Item& item : here->items) {
        const ItemColumn* one = item.hidden ? nullptr : column_of(item, name.fields.front());
        if (one == nullptr || one->merged) continue;
        use_sources(*one);
        use_field(*one, name.part);
        found = true;
      }
      if (found) return true;
    }
    return false;
  }

  /// `t`, `(t).a` or `s.t` where no column has the name.
  void use_whole(const ColumnName& name, const Scope& scope) {
    if (const Item* item = find_item(name.fields, scope)) return use_row(*item, name.part);
    doubt_field(name.part);
    if (!is_system_column(name.fields.back()) && !sees_open(scope)) use_.resolved = false;
  }

  /// `(c).f` of a column.
  void use_field(const ItemColumn& column, Name field) {
    const bool is_its_own = std::ranges::any_of(column.sources, [&](const Source& source) {
      const auto fields = source.relation->fields.find(source.column);
      return fields != source.relation->fields.end() &&
             std::ranges::find(fields->second, field) != fields->second.end();
    });
    if (!is_its_own) doubt_field(field);
  }

  /// It may be a field, or a function that is called as one.
  void doubt_field(Name field) {
    if (!field.empty() && field != "*") use_.row_functions.try_emplace(field, false);
  }

  void use_row(const Item& item, Name part) {
    const ItemColumn* column = part.empty() || part == "*" ? nullptr : column_of(item, part);
    if (column != nullptr) return use_sources(*column);
    if (!part.empty() && part != "*") add_row_function(item, part);
    if (!for_meaning_ && part != "*") return;
    for (const ItemColumn& each : item.columns) use_sources(each);
  }

  /// `t.f` may be f(t): a function of the whole row.
  void use_row_function(const Item& item, Name function) {
    add_row_function(item, function);
    use_row(item, {});
  }

  void add_row_function(const Item& item, Name function) {
    bool& is_certain = use_.row_functions[function];
    is_certain = is_certain || !item.open;
  }

  static bool sees_open(const Scope& scope) {
    for (const Scope* here = &scope; here != nullptr; here = here->outer) {
      if (std::ranges::any_of(here->items, &Item::open)) return true;
    }
    return false;
  }

  void use_qualified(const ColumnName& name, const Scope& scope) {
    const Names qualifier(name.fields.begin(), name.fields.end() - 1);
    const Item* item = find_item(qualifier, scope);
    if (item == nullptr) return use_whole(name, scope);
    const ItemColumn* column = column_of(*item, name.fields.back());
    if (column != nullptr) {
      use_sources(*column);
      return use_field(*column, name.part);
    }
    doubt_field(name.part);
    if (!is_system_column(name.fields.back())) use_row_function(*item, name.fields.back());
  }

  static bool is_system_column(Name name) {
    return name == "ctid" || name == "tableoid" || name == "xmin" || name == "xmax" || name == "cmin" ||
           name == "cmax" || name == "oid";
  }

  /// `t`, `s.t` or `d.s.t`
  static const Item* find_item(const Names& qualifier, const Scope& scope) {
    if (qualifier.empty()) return nullptr;
    for (const Scope* here = &scope; here != nullptr; here = here->outer) {
      for (const Item& item : here->items) {
        const bool same = qualifier.size() == 1
                              ? item.alias == qualifier.back()
                              : item.relation.relname == qualifier.back() &&
                                    item.relation.schemaname == qualifier[qualifier.size() - 2];
        if (same) return &item;
      }
    }
    return nullptr;
  }

  static const ItemColumn* column_of(const Item& item, Name name) {
    const auto found = std::ranges::find(item.columns, name, &ItemColumn::name);
    return found == item.columns.end() ? nullptr : &*found;
  }

  void use_sources(const ItemColumn& column) {
    for (const Source& source : column.sources) use_source(source);
  }
  void use_source(const Source& source) { use_.relations[source.relation->name].insert(source.column); }

  const RelationFinder& find_;
  QueryUse& use_;
  bool for_meaning_;
  /// Queries that are still looked at: recursive ones in one another double each time.
  int left_ = 20'000;
};

void add_names_of(const QueryNames& names, std::set<RelationName>& found);

void add_items(const std::vector<QueryItem>& items, std::set<RelationName>& found) {
  for (const QueryItem& item : items) {
    if (item.kind == QueryItem::Kind::relation) found.insert(item.relation);
    for (const QueryShape& inner : item.query) add_relation_names(inner, found);
    add_items(item.sides, found);
    add_names_of(item.names, found);
  }
}

void add_names_of(const QueryNames& names, std::set<RelationName>& found) {
  for (const QueryShape& inner : names.queries) add_relation_names(inner, found);
}

}  // namespace

QueryYield add_use(const QueryShape& query, const RelationFinder& find, QueryUse& use, UseRule rule) {
  return Walk(find, use, rule).query(query, nullptr, nullptr);
}

void add_relation_names(const QueryShape& query, std::set<RelationName>& names) {
  for (const QueryTable& table : query.with)
    for (const QueryShape& inner : table.query) add_relation_names(inner, names);
  add_items(query.target, names);
  add_items(query.from, names);
  add_names_of(query.names, names);
  add_names_of(query.conflict, names);
  for (const QueryShape& part : query.parts) add_relation_names(part, names);
}

}  // namespace pgsluice
