// SPDX-License-Identifier: Apache-2.0
// RENAME and SET SCHEMA.
#include <algorithm>
#include <tuple>
#include <utility>

#include "change.hpp"
#include "mentions.hpp"

namespace pgsluice {

namespace {

/// The statements of a rule name relations as they were written, but mean what that was then.
void rename_in_rule(std::vector<Statement>& actions, const RelationName& from, const RelationName& to) {
  for (Statement& action : actions) {
    for_each_relation_name(action, [&](RelationName& name) {
      const bool same_schema = name.schemaname.empty() || name.schemaname == from.schemaname;
      if (name.relname == from.relname && same_schema) name = to;
    });
  }
}

}  // namespace

void CatalogChange::rename() {
  const std::string_view type = command_.text("renameType");
  if (type == "OBJECT_SCHEMA") return rename_schema();
  if (rename_object(type, false)) return;
  const Relation* relation = target();
  if (relation == nullptr) return forget_constraints();
  if (type == "OBJECT_COLUMN" || type == "OBJECT_ATTRIBUTE") return rename_column();
  if (type == "OBJECT_TABCONSTRAINT") return rename_constraint();
  if (type == "OBJECT_TRIGGER") return rename_trigger();
  if (type == "OBJECT_RULE") return rename_part(&Relation::rules);
  if (type == "OBJECT_POLICY") return rename_part(&Relation::policies);
  const RelationName old_name = relation->name;
  if (relation->relkind == relkind::table || relation->relkind == relkind::partitioned_table)
    edit(old_name, [](Relation& table) { name_not_nulls(Relation(table), table); });
  relation = catalog_.find(old_name);
  if (!relation->table.empty()) rename_constraint_of(*relation);
  move(old_name, {.schemaname = old_name.schemaname, .relname = command_.new_name});
}

void CatalogChange::rename_schema() {
  std::vector<RelationName> members;
  for (const Relation* relation : catalog_.all()) {
    if (relation->name.schemaname == command_.name) members.push_back(relation->name);
  }
  for (const RelationName& name : members)
    move(name, {.schemaname = command_.new_name, .relname = name.relname});
  rename_members(command_.name);
}

void CatalogChange::set_schema() {
  if (rename_object(command_.text("objectType"), true)) return;
  const Relation* relation = target();
  if (relation == nullptr) return;
  const RelationName name = relation->name;
  std::vector<RelationName> along;
  for (const Relation* index : catalog_.indexes(name)) along.push_back(index->name);
  for (const Relation* owned : catalog_.owned_sequences(name)) along.push_back(owned->name);
  along.push_back(name);
  for (const RelationName& moved : along)
    move(moved, {.schemaname = command_.new_name, .relname = moved.relname});
}

void CatalogChange::move(RelationName from, const RelationName& to) {
  const auto rename_in = [&](RelationName& name) {
    if (name == from) name = to;
  };
  const auto rename_in_uses = [&](ColumnUses& uses) {
    for (ColumnUse& use : uses) rename_in(use.relation);
  };
  std::vector<RelationName> touched{from};
  if (const Relation* moved = catalog_.find(from); moved != nullptr && !moved->owner_table.empty())
    touched.push_back(moved->owner_table);  // its column says which sequence it owns
  for (const auto& list :
       {catalog_.indexes(from), catalog_.children(from), catalog_.readers(from), catalog_.referencing(from),
        catalog_.owned_sequences(from), catalog_.policed_by(from), catalog_.ruled_by(from),
        catalog_.typed(from), catalog_.drawing_from(from)}) {
    for (const Relation* relation : list) touched.push_back(relation->name);
  }
  const Relation* moved = catalog_.find(from);
  if (moved != nullptr && !moved->owner_table.empty()) touched.push_back(moved->owner_table);
  for (const RelationName& name : touched) {
    const Relation* found = catalog_.find(name);
    if (found == nullptr) continue;
    Relation copy = *found;
    catalog_.erase(name);
    rename_in(copy.name);
    rename_in(copy.table);
    rename_in(copy.owner_table);
    for (RelationName& parent : copy.parents) rename_in(parent);
    if (copy.stored_query) {
      CatalogQuery& query = copy.stored_query.edit();
      std::ranges::for_each(query.reads, rename_in);
      rename_in_uses(query.uses);
      for (RelationRef& source : query.sources) rename_in(source.name);
      if (query.writable && catalog_.resolve(query.writable->base.name) == from)
        query.writable.edit().base.name = to;
    }
    rename_in(copy.of_type);
    for (CatalogPolicy& policy : copy.policies) {
      std::ranges::for_each(policy.reads, rename_in);
      rename_in_uses(policy.uses);
    }
    for (CatalogRule& rule : copy.rules) {
      std::ranges::for_each(rule.reads, rename_in);
      rename_in_uses(rule.uses);
      if (rule.actions) rename_in_rule(rule.actions.edit(), from, to);
    }
    for (CatalogColumn& column : copy.columns) {
      if (column.type.schemaname == from.schemaname && column.type.name == from.relname)
        std::tie(column.type.schemaname, column.type.name) = std::tie(to.schemaname, to.relname);
    }
    for (CatalogConstraint& constraint : copy.constraints) rename_in(constraint.referenced);
    for (CatalogColumn& column : copy.columns) {
      rename_in(column.owned_sequence);
      if (!column.default_expression || column.default_expression->sequences.empty()) continue;
      for (RelationName& sequence : column.default_expression.edit().sequences) {
        const bool same_schema = sequence.schemaname.empty() || sequence.schemaname == from.schemaname;
        if (sequence.relname == from.relname && same_schema) sequence = to;
      }
    }
    catalog_.store(std::move(copy));  // another name does not make it new
  }
  move_mentions(from, to);
}

}  // namespace pgsluice
