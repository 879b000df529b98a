// SPDX-License-Identifier: Apache-2.0
// Plan → what each step does to whom, and what all of it rests on.
#include "pgsluice/forecast.hpp"

#include <algorithm>
#include <set>

#include "base/sha256.hpp"
#include "base/text.hpp"
#include "explain/meanwhile.hpp"
#include "forecast/work.hpp"

namespace pgsluice {
namespace {

using explaining::HeldFor;

// ---- steps -----------------------------------------------------------------------------------------------------------

void take(const Effect& effect, const Statement& statement, std::vector<HeldFor>& held) {
  for (const RelationLock& lock : effect.locks) {
    if (lock.is_new) continue;
    const Hold hold = hold_of(effect, statement, lock.mode);
    const auto known = std::find_if(
        held.begin(), held.end(), [&](const HeldFor& other) { return other.lock.relation == lock.relation; });
    if (known == held.end()) {
      held.push_back({.lock = lock, .hold = hold});
    } else {
      known->lock.mode = std::max(known->lock.mode, lock.mode);
      known->hold = std::max(known->hold, hold);
    }
  }
}

/// A lock is held until its transaction ends: the work of every later statement counts.
void work_on(const Effect& effect, const Statement& statement, std::vector<HeldFor>& held) {
  const Hold hold = hold_of(effect, statement, LockMode::AccessExclusive);
  for (HeldFor& earlier : held) earlier.hold = std::max(earlier.hold, hold);
}

std::vector<Meanwhile> meanwhile_of(const PlannedFile& file, const Step& step) {
  std::vector<HeldFor> held;
  for (const PlannedStatement& planned : step.statements) {
    const Effect& effect = forecasting::effect_of(file, planned);
    const Statement& statement = file.analysis.script.statements[planned.index];
    work_on(effect, statement, held);
    take(effect, statement, held);
  }
  return explaining::meanwhile(held);
}

std::vector<ForecastStatement> statements_of(const PlannedFile& file, const Step& step) {
  const LineIndex lines(file.analysis.script.source);
  std::vector<ForecastStatement> statements;
  for (const PlannedStatement& planned : step.statements) {
    const Effect& effect = forecasting::effect_of(file, planned);
    statements.push_back({.effect = &effect,
                          .planned = &planned,
                          .position = lines.position(planned.range.begin),
                          .work = forecasting::work_of(effect)});
  }
  return statements;
}

// ---- basis -----------------------------------------------------------------------------------------------------------

/// What the catalog says of one relation; how many rows and bytes it has may change.
std::string definition_of(const SnapshotRelation& relation) {
  Snapshot alone;
  SnapshotRelation& copy = alone.relations.emplace_back(relation);
  copy.reltuples.reset();
  copy.bytes.reset();
  copy.total_bytes.reset();
  for (SnapshotIndex& index : copy.indexes) {
    index.reltuples.reset();
    index.bytes.reset();
  }
  return sha256_hex(write_snapshot(std::move(alone)));
}

std::map<RelationName, std::string> definitions(const Snapshot& snapshot,
                                                const std::vector<RelationName>& wanted) {
  std::map<RelationName, std::string> found;
  for (const SnapshotRelation& relation : snapshot.relations) {
    const RelationName name{relation.schema, relation.name};
    if (std::find(wanted.begin(), wanted.end(), name) != wanted.end()) {
      found[name] = definition_of(relation);
    }
  }
  return found;
}

/// What is in one of two maps only, or differs.
template <typename Value, typename Tell>
void compare(const std::map<std::string, Value>& then, const std::map<std::string, Value>& now, Tell tell) {
  for (const auto& [name, value] : then) {
    const auto found = now.find(name);
    if (found == now.end()) {
      tell(name, &value, nullptr);
    } else if (!(found->second == value)) {
      tell(name, &value, &found->second);
    }
  }
  for (const auto& [name, value] : now) {
    if (then.find(name) == then.end()) tell(name, nullptr, &value);
  }
}

std::string listed(const std::vector<std::string>& words) {
  return words.empty() ? "nothing" : printable_line(join(words, ", "));
}

void compare_targets(const PlanBasis& then, const PlanBasis& now, std::vector<std::string>& moved) {
  const bool other_system = !then.system_identifier.empty() && !now.system_identifier.empty() &&
                            then.system_identifier != now.system_identifier;
  if (other_system || then.database != now.database) {
    moved.push_back(cat("the plan is for database ", printable_line(then.database), " of cluster ",
                        then.system_identifier, ", and this is ", printable_line(now.database), " of ",
                        now.system_identifier));
  }
  if (then.schemas != now.schemas) {
    moved.push_back(
        cat("unqualified names led to ", listed(then.schemas), ", and now to ", listed(now.schemas)));
  }
}

void compare_files(const PlanBasis& then, const PlanBasis& now, std::vector<std::string>& moved) {
  compare(then.files, now.files,
          [&](const std::string& id, const std::string* before, const std::string* after) {
            const std::string_view what = before == nullptr  ? " is new in the folder"
                                          : after == nullptr ? " is no longer in the folder"
                                                             : " has other contents";
            moved.push_back(cat("the file ", printable_line(id), what));
          });
}

void compare_steps(const PlanBasis& then, const PlanBasis& now, std::vector<std::string>& moved) {
  const auto tell = [&](const std::vector<std::string>& from, const std::vector<std::string>& to,
                        std::string_view what) {
    for (const std::string& id : from) {
      if (std::find(to.begin(), to.end(), id) == to.end()) {
        moved.push_back(cat("the step ", printable_line(id), what));
      }
    }
  };
  tell(then.steps, now.steps, " is no longer pending");
  tell(now.steps, then.steps, " is pending, and was not");
}

std::string_view relation_change(const RelationBasis* before, const RelationBasis* after) {
  if (before == nullptr) return " is locked by a step now";
  if (after == nullptr) return " is gone, or no step locks it any more";
  if (before->oid == 0) return " is there, and was not";
  if (after->oid == 0) return " is no longer there";
  return before->oid != after->oid ? " has been dropped and made again" : " has another definition";
}

void compare_relations(const PlanBasis& then, const PlanBasis& now, std::vector<std::string>& moved) {
  if (!then.catalog_read || !now.catalog_read) {
    moved.push_back(cat("the catalog could not be read ",
                        then.catalog_read ? "now" : "when the plan was made",
                        ", so nobody can tell whether its relations are the same"));
    return;
  }
  compare(then.relations, now.relations,
          [&](const std::string& name, const RelationBasis* before, const RelationBasis* after) {
            moved.push_back(cat("the relation ", printable_line(name), relation_change(before, after)));
          });
}

}  // namespace

std::vector<ForecastStep> forecast_steps(const Plan& plan, const RunOptions& options) {
  std::vector<ForecastStep> steps;
  for (const PlannedFile& file : plan.files) {
    for (const Step& step : file.steps) {
      ForecastStep& forecast = steps.emplace_back();
      forecast.file = &file;
      forecast.step = &step;
      forecast.statements = statements_of(file, step);
      forecast.meanwhile = meanwhile_of(file, step);
      forecast.lock_timeout = step.limits.lock_timeout.value_or(options.lock_timeout);
      forecast.lock_budget = step.limits.lock_budget.value_or(options.lock_budget);
      forecast.statement_timeout = step.limits.statement_timeout.value_or(options.statement_timeout);
    }
  }
  return steps;
}

Threat threat_to(const BlockerPolicy& policy, const Blocker& blocker) {
  if (!blocker.age || blocker.superuser) return {};  // nor will apply see more, or be allowed to
  if (const Eviction now = eviction_of(policy, blocker); now != Eviction::none) return {.eviction = now};
  for (const auto& age : {policy.cancel_after, policy.terminate_after}) {
    if (!age || *age <= *blocker.age) continue;
    Blocker later = blocker;
    later.age = age;
    const Eviction then = eviction_of(policy, later);
    if (then != Eviction::none) return {.eviction = then, .from = age};
  }
  return {};
}

std::vector<RelationName> locked_relations(const Plan& plan) {
  std::vector<RelationName> relations;
  std::set<RelationName> seen;
  const auto add = [&](const RelationName& relation) {
    if (seen.insert(relation).second) relations.push_back(relation);
  };
  for (const PlannedFile& file : plan.files) {
    for (const Step& step : file.steps) {
      for (const RelationLock& lock : step.locks) add(lock.relation);
    }
  }
  return relations;
}

PlanBasis make_basis(const Plan& plan, const RelationStates& states,
                     const std::optional<Snapshot>& snapshot) {
  PlanBasis basis;
  basis.catalog_read = snapshot.has_value();
  for (const PlannedFile& file : plan.files) {
    basis.files[file.analysis.migration.id] = file.analysis.migration.sha256;
    for (const Step& step : file.steps) basis.steps.push_back(step.id);
  }
  const std::vector<RelationName> locked = locked_relations(plan);
  const auto defined = snapshot ? definitions(*snapshot, locked) : std::map<RelationName, std::string>();
  for (const RelationName& relation : locked) {
    const auto state = states.find(relation);
    const auto definition = defined.find(relation);
    basis.relations[relation.quoted()] = {
        .oid = state == states.end() ? 0 : state->second.oid,
        .definition = definition == defined.end() ? std::string() : definition->second};
  }
  return basis;
}

std::vector<std::string> what_moved(const PlanBasis& then, const PlanBasis& now) {
  std::vector<std::string> moved;
  compare_targets(then, now, moved);
  compare_files(then, now, moved);
  if (moved.empty()) compare_steps(then, now, moved);
  if (moved.empty()) compare_relations(then, now, moved);
  return moved;
}

}  // namespace pgsluice
