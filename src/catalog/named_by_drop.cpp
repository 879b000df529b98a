// SPDX-License-Identifier: Apache-2.0
// What a DROP names; what goes along with that is the business of dependencies.cpp.
#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

#include "dependencies.hpp"
#include "object_names.hpp"

namespace pgsluice {

namespace {

using Kind = CatalogObject::Kind;

bool is_any(std::string_view kind, auto... kinds) {
  return ((kind == kinds) || ...);
}

/// pg_attribute.attinhcount: the child has the column from another table as well, which keeps it.
bool has_from_elsewhere(const Catalog& catalog, const Relation& child, Name column,
                        std::span<const RelationName> losing) {
  return std::ranges::any_of(child.parents, [&](const RelationName& name) {
    const Relation* parent = catalog.find(name);
    return parent != nullptr && parent->column(column) != nullptr &&
           std::ranges::find(losing, name) == losing.end();
  });
}

/// The target and, unless ONLY is written, what inherits the column from it; of a composite type, the tables OF it.
std::vector<RelationName> losing(const Catalog& catalog, const RelationRef& target, Name column) {
  std::vector<RelationName> names = {catalog.resolve(target.name)};
  const Relation* type = catalog.find(names.front());
  if (type != nullptr && type->relkind == relkind::composite_type) {
    for (const Relation* table : catalog.typed(type->name)) {
      if (table->of_type == type->name) names.push_back(table->name);
    }
  }
  for (std::size_t i = 0; i < names.size() && !target.only; ++i) {
    for (const Relation* child : catalog.children(names[i])) {
      const CatalogColumn* own = child->column(column);
      if (own != nullptr && !own->inherited) continue;
      if (has_from_elsewhere(catalog, *child, column, names)) continue;
      if (std::ranges::find(names, child->name) == names.end()) names.push_back(child->name);
    }
  }
  return names;
}

CatalogObject named_type(const Catalog& catalog, const TypeName& type) {
  if (const CatalogType* found = catalog.find_type(type)) return object(Kind::type, found->name);
  const Relation* rows = catalog.find(name_of(type));
  return object(Kind::type, rows != nullptr ? rows->name : name_of(type));
}

/// What DROP names, but for relations and their parts.
CatalogObject named_object(const Catalog& catalog, const Command& command) {
  const std::string_view kind = command.text("removeType");
  const RelationName name{.schemaname = command.new_name, .relname = command.name};
  if (is_any(kind, "OBJECT_TYPE", "OBJECT_DOMAIN") && command.type) return named_type(catalog, *command.type);
  const FunctionCall call{.schemaname = name.schemaname, .name = name.relname};
  if (is_any(kind, "OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE"))
    return object(Kind::function, catalog.function_name(call));
  if (kind == "OBJECT_OPERATOR") return object(Kind::other, catalog.function_name(call), kind);
  if (kind == "OBJECT_SCHEMA") return object(Kind::schema, name);
  if (kind == "OBJECT_EXTENSION") return object(Kind::extension, name);
  if (kind == "OBJECT_STATISTIC_EXT") return object(Kind::statistics, catalog.statistics_name(name));
  return object(Kind::other, name, kind);
}

}  // namespace

std::vector<CatalogObject> named_by_drop(const Catalog& catalog, const Command& command) {
  const RelationRef* target = command.relation("target");
  const bool column = command.tag == "AT_DropColumn";
  std::vector<CatalogObject> named;
  if (target != nullptr && command.tag == "AT_DropConstraint") {
    named.push_back(part_object(Kind::constraint, catalog.resolve(target->name), command.name));
  } else if (target != nullptr && column) {
    for (const RelationName& name : losing(catalog, *target, command.name))
      named.push_back(part_object(Kind::column, name, command.name));
  } else if (target != nullptr && command.tag == "DropStmt") {
    const std::string_view kind = command.text("removeType");
    const Kind part = kind == "OBJECT_TRIGGER"  ? Kind::trigger
                      : kind == "OBJECT_POLICY" ? Kind::policy
                      : kind == "OBJECT_RULE"   ? Kind::rule
                                                : Kind::relation;
    const RelationName name = catalog.resolve(target->name);
    named.push_back(part == Kind::relation ? relation_object(name) : part_object(part, name, command.name));
  } else if (command.tag == "DropStmt") {
    named.push_back(named_object(catalog, command));
  } else if (command.tag == "DropOwnedStmt" || command.tag == "ReassignOwnedStmt") {
    named = owned_objects(catalog, command.names);
  }
  return named;
}

Cascade cascade_of(const Command& command) {
  return command.text("behavior") == "DROP_CASCADE" ? Cascade::yes : Cascade::no;
}

}  // namespace pgsluice
