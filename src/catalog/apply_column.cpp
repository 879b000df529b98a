// SPDX-License-Identifier: Apache-2.0
// ALTER TABLE, and what becomes of columns.
#include <algorithm>
#include <span>

#include "base/text.hpp"
#include "change.hpp"

namespace pgsluice {

void CatalogChange::alter_table(std::string_view tag) {
  if (target() == nullptr) return note_constraint(tag);
  if (tag == "AT_AddColumn") return add_column();
  if (tag == "AT_DropColumn") return drop();
  if (tag == "AT_AddConstraint") return add_constraint();
  if (tag == "AT_DropConstraint") return drop_constraint();
  if (tag == "AT_AttachPartition") return attach();
  if (tag == "AT_DetachPartition" || tag == "AT_DetachPartitionFinalize") return detach();
  if (tag == "AT_ValidateConstraint") return validate_constraint();
  if (tag == "AT_AlterConstraint") return alter_constraint();
  if (tag == "AT_EnableTrigAll" || tag == "AT_DisableTrigAll") {
    for_family([&](Relation& relation) { relation.keys_off = tag == "AT_DisableTrigAll"; });
  }
  if (tag == "AT_EnableRowSecurity" || tag == "AT_DisableRowSecurity") {
    return edit(target()->name, [&](Relation& r) { r.row_security = tag == "AT_EnableRowSecurity"; });
  }
  if (tag == "AT_ReplicaIdentity") {
    return edit(target()->name,
                [&](Relation& r) { r.replica_identity = command_.text("replica_identity").front(); });
  }
  if (tag.find("Trig") != std::string_view::npos) return enable_triggers(tag);
  if (tag.ends_with("Rule")) return enable_rule(tag);
  if (tag == "AT_ClusterOn" || tag == "AT_DropCluster") return cluster_on(command_.name);
  if (tag == "AT_SetTableSpace")
    return edit(target()->name, [&](Relation& r) { r.tablespace = command_.name; });
  if (tag == "AT_SetAccessMethod") {
    const Name method = command_.name.empty() ? catalog_.default_access_method : command_.name;
    return edit(target()->name, [&](Relation& r) { r.access_method = method; });
  }
  if (tag == "AT_ChangeOwner") {
    return set_owner(target()->name, new_owner());
  }
  if (tag == "AT_AddOf" || tag == "AT_DropOf") {
    const RelationName type =
        command_.type ? catalog_.resolve({command_.type->schemaname, command_.type->name}) : RelationName{};
    return edit(target()->name, [&](Relation& r) { r.of_type = type; });
  }
  if (tag == "AT_AddInherit" || tag == "AT_DropInherit") return set_parent(tag == "AT_AddInherit");
  if (tag == "AT_SetLogged" || tag == "AT_SetUnLogged") {
    return edit(target()->name, [&](Relation& r) { r.relpersistence = tag == "AT_SetLogged" ? 'p' : 'u'; });
  }
  if (tag == "AT_DropIdentity") drop_identity_sequences();
  for_family([&](Relation& relation) { alter_column(tag, relation); });
  if (tag != "AT_AlterColumnType") return;
  for (const RelationName& name : family()) remake_partitioned_indexes(name, command_.name);
}

/// Partitions have none of their own.
void CatalogChange::drop_identity_sequences() {
  for (const RelationName& name : family()) {
    const CatalogColumn* column = catalog_.find(name)->column(command_.name);
    if (column == nullptr || !column->identity || column->owned_sequence.empty()) continue;
    catalog_.erase(RelationName(column->owned_sequence));
    edit(name, [this](Relation& relation) {
      for (CatalogColumn& own : relation.columns) {
        if (own.name == command_.name) own.owned_sequence = {};
      }
    });
  }
}

namespace {

/// The command would fail if there were no such column.
bool names_column(std::string_view tag) {
  return tag == "AT_SetNotNull" || tag == "AT_DropNotNull" || tag == "AT_AlterColumnType" ||
         tag == "AT_ColumnDefault" || tag == "AT_AddIdentity";
}

}  // namespace

void CatalogChange::alter_column(std::string_view tag, Relation& relation) {
  const bool is_heard_of =
      relation.columns_open && names_column(tag) && relation.column(command_.name) == nullptr;
  if (is_heard_of) relation.columns.push_back({.name = command_.name, .type = unknown_type()});
  const auto column = std::ranges::find(relation.columns, command_.name, &CatalogColumn::name);
  if (column == relation.columns.end()) return;
  if (tag == "AT_SetNotNull") column->not_null = true;
  if (tag == "AT_DropNotNull") column->not_null = false;
  if (tag == "AT_AlterColumnType" && command_.type) column->type = catalog_.resolve_type(*command_.type);
  if (tag == "AT_ColumnDefault")
    column->default_expression = stored_default(meant(command_.expression), column->type);
  if (tag == "AT_DropExpression" && column->generated != '\0') {
    column->generated = '\0';
    column->default_expression.reset();
  }
  if (tag == "AT_DropIdentity") column->identity = false;
  // Tables that inherit go their own way.
  if (tag == "AT_AddIdentity" && (relation.is_partition || relation.name == target()->name)) {
    column->identity = true;
    // Beside any that the column owns already; partitions draw from that of the partitioned table.
    if (!relation.is_partition) column->owned_sequence = add_owned_sequence(relation.name, column->name);
  }
}

void CatalogChange::add_column() {
  if (command_.columns.empty()) return;
  const ColumnDef& def = command_.columns.front();
  if (is_full(*target()) || target()->column(def.name) != nullptr) return;
  const CatalogColumn column = make_column(def, target()->name);
  const RelationName altered = target()->name;
  for_family([&](Relation& relation) {
    if (relation.column(def.name) != nullptr) return;
    relation.columns.push_back(column);
    if (relation.name == altered) return keep_not_null(def, relation);
    relation.columns.back().inherited = true;
    const Constraint* not_null = def.constraint("CONSTR_NOTNULL");
    if (not_null != nullptr && not_null->is_no_inherit) relation.columns.back().not_null = false;
  });
}

void CatalogChange::rename_in_uses(ColumnUses& uses, const RelationName& table) const {
  for (ColumnUse& use : uses) {
    if (use.relation == table) std::ranges::replace(use.columns, command_.name, command_.new_name);
  }
}

void CatalogChange::rename_in_query(CatalogQuery& query, const RelationName& table) {
  rename_in_uses(query.uses, table);
  // Another relation that it reads may have a column of the old name, too.
  if (contains(query.columns, command_.name)) query.columns.push_back(command_.new_name);
  for (RelationRef& source : query.sources) {
    if (source.name == table && source.where) rename_in_predicate(source.where.edit());
  }
  if (!query.writable || query.writable->base.name != table) return;
  ViewQuery& writable = query.writable.edit();
  if (writable.base.where) rename_in_predicate(writable.base.where.edit());
  for (auto& [column, base] : writable.columns) {
    if (base == command_.name) base = command_.new_name;
  }
}

/// In foreign keys that point to the table, and in the views, policies and rules that read it.
void CatalogChange::rename_elsewhere(const RelationName& name) {
  std::vector<RelationName> others;
  for (const Relation* other : catalog_.referencing(name)) others.push_back(other->name);
  for (const Relation* other : catalog_.readers(name)) others.push_back(other->name);
  for (const Relation* other : catalog_.policed_by(name)) others.push_back(other->name);
  for (const Relation* other : catalog_.ruled_by(name)) others.push_back(other->name);
  for (const RelationName& other : others) {
    edit(other, [&](Relation& relation) {
      for (CatalogConstraint& key : relation.constraints) {
        if (key.referenced == name)
          std::ranges::replace(key.referenced_columns, command_.name, command_.new_name);
      }
      if (relation.stored_query) rename_in_query(relation.stored_query.edit(), name);
      for (CatalogRule& rule : relation.rules) rename_in_uses(rule.uses, name);
      for (CatalogPolicy& policy : relation.policies) {
        rename_in_uses(policy.uses, name);
        if (contains(policy.columns, command_.name)) policy.columns.push_back(command_.new_name);
      }
    });
  }
}

void CatalogChange::rename_in_predicate(Predicate& said) {
  if (said.column == command_.name) said.column = command_.new_name;
  for (Predicate& part : said.parts) rename_in_predicate(part);
}

void CatalogChange::rename_column() {
  const auto rename_in = [this](std::span<Name> names) {
    std::ranges::replace(names, command_.name, command_.new_name);
  };
  const auto rename_in_expression = [&](Expression& expression) {
    rename_in(expression.columns);
    if (expression.canonical) {
      expression.canonical = replace_all(*expression.canonical, "{" + command_.name.str() + "}",
                                         "{" + command_.new_name.str() + "}");
    }
  };
  for (const RelationName& name : family()) {
    edit(name, [&](Relation& relation) {
      for (CatalogColumn& column : relation.columns) {
        if (column.name == command_.name) column.name = command_.new_name;
        if (column.generated != '\0' && column.default_expression)
          rename_in(column.default_expression.edit().columns);
      }
      for (CatalogConstraint& constraint : relation.constraints) {
        rename_in(constraint.columns);
        rename_in(constraint.not_null);
        rename_in(constraint.expression_columns);
        if (constraint.said) rename_in_predicate(constraint.said.edit());
      }
      for (CatalogTrigger& trigger : relation.triggers) rename_in(trigger.columns);
      if (relation.partition_key) rename_in(relation.partition_key.edit().columns);
      if (relation.stored_query) rename_in(relation.stored_query.edit().yields);
    });
    rename_elsewhere(name);
    std::vector<RelationName> sequences;
    for (const Relation* sequence : catalog_.owned_sequences(name)) sequences.push_back(sequence->name);
    for (const RelationName& sequence : sequences) {
      edit(sequence, [&](Relation& relation) {
        if (relation.owner_column == command_.name) relation.owner_column = command_.new_name;
      });
    }
    std::vector<RelationName> indexes;
    for (const Relation* index : catalog_.indexes(name)) indexes.push_back(index->name);
    for (const RelationName& index : indexes) {
      edit(index, [&](Relation& relation) {
        IndexDef& index_def = relation.index.edit();
        for (IndexElement& element : index_def.elements) {
          if (element.column == command_.name) {
            if (element.made_as.empty()) element.made_as = element.column;
            element.column = command_.new_name;
          }
          if (element.expression) rename_in_expression(element.expression.edit());
        }
        rename_in(index_def.including);
        if (index_def.predicate) rename_in_expression(index_def.predicate.edit());
      });
    }
  }
}

}  // namespace pgsluice
