// SPDX-License-Identifier: Apache-2.0
// How the locks of a step are taken. Waiting outside costs the application nothing; waiting in the queue stalls
// everybody who comes after us. So: stay out while somebody long is there, then look for a free moment without queueing,
// and where there is none, queue once, at a good moment, for as long as it takes and not longer.

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "execute/lock_script.hpp"
#include "execute/step.hpp"
#include "execute/stop.hpp"

namespace pgsluice {
namespace {

constexpr milliseconds k_retell{10'000};
constexpr milliseconds k_next_told{2'000};
constexpr milliseconds k_probe{5};       // between two tries without queueing
constexpr milliseconds k_lazy_poll{75};  // of somebody who has been there for long
// Longer than deadlock_timeout (1 s), when autovacuum is cancelled for us.
constexpr milliseconds k_fence{3'000};
constexpr milliseconds k_longest_hold{30'000};  // of the fence: autovacuum needs its turn
constexpr int k_unfenced = 3;  // rounds, for as many a busy table of short transactions takes at most

// A concurrent command takes its stronger locks only when nobody uses the object any more, and waits for that without
// being in anybody's way.
std::vector<RelationLock> locks_to_look_at(const Step& step) {
  std::vector<RelationLock> locks = step.locks;
  for (RelationLock& lock : locks) {
    if (step.concurrent) lock.mode = std::min(lock.mode, LockMode::ShareUpdateExclusive);
  }
  return locks;
}

/// Who holds what we need. An autovacuum that gives way is noted and left out.
std::vector<Blocker> look(StepContext& context, const std::vector<RelationLock>& locks) {
  std::vector<Blocker> holders = context.observer.holders(locks, context.worker.backend_pid);
  context.autovacuum = std::erase_if(holders, gives_way) > 0;
  context.residuals.look(context.world.clock.now(), holders);
  return holders;
}

std::string who(const std::vector<Blocker>& blockers) {
  return blockers.empty() ? std::string()
                          : cat(std::to_string(blockers.front().pid), " ", blockers.front().transaction);
}

std::string waiting_message(const std::vector<Blocker>& blockers, std::string_view what) {
  const std::string others =
      blockers.size() > 1 ? cat(" (and ", std::to_string(blockers.size() - 1), " more)") : "";
  return cat(what, " ", describe(blockers.front()), others);
}

// At once, then less and less often: on a busy table somebody else is in the way each time we look.
void tell_waiting(StepContext& context, const std::vector<Blocker>& blockers, std::string_view what) {
  context.show([&] { return waiting_message(blockers, what); });
  const bool same = who(blockers) == context.told;
  const milliseconds pause = same ? k_retell : std::max(k_next_told, context.since(context.started) / 10);
  if (!context.told.empty() && context.since(context.told_at) < pause) return;
  context.told = who(blockers);
  context.told_at = context.world.clock.now();
  context.emit(Severity::info, "step-waiting", waiting_message(blockers, what));
}

// Quick while it matters: a report of ten minutes need not be asked for a hundred times a second.
milliseconds pause_outside(const StepContext& context) {
  constexpr int share = 2'000;  // of the time that it has lasted
  return std::clamp(context.since(context.started) / share, context.options.poll,
                    std::max(context.options.poll, k_lazy_poll));
}

std::vector<Blocker> long_ones(const StepContext& context, std::vector<Blocker> holders) {
  std::erase_if(holders, [&](const Blocker& holder) { return !context.residuals.is_long(holder); });
  return holders;
}

// ---- inside a transaction ---------------------------------------------------------------------------------------

/// Takes the locks, or says which relation was busy.
struct Try {
  SqlResult result;
  std::string busy;
};

Try try_to_hold(StepContext& context, const std::vector<RelationLock>& locks,
                std::optional<milliseconds> patience) {
  Query query;
  query.sql = std::exchange(context.opening, {}) + lock_script(locks, patience);
  query.script = true;
  Try tried;
  tried.result = patience ? run_watched(context, std::move(query)) : context.session().run(query);
  // The last row: what opens the transaction may answer with rows, too.
  if (!tried.result.rows.empty()) tried.busy = tried.result.text(tried.result.rows.size() - 1, 0);
  return tried;
}

/// What keeps autovacuum and other DDL away from the tables, and no reader or writer.
std::vector<RelationLock> fence_of(const std::vector<RelationLock>& locks) {
  std::vector<RelationLock> fence;
  for (RelationLock lock : locks) {
    if (lock.mode < LockMode::ShareUpdateExclusive) continue;
    lock.mode = LockMode::ShareUpdateExclusive;
    fence.push_back(lock);
  }
  return fence;
}

/// Those that somebody holds first, so that we hold nothing while we queue for them.
std::vector<RelationLock> busiest_first(std::vector<RelationLock> locks,
                                        const std::vector<Blocker>& holders) {
  std::ranges::stable_partition(locks, [&](const RelationLock& lock) {
    return std::ranges::find(holders, lock.relation.quoted(), &Blocker::relation) != holders.end();
  });
  return locks;
}

AcquireResult held_or_busy(Try tried) {
  const Acquired outcome = !tried.result.ok     ? Acquired::failed
                           : tried.busy.empty() ? Acquired::held
                                                : Acquired::busy;
  return {.outcome = outcome, .result = std::move(tried.result)};
}

enum class Fence { none, held };

/// One more try that does not queue, and what to do when it was in vain; none: once more.
std::optional<AcquireResult> seize_or_pulse(StepContext& context, const std::vector<RelationLock>& locks,
                                            Fence fence) {
  AcquireResult seized = held_or_busy(try_to_hold(context, locks, std::nullopt));
  if (seized.outcome != Acquired::busy) return seized;
  const std::vector<Blocker> holders = look(context, locks);
  if (!holders.empty()) context.report.blockers = holders;
  if (!context.residuals.until_free()) return AcquireResult{.outcome = Acquired::long_holder};
  if (context.budget_left() == milliseconds(0)) return AcquireResult{.outcome = Acquired::out_of_time};
  const std::optional<milliseconds> patience = context.residuals.pulse();
  // An autovacuum gives way to the fence, and to no pulse. Where nobody is seen who was there a moment ago, the load is one
  // of short transactions, and there is no better moment.
  if (!patience || (context.autovacuum && fence == Fence::none)) {
    if (!holders.empty() && context.since(context.started) >= milliseconds(1'000)) {
      tell_waiting(context, holders, "looking for a moment between transactions; now there is");
    }
    return std::nullopt;
  }
  AcquireResult pulsed = held_or_busy(try_to_hold(context, busiest_first(locks, holders), patience));
  if (pulsed.outcome == Acquired::busy) context.residuals.pulse_failed(context.world.clock.now());
  return pulsed;
}

/// Who will keep a concurrent build waiting, said before it begins: it waits without being in anybody's way.
void tell_old_snapshot(StepContext& context) {
  if (context.step.resume != Resume::create_index && context.step.resume != Resume::reindex) return;
  const std::optional<Blocker> oldest = context.observer.oldest_snapshot(context.worker.backend_pid);
  if (!oldest || oldest->age.value_or(milliseconds(0)) < milliseconds(1'000)) return;
  context.emit(Severity::info, "old-snapshot",
               cat("the build will have to wait for the end of ", describe(*oldest)));
}

}  // namespace

Clearance wait_until_free(StepContext& context) {
  const std::vector<RelationLock> locks = locks_to_look_at(context.step);
  // In a transaction we shall look for the moment; without one, now has to be it.
  const bool looks_inside = context.step.in_transaction && context.holds_in_advance;
  for (;;) {
    if (is_interrupted(context.world)) return Clearance::interrupted;
    const std::vector<Blocker> waited_for = long_ones(context, look(context, locks));
    const bool rests = context.world.clock.now() < context.rests_until;
    const bool good = looks_inside || context.step.concurrent || context.residuals.pulse();
    if (waited_for.empty() && !rests && good) {
      if (context.step.concurrent) tell_old_snapshot(context);
      return Clearance::go;
    }
    if (!waited_for.empty()) {
      context.report.blockers = waited_for;
      tell_waiting(context, waited_for, "not queueing behind");
      context.evictor.act(context.observer, context.step.id, waited_for);
    }
    if (context.budget_left() == milliseconds(0)) return Clearance::out_of_time;
    context.world.clock.sleep(std::min(pause_outside(context), context.budget_left()));
  }
}

AcquireResult acquire_at_a_good_moment(StepContext& context, const std::vector<RelationLock>& locks) {
  if (locks.empty() || !context.holds_in_advance) return {};
  const auto begun = context.world.clock.now();
  const std::vector<RelationLock> fence = fence_of(locks);
  Fence fenced = fence.empty() ? Fence::held : Fence::none;
  for (int round = 0;; ++round) {
    if (is_interrupted(context.world)) return {.outcome = Acquired::interrupted};
    if (fenced == Fence::none && (context.autovacuum || round >= k_unfenced)) {
      AcquireResult taken = held_or_busy(try_to_hold(context, fence, k_fence));
      if (taken.outcome != Acquired::held) return taken;
      fenced = Fence::held;  // nobody of that kind comes in between while we look for a moment
    }
    if (auto result = seize_or_pulse(context, locks, fenced)) return *std::move(result);
    if (context.since(begun) > k_longest_hold) return {.outcome = Acquired::long_holder};
    if (context.autovacuum && fenced == Fence::none) continue;
    context.world.clock.sleep(std::min(k_probe, context.budget_left()));
  }
}

AcquireResult acquire_now(StepContext& context, const std::vector<RelationLock>& locks) {
  if (locks.empty() || !context.holds_in_advance) return {};
  AcquireResult seized = held_or_busy(try_to_hold(context, locks, std::nullopt));
  if (seized.outcome != Acquired::busy) return seized;
  const std::vector<Blocker> holders = look(context, locks);
  if (!holders.empty()) context.report.blockers = holders;
  if (!context.residuals.until_free()) return {.outcome = Acquired::busy};
  return held_or_busy(try_to_hold(context, busiest_first(locks, holders), context.options.lock_timeout));
}

}  // namespace pgsluice
