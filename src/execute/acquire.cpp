// SPDX-License-Identifier: Apache-2.0
// Before a step queues for a lock: is anybody there who would keep it waiting, and everybody else behind it? Waiting
// here costs the application nothing; waiting in the queue stalls it.

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "execute/step.hpp"
#include "execute/stop.hpp"

namespace pgsluice {
namespace {

constexpr milliseconds k_retell{10'000};
// Where transactions of some hundred milliseconds follow one another without a gap, no moment is ever free of an
// older one. After this long the next moment without a really long one has to do; lock_timeout still bounds the harm.
constexpr milliseconds k_patience{5'000};
constexpr milliseconds k_patience_tolerated{1'000};

/// Ages of transactions, also of those whose start this role may not see.
class Ages {
 public:
  milliseconds of(const Blocker& blocker, Clock::time_point now) {
    const auto [seen, first] =
        seen_.try_emplace(cat(std::to_string(blocker.pid), " ", blocker.transaction), now);
    if (blocker.age) {
      return *blocker.age;
    }
    // What was there at the first look may be of any age.
    return first_look_ == now || seen->second == first_look_
               ? milliseconds::max()
               : std::chrono::duration_cast<milliseconds>(now - seen->second);
  }
  void look(Clock::time_point now) { first_look_ = looked_ ? first_look_ : now, looked_ = true; }

 private:
  std::map<std::string, Clock::time_point> seen_;
  Clock::time_point first_look_;
  bool looked_ = false;
};

// An ordinary autovacuum gives way to somebody who waits longer than deadlock_timeout. Waiting for SHARE UPDATE
// EXCLUSIVE does that, and blocks neither reads nor writes meanwhile.
bool yields_to_fence(const Blocker& blocker) {
  return blocker.mode == "ShareUpdateExclusiveLock" && blocker.backend_type != "client backend" &&
         blocker.query.find("to prevent wraparound") == std::string::npos;
}

std::vector<Blocker> worth_waiting_for(StepContext& context, const std::vector<Blocker>& holders,
                                       Ages& ages) {
  const auto now = context.world.clock.now();
  ages.look(now);
  const milliseconds tolerated = context.since(context.started) < k_patience
                                     ? context.options.tolerated
                                     : std::max(context.options.tolerated, k_patience_tolerated);
  std::vector<Blocker> waited_for;
  context.fence.clear();
  for (const Blocker& holder : holders) {
    const milliseconds age = ages.of(holder, now);
    if (yields_to_fence(holder)) {
      context.fence.push_back(holder.relation);
    } else if (age > tolerated) {
      waited_for.push_back(holder);
    }
  }
  return waited_for;
}

// A concurrent command takes its stronger locks only when nobody uses the object any more, and waits for that without
// being in anybody's way.
std::vector<RelationLock> locks_to_look_at(const Step& step) {
  std::vector<RelationLock> locks = step.locks;
  for (RelationLock& lock : locks) {
    if (step.concurrent) {
      lock.mode = std::min(lock.mode, LockMode::ShareUpdateExclusive);
    }
  }
  return locks;
}

std::string who(const std::vector<Blocker>& blockers) {
  return blockers.empty() ? std::string()
                          : cat(std::to_string(blockers.front().pid), " ", blockers.front().transaction);
}

}  // namespace

Clearance wait_until_free(StepContext& context) {
  Ages ages;
  const std::vector<RelationLock> locks = locks_to_look_at(context.step);
  std::string told;
  auto told_at = context.world.clock.now();
  for (;;) {
    if (is_interrupted(context.world)) {
      return Clearance::interrupted;
    }
    const std::vector<Blocker> blockers =
        worth_waiting_for(context, context.observer.holders(locks, context.worker.backend_pid), ages);
    if (blockers.empty()) {
      return Clearance::go;
    }
    context.report.blockers = blockers;
    if (context.budget_left() == milliseconds(0)) {
      return Clearance::out_of_time;
    }
    if (who(blockers) != told || context.since(told_at) >= k_retell) {
      told = who(blockers);
      told_at = context.world.clock.now();
      const std::string others =
          blockers.size() > 1 ? cat(" (and ", std::to_string(blockers.size() - 1), " more)") : "";
      context.emit(Severity::info, "step-waiting",
                   cat("not queueing behind ", describe(blockers.front()), others));
    }
    context.world.clock.sleep(std::min(context.options.poll, context.budget_left()));
  }
}

}  // namespace pgsluice
