// SPDX-License-Identifier: Apache-2.0
// What each table of a family has already: NOT NULL, a constraint of that name, a validated one. ALTER TABLE reads only
// the rows of those that have not, and goes no further down where it finds what it would have made.
#include <algorithm>

#include "catalog/dependencies.hpp"
#include "members.hpp"
#include "proof.hpp"

namespace pgsluice::effects {

namespace {

/// tablecmds.c find_inheritance_children, level by level: all below the target, but nothing below those at which the
/// recursion ends.
template <typename Ends>
Members reached(const Subject& subject, Ends ends) {
  Members members;
  if (subject.only() || !subject.has_target()) return members;
  Members visited = target(subject);
  for (std::size_t i = 0; i < visited.size(); ++i) {
    const RelationName name = visited[i].name;
    for (const Relation* child : subject.catalog.children(name)) {
      add(members, member(*child));
      if (!ends(*child)) add(visited, member(*child));
    }
  }
  return members;
}

const CatalogConstraint* named_constraint(const Subject& subject) {
  return subject.target != nullptr ? subject.target->find_constraint(subject.command.name) : nullptr;
}

/// The columns that become NOT NULL.
Names not_null_columns(const Subject& subject) {
  const Command& command = subject.command;
  if (command.tag == "AT_SetNotNull") return {command.name};
  if (command.tag == "AT_AlterConstraint") {
    const CatalogConstraint* constraint = named_constraint(subject);
    return constraint != nullptr ? Names(constraint->columns) : Names{};
  }
  Names columns = key_columns(subject);
  if (subject.target == nullptr) return columns;
  // A key changes nothing of the columns that are NOT NULL in its own table; up to 17 inheritance does not see to it that
  // they are in the tables below (tablecmds.c ATPrepSetNotNull).
  const bool recurses = subject.pg_version != 0 && subject.pg_version <= 17 &&
                        subject.target->relkind != relkind::partitioned_table;
  if (recurses) return columns;
  std::erase_if(columns, [&](const Name name) {
    const CatalogColumn* column = subject.target->column(name);
    return column != nullptr && column->not_null;
  });
  return columns;
}

bool has_check(const Subject& subject, const Relation& relation) {
  const CatalogConstraint* constraint =
      subject.command.name.empty() ? nullptr : relation.find_constraint(subject.command.name);
  return constraint != nullptr && constraint->contype == "CONSTR_CHECK";
}

/// What a table of the family has of the constraint, which may bear another name there.
const CatalogConstraint* counterpart(const Relation& relation, const CatalogConstraint& constraint) {
  if (const CatalogConstraint* same = relation.find_constraint(constraint.name)) return same;
  const auto is_same = [&](const CatalogConstraint& own) {
    return constraint.contype != "CONSTR_CHECK" && own.contype == constraint.contype &&
           own.columns == constraint.columns && own.referenced == constraint.referenced;
  };
  const auto found = std::ranges::find_if(relation.constraints, is_same);
  return found != relation.constraints.end() ? &*found : nullptr;
}

}  // namespace

Members nullable(const Subject& subject) {
  Members members = subject.command.is("is_no_inherit") ? target(subject) : family(subject);
  const Names columns = not_null_columns(subject);
  if (columns.empty() && subject.target != nullptr && subject.command.tag == "AT_AddConstraint") return {};
  std::erase_if(members, [&](const Member& m) {
    const Relation* relation = subject.catalog.find(m.name);
    return relation != nullptr && !columns.empty() && std::ranges::all_of(columns, [&](const Name column) {
             return is_not_null(subject.catalog, *relation, column);
           });
  });
  return members;
}

Members not_null_children(const Subject& subject) {
  // ATPrepSetNotNull of 12 to 17: under ONLY the partitions are locked to see that they have it (AT_CheckNotNull).
  if (subject.only() && subject.pg_version <= 17 && subject.command.tag == "AT_SetNotNull")
    return all_partitions(subject);
  const Names columns = not_null_columns(subject);
  const bool ends_there = subject.pg_version >= 18;
  return reached(subject, [&](const Relation& child) {
    return ends_there && !columns.empty() && std::ranges::all_of(columns, [&](const Name name) {
             const CatalogColumn* column = child.column(name);
             return column != nullptr && column->not_null;
           });
  });
}

namespace {

/// From 18 on NOT NULL is a constraint, which comes to children whatever becomes of the column.
bool inherits_not_null(const Subject& subject) {
  return subject.pg_version >= 18 && subject.command.is("not_null");
}

}  // namespace

/// tablecmds.c ATExecAddColumn: a child that has the column keeps it as it is, and nothing changes below.
Members adding_children(const Subject& subject) {
  return reached(subject, [&](const Relation& child) {
    return child.column(subject.command.name) != nullptr && !inherits_not_null(subject);
  });
}

Members merged_nullable(const Subject& subject) {
  if (!inherits_not_null(subject)) return {};
  const Name name = subject.command.name;
  Members members = adding_children(subject);
  std::erase_if(members, [&](const Member& m) {
    const Relation* relation = subject.catalog.find(m.name);
    return relation == nullptr || relation->column(name) == nullptr ||
           is_not_null(subject.catalog, *relation, name);
  });
  return members;
}

/// tablecmds.c ATExecDropColumn, ATExecDropConstraint: a child that has it of its own keeps it.
Members losing_children(const Subject& subject) {
  const Name name = subject.command.name;
  if (subject.command.tag == "AT_DropColumn") {
    Members members;
    if (subject.only()) return members;
    for (const CatalogObject& column : named_by_drop(subject.catalog, subject.command)) {
      for (const Relation* child : subject.catalog.children(column.name)) add(members, member(*child));
    }
    return members;
  }
  return reached(subject, [&](const Relation& child) {
    const CatalogConstraint* constraint = child.find_constraint(name);
    return constraint != nullptr && constraint->contype == "CONSTR_CHECK" && !constraint->inherited;
  });
}

Members gaining(const Subject& subject) {
  Members members = target(subject);
  add_all(members, adding_children(subject));
  std::erase_if(members, [&](const Member& m) {
    const Relation* relation = subject.catalog.find(m.name);
    return relation != nullptr && relation->column(subject.command.name) != nullptr;
  });
  return members;
}

/// A partitioned table has no rows to write anew, and its indexes stay as they are.
Members gaining_indexes(const Subject& subject) {
  Members members = indexes_of(subject, gaining(subject));
  std::erase_if(members, [](const Member& m) { return m.relkind == relkind::partitioned_index; });
  return members;
}

Members merging_children(const Subject& subject) {
  const bool all = subject.pg_version == 0 || subject.pg_version >= 18;
  return reached(subject, [&](const Relation& child) { return !all && has_check(subject, child); });
}

Members unmerged(const Subject& subject) {
  if (subject.target != nullptr && has_check(subject, *subject.target)) return {};
  const auto has = [&](const Relation& child) { return has_check(subject, child); };
  Members members = target(subject);
  for (const Member& child : reached(subject, has)) {
    if (!has(*subject.catalog.find(child.name))) add(members, child);
  }
  return members;
}

Members unvalidated(const Subject& subject) {
  const CatalogConstraint* constraint = named_constraint(subject);
  if (constraint == nullptr) return family(subject);
  if (constraint->no_inherit) return target(subject);
  const bool is_key = constraint->contype == "CONSTR_FOREIGN";
  Members members = target(subject);
  add_all(members, is_key ? partitions(subject) : family(subject));
  std::erase_if(members, [&](const Member& m) {
    const Relation* relation = subject.catalog.find(m.name);
    const CatalogConstraint* own = relation != nullptr ? counterpart(*relation, *constraint) : nullptr;
    return own != nullptr && own->validated;
  });
  return members;
}

Members all_partitions(const Subject& subject) {
  const bool partitioned = subject.target != nullptr && subject.target->relkind == relkind::partitioned_table;
  return partitioned ? descendants_of(subject, target(subject)) : Members{};
}

}  // namespace pgsluice::effects
