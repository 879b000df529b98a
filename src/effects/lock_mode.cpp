// SPDX-License-Identifier: Apache-2.0
// Lock modes: the only place that converts between their three spellings.
#include <algorithm>
#include <array>

#include "pgsluice/effects.hpp"

namespace pgsluice {

namespace {

constexpr std::size_t k_modes = 8;

struct Spelling {
  std::string_view pg_locks;
  std::string_view sql;
};
constexpr std::array<Spelling, k_modes> k_spellings = {{
    {"AccessShareLock", "ACCESS SHARE"},
    {"RowShareLock", "ROW SHARE"},
    {"RowExclusiveLock", "ROW EXCLUSIVE"},
    {"ShareUpdateExclusiveLock", "SHARE UPDATE EXCLUSIVE"},
    {"ShareLock", "SHARE"},
    {"ShareRowExclusiveLock", "SHARE ROW EXCLUSIVE"},
    {"ExclusiveLock", "EXCLUSIVE"},
    {"AccessExclusiveLock", "ACCESS EXCLUSIVE"},
}};

constexpr unsigned bit(LockMode mode) {
  return 1U << static_cast<unsigned>(mode);
}

/// lock.c LockConflicts: which modes each mode conflicts with.
constexpr std::array<unsigned, k_modes + 1> k_conflicts = [] {
  using enum LockMode;
  std::array<unsigned, k_modes + 1> table{};
  const auto set = [&table](LockMode mode, unsigned others) {
    table[static_cast<std::size_t>(mode)] = others;
  };
  const unsigned exclusive = bit(Exclusive) | bit(AccessExclusive);
  const unsigned share_or_more = bit(Share) | bit(ShareRowExclusive) | exclusive;
  set(AccessShare, bit(AccessExclusive));
  set(RowShare, exclusive);
  set(RowExclusive, share_or_more);
  set(ShareUpdateExclusive, bit(ShareUpdateExclusive) | share_or_more);
  set(Share, bit(RowExclusive) | bit(ShareUpdateExclusive) | bit(ShareRowExclusive) | exclusive);
  set(ShareRowExclusive, bit(RowExclusive) | bit(ShareUpdateExclusive) | share_or_more);
  set(Exclusive, bit(RowShare) | bit(RowExclusive) | bit(ShareUpdateExclusive) | share_or_more);
  set(AccessExclusive,
      bit(AccessShare) | bit(RowShare) | bit(RowExclusive) | bit(ShareUpdateExclusive) | share_or_more);
  return table;
}();

}  // namespace

std::string_view lock_name(LockMode mode) {
  return k_spellings.at(static_cast<std::size_t>(mode) - 1).pg_locks;
}
std::string_view lock_sql(LockMode mode) {
  return k_spellings.at(static_cast<std::size_t>(mode) - 1).sql;
}

std::optional<LockMode> parse_lock_name(std::string_view name) {
  const auto found = std::ranges::find(k_spellings, name, &Spelling::pg_locks);
  if (found == k_spellings.end()) return std::nullopt;
  return static_cast<LockMode>(found - k_spellings.begin() + 1);
}

bool conflicts(LockMode a, LockMode b) {
  return (k_conflicts.at(static_cast<std::size_t>(a)) & bit(b)) != 0;
}

std::string_view to_string(Breaks breaks) {
  switch (breaks) {
    case Breaks::writers: return "writers";
    case Breaks::readers: return "readers";
    default: return "nobody";
  }
}

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::backfill: return "backfill";
    case Phase::contract: return "contract";
    default: return "expand";
  }
}

std::optional<Phase> parse_phase(std::string_view text) {
  for (const Phase phase : {Phase::expand, Phase::backfill, Phase::contract}) {
    if (text == to_string(phase)) return phase;
  }
  return std::nullopt;
}

}  // namespace pgsluice
