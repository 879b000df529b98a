// SPDX-License-Identifier: Apache-2.0
// What a DROP locks beside what it names. pg: dependency.c AcquireDeletionLock() and the functions that doDeletion()
// calls, each of which opens what it takes something from.
#include <algorithm>

#include "catalog/dependencies.hpp"
#include "members.hpp"

namespace pgsluice::effects {

namespace {

using ObjectKind = CatalogObject::Kind;

std::vector<CatalogObject> dropped(const Subject& subject) {
  return with_dependents(subject.catalog, named_by_drop(subject.catalog, subject.command),
                         cascade_of(subject.command));
}

/// The locked relations, in the order in which they are found.
class Locked {
 public:
  explicit Locked(const Subject& subject) : subject_(subject), catalog_(subject.catalog) {}

  void add(const CatalogObject& gone) {
    switch (gone.kind) {
      case ObjectKind::relation: return add_relation(gone.name);
      case ObjectKind::constraint: return add_constraint(gone.name, gone.part);
      case ObjectKind::column:
      case ObjectKind::default_value:
      case ObjectKind::trigger:
      case ObjectKind::policy:
      case ObjectKind::rule: return add_name(gone.name);
      default: return;
    }
  }

  Members take() { return std::move(members_); }

 private:
  /// Composite types are left out: nobody waits for them.
  void add_name(const RelationName& name) {
    const Relation* relation = catalog_.find(name);
    if (relation != nullptr && relation->relkind != relkind::composite_type)
      effects::add(members_, places_, member(*relation));
  }

  /// heap.c heap_drop_with_catalog(): for a partition the parent, and the default partition beside it; index.c
  /// index_drop(): the table.
  void add_relation(const RelationName& name) {
    add_name(name);
    const Relation* relation = catalog_.find(name);
    if (relation == nullptr) return;
    if (!relation->table.empty()) add_name(relation->table);
    if (!relation->is_partition) return;
    for (const RelationName& parent : relation->parents) {
      effects::add(members_, places_, member(subject_, parent));
      for (const Relation* other : catalog_.default_partitions(parent)) {
        if (other == relation) continue;
        add_name(other->name);
        for (const Relation* child : catalog_.descendants(other->name)) add_name(child->name);
      }
    }
  }

  /// A foreign key has triggers on both of its tables; those on the other one belong to the key of the partitioned
  /// table. Up to 14 a partitioned table has none (tablecmds.c createForeignKeyActionTriggers).
  void add_constraint(const RelationName& name, Name part) {
    add_name(name);
    const Relation* relation = catalog_.find(name);
    const CatalogConstraint* key = relation != nullptr ? relation->find_constraint(part) : nullptr;
    if (key == nullptr || key->referenced.empty() || key->inherited) return;
    const Relation* other = catalog_.find(key->referenced);
    if (other == nullptr || other->relkind != relkind::partitioned_table) {
      effects::add(members_, places_, member(subject_, key->referenced));
      return;
    }
    if (has_lost_triggers(*key, subject_.pg_version)) return;
    const bool only_leaves = subject_.pg_version > 0 && subject_.pg_version < 15;
    if (!only_leaves) add_name(other->name);
    for (const Relation* partition : catalog_.descendants(other->name)) {
      if (!only_leaves || partition->relkind != relkind::partitioned_table) add_name(partition->name);
    }
  }

  const Subject& subject_;
  const Catalog& catalog_;
  Members members_;
  RelationPlaces places_;
};

}  // namespace

/// But for the target, which has a role of its own.
Members dependents(const Subject& subject) {
  Locked locked(subject);
  for (const CatalogObject& gone : dropped(subject)) locked.add(gone);
  Members members = locked.take();
  if (subject.has_target()) {
    std::erase_if(members, [name = subject.target_name()](const Member& m) { return m.name == name; });
  }
  return members;
}

/// statscmds.c RemoveStatisticsById() of what is named by itself, or with its schema.
Members dependent_statistics(const Subject& subject) {
  Members members;
  for (const CatalogObject& gone : dropped(subject)) {
    if (gone.kind != ObjectKind::statistics) continue;
    const RelationName table = subject.catalog.statistics_table(gone.name);
    if (!table.empty()) add(members, member(subject, table));
  }
  return members;
}

}  // namespace pgsluice::effects
