// SPDX-License-Identifier: Apache-2.0
// Who plays which role for a command. A new role is a function and a line in the table at the end.
#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "members.hpp"
#include "pruning.hpp"

namespace pgsluice::effects {

namespace {

Members children(const Subject& subject) {
  if (subject.only() || !subject.has_target()) return {};
  return descendants_of(subject, target(subject));
}

/// PARTITION OF and INHERIT name the parent; otherwise it is the one of which the target is a partition.
Members parent(const Subject& subject) {
  Members members = named(subject, "parent");
  if (subject.target != nullptr && subject.target->is_partition) {
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

/// TRUNCATE … CASCADE follows foreign keys as far as they lead. A key to a partitioned table is one to each partition.
/// heap_truncate_find_FKs() goes by the keys: partitions have their own, tables that inherit have none.
Members truncated(const Subject& subject) {
  Members members = family(subject);
  for (std::size_t i = 0; i < members.size(); ++i) {
    std::vector<RelationName> names = {members[i].name};
    if (const Relation* relation = subject.catalog.find(names.front())) {
      for (const Relation* above : partitioned_above(subject.catalog, *relation))
        names.push_back(above->name);
    }
    for (const RelationName& name : names) {
      for (const Relation* relation : subject.catalog.referencing(name)) {
        const bool partitioned = relation->relkind == relkind::partitioned_table;
        const Members own{member(*relation)};
        for (const Member& m : partitioned ? with_descendants(subject, own) : own) add(members, m);
      }
    }
  }
  return members;
}

/// USING INDEX, CLUSTER ON and REPLICA IDENTITY USING INDEX name it in the schema of the table.
Members index(const Subject& subject) {
  Members members = named(subject, "index", relkind::index);
  const Name name = subject.command.tag == "AT_ReplicaIdentity" ? subject.command.new_name
                    : subject.command.tag == "AT_ClusterOn"     ? subject.command.name
                                                                : Name();
  if (!name.empty()) add(members, member(subject, {subject.target_name().schemaname, name}, relkind::index));
  return members;
}

/// USING INDEX gives the index the name of the constraint, if that has one of its own.
Members renamed_index(const Subject& subject) {
  if (subject.command.constraints.empty()) return {};
  const Constraint& constraint = subject.command.constraints.front();
  return constraint.name.empty() || constraint.name == constraint.index_name ? Members() : index(subject);
}

bool makes_index(const Command& command) {
  if (command.index) return true;
  if (command.constraints.empty()) return false;
  const Constraint& constraint = command.constraints.front();
  return constraint.index_name.empty() &&
         (constraint.contype == "CONSTR_PRIMARY" || constraint.contype == "CONSTR_UNIQUE" ||
          constraint.contype == "CONSTR_EXCLUSION");
}

/// On a table that the catalog does not know. Otherwise what the command makes shows when it is applied.
Members new_index(const Subject& subject) {
  if (!makes_index(subject.command) || subject.target != nullptr) return {};
  const RelationName table = subject.target_name();
  return {{.name = {table.schemaname, choose_index_name(subject.catalog, table, subject.command)},
           .relkind = relkind::index}};
}

Members indexes(const Subject& subject) {
  return indexes_of(subject, family(subject));
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
  for (const Member& table : target(subject)) add_all(members, subject.catalog.owned_sequences(table.name));
  return members;
}

/// Sequences that the command names in nextval() and its kin. They are locked once in a transaction.
Members sequence(const Subject& subject) {
  Members members = named(subject, "sequence", relkind::sequence);
  const auto from = [&](const Box<Expression>& expression) {
    if (!expression) return;
    for (const RelationName& name : expression->sequences)
      add(members, member(subject, name, relkind::sequence));
  };
  from(subject.command.expression);
  for (const ColumnDef& column : subject.command.columns) {
    for (const Constraint& constraint : column.constraints) from(constraint.expression);
  }
  for (const RelationRef& ref : subject.command.relations) {
    const Relation* table = ref.role == "serial" ? subject.catalog.find(ref.name) : nullptr;
    const CatalogColumn* column = table != nullptr ? table->column(ref.alias) : nullptr;
    if (column == nullptr) continue;
    if (!column->owned_sequence.empty())
      add(members, member(subject, column->owned_sequence, relkind::sequence));
    for (const Relation* owned : subject.catalog.owned_sequences(table->name)) {
      if (owned->owner_column == column->name) add(members, member(*owned));  // OWNED BY
    }
  }
  return members;
}

/// sequence.c lock_and_open_sequence(): once in a transaction.
Members drawn_sequences(const Subject& subject) {
  Members members = sequence(subject);
  std::erase_if(members, [&](const Member& m) {
    const Relation* relation = subject.catalog.find(m.name);
    return relation != nullptr && relation->is_used;
  });
  return members;
}

/// vacuumlazy.c should_attempt_truncation(): what stands at the end of the file decides, so that only a DELETE that was
/// seen tells.
Members shrinkable(const Subject& subject) {
  if (subject.command.is("keeps_pages")) return {};
  Members members = vacuumed_tables(subject);
  if (subject.has_target()) {
    members = target(subject);
    const bool children_too = subject.pg_version == 0 || subject.pg_version >= 18;
    add_all(members, children_too ? children(subject) : partitions(subject));
  }
  std::erase_if(members, [&](const Member& m) {
    const Relation* relation = subject.catalog.find(m.name);
    return relation == nullptr || !relation->rows_deleted || relation->relkind != relkind::table;
  });
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

Members descendants(const Subject& subject) {
  return descendants_of(subject, target(subject));
}

Members direct_children(const Subject& subject) {
  Members members;
  for (const Member& m : target(subject)) add_all(members, subject.catalog.children(m.name));
  return members;
}

Members inheritance_children(const Subject& subject) {
  const bool partitioned = subject.target != nullptr && subject.target->relkind == relkind::partitioned_table;
  return partitioned ? Members{} : children(subject);
}

Members leaf_indexes(const Subject& subject) {
  Members members = indexes_of(subject, family(subject));
  std::erase_if(members, [](const Member& m) { return m.relkind == relkind::partitioned_index; });
  return members;
}

Members typed_indexes(const Subject& subject) {
  return indexes_of(subject, typed_tables(subject));
}

Members target_indexes(const Subject& subject) {
  return indexes_of(subject, target(subject));
}

Members indexed_tables(const Subject& subject) {
  Members members = family(subject);
  std::erase_if(members, [&](const Member& m) { return subject.catalog.indexes(m.name).empty(); });
  return members;
}

Members index_partitions(const Subject& subject) {
  return descendants_of(subject, target(subject));
}

/// tablecmds.c RemoveRelations(): for a partitioned index all partitions of its table, whether they have one or not.
Members index_table_partitions(const Subject& subject) {
  Members members;
  const Relation* dropped = subject.command.tag == "DropStmt" ? subject.target : nullptr;
  if (dropped != nullptr && dropped->relkind == relkind::partitioned_index)
    add_all(members, subject.catalog.descendants(dropped->table));
  for (const Member& m : index_partitions(subject)) {
    const Relation* index = subject.catalog.find(m.name);
    if (index != nullptr && !index->table.empty()) add(members, member(subject, index->table));
  }
  return members;
}

Members index_leaf_tables(const Subject& subject) {
  Members members = index_table_partitions(subject);
  std::erase_if(members, [](const Member& m) { return m.relkind == relkind::partitioned_table; });
  return members;
}

Members has_exclusion(const Subject& subject, const Members& tables) {
  Members members = tables;
  std::erase_if(members, [&](const Member& m) {
    return std::ranges::none_of(subject.catalog.indexes(m.name),
                                [&](const Relation* index) { return backs_exclusion(subject, *index); });
  });
  return members;
}

/// index.c IndexCheckExclusion() reads what a key WITHOUT OVERLAPS is added to once more.
Members overlap_tables(const Subject& subject) {
  const std::vector<Constraint>& constraints = subject.command.constraints;
  if (constraints.empty() || !constraints.front().without_overlaps) return {};
  Members members = target(subject);
  add_all(members, partitions(subject));
  std::erase_if(members, [](const Member& m) { return m.relkind == relkind::partitioned_table; });
  return members;
}

/// REINDEX TABLE goes to partitions, and not to tables that inherit.
Members exclusion_tables(const Subject& subject) {
  const bool partitioned = subject.target == nullptr || subject.target->relkind == relkind::partitioned_table;
  return has_exclusion(subject, partitioned ? family(subject) : target(subject));
}
Members all_exclusion_tables(const Subject& subject) {
  return has_exclusion(subject, all_tables(subject));
}

Members partition_table(const Subject& subject) {
  Members members;
  for (const Member& m : named(subject, "partition", relkind::index)) {
    const Relation* index = subject.catalog.find(m.name);
    if (index != nullptr && !index->table.empty()) add(members, member(subject, index->table));
  }
  return members;
}

Members identity_sequence(const Subject& subject) {
  Members members;
  for (const Member& m : family(subject)) {
    const Relation* relation = subject.catalog.find(m.name);
    const CatalogColumn* column = relation != nullptr ? relation->column(subject.command.name) : nullptr;
    if (column != nullptr && column->identity && !column->owned_sequence.empty()) {
      add(members, member(subject, column->owned_sequence, relkind::sequence));
    }
  }
  return members;
}

Members restarted_sequences(const Subject& subject) {
  if (!subject.command.is("restart_seqs")) return {};
  Members tables = family(subject);
  if (subject.command.text("behavior") == "DROP_CASCADE") add_all(tables, truncated(subject));
  Members members;
  for (const Member& table : tables) add_all(members, subject.catalog.owned_sequences(table.name));
  return members;
}

constexpr std::array k_roles = {
    Role{"target", "the relation that the command names", target},
    Role{"children", "all partitions and inheritance children of the target, unless ONLY is written",
         children},
    Role{"descendants", "all partitions and inheritance children of the target, even under ONLY",
         descendants},
    Role{"direct_children", "the partitions or children one level below the target, even under ONLY",
         direct_children},
    Role{"partitions", "all partitions of the target, unless ONLY is written", partitions},
    Role{"inheritance_children", "all inheritance children of the target that are no partitions",
         inheritance_children},
    Role{"all_partitions", "all partitions of the target, even under ONLY", all_partitions},
    Role{"leaf_partitions", "those partitions of the target that have rows", leaf_partitions},
    Role{"nullable", "the target and its children, as far as the column may hold nulls", nullable},
    Role{"not_null_children",
         "the children that SET NOT NULL comes to; from 18 on none below one that is NOT NULL already",
         not_null_children},
    Role{"adding_children",
         "the children that a new column comes to; none below one that has a column of that name",
         adding_children},
    Role{"merged_nullable",
         "the children that have a column of that name already, where the new one is NOT NULL and theirs is "
         "not",
         merged_nullable},
    Role{"losing_children",
         "the children from which a column or CHECK goes; none below one that has it of its own",
         losing_children},
    Role{"gaining", "the target and its children, as far as they get the new column", gaining},
    Role{"gaining_indexes", "their indexes", gaining_indexes},
    Role{"merging_children",
         "the children that a new CHECK comes to; up to 17 none below one that has it already",
         merging_children},
    Role{"unmerged", "the target and its children, as far as they have no CHECK of that name", unmerged},
    Role{"unvalidated", "the target and its children, as far as the constraint is not validated there",
         unvalidated},
    Role{"parent", "the partitioned table or parent of the target, or the one after PARTITION OF or INHERIT",
         parent},
    Role{"partition", "the relation that ATTACH or DETACH PARTITION names", partition},
    Role{"partition_children", "the partitions of that partition", partition_children},
    Role{"default_partition", "the default partition beside a partition that comes or goes",
         default_partition},
    Role{"default_partition_children", "the partitions of that default partition",
         default_partition_children},
    Role{"unproven_default_partition",
         "the default partition and its leaves, unless a CHECK excludes the new bounds",
         unproven_default_partition},
    Role{"unproven_partitions",
         "the attached partition and its leaves unless a CHECK proves the bounds, and the unproven default "
         "partition",
         unproven_partitions},
    Role{"keyed_partitions", "the attached partition, when it lacks a foreign key of the partitioned table",
         keyed_partitions},
    Role{"unkeyed_partitions", "partitions that have no such foreign key yet, or one that is not validated",
         unkeyed_partitions},
    Role{"rewired_partition",
         "the partition that DETACH takes from its table, when it is the default one or triggers are dropped "
         "from it",
         rewired_partition},
    Role{"searched_ancestors",
         "the partitioned tables above the target, when foreign keys point to the partition that goes",
         searched_ancestors},
    Role{"rekeyed", "tables that get new triggers for the foreign keys that a partition takes along",
         rekeyed},
    Role{"action_referenced", "those of the referenced tables that carry triggers: from 15 on all",
         action_referenced},
    Role{"referenced", "tables that the foreign keys at hand point to", referenced},
    Role{"referenced_partitions", "the partitions of those tables", referenced_partitions},
    Role{"action_referenced_partitions", "those of the partitions that carry triggers: from 15 on all",
         action_referenced_partitions},
    Role{"merged_referenced", "tables that foreign keys point to which a partition has already",
         merged_referenced},
    Role{"referencing", "tables whose foreign keys point to the target, or to the columns at hand",
         referencing},
    Role{"parent_referencing",
         "tables whose foreign keys point to the partitioned table that a partition joins or leaves",
         parent_referencing},
    Role{"searched_partition",
         "the detached partition and its own ones, where such tables are searched with it",
         searched_partition},
    Role{"searched_referencing", "those tables and, of partitioned ones, their partitions",
         searched_referencing},
    Role{"truncated", "the target and all that TRUNCATE … CASCADE reaches", truncated},
    Role{"index", "the index that the command names beside its target", index},
    Role{"renamed_index", "the index of USING INDEX, if the constraint has another name", renamed_index},
    Role{"new_index", "the indexes that the command makes, with the names that PostgreSQL chooses",
         new_index},
    Role{"indexes", "all indexes of the target and its children", indexes},
    Role{"leaf_indexes", "those of them that have a file", leaf_indexes},
    Role{"target_indexes", "all indexes of the target alone", target_indexes},
    Role{"indexed_tables", "the target and its children, as far as they have an index", indexed_tables},
    Role{"indexes_on_column", "indexes that use the column", indexes_on_column},
    Role{"rebuilt_indexes", "indexes that use the column and cannot keep their file when its type changes",
         rebuilt_indexes},
    Role{"changed_indexes",
         "all indexes of the target and its children; of partitioned tables those that use the column",
         changed_indexes},
    Role{"rewritten_indexes",
         "all indexes, but for those of partitions that get new ones for an altered column",
         rewritten_indexes},
    Role{"rebuilt_exclusion_tables", "tables of such an index that backs an exclusion constraint",
         rebuilt_exclusion_tables},
    Role{"rechecked", "tables with a valid CHECK that reads the column", rechecked},
    Role{"index_table", "the table of the index that the command names", index_table},
    Role{"index_partitions", "the indexes on partitions that belong to the index that the command names",
         index_partitions},
    Role{"index_table_partitions", "the tables of those indexes", index_table_partitions},
    Role{"index_leaf_tables", "those of them that have rows", index_leaf_tables},
    Role{"exclusion_tables", "the target and its children, as far as they have an exclusion constraint",
         exclusion_tables},
    Role{"overlap_tables", "the target and its partitions, when the new key is one WITHOUT OVERLAPS",
         overlap_tables},
    Role{"schema_exclusion_tables", "tables of the schema with an exclusion constraint",
         schema_exclusion_tables},
    Role{"exclusion_index_tables", "tables of the index, when it backs an exclusion constraint",
         exclusion_index_tables},
    Role{"vacuumed_indexes", "indexes of the tables that VACUUM FULL comes to", vacuumed_indexes},
    Role{"sampled", "the children whose rows ANALYZE reads with those of the target", sampled},
    Role{"all_exclusion_tables", "tables of the database with an exclusion constraint", all_exclusion_tables},
    Role{"partition_table", "the table of the index that ALTER INDEX … ATTACH PARTITION names",
         partition_table},
    Role{"owned_sequences", "sequences of serial and identity columns of the target", owned_sequences},
    Role{"identity_sequence", "the sequence of the identity column that the command names",
         identity_sequence},
    Role{"restarted_sequences", "sequences that TRUNCATE … RESTART IDENTITY sets back", restarted_sequences},
    Role{"default_sequences", "sequences of the columns that the statement leaves to their default",
         default_sequences},
    Role{"sequence", "sequences in nextval('…') and its kin", sequence},
    Role{"drawn_sequences", "those of them that the transaction has not drawn from before", drawn_sequences},
    Role{"shrinkable", "tables of which rows were deleted: VACUUM may give pages back at their end",
         shrinkable},
    Role{"sources", "relations that the query reads, views expanded, partitions included", sources},
    Role{"direct_sources", "relations that the query names", direct_sources},
    Role{"rewritten_sources", "relations that the query names, views expanded", rewritten_sources},
    Role{"rewritten_locked", "relations whose rows FOR UPDATE and its kin lock, views expanded",
         rewritten_locked},
    Role{"viewed", "what the view reads that is the target, views expanded", viewed},
    Role{"locked", "relations whose rows FOR UPDATE and its kin lock", locked},
    Role{"written", "relations that DML in the query names to write them", written},
    Role{"changed",
         "relations that DML writes: views and what is under them, partitions that are not ruled out",
         changed},
    Role{"cascaded", "tables that ON DELETE and ON UPDATE change in their turn", cascaded},
    Role{"looked_up", "tables that foreign keys look into, on either side", looked_up},
    Role{"written_partitioned", "the partitioned tables above a partition that is written by its own name",
         written_partitioned},
    Role{"target_ancestors", "the partitioned tables above the target", target_ancestors},
    Role{"view_sources", "what a view that is written to reads beside", view_sources},
    Role{"type_users", "tables with a column of the type or domain", type_users},
    Role{"typed_tables", "tables OF the type", typed_tables},
    Role{"typed_indexes", "their indexes", typed_indexes},
    Role{"inherited", "the tables after INHERITS", inherited},
    Role{"like", "the tables after LIKE", like},
    Role{"owner_table", "the table after OWNED BY", owner_table},
    Role{"owned_relations", "what belongs to the roles that the command names, as far as OWNER TO said so",
         owned_relations},
    Role{"moved_tables", "those of them that are in the tablespace that the command names", moved_tables},
    Role{"moved_indexes", "indexes of those roles", moved_indexes},
    Role{"schema_tables", "tables and materialized views of the schema", schema_tables},
    Role{"schema_indexed_tables", "those of them that have an index", schema_indexed_tables},
    Role{"schema_indexes", "indexes of the schema", schema_indexes},
    Role{"concurrent_table", "the target, when it has an index that REINDEX CONCURRENTLY rebuilds",
         concurrent_table},
    Role{"concurrent_indexes", "those indexes: all but the ones of exclusion constraints",
         concurrent_indexes},
    Role{"schema_concurrent_tables", "tables of the schema with an index that REINDEX CONCURRENTLY rebuilds",
         schema_concurrent_tables},
    Role{"schema_concurrent_indexes", "those indexes: all but the ones of exclusion constraints",
         schema_concurrent_indexes},
    Role{"all_concurrent_tables", "tables of the database with an index that REINDEX CONCURRENTLY rebuilds",
         all_concurrent_tables},
    Role{"all_concurrent_indexes", "those indexes: all but the ones of exclusion constraints",
         all_concurrent_indexes},
    Role{"all_tables", "tables and materialized views of the database", all_tables},
    Role{"all_indexed_tables", "those of them that have an index", all_indexed_tables},
    Role{"all_indexes", "indexes of the database", all_indexes},
    Role{"vacuumed_tables", "tables, partitioned tables and materialized views of the database",
         vacuumed_tables},
    Role{"clustered_tables", "tables that CLUSTER was used on", clustered_tables},
    Role{"clustered_indexes", "their indexes", clustered_indexes},
    Role{"published_tables", "tables that the publication has before SET TABLE", published_tables},
    Role{"dependents", "what goes along with what is dropped, and what loses a part to it", dependents},
    Role{"dependent_statistics", "tables of extended statistics that go along", dependent_statistics},
    Role{"row_types", "relations whose row type is that of a new column", row_types},
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
