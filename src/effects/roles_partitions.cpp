// SPDX-License-Identifier: Apache-2.0
// Roles around partitions.
#include <algorithm>

#include "members.hpp"
#include "proof.hpp"

namespace pgsluice::effects {

namespace {

/// The partitioned table that gets a partition.
const Relation* partitioned_parent(const Subject& subject) {
  if (subject.command.relation("partition") != nullptr) return subject.target;
  const RelationRef* parent = subject.command.relation("parent");
  return parent != nullptr ? subject.catalog.find(parent->name) : nullptr;
}

/// The table's leaves that must be read: neither its own constraints imply the condition nor those of a table below it.
void add_unproven(const Subject& subject, const Member& table, const Predicate& condition, Members& members) {
  Members below{table};
  for (std::size_t i = 0; i < below.size(); ++i) {
    const RelationName name = below[i].name;
    const Relation* relation = subject.catalog.find(name);
    if (relation == nullptr || !is_implied(subject.catalog, *relation, condition)) {
      add(members, below[i]);
      add_all(below, subject.catalog.children(name));
    }
  }
}

/// The condition of a default partition speaks of all beside it, and without a CHECK there is nothing to prove it with,
/// unless those take nothing but NULL: then it need not be put together.
bool is_beyond_proof(const Subject& subject, const Relation& parent) {
  if (!subject.command.bound->is_default) return false;
  const auto has_check = [&](const Member& m) {
    const Relation* relation = subject.catalog.find(m.name);
    return relation != nullptr &&
           std::ranges::find(relation->constraints, "CONSTR_CHECK", &CatalogConstraint::contype) !=
               relation->constraints.end();
  };
  if (std::ranges::any_of(with_descendants(subject, named(subject, "partition")), has_check)) return false;
  return std::ranges::any_of(subject.catalog.children(parent.name), [](const Relation* sibling) {
    return sibling->bound && !sibling->bound->is_default &&
           std::ranges::none_of(sibling->bound->values,
                                [](const Value& value) { return value.kind == Value::Kind::null; });
  });
}

bool has_partitions(const Relation& relation) {
  return relation.relkind == relkind::partitioned_table || relation.relkind == relkind::partitioned_index;
}

}  // namespace

Members partitions(const Subject& subject) {
  if (subject.only()) return {};
  Members members;
  for (const Member& m : target(subject)) {
    const Relation* relation = subject.catalog.find(m.name);
    if (relation == nullptr || !has_partitions(*relation)) continue;
    add_all(members, subject.catalog.descendants(relation->name));
  }
  return members;
}

Members leaf_partitions(const Subject& subject) {
  Members members = partitions(subject);
  std::erase_if(members, [](const Member& m) { return m.relkind == relkind::partitioned_table; });
  return members;
}

/// Up to 13 DETACH opens the partition with SHARE UPDATE EXCLUSIVE. ACCESS EXCLUSIVE is taken beside: as the default
/// partition of its table, and to drop triggers from it, those of a foreign key that points to a partitioned table (13)
/// among them.
Members rewired_partition(const Subject& subject) {
  Members members = named(subject, "partition");
  if (members.empty() || subject.target == nullptr) return members;
  const Relation* partition = subject.catalog.find(members.front().name);
  const bool has_row_triggers = std::ranges::any_of(subject.target->triggers, &CatalogTrigger::row);
  const bool is_default = partition != nullptr && partition->is_default_partition;
  const bool drops_key_triggers = subject.pg_version != 12 && !referenced_partitions(subject).empty();
  // Up to 14 a partitioned table that is pointed to has no triggers (tablecmds.c createForeignKeyActionTriggers).
  const bool is_partitioned = partition != nullptr && partition->relkind == relkind::partitioned_table;
  const bool drops_action_triggers = !is_partitioned && !parent_referencing(subject).empty();
  const bool rewired = is_default || has_row_triggers || drops_key_triggers || drops_action_triggers;
  return rewired ? members : Members{};
}

/// ri_triggers.c RI_PartitionRemove_Check asks for rows inside the partition's bounds, to which those of the tables above
/// its own belong.
Members searched_ancestors(const Subject& subject) {
  return parent_referencing(subject).empty() ? Members{} : target_ancestors(subject);
}

Members default_partition(const Subject& subject) {
  Members parents = named(subject, "parent");
  const RelationRef* partition = subject.command.relation("partition");
  if (partition != nullptr) parents = target(subject);
  Members members;
  for (const Member& parent : parents) {
    for (const Relation* child : subject.catalog.default_partitions(parent.name)) {
      const bool is_itself =
          (partition != nullptr && subject.catalog.resolve(partition->name) == child->name) ||
          (subject.target != nullptr && subject.target->name == child->name);
      if (!is_itself) add(members, member(*child));
    }
  }
  return members;
}

Members default_partition_children(const Subject& subject) {
  return descendants_of(subject, default_partition(subject));
}

Members unproven_default_partition(const Subject& subject) {
  const Relation* parent = partitioned_parent(subject);
  const bool known = parent != nullptr && subject.command.bound;
  const Predicate condition = known ? outside_condition(*parent, *subject.command.bound) : Predicate{};
  Members members;
  for (const Member& table : default_partition(subject)) add_unproven(subject, table, condition, members);
  return members;
}

Members unproven_partitions(const Subject& subject) {
  const Relation* parent = partitioned_parent(subject);
  const bool known = parent != nullptr && subject.command.bound && !is_beyond_proof(subject, *parent);
  const Predicate condition =
      known ? partition_condition(subject.catalog, *parent, *subject.command.bound) : Predicate{};
  Members members;
  for (const Member& table : named(subject, "partition")) add_unproven(subject, table, condition, members);
  add_all(members, unproven_default_partition(subject));
  return members;
}

}  // namespace pgsluice::effects
