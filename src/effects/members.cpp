// SPDX-License-Identifier: Apache-2.0
#include "members.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace pgsluice::effects {

namespace {

/// Kind of a target that the catalog does not know: what the command says it is.
char kind_of_unknown(const Command& command) {
  constexpr std::array<FactName, 4> k_object_types = {"objtype", "removeType", "renameType", "objectType"};
  for (const FactName fact : k_object_types) {
    const std::string_view type = command.text(fact);
    if (type == "OBJECT_INDEX") return relkind::index;
    if (type == "OBJECT_SEQUENCE") return relkind::sequence;
    if (type == "OBJECT_VIEW") return relkind::view;
    if (type == "OBJECT_MATVIEW") return relkind::materialized_view;
    if (type == "OBJECT_FOREIGN_TABLE") return relkind::foreign_table;
    if (type == "OBJECT_TYPE") return relkind::composite_type;
  }
  const std::string_view tag = command.tag;
  if (tag == "ViewStmt") return relkind::view;
  if (tag == "RefreshMatViewStmt") return relkind::materialized_view;
  if (tag == "CreateSeqStmt" || tag == "AlterSeqStmt") return relkind::sequence;
  if (tag == "CreateForeignTableStmt") return relkind::foreign_table;
  if (tag == "CompositeTypeStmt") return relkind::composite_type;
  if (command.text("kind") == "REINDEX_OBJECT_INDEX") return relkind::index;
  if (command.partition_key) return relkind::partitioned_table;
  return relkind::table;
}

bool is_absent(const Subject& subject, const RelationName& name) {
  if (subject.catalog.is_missing(name)) return true;
  return takes_absence(subject.command) && subject.catalog.is_unheard_of(name);
}

}  // namespace

Member member(const Relation& relation) {
  return {.name = relation.name, .relkind = relation.relkind, .known = true};
}

Member member(const Subject& subject, const RelationName& name, char kind_if_unknown) {
  const Relation* relation = subject.catalog.find(name);
  return relation != nullptr ? member(*relation)
                             : Member{.name = subject.catalog.resolve(name), .relkind = kind_if_unknown};
}

void add(Members& members, Member added) {
  if (std::ranges::find(members, added.name, &Member::name) == members.end()) members.push_back(added);
}

void add(Members& members, RelationPlaces& places, Member added) {
  if (places.find(members, added.name, &Member::name) == members.size()) members.push_back(added);
}

void add_all(Members& members, const std::vector<const Relation*>& relations) {
  RelationPlaces places;
  for (const Relation* relation : relations) add(members, places, member(*relation));
}

bool plays(const Subject& subject, const RelationRef& ref, std::string_view role) {
  return ref.role == role && !is_system(ref.name) && !subject.catalog.is_missing(ref.name);
}

namespace {

/// `kind_if_unknown` is a function: nearly always nobody asks.
template <typename Kind>
Members find_named(const Subject& subject, std::string_view role, Kind kind_if_unknown) {
  Members members;
  RelationPlaces places;
  for (const RelationRef& ref : subject.command.relations) {
    if (ref.role != role || is_system(ref.name)) continue;
    const Relation* relation = subject.catalog.find(ref.name);
    if (relation == nullptr && is_absent(subject, ref.name)) continue;
    Member found = relation != nullptr ? member(*relation) : member(subject, ref.name, kind_if_unknown());
    found.only = ref.only;
    add(members, places, found);
  }
  return members;
}

}  // namespace

Members named(const Subject& subject, std::string_view role, char kind_if_unknown) {
  return find_named(subject, role, [kind_if_unknown] { return kind_if_unknown; });
}

Members with_descendants(const Subject& subject, const Members& relations) {
  Members members;
  RelationPlaces places;
  for (const Member& relation : relations) {
    add(members, places, relation);
    if (relation.only) continue;
    for (const Relation* child : subject.catalog.descendants(relation.name))
      add(members, places, member(*child));
  }
  return members;
}

Members descendants_of(const Subject& subject, const Members& relations) {
  Members members;
  RelationPlaces places;
  for (const Member& relation : relations) {
    for (const Relation* child : subject.catalog.descendants(relation.name))
      add(members, places, member(*child));
  }
  return members;
}

Members target(const Subject& subject) {
  return find_named(subject, "target", [&subject] { return kind_of_unknown(subject.command); });
}

void add_all(Members& members, const Members& added) {
  RelationPlaces places;
  for (const Member& m : added) add(members, places, m);
}

Members family(const Subject& subject) {
  Members members = target(subject);
  if (!subject.only() && subject.has_target()) add_all(members, descendants_of(subject, members));
  return members;
}

Members indexes_of(const Subject& subject, const Members& tables) {
  Members members;
  RelationPlaces places;
  for (const Member& table : tables) {
    for (const Relation* index : subject.catalog.indexes(table.name)) add(members, places, member(*index));
  }
  return members;
}

}  // namespace pgsluice::effects
