// SPDX-License-Identifier: Apache-2.0
#include "parts.hpp"

#include <algorithm>

#include "members.hpp"

namespace pgsluice::effects {

namespace {

bool has_storage(char kind) {
  return kind == relkind::table || kind == relkind::materialized_view;
}

std::vector<Part> members_of(const EffectRow::Roles& roles, const Subject& subject, bool (*wanted)(char)) {
  std::vector<Part> parts;
  for (const Role* role : roles) {
    for (const Member& member : role->members(subject)) {
      if (wanted(member.relkind)) parts.push_back({.member = member, .role = role->name});
    }
  }
  return parts;
}

/// cluster.c make_new_heap() makes a table of the same columns. What only moves keeps its own.
void add_new_heaps(const EffectRow& row, const Subject& subject, Parts& parts) {
  if (row.on == "AT_SetTableSpace" || row.on == "AlterTableMoveAllStmt") return;
  for (const Part& rewrite : parts.rewrites) {
    for (const Member& member : row_types_of(subject, rewrite.member.name))
      parts.locks.push_back({.member = member, .mode = LockMode::AccessShare, .role = "row_types"});
  }
}

}  // namespace

Parts parts_of(const EffectRow& row, const Subject& subject) {
  const auto is_index = [](char kind) { return kind == relkind::index; };
  Parts parts{.locks = {},
              .rewrites = members_of(row.rewrites, subject, has_storage),
              .scans = members_of(row.scans, subject, has_storage),
              .index_builds = members_of(row.index_builds, subject, is_index)};
  for (const EffectRow::RoleLock& lock : row.locks) {
    for (const Member& member : lock.role->members(subject)) {
      parts.locks.push_back({.member = member, .mode = lock.mode, .role = lock.role->name});
    }
  }
  add_new_heaps(row, subject, parts);
  return parts;
}

Parts worst_parts(const Subject& subject) {
  Parts parts;
  for (const Member& member : find_role("target")->members(subject)) {
    parts.locks.push_back({.member = member, .mode = LockMode::AccessExclusive, .role = "target"});
  }
  return parts;
}

void note_new(Parts& parts, const Catalog& catalog, bool after) {
  for (std::vector<Part>* list : {&parts.locks, &parts.rewrites, &parts.scans, &parts.index_builds}) {
    for (Part& part : *list) {
      if (after && part.member.known) continue;
      const Relation* relation = catalog.find(part.member.name);
      if (relation == nullptr) continue;
      const Relation* table = relation->table.empty() ? nullptr : catalog.find(relation->table);
      part.member.known = true;
      part.is_new = part.is_new || relation->is_new;
      part.is_fresh = catalog.is_of_this_file(table != nullptr ? *table : *relation);
      if (relation->size) part.size = *relation->size;
      part.table_is_new = part.table_is_new || (table != nullptr && table->is_new);
    }
  }
}

/// tablecmds.c ATRewriteTable() inserts them. SET TABLESPACE copies files, and CLUSTER and VACUUM FULL keep whose a row is.
void remember_rewrites(const Parts& parts, const Command& command, Catalog& catalog) {
  if (!command.tag.starts_with("AT_") || command.tag == "AT_SetTableSpace") return;
  for (const Part& part : parts.rewrites) catalog.use(part.member.name);
}

void add_created(Parts& parts, const EffectRow* row, Catalog& catalog) {
  const bool builds = row != nullptr && std::ranges::find(row->index_builds, "new_index", &Role::name) !=
                                            row->index_builds.end();
  for (const RelationName& name : catalog.take_created()) {
    const Relation* relation = catalog.find(name);
    if (relation == nullptr || relation->relkind == relkind::composite_type) continue;
    const Part part{.member = {.name = relation->name, .relkind = relation->relkind},
                    .mode = LockMode::AccessExclusive,
                    .role = relation->table.empty() ? "target" : "new_index",
                    .is_new = true};
    parts.locks.push_back(part);
    if (builds && relation->relkind == relkind::index) parts.index_builds.push_back(part);
  }
}

}  // namespace pgsluice::effects
