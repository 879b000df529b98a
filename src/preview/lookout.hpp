// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a statement locks that runs alone, and gives back before others can see it.

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "pgsluice/preview.hpp"
#include "preview/locks_by_mode.hpp"

namespace pgsluice {

/// Two sessions that nobody else uses.
struct Onlookers {
  Session& watcher;
  Session& bystander;
};

/// Tables on which somebody stands in the statement's way, so that it waits long enough to be seen; quoted.
struct InTheWay {
  LockMode mode = LockMode::RowExclusive;
  std::vector<std::string>
      at_first;  ///< until it waits at all: CONCURRENTLY waits for who writes, without a lock of its own
  std::vector<std::string> at_last;  ///< until it waits for a relation
};

/// Looks at what another session holds and asks for.
class Lookout {
 public:
  Lookout(const Onlookers& onlookers, int pid, const InTheWay& in_the_way);
  Lookout(const Lookout&) = delete;
  Lookout& operator=(const Lookout&) = delete;
  ~Lookout() { step_aside(); }

  void look();
  void step_aside();
  [[nodiscard]] const LocksByMode& seen() const { return seen_; }
  /// Strongest first. `sent` and `ended`: of the statement.
  [[nodiscard]] std::vector<LockSpan> spans_of(RelationOid oid, std::chrono::steady_clock::time_point sent,
                                               std::chrono::steady_clock::time_point ended) const;

 private:
  /// Looks, by their number: it was not there before `first`, and no more at `gone`.
  struct Seen {
    std::size_t first = 0;
    std::size_t gone = 0;
  };

  Onlookers onlookers_;
  int pid_;
  std::vector<std::chrono::steady_clock::time_point> looks_;
  LocksByMode seen_;
  std::map<std::pair<RelationOid, LockMode>, Seen> when_;
};

}  // namespace pgsluice
