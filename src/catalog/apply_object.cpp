// SPDX-License-Identifier: Apache-2.0
// Sequences, types and other objects.
#include <algorithm>
#include <iterator>
#include <utility>

#include "change.hpp"

namespace pgsluice {

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
    if (constraint.contype == "CONSTR_DEFAULT") type.default_expression = meant(constraint.expression);
  }
  constrain(type);
  catalog_.put_type(std::move(type));
}

/// The constraints of the command, and what the domain is with them.
void CatalogChange::constrain(CatalogType& domain) const {
  for (const Constraint& constraint : command_.constraints) {
    domain.not_null = domain.not_null || constraint.contype == "CONSTR_NOTNULL";
    if (constraint.contype != "CONSTR_CHECK") continue;
    std::string name = constraint.name.str();
    for (int pass = 0; name.empty() || (constraint.name.empty() && contains(domain.checks, name)); ++pass) {
      name = make_object_name(domain.name.relname, {}, pass == 0 ? "check" : "check" + std::to_string(pass));
    }
    domain.checks.emplace_back(name);
    if (constraint.expression)
      std::ranges::copy(meant(constraint.expression->functions), std::back_inserter(domain.functions));
  }
  const CatalogType* base = catalog_.find_type(domain.base);
  domain.constrained = domain.not_null || !domain.checks.empty() || (base != nullptr && base->constrained);
}

void CatalogChange::alter_domain() {
  if (!command_.type) return;
  const CatalogType* found = catalog_.find_type(*command_.type);
  if (found == nullptr) return;
  const std::string_view subtype = command_.text("subtype");
  CatalogType changed = *found;
  if (subtype == "T") changed.default_expression = meant(command_.expression);
  if (subtype == "O" || subtype == "N") changed.not_null = subtype == "O";
  if (subtype == "X" && !command_.names.empty()) std::erase(changed.checks, command_.names.front());
  if (changed.checks.empty()) changed.functions.clear();
  constrain(changed);
  catalog_.put_type(std::move(changed));
}

namespace {

/// ALTER POLICY may change USING and leave WITH CHECK as it is, or the other way round. What the old ones read is only known
/// of both together.
void merge(CatalogPolicy& policy, const CatalogPolicy& old) {
  policy.cmd = old.cmd;
  if (policy.roles.empty()) policy.roles = old.roles;
  const bool is_replaced = (policy.has_using || !old.has_using) && (policy.has_check || !old.has_check);
  policy.has_using = policy.has_using || old.has_using;
  policy.has_check = policy.has_check || old.has_check;
  if (is_replaced) return;
  policy.reads.insert(policy.reads.end(), old.reads.begin(), old.reads.end());
  policy.columns.insert(policy.columns.end(), old.columns.begin(), old.columns.end());
  policy.uses = {};
  policy.functions.insert(policy.functions.end(), old.functions.begin(), old.functions.end());
}

}  // namespace

void CatalogChange::put_policy() {
  CatalogPolicy policy{.name = command_.name,
                       .reads = {},
                       .columns = command_.expression ? Names(command_.expression->columns) : Names{},
                       .uses = column_uses(),
                       .roles = command_.names,
                       .has_using = command_.is("using"),
                       .has_check = command_.is("with_check"),
                       .functions = meant(command_.functions)};
  if (const std::string_view cmd = command_.text("cmd"); !cmd.empty()) policy.cmd = cmd;
  for (const RelationRef& ref : command_.relations) {
    if (ref.role == "source") policy.reads.push_back(catalog_.resolve(ref.name));
  }
  const Relation* table = target();
  if (command_.tag == "AlterPolicyStmt" && table != nullptr) {
    const auto old = std::ranges::find(table->policies, policy.name, &CatalogPolicy::name);
    if (old != table->policies.end()) merge(policy, *old);
  }
  for_target([&](Relation& relation) {
    erase_if(relation.policies, [&](const CatalogPolicy& p) { return p.name == policy.name; });
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
  if (!command_.functions.empty()) put_caller();
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
  // pg: statscmds.c CreateStatistics(): only a name that is chosen goes where the table is.
  const Name first = catalog_.search_path.empty() ? Name("public") : catalog_.search_path.front();
  const Name schema = !command_.new_name.empty() ? command_.new_name
                      : command_.name.empty()    ? resolved.schemaname
                                                 : first;
  const Name name = command_.name.empty() ? free_statistics_name(resolved) : command_.name;
  catalog_.objects().statistics[{schema, name}] = resolved;
}

/// pg: statscmds.c ChooseExtendedStatisticName(), from 16 on.
Name CatalogChange::free_statistics_name(const RelationName& table) const {
  std::string columns;
  for (const Name column : command_.names) columns += (columns.empty() ? "" : "_") + column.str();
  for (int pass = 0;; ++pass) {
    const std::string label = pass == 0 ? "stat" : "stat" + std::to_string(pass);
    const Name name = make_object_name(table.relname, columns, label);
    if (!catalog_.objects_->statistics.contains({table.schemaname, name})) return name;
  }
}

void CatalogChange::publish() {
  std::set<RelationName>& tables = catalog_.objects().publications[command_.name];
  const RelationRef* ref = command_.relation("target");
  if (ref == nullptr) return;
  const RelationName table = catalog_.resolve(ref->name);
  if (command_.text("action") == "AP_DropObjects") {
    tables.erase(table);
    if (ref->only) return;
    for (const Relation* child : catalog_.descendants(table)) tables.erase(child->name);
  } else {
    // SET PUBLICATION leaves too much here: whoever asks gets more tables, not fewer.
    tables.insert(table);
    // pg: publicationcmds.c OpenTableList
    const Relation* parent = catalog_.find(table);
    if (ref->only || parent == nullptr || parent->relkind == relkind::partitioned_table) return;
    for (const Relation* child : catalog_.descendants(table)) tables.insert(child->name);
  }
}

}  // namespace pgsluice
