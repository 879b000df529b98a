// SPDX-License-Identifier: Apache-2.0
// What is made of a query: views, and tables with its results.
#include <map>
#include <utility>

#include "change.hpp"
#include "sql/query_use.hpp"

namespace pgsluice {

namespace {

/// And all of them.
bool has_known_columns(const Catalog& catalog, const RelationName& written) {
  const Relation* relation = written.empty() ? nullptr : catalog.find(written);
  return relation != nullptr && !relation->columns_open &&
         (!relation->columns.empty() || !relation->query().yields.empty());
}

}  // namespace

void CatalogChange::create_view(char kind) {
  const RelationName name = new_name();
  if (name.empty()) return;
  const Relation* old = catalog_.find(name);
  if (old != nullptr && !command_.is("replace")) return;
  Relation view{.name = name, .relkind = kind};
  if (name.schemaname == "pg_temp") view.relpersistence = 't';
  if (kind != relkind::view) place(view);
  view.unpopulated = kind == relkind::materialized_view && command_.is("skipData");
  if (kind == relkind::table) copy_results(view);
  if (kind != relkind::table) {
    CatalogQuery query = read_query(kind);
    query.types = result_types(query.yields);
    view.stored_query = std::move(query);
  }
  catalog_.put(std::move(view));
}

CatalogQuery CatalogChange::read_query(char kind) const {
  CatalogQuery query;
  for (RelationRef ref : command_.relations) {
    if (ref.role != "source" && ref.role != "locked") continue;
    ref.name = catalog_.resolve(ref.name);
    query.reads.push_back(ref.name);
    query.sources.push_back(std::move(ref));
  }
  query.columns = command_.names;
  query.uses = column_uses(&query.yields);
  if (kind == relkind::view && command_.view) query.writable = resolved(*command_.view);
  query.calls = meant(command_.functions);
  query.grouped = command_.is("grouped");
  if (command_.expression) {
    for (const TypeName& cast : command_.expression->casts)
      query.casts.push_back(catalog_.resolve_type(cast));
  }
  return query;
}

/// Relations whose columns are known, by the names that the query gives them.
class KnownRelations {
 public:
  explicit KnownRelations(const Catalog& catalog) : catalog_(catalog) {}

  const KnownRelation* find(const RelationName& written) {
    const Relation* relation = catalog_.find(written);
    if (relation == nullptr || relation->columns_open) return nullptr;
    const auto [found, is_first] = known_.try_emplace(relation->name);
    if (is_first) {
      found->second.name = relation->name;
      found->second.columns = Names(relation->query().yields);
      for (const CatalogColumn& column : relation->columns) found->second.columns.push_back(column.name);
    }
    return found->second.columns.empty() ? nullptr : &found->second;
  }
  /// False of one that was found, but whose columns nobody knows: it may be used in any way.
  [[nodiscard]] bool knows(const RelationName& relation) const {
    const auto found = known_.find(relation);
    return found != known_.end() && !found->second.columns.empty();
  }

 private:
  const Catalog& catalog_;
  std::map<RelationName, KnownRelation> known_;
};

/// Where a name is of none of the relations, too little is known of them.
ColumnUses CatalogChange::column_uses(Few<Name>* yields) const {
  if (!command_.query) return {};
  KnownRelations known(catalog_);
  QueryUse use;
  const QueryYield yield = add_use(
      *command_.query, [&known](const RelationName& name) { return known.find(name); }, use,
      UseRule::dependency);
  if (!use.complete || !use.resolved) return {};
  if (yields != nullptr && !yield.open) *yields = yield.columns;
  ColumnUses uses;
  for (const auto& [relation, columns] : use.relations) {
    if (known.knows(relation))
      uses.push_back({.relation = relation, .columns = Names(columns.begin(), columns.end())});
  }
  return uses;
}

Few<TypeName> CatalogChange::result_types(const Few<Name>& columns) const {
  Relation made;
  copy_results(made);
  std::vector<TypeName> types;
  for (const Name name : columns) {
    const CatalogColumn* column = made.column(name);
    types.push_back(column != nullptr ? column->type : TypeName{});
  }
  return types;
}

/// CREATE TABLE … AS copies names and types, and nothing else. The type of what is computed is not known.
void CatalogChange::copy_results(Relation& table) const {
  table.columns_open = !command_.results;
  if (!command_.results) return;
  for (const ResultColumn& result : *command_.results) {
    if (result.type) {
      table.columns.push_back({.name = result.name, .type = catalog_.resolve_type(*result.type)});
      continue;
    }
    if (result.column.empty() && !result.name.empty()) {
      table.columns.push_back({.name = result.name, .type = unknown_type()});
      continue;
    }
    bool is_known = false;
    for (const RelationRef& ref : command_.relations) {
      const bool is_read = ref.role == "source" || ref.role == "locked";
      const bool is_it = result.relation.empty() || result.relation == ref.name;
      if (is_read && is_it && !result.column.empty())
        is_known = copy_result(result, ref.name, table) || is_known;
    }
    table.columns_open = table.columns_open || !is_known ||
                         (result.column == "*" && !has_known_columns(catalog_, result.relation));
  }
}

/// False: nothing is known of it.
bool CatalogChange::copy_result(const ResultColumn& result, const RelationName& from, Relation& table) const {
  const Relation* relation = catalog_.find(from);
  if (relation == nullptr) return false;
  bool is_known = false;
  const auto copy = [&](Name column, Name collation, const TypeName& type) {
    if (result.column != "*" && result.column != column) return;
    is_known = true;
    const Name name = result.column == "*" ? column : result.name;
    if (table.column(name) != nullptr || is_full(table)) return;
    table.columns.push_back({.name = name, .collation = collation, .type = type});
  };
  for (const CatalogColumn& column : relation->columns) copy(column.name, column.collation, column.type);
  const CatalogQuery& query = relation->query();
  for (std::size_t i = 0; i < query.yields.size(); ++i) {
    const bool has_type = i < query.types.size() && !query.types[i].name.empty();
    copy(query.yields[i], {}, has_type ? query.types[i] : unknown_type());
  }
  return is_known;
}

/// A star stands for the columns that there are now.
ViewQuery CatalogChange::resolved(ViewQuery query) const {
  query.base.name = catalog_.resolve(query.base.name);
  const Relation* base = catalog_.find(query.base.name);
  if (!query.star || base == nullptr) return query;
  query.star = false;
  for (const CatalogColumn& column : base->columns) query.columns.emplace_back(column.name, column.name);
  return query;
}

}  // namespace pgsluice
