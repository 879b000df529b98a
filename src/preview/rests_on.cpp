// SPDX-License-Identifier: Apache-2.0
#include "preview/rests_on.hpp"

#include <algorithm>
#include <ranges>
#include <set>
#include <tuple>

#include "base/text.hpp"

namespace pgsluice {
namespace {

using Names = std::set<RelationName>;

Names set_of(const std::vector<RelationName>& names) {
  return {names.begin(), names.end()};
}

auto locks_of(const Effect& effect) {
  std::set<std::tuple<RelationName, char, LockMode, bool, bool>> locks;
  for (const RelationLock& lock : effect.locks)
    locks.emplace(lock.relation, lock.relkind, lock.mode, lock.is_new, lock.is_known);
  return locks;
}

bool do_the_same(const Effect& a, const Effect& b) {
  return a.outcome == b.outcome && locks_of(a) == locks_of(b) && set_of(a.rewrites) == set_of(b.rewrites) &&
         set_of(a.scans) == set_of(b.scans) && set_of(a.index_builds) == set_of(b.index_builds);
}

bool changes(const RelationLock& lock) {
  return lock.is_new || lock.mode >= LockMode::RowExclusive;
}

/// The first lock of the file that is `meant`, on a relation that the statement locks, too.
const RelationLock* lock_on(const FileAnalysis& file, const Effect& statement, const auto& meant) {
  for (const Effect& effect : file.effects) {
    for (const RelationLock& lock : effect.locks) {
      if (meant(lock) && std::ranges::count(statement.locks, lock.relation, &RelationLock::relation) > 0)
        return &lock;
    }
  }
  return nullptr;
}

/// Syntax error or access rule violation (most of it: something is not there, or is there already), invalid schema name,
/// dependent objects still exist.
bool is_of_names(std::string_view sqlstate) {
  return sqlstate.starts_with("42") || sqlstate.starts_with("3F") || sqlstate.starts_with("2B");
}

constexpr std::string_view k_somewhere = "what the pending files before it do";

}  // namespace

const Effect* first_that_rests(const FileAnalysis& file, const FileAnalysis& alone) {
  const auto [with, without] = std::ranges::mismatch(file.effects, alone.effects, do_the_same);
  return with == file.effects.end() ? nullptr : &*with;
}

std::optional<std::string> rests_on(const Effect& effect, const FilesBefore& before) {
  // Without whoever makes a relation nothing else matters.
  for (const FileAnalysis* file : before) {
    if (const RelationLock* made =
            lock_on(*file, effect, [](const RelationLock& lock) { return lock.is_new; }))
      return cat(made->relation.quoted(), ", which ", file->migration.id, " makes");
  }
  for (const FileAnalysis* file : std::views::reverse(before)) {
    if (const RelationLock* lock = lock_on(*file, effect, changes))
      return cat("what ", file->migration.id, " does to ", lock->relation.quoted());
  }
  return std::nullopt;
}

std::optional<std::string> may_rest_on(const Effect& effect, const SqlError& error,
                                       const FilesBefore& before) {
  if (auto done = rests_on(effect, before)) return done;
  if (before.empty() || !is_of_names(error.sqlstate)) return std::nullopt;
  return std::string(k_somewhere);
}

}  // namespace pgsluice
