// SPDX-License-Identifier: Apache-2.0
#include "preview/locks_by_mode.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string_view>
#include <utility>

#include "preview/ask.hpp"

namespace pgsluice {
namespace {

constexpr std::string_view k_locks =
    "SELECT mode, string_agg(relation::text, ',') FROM pg_locks"
    " WHERE pid = pg_backend_pid() AND locktype = 'relation' AND relation >= 16384 GROUP BY mode";

std::vector<RelationOid> sorted(std::string_view list) {
  std::vector<RelationOid> oids;
  const char* const end = list.data() + list.size();
  for (const char* at = list.data(); at < end; ++at)  // over the comma
    at = std::from_chars(at, end, oids.emplace_back()).ptr;
  std::ranges::sort(oids);
  return oids;
}

}  // namespace

LocksByMode LocksByMode::of(Session& session) {
  const SqlResult result = ask(session, k_locks);
  LocksByMode locks;
  for (std::size_t i = 0; i < result.rows.size(); ++i) {
    if (const auto mode = parse_lock_name(result.text(i, 0)))
      locks.by_mode_[*mode] = sorted(result.text(i, 1));
  }
  return locks;
}

void LocksByMode::add(RelationOid oid, LockMode mode) {
  std::vector<RelationOid>& oids = by_mode_[mode];
  const auto at = std::ranges::lower_bound(oids, oid);
  if (at == oids.end() || *at != oid) oids.insert(at, oid);
}

LockModes LocksByMode::modes_of(RelationOid oid) const {
  LockModes modes;
  for (const auto& [mode, oids] : by_mode_) {
    if (std::ranges::binary_search(oids, oid)) modes.insert(mode);
  }
  return modes;
}

bool LocksByMode::contains(RelationOid oid) const {
  return std::ranges::any_of(by_mode_,
                             [oid](const auto& one) { return std::ranges::binary_search(one.second, oid); });
}

std::set<RelationOid> LocksByMode::oids() const {
  std::set<RelationOid> all;
  for (const auto& [mode, oids] : by_mode_) all.insert(oids.begin(), oids.end());
  return all;
}

LocksByMode LocksByMode::without(const LocksByMode& others) const {
  LocksByMode rest;
  for (const auto& [mode, oids] : by_mode_) {
    const auto other = others.by_mode_.find(mode);
    std::vector<RelationOid> left;
    other == others.by_mode_.end()
        ? (void)(left = oids)
        : (void)std::ranges::set_difference(oids, other->second, std::back_inserter(left));
    if (!left.empty()) rest.by_mode_[mode] = std::move(left);
  }
  return rest;
}

}  // namespace pgsluice
