// SPDX-License-Identifier: Apache-2.0
// After code that may have run or not the catalog is in one of two states. What is made of them proves no more than both
// do, and forgets nothing that one of them has.
#include <algorithm>
#include <utility>

#include "change.hpp"
#include "pgsluice/catalog.hpp"
#include "pgsluice/code.hpp"

namespace pgsluice {

namespace {

/// Adds what the other list has and this one has not, by name.
template <typename List>
void add_missing(List& list, const List& other) {
  for (const auto& element : other) {
    if (std::ranges::find(list, element.name, &List::value_type::name) == list.end()) list.push_back(element);
  }
}

void join_column(CatalogColumn& column, const CatalogColumn& other) {
  column.not_null = column.not_null && other.not_null;
  // Which of two types it has nobody knows: a type that is not known, either.
  if (column.type != other.type) column.type = unknown_type();
  if (!column.default_expression) column.default_expression = other.default_expression;
  if (column.owned_sequence.empty()) column.owned_sequence = other.owned_sequence;
  column.identity = column.identity || other.identity;
  if (column.generated == '\0') column.generated = other.generated;
}

void join_constraint(CatalogConstraint& constraint, const CatalogConstraint& other) {
  constraint.validated = constraint.validated && other.validated;
}

/// What only one of them has proves nothing.
void weaken(CatalogConstraint& constraint) {
  constraint.validated = false;
  constraint.said.reset();
  constraint.not_null.clear();
}

void join_constraints(Relation& relation, const Relation& other) {
  for (CatalogConstraint& constraint : relation.constraints) {
    const CatalogConstraint* same = other.find_constraint(constraint.name);
    if (same != nullptr) {
      join_constraint(constraint, *same);
    } else {
      weaken(constraint);
    }
  }
  for (const CatalogConstraint& constraint : other.constraints) {
    if (relation.find_constraint(constraint.name) != nullptr) continue;
    relation.constraints.push_back(constraint);
    weaken(relation.constraints.back());
  }
}

/// Rows may have been written, and a sequence may not have been drawn from: the lock on it may still be to come.
void join_use(Relation& relation, const Relation& other) {
  if (relation.relkind == relkind::sequence) {
    relation.is_used = relation.is_used && other.is_used;
  } else if (!relation.is_used) {
    relation.written_null = other.written_null;
  } else if (other.is_used) {
    erase_if(relation.written_null, [&other](Name column) {
      return std::ranges::find(other.written_null, column) == other.written_null.end();
    });
  }
  if (relation.relkind != relkind::sequence) relation.is_used = relation.is_used || other.is_used;
}

void join_relation(Relation& relation, const Relation& other) {
  for (CatalogColumn& column : relation.columns) {
    if (const CatalogColumn* same = other.column(column.name)) join_column(column, *same);
  }
  add_missing(relation.columns, other.columns);
  join_constraints(relation, other);
  add_missing(relation.triggers, other.triggers);
  add_missing(relation.policies, other.policies);
  add_missing(relation.rules, other.rules);
  for (const RelationName& parent : other.parents) {
    if (std::ranges::find(relation.parents, parent) == relation.parents.end())
      relation.parents.push_back(parent);
  }
  if (relation.stored_query) {
    CatalogQuery& query = relation.stored_query.edit();
    query.uses = {};  // which of the two queries it has nobody knows
    query.yields = {};
    query.types = {};
    for (const Name column : other.query().columns) query.columns.push_back(column);
    Few<RelationName>& reads = query.reads;
    for (const RelationName& read : other.query().reads) {
      if (std::ranges::find(reads, read) == reads.end()) reads.push_back(read);
    }
  } else {
    relation.stored_query = other.stored_query;
  }
  relation.is_new = relation.is_new && other.is_new;
  relation.rows_deleted = relation.rows_deleted || other.rows_deleted;
  relation.unpopulated = relation.unpopulated && other.unpopulated;
  join_use(relation, other);
}

}  // namespace

void Catalog::join(const Catalog& other) {
  const NameTable<Relation, RelationNameHash> before = relations_;
  for (const Shared<Relation>& mine : before.all()) {
    const RelationName& name = mine->name;
    const Shared<Relation>* found = other.relations_.find(name);
    if (found == nullptr) {
      edit(name, [](Relation& relation) { relation.is_new = false; });
    } else if (*found != mine) {
      if (!mine->is_used && (*found)->is_used) used_.push_back(name);
      edit(name, [&](Relation& relation) { join_relation(relation, **found); });
    }
  }
  for (const Shared<Relation>& relation : other.relations_.all()) {
    if (relations_.contains(relation->name)) continue;
    Relation copy = *relation;
    copy.is_new = false;
    store(std::move(copy));
  }
  std::erase_if(dropped_, [&](const RelationName& name) {
    if (other.dropped_.contains(name)) return false;
    remember(name);
    return true;
  });
  complete = complete && other.complete;
  if (objects_ != other.objects_) join_objects(*other.objects_);
}

void Catalog::join_objects(const Objects& other) {
  Objects& joined = objects();
  joined.types.insert(other.types.begin(), other.types.end());
  for (auto& [name, type] : joined.types) {
    const auto found = other.types.find(name);
    if (found != other.types.end()) type.constrained = type.constrained || found->second.constrained;
  }
  std::erase_if(joined.binary_casts, [&](const auto& cast) { return !other.binary_casts.contains(cast); });
  joined.statistics.insert(other.statistics.begin(), other.statistics.end());
  for (const auto& [name, tables] : other.publications)
    joined.publications[name].insert(tables.begin(), tables.end());
  std::erase_if(joined.said_not_null,
                [&](const auto& said) { return !other.said_not_null.contains(said.first); });
  joined.schemas.insert(other.schemas.begin(), other.schemas.end());
  joined.others.insert(other.others.begin(), other.others.end());
  for (const auto& [name, extension] : other.extensions) {
    CatalogExtension& mine = joined.extensions[name];
    mine.relations.insert(extension.relations.begin(), extension.relations.end());
    mine.types.insert(extension.types.begin(), extension.types.end());
    mine.functions.insert(extension.functions.begin(), extension.functions.end());
  }
  for (const auto& [name, functions] : other.functions) {
    std::vector<CatalogFunction>& mine = joined.functions[name];
    for (const CatalogFunction& function : functions) {
      const auto same = [&](const CatalogFunction& known) { return &*known.code == &*function.code; };
      if (std::ranges::none_of(mine, same)) mine.push_back(function);
    }
  }
  add_missing(joined.event_triggers, other.event_triggers);
}

}  // namespace pgsluice
