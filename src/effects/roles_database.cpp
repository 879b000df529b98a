// SPDX-License-Identifier: Apache-2.0
// Roles of commands that name a schema, the database, or an object that is no relation.
#include <algorithm>
#include <string>
#include <utility>

#include "members.hpp"

namespace pgsluice::effects {

namespace {

bool has_heap(const Relation& relation) {
  return relation.relkind == relkind::table || relation.relkind == relkind::materialized_view;
}

bool is_index(const Relation& relation) {
  return relation.relkind == relkind::index || relation.relkind == relkind::partitioned_index;
}

template <typename Wanted>
Members all(const Subject& subject, Wanted wanted) {
  Members members;
  for (const Relation* relation : subject.catalog.all()) {
    if (wanted(*relation)) add(members, member(*relation));
  }
  return members;
}

bool in_schema(const Subject& subject, const Relation& relation) {
  return relation.name.schemaname == subject.command.name;
}

bool has_indexes(const Subject& subject, const Relation& table) {
  return has_heap(table) && !subject.catalog.indexes(table.name).empty();
}

/// indexcmds.c ReindexRelationConcurrently: the index of an exclusion constraint is passed over.
bool is_rebuilt_concurrently(const Subject& subject, const Relation& index) {
  return index.relkind == relkind::index && !backs_exclusion(subject, index);
}

bool has_exclusion(const Subject& subject, const Relation& table) {
  return std::ranges::any_of(subject.catalog.indexes(table.name),
                             [&](const Relation* index) { return backs_exclusion(subject, *index); });
}

bool has_concurrent_index(const Subject& subject, const Relation& table) {
  return has_heap(table) &&
         std::ranges::any_of(subject.catalog.indexes(table.name),
                             [&](const Relation* index) { return is_rebuilt_concurrently(subject, *index); });
}

bool has_clustered_index(const Subject& subject, const Relation& table) {
  return std::ranges::any_of(subject.catalog.indexes(table.name), &Relation::clustered);
}

}  // namespace

bool backs_exclusion(const Subject& subject, const Relation& index) {
  const Relation* table = subject.catalog.find(index.table);
  const CatalogConstraint* constraint =
      table != nullptr && !index.constraint.empty() ? table->find_constraint(index.constraint) : nullptr;
  if (constraint == nullptr) return false;
  // A unique index of GiST is that of a key WITHOUT OVERLAPS, which excludes, too.
  return constraint->contype == "CONSTR_EXCLUSION" ||
         (index.index && index.index->unique && index.index->access_method == "gist");
}

Members schema_exclusion_tables(const Subject& subject) {
  return all(subject, [&](const Relation& r) { return in_schema(subject, r) && has_exclusion(subject, r); });
}

Members exclusion_index_tables(const Subject& subject) {
  Members members;
  for (const Member& m : with_descendants(subject, target(subject))) {
    const Relation* index = subject.catalog.find(m.name);
    if (index != nullptr && backs_exclusion(subject, *index)) add(members, member(subject, index->table));
  }
  return members;
}

/// VACUUM goes down to partitions, and from 18 on to inheritance children.
Members vacuumed_indexes(const Subject& subject) {
  Members tables = target(subject);
  const bool children_too = subject.pg_version == 0 || subject.pg_version >= 18;
  add_all(tables, children_too ? family(subject) : partitions(subject));
  return indexes_of(subject, tables);
}

/// analyze.c acquire_inherited_sample_rows
Members sampled(const Subject& subject) {
  if (!subject.command.is("analyze")) return {};
  return descendants_of(subject, target(subject));
}

Members schema_tables(const Subject& subject) {
  return all(subject, [&](const Relation& r) { return in_schema(subject, r) && has_heap(r); });
}

Members schema_indexed_tables(const Subject& subject) {
  return all(subject, [&](const Relation& r) { return in_schema(subject, r) && has_indexes(subject, r); });
}

Members schema_indexes(const Subject& subject) {
  return all(subject, [&](const Relation& r) { return in_schema(subject, r) && is_index(r); });
}

Members concurrent_table(const Subject& subject) {
  Members members = target(subject);
  std::erase_if(members, [&](const Member& m) {
    const Relation* table = subject.catalog.find(m.name);
    return table == nullptr || !has_concurrent_index(subject, *table);
  });
  return members;
}

Members concurrent_indexes(const Subject& subject) {
  Members members = indexes_of(subject, target(subject));
  std::erase_if(members, [&](const Member& m) {
    return !is_rebuilt_concurrently(subject, *subject.catalog.find(m.name));
  });
  return members;
}

Members schema_concurrent_tables(const Subject& subject) {
  return all(subject,
             [&](const Relation& r) { return in_schema(subject, r) && has_concurrent_index(subject, r); });
}

Members schema_concurrent_indexes(const Subject& subject) {
  return all(subject,
             [&](const Relation& r) { return in_schema(subject, r) && is_rebuilt_concurrently(subject, r); });
}

Members all_concurrent_tables(const Subject& subject) {
  return all(subject, [&](const Relation& r) { return has_concurrent_index(subject, r); });
}

Members all_concurrent_indexes(const Subject& subject) {
  return all(subject, [&](const Relation& r) { return is_rebuilt_concurrently(subject, r); });
}

Members all_tables(const Subject& subject) {
  return all(subject, has_heap);
}

Members all_indexed_tables(const Subject& subject) {
  return all(subject, [&](const Relation& r) { return has_indexes(subject, r); });
}

Members all_indexes(const Subject& subject) {
  return all(subject, [](const Relation& r) { return r.relkind == relkind::index; });
}

Members vacuumed_tables(const Subject& subject) {
  if (subject.command.is("stats_only")) return {};
  return all(subject,
             [](const Relation& r) { return has_heap(r) || r.relkind == relkind::partitioned_table; });
}

Members clustered_tables(const Subject& subject) {
  return all(subject, [&](const Relation& r) { return has_heap(r) && has_clustered_index(subject, r); });
}

Members clustered_indexes(const Subject& subject) {
  return indexes_of(subject, clustered_tables(subject));
}

Members owned_relations(const Subject& subject) {
  return all(subject, [&](const Relation& r) {
    return !is_index(r) && !r.owner.empty() && std::ranges::any_of(subject.command.names, [&](Name role) {
      return r.owner == (role.empty() ? subject.catalog.role : role);  // empty: CURRENT_USER
    });
  });
}

namespace {

/// Without OWNED BY it is everybody's. From a tablespace to itself nothing is moved.
Members movable(const Subject& subject) {
  const Command& command = subject.command;
  if (command.tag == "AlterTableMoveAllStmt" && command.name == command.tablespace) return {};
  if (!subject.command.names.empty()) return owned_relations(subject);
  return all(subject, [](const Relation& r) { return !is_index(r); });
}

/// tablecmds.c AlterTableMoveAll(): a partitioned table has nothing to move, but is told where its partitions shall be.
bool is_moved_kind(const Subject& subject, char kind) {
  if (subject.command.text("objtype") == "OBJECT_MATVIEW") return kind == relkind::materialized_view;
  return kind == relkind::table || kind == relkind::partitioned_table;
}

}  // namespace

Members moved_tables(const Subject& subject) {
  Members members = movable(subject);
  std::erase_if(members, [&](const Member& m) {
    const Name tablespace = subject.catalog.find(m.name)->tablespace;
    return (tablespace.empty() ? subject.catalog.default_tablespace : tablespace) != subject.command.name ||
           !is_moved_kind(subject, m.relkind);
  });
  return members;
}

/// pg: tablecmds.c ATExecChangeOwner() looks at the indexes when the owner is another one.
Members moved_indexes(const Subject& subject) {
  Members members = movable(subject);
  if (subject.command.tag == "ReassignOwnedStmt") {
    // No name is CURRENT_USER or SESSION_USER: of two it is not known which.
    const Catalog& catalog = subject.catalog;
    const Name current = catalog.role == catalog.session_role ? catalog.role : Name();
    const Name owner = subject.command.new_name.empty() ? current : subject.command.new_name;
    std::erase_if(members, [&](const Member& m) { return subject.catalog.find(m.name)->owner == owner; });
  }
  return indexes_of(subject, members);
}

Members published_tables(const Subject& subject) {
  Members members;
  if (subject.command.text("action") != "AP_SetObjects") return members;
  for (const RelationName& name : subject.catalog.published(subject.command.name))
    add(members, member(subject, name));
  return members;
}

Members typed_tables(const Subject& subject) {
  const RelationName type = subject.target_name();
  Members members = all(subject, [&](const Relation& r) { return !r.of_type.empty() && r.of_type == type; });
  return with_descendants(subject, members);
}

namespace {

bool gives_columns(std::string_view role) {
  return role == "parent" || role == "inherited" || role == "like";
}

/// ALTER COLUMN TYPE takes apart what its columns hold, or writes it down: rowtypes.c record_out().
void add_converted_types(const Subject& subject, std::vector<const TypeName*>& types) {
  const Command& command = subject.command;
  if (command.tag != "AT_AlterColumnType" || subject.target == nullptr) return;
  const Names read = command.expression ? Names(command.expression->columns) : Names{command.name};
  for (const Name name : read) {
    if (const CatalogColumn* column = subject.target->column(name)) types.push_back(&column->type);
  }
}

/// Of the columns that the command makes: its own, those of a type, of parents and LIKE, and those that its query reads.
std::vector<const TypeName*> new_column_types(const Subject& subject) {
  const Command& command = subject.command;
  std::vector<const TypeName*> types;
  for (const ColumnDef& column : command.columns) types.push_back(&column.type);
  if (command.type) types.push_back(&*command.type);
  add_converted_types(subject, types);
  const bool is_query = command.tag == "ViewStmt" || command.tag == "CreateTableAsStmt";
  const auto is_read = [&](Name column) {
    return std::ranges::any_of(command.names, [&](Name read) { return read == column || read == "*"; });
  };
  for (const RelationRef& ref : command.relations) {
    const bool read = is_query && (ref.role == "source" || ref.role == "locked");
    const Relation* relation = read || gives_columns(ref.role) ? subject.catalog.find(ref.name) : nullptr;
    if (relation == nullptr) continue;
    for (const CatalogColumn& column : relation->columns) {
      if (!read || is_read(column.name)) types.push_back(&column.type);
    }
  }
  return types;
}

/// heap.c CheckAttributeType(): the relation of a row type is opened, and those of its columns' types in their turn.
Members relations_of_types(const Subject& subject, std::vector<const TypeName*> types) {
  Members members;
  for (std::size_t i = 0; i < types.size(); ++i) {
    const TypeName type = subject.catalog.resolve_type(*types[i]);
    const CatalogType* made = subject.catalog.find_type(type);
    if (made != nullptr && made->typtype == 'd') types.push_back(&made->base);
    if (type.schemaname.empty()) continue;
    const Relation* rows = subject.catalog.find({type.schemaname, type.name});
    if (rows == nullptr || std::ranges::find(members, rows->name, &Member::name) != members.end()) continue;
    add(members, member(*rows));
    for (const CatalogColumn& column : rows->columns) types.push_back(&column.type);
  }
  std::erase_if(members, [](const Member& m) { return m.relkind == relkind::composite_type; });
  return members;
}

}  // namespace

Members row_types(const Subject& subject) {
  return relations_of_types(subject, new_column_types(subject));
}

Members row_types_of(const Subject& subject, const RelationName& table) {
  const Relation* relation = subject.catalog.find(table);
  std::vector<const TypeName*> types;
  if (relation != nullptr) {
    for (const CatalogColumn& column : relation->columns) types.push_back(&column.type);
  }
  return relations_of_types(subject, std::move(types));
}

}  // namespace pgsluice::effects
