// SPDX-License-Identifier: Apache-2.0
#include "through_view.hpp"

#include <algorithm>
#include <utility>

namespace pgsluice::effects {

namespace {

using PredicateKind = Predicate::Kind;

bool is_alternative_lost(const Predicate& said) {
  return said.kind == PredicateKind::any &&
         std::ranges::any_of(said.parts, [](const Predicate& p) { return p.kind == PredicateKind::unknown; });
}

/// Names each column anew; what has no new name says nothing.
template <typename NewName>
Predicate renamed(Predicate said, Name qualifier, NewName new_name) {
  for (Predicate& part : said.parts) part = renamed(std::move(part), qualifier, new_name);
  if (is_alternative_lost(said)) return {};
  if (said.column.empty()) return said;
  const bool is_other = !said.qualifier.empty() && said.qualifier != qualifier;
  said.column = is_other ? Name() : new_name(said.column);
  said.qualifier = {};
  return said.column.empty() ? Predicate{} : said;
}

Names base_columns(const ViewQuery& view, const Names& columns) {
  Names result;
  for (const Name column : columns) result.push_back(base_column(view, column));
  return result;
}

}  // namespace

Name base_column(const ViewQuery& view, Name column) {
  if (view.star) return column;
  const auto found = std::ranges::find(view.columns, column, &std::pair<Name, Name>::first);
  return found != view.columns.end() ? found->second : Name();
}

Predicate both(const Predicate& a, const Predicate& b) {
  if (a.kind == PredicateKind::unknown) return b;
  if (b.kind == PredicateKind::unknown) return a;
  Predicate result{.kind = PredicateKind::all, .parts = {}};
  for (const Predicate* said : {&a, &b}) {
    if (said->kind == PredicateKind::never) return *said;
    if (said->kind == PredicateKind::all) {
      std::ranges::copy(said->parts, std::back_inserter(result.parts));
    } else {
      result.parts.push_back(*said);
    }
  }
  return result;
}

Predicate without_columns(Predicate said, const Names& columns) {
  for (Predicate& part : said.parts) part = without_columns(std::move(part), columns);
  if (is_alternative_lost(said)) return {};
  const bool is_gone = !said.column.empty() && std::ranges::find(columns, said.column) != columns.end();
  return is_gone ? Predicate{} : said;
}

RelationRef base_of(const ViewQuery& view, const RelationRef& outer) {
  RelationRef base = view.base;
  base.role = outer.role;
  if (!outer.where) return base;
  Predicate said =
      renamed(*outer.where, outer.alias, [&view](Name column) { return base_column(view, column); });
  if (base.where) said = both(*base.where, said);
  base.where = std::move(said);
  return base;
}

RowChange base_change(const Catalog& catalog, const ViewQuery& view, RowChange change) {
  if (change.kind == RowChange::Kind::insert && change.columns.empty()) {
    const Relation* base = catalog.find(view.base.name);
    for (const auto& [name, column] : view.columns) change.columns.push_back(name);
    if (view.star && base != nullptr) {
      for (const CatalogColumn& column : base->columns) change.columns.push_back(column.name);
    }
    if (change.columns.size() > change.width) change.columns.resize(change.width);
  }
  change.columns = base_columns(view, change.columns);
  change.set_columns = base_columns(view, change.set_columns);
  const RelationRef base = base_of(view, change.target);
  // A view's own condition does not keep rows from being inserted.
  const Box<Predicate> where = change.kind == RowChange::Kind::insert ? change.target.where : base.where;
  change.target = base;
  change.target.where = where;
  return change;
}

}  // namespace pgsluice::effects
