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

/// Data exception, integrity constraint violation.
bool is_of_rows(std::string_view sqlstate) {
  return sqlstate.starts_with("22") || sqlstate.starts_with("23");
}

bool is_written(const RelationLock& lock) {
  return lock.mode == LockMode::RowExclusive;
}

/// Commands that take rows away without writing any.
bool takes_rows(const CommandEffect& command) {
  if (command.row == nullptr) return false;
  const std::string_view on = command.row->on;
  return (command.row->destroys_data && (on == "TruncateStmt" || on == "DropStmt")) ||
         on.starts_with("AT_DetachPartition");
}

/// Whether it changes rows of the relation. A lock that is stronger may hide that it writes.
bool writes(const Effect& effect, const RelationName& relation) {
  return std::ranges::count(effect.rewrites, relation) > 0 ||
         std::ranges::any_of(effect.commands, [&](const CommandEffect& command) {
           return std::ranges::any_of(command.locks, [&](const RelationLock& lock) {
             return lock.relation == relation && (is_written(lock) || takes_rows(command));
           });
         });
}

/// The last file that may have given the relations of the statement other rows than those that are there.
std::optional<std::string> rows_of(const Effect& effect, const FilesBefore& before) {
  for (const FileAnalysis* file : std::views::reverse(before)) {
    for (const Effect& earlier : file->effects) {
      if (!earlier.unseen.empty()) return cat("what ", file->migration.id, " runs");
      for (const RelationLock& lock : effect.locks) {
        if (writes(earlier, lock.relation))
          return cat("what ", file->migration.id, " does to ", lock.relation.quoted());
      }
    }
  }
  return std::nullopt;
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
  // A constraint that rows violate is violated whatever has become of other columns; rows that the statement itself writes
  // meet what earlier files have done to the table.
  const bool only_reads = std::ranges::none_of(effect.locks, is_written);
  if (is_of_rows(error.sqlstate) && only_reads) return rows_of(effect, before);
  if (auto done = rests_on(effect, before)) return done;
  if (before.empty() || !is_of_names(error.sqlstate)) return std::nullopt;
  return std::string(k_somewhere);
}

}  // namespace pgsluice
