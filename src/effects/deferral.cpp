// SPDX-License-Identifier: Apache-2.0
#include "deferral.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pgsluice::effects {

bool Deferral::is_deferred(const DeferrableLock& lock) const {
  const auto found = by_name_.find(lock.constraint);
  return found != by_name_.end() ? found->second : all_.value_or(lock.initdeferred);
}

std::vector<DeferrableLock> Deferral::set(const Command& command) {
  const bool deferred = command.is("deferred");
  if (command.names.empty()) {
    all_ = deferred;
    by_name_.clear();
  }
  for (const Name name : command.names) by_name_[name] = deferred;
  std::vector<DeferrableLock> due;
  std::ranges::copy_if(waiting_, std::back_inserter(due),
                       [this](const DeferrableLock& lock) { return !is_deferred(lock); });
  std::erase_if(waiting_, [this](const DeferrableLock& lock) { return !is_deferred(lock); });
  return due;
}

std::vector<DeferrableLock> Deferral::take() {
  std::vector<DeferrableLock> due = std::exchange(waiting_, {});
  clear();
  return due;
}

}  // namespace pgsluice::effects
