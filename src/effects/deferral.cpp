// SPDX-License-Identifier: Apache-2.0
#include "deferral.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pgsluice::effects {

bool Deferral::is_deferred(Name constraint, bool initdeferred) const {
  const auto found = by_name_.find(constraint);
  return found != by_name_.end() ? found->second : all_.value_or(initdeferred);
}

std::vector<DeferrableLock> Deferral::set(const Command& command) {
  const bool deferred = command.is("deferred");
  if (command.names.empty()) {
    all_ = deferred;
    by_name_.clear();
  }
  for (const Name name : command.names) by_name_[name] = deferred;
  const auto is_due = [this](const DeferrableLock& lock) {
    return !is_deferred(lock.constraint, lock.initdeferred);
  };
  std::vector<DeferrableLock> due;
  std::ranges::copy_if(waiting_, std::back_inserter(due), is_due);
  std::erase_if(waiting_, is_due);
  return due;
}

std::vector<DeferrableLock> Deferral::take() {
  std::vector<DeferrableLock> due = std::exchange(waiting_, {});
  clear();
  return due;
}

}  // namespace pgsluice::effects
