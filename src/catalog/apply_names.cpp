// SPDX-License-Identifier: Apache-2.0
// RENAME and SET SCHEMA of what is no relation, wherever it is mentioned.
#include <algorithm>
#include <tuple>
#include <utility>

#include "change.hpp"
#include "pgsluice/code.hpp"

namespace pgsluice {

namespace {

/// The schemas of search_path in which an object may be, or the one that is written.
Names schemas_of(const Catalog& catalog, Name written) {
  return written.empty() ? catalog.search_path : Names{written};
}

}  // namespace

/// Of what RENAME, SET SCHEMA or OWNER TO name, a function or statistics object.
RelationName CatalogChange::object_name() const {
  const Name written = command_.names.empty() ? Name() : command_.names.front();
  const bool statistics = command_.text("renameType") == "OBJECT_STATISTIC_EXT" ||
                          command_.text("objectType") == "OBJECT_STATISTIC_EXT";
  for (const Name schema : schemas_of(catalog_, written)) {
    const RelationName name{.schemaname = schema, .relname = command_.name};
    const bool found = statistics ? catalog_.objects_->statistics.contains(name)
                                  : catalog_.objects_->functions.contains(name);
    if (found) return name;
  }
  return {.schemaname = written, .relname = command_.name};
}

bool CatalogChange::rename_object(std::string_view kind, bool to_schema) {
  const auto renamed = [&](RelationName name) {
    (to_schema ? name.schemaname : name.relname) = command_.new_name;
    return name;
  };
  if (kind == "OBJECT_TYPE" || kind == "OBJECT_DOMAIN") {
    const CatalogType* type = command_.type ? catalog_.find_type(*command_.type) : nullptr;
    if (type != nullptr) move_type(type->name, renamed(type->name));
    return true;
  }
  if (kind == "OBJECT_FUNCTION" || kind == "OBJECT_PROCEDURE" || kind == "OBJECT_ROUTINE") {
    move_function(object_name(), renamed(object_name()));
    return true;
  }
  if (kind != "OBJECT_STATISTIC_EXT") return false;
  auto& statistics = catalog_.objects().statistics;
  auto node = statistics.extract(object_name());
  if (node.empty()) return true;
  node.key() = renamed(node.key());
  statistics.insert(std::move(node));
  return true;
}

void CatalogChange::move_type(RelationName from, const RelationName& to) {
  const auto rename_in = [&](TypeName& type) {
    if (type.schemaname == from.schemaname && type.name == from.relname)
      std::tie(type.schemaname, type.name) = std::tie(to.schemaname, to.relname);
  };
  auto& types = catalog_.objects().types;
  auto node = types.extract(from);
  if (!node.empty()) {
    node.key() = to;
    node.mapped().name = to;
    types.insert(std::move(node));
  }
  for (auto& [name, type] : types) rename_in(type.base);
  std::vector<RelationName> users;
  for (const Relation* user : catalog_.typed(from)) users.push_back(user->name);
  for (const RelationName& user : users) {
    edit(user, [&](Relation& relation) {
      for (CatalogColumn& column : relation.columns) rename_in(column.type);
      if (relation.of_type == from) relation.of_type = to;
    });
  }
  const auto is_it = [&from](const TypeName& type) {
    return type.schemaname == from.schemaname && type.name == from.relname;
  };
  for (const Relation* view : catalog_.all()) {
    if (std::ranges::none_of(view->casts, is_it)) continue;
    edit(view->name, [&](Relation& relation) { std::ranges::for_each(relation.casts, rename_in); });
  }
  const Relation* rows = catalog_.find(from);
  if (rows != nullptr && rows->relkind == relkind::composite_type) move(from, to);
}

/// Triggers follow it; expressions are stored as they are written, and what they call by its old name is not known.
void CatalogChange::move_function(RelationName from, const RelationName& to) {
  auto& functions = catalog_.objects().functions;
  const auto found = functions.find(from);
  if (found == functions.end()) return;
  std::vector<CatalogFunction> moved = std::move(found->second);
  functions.erase(found);
  for (CatalogFunction& function : moved) {
    function.name = to;
    functions[to].push_back(std::move(function));
  }
  const auto is_it = [&](Name schema, Name name) {
    return name == from.relname && (schema.empty() || schema == from.schemaname);
  };
  for (const Relation* table : catalog_.all()) {
    const auto fires = [&](const CatalogTrigger& t) {
      return is_it(t.function.schemaname, t.function.relname);
    };
    if (std::ranges::none_of(table->triggers, fires)) continue;
    edit(table->name, [&](Relation& relation) {
      for (CatalogTrigger& trigger : relation.triggers) {
        if (fires(trigger)) trigger.function = to;
      }
    });
  }
}

/// ALTER SCHEMA … RENAME takes everything along.
void CatalogChange::rename_members(Name schema) {
  const auto inside = [schema](const auto& entry) { return entry.first.schemaname == schema; };
  const auto names_in = [&](const auto& map) {
    std::vector<RelationName> names;
    for (const auto& entry : map) {
      if (inside(entry)) names.push_back(entry.first);
    }
    return names;
  };
  const auto moved = [this](const RelationName& name) {
    return RelationName{.schemaname = command_.new_name, .relname = name.relname};
  };
  for (const RelationName& name : names_in(catalog_.objects_->types)) move_type(name, moved(name));
  for (const RelationName& name : names_in(catalog_.objects_->functions)) move_function(name, moved(name));
  auto& statistics = catalog_.objects().statistics;
  for (const RelationName& name : names_in(statistics)) {
    auto node = statistics.extract(name);
    node.key() = moved(name);
    statistics.insert(std::move(node));
  }
  auto node = catalog_.objects().schemas.extract(schema);
  if (node.empty()) return;
  node.key() = command_.new_name;
  catalog_.objects().schemas.insert(std::move(node));
}

}  // namespace pgsluice
