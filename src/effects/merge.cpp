// SPDX-License-Identifier: Apache-2.0
#include "merge.hpp"

#include <algorithm>
#include <array>
#include <functional>

namespace pgsluice::effects {

namespace {

void add_relations(std::vector<RelationName>& list, RelationPlaces& places,
                   const std::vector<RelationName>& added) {
  for (const RelationName& name : added) {
    if (places.find(list, name, std::identity()) == list.size()) list.push_back(name);
  }
}

}  // namespace

void add_lock(std::vector<RelationLock>& locks, RelationPlaces& places, const RelationLock& lock) {
  const std::size_t found = places.find(locks, lock.relation, &RelationLock::relation);
  if (found == locks.size()) {
    locks.push_back(lock);
  } else if (lock.mode > locks[found].mode) {
    locks[found].mode = lock.mode;
  }
}

void merge(Effect& effect) {
  RelationPlaces locks;
  RelationPlaces rewrites;
  RelationPlaces scans;
  RelationPlaces index_builds;
  for (const CommandEffect& command : effect.commands) {
    for (const RelationLock& lock : command.locks) add_lock(effect.locks, locks, lock);
    add_relations(effect.rewrites, rewrites, command.rewrites);
    add_relations(effect.scans, scans, command.scans);
    add_relations(effect.index_builds, index_builds, command.index_builds);
  }
  // tablecmds.c ATRewriteTable verifies while it copies.
  std::erase_if(effect.scans, [&](const RelationName& name) {
    return std::ranges::find(effect.rewrites, name) != effect.rewrites.end();
  });
}

void raise_alter_table(const Statement& statement, Effect& effect) {
  if (statement.tag != "AlterTableStmt") return;
  const auto is_altered = [](const RelationLock& lock) {
    static constexpr std::array<std::string_view, 7> k_altered = {
        "target",           "children",   "adding_children", "losing_children", "not_null_children",
        "merging_children", "unvalidated"};
    return std::ranges::find(k_altered, lock.role) != k_altered.end();
  };
  LockMode strictest = LockMode::AccessShare;
  for (const CommandEffect& command : effect.commands) {
    if (command.inner != nullptr) continue;
    for (const RelationLock& lock : command.locks) {
      if (is_altered(lock)) strictest = std::max(strictest, lock.mode);
    }
  }
  for (CommandEffect& command : effect.commands) {
    if (command.inner != nullptr) continue;
    for (RelationLock& lock : command.locks) {
      if (is_altered(lock)) lock.mode = strictest;
    }
  }
}

bool is_neutral(std::string_view tag) {
  static constexpr std::array<std::string_view, 22> k_neutral = {
      "TransactionStmt", "VariableSetStmt", "VariableShowStmt", "SelectStmt",         "ExplainStmt",
      "LockStmt",        "NotifyStmt",      "ListenStmt",       "UnlistenStmt",       "PrepareStmt",
      "DeallocateStmt",  "DiscardStmt",     "CheckPointStmt",   "ConstraintsSetStmt", "DeclareCursorStmt",
      "FetchStmt",       "ClosePortalStmt", "VacuumStmt",       "LoadStmt",           "DoStmt",
      "CallStmt",        "ExecuteStmt"};
  return std::ranges::find(k_neutral, tag) != k_neutral.end();
}

bool is_dml(std::string_view tag) {
  return tag == "InsertStmt" || tag == "UpdateStmt" || tag == "DeleteStmt" || tag == "MergeStmt";
}

void classify(const Statement& statement, Effect& effect) {
  if (effect.outcome != Outcome::runs) return;
  bool changes = !effect.unseen.empty();
  bool writes = false;
  const auto count = [&](std::string_view tag) {
    writes = writes || is_dml(tag);
    changes = changes || (!is_neutral(tag) && !is_dml(tag));
  };
  count(statement.tag);
  for (const CommandEffect& command : effect.commands) {
    if (command.inner != nullptr) count(command.inner->tag);
  }
  if (!changes && !writes) return;
  if (effect.breaks != Breaks::nobody || effect.destroys_data) {
    effect.phase = Phase::contract;
  } else {
    effect.phase = changes ? Phase::expand : Phase::backfill;
  }
}

}  // namespace pgsluice::effects
