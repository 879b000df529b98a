// SPDX-License-Identifier: Apache-2.0
// Checks of deferred constraints: whose locks come at COMMIT, or when SET CONSTRAINTS asks for them.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "rows.hpp"

namespace pgsluice::effects {

/// The state of one transaction.
class Deferral {
 public:
  [[nodiscard]] bool is_deferred(Name constraint, bool initdeferred) const;
  void keep(const DeferrableLock& lock) { waiting_.push_back(lock); }
  /// SET CONSTRAINTS; what is due at once.
  std::vector<DeferrableLock> set(const Command& command);
  /// COMMIT.
  std::vector<DeferrableLock> take();
  void clear() { *this = {}; }

 private:
  std::vector<DeferrableLock> waiting_;
  std::optional<bool> all_;
  std::map<Name, bool> by_name_;
};

}  // namespace pgsluice::effects
