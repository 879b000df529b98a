// SPDX-License-Identifier: Apache-2.0
// Indexes, and those that partitions get from their table.
#include <algorithm>

#include "change.hpp"

namespace pgsluice {

namespace {

bool same_expression(const Box<Expression>& a, const Box<Expression>& b) {
  if (!a || !b) return !a && !b;
  return a->canonical && b->canonical && *a->canonical == *b->canonical;
}

/// What COLLATE adds to the column; "default" is what its type has anyway.
Name collation_of(const Relation& table, const IndexElement& element) {
  const CatalogColumn* column = table.column(element.column);
  const Name collation =
      element.collation.empty() && column != nullptr ? column->collation : element.collation;
  return collation == "default" ? Name() : collation;
}

/// The default operator class has the name of its type, and no name when it is not written. Classes of one family are the
/// same here, as those of text and varchar are.
Name opclass_of(const Relation& table, const IndexElement& element) {
  const CatalogColumn* column = table.column(element.column);
  const std::string name = element.opclass == "varchar_ops" ? "text_ops" : element.opclass.str();
  if (column == nullptr) return name;
  const std::string type = column->type.name == "varchar" ? "text" : column->type.name.str();
  return name == type + "_ops" ? Name() : Name(name);
}

/// index.c CompareIndexInfo: the order of the keys and the parameters of storage may differ.
bool same_definition(const Relation& table, const IndexDef& a, const Relation& other, const IndexDef& b) {
  const auto same_element = [&](const IndexElement& x, const IndexElement& y) {
    return x.column == y.column && same_expression(x.expression, y.expression) &&
           collation_of(table, x) == collation_of(other, y) && opclass_of(table, x) == opclass_of(other, y);
  };
  return a.unique == b.unique && a.nulls_not_distinct == b.nulls_not_distinct &&
         a.access_method == b.access_method && a.including == b.including &&
         same_expression(a.predicate, b.predicate) &&
         std::ranges::equal(a.elements, b.elements, same_element);
}

}  // namespace

void CatalogChange::create_index() {
  const Relation* table = target();
  if (table == nullptr || !command_.index) return;
  const RelationName name = table->name;
  const std::string index_name = choose_index_name(catalog_, name, command_);
  if (const RelationName made{name.schemaname, index_name}; catalog_.find(made) != nullptr) {
    if (!command_.is("if_not_exists")) catalog_.note_made_before(made);
    return;
  }
  put_index(name, index_name, meant(*command_.index), {}, {}, {});
}

void CatalogChange::put_index(const RelationName& table, const Name name, const IndexDef& definition,
                              std::string_view contype, const Names& columns, const RelationName& parent) {
  const Relation* owner = catalog_.find(table);
  Relation index{
      .name = {table.schemaname, name}, .relkind = relkind::index, .table = table, .index = definition};
  if (owner != nullptr && owner->relkind == relkind::partitioned_table)
    index.relkind = relkind::partitioned_index;
  if (!parent.empty()) index.parents = {parent};
  index.index.edit().name = name;
  if (!contype.empty()) {
    index.constraint = name;
    edit(table, [&](Relation& relation) { add_key(relation, contype, name, columns); });
  }
  catalog_.put(index);
  if (!recurses() && (command_.tag == "IndexStmt" || command_.tag == "AT_AddConstraint")) return;
  std::vector<RelationName> partitions;
  if (index.relkind == relkind::partitioned_index) {
    for (const Relation* child : catalog_.children(table)) partitions.push_back(child->name);
  }
  // Others of the table, made ON ONLY it, stay without.
  for (const RelationName& partition : partitions) inherit_index(index, partition);
}

void CatalogChange::add_index(const RelationName& table, const IndexDef& definition, std::string_view contype,
                              const RelationName& parent) {
  Command naming = command_;
  naming.index.reset();
  naming.constraints.clear();
  Names columns;
  Names made_as;
  for (const IndexElement& element : definition.elements) {
    columns.push_back(element.column);
    made_as.push_back(element.made_as.empty() ? element.column : element.made_as);
  }
  if (contype.empty()) {
    naming.index = definition;
    naming.index.edit().name = {};
  } else {
    // indexcmds.c ChooseIndexName() goes by the operators, which a clone of a key WITHOUT OVERLAPS has.
    const bool excludes = contype == "CONSTR_UNIQUE" && definition.access_method == "gist";
    naming.constraints.push_back({.contype = excludes ? "CONSTR_EXCLUSION" : contype,
                                  .columns = made_as,
                                  .including = Names(definition.including)});
  }
  put_index(table, choose_index_name(catalog_, table, naming), definition, contype, columns, parent);
}

void CatalogChange::inherit_indexes(const RelationName& parent, const RelationName& partition) {
  std::vector<Relation> wanted;
  for (const Relation* index : catalog_.indexes(parent)) wanted.push_back(*index);
  for (const Relation& index : wanted) inherit_index(index, partition);
}

void CatalogChange::inherit_index(const Relation& index, const RelationName& partition) {
  const Relation* table = catalog_.find(partition);
  if (table != nullptr && table->relkind == relkind::foreign_table) return;  // pg: indexcmds.c DefineIndex
  if (!index.index || has_partition_of(partition, index.name)) return;
  if (const RelationName own = matching_index(partition, index); !own.empty()) {
    edit(own, [&](Relation& relation) { relation.parents = {index.name}; });
  } else {
    add_index(partition, *index.index, index.constraint.empty() ? "" : constraint_type_of(index), index.name);
  }
}

/// pg: tablecmds.c TryReuseIndex(): a partitioned index has no file to keep. It is made anew, without ONLY and with names
/// of PostgreSQL's choice for those of the partitions.
void CatalogChange::remake_partitioned_indexes(const RelationName& table, const Name column) {
  std::vector<Relation> roots;
  for (const Relation* index : catalog_.indexes(table)) {
    const bool is_root = index->relkind == relkind::partitioned_index && index->parents.empty();
    if (!is_root || !index->constraint.empty() || !index->index || !uses_column(*index->index, column))
      continue;
    Relation& root = roots.emplace_back(*index);
    for (IndexElement& element : root.index.edit().elements) element.made_as = {};
  }
  for (const Relation& root : roots) {
    std::vector<RelationName> attached;
    for (const Relation* index : catalog_.descendants(root.name)) attached.push_back(index->name);
    for (const RelationName& index : attached) catalog_.erase(index);
  }
  std::vector<RelationName> partitions;
  for (const Relation* child : catalog_.children(table)) partitions.push_back(child->name);
  for (const Relation& root : roots) {
    for (const RelationName& partition : partitions) inherit_index(root, partition);
  }
}

bool CatalogChange::has_partition_of(const RelationName& table, const RelationName& index) const {
  return std::ranges::any_of(catalog_.indexes(table), [&](const Relation* own) {
    return std::ranges::find(own->parents, index) != own->parents.end();
  });
}

RelationName CatalogChange::matching_index(const RelationName& table, const Relation& wanted) const {
  const Relation* partition = catalog_.find(table);
  const Relation* parent = catalog_.find(wanted.table);
  if (partition == nullptr || parent == nullptr) return {};
  for (const Relation* own : catalog_.indexes(table)) {
    if (!own->index || !own->parents.empty()) continue;
    if (!same_definition(*partition, *own->index, *parent, *wanted.index)) continue;
    if (!wanted.constraint.empty() && own->constraint.empty()) continue;
    return own->name;
  }
  return {};
}

std::string CatalogChange::constraint_type_of(const Relation& index) const {
  const Relation* table = catalog_.find(index.table);
  const CatalogConstraint* constraint = table != nullptr ? table->find_constraint(index.constraint) : nullptr;
  return constraint != nullptr ? std::string(constraint->contype) : std::string();
}

void CatalogChange::cluster_on(const Name name) {
  const Relation* table = target();
  if (table == nullptr) return;
  std::vector<RelationName> indexes;
  for (const Relation* index : catalog_.indexes(table->name)) indexes.push_back(index->name);
  for (const RelationName& index : indexes) {
    edit(index, [&](Relation& relation) { relation.clustered = relation.name.relname == name; });
  }
}

}  // namespace pgsluice
