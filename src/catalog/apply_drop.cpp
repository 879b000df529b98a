// SPDX-License-Identifier: Apache-2.0
// DROP, with everything that goes along.
#include <algorithm>

#include "change.hpp"

namespace pgsluice {

void CatalogChange::drop() {
  const std::string_view type = command_.text("removeType");
  if (type == "OBJECT_SCHEMA") return drop_schema();
  if (type == "OBJECT_TYPE" || type == "OBJECT_DOMAIN") {
    if (command_.type) catalog_.objects().types.erase(type_key(*command_.type));
    return;
  }
  if (type == "OBJECT_TRIGGER") {
    return for_family([this](Relation& relation) {
      std::erase_if(relation.triggers, [this](const CatalogTrigger& t) { return t.name == command_.name; });
    });
  }
  if (type == "OBJECT_POLICY") {
    return for_target([this](Relation& relation) {
      std::erase_if(relation.policies, [this](const CatalogPolicy& p) { return p.name == command_.name; });
    });
  }
  if (type == "OBJECT_RULE") {
    return for_target([this](Relation& relation) {
      std::erase_if(relation.rules, [this](const CatalogRule& rule) { return rule.name == command_.name; });
    });
  }
  if (type == "OBJECT_PUBLICATION") {
    catalog_.objects().publications.erase(command_.name);
    return;
  }
  if (const Relation* relation = target()) drop_relation(relation->name);
}

RelationName CatalogChange::type_key(const TypeName& type) const {
  const CatalogType* found = catalog_.find_type(type);
  return found != nullptr ? found->name : RelationName{};
}

void CatalogChange::drop_relation(RelationName name) {  // a copy: it may live in what is dropped
  const Relation* relation = catalog_.find(name);
  if (relation == nullptr) return;
  std::vector<RelationName> dead;
  const auto collect = [&dead](const std::vector<const Relation*>& relations) {
    for (const Relation* r : relations) dead.push_back(r->name);
  };
  collect(catalog_.indexes(name));
  collect(catalog_.children(name));
  collect(catalog_.readers(name));
  collect(catalog_.owned_sequences(name));
  std::vector<RelationName> referencing;
  for (const Relation* r : catalog_.referencing(name)) referencing.push_back(r->name);
  for (const RelationName& other : referencing) {
    edit(other, [&](Relation& r) {
      std::erase_if(r.constraints, [&](const CatalogConstraint& c) { return c.referenced == name; });
    });
  }
  if (relation->relkind == relkind::index && !relation->constraint.empty()) {
    edit(relation->table, [&, constraint = relation->constraint](Relation& table) {
      std::erase_if(table.constraints, [&](const CatalogConstraint& c) { return c.name == constraint; });
    });
  }
  catalog_.erase(name);
  for (const RelationName& other : dead) drop_relation(other);
}

void CatalogChange::drop_schema() {
  std::vector<RelationName> dead;
  for (const Relation* relation : catalog_.all()) {
    if (relation->name.schemaname == command_.name) dead.push_back(relation->name);
  }
  for (const RelationName& name : dead) drop_relation(name);
}

}  // namespace pgsluice
