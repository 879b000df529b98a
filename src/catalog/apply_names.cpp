// SPDX-License-Identifier: Apache-2.0
// RENAME and SET SCHEMA of what is no relation, wherever it is mentioned.
#include <algorithm>
#include <span>
#include <tuple>
#include <utility>

#include "change.hpp"
#include "lost_objects.hpp"
#include "mentions.hpp"
#include "pgsluice/code.hpp"

namespace pgsluice {

namespace {

/// Changes the calls that match, wherever a relation keeps them.
template <typename Matches, typename Change>
struct CallEditor {
  Matches matches;
  Change change;

  bool edit(std::span<FunctionCall> calls) const {
    if (std::ranges::none_of(calls, matches)) return false;
    for (FunctionCall& call : calls) {
      if (matches(call)) change(call);
    }
    return true;
  }
  bool edit(Box<Expression>& expression) const {
    return expression && std::ranges::any_of(expression->functions, matches) &&
           edit(expression.edit().functions);
  }
  bool edit(Relation& relation) const {
    bool found =
        std::ranges::any_of(relation.query().calls, matches) && edit(relation.stored_query.edit().calls);
    for (CatalogColumn& column : relation.columns) found = edit(column.default_expression) || found;
    for (CatalogConstraint& constraint : relation.constraints) found = edit(constraint.functions) || found;
    for (CatalogPolicy& policy : relation.policies) found = edit(policy.functions) || found;
    for (CatalogTrigger& trigger : relation.triggers) found = edit(trigger.when) || found;
    if (!relation.index) return found;
    IndexDef index = *relation.index;
    bool indexed = edit(index.predicate);
    for (IndexElement& element : index.elements) indexed = edit(element.expression) || indexed;
    if (indexed) relation.index = std::move(index);
    return found || indexed;
  }
};

bool names_function(const RelationName& function, Name schema, Name name) {
  return name == function.relname && (schema.empty() || schema == function.schemaname);
}

/// The schemas of search_path in which an object may be, or the one that is written.
Names schemas_of(const Catalog& catalog, Name written) {
  return written.empty() ? catalog.search_path : Names{written};
}

}  // namespace

/// The full name of what RENAME, SET SCHEMA or OWNER TO name, if it is neither a relation nor a type.
RelationName CatalogChange::object_name() const {
  const Name written = command_.names.empty() ? Name() : command_.names.front();
  const std::string_view kind =
      command_.tag == "RenameStmt" ? command_.text("renameType") : command_.text("objectType");
  for (const Name schema : schemas_of(catalog_, written)) {
    const RelationName name{.schemaname = schema, .relname = command_.name};
    const bool statistics = kind == "OBJECT_STATISTIC_EXT";
    const bool found = (statistics && catalog_.objects_->statistics.contains(name)) ||
                       catalog_.objects_->functions.contains(name) ||
                       catalog_.objects_->others.contains({kind, name});
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
  if (kind == "OBJECT_EXTENSION") {
    catalog_.objects().extensions[command_.name].schema = command_.new_name;
    return true;
  }
  if (kind == "OBJECT_EVENT_TRIGGER") {
    for (CatalogEventTrigger& trigger : catalog_.objects().event_triggers) {
      if (trigger.name == command_.name && !to_schema) trigger.name = command_.new_name;
    }
    return true;
  }
  if (kind == "OBJECT_PUBLICATION") {
    auto publication = catalog_.objects().publications.extract(command_.name);
    if (publication.empty()) return true;
    publication.key() = command_.new_name;
    catalog_.objects().publications.insert(std::move(publication));
    return true;
  }
  if (kind != "OBJECT_STATISTIC_EXT") return rename_other(kind, to_schema);
  auto& statistics = catalog_.objects().statistics;
  auto node = statistics.extract(object_name());
  if (node.empty()) return true;
  node.key() = renamed(node.key());
  statistics.insert(std::move(node));
  return true;
}

/// Configurations, collations and servers are mentioned by their own name alone.
bool CatalogChange::rename_other(std::string_view kind, bool to_schema) {
  const RelationName from = object_name();
  if (catalog_.objects_->others.contains({kind, from})) {
    auto node = catalog_.objects().others.extract({kind, from});
    (to_schema ? node.key().second.schemaname : node.key().second.relname) = command_.new_name;
    catalog_.objects().others.insert(std::move(node));
  }
  const bool is_configuration = kind == "OBJECT_TSCONFIGURATION";
  if (!is_configuration && kind != "OBJECT_COLLATION" && kind != "OBJECT_FOREIGN_SERVER") return false;
  if (is_configuration && !to_schema) rename_configuration(from.relname);
  if (to_schema || is_configuration) return true;
  if (kind == "OBJECT_FOREIGN_SERVER") {
    auto server = catalog_.objects().servers.extract(from.relname);
    if (!server.empty()) {
      server.key() = command_.new_name;
      catalog_.objects().servers.insert(std::move(server));
    }
  }
  const auto rename_in = [&](Name& name) {
    const bool is_it = name == from.relname;
    if (is_it) name = command_.new_name;
    return is_it;
  };
  for (const Relation* user : catalog_.all()) {
    Relation copy = *user;
    bool changed = kind == "OBJECT_FOREIGN_SERVER" && rename_in(copy.server);
    if (kind == "OBJECT_COLLATION") {
      for (CatalogColumn& column : copy.columns) changed = rename_in(column.collation) || changed;
      IndexDef index = copy.index ? *copy.index : IndexDef();
      for (IndexElement& element : index.elements) changed = rename_in(element.collation) || changed;
      if (changed && copy.index) copy.index = std::move(index);
    }
    if (changed) edit(user->name, [&](Relation& relation) { relation = std::move(copy); });
  }
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
    if (std::ranges::none_of(view->query().casts, is_it)) continue;
    edit(view->name,
         [&](Relation& relation) { std::ranges::for_each(relation.stored_query.edit().casts, rename_in); });
  }
  const Relation* rows = catalog_.find(from);
  if (rows != nullptr && rows->relkind == relkind::composite_type) move(from, to);
}

template <typename Change>
void CatalogChange::edit_kept_code(Change change) {
  const auto is_kept = [](const CatalogFunction& function) { return is_kept_parsed(function.code); };
  for (const auto& [name, overloads] : catalog_.objects_->functions) {
    if (std::ranges::none_of(overloads, is_kept)) continue;
    for (CatalogFunction& function : catalog_.objects().functions.at(name)) {
      if (!is_kept(function)) continue;
      for (CodeStep& step : function.code.edit().body.edit().steps) change(step.statement);
    }
  }
}

/// Who calls it keeps calling it.
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
  for (CatalogEventTrigger& trigger : catalog_.objects().event_triggers) {
    if (names_function(from, trigger.function.schemaname, trigger.function.relname)) trigger.function = to;
  }
  const CallEditor renamer{
      .matches =
          [&from](const FunctionCall& call) { return names_function(from, call.schemaname, call.name); },
      .change =
          [&to](FunctionCall& call) {
            std::tie(call.schemaname, call.name) = std::tie(to.schemaname, to.relname);
          }};
  edit_kept_code([&](Statement& statement) {
    for (Command& command : statement.commands) renamer.edit(command.functions);
  });
  for (const Relation* caller : catalog_.all()) {
    Relation copy = *caller;
    bool changed = renamer.edit(copy);
    for (CatalogTrigger& trigger : copy.triggers) {
      if (!names_function(from, trigger.function.schemaname, trigger.function.relname)) continue;
      trigger.function = to;
      changed = true;
    }
    if (changed) edit(caller->name, [&](Relation& relation) { relation = std::move(copy); });
  }
}

