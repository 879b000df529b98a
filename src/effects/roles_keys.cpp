// SPDX-License-Identifier: Apache-2.0
// Roles along foreign keys, constraints and indexes.
#include <algorithm>
#include <span>
#include <string>
#include <tuple>
#include <utility>

#include "catalog/dependencies.hpp"
#include "contains.hpp"
#include "members.hpp"

namespace pgsluice::effects {

namespace {

bool is_foreign_key(const CatalogConstraint& constraint) {
  return !constraint.referenced.empty();
}

/// tablecmds.c tryAttachPartitionForeignKey: the partition's own key makes the same demand, so that it becomes a part of
/// the partitioned table's, unless it is a part of another one. Up to 17 it must be validated.
bool merges(const Subject& subject, const CatalogConstraint& own, const CatalogConstraint& key) {
  const auto demand = [](const CatalogConstraint& c) {
    return std::tie(c.contype, c.columns, c.referenced, c.deferrable, c.initdeferred, c.enforced,
                    c.actions.on_delete, c.actions.on_update, c.actions.match);
  };
  const bool validated = own.validated || subject.pg_version == 0 || subject.pg_version >= 18;
  return validated && !own.inherited && demand(own) == demand(key) &&
         pointed_to(subject.catalog, own) == pointed_to(subject.catalog, key);
}

/// The key of the partition that becomes a part of this one.
const CatalogConstraint* merging_key(const Subject& subject, const Relation* partition,
                                     const CatalogConstraint& key) {
  if (partition == nullptr) return nullptr;
  const auto found = std::ranges::find_if(partition->constraints, [&](const CatalogConstraint& own) {
    return is_foreign_key(own) && merges(subject, own, key);
  });
  return found != partition->constraints.end() ? &*found : nullptr;
}

const Relation* partition_of(const Subject& subject) {
  const RelationRef* partition = subject.command.relation("partition");
  return partition != nullptr ? subject.catalog.find(partition->name) : nullptr;
}

/// Validated keys need no look at the rows.
bool is_kept(const CatalogConstraint* merged) {
  return merged != nullptr && merged->validated;
}

/// The foreign key that ADD CONSTRAINT makes.
CatalogConstraint new_key(const Subject& subject) {
  const Constraint& written = subject.command.constraints.front();
  return {.contype = written.contype,
          .columns = written.columns,
          .referenced = subject.catalog.resolve(written.referenced),
          .referenced_columns = written.referenced_columns,
          .enforced = written.is_enforced,
          .deferrable = written.deferrable,
          .initdeferred = written.initdeferred,
          .actions = written.actions};
}

/// Which partitions below the target get a new foreign key, and which have one that becomes a part of it; below those,
/// nothing changes.
struct KeyedPartitions {
  Members merged;
  Members unkeyed;  ///< and those whose own key is not validated
};

KeyedPartitions partitions_with_key(const Subject& subject) {
  KeyedPartitions result;
  if (subject.target == nullptr || subject.command.constraints.empty()) return result;
  const CatalogConstraint key = new_key(subject);
  if (!is_foreign_key(key) || subject.target->relkind != relkind::partitioned_table) return result;
  std::vector<const Relation*> above{subject.target};
  for (std::size_t i = 0; i < above.size(); ++i) {
    for (const Relation* child : subject.catalog.children(above[i]->name)) {
      const CatalogConstraint* own = merging_key(subject, child, key);
      if (own != nullptr) add(result.merged, member(*child));
      if (!is_kept(own)) add(result.unkeyed, member(*child));
      if (own == nullptr || !own->validated) above.push_back(child);
    }
  }
  return result;
}

bool names_constraint(std::string_view tag) {
  return tag == "AT_DropConstraint" || tag == "AT_ValidateConstraint" || tag == "AT_AlterConstraint";
}

/// Which of the foreign keys of `owner` the command has to do with.
bool concerns(const Subject& subject, const CatalogConstraint& key) {
  const Command& command = subject.command;
  if (!is_foreign_key(key)) return false;
  if (names_constraint(command.tag)) return key.name == command.name;
  if (command.tag == "AT_AlterColumnType") return contains(key.columns, command.name);
  return command.tag == "AT_AttachPartition" || command.tag == "AT_DetachPartition" ||
         command.tag == "AT_SetLogged";
}

/// Whose foreign keys the command has to do with: the target and what goes or is written with it.
std::vector<const Relation*> key_owners(const Subject& subject) {
  std::vector<const Relation*> owners;
  const auto add_owner = [&](const RelationName& name) {
    if (const Relation* relation = subject.catalog.find(name)) owners.push_back(relation);
  };
  if (subject.command.tag == "CreateStmt") {
    for (const Member& m : named(subject, "parent")) add_owner(m.name);
  } else if (subject.target != nullptr) {
    owners.push_back(subject.target);
  }
  return owners;
}

bool points_to(const Subject& subject, const CatalogConstraint& key, const Names& columns) {
  if (columns.empty()) return true;
  const Names pointed = pointed_to(subject.catalog, key);
  return pointed.empty() ||
         std::ranges::any_of(pointed, [&](const auto& column) { return contains(columns, column); });
}

template <typename Concerned>
void add_referencing(const Subject& subject, const RelationName& table, Concerned concerned,
                     Members& members) {
  for (const Relation* other : subject.catalog.referencing(table)) {
    const bool any = std::ranges::any_of(other->constraints, [&](const CatalogConstraint& key) {
      return key.referenced == table && concerned(key);
    });
    if (any) add(members, member(*other));
  }
}

/// Types whose default operator class is the same, so that an index over one serves the other.
std::string_view operator_class(const TypeName& type) {
  if (type.name == "varchar" || type.name == "text") return "text";
  if (type.name == "cidr" || type.name == "inet") return "inet";
  return type.name;
}

/// The type under a domain: that is what an index sees.
TypeName base_type(const Subject& subject, TypeName type) {
  for (const CatalogType* found = subject.catalog.find_type(type); found != nullptr && found->typtype == 'd';
       found = subject.catalog.find_type(type)) {
    const bool array = type.array;
    type = found->base;
    type.array = type.array || array;
  }
  return subject.catalog.resolve_type(type);
}

/// indexcmds.c CheckIndexCompatible: whether the old file of the index can be kept.
bool is_compatible(const Subject& subject, const Relation& index) {
  const IndexDef& definition = *index.index;
  const Name name = subject.command.name;
  const auto computed = [](const IndexElement& element) { return element.expression.has_value(); };
  if (definition.predicate || std::ranges::any_of(definition.elements, computed)) return false;
  const bool is_key =
      std::ranges::find(definition.elements, name, &IndexElement::column) != definition.elements.end();
  if (!is_key) return true;
  const Relation* table = subject.catalog.find(index.table);
  const CatalogColumn* column = table != nullptr ? table->column(name) : nullptr;
  if (column == nullptr || !subject.command.type) return false;
  const bool collated =
      !subject.command.columns.empty() && !subject.command.columns.front().collation.empty();
  const TypeName from = base_type(subject, column->type);
  const TypeName to = base_type(subject, *subject.command.type);
  return !collated && from.array == to.array && from.schemaname == to.schemaname &&
         operator_class(from) == operator_class(to);
}

/// It goes with the index of the partitioned table, which makes others when it is made anew (tablecmds.c
/// TryReuseIndex).
bool is_remade(const Relation& index) {
  return !index.parents.empty() && index.constraint.empty();
}

}  // namespace

Members referenced(const Subject& subject) {
  Members members = named(subject, "referenced");
  if (!subject.command.constraints.empty() && subject.command.tag != "CreateStmt") return members;
  for (const Relation* owner : key_owners(subject)) {
    for (const CatalogConstraint& key : owner->constraints) {
      const bool taken = subject.command.tag == "CreateStmt" ? is_foreign_key(key) : concerns(subject, key);
      if (taken) add(members, member(subject, key.referenced));
    }
  }
  return members;
}

Members referenced_partitions(const Subject& subject) {
  Members tables = referenced(subject);
  // A key points to the parent alone, not to what inherits from it.
  std::erase_if(tables, [](const Member& m) { return m.relkind != relkind::partitioned_table; });
  return descendants_of(subject, tables);
}

/// tablecmds.c tryAttachPartitionForeignKey drops the triggers that the partition's own key has there. Up to 14 a
/// partitioned table has none, and 12 leaves those on its partitions alone.
Members merged_referenced(const Subject& subject) {
  Members members;
  if (subject.target == nullptr) return members;
  if (subject.command.tag == "AT_AddConstraint") {
    if (partitions_with_key(subject).merged.empty()) return {};
    members = named(subject, "referenced");
  }
  for (const CatalogConstraint& key : subject.target->constraints) {
    if (subject.command.tag == "AT_AddConstraint") break;
    if (is_foreign_key(key) && merging_key(subject, partition_of(subject), key) != nullptr)
      add(members, member(subject, key.referenced));
  }
  Members partitioned = members;
  std::erase_if(partitioned, [](const Member& m) { return m.relkind != relkind::partitioned_table; });
  if (subject.pg_version != 12) add_all(members, descendants_of(subject, partitioned));
  if (subject.pg_version != 0 && subject.pg_version <= 14) {
    std::erase_if(members, [](const Member& m) { return m.relkind == relkind::partitioned_table; });
  }
  return members;
}

Members keyed_partitions(const Subject& subject) {
  if (subject.target == nullptr) return {};
  const bool lacks_key = std::ranges::any_of(subject.target->constraints, [&](const CatalogConstraint& key) {
    return is_foreign_key(key) && !is_kept(merging_key(subject, partition_of(subject), key));
  });
  return lacks_key ? with_descendants(subject, named(subject, "partition")) : Members{};
}

Members unkeyed_partitions(const Subject& subject) {
  return partitions_with_key(subject).unkeyed;
}

/// tablecmds.c DetachPartitionFinalize: the keys that the partition keeps get triggers of their own on the tables that they
/// point to. Those of a partitioned one get none up to 14, but for the table itself in 12.
Members rekeyed(const Subject& subject) {
  Members members = referenced(subject);
  const int version = subject.pg_version;
  if (version == 13 || version == 14) {
    std::erase_if(members, [](const Member& m) { return m.relkind == relkind::partitioned_table; });
  }
  if (version == 0 || version >= 15) add_all(members, referenced_partitions(subject));
  return members;
}

namespace {

/// tablecmds.c addFkRecurseReferenced: up to 14 a partitioned table has no action triggers of its own.
Members with_action_triggers(const Subject& subject, Members members) {
  if (subject.pg_version != 0 && subject.pg_version <= 14) {
    std::erase_if(members, [](const Member& m) { return m.relkind == relkind::partitioned_table; });
  }
  return members;
}

}  // namespace

Members action_referenced(const Subject& subject) {
  return with_action_triggers(subject, referenced(subject));
}

Members action_referenced_partitions(const Subject& subject) {
  const CatalogConstraint* named =
      subject.target != nullptr ? subject.target->find_constraint(subject.command.name) : nullptr;
  const bool drops = subject.command.tag == "AT_DropConstraint" && named != nullptr;
  if (drops && has_lost_triggers(*named, subject.pg_version)) return {};
  return with_action_triggers(subject, referenced_partitions(subject));
}

Members referencing(const Subject& subject) {
  Members members;
  const Members to = family(subject);
  // Whose change a key from elsewhere notices; none: all of them.
  const Names columns = subject.command.tag == "AT_AlterColumnType" ? Names{subject.command.name} : Names{};
  const auto concerned = [&](const CatalogConstraint& key) { return points_to(subject, key, columns); };
  for (const Member& relation : to) add_referencing(subject, relation.name, concerned, members);
  std::erase_if(members,
                [&](const Member& m) { return std::ranges::find(to, m.name, &Member::name) != to.end(); });
  return members;
}

Members parent_referencing(const Subject& subject) {
  Members parents = named(subject, "parent");
  if (subject.command.relation("partition") != nullptr) add_all(parents, target(subject));
  for (std::size_t i = 0; i < parents.size(); ++i) {
    const Relation* relation = subject.catalog.find(parents[i].name);
    if (relation == nullptr) continue;
    for (const RelationName& name : Few(relation->parents)) add(parents, member(subject, name));
  }
  // The key of a partition is a part of that of its table, which alone has parts for each partition that it points to.
  const auto is_whole = [](const CatalogConstraint& key) { return !key.inherited; };
  Members members;
  for (const Member& parent : parents) add_referencing(subject, parent.name, is_whole, members);
  // In 12 a key of the table to itself has no such parts.
  if (subject.pg_version == 12) {
    std::erase_if(members, [&](const Member& m) {
      return std::ranges::find(parents, m.name, &Member::name) != parents.end();
    });
  }
  return members;
}

/// pg: ri_triggers.c RI_PartitionRemove_Check; ONLY, unless the table is partitioned.
Members searched_referencing(const Subject& subject) {
  Members members = parent_referencing(subject);
  Members partitioned = members;
  std::erase_if(partitioned, [](const Member& m) { return m.relkind != relkind::partitioned_table; });
  add_all(members, descendants_of(subject, partitioned));
  return members;
}

/// RI_PartitionRemove_Check() joins them to what is detached, which the planner most likely reads from end to end; but
/// nodeHashjoin.c ExecHashJoin() does not, where there is nothing to join.
Members searched_partition(const Subject& subject) {
  const bool has_rows = std::ranges::any_of(searched_referencing(subject), [&](const Member& m) {
    const Relation* relation = subject.catalog.find(m.name);
    return m.relkind == relkind::table && (relation == nullptr || !relation->rows_deleted);
  });
  if (!has_rows) return {};
  Members members = named(subject, "partition");
  add_all(members, descendants_of(subject, members));
  std::erase_if(members, [](const Member& m) { return m.relkind == relkind::partitioned_table; });
  return members;
}

Members rechecked(const Subject& subject) {
  Members members;
  for (const Member& m : family(subject)) {
    const Relation* relation = subject.catalog.find(m.name);
    if (relation == nullptr) continue;
    const bool checks = std::ranges::any_of(relation->constraints, [&](const CatalogConstraint& constraint) {
      return constraint.contype == "CONSTR_CHECK" && constraint.validated &&
             contains(constraint.expression_columns, subject.command.name);
    });
    if (checks) add(members, m);
  }
  return members;
}

Members indexes_on_column(const Subject& subject) {
  Members members;
  for (const Member& index : indexes_of(subject, family(subject))) {
    const Relation* relation = subject.catalog.find(index.name);
    if (relation->index && uses_column(*relation->index, subject.command.name)) add(members, index);
  }
  return members;
}

Members rebuilt_indexes(const Subject& subject) {
  Members members = indexes_on_column(subject);
  std::erase_if(members, [&](const Member& m) {
    const Relation& index = *subject.catalog.find(m.name);
    return is_remade(index) || (index.parents.empty() && is_compatible(subject, index));
  });
  return members;
}

Members rewritten_indexes(const Subject& subject) {
  Members members = indexes_of(subject, family(subject));
  std::erase_if(members, [&](const Member& m) {
    const Relation& index = *subject.catalog.find(m.name);
    return is_remade(index) && index.index && uses_column(*index.index, subject.command.name);
  });
  return members;
}

Members changed_indexes(const Subject& subject) {
  Members members = indexes_of(subject, family(subject));
  std::erase_if(members, [&](const Member& m) {
    const Relation& index = *subject.catalog.find(m.name);
    return index.relkind == relkind::partitioned_index && index.index &&
           !uses_column(*index.index, subject.command.name);
  });
  return members;
}

/// index.c index_build checks an exclusion constraint by reading the table again.
Members rebuilt_exclusion_tables(const Subject& subject) {
  Members members;
  for (const Member& index : rebuilt_indexes(subject)) {
    const Relation& relation = *subject.catalog.find(index.name);
    if (backs_exclusion(subject, relation)) add(members, member(subject, relation.table));
  }
  return members;
}

}  // namespace pgsluice::effects
