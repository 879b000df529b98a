// SPDX-License-Identifier: Apache-2.0
// Views, sequences, types and other objects.
#include <algorithm>
#include <iterator>
#include <utility>

#include "change.hpp"

namespace pgsluice {

void CatalogChange::create_view(char kind) {
  const RelationName name = new_name();
  if (name.empty()) return;
  const Relation* old = catalog_.find(name);
  if (old != nullptr && !command_.is("replace")) return;
  Relation view{.name = name, .relkind = kind};
  if (name.schemaname == "pg_temp") view.relpersistence = 't';
  if (kind != relkind::table) {
    for (const RelationRef& ref : command_.relations) {
      if (ref.role == "source" || ref.role == "locked") view.reads.push_back(catalog_.resolve(ref.name));
    }
    view.reads_columns = command_.names;
    view.view = command_.view;
    if (view.view) view.view = resolved(*view.view);
    view.calls = command_.functions;
    view.grouped = command_.is("grouped");
    if (command_.expression) {
      for (const TypeName& cast : command_.expression->casts)
        view.casts.push_back(catalog_.resolve_type(cast));
    }
  }
  catalog_.put(std::move(view));
}

/// A star stands for the columns that there are now.
ViewQuery CatalogChange::resolved(ViewQuery query) const {
  query.base.name = catalog_.resolve(query.base.name);
  const Relation* base = catalog_.find(query.base.name);
  if (!query.star || base == nullptr) return query;
  query.star = false;
  for (const CatalogColumn& column : base->columns) query.columns.emplace_back(column.name, column.name);
  return query;
}

void CatalogChange::sequence() {
  const RelationName name = new_name();
  if (name.empty()) return;
  const Relation* found = catalog_.find(name);
  Relation relation = found != nullptr ? *found : Relation{.name = name, .relkind = relkind::sequence};
  if (found == nullptr && command_.tag == "AlterSeqStmt") return;
  const RelationRef* owner = command_.relation("owner_table");
  if (owner != nullptr || contains(command_.names, "owned_by")) {
    relation.owner_table = owner != nullptr ? catalog_.resolve(owner->name) : RelationName{};
    relation.owner_column = command_.new_name;
  }
  catalog_.put(std::move(relation));
}

void CatalogChange::composite() {
  const RelationName name = new_name();
  Relation relation{.name = name, .relkind = relkind::composite_type};
  for (const ColumnDef& def : command_.columns)
    relation.columns.push_back({.name = def.name, .type = catalog_.resolve_type(def.type)});
  catalog_.put(std::move(relation));
  catalog_.put_type({.name = name, .typtype = 'c', .owner = catalog_.role});
}

void CatalogChange::create_type() {
  CatalogType type{.name = type_full_name(), .typtype = command_.tag == "CreateEnumStmt" ? 'e' : 'd'};
  type.owner = catalog_.role;
  if (command_.type) type.base = catalog_.resolve_type(*command_.type);
  for (const Constraint& constraint : command_.constraints) {
    if (constraint.contype == "CONSTR_DEFAULT") type.default_expression = constraint.expression;
  }
  for (const Constraint& constraint : command_.constraints) {
    if (constraint.contype != "CONSTR_CHECK" || !constraint.expression) continue;
    std::ranges::copy(constraint.expression->functions, std::back_inserter(type.functions));
  }
  type.constrained = std::ranges::any_of(command_.constraints, [](const Constraint& constraint) {
    return constraint.contype == "CONSTR_CHECK" || constraint.contype == "CONSTR_NOTNULL";
  });
  if (command_.type && !type.constrained) {
    const CatalogType* base = catalog_.find_type(*command_.type);
    type.constrained = base != nullptr && base->constrained;
  }
  catalog_.put_type(std::move(type));
}

void CatalogChange::alter_domain() {
  if (!command_.type) return;
  const CatalogType* found = catalog_.find_type(*command_.type);
  const std::string_view subtype = command_.text("subtype");
  if (found == nullptr || subtype.find_first_of("COT") == std::string_view::npos) return;
  CatalogType changed = *found;
  if (subtype == "T") {
    changed.default_expression = command_.expression;
  } else {
    changed.constrained = true;
    for (const Constraint& constraint : command_.constraints) {
      if (constraint.expression)
        std::ranges::copy(constraint.expression->functions, std::back_inserter(changed.functions));
    }
  }
  catalog_.put_type(std::move(changed));
}

namespace {

void merge(CatalogPolicy& policy, const CatalogPolicy& old) {
  policy.cmd = old.cmd;
  if (policy.roles.empty()) policy.roles = old.roles;
  policy.reads.insert(policy.reads.end(), old.reads.begin(), old.reads.end());
  policy.columns.insert(policy.columns.end(), old.columns.begin(), old.columns.end());
  policy.functions.insert(policy.functions.end(), old.functions.begin(), old.functions.end());
}

}  // namespace

void CatalogChange::put_policy() {
  CatalogPolicy policy{.name = command_.name,
                       .reads = {},
                       .columns = command_.expression ? command_.expression->columns : Names{},
                       .roles = command_.names,
                       .functions = command_.functions};
  if (const std::string_view cmd = command_.text("cmd"); !cmd.empty()) policy.cmd = cmd;
  for (const RelationRef& ref : command_.relations) {
    if (ref.role == "source") policy.reads.push_back(catalog_.resolve(ref.name));
  }
  const Relation* table = target();
  if (command_.tag == "AlterPolicyStmt" && table != nullptr) {
    // It may change USING and leave WITH CHECK as it is, or the other way round: both count.
    const auto old = std::ranges::find(table->policies, policy.name, &CatalogPolicy::name);
    if (old != table->policies.end()) merge(policy, *old);
  }
  for_target([&](Relation& relation) {
    std::erase_if(relation.policies, [&](const CatalogPolicy& p) { return p.name == policy.name; });
    relation.policies.push_back(policy);
  });
}

/// What DefineStmt and its kin make: a base type or range, a collation, a text search configuration …
void CatalogChange::define() {
  const std::string_view kind = command_.text("objtype");
  if (kind == "OBJECT_TYPE") {
    const char typtype = command_.tag == "CreateRangeStmt" ? 'r' : 'b';
    return catalog_.put_type({.name = type_full_name(), .typtype = typtype, .owner = catalog_.role});
  }
  catalog_.objects().others.emplace(std::pair(kind, type_full_name()), catalog_.role);
}

void CatalogChange::create_extension() {
  const bool made = catalog_.objects().extensions.try_emplace(command_.name).second;
  if (made) catalog_.objects().extensions[command_.name].schema = type_full_name().schemaname;
}

void CatalogChange::alter_extension() {
  if (command_.names.empty()) return;
  CatalogExtension& extension = catalog_.objects().extensions[command_.names.front()];
  const auto set = [this](std::set<RelationName>& members, const RelationName& member) {
    if (command_.is("add")) {
      members.insert(member);
    } else {
      members.erase(member);
    }
  };
  const std::string_view kind =
      command_.tag == "AlterObjectDependsStmt" ? command_.text("objectType") : command_.text("objtype");
  const RelationRef* ref = command_.relation("target");
  if (kind == "OBJECT_TRIGGER") return;  // it goes alone
  if (ref != nullptr) {
    set(extension.relations, catalog_.resolve(ref->name));
  } else if (command_.type) {
    const CatalogType* type = catalog_.find_type(*command_.type);
    if (type != nullptr) set(extension.types, type->name);
  } else if (kind == "OBJECT_FUNCTION" || kind == "OBJECT_PROCEDURE" || kind == "OBJECT_ROUTINE") {
    set(extension.functions,
        catalog_.function_name({.schemaname = command_.new_name, .name = command_.name}));
  }
}

void CatalogChange::create_statistics() {
  const RelationRef* table = command_.relation("target");
  if (table == nullptr) return;
  const RelationName resolved = catalog_.resolve(table->name);
  const Name schema = command_.new_name.empty() ? resolved.schemaname : command_.new_name;
  catalog_.objects().statistics[{schema, command_.name}] = resolved;
}

void CatalogChange::publish() {
  std::set<RelationName>& tables = catalog_.objects().publications[command_.name];
  const RelationRef* ref = command_.relation("target");
  if (ref == nullptr) return;
  const RelationName table = catalog_.resolve(ref->name);
  if (command_.text("action") == "AP_DropObjects") {
    tables.erase(table);
  } else {
    // SET PUBLICATION leaves too much here: whoever asks gets more tables, not fewer.
    tables.insert(table);
  }
}

}  // namespace pgsluice
