// SPDX-License-Identifier: Apache-2.0
// PostgreSQL's conflict table in words.
#include "explain/meanwhile.hpp"

#include <algorithm>
#include <array>

#include "findings/subject.hpp"

namespace pgsluice {
namespace {

using enum LockMode;

/// What people know by its name rather than by its lock. An index is locked by whoever plans a query of its table.
constexpr std::array k_activities = {
    Activity{"SELECT", "rpfvm", AccessShare},
    Activity{"SELECT … FOR UPDATE or FOR SHARE", "rpfv", RowShare},
    Activity{"foreign-key checks", "rp", RowShare},
    Activity{"INSERT, UPDATE, DELETE", "rpfv", RowExclusive},
    Activity{"VACUUM and ANALYZE", "rpm", ShareUpdateExclusive},
    Activity{"ANALYZE", "f", ShareUpdateExclusive},
    Activity{"CREATE INDEX CONCURRENTLY", "rm", ShareUpdateExclusive, Share},
    Activity{"VALIDATE CONSTRAINT", "rpf", ShareUpdateExclusive},
    Activity{"CREATE INDEX", "rpm", Share},
    Activity{"CREATE TRIGGER", "rpfv", ShareRowExclusive},
    Activity{"REFRESH … CONCURRENTLY", "m", Exclusive},
    Activity{"REFRESH", "m", AccessExclusive},
    Activity{"most other ALTER, DROP, TRUNCATE", "rpf", AccessExclusive},
    Activity{"ALTER, DROP", "vm", AccessExclusive},
    Activity{"SELECT on its table", "iI", AccessShare},
    Activity{"INSERT, UPDATE, DELETE and VACUUM on its table", "iI", RowExclusive},
    Activity{"ALTER, DROP, REINDEX", "iI", AccessExclusive},
    Activity{"SELECT", "S", AccessShare},
    Activity{"nextval(), currval(), setval()", "S", RowExclusive},
    Activity{"ALTER SEQUENCE", "S", ShareRowExclusive},
    Activity{"DROP", "S", AccessExclusive},
};

bool is_concurrent(const Statement& statement) {
  return std::ranges::any_of(statement.commands, [](const Command& c) { return c.is("concurrent"); });
}

}  // namespace

std::span<const Activity> activities() {
  return k_activities;
}

bool waits(const Activity& activity, LockMode held) {
  return conflicts(activity.lock, held) ||
         (activity.waits_out != AccessShare && conflicts(activity.waits_out, held));
}

/// A concurrent command works without the strong locks that it takes for a moment.
Hold hold_of(const Effect& effect, const Statement& statement, LockMode mode) {
  if (effect.unmodeled) return Hold::unknown;
  if (is_concurrent(statement)) return blocks_reads(mode) ? Hold::instant : Hold::work;
  const bool reads_samples = statement.tag == "VacuumStmt";
  return reads_samples || findings::is_slow(effect, statement) ? Hold::work : Hold::instant;
}

namespace explaining {
namespace {

Meanwhile answer(const RelationLock& lock, Hold hold) {
  Meanwhile result{.mode = lock.mode, .hold = hold, .relations = {lock.relation}};
  for (const Activity& activity : activities()) {
    if (activity.relkinds.find(lock.relkind) == std::string_view::npos) continue;
    (waits(activity, lock.mode) ? result.waiting : result.going_on).push_back(activity.words);
  }
  return result;
}

bool says_the_same(const Meanwhile& a, const Meanwhile& b) {
  return a.mode == b.mode && a.hold == b.hold && a.waiting == b.waiting && a.going_on == b.going_on;
}

}  // namespace

std::vector<Meanwhile> meanwhile(const std::vector<HeldFor>& locks) {
  std::vector<Meanwhile> result;
  for (const auto& [lock, hold] : locks) {
    if (lock.is_new) continue;
    Meanwhile one = answer(lock, hold);
    if (one.waiting.empty() && one.going_on.empty()) continue;
    const auto same = std::ranges::find_if(result, [&](const Meanwhile& m) { return says_the_same(m, one); });
    if (same == result.end()) {
      result.push_back(std::move(one));
    } else {
      same->relations.push_back(lock.relation);
    }
  }
  std::ranges::stable_sort(result, std::ranges::greater(), &Meanwhile::mode);
  return result;
}

std::vector<Meanwhile> meanwhile(const Effect& effect, const Statement& statement) {
  std::vector<HeldFor> locks;
  for (const RelationLock& lock : effect.locks) {
    locks.push_back({.lock = lock, .hold = hold_of(effect, statement, lock.mode)});
  }
  return meanwhile(locks);
}

}  // namespace explaining
}  // namespace pgsluice
