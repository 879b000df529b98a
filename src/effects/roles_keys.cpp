// SPDX-License-Identifier: Apache-2.0
// Roles along foreign keys, constraints and indexes.
#include <algorithm>
#include <string>
#include <utility>

#include "members.hpp"

namespace pgsluice::effects {

namespace {

bool contains(const Names& list, Name name) {
  return std::ranges::find(list, name) != list.end();
}

bool is_foreign_key(const CatalogConstraint& constraint) {
  return !constraint.referenced.empty();
}

/// Both keys make the same demand, so that ATTACH PARTITION keeps the partition's own.
bool same_key(const CatalogConstraint& a, const CatalogConstraint& b) {
  return a.contype == b.contype && a.columns == b.columns && a.referenced == b.referenced;
}

const Relation* partition_of(const Subject& subject) {
  const RelationRef* partition = subject.command.relation("partition");
  return partition != nullptr ? subject.catalog.find(partition->name) : nullptr;
}

bool partition_has(const Subject& subject, const CatalogConstraint& key) {
  const Relation* partition = partition_of(subject);
  return partition != nullptr &&
         std::ranges::any_of(partition->constraints,
                             [&](const CatalogConstraint& own) { return same_key(own, key); });
}

bool names_constraint(std::string_view tag) {
  return tag == "AT_DropConstraint" || tag == "AT_ValidateConstraint" || tag == "AT_AlterConstraint";
}

bool names_column(std::string_view tag) {
  return tag == "AT_DropColumn" || tag == "AT_AlterColumnType";
}

/// Which of the foreign keys of `owner` the command has to do with.
bool concerns(const Subject& subject, const CatalogConstraint& key) {
  const Command& command = subject.command;
  if (!is_foreign_key(key)) return false;
  if (names_constraint(command.tag)) return key.name == command.name;
  if (names_column(command.tag)) return contains(key.columns, command.name);
  if (command.tag == "AT_AttachPartition") return !partition_has(subject, key);
  if (command.tag == "DropStmt") return !key.inherited;
  return command.tag == "AT_DetachPartition" || command.tag == "AT_SetLogged";
}

/// Whose foreign keys the command has to do with: the target and what goes or is written with it.
std::vector<const Relation*> key_owners(const Subject& subject) {
  std::vector<const Relation*> owners;
  const auto add_owner = [&](const RelationName& name) {
    if (const Relation* relation = subject.catalog.find(name)) owners.push_back(relation);
  };
  if (subject.command.text("removeType") == "OBJECT_SCHEMA") {
    for (const Member& m : schema_relations(subject)) add_owner(m.name);
  } else if (subject.command.tag == "CreateStmt") {
    for (const Member& m : named(subject, "parent")) add_owner(m.name);
  } else if (subject.command.tag == "DropStmt") {
    for (const Member& m : family(subject)) add_owner(m.name);
  } else if (subject.target != nullptr) {
    owners.push_back(subject.target);
  }
  return owners;
}

/// The columns that a foreign key from elsewhere points to; empty: not known which.
Names pointed_to(const Subject& subject, const CatalogConstraint& key) {
  if (!key.referenced_columns.empty()) return key.referenced_columns;
  const Relation* table = subject.catalog.find(key.referenced);
  if (table == nullptr) return {};
  const auto primary = std::ranges::find(table->constraints, "CONSTR_PRIMARY", &CatalogConstraint::contype);
  return primary != table->constraints.end() ? primary->columns : Names{};
}

/// Columns whose loss or change a key from elsewhere notices.
Names columns_at_stake(const Subject& subject) {
  const Command& command = subject.command;
  if (names_column(command.tag)) return {command.name};
  if (command.tag == "AT_DropConstraint" && subject.target != nullptr) {
    const CatalogConstraint* constraint = subject.target->find_constraint(command.name);
    return constraint != nullptr ? constraint->columns : Names{};
  }
  if (subject.target != nullptr && subject.target->index) {
    Names columns;
    for (const IndexElement& element : subject.target->index->elements) columns.push_back(element.column);
    return columns;
  }
  return {};
}

bool points_to(const Subject& subject, const CatalogConstraint& key, const Names& columns) {
  if (columns.empty()) return true;
  const Names pointed = pointed_to(subject, key);
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

bool reads_column(const Box<Expression>& expression, Name column) {
  return expression && contains(expression->columns, column);
}

bool uses_column(const IndexDef& index, Name column) {
  return std::ranges::any_of(index.elements,
                             [&](const IndexElement& element) {
                               return element.column == column || reads_column(element.expression, column);
                             }) ||
         contains(index.including, column) || reads_column(index.predicate, column);
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
  const bool is_schema = subject.command.text("removeType") == "OBJECT_SCHEMA";
  Members to = is_schema ? schema_relations(subject) : family(subject);
  for (const Member& relation : Members(to)) {
    const Relation* index = subject.catalog.find(relation.name);
    if (index != nullptr && !index->table.empty()) add(to, member(subject, index->table));
  }
  const Names columns = columns_at_stake(subject);
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

Members constraint_indexes(const Subject& subject) {
  Members members;
  for (const Member& m : family(subject)) {
    const Relation* relation = subject.catalog.find(m.name);
    const CatalogConstraint* constraint =
        relation != nullptr ? relation->find_constraint(subject.command.name) : nullptr;
    if (constraint == nullptr || constraint->index.empty()) continue;
    const RelationName index{.schemaname = m.name.schemaname, .relname = constraint->index};
    add(members, member(subject, index, relkind::index));
    // Those of partitions have names of their own.
    add_all(members, subject.catalog.descendants(index));
  }
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
