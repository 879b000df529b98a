// SPDX-License-Identifier: Apache-2.0
// Constraints that come, go and get another name.
#include <algorithm>
#include <utility>

#include "change.hpp"
#include "dependencies.hpp"

namespace pgsluice {

namespace {

bool is_index_constraint(std::string_view contype) {
  return contype == "CONSTR_PRIMARY" || contype == "CONSTR_UNIQUE" || contype == "CONSTR_EXCLUSION";
}

std::string join(std::span<const Name> names) {
  std::string result;
  for (const Name name : names) result += (result.empty() ? "" : "_") + name;
  return result;
}

/// Nobody has so many CHECKs, and what is not remembered is assumed the worst later; but a file of nothing else must not
/// cost more than its size.
bool is_full_of_checks(const Relation& relation) {
  constexpr std::size_t most_constraints = 1000;
  return relation.constraints.size() >= most_constraints;
}

/// pg_constraint.h ChooseConstraintName: unique among the constraints of the relation. `taken` remembers how far the
/// numbers got.
std::string constraint_name(const Relation& relation, const Constraint& constraint, auto& taken) {
  if (!constraint.name.empty()) return constraint.name;
  const bool check = constraint.contype == "CONSTR_CHECK";
  const std::string label = constraint.contype == "CONSTR_FOREIGN" ? "fkey" : check ? "check" : "not_null";
  // heap.c AddRelationNewConstraints(): what a CHECK reads counts, not the column that it stands behind.
  const bool reads_one = check && constraint.expression && constraint.expression->columns.size() == 1;
  const std::string columns = reads_one ? constraint.expression->columns.front().str()
                              : check   ? std::string()
                                        : join(constraint.columns);
  std::string name = make_object_name(relation.name.relname, columns, label);
  if (relation.find_constraint(name) == nullptr) return name;
  int& last = taken[{relation.name.schemaname, name}];
  do {
    name = make_object_name(relation.name.relname, columns, label + std::to_string(++last));
  } while (relation.find_constraint(name) != nullptr);
  return name;
}

/// CHECK goes to all descendants, a foreign key only to partitions.
bool is_inherited(const Constraint& constraint, const Relation& descendant) {
  if (constraint.contype == "CONSTR_CHECK") return !constraint.is_no_inherit;
  return descendant.is_partition;
}

}  // namespace

void CatalogChange::add_constraint() {
  const Constraint& constraint = command_.constraints.front();
  if (constraint.contype == "CONSTR_NOTNULL") return add_not_null(constraint);
  if (is_index_constraint(constraint.contype)) return add_index_constraint(constraint);
  if (constraint.contype == "CONSTR_CHECK" && is_full_of_checks(*target())) return;
  const std::string name = constraint_name(*target(), constraint, catalog_.taken_);
  const RelationName altered = target()->name;
  for (const RelationName& member : family()) {
    const Relation& relation = *catalog_.find(member);
    if (relation.find_constraint(name) != nullptr) {
      if (relation.name == altered) make_own(altered, name);
      continue;
    }
    if (relation.name != altered && !is_inherited(constraint, relation)) continue;
    CatalogConstraint added{.name = name,
                            .contype = constraint.contype,
                            .columns = constraint.columns,
                            .validated = !constraint.skip_validation && constraint.is_enforced};
    if (!constraint.referenced.empty()) added.referenced = catalog_.resolve(constraint.referenced);
    added.inherited = relation.name != altered;
    added.referenced_columns = constraint.referenced_columns;
    added.no_inherit = constraint.is_no_inherit;
    added.enforced = constraint.is_enforced;
    added.deferrable = constraint.deferrable;
    added.initdeferred = constraint.initdeferred;
    added.actions = constraint.actions;
    if (constraint.expression) {
      added.said = constraint.expression->said;
      added.expression_columns = constraint.expression->columns;
      added.not_null = constraint.expression->not_null;
      added.functions = meant(constraint.expression->functions);
      added.casts = constraint.expression->casts;
    }
    append(relation.name, std::move(added));
  }
}

/// Without a look at the constraints that are there: edit() compares what they all point to before and after.
void CatalogChange::append(const RelationName& relation, CatalogConstraint constraint) {
  if (!constraint.referenced.empty()) {
    catalog_.relink(relation, {}, {{Catalog::LinkKind::referencing, constraint.referenced}});
  }
  catalog_.remember(relation);
  catalog_.relations_.find(relation)->edit().constraints.push_back(std::move(constraint));
}

void CatalogChange::add_not_null(const Constraint& constraint) {
  const bool full = is_full_of_checks(*target());
  const std::string name = full ? "" : constraint_name(*target(), constraint, catalog_.taken_);
  const RelationName altered = target()->name;
  for_family([&](Relation& relation) {
    if (constraint.is_no_inherit && relation.name != altered) return;
    if (!full) {
      relation.constraints.push_back({.name = name,
                                      .contype = "CONSTR_NOTNULL",
                                      .columns = constraint.columns,
                                      .validated = !constraint.skip_validation});
      relation.constraints.back().no_inherit = constraint.is_no_inherit;
    }
    for (CatalogColumn& column : relation.columns) {
      if (contains(constraint.columns, column.name) && !constraint.skip_validation) column.not_null = true;
    }
  });
}

void CatalogChange::add_index_constraint(const Constraint& constraint) {
  const RelationName table = target()->name;
  if (!constraint.index_name.empty()) return use_index(constraint, table);
  const bool excludes = constraint.contype == "CONSTR_EXCLUSION" || constraint.without_overlaps;
  IndexDef definition{.access_method = excludes ? "gist" : "btree",
                      .including = constraint.including,
                      .unique = true,
                      .nulls_not_distinct = constraint.nulls_not_distinct};
  for (const Name column : constraint.columns) definition.elements.push_back({.column = column});
  const std::string name = choose_index_name(catalog_, table, command_);
  put_index(table, name, definition, constraint.contype, constraint.columns, {});
  if (constraint.contype == "CONSTR_PRIMARY") set_not_null(constraint.columns);
  if (constraint.deferrable) set_deferrable(table, name);
}

void CatalogChange::set_deferrable(const RelationName& table, Name key) {
  edit(table, [key](Relation& relation) {
    for (CatalogConstraint& own : relation.constraints) own.deferrable = own.deferrable || own.name == key;
  });
}

/// pg: parse_utilcmd.c transformIndexConstraint(): a primary key begins with SET NOT NULL, for children, too.
void CatalogChange::set_not_null(const Names& columns) {
  for_family([&](Relation& relation) {
    for (CatalogColumn& column : relation.columns) {
      if (contains(columns, column.name)) column.not_null = true;
    }
  });
}

void CatalogChange::use_index(const Constraint& constraint, const RelationName& table) {
  const Relation* found = catalog_.find({table.schemaname, constraint.index_name});
  if (found == nullptr || !found->index) return;
  Names columns;
  for (const IndexElement& element : found->index->elements) columns.push_back(element.column);
  const std::string name = constraint.name.empty() ? constraint.index_name : constraint.name;
  const RelationName old_name = found->name;
  const RelationName new_name{.schemaname = table.schemaname, .relname = name};
  edit(old_name, [&](Relation& index) { index.constraint = name; });
  if (old_name != new_name) move(old_name, new_name);
  edit(table, [&](Relation& relation) { add_key(relation, constraint.contype, name, columns); });
  if (constraint.contype == "CONSTR_PRIMARY") set_not_null(columns);
  if (constraint.deferrable) set_deferrable(table, name);
}

void CatalogChange::add_key(Relation& relation, std::string_view contype, const Name name,
                            const Names& columns) {
  // The name of a kind of constraint outlives any command.
  const std::string_view kind = contype == "CONSTR_PRIMARY"  ? "CONSTR_PRIMARY"
                                : contype == "CONSTR_UNIQUE" ? "CONSTR_UNIQUE"
                                                             : "CONSTR_EXCLUSION";
  relation.constraints.push_back({.name = name, .contype = kind, .columns = columns, .index = name});
  for (CatalogColumn& column : relation.columns) {
    if (kind == "CONSTR_PRIMARY" && contains(columns, column.name)) column.not_null = true;
  }
}

/// From 18 on NOT NULL is a constraint, which has a name where nobody gave it one.
void CatalogChange::drop_not_null() {
  const CatalogConstraint* found = target()->find_constraint(command_.name);
  const CatalogColumn* unnamed = found == nullptr ? column_of_not_null(*target(), command_.name) : nullptr;
  Names columns;
  if (found != nullptr && found->contype == "CONSTR_NOTNULL") columns = Names(found->columns);
  if (unnamed != nullptr) columns = {unnamed->name};
  if (columns.empty()) return;
  for_family([&](Relation& relation) {
    for (CatalogColumn& column : relation.columns) {
      if (contains(columns, column.name)) column.not_null = false;
    }
  });
}

/// A constraint that came from above and is now made here as well.
void CatalogChange::make_own(const RelationName& table, Name constraint) {
  edit(table, [constraint](Relation& relation) {
    for (CatalogConstraint& own : relation.constraints) {
      if (own.name == constraint) own.inherited = false;
    }
  });
}

void CatalogChange::drop_constraint() {
  catalog_.taken_.clear();
  drop_not_null();
  const CatalogConstraint* found = target()->find_constraint(command_.name);
  if (found == nullptr) return;
  const CatalogConstraint dropped = *found;
  // What relies on its index: foreign keys, and views that group by the key.
  std::vector<CatalogObject> others;
  if (cascade_of(command_) == Cascade::yes)
    others = with_dependents(catalog_, named_by_drop(catalog_, command_), Cascade::yes);
  std::vector<RelationName> tables{target()->name};
  for (std::size_t i = 0; i < tables.size(); ++i) {
    std::vector<RelationName> children;
    for (const Relation* child : catalog_.children(tables[i])) children.push_back(child->name);
    erase_constraint(tables[i], dropped);
    for (const RelationName& child : children) {
      if (recurses()) {
        if (const CatalogConstraint* part = inherited_part(child, dropped); part != nullptr)
          tables.push_back(child);
      } else {
        make_own(child, dropped.name);
      }
    }
  }
  for (const CatalogObject& other : others) {
    if (other.kind != CatalogObject::Kind::constraint ||
        std::ranges::find(tables, other.name) == tables.end())
      remove(other);
  }
}

/// What goes from a child with the constraint of its table; nullptr: the child keeps its own.
const CatalogConstraint* CatalogChange::inherited_part(const RelationName& child,
                                                       const CatalogConstraint& constraint) const {
  for (const CatalogConstraint& part : catalog_.find(child)->constraints) {
    if (!part.inherited && part.contype != "CONSTR_NOTNULL") continue;
    if (part.name == constraint.name) return &part;
    if (!part.referenced.empty() && is_same_key(part, constraint)) return &part;
  }
  return nullptr;
}

/// With the index behind it, and what partitions have of that.
void CatalogChange::erase_constraint(const RelationName& table, const CatalogConstraint& constraint) {
  edit(table, [&](Relation& relation) {
    erase_if(relation.constraints, [&](const CatalogConstraint& own) {
      const bool is_part = own.inherited && !own.referenced.empty() && is_same_key(own, constraint);
      return own.name == constraint.name || is_part;
    });
  });
  if (constraint.index.empty()) return;
  const RelationName index{.schemaname = table.schemaname, .relname = constraint.index};
  std::vector<RelationName> indexes;
  for (const Relation* part : catalog_.descendants(index)) indexes.push_back(part->name);
  for (const RelationName& part : indexes) {
    const RelationName owner = catalog_.find(part)->table;
    edit(owner, [&](Relation& relation) {
      erase_if(relation.constraints, [&](const CatalogConstraint& own) { return own.index == part.relname; });
    });
    catalog_.erase(part);
  }
  catalog_.erase(index);
}

void CatalogChange::alter_constraint() {
  if (command_.is("alter_inheritability")) return alter_inheritance();
  for_family([this](Relation& relation) {
    for (CatalogConstraint& constraint : relation.constraints) {
      if (constraint.name != command_.name) continue;
      if (command_.is("alter_enforceability")) constraint.enforced = command_.is("is_enforced");
      if (command_.is("alter_enforceability") && !constraint.enforced) constraint.validated = false;
      if (!command_.is("alter_deferrability")) continue;
      constraint.deferrable = command_.is("deferrable");
      constraint.initdeferred = command_.is("initdeferred");
    }
  });
}

/// Of NOT NULL; under INHERIT the children get it, too.
void CatalogChange::alter_inheritance() {
  const CatalogConstraint* found = target()->find_constraint(command_.name);
  if (found == nullptr) return;
  const Names columns(found->columns);
  const bool no_inherit = command_.is("is_no_inherit");
  for_target([&](Relation& relation) {
    for (CatalogConstraint& constraint : relation.constraints) {
      if (constraint.name == command_.name) constraint.no_inherit = no_inherit;
    }
  });
  if (no_inherit) return;
  for_family([&](Relation& relation) {
    for (CatalogColumn& column : relation.columns) {
      if (contains(columns, column.name)) column.not_null = true;
    }
  });
}

void CatalogChange::validate_constraint() {
  for_family([this](Relation& relation) {
    for (CatalogConstraint& constraint : relation.constraints) {
      if (constraint.name != command_.name) continue;
      constraint.validated = true;
      if (constraint.contype != "CONSTR_NOTNULL") continue;
      for (CatalogColumn& column : relation.columns) {
        if (contains(constraint.columns, column.name)) column.not_null = true;
      }
    }
  });
}

void CatalogChange::rename_constraint() {
  catalog_.taken_.clear();
  if (const CatalogColumn* column = column_of_not_null(*target(), command_.name);
      column != nullptr && target()->find_constraint(command_.name) == nullptr) {
    // From 18 on, it has had a name that nobody gave it, and so have those that are inherited from it.
    const Names columns{column->name};
    const RelationName table = target()->name;
    for_family([&](Relation& relation) {
      const CatalogColumn* own = relation.column(columns.front());
      if (relation.name != table && (own == nullptr || !own->inherited || !own->not_null)) return;
      relation.constraints.push_back(
          {.name = command_.new_name, .contype = "CONSTR_NOTNULL", .columns = columns});
    });
    return;
  }
  for (const RelationName& name : family()) {
    const CatalogConstraint* found = catalog_.find(name)->find_constraint(command_.name);
    if (found == nullptr) continue;
    const std::string index = found->index;
    edit(name, [this](Relation& relation) {
      for (CatalogConstraint& constraint : relation.constraints) {
        if (constraint.name != command_.name) continue;
        constraint.name = command_.new_name;
        if (!constraint.index.empty()) constraint.index = command_.new_name;
      }
    });
    if (index.empty()) continue;
    const RelationName renamed{.schemaname = name.schemaname, .relname = command_.new_name};
    move({name.schemaname, index}, renamed);
    edit(renamed, [this](Relation& relation) { relation.constraint = command_.new_name; });
  }
}

void CatalogChange::rename_constraint_of(const Relation& index) {
  const Name old_name = index.name.relname;
  const RelationName name = index.name;
  const bool has_one = !index.constraint.empty();
  edit(RelationName(index.table), [&](Relation& table) {
    for (CatalogConstraint& constraint : table.constraints) {
      if (constraint.index == old_name) constraint.name = constraint.index = command_.new_name;
    }
  });
  if (has_one) edit(name, [this](Relation& relation) { relation.constraint = command_.new_name; });
}

}  // namespace pgsluice
