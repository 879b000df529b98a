// SPDX-License-Identifier: Apache-2.0
// Lookup. What commands do to the catalog is in apply*.cpp.
#include "pgsluice/catalog.hpp"
#include "pgsluice/code.hpp"

#include <algorithm>
#include <utility>

#include "base/utf8.hpp"
#include "builtins.hpp"
#include "object_names.hpp"
#include "overloads.hpp"

namespace pgsluice {

namespace {

Name temporary_schema() {
  static const Name k_name = "pg_temp";
  return k_name;
}

/// Cuts to `size` bytes without cutting a character: pg_mbcliplen().
std::string_view clip(std::string_view text, std::size_t size) {
  return text.substr(0, utf8_floor(text, size));
}

/// So many arguments fit, as far as the number says.
bool takes(const CatalogFunction& function, int arguments) {
  if (!function.code) return true;
  const auto most = static_cast<int>(function.code->parameters.size());
  return arguments >= function.code->required - (function.code->variadic ? 1 : 0) &&
         (arguments <= most || function.code->variadic);
}

}  // namespace

bool is_system(const RelationName& name) {
  if (name.schemaname.empty()) return name.relname.starts_with("pg_");
  return name.schemaname == "pg_catalog" || name.schemaname == "information_schema";
}

bool may_use(const ColumnUses& uses, std::span<const Name> names, const RelationName& relation, Name column) {
  const auto contains = [](std::span<const Name> list, Name name) {
    return std::ranges::find(list, name) != list.end();
  };
  const auto use = std::ranges::find(uses, relation, &ColumnUse::relation);
  if (use != uses.end()) return contains(use->columns, column);
  return contains(names, column) || contains(names, "*");
}

const CatalogQuery& Relation::query() const {
  static const CatalogQuery k_none;
  return stored_query ? *stored_query : k_none;
}

const CatalogColumn* Relation::column(Name column_name) const {
  const auto found = std::ranges::find(columns, column_name, &CatalogColumn::name);
  return found != columns.end() ? &*found : nullptr;
}

const CatalogConstraint* Relation::find_constraint(Name constraint_name) const {
  const auto found = std::ranges::find(constraints, constraint_name, &CatalogConstraint::name);
  return found != constraints.end() ? &*found : nullptr;
}

const Relation* Catalog::find(const RelationName& name) const {
  const auto at = [this](const RelationName& full) -> const Relation* {
    const Shared<Relation>* found = relations_.find(full);
    return found != nullptr ? found->get() : nullptr;
  };
  if (!name.schemaname.empty()) return at(name);
  // Before all others, unless search_path says where: namespace.c recomputeNamespacePath()
  if (had_temporary_ && std::ranges::find(search_path, temporary_schema()) == search_path.end()) {
    if (const Relation* temporary = at({temporary_schema(), name.relname})) return temporary;
  }
  for (const Name schema : search_path) {
    if (const Relation* relation = at({schema, name.relname})) return relation;
  }
  return nullptr;
}

bool Catalog::is_missing(const RelationName& name) const {
  return find(name) == nullptr && !is_system(name) && (complete || dropped_.contains(resolve(name)));
}

bool Catalog::is_unheard_of(const RelationName& name) const {
  return history_ && !gap_ && find(name) == nullptr && !is_system(name);
}

void Catalog::lose_track() {
  complete = false;
  gap_ = true;
  for (const RelationName& name : dropped_) remember(name);
  dropped_.clear();
}

RelationName Catalog::resolve(const RelationName& name) const {
  if (const Relation* relation = find(name)) return relation->name;
  if (!name.schemaname.empty()) return name;
  return {.schemaname = search_path.empty() ? "public" : search_path.front(), .relname = name.relname};
}

std::vector<Catalog::Link> Catalog::links_of(const Relation& relation) {
  std::vector<Link> links;
  for (const RelationName& parent : relation.parents) {
    links.push_back({LinkKind::child, parent});
    if (relation.is_default_partition) links.push_back({LinkKind::default_partition, parent});
  }
  for (const RelationName& read : relation.query().reads) links.push_back({LinkKind::reader, read});
  for (const CatalogConstraint& constraint : relation.constraints) {
    if (!constraint.referenced.empty()) links.push_back({LinkKind::referencing, constraint.referenced});
  }
  for (const CatalogPolicy& policy : relation.policies) {
    for (const RelationName& read : policy.reads) links.push_back({LinkKind::policy, read});
  }
  for (const CatalogRule& rule : relation.rules) {
    for (const RelationName& used : rule.reads) links.push_back({LinkKind::rule, used});
  }
  for (const CatalogColumn& column : relation.columns) {
    if (!column.type.schemaname.empty())
      links.push_back({LinkKind::type, {column.type.schemaname, column.type.name}});
    if (!column.default_expression) continue;
    for (const RelationName& sequence : column.default_expression->sequences)
      links.push_back({LinkKind::sequence, sequence});
  }
  if (!relation.of_type.empty()) links.push_back({LinkKind::type, relation.of_type});
  if (!relation.table.empty()) links.push_back({LinkKind::index, relation.table});
  if (!relation.owner_table.empty()) links.push_back({LinkKind::owned, relation.owner_table});
  return links;
}

namespace {

// A free function: inside the class, erase() is the catalog's own.
void cut(Few<RelationName>& parents, const RelationName& parent) {
  erase(parents, parent);
}

}  // namespace

void Catalog::relink(const RelationName& from, const std::vector<Link>& before,
                     const std::vector<Link>& after) {
  if (before == after) return;
  for (const Link& link : before) {
    const auto entry = links_.find(link);
    if (entry == links_.end()) continue;
    std::erase(entry->second, from);
    if (entry->second.empty()) links_.erase(entry);
  }
  // PostgreSQL refuses a table that is its own parent, or that of its parent; whoever follows parents relies on that.
  const auto is_circle = [&](const Link& link) {
    if (link.kind != LinkKind::child && link.kind != LinkKind::default_partition) return false;
    std::vector<RelationName> above = {link.to};
    for (std::size_t i = 0; i < above.size(); ++i) {
      if (above[i] == from) return true;
      if (const Shared<Relation>* parent = relations_.find(above[i]))
        above.insert(above.end(), (*parent)->parents.begin(), (*parent)->parents.end());
    }
    return false;
  };
  for (const Link& link : after) {
    if (is_circle(link)) {
      if (Shared<Relation>* relation = relations_.find(from)) cut(relation->edit().parents, link.to);
      continue;
    }
    had_links_.at(static_cast<std::size_t>(link.kind)) = true;
    std::vector<RelationName>& names = links_[link];
    const auto place = std::ranges::lower_bound(names, from);
    if (place == names.end() || *place != from) names.insert(place, from);
  }
}

std::vector<const Relation*> Catalog::linked(LinkKind kind, const RelationName& to) const {
  std::vector<const Relation*> result;
  if (!had_links_.at(static_cast<std::size_t>(kind))) return result;
  const auto found = links_.find({kind, to});
  if (found == links_.end()) return result;
  result.reserve(found->second.size());
  for (const RelationName& name : found->second) result.push_back(relations_.find(name)->get());
  return result;
}

std::vector<const Relation*> Catalog::children(const RelationName& parent) const {
  return linked(LinkKind::child, parent);
}

std::vector<const Relation*> Catalog::descendants(const RelationName& parent) const {
  std::vector<const Relation*> result = children(parent);
  for (std::size_t i = 0; i < result.size(); ++i) {
    for (const Relation* child : children(result[i]->name)) {
      if (std::ranges::find(result, child) == result.end()) result.push_back(child);
    }
  }
  return result;
}

std::vector<const Relation*> Catalog::indexes(const RelationName& table) const {
  return linked(LinkKind::index, table);
}

std::vector<const Relation*> Catalog::referencing(const RelationName& table) const {
  return linked(LinkKind::referencing, table);
}

std::vector<const Relation*> Catalog::readers(const RelationName& relation) const {
  return linked(LinkKind::reader, relation);
}

std::vector<const Relation*> Catalog::owned_sequences(const RelationName& table) const {
  return linked(LinkKind::owned, table);
}

std::vector<const Relation*> Catalog::default_partitions(const RelationName& parent) const {
  return linked(LinkKind::default_partition, parent);
}

std::vector<const Relation*> Catalog::policed_by(const RelationName& relation) const {
  return linked(LinkKind::policy, relation);
}

std::vector<const Relation*> Catalog::ruled_by(const RelationName& relation) const {
  return linked(LinkKind::rule, relation);
}

std::vector<const Relation*> Catalog::typed(const RelationName& type) const {
  return linked(LinkKind::type, type);
}

/// Defaults name it as they are written.
std::vector<const Relation*> Catalog::drawing_from(const RelationName& sequence) const {
  std::vector<const Relation*> tables = linked(LinkKind::sequence, sequence);
  if (find({.schemaname = {}, .relname = sequence.relname}) != find(sequence)) return tables;
  for (const Relation* table : linked(LinkKind::sequence, {.schemaname = {}, .relname = sequence.relname})) {
    if (std::ranges::find(tables, table) == tables.end()) tables.push_back(table);
  }
  return tables;
}

std::vector<const Relation*> Catalog::all() const {
  std::vector<const Relation*> result;
  result.reserve(relations_.size());
  for (const Shared<Relation>& relation : relations_.all()) result.push_back(relation.get());
  std::ranges::sort(result, {}, &Relation::name);
  return result;
}

void Catalog::put(Relation relation) {
  if (!relations_.contains(relation.name)) {
    relation.is_new = true;
    relation.made_in = file_;
    if (relation.owner.empty()) relation.owner = role;
    created_.push_back(relation.name);
  }
  store(std::move(relation));
}

void Catalog::note_made_before(const RelationName& name) {
  if (!has_begun_) return;
  edit(name, [this](Relation& relation) { relation.made_in = file_; });
}

void Catalog::store(Relation relation) {
  remember(relation.name);
  erase(relation.name);
  dropped_.erase(relation.name);
  had_temporary_ = had_temporary_ || relation.name.schemaname == temporary_schema();
  if (relation.is_new) new_.push_back(relation.name);
  const RelationName name = relation.name;
  const std::vector<Link> links = links_of(relation);
  relations_.put(Shared(std::move(relation)));
  relink(name, {}, links);
}

void Catalog::end_transaction() {
  marked_ = false;
  journal_.clear();
  noted_.clear();
  for (const RelationName& name : std::exchange(new_, {})) {
    Shared<Relation>* found = relations_.find(name);
    if (found != nullptr && (*found)->is_new) found->edit().is_new = false;
  }
  for (const RelationName& name : std::exchange(used_, {})) {
    Shared<Relation>* found = relations_.find(name);
    if (found != nullptr && (*found)->is_used) found->edit().is_used = false;
  }
}

void Catalog::use(const RelationName& name, const Names& nulls) {
  const Shared<Relation>* found = relations_.find(name);
  if (found == nullptr) return;
  if (!(*found)->is_used) {
    edit(name, [&nulls](Relation& relation) {
      relation.is_used = true;
      relation.written_null = nulls;
    });
    used_.push_back(name);
  } else if (!(*found)->written_null.empty()) {
    edit(name, [&nulls](Relation& relation) {
      erase_if(relation.written_null,
               [&nulls](Name column) { return std::ranges::find(nulls, column) == nulls.end(); });
    });
  }
}

void Catalog::set_rows_deleted(const RelationName& name, bool deleted) {
  const Shared<Relation>* found = relations_.find(name);
  if (found == nullptr || (*found)->rows_deleted == deleted) return;
  edit(name, [deleted](Relation& relation) { relation.rows_deleted = deleted; });
}

void Catalog::erase(const RelationName& erased) {
  const RelationName name = erased;  // a copy: it may live in what is erased
  const Shared<Relation>* found = relations_.find(name);
  if (found == nullptr) return;
  remember(name);
  relink(name, links_of(**found), {});
  relations_.erase(name);
  taken_.clear();
  dropped_.insert(name);
}

Catalog::Mark Catalog::mark() {
  Mark mark;
  mark.changes_ = journal_.size();
  mark.objects_ = objects_;
  mark.complete_ = complete;
  mark.search_path_ = search_path;
  mark.timezone_ = timezone;
  mark.session_role_ = session_role;
  mark.role_ = role;
  mark.is_replica_ = is_replica;
  marked_ = true;
  noted_.clear();
  return mark;
}

void Catalog::roll_back(const Mark& mark) {
  for (; journal_.size() > mark.changes_; journal_.pop_back()) restore(journal_.back());
  noted_.clear();
  objects_ = mark.objects_;
  complete = mark.complete_;
  search_path = mark.search_path_;
  timezone = mark.timezone_;
  session_role = mark.session_role_;
  role = mark.role_;
  is_replica = mark.is_replica_;
}

Catalog::Objects& Catalog::objects() {
  if (objects_.use_count() > 1) objects_ = std::make_shared<Objects>(*objects_);
  return *objects_;
}

void Catalog::remember(const RelationName& name) {
  if (!marked_ || !noted_.insert(name).second) return;
  const Shared<Relation>* found = relations_.find(name);
  journal_.push_back({.name = name,
                      .relation = found != nullptr ? *found : Shared<Relation>(),
                      .dropped = dropped_.contains(name)});
}

void Catalog::restore(const Before& before) {
  if (const Shared<Relation>* found = relations_.find(before.name)) {
    relink(before.name, links_of(**found), {});
    relations_.erase(before.name);
    taken_.clear();
  }
  if (before.relation) {
    relink(before.name, {}, links_of(*before.relation));
    relations_.put(before.relation);
  }
  if (before.dropped) {
    dropped_.insert(before.name);
  } else {
    dropped_.erase(before.name);
  }
}

std::vector<CatalogType> Catalog::types() const {
  std::vector<CatalogType> result;
  for (const auto& [name, type] : objects_->types) result.push_back(type);
  return result;
}

void Catalog::put_type(CatalogType type) {
  objects().types[type.name] = std::move(type);
}

const CatalogType* Catalog::find_type(const TypeName& type) const {
  const auto at = [this](const RelationName& full) -> const CatalogType* {
    const auto found = objects_->types.find(full);
    return found != objects_->types.end() ? &found->second : nullptr;
  };
  if (!type.schemaname.empty()) return at({type.schemaname, type.name});
  for (const Name schema : search_path) {
    if (const CatalogType* found = at({schema, type.name})) return found;
  }
  return nullptr;
}

TypeName Catalog::resolve_type(TypeName type) const {
  if (const CatalogType* found = find_type(type)) {
    type.schemaname = found->name.schemaname;
    return type;
  }
  const Relation* rows = type.schemaname.empty() ? find({.schemaname = {}, .relname = type.name}) : nullptr;
  if (rows != nullptr && rows->table.empty() && !is_builtin_type(type)) {
    type.schemaname = rows->name.schemaname;
  }
  return type;
}

void Catalog::put_binary_cast(const TypeName& from, const TypeName& to) {
  const TypeName source = resolve_type(from);
  const TypeName target = resolve_type(to);
  objects().binary_casts.emplace(RelationName{source.schemaname, source.name},
                                 RelationName{target.schemaname, target.name});
}

bool Catalog::is_binary_cast(const TypeName& from, const TypeName& to) const {
  if (from.array || to.array || objects_->binary_casts.empty()) return false;
  const TypeName source = resolve_type(from);
  const TypeName target = resolve_type(to);
  return objects_->binary_casts.contains(
      {{source.schemaname, source.name}, {target.schemaname, target.name}});
}

std::vector<const Relation*> Catalog::type_users(const TypeName& type) const {
  const CatalogType* wanted = find_type(type);
  std::vector<const Relation*> result;
  for (const Relation* relation : all()) {
    const bool uses = std::ranges::any_of(relation->columns, [&](const CatalogColumn& column) {
      for (const CatalogType* t = find_type(column.type); t != nullptr; t = find_type(t->base)) {
        if (t == wanted) return true;
      }
      return false;
    });
    if (uses && wanted != nullptr) result.push_back(relation);
  }
  return result;
}

RelationName Catalog::statistics_table(const RelationName& name) const {
  const auto found = objects_->statistics.find(statistics_name(name));
  return found != objects_->statistics.end() ? found->second : RelationName{};
}

RelationName Catalog::statistics_name(const RelationName& name) const {
  if (!name.schemaname.empty()) return name;
  for (const Name schema : search_path) {
    const RelationName full{.schemaname = schema, .relname = name.relname};
    if (objects_->statistics.contains(full)) return full;
  }
  return name;
}

std::vector<RelationName> Catalog::published(const std::string& publication) const {
  const auto found = objects_->publications.find(publication);
  if (found == objects_->publications.end()) return {};
  return {found->second.begin(), found->second.end()};
}

bool Catalog::is_published(const RelationName& relation) const {
  return std::ranges::any_of(objects_->publications,
                             [&](const auto& publication) { return publication.second.contains(relation); });
}

Name Catalog::wrapper(const Name server) const {
  const auto found = objects_->servers.find(server);
  return found != objects_->servers.end() ? found->second : Name();
}

std::vector<const CatalogFunction*> Catalog::functions(const FunctionCall& call) const {
  std::vector<const CatalogFunction*> result;
  const auto collect = [&](const RelationName& full) {
    const auto found = objects_->functions.find(full);
    if (found == objects_->functions.end()) return;
    for (const CatalogFunction& function : found->second) {
      if (takes(function, call.arguments)) result.push_back(&function);
    }
  };
  if (!call.schemaname.empty()) {
    collect({call.schemaname, call.name});
  } else {
    for (const Name schema : search_path) {
      if (result.empty()) collect({schema, call.name});
    }
  }
  if (result.size() > 1) return chosen_overloads(std::move(result), call);
  return result;
}

RelationName Catalog::function_name(const FunctionCall& call) const {
  if (call.schemaname.empty()) {
    for (const Name schema : search_path) {
      if (objects_->functions.contains({schema, call.name})) return {schema, call.name};
    }
  }
  return {.schemaname = call.schemaname, .relname = call.name};
}

std::string_view Catalog::volatility(const FunctionCall& function) const {
  std::string_view result;
  for (const CatalogFunction* found : functions(function)) {
    // Which of several overloads is meant we do not know: the more volatile one counts.
    if (result.empty()) result = found->volatility;
    if (result != found->volatility) result = "volatile";
  }
  return result;
}

std::string make_object_name(std::string_view name1, std::string_view name2, std::string_view label) {
  std::size_t overhead = 0;
  if (!name2.empty()) ++overhead;
  if (!label.empty()) overhead += label.size() + 1;
  const std::size_t available = k_max_name - overhead;
  std::size_t size1 = name1.size();
  std::size_t size2 = name2.size();
  while (size1 + size2 > available) {
    if (size1 > size2) {
      --size1;
    } else {
      --size2;
    }
  }
  std::string result(clip(name1, size1));
  if (!name2.empty()) result.append("_").append(clip(name2, size2));
  if (!label.empty()) result.append("_").append(label);
  return result;
}

std::string Catalog::choose_name(const RelationName& table, std::string_view columns,
                                 std::string_view suffix) const {
  const auto at = [&](int pass) {
    return make_object_name(table.relname, columns,
                            pass == 0 ? std::string(suffix) : std::string(suffix) + std::to_string(pass));
  };
  const Relation* own = find(table);
  const bool names_constraint = suffix == "pkey" || suffix == "key" || suffix == "excl";
  // A constraint of another table of the schema would be in the way, too; those are not looked through.
  const auto is_taken = [&](const std::string& name) {
    return relations_.contains({table.schemaname, name}) ||
           (names_constraint && own != nullptr && own->find_constraint(name) != nullptr);
  };
  std::string name = at(0);
  if (!is_taken(name)) return name;
  int& taken =
      taken_[{table.schemaname, table.relname + "\n" + std::string(columns) + "\n" + std::string(suffix)}];
  do {
    name = at(++taken);
  } while (is_taken(name));
  --taken;  // whoever asks does not always take it
  return name;
}

}  // namespace pgsluice
