// SPDX-License-Identifier: Apache-2.0
// Roles of queries and DML: what they read, write and lock rows of.
#include <algorithm>

#include "pruning.hpp"
#include "rows.hpp"
#include "through_view.hpp"

namespace pgsluice::effects {

namespace {

/// What a query reads through the relations that it names in a role: views expanded, and of partitions those that what
/// the query demands does not rule out.
class Reading {
 public:
  /// `rewrites_only`: views are expanded, but partitions and children are the planner's business.
  explicit Reading(const Subject& subject, bool rewrites_only = false)
      : subject_(subject), catalog_(subject.catalog), rewrites_only_(rewrites_only) {}

  Members of(std::string_view role) {
    read_all(role);
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
          add(beside_, member(*above));
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
    RelationName base;
    if (view.view) {
      base = catalog_.resolve(view.view->base.name);
      read(base_of(*view.view, ref));
    }
    Members others;
    for (const RelationName& name : view.reads) {
      if (name != base) add(others, member(subject_, name));
    }
    const bool is_condition = view.view && ref.role != "source";
    for (const Member& m : rewrites_only_ ? expand_views(subject_, others) : expand(subject_, others)) {
      if (is_condition) {
        add(beside_, m);
      } else {
        add(members_, places_, m);
      }
    }
  }

  const Subject& subject_;
  const Catalog& catalog_;
  bool rewrites_only_;
  Members beside_;
  Members members_;
  RelationPlaces places_;
};

/// Policies hold for everybody but the owner and, so it is taken, the role that runs the migrations.
bool is_policed(const Subject& subject, const Relation& relation) {
  const Name role = subject.catalog.role;
  return relation.row_security && role != subject.catalog.session_role && role != relation.owner;
}

bool concerns(const CatalogPolicy& policy, const Command& command) {
  const bool only_reads = command.tag == "SelectStmt" && command.text("locking") == "none";
  return !only_reads || policy.cmd == "all" || policy.cmd == "select";
}

/// What the policies of the relations that the command uses read.
void add_policies(const Subject& subject, Members& members) {
  for (const RelationRef& ref : subject.command.relations) {
    const Relation* relation = subject.catalog.find(ref.name);
    if (relation == nullptr || !is_policed(subject, *relation)) continue;
    for (const CatalogPolicy& policy : relation->policies) {
      if (!concerns(policy, subject.command)) continue;
      for (const RelationName& name : policy.reads) {
        for (const Member& m : expand(subject, {member(subject, name)})) add(members, m);
      }
    }
  }
}

}  // namespace

Members expand(const Subject& subject, const Members& relations) {
  Members members = with_descendants(subject, relations);
  RelationPlaces places;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Relation* relation = subject.catalog.find(members[i].name);
    if (relation == nullptr || relation->relkind != relkind::view) continue;
    const std::vector<RelationName> reads = relation->reads;
    for (const RelationName& name : reads) {
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
    for (const RelationName& name : relation->reads) add(members, places, member(subject, name));
  }
  return members;
}

Members sources(const Subject& subject) {
  Members members = Reading(subject).of("source");
  for (const Member& m : Reading(subject).beside("locked")) add(members, m);
  add_policies(subject, members);
  // A materialized view that is refreshed reads what its query reads.
  if (subject.command.tag == "RefreshMatViewStmt" && subject.target != nullptr) {
    Members reads;
    for (const RelationName& name : subject.target->reads) add(reads, member(subject, name));
    for (const Member& m : expand(subject, reads)) add(members, m);
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

/// LOCK TABLE on a view locks what the view reads in the same mode.
Members viewed(const Subject& subject) {
  if (subject.target == nullptr || subject.target->relkind != relkind::view) return {};
  return expand(subject, target(subject));
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
