// SPDX-License-Identifier: Apache-2.0
// Roles along foreign keys, constraints and indexes.
#include <algorithm>
#include <string>
#include <utility>

#include "catalog/dependencies.hpp"
#include "members.hpp"

namespace pgsluice::effects {

namespace {

bool contains(const Names& list, Name name) {
  return std::ranges::find(list, name) != list.end();
}

bool is_foreign_key(const CatalogConstraint& constraint) {
  return !constraint.referenced.empty();
}

const Relation* partition_of(const Subject& subject) {
  const RelationRef* partition = subject.command.relation("partition");
  return partition != nullptr ? subject.catalog.find(partition->name) : nullptr;
}

bool partition_has(const Subject& subject, const CatalogConstraint& key) {
  const Relation* partition = partition_of(subject);
  return partition != nullptr &&
         std::ranges::any_of(partition->constraints,
                             [&](const CatalogConstraint& own) { return is_same_key(own, key); });
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
  if (command.tag == "AT_AttachPartition") return !partition_has(subject, key);
  return command.tag == "AT_DetachPartition" || command.tag == "AT_SetLogged";
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

void add_referencing(const Subject& subject, const RelationName& table, const Names& columns,
                     Members& members) {
  for (const Relation* other : subject.catalog.referencing(table)) {
    const bool concerned = std::ranges::any_of(other->constraints, [&](const CatalogConstraint& key) {
      return key.referenced == table && points_to(subject, key, columns);
    });
    if (concerned) add(members, member(*other));
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

Members merged_referenced(const Subject& subject) {
  Members members;
  if (subject.target == nullptr) return members;
  for (const CatalogConstraint& key : subject.target->constraints) {
    if (is_foreign_key(key) && partition_has(subject, key)) add(members, member(subject, key.referenced));
  }
  return members;
}

Members keyed_partitions(const Subject& subject) {
  if (subject.target == nullptr) return {};
  const bool lacks_key = std::ranges::any_of(subject.target->constraints, [&](const CatalogConstraint& key) {
    return is_foreign_key(key) && !partition_has(subject, key);
  });
  return lacks_key ? with_descendants(subject, named(subject, "partition")) : Members{};
}

Members referencing(const Subject& subject) {
  Members members;
  const Members to = family(subject);
  // Whose change a key from elsewhere notices; none: all of them.
  const Names columns = subject.command.tag == "AT_AlterColumnType" ? Names{subject.command.name} : Names{};
  for (const Member& relation : to) add_referencing(subject, relation.name, columns, members);
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
    for (const RelationName& name : std::vector(relation->parents)) add(parents, member(subject, name));
  }
  Members members;
  for (const Member& parent : parents) add_referencing(subject, parent.name, {}, members);
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
  std::erase_if(members,
                [&](const Member& m) { return is_compatible(subject, *subject.catalog.find(m.name)); });
  return members;
}

}  // namespace pgsluice::effects
