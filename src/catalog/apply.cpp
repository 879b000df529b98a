// SPDX-License-Identifier: Apache-2.0
// The replay of migrations, with no database: what each command does to the catalog, by subject.
#include "change.hpp"

namespace pgsluice {

void CatalogChange::run() {
  const std::string_view tag = command_.tag;
  if (tag.starts_with("AT_")) return alter_table(tag);
  if (tag == "CreateStmt" || tag == "CreateForeignTableStmt") return create_table();
  if (tag == "IndexStmt") return create_index();
  if (tag == "DropStmt" || tag == "DropOwnedStmt") return drop();
  if (tag == "ReassignOwnedStmt") return reassign_owned();
  if (tag == "AlterOwnerStmt") return alter_owner();
  if (tag == "RenameStmt") return rename();
  if (tag == "AlterObjectSchemaStmt") return set_schema();
  if (tag == "ViewStmt") return create_view(relkind::view);
  if (tag == "CreateTableAsStmt") {
    return create_view(command_.text("objtype") == "OBJECT_MATVIEW" ? relkind::materialized_view
                                                                    : relkind::table);
  }
  if (tag == "SelectStmt" && command_.is("into")) return create_view(relkind::table);
  if (tag == "CreateSeqStmt" || tag == "AlterSeqStmt") return sequence();
  if (tag == "CompositeTypeStmt") return composite();
  if (tag == "CreateDomainStmt" || tag == "CreateEnumStmt") return create_type();
  if (tag == "AlterDomainStmt") return alter_domain();
  if (tag == "CreateFunctionStmt") return create_function();
  if (tag == "AlterFunctionStmt") return alter_function();
  if (tag == "CreateTrigStmt") return create_trigger();
  if (tag == "CreateEventTrigStmt") return create_event_trigger();
  if (tag == "AlterEventTrigStmt") return enable_event_trigger();
  if (tag == "CreatePolicyStmt" || tag == "AlterPolicyStmt") return put_policy();
  if (tag == "RuleStmt") return create_rule();
  if (tag == "CreateStatsStmt") return create_statistics();
  if (tag == "CreateExtensionStmt") return create_extension();
  if (tag == "AlterExtensionContentsStmt" || tag == "AlterObjectDependsStmt") return alter_extension();
  if (tag == "DefineStmt" || tag == "CreateRangeStmt" || tag == "CreateOpClassStmt") return define();
  if (tag == "CreateSchemaStmt") {
    catalog_.objects().schemas.emplace(command_.name, new_owner());
    return;
  }
  if (tag == "CreateForeignServerStmt") {
    const RelationName name{.schemaname = {}, .relname = command_.name};
    Catalog::Objects& objects = catalog_.objects();
    if (objects.others.emplace(std::pair("OBJECT_FOREIGN_SERVER", name), catalog_.role).second)
      objects.servers[command_.name] = command_.new_name;
    return;
  }
  if (tag == "CreatePublicationStmt" || tag == "AlterPublicationStmt") return publish();
  if (tag == "TruncateStmt" || (tag == "VacuumStmt" && command_.is("is_vacuumcmd"))) {
    return for_family([](Relation& relation) { relation.rows_deleted = false; });
  }
  if (tag == "RefreshMatViewStmt") {
    return for_target([this](Relation& view) { view.unpopulated = command_.is("skipData"); });
  }
  if (tag == "DiscardStmt") return discard();
  if (tag == "ClusterStmt" && !command_.name.empty()) return cluster_on(command_.name);
}

const Relation* CatalogChange::target() const {
  const RelationRef* ref = command_.relation("target");
  return ref != nullptr ? catalog_.find(ref->name) : nullptr;
}

RelationName CatalogChange::new_name() const {
  const RelationRef* ref = command_.relation("target");
  return ref != nullptr ? catalog_.resolve(ref->name) : RelationName{};
}

bool CatalogChange::recurses() const {
  const RelationRef* ref = command_.relation("target");
  return ref != nullptr && !ref->only;
}

std::vector<RelationName> CatalogChange::family() const {
  std::vector<RelationName> names;
  const Relation* relation = target();
  if (relation == nullptr) return names;
  names.push_back(relation->name);
  if (relation->relkind == relkind::composite_type) {
    for (const Relation* other : catalog_.all()) {
      if (other->of_type == relation->name) names.push_back(other->name);
    }
  }
  if (!recurses()) return names;
  for (const Relation* child : catalog_.descendants(relation->name)) names.push_back(child->name);
  return names;
}

RelationName CatalogChange::type_full_name() const {
  const Name schema = !command_.new_name.empty()     ? command_.new_name
                      : catalog_.search_path.empty() ? Name("public")
                                                     : catalog_.search_path.front();
  return {.schemaname = schema, .relname = command_.name};
}

void Catalog::apply(const Command& command) {
  CatalogChange(*this, command).run();
}

}  // namespace pgsluice
