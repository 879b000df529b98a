// SPDX-License-Identifier: Apache-2.0
#include "forecast/work.hpp"

#include <algorithm>

namespace pgsluice {
namespace forecasting {
namespace {

bool is_new(const Effect& effect, const RelationName& relation) {
  return std::any_of(effect.locks.begin(), effect.locks.end(),
                     [&](const RelationLock& lock) { return lock.is_new && lock.relation == relation; });
}

// A partitioned table has no rows of its own.
std::vector<RelationName> without_parents(const std::vector<const RelationLock*>& tables) {
  const auto has_rows = [](const RelationLock* lock) { return lock->relkind != relkind::partitioned_table; };
  const bool some_have = std::any_of(tables.begin(), tables.end(), has_rows);
  std::vector<RelationName> names;
  for (const RelationLock* lock : tables) {
    if (!some_have || has_rows(lock)) names.push_back(lock->relation);
  }
  return names;
}

/// An index that is being built is new: its table is what the command locks.
std::vector<RelationName> indexed_tables(const CommandEffect& command) {
  std::vector<const RelationLock*> tables;
  for (const RelationLock& lock : command.locks) {
    const bool holds_rows = lock.relkind == relkind::table || lock.relkind == relkind::partitioned_table ||
                            lock.relkind == relkind::materialized_view;
    if (holds_rows && !lock.is_new && lock.mode >= LockMode::ShareUpdateExclusive) tables.push_back(&lock);
  }
  return without_parents(tables);
}

}  // namespace

const Effect& effect_of(const PlannedFile& file, const PlannedStatement& planned) {
  const std::vector<Effect>& effects = file.analysis.effects;
  return *std::find_if(effects.begin(), effects.end(),
                       [&](const Effect& effect) { return effect.statement == planned.index; });
}

std::vector<PricedWork> work_of(const Effect& effect) {
  std::vector<PricedWork> work;
  const auto add = [&](PricedWork::Kind kind, const RelationName& relation,
                       std::vector<RelationName> tables) {
    const bool known = std::any_of(work.begin(), work.end(), [&](const PricedWork& other) {
      return other.kind == kind && other.relation == relation;
    });
    if (!known && !tables.empty()) {
      work.push_back({.kind = kind, .relation = relation, .tables = std::move(tables)});
    }
  };
  for (const CommandEffect& command : effect.commands) {
    for (const RelationName& relation : command.rewrites) {
      if (!is_new(effect, relation)) add(PricedWork::Kind::rewrite, relation, {relation});
    }
    for (const RelationName& relation : command.scans) {
      if (!is_new(effect, relation)) add(PricedWork::Kind::scan, relation, {relation});
    }
    for (const RelationName& index : command.index_builds) {
      add(PricedWork::Kind::index_build, index, indexed_tables(command));
    }
  }
  return work;
}

std::vector<RelationName> tables_of(const Effect& effect) {
  std::vector<RelationName> tables;
  for (const PricedWork& work : work_of(effect)) {
    for (const RelationName& table : work.tables) {
      if (std::find(tables.begin(), tables.end(), table) == tables.end()) tables.push_back(table);
    }
  }
  return tables;
}

}  // namespace forecasting

std::string_view to_string(PricedWork::Kind kind) {
  switch (kind) {
    case PricedWork::Kind::rewrite: return "rewrite";
    case PricedWork::Kind::scan: return "scan";
    case PricedWork::Kind::index_build: return "index_build";
  }
  return {};
}

}  // namespace pgsluice
