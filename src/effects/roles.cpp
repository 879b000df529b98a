// SPDX-License-Identifier: Apache-2.0
// Who plays which role for a command. A new role is a function and a line in the table at the end.
#include <algorithm>
#include <array>
#include <functional>

#include "subject.hpp"

namespace pgsluice::effects {

namespace {

using Members = std::vector<Member>;

Member member(const Relation& relation) {
  return {.name = relation.name, .relkind = relation.relkind, .known = true};
}

Member member(const Subject& subject, const RelationName& name, char kind_if_unknown = relkind::table) {
  const Relation* relation = subject.catalog.find(name);
  return relation != nullptr ? member(*relation)
                             : Member{.name = subject.catalog.resolve(name), .relkind = kind_if_unknown};
}

void add(Members& members, Member added) {
  if (std::ranges::find(members, added.name, &Member::name) == members.end())
    members.push_back(std::move(added));
}

void add_all(Members& members, const std::vector<const Relation*>& relations) {
  for (const Relation* relation : relations) add(members, member(*relation));
}

/// The relations that the command names in a role, as written.
Members named(const Subject& subject, std::string_view role, char kind_if_unknown = relkind::table) {
  Members members;
  for (const RelationRef& ref : subject.command.relations) {
    if (ref.role == role && !subject.catalog.is_missing(ref.name)) {
      add(members, member(subject, ref.name, kind_if_unknown));
    }
  }
  return members;
}

Members with_descendants(const Subject& subject, const Members& relations) {
  Members members;
  for (const Member& relation : relations) {
    add(members, relation);
    add_all(members, subject.catalog.descendants(relation.name));
  }
  return members;
}

Members descendants_of(const Subject& subject, const Members& relations) {
  Members members;
  for (const Member& relation : relations) add_all(members, subject.catalog.descendants(relation.name));
  return members;
}

/// Kind of a target that the catalog does not know: what the command says it is.
char kind_of_unknown(const Command& command) {
  for (const std::string_view fact : {"objtype", "removeType", "renameType", "objectType"}) {
    const std::string_view type = command.text(fact);
    if (type == "OBJECT_INDEX") return relkind::index;
    if (type == "OBJECT_SEQUENCE") return relkind::sequence;
    if (type == "OBJECT_VIEW") return relkind::view;
    if (type == "OBJECT_MATVIEW") return relkind::materialized_view;
    if (type == "OBJECT_FOREIGN_TABLE") return relkind::foreign_table;
    if (type == "OBJECT_TYPE") return relkind::composite_type;
  }
  const std::string_view tag = command.tag;
  if (tag == "ViewStmt") return relkind::view;
  if (tag == "RefreshMatViewStmt") return relkind::materialized_view;
  if (tag == "CreateSeqStmt" || tag == "AlterSeqStmt") return relkind::sequence;
  if (tag == "CreateForeignTableStmt") return relkind::foreign_table;
  if (tag == "CompositeTypeStmt") return relkind::composite_type;
  if (command.text("kind") == "REINDEX_OBJECT_INDEX") return relkind::index;
  if (command.partition_key) return relkind::partitioned_table;
  return relkind::table;
}

Members target(const Subject& subject) {
  return named(subject, "target", kind_of_unknown(subject.command));
}

Members children(const Subject& subject) {
  if (subject.only() || !subject.has_target()) return {};
  return descendants_of(subject, target(subject));
}

/// PARTITION OF and INHERIT name the parent; otherwise it is the one that the target has.
Members parent(const Subject& subject) {
  Members members = named(subject, "parent");
  if (subject.target != nullptr) {
    for (const RelationName& name : subject.target->parents) add(members, member(subject, name));
  }
  return members;
}

Members partition(const Subject& subject) {
  return named(subject, "partition");
}

Members partition_children(const Subject& subject) {
  return descendants_of(subject, partition(subject));
}

/// Of the parent named by PARTITION OF, of the target of ATTACH and DETACH, or of the target's parent.
Members default_partition(const Subject& subject) {
  Members parents = parent(subject);
  if (subject.command.relation("partition") != nullptr) parents = target(subject);
  Members members;
  for (const Member& p : parents) {
    for (const Relation* child : subject.catalog.children(p.name)) {
      const bool attached =
          subject.command.relation("partition") != nullptr &&
          subject.catalog.resolve(subject.command.relation("partition")->name) == child->name;
      if (child->is_default_partition && !attached) add(members, member(*child));
    }
  }
  return members;
}

Members default_partition_children(const Subject& subject) {
  return descendants_of(subject, default_partition(subject));
}

/// Tables that the foreign keys of a relation point to, with their partitions.
void add_referenced(const Subject& subject, const Relation& relation, Members& members) {
  for (const CatalogConstraint& constraint : relation.constraints) {
    if (constraint.referenced.empty()) continue;
    for (Member& m : with_descendants(subject, {member(subject, constraint.referenced)}))
      add(members, std::move(m));
  }
}

bool names_constraint(const Command& command) {
  return command.tag == "AT_DropConstraint" || command.tag == "AT_ValidateConstraint" ||
         command.tag == "AT_AlterConstraint";
}

/// Of the command's new constraint; of the constraint that it names; of a partition that joins or
/// leaves; of a table that is dropped or made as a partition.
Members referenced(const Subject& subject) {
  const Command& command = subject.command;
  Members members = with_descendants(subject, named(subject, "referenced"));
  if (!command.constraints.empty()) return members;
  if (names_constraint(command)) {
    const CatalogConstraint* constraint =
        subject.target != nullptr ? subject.target->find_constraint(command.name) : nullptr;
    if (constraint != nullptr && !constraint->referenced.empty()) {
      return with_descendants(subject, {member(subject, constraint->referenced)});
    }
    return {};
  }
  if (command.relation("partition") != nullptr || command.tag == "DropStmt") {
    if (subject.target != nullptr) add_referenced(subject, *subject.target, members);
    return members;
  }
  if (command.tag == "CreateStmt") {
    for (const Member& p : named(subject, "parent")) {
      if (const Relation* relation = subject.catalog.find(p.name))
        add_referenced(subject, *relation, members);
    }
  }
  if (command.tag == "AT_DropColumn" && subject.target != nullptr) {
    for (const CatalogConstraint& constraint : subject.target->constraints) {
      if (constraint.referenced.empty() ||
          std::ranges::find(constraint.columns, command.name) == constraint.columns.end()) {
        continue;
      }
      for (Member& m : with_descendants(subject, {member(subject, constraint.referenced)}))
        add(members, std::move(m));
    }
  }
  return members;
}

/// Tables whose foreign keys point to the target, or to the parent that a partition joins.
Members referencing(const Subject& subject) {
  Members members;
  Members to = target(subject);
  for (Member& p : named(subject, "parent")) to.push_back(std::move(p));
  for (const Member& relation : to) add_all(members, subject.catalog.referencing(relation.name));
  std::erase_if(members,
                [&](const Member& m) { return std::ranges::find(to, m.name, &Member::name) != to.end(); });
  return members;
}

/// TRUNCATE … CASCADE follows foreign keys as far as they lead.
Members truncated(const Subject& subject) {
  Members members = with_descendants(subject, target(subject));
  for (std::size_t i = 0; i < members.size(); ++i) {
    const RelationName name = members[i].name;
    for (const Relation* relation : subject.catalog.referencing(name)) {
      for (Member& m : with_descendants(subject, {member(*relation)})) add(members, std::move(m));
    }
  }
  return members;
}

Members index(const Subject& subject) {
  return named(subject, "index", relkind::index);
}

bool makes_index(const Command& command) {
  if (command.index) return true;
  if (command.constraints.empty()) return false;
  const Constraint& constraint = command.constraints.front();
  return constraint.index_name.empty() &&
         (constraint.contype == "CONSTR_PRIMARY" || constraint.contype == "CONSTR_UNIQUE" ||
          constraint.contype == "CONSTR_EXCLUSION");
}

/// What the command would make is found by letting it happen on a copy of the catalog.
Members new_index(const Subject& subject) {
  if (!makes_index(subject.command)) return {};
  const RelationName table = subject.target_name();
  Members members;
  if (subject.target == nullptr) {
    add(members, {.name = {table.schemaname, choose_index_name(subject.catalog, table, subject.command)},
                  .relkind = relkind::index});
    return members;
  }
  Catalog after = subject.catalog;
  after.apply(subject.command);
  Members tables = {member(*subject.target)};
  if (!subject.only()) tables = with_descendants(subject, tables);
  for (const Member& t : tables) {
    for (const Relation* made : after.indexes(t.name)) {
      if (subject.catalog.find(made->name) == nullptr) add(members, member(*made));
    }
  }
  return members;
}

/// Indexes that ATTACH PARTITION builds on the partition, to match those of the parent.
Members partition_indexes(const Subject& subject) {
  if (subject.command.tag != "AT_AttachPartition") return {};
  Catalog after = subject.catalog;
  after.apply(subject.command);
  Members members;
  for (const Member& t : with_descendants(subject, partition(subject))) {
    for (const Relation* made : after.indexes(t.name)) {
      if (subject.catalog.find(made->name) == nullptr) add(members, member(*made));
    }
  }
  return members;
}

Members indexes_of(const Subject& subject, const Members& tables) {
  Members members;
  for (const Member& table : tables) add_all(members, subject.catalog.indexes(table.name));
  return members;
}

Members family(const Subject& subject) {
  Members members = target(subject);
  for (Member& child : children(subject)) add(members, std::move(child));
  return members;
}

Members indexes(const Subject& subject) {
  return indexes_of(subject, family(subject));
}

bool reads_column(const std::optional<Expression>& expression, std::string_view column) {
  return expression && std::ranges::find(expression->columns, column) != expression->columns.end();
}

/// An index that computes something from the column must be built again when its type changes.
bool computes_from(const IndexDef& index, std::string_view column) {
  const bool uses =
      std::ranges::any_of(index.elements,
                          [&](const IndexElement& element) {
                            return element.column == column || reads_column(element.expression, column);
                          }) ||
      reads_column(index.predicate, column);
  const bool computes =
      index.predicate || std::ranges::any_of(index.elements, [](const IndexElement& element) {
        return element.expression.has_value();
      });
  return uses && computes;
}

bool uses_column(const IndexDef& index, std::string_view column) {
  return std::ranges::any_of(index.elements,
                             [&](const IndexElement& element) {
                               return element.column == column || reads_column(element.expression, column);
                             }) ||
         std::ranges::find(index.including, column) != index.including.end() ||
         reads_column(index.predicate, column);
}

Members column_indexes(const Subject& subject, bool (*concerns)(const IndexDef&, std::string_view)) {
  Members members;
  for (const Member& table : family(subject)) {
    for (const Relation* relation : subject.catalog.indexes(table.name)) {
      if (relation->index && concerns(*relation->index, subject.command.name))
        add(members, member(*relation));
    }
  }
  return members;
}

Members indexes_on_column(const Subject& subject) {
  return column_indexes(subject, uses_column);
}
Members indexes_computed_from_column(const Subject& subject) {
  return column_indexes(subject, computes_from);
}

/// The table of the index that the command names as its target or beside it.
Members index_table(const Subject& subject) {
  Members members;
  for (const std::string_view role : {"target", "index", "partition"}) {
    for (const Member& m : named(subject, role, relkind::index)) {
      const Relation* relation = subject.catalog.find(m.name);
      if (relation != nullptr && !relation->table.empty()) add(members, member(subject, relation->table));
    }
  }
  return members;
}

Members owned_sequences(const Subject& subject) {
  Members members;
  for (const Member& table : family(subject)) add_all(members, subject.catalog.owned_sequences(table.name));
  return members;
}

Members column_sequences(const Subject& subject) {
  Members members;
  const CatalogColumn* column =
      subject.target != nullptr ? subject.target->column(subject.command.name) : nullptr;
  if (column != nullptr && !column->owned_sequence.empty())
    add(members, member(subject, column->owned_sequence));
  return members;
}

/// Sequences that the command names in nextval() and its kin.
Members sequence(const Subject& subject) {
  Members members = named(subject, "sequence", relkind::sequence);
  const auto from = [&](const std::optional<Expression>& expression) {
    if (!expression) return;
    for (const RelationName& name : expression->sequences)
      add(members, member(subject, name, relkind::sequence));
  };
  from(subject.command.expression);
  for (const ColumnDef& column : subject.command.columns) {
    for (const Constraint& constraint : column.constraints) from(constraint.expression);
  }
  return members;
}

Members dependent_views(const Subject& subject) {
  Members members;
  for (const Member& relation : target(subject)) add_all(members, subject.catalog.readers(relation.name));
  for (std::size_t i = 0; i < members.size(); ++i) {
    const RelationName name = members[i].name;
    add_all(members, subject.catalog.readers(name));
  }
  return members;
}

/// Views are expanded: reading one reads what it reads, with all descendants.
Members expand(const Subject& subject, const Members& relations) {
  Members members;
  for (const Member& relation : relations) {
    for (Member& m : with_descendants(subject, {relation})) add(members, std::move(m));
  }
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Relation* relation = subject.catalog.find(members[i].name);
    if (relation == nullptr || relation->relkind != relkind::view) continue;
    const std::vector<RelationName> reads = relation->reads;
    for (const RelationName& name : reads) {
      for (Member& m : with_descendants(subject, {member(subject, name)})) add(members, std::move(m));
    }
  }
  return members;
}

Members sources(const Subject& subject) {
  Members members = expand(subject, named(subject, "source"));
  // A materialized view that is refreshed reads what its query reads.
  if (subject.command.tag == "RefreshMatViewStmt" && subject.target != nullptr) {
    Members reads;
    for (const RelationName& name : subject.target->reads) add(reads, member(subject, name));
    for (Member& m : expand(subject, reads)) add(members, std::move(m));
  }
  return members;
}

Members locked(const Subject& subject) {
  return expand(subject, named(subject, "locked"));
}

Members written(const Subject& subject) {
  Members members = with_descendants(subject, named(subject, "written"));
  const std::string_view tag = subject.command.tag;
  if (tag == "InsertStmt" || tag == "UpdateStmt" || tag == "DeleteStmt" || tag == "MergeStmt") {
    for (Member& m : subject.only() ? target(subject) : with_descendants(subject, target(subject))) {
      add(members, std::move(m));
    }
  }
  return members;
}

Members type_users(const Subject& subject) {
  Members members;
  TypeName type;
  if (subject.command.type) {
    type = *subject.command.type;
  } else if (const RelationRef* ref = subject.command.relation("target")) {
    type = {.schemaname = ref->name.schemaname, .name = ref->name.relname};
  }
  add_all(members, subject.catalog.type_users(type));
  std::erase_if(members, [](const Member& m) { return m.relkind == relkind::composite_type; });
  return members;
}

Members inherited(const Subject& subject) {
  return named(subject, "inherited");
}
Members like(const Subject& subject) {
  return named(subject, "like");
}
Members owner_table(const Subject& subject) {
  return named(subject, "owner_table");
}

constexpr std::array k_roles = {
    Role{"target", "the relation that the command names", target},
    Role{"children", "all partitions and inheritance children of the target, unless ONLY is written",
         children},
    Role{"parent", "the partitioned table or parent of the target, or the one after PARTITION OF or INHERIT",
         parent},
    Role{"partition", "the relation that ATTACH or DETACH PARTITION names", partition},
    Role{"partition_children", "the partitions of that partition", partition_children},
    Role{"default_partition", "the default partition beside a partition that comes or goes",
         default_partition},
    Role{"default_partition_children", "the partitions of that default partition",
         default_partition_children},
    Role{"referenced", "tables that the foreign keys at hand point to, with their partitions", referenced},
    Role{"referencing", "tables whose foreign keys point to the target", referencing},
    Role{"truncated", "the target and all that TRUNCATE … CASCADE reaches", truncated},
    Role{"index", "the index that the command names beside its target", index},
    Role{"new_index", "the indexes that the command makes, with the names that PostgreSQL chooses",
         new_index},
    Role{"partition_indexes", "the indexes that ATTACH PARTITION builds on the partition", partition_indexes},
    Role{"indexes", "all indexes of the target and its children", indexes},
    Role{"indexes_on_column", "indexes that use the column", indexes_on_column},
    Role{"indexes_computed_from_column", "expression and partial indexes that use the column",
         indexes_computed_from_column},
    Role{"index_table", "the table of the index that the command names", index_table},
    Role{"owned_sequences", "sequences of serial and identity columns of the target", owned_sequences},
    Role{"column_sequences", "the sequence of the column that the command names", column_sequences},
    Role{"sequence", "sequences in nextval('…') and its kin", sequence},
    Role{"dependent_views", "views and materialized views over the target, transitively", dependent_views},
    Role{"sources", "relations that the query reads, views expanded, partitions included", sources},
    Role{"locked", "relations whose rows FOR UPDATE and its kin lock", locked},
    Role{"written", "relations that DML writes, partitions included", written},
    Role{"type_users", "tables with a column of the type or domain", type_users},
    Role{"inherited", "the tables after INHERITS", inherited},
    Role{"like", "the tables after LIKE", like},
    Role{"owner_table", "the table after OWNED BY", owner_table},
};

}  // namespace

std::span<const Role> roles() {
  return k_roles;
}

const Role* find_role(std::string_view name) {
  const auto found = std::ranges::find(k_roles, name, &Role::name);
  return found != k_roles.end() ? &*found : nullptr;
}

}  // namespace pgsluice::effects
