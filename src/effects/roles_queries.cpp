// SPDX-License-Identifier: Apache-2.0
// Roles of queries and DML: what they read, write and lock rows of.
#include <algorithm>

#include "firing.hpp"
#include "policing.hpp"
#include "pruning.hpp"
#include "rows.hpp"
#include "through_view.hpp"

namespace pgsluice::effects {

namespace {

/// What a query reads through the relations that it names in a role: views expanded, and of partitions those that what
/// the query demands does not rule out.
class Reading {
  static constexpr std::size_t k_most_views = 200;

 public:
  /// `rewrites_only`: views are expanded, but partitions and children are the planner's business.
  explicit Reading(const Subject& subject, bool rewrites_only = false)
      : subject_(subject), catalog_(subject.catalog), rewrites_only_(rewrites_only) {}

  Members of(std::string_view role) {
    read_all(role);
    return std::move(members_);
  }

  /// What the query of a view reads.
  Members of_view(const Relation& view) {
    read_view({.role = "source", .name = view.name}, view);
    return std::move(members_);
  }

  /// Under a lock of their own: what views read in their conditions, and partitioned tables above the one that is named.
  Members beside(std::string_view role) {
    read_all(role);
    return std::move(beside_);
  }

 private:
  void read_all(std::string_view role) {
    for (const RelationRef& ref : subject_.command.relations) {
      if (plays(subject_, ref, role)) read(ref);
    }
  }

  void read(const RelationRef& ref) {
    add(members_, places_, member(subject_, ref.name));
    const Relation* relation = catalog_.find(ref.name);
    if (relation == nullptr) return;
    if (relation->relkind == relkind::view) return read_view(ref, *relation);
    if (ref.only || rewrites_only_) return;
    if (relation->relkind == relkind::partitioned_table) {
      for (const Relation* above : partitioned_above(catalog_, *relation)) {
        if (ref.role == "source") {
          add(members_, places_, member(*above));
        } else {
          add(beside_, beside_places_, member(*above));
        }
      }
    }
    static const Predicate k_nothing;
    for (const Relation* one :
         live_partitions(catalog_, *relation, ref.where ? *ref.where : k_nothing, ref.alias)) {
      add(members_, places_, member(*one));
    }
  }

  void read_view(const RelationRef& ref, const Relation& view) {
    const CatalogQuery& query = view.query();
    const bool is_condition = query.writable && ref.role != "source";
    if (++views_ > k_most_views) return read_without_demands(view, is_condition);
    RelationName base;
    if (query.writable) {
      base = catalog_.resolve(query.writable->base.name);
      read(base_of(*query.writable, ref));
    }
    for (RelationRef source : query.sources) {
      if (source.name == base) continue;
      source.role = ref.role;
      if (!is_condition && (ref.role == "source" || !source.beside)) {
        read(source);
        continue;
      }
      Reading condition(subject_, rewrites_only_);
      condition.views_ = views_;
      condition.read(source);
      views_ = condition.views_;
      for (const Member& m : condition.members_) add(beside_, beside_places_, m);
    }
  }

  /// Of views that read views again and again, or themselves, each is looked at once.
  void read_without_demands(const Relation& view, bool is_condition) {
    Members reads;
    for (const RelationName& name : view.query().reads) add(reads, member(subject_, name));
    for (const Member& m : rewrites_only_ ? expand_views(subject_, reads) : expand(subject_, reads)) {
      if (is_condition) {
        add(beside_, beside_places_, m);
      } else {
        add(members_, places_, m);
      }
    }
  }

