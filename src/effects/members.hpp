// SPDX-License-Identifier: Apache-2.0
// What the functions behind roles are made of.
#pragma once

#include <string_view>
#include <vector>

#include "subject.hpp"
#include "unique.hpp"

namespace pgsluice::effects {

using Members = std::vector<Member>;

Member member(const Relation& relation);
Member member(const Subject& subject, const RelationName& name, char kind_if_unknown = relkind::table);
/// Adds what is not there yet.
void add(Members& members, Member added);
/// The same for lists of any length.
void add(Members& members, RelationPlaces& places, Member added);
void add_all(Members& members, const Members& added);
void add_all(Members& members, const std::vector<const Relation*>& relations);

/// Whether the reference has the role and is to a relation that there may be, and that is nobody's everyday business.
bool plays(const Subject& subject, const RelationRef& ref, std::string_view role);
/// The relations that the command names in a role, as written.
Members named(const Subject& subject, std::string_view role, char kind_if_unknown = relkind::table);
Members target(const Subject& subject);
Members with_descendants(const Subject& subject, const Members& relations);
Members descendants_of(const Subject& subject, const Members& relations);
/// The target and, unless ONLY is written, its descendants.
Members family(const Subject& subject);
Members indexes_of(const Subject& subject, const Members& tables);
/// Views are expanded: reading one reads what it reads, with all descendants.
Members expand(const Subject& subject, const Members& relations);
/// The same without descendants: what is rewritten, but not planned.
Members expand_views(const Subject& subject, const Members& relations);

// ---- roles_queries.cpp: what queries read, write and lock
Members sources(const Subject& subject);
Members direct_sources(const Subject& subject);
Members rewritten_sources(const Subject& subject);
Members rewritten_locked(const Subject& subject);
Members locked(const Subject& subject);
Members written(const Subject& subject);
Members viewed(const Subject& subject);
Members changed(const Subject& subject);
Members cascaded(const Subject& subject);
Members looked_up(const Subject& subject);
Members written_partitioned(const Subject& subject);
Members target_ancestors(const Subject& subject);
Members view_sources(const Subject& subject);
Members default_sequences(const Subject& subject);

// ---- roles_keys.cpp: foreign keys, constraints and indexes
Members referenced(const Subject& subject);
Members referenced_partitions(const Subject& subject);
Members action_referenced_partitions(const Subject& subject);
Members merged_referenced(const Subject& subject);
Members referencing(const Subject& subject);
Members parent_referencing(const Subject& subject);
Members searched_referencing(const Subject& subject);
Members rechecked(const Subject& subject);
Members searched_partition(const Subject& subject);
Members rebuilt_indexes(const Subject& subject);
Members rewritten_indexes(const Subject& subject);
Members changed_indexes(const Subject& subject);
Members indexes_on_column(const Subject& subject);

Members unkeyed_partitions(const Subject& subject);
Members action_referenced(const Subject& subject);
Members rekeyed(const Subject& subject);
Members rebuilt_exclusion_tables(const Subject& subject);

// ---- roles_family.cpp: what the tables of a family have already
Members nullable(const Subject& subject);
Members not_null_children(const Subject& subject);
Members adding_children(const Subject& subject);
Members merged_nullable(const Subject& subject);
Members losing_children(const Subject& subject);
Members gaining(const Subject& subject);
Members gaining_indexes(const Subject& subject);
Members merging_children(const Subject& subject);
Members unmerged(const Subject& subject);
Members unvalidated(const Subject& subject);
Members all_partitions(const Subject& subject);

// ---- roles_partitions.cpp
Members partitions(const Subject& subject);
Members default_partition(const Subject& subject);
Members default_partition_children(const Subject& subject);
Members unproven_default_partition(const Subject& subject);
Members unproven_partitions(const Subject& subject);
Members keyed_partitions(const Subject& subject);
Members leaf_partitions(const Subject& subject);
Members rewired_partition(const Subject& subject);
Members searched_ancestors(const Subject& subject);

// ---- roles_dependents.cpp: what a DROP takes along
Members dependents(const Subject& subject);
Members dependent_statistics(const Subject& subject);

// ---- roles_database.cpp: whole schemas and databases, and what hangs on objects that are no relations
Members schema_tables(const Subject& subject);
Members schema_indexed_tables(const Subject& subject);
Members schema_indexes(const Subject& subject);
Members concurrent_table(const Subject& subject);
Members concurrent_indexes(const Subject& subject);
Members schema_concurrent_tables(const Subject& subject);
Members schema_concurrent_indexes(const Subject& subject);
Members all_concurrent_tables(const Subject& subject);
Members all_concurrent_indexes(const Subject& subject);
Members all_tables(const Subject& subject);
Members all_indexed_tables(const Subject& subject);
Members all_indexes(const Subject& subject);
Members schema_exclusion_tables(const Subject& subject);
Members exclusion_index_tables(const Subject& subject);
Members vacuumed_indexes(const Subject& subject);
Members sampled(const Subject& subject);
bool backs_exclusion(const Subject& subject, const Relation& index);
Members vacuumed_tables(const Subject& subject);
Members clustered_tables(const Subject& subject);
Members clustered_indexes(const Subject& subject);
Members owned_relations(const Subject& subject);
Members moved_tables(const Subject& subject);
Members moved_indexes(const Subject& subject);
Members published_tables(const Subject& subject);
Members typed_tables(const Subject& subject);
Members type_users(const Subject& subject);
Members row_types(const Subject& subject);
/// Of all columns of the table.
Members row_types_of(const Subject& subject, const RelationName& table);

/// Whether the key of a detached partition has no triggers on the partitions that it points to: 12 makes none for it.
/// pg: tablecmds.c ATExecDetachPartition()
inline bool has_lost_triggers(const CatalogConstraint& key, int pg_version) {
  return key.detached && pg_version == 12;
}

}  // namespace pgsluice::effects