/// A text search configuration is a constant in the expressions that use it.
void CatalogChange::rename_configuration(Name from) {
  const CallEditor renamer{
      .matches = [from](const FunctionCall& call) { return named_configuration(call) == from; },
      .change = [this](FunctionCall& call) { call.texts.edit().front().value = command_.new_name.str(); }};
  for (const Relation* caller : catalog_.all()) {
    Relation copy = *caller;
    if (renamer.edit(copy)) edit(caller->name, [&](Relation& relation) { relation = std::move(copy); });
  }
}

void CatalogChange::move_mentions(const RelationName& from, const RelationName& to) {
  edit_kept_code([&](Statement& statement) {
    for_each_relation_name(statement, [&](RelationName& name) {
      if (name == from) name = to;
    });
  });
  const auto is_it = [&from](const auto& entry) { return entry.second == from; };
  if (std::ranges::any_of(catalog_.objects_->statistics, is_it)) {
    for (auto& [name, table] : catalog_.objects().statistics) {
      if (table == from) table = to;
    }
  }
  const auto rename_in = [&](std::set<RelationName>& names) {
    if (names.erase(from) > 0) names.insert(to);
  };
  const auto publishes = [&from](const auto& entry) { return entry.second.contains(from); };
  if (std::ranges::any_of(catalog_.objects_->publications, publishes)) {
    for (auto& [name, tables] : catalog_.objects().publications) rename_in(tables);
  }
  const auto has = [&from](const auto& entry) { return entry.second.relations.contains(from); };
  if (std::ranges::any_of(catalog_.objects_->extensions, has)) {
    for (auto& [name, extension] : catalog_.objects().extensions) rename_in(extension.relations);
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
  for (auto& [name, extension] : catalog_.objects().extensions) {
    if (extension.schema == schema) extension.schema = command_.new_name;
  }
  auto node = catalog_.objects().schemas.extract(schema);
  if (node.empty()) return;
  node.key() = command_.new_name;
  catalog_.objects().schemas.insert(std::move(node));
}

}  // namespace pgsluice
