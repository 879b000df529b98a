// SPDX-License-Identifier: Apache-2.0
// DROP, with everything that goes along; and who owns what.
#include <algorithm>

#include "change.hpp"
#include "dependencies.hpp"
#include "object_names.hpp"

namespace pgsluice {

namespace {

constexpr std::string_view k_statistics = "OBJECT_STATISTIC_EXT";

template <typename List>
void erase_named(List& parts, Name name) {
  erase_if(parts, [name](const auto& part) { return part.name == name; });
}

}  // namespace

/// PostgreSQL would have refused to drop a relation that something hangs on, but what hangs on a function by its name
/// may hang on another one of that name.
void CatalogChange::drop() {
  const bool relation = command_.tag == "DropStmt" && command_.relation("target") != nullptr;
  if (relation) forget_constraints();
  const std::vector<CatalogObject> named = named_by_drop(catalog_, command_);
  const Cascade cascade = relation ? Cascade::yes : cascade_of(command_);
  for (const CatalogObject& gone : with_dependents(catalog_, named, cascade)) {
    // Which of several functions of one name it was nobody knows.
    const bool keeps = gone.kind == CatalogObject::Kind::function && command_.tag == "DropStmt" &&
                       std::ranges::find(named, gone) != named.end();
    if (!keeps) remove(gone);
  }
  if (command_.tag == "AT_DropColumn" && !recurses()) own_column();
  if (command_.tag == "DropOwnedStmt") leave_policies();
  if (command_.text("removeType") == "OBJECT_EVENT_TRIGGER")
    erase_named(catalog_.objects().event_triggers, command_.name);
  if (command_.text("removeType") == "OBJECT_PUBLICATION")
    catalog_.objects().publications.erase(command_.name);
}

/// Policies that are for other roles as well stay theirs.
void CatalogChange::leave_policies() {
  const auto leaves = [this](Name role) {
    return std::ranges::any_of(command_.names,
                               [&](Name named) { return role == (named.empty() ? catalog_.role : named); });
  };
  for (const Relation* relation : catalog_.all()) {
    const bool concerned = std::ranges::any_of(relation->policies, [&](const CatalogPolicy& policy) {
      return std::ranges::any_of(policy.roles, leaves);
    });
    if (!concerned) continue;
    edit(relation->name, [&](Relation& own) {
      for (CatalogPolicy& policy : own.policies) std::erase_if(policy.roles, leaves);
    });
  }
}

/// What temporary tables there are: namespace.c ResetTempTableNamespace().
void CatalogChange::discard() {
  const std::string_view what = command_.text("discards");
  if (what != "all" && what != "temp") return;
  std::vector<CatalogObject> temporary;
  for (const Relation* relation : catalog_.all()) {
    if (relation->name.schemaname == "pg_temp")
      temporary.push_back({.kind = CatalogObject::Kind::relation, .name = relation->name});
  }
  for (const CatalogObject& gone : with_dependents(catalog_, temporary, Cascade::yes)) remove(gone);
}

/// DROP COLUMN of ONLY a table leaves the column to its children.
void CatalogChange::own_column() {
  const Relation* parent = target();
  if (parent == nullptr) return;
  std::vector<RelationName> children;
  for (const Relation* child : catalog_.children(parent->name)) children.push_back(child->name);
  for (const RelationName& child : children) {
    edit(child, [this](Relation& relation) {
      for (CatalogColumn& column : relation.columns) {
        if (column.name == command_.name) column.inherited = false;
      }
    });
  }
}

void CatalogChange::remove(const CatalogObject& gone) {
  using Kind = CatalogObject::Kind;
  const Name part = gone.part;
  switch (gone.kind) {
    case Kind::relation: return remove_relation(gone.name);
    case Kind::column: return edit(gone.name, [part](Relation& r) { erase_named(r.columns, part); });
    case Kind::default_value:
      return edit(gone.name, [part](Relation& r) {
        for (CatalogColumn& column : r.columns) {
          if (column.name == part) column.default_expression.reset();
        }
      });
    case Kind::constraint:
      catalog_.taken_.clear();
      return edit(gone.name, [part](Relation& r) { erase_named(r.constraints, part); });
    case Kind::trigger: return remove_trigger(gone.name, part);
    case Kind::policy: return remove_policy(gone.name, part);
    case Kind::rule: return edit(gone.name, [part](Relation& r) { erase_named(r.rules, part); });
    case Kind::statistics:
      catalog_.objects().others.erase({k_statistics, gone.name});
      catalog_.objects().statistics.erase(gone.name);
      return;
    case Kind::type: catalog_.objects().types.erase(gone.name); return;
    case Kind::function: catalog_.objects().functions.erase(gone.name); return;
    case Kind::schema: catalog_.objects().schemas.erase(gone.name.relname); return;
    case Kind::extension: catalog_.objects().extensions.erase(gone.name.relname); return;
    case Kind::other:
      if (is_caller(gone.objtype)) catalog_.objects().functions.erase(gone.name);
      catalog_.objects().others.erase({gone.objtype, gone.name});
      return;
  }
}

void CatalogChange::remove_relation(const RelationName& name) {
  catalog_.erase(name);
  const auto publishes = [&name](const auto& entry) { return entry.second.contains(name); };
  if (std::ranges::none_of(catalog_.objects_->publications, publishes)) return;
  for (auto& [publication, tables] : catalog_.objects().publications) tables.erase(name);
}

/// pg_shdepend.c shdepDropOwned(): a policy for several roles stays for the others.
void CatalogChange::remove_policy(const RelationName& table, Name name) {
  const bool owned = command_.tag == "DropOwnedStmt";
  edit(table, [&](Relation& relation) {
    erase_if(relation.policies, [&](CatalogPolicy& policy) {
      if (policy.name != name) return false;
      const auto is_dropped = [this](Name role) { return contains(command_.names, role); };
      if (owned && !std::ranges::all_of(policy.roles, is_dropped)) {
        std::erase_if(policy.roles, is_dropped);
        return false;
      }
      return true;
    });
  });
}

/// Row triggers of a partitioned table have a copy in each partition.
void CatalogChange::remove_trigger(const RelationName& table, Name name) {
  std::vector<RelationName> tables = {table};
  for (const Relation* relation : catalog_.descendants(table)) tables.push_back(relation->name);
  for (const RelationName& one : tables) {
    edit(one, [name](Relation& relation) { erase_named(relation.triggers, name); });
  }
}

Name CatalogChange::new_owner() const {
  return command_.new_name.empty() ? catalog_.role : command_.new_name;  // empty: CURRENT_USER
}

/// With the sequences of its columns: tablecmds.c change_owner_recurse_to_sequences().
void CatalogChange::set_owner(const RelationName& relation, Name owner) {
  std::vector<RelationName> all = {relation};
  for (const Relation* owned : catalog_.owned_sequences(relation)) all.push_back(owned->name);
  for (const RelationName& name : all) edit(name, [owner](Relation& r) { r.owner = owner; });
}

/// ALTER … OWNER TO of what is no relation.
void CatalogChange::alter_owner() {
  const std::string_view kind = command_.text("objectType");
  const Name owner = new_owner();
  if (kind == "OBJECT_SCHEMA") {
    catalog_.objects().schemas[command_.name] = owner;
  } else if (kind == "OBJECT_TYPE" || kind == "OBJECT_DOMAIN") {
    const CatalogType* type = command_.type ? catalog_.find_type(*command_.type) : nullptr;
    if (type == nullptr) return;
    const RelationName name = type->name;
    catalog_.objects().types.at(name).owner = owner;
    edit(name, [owner](Relation& r) { r.owner = owner; });
  } else if (kind == "OBJECT_FUNCTION" || kind == "OBJECT_PROCEDURE" || kind == "OBJECT_ROUTINE") {
    const auto found = catalog_.objects().functions.find(object_name());
    if (found == catalog_.objects().functions.end()) return;
    for (CatalogFunction& function : found->second) function.owner = owner;
  } else {
    catalog_.objects().others[{kind, object_name()}] = owner;
  }
}

void CatalogChange::reassign_owned() {
  for (const CatalogObject& owned : named_by_drop(catalog_, command_)) {
    using Kind = CatalogObject::Kind;
    const Name owner = new_owner();
    if (owned.kind == Kind::relation) set_owner(owned.name, owner);
    if (owned.kind == Kind::other) catalog_.objects().others[{owned.objtype, owned.name}] = owner;
    if (owned.kind == Kind::statistics) catalog_.objects().others[{k_statistics, owned.name}] = owner;
    if (owned.kind == Kind::type) catalog_.objects().types.at(owned.name).owner = owner;
    if (owned.kind == Kind::schema) catalog_.objects().schemas.at(owned.name.relname) = owner;
    if (owned.kind != Kind::function) continue;
    for (CatalogFunction& function : catalog_.objects().functions.at(owned.name)) function.owner = owner;
  }
}

}  // namespace pgsluice
