// SPDX-License-Identifier: Apache-2.0
// Who holds values of a type. pg: typecmds.c get_rels_with_domain.
#include <algorithm>
#include <vector>

#include "members.hpp"

namespace pgsluice::effects {

namespace {

TypeName named_type(const Subject& subject) {
  if (subject.command.type) return *subject.command.type;
  const RelationRef* ref = subject.command.relation("target");
  return ref != nullptr ? TypeName{.schemaname = ref->name.schemaname, .name = ref->name.relname}
                        : TypeName{};
}

bool is_of_type(const Catalog& catalog, const TypeName& written, const CatalogType& wanted) {
  const CatalogType* type = catalog.find_type(written);
  while (type != nullptr && type != &wanted) type = catalog.find_type(type->base);
  return type != nullptr;
}

Names columns_of_type(const Catalog& catalog, const Relation& relation, const CatalogType& wanted) {
  Names columns;
  for (const CatalogColumn& column : relation.columns) {
    if (is_of_type(catalog, column.type, wanted)) columns.push_back(column.name);
  }
  return columns;
}

/// Its query names one of the columns, so that a column of its own may have the type. Of a view it is not known under which
/// names it shows them.
bool may_show(const Relation& view, const RelationName& relation, const Names& columns) {
  const CatalogQuery& query = view.query();
  return columns.empty() || std::ranges::any_of(columns, [&](const Name column) {
           return may_use(query.uses, query.columns, relation, column);
         });
}

/// Views are opened, too, before it is seen that they hold nothing.
void add_views(const Subject& subject, const CatalogType& type, Members& members) {
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Relation* relation = subject.catalog.find(members[i].name);
    if (relation == nullptr) continue;
    const Names columns = columns_of_type(subject.catalog, *relation, type);
    for (const Relation* view : subject.catalog.readers(relation->name)) {
      if (may_show(*view, relation->name, columns)) add(members, member(*view));
    }
  }
}

/// Views whose query casts to the type.
void add_casting(const Subject& subject, const CatalogType& type, Members& members) {
  for (const Relation* view : subject.catalog.all()) {
    if (std::ranges::any_of(view->query().casts,
                            [&](const TypeName& cast) { return is_of_type(subject.catalog, cast, type); }))
      add(members, member(*view));
  }
}

}  // namespace

Members type_users(const Subject& subject) {
  Members members;
  const TypeName type = named_type(subject);
  add_all(members, subject.catalog.type_users(type));
  if (const CatalogType* found = subject.catalog.find_type(type)) {
    add_casting(subject, *found, members);
    add_views(subject, *found, members);
  }
  // What only computes from the table is not what holds the values.
  std::erase_if(members, [](const Member& m) { return m.relkind == relkind::composite_type; });
  return members;
}

}  // namespace pgsluice::effects
