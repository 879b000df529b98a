// SPDX-License-Identifier: Apache-2.0
#include "preview/held.hpp"

#include <algorithm>
#include <functional>

namespace pgsluice {
namespace {

constexpr std::size_t k_most_names = 6;

/// Where it was taken; none: by what would have been another transaction.
std::optional<std::size_t> taken_at(const std::vector<KeptRelation>& kept, const std::string& name,
                                    LockMode mode) {
  const auto found = std::ranges::find(kept, name, &KeptRelation::name);
  if (found == kept.end()) return std::nullopt;
  const auto at = found->taken_at->find(mode);
  return at == found->taken_at->end() ? std::nullopt : std::optional(at->second);
}

void add_locks(const HeldLocks& held, const std::vector<KeptRelation>& kept, const Effect& predicted,
               Observation& observed) {
  for (const RelationLock& lock : predicted.locks) {
    const std::string name = lock.relation.quoted();
    const auto found = held.find(name);
    if (lock.is_new || found == held.end() || !found->second.contains(lock.mode)) continue;
    const auto [seen, is_first] = observed.locks.try_emplace(name, ObservedLock{.relkind = lock.relkind});
    if (!is_first && (seen->second.is_new || seen->second.mode >= lock.mode)) continue;
    seen->second.mode = lock.mode;
    seen->second.held_since = taken_at(kept, name, lock.mode);
  }
}

/// Without what is told of the statement itself.
std::vector<HeldRelations> still_held(const std::vector<KeptRelation>& kept, const Observation& observed) {
  std::map<LockMode, HeldRelations, std::greater<>> by_mode;
  for (const KeptRelation& one : kept) {
    if (is_index(one.relkind) || !blocks_writes(one.mode)) continue;
    const auto told = observed.locks.find(std::string(one.name));
    if (told != observed.locks.end() && told->second.mode >= one.mode) continue;
    HeldRelations& all = by_mode.try_emplace(one.mode, HeldRelations{.mode = one.mode}).first->second;
    if (all.count++ < k_most_names) all.some.emplace_back(one.name);
  }
  std::vector<HeldRelations> strongest_first;
  for (auto& [mode, all] : by_mode) strongest_first.push_back(std::move(all));
  return strongest_first;
}

/// No lock of rows that are not there is taken, nor that of a branch of code that went another way; and who runs alone is only
/// looked at now and then. Where more is held nobody waits for it; types are not looked at.
RelationsByMode unseen(const HeldLocks& held, const Effect& predicted, const Observation& observed) {
  RelationsByMode by_mode;
  for (const RelationLock& lock : predicted.locks) {
    const std::string name = lock.relation.quoted();
    const auto more = held.find(name);
    const bool counts = !lock.is_new && !is_index(lock.relkind) && lock.relkind != relkind::composite_type &&
                        lock.mode > LockMode::AccessShare;
    const bool is_held = more != held.end() && *more->second.rbegin() >= lock.mode;
    if (counts && !is_held && !observed.locks.contains(name)) by_mode[lock.mode].push_back(name);
  }
  return by_mode;
}

}  // namespace

void add_held(const HeldLocks& held, const std::vector<KeptRelation>& kept, PreviewedStatement& statement) {
  add_locks(held, kept, *statement.predicted, statement.observed);
  statement.still_held = still_held(kept, statement.observed);
  statement.unseen = unseen(held, *statement.predicted, statement.observed);
}

}  // namespace pgsluice
