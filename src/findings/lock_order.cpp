// SPDX-License-Identifier: Apache-2.0
#include "findings/lock_order.hpp"

#include <algorithm>

#include "findings/subject.hpp"

namespace pgsluice {
namespace {

/// Of a transaction that locks more than that only the first ones are compared.
constexpr std::size_t k_most_locks = 64;

bool counts(const RelationLock& lock) {
  const std::string_view out = findings::blocks(lock);
  return (out == "reads" || out == "writes") && findings::is_table_like(lock.relkind);
}

}  // namespace

void LockOrders::begin() {
  transaction_.reset();
  held_.clear();
}

void LockOrders::add(FileAnalysis& file) {
  begin();
  for (const Effect& effect : file.effects) add(file, effect);
}

void LockOrders::add(FileAnalysis& file, const Effect& effect) {
  if (!effect.transaction || effect.transaction != transaction_) held_.clear();
  transaction_ = effect.transaction;
  if (!effect.transaction || file.migration.folder.empty()) return;
  for (const RelationLock& lock : effect.locks) {
    if (counts(lock))
      take(file, {.relation = lock.relation, .mode = lock.mode, .statement = effect.statement});
  }
}

void LockOrders::take(FileAnalysis& file, const Lock& lock) {
  const bool again = std::ranges::find(held_, lock.relation, &Lock::relation) != held_.end();
  if (again || held_.size() >= k_most_locks) return;
  for (const Lock& held : held_) {
    if (held.statement == lock.statement) continue;  // in an order that PostgreSQL chooses
    const auto other = orders_.find({lock.relation, held.relation});
    if (other != orders_.end() && other->second.folder != file.migration.folder &&
        conflicts(other->second.first, lock.mode) && conflicts(other->second.second, held.mode)) {
      file.order_conflicts.push_back({.statement = lock.statement,
                                      .first = held.relation,
                                      .second = lock.relation,
                                      .other = other->second.file});
    }
    orders_.try_emplace({held.relation, lock.relation}, Order{.folder = file.migration.folder,
                                                              .file = file.migration.path.generic_string(),
                                                              .first = held.mode,
                                                              .second = lock.mode});
  }
  held_.push_back(lock);
}

FileAnalysis analyse_beside(Migration other, Migration migration, const EffectTable& table,
                            const RuleBook& rules, const PredictOptions& predict_options,
                            const CheckOptions& check_options) {
  LockOrders orders;
  Catalog catalog;
  other.folder = "other";
  migration.folder = "here";
  FileAnalysis before = parse(std::move(other));
  predict(before, catalog, table, predict_options);
  orders.add(before);
  FileAnalysis file = parse(std::move(migration));
  predict(file, catalog, table, predict_options);
  orders.add(file);
  check(file, rules, check_options);
  return file;
}

}  // namespace pgsluice