  const Subject& subject_;
  const Catalog& catalog_;
  bool rewrites_only_;
  std::size_t views_ = 0;  ///< so many were read
  Members beside_;
  RelationPlaces beside_places_;
  Members members_;
  RelationPlaces places_;
};

/// What the policies of the relations that the command uses read.
void add_policies(const Subject& subject, Members& members) {
  for (const CatalogPolicy& policy : policies_for(subject.catalog, subject.command)) {
    for (const RelationName& name : policy.reads) {
      for (const Member& m : expand(subject, {member(subject, name)})) add(members, m);
    }
  }
}

/// A rule does nothing instead: the statement is analysed, and not planned.
bool does_nothing(const Subject& subject) {
  const std::string_view event = subject.command.tag == "InsertStmt"   ? "insert"
                                 : subject.command.tag == "UpdateStmt" ? "update"
                                 : subject.command.tag == "DeleteStmt" ? "delete"
                                                                       : "";
  if (event.empty() || subject.target == nullptr) return false;
  const CatalogRule* rule = instead_rule(*subject.target, event, subject.catalog.is_replica);
  return rule != nullptr && rule->actions && rule->actions->empty();
}

}  // namespace

Members expand(const Subject& subject, const Members& relations) {
  Members members = with_descendants(subject, relations);
  RelationPlaces places;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Relation* relation = subject.catalog.find(members[i].name);
    if (relation == nullptr || relation->relkind != relkind::view) continue;
    for (const RelationName& name : relation->query().reads) {
      for (const Member& m : with_descendants(subject, {member(subject, name)})) add(members, places, m);
    }
  }
  return members;
}

Members expand_views(const Subject& subject, const Members& relations) {
  Members members = relations;
  RelationPlaces places;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Relation* relation = subject.catalog.find(members[i].name);
    if (relation == nullptr || relation->relkind != relkind::view) continue;
    for (const RelationName& name : relation->query().reads) add(members, places, member(subject, name));
  }
  return members;
}

Members sources(const Subject& subject) {
  if (does_nothing(subject)) return direct_sources(subject);
  Members members = Reading(subject).of("source");
  for (const Member& m : Reading(subject).beside("locked")) add(members, m);
  add_policies(subject, members);
  // A materialized view that is refreshed reads what its query reads.
  if (subject.command.tag == "RefreshMatViewStmt" && subject.target != nullptr) {
    for (const Member& m : Reading(subject).of_view(*subject.target)) add(members, m);
  }
  return members;
}

/// Only what the query names: it is analysed, not planned.
Members direct_sources(const Subject& subject) {
  return named(subject, "source");
}

/// A prepared statement, and what a function in SQL asks, is analysed and rewritten when it is made.
Members rewritten_sources(const Subject& subject) {
  Members members = Reading(subject, true).of("source");
  for (const Member& m : Reading(subject, true).beside("locked")) add(members, m);
  return members;
}
Members rewritten_locked(const Subject& subject) {
  return Reading(subject, true).of("locked");
}

Members locked(const Subject& subject) {
  return Reading(subject).of("locked");
}

Members written(const Subject& subject) {
  return named(subject, "written");
}

/// LOCK TABLE on a view locks the tables and views that it reads in the same mode, and nothing else
/// (lockcmds.c LockViewRecurse_walker).
Members viewed(const Subject& subject) {
  if (subject.target == nullptr || subject.target->relkind != relkind::view) return {};
  Members members = expand(subject, target(subject));
  std::erase_if(members, [](const Member& m) {
    return m.relkind == relkind::materialized_view || m.relkind == relkind::foreign_table;
  });
  return members;
}

/// But for the target, which has a role of its own.
Members changed(const Subject& subject) {
  Members members = row_effects(subject).changed;
  if (subject.has_target()) {
    std::erase_if(members, [name = subject.target_name()](const Member& m) { return m.name == name; });
  }
  return members;
}
Members cascaded(const Subject& subject) {
  return row_effects(subject).cascaded;
}
Members looked_up(const Subject& subject) {
  return row_effects(subject).looked_up;
}
Members written_partitioned(const Subject& subject) {
  return row_effects(subject).ancestors;
}
Members target_ancestors(const Subject& subject) {
  Members members;
  if (subject.target != nullptr) add_all(members, partitioned_above(subject.catalog, *subject.target));
  return members;
}

Members view_sources(const Subject& subject) {
  return row_effects(subject).read;
}
Members default_sequences(const Subject& subject) {
  return row_effects(subject).sequences;
}

}  // namespace pgsluice::effects
