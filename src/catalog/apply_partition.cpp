// SPDX-License-Identifier: Apache-2.0
// Partitions and children that come and go.
#include <algorithm>
#include <span>

#include "change.hpp"

namespace pgsluice {

namespace {

/// pg: tablecmds.c RemoveInheritance()
void own_everything(Relation& relation) {
  for (CatalogColumn& column : relation.columns) column.inherited = false;
  for (CatalogConstraint& constraint : relation.constraints) constraint.inherited = false;
}

/// pg: tablecmds.c DropClonedTriggersFromPartition()
void drop_cloned_triggers(Relation& partition, std::span<const CatalogTrigger> above) {
  erase_if(partition.triggers, [&](const CatalogTrigger& own) {
    return own.row && std::ranges::any_of(above, [&](const CatalogTrigger& trigger) {
             return trigger.row && trigger.name == own.name && trigger.function == own.function;
           });
  });
}

}  // namespace

void CatalogChange::attach() {
  const RelationRef* partition = command_.relation("partition");
  if (partition == nullptr) return;
  const RelationName parent = target()->name;
  if (target()->relkind == relkind::partitioned_index) {
    return edit(catalog_.resolve(partition->name), [&](Relation& index) { index.parents = {parent}; });
  }
  const RelationName name = catalog_.resolve(partition->name);
  const Few<CatalogConstraint> above = target()->constraints;
  std::vector<CatalogConstraint> foreign_keys;
  for (const CatalogConstraint& constraint : target()->constraints) {
    if (constraint.contype == "CONSTR_FOREIGN") foreign_keys.push_back(constraint);
  }
  edit(name, [&](Relation& relation) {
    relation.parents = {parent};
    relation.is_partition = true;
    relation.is_default_partition = command_.bound && command_.bound->is_default;
    if (command_.bound) relation.bound = *command_.bound;
    if (const Relation* source = catalog_.find(parent)) copy_row_triggers(*source, relation);
    for (const CatalogConstraint& key : foreign_keys) {
      const bool present = std::ranges::any_of(relation.constraints, [&](const CatalogConstraint& own) {
        return own.contype == key.contype && own.columns == key.columns && own.referenced == key.referenced;
      });
      if (!present) relation.constraints.push_back(key);
    }
    // pg: tablecmds.c MergeAttributesIntoExisting(), MergeConstraintsIntoExisting()
    for (CatalogColumn& column : relation.columns) column.inherited = true;
    for (CatalogConstraint& own : relation.constraints) {
      const bool is_check = own.contype == "CONSTR_CHECK";
      if (is_check && std::ranges::find(above, own.name, &CatalogConstraint::name) != above.end())
        own.inherited = true;
      const auto same = [&](const CatalogConstraint& key) {
        return own.columns == key.columns && own.referenced == key.referenced;
      };
      if (std::ranges::any_of(foreign_keys, same)) own.inherited = true;
    }
  });
  inherit_indexes(parent, name);
}

void CatalogChange::detach() {
  const RelationRef* partition = command_.relation("partition");
  if (partition == nullptr) return;
  const RelationName name = catalog_.resolve(partition->name);
  const Few<CatalogTrigger> above = target()->triggers;
  std::vector<RelationName> indexes;
  for (const Relation* index : catalog_.indexes(name)) indexes.push_back(index->name);
  for (const RelationName& index : indexes) edit(index, [](Relation& relation) { relation.parents.clear(); });
  std::vector<RelationName> tables{name};
  for (const Relation* below : catalog_.descendants(name)) tables.push_back(below->name);
  for (const RelationName& table : tables) {
    edit(table, [&](Relation& relation) { drop_cloned_triggers(relation, above); });
  }
  edit(name, [](Relation& relation) {
    for (CatalogConstraint& constraint : relation.constraints)
      constraint.detached = constraint.inherited && !constraint.referenced.empty();
    own_everything(relation);
    relation.parents.clear();
    relation.is_partition = false;
    relation.is_default_partition = false;
  });
}

void CatalogChange::set_parent(bool add) {
  const RelationRef* parent = command_.relation("parent");
  if (parent == nullptr) return;
  const RelationName name = catalog_.resolve(parent->name);
  edit(target()->name, [&](Relation& relation) {
    erase(relation.parents, name);
    if (add) relation.parents.push_back(name);
    if (relation.parents.empty()) own_everything(relation);
  });
}

void CatalogChange::copy_row_triggers(const Relation& parent, Relation& partition) {
  for (const CatalogTrigger& trigger : parent.triggers) {
    const bool there = std::ranges::find(partition.triggers, trigger.name, &CatalogTrigger::name) !=
                       partition.triggers.end();
    if (trigger.row && !there) partition.triggers.push_back(trigger);
  }
}

}  // namespace pgsluice
