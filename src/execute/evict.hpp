// SPDX-License-Identifier: Apache-2.0
#pragma once

// What may be done to those who are in the way. By default nothing: nobody is harmed. Who asks for more says whom it may
// meet, and from what age on; some it never meets.

#include <set>
#include <utility>
#include <vector>

#include "execute/blockers.hpp"

namespace pgsluice {

/// Carries the policy out, once for each transaction and stage. Says what it does before it does it.
class Evictor {
 public:
  Evictor(const World& world, const BlockerPolicy& policy) : world_(world), policy_(policy) {}
  /// `subject`: the step that is kept waiting.
  void act(Observer& observer, const std::string& subject, const std::vector<Blocker>& blockers);

 private:
  const World& world_;
  const BlockerPolicy& policy_;
  std::set<std::pair<std::string, Eviction>> done_;  ///< virtual transactions
};

}  // namespace pgsluice
