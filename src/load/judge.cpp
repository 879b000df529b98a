// SPDX-License-Identifier: Apache-2.0
#include "load/judge.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <tuple>
#include <utility>

namespace pgsluice {
namespace {

using MaybeStatement = std::optional<std::size_t>;

/// Whose turn it is; none: nobody's yet, or the migration is over.
MaybeStatement turn_at(const std::vector<Turn>& turns, double at) {
  const auto after = std::ranges::upper_bound(turns, at, {}, &Turn::at);
  return after == turns.begin() ? std::nullopt : std::prev(after)->statement;
}

/// Who waits for one of `whom`: `pid` itself, or the one for whom it waits, itself or through others. None: nobody does.
std::optional<int> first_behind(int pid, const std::set<int>& whom, const LockLook& look) {
  std::set<int> seen{pid};
  std::vector<int> next{pid};
  while (!next.empty()) {
    const int waiting = next.back();
    next.pop_back();
    const auto found = look.blockers.find(waiting);
    if (found == look.blockers.end()) continue;
    for (const int blocker : found->second) {
      if (whom.contains(blocker)) return waiting;
      if (seen.insert(blocker).second) next.push_back(blocker);
    }
  }
  return std::nullopt;
}

/// A connection was kept waiting by a statement.
struct Stall {
  double from = 0;
  double until = 0;
  std::size_t statement = 0;
  std::size_t turn = 0;  ///< of the statement that ran then
};

struct Connection {
  std::vector<Stall> seen;    ///< from each look to the next
  std::size_t next = 0;       ///< of them, the first one that no request has had yet
  std::vector<Stall> stalls;  ///< of its requests, in their order
};

bool is_in_the_way(const TakenLocks& taken, const WantedLock& wanted) {
  const auto found = taken.modes.find(wanted.relation);
  return found != taken.modes.end() && conflicts(found->second, wanted.mode);
}

class Judge {
 public:
  Judge(const LoadRecord& record, LoadedRun& run) : record_(record), run_(run) {}

  void run() {
    for (std::size_t i = 0; i < record_.looks.size(); ++i) {
      const LockLook& look = record_.looks[i];
      const bool is_last = i + 1 == record_.looks.size();
      const double next = is_last ? k_never : record_.looks[i + 1].at;
      note_victims(look, next);
      note_locks(look, std::min(next, run_.end_ms));
      note_own_waits(look, is_last ? 0 : next - look.at);
    }
    for (const LockWait& wait : record_.lock_waits) note_lock_wait(wait);
    for (const LoadRequest& request : record_.requests) note(request);
    for (auto& [key, wait] : waits_) run_.waits.push_back(wait);
    std::ranges::stable_sort(run_.waits, std::ranges::greater(), &LoadWait::longest_ms);
    for (auto& [key, failure] : failures_) run_.failures.push_back(std::move(failure));
  }

 private:
  static constexpr double k_never = std::numeric_limits<double>::infinity();

  void note_victims(const LockLook& look, double next) {
    const MaybeStatement turn = turn_at(record_.turns, look.at);
    if (!turn) return;
    for (const auto& [pid, blockers] : look.blockers) {
      if (record_.migration.contains(pid)) continue;
      const std::optional<int> behind = first_behind(pid, record_.migration, look);
      if (!behind) continue;
      const auto wanted = look.wanted.find(*behind);
      connections_[pid].seen.push_back(
          {.from = look.at,
           .until = next,
           .statement = wanted == look.wanted.end() ? *turn : to_blame(*turn, wanted->second),
           .turn = *turn});
    }
  }

  /// Locks are held until their transaction ends: of that whose turn it is, the last statement so far that took one of these.
  /// Else the next one, for apply takes the locks of a step at once.
  [[nodiscard]] MaybeStatement taker(std::size_t turn, const auto& is_it) const {
    const std::vector<TakenLocks>& taken = record_.taken;
    if (turn >= taken.size()) return std::nullopt;
    const auto of_transaction = [&](std::size_t i) {
      return taken[i].transaction == taken[turn].transaction;
    };
    for (std::size_t i = turn + 1; i-- > 0 && of_transaction(i);) {
      if (is_it(taken[i])) return i;
    }
    for (std::size_t i = turn + 1; i < taken.size() && of_transaction(i); ++i) {
      if (is_it(taken[i])) return i;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::size_t to_blame(std::size_t turn, const WantedLock& wanted) const {
    return taker(turn, [&](const TakenLocks& taken) { return is_in_the_way(taken, wanted); }).value_or(turn);
  }

  [[nodiscard]] std::size_t taker_of(const StrongLock& strong, std::size_t turn) const {
    const auto is_it = [&](const TakenLocks& taken) {
      const auto found = taken.modes.find(strong.relation);
      return found != taken.modes.end() && found->second == strong.mode;
    };
    return taker(turn, is_it).value_or(turn);
  }

  /// One that the look before has seen, too, goes on.
  void note_locks(const LockLook& look, double until) {
    const MaybeStatement turn = turn_at(record_.turns, look.at);
    for (const StrongLock& strong : look.strong) {
      if (!turn || !record_.migration.contains(strong.pid)) continue;
      const auto goes_on = std::ranges::find_if(run_.locks, [&](const LoadedLock& lock) {
        return lock.until_ms == look.at && lock.relation == strong.relation && lock.mode == strong.mode &&
               lock.queued == strong.queued;
      });
      if (goes_on != run_.locks.end()) {
        goes_on->until_ms = until;
      } else {
        run_.locks.push_back({.relation = strong.relation,
                              .mode = strong.mode,
                              .queued = strong.queued,
                              .statement = taker_of(strong, *turn),
                              .from_ms = look.at,
                              .until_ms = until});
      }
    }
  }

  /// Apply does not queue for as long as it waits: nobody could see that in the server.
  void note_lock_wait(const LockWait& wait) {
    LoadedStatement& own = run_.statements[wait.statement];
    const double behind_blocker =
        record_.blocker ? std::clamp(record_.blocker_until - wait.from, 0.0, wait.until - wait.from) : 0;
    own.behind_blocker_ms += behind_blocker;
    own.behind_application_ms += wait.until - wait.from - behind_blocker;
  }

  void note_own_waits(const LockLook& look, double lasts) {
    const bool is_noted = std::ranges::any_of(record_.lock_waits, [&](const LockWait& wait) {
      return wait.from <= look.at && look.at < wait.until;
    });
    if (is_noted) return;
    const MaybeStatement statement = turn_at(record_.turns, look.at);
    for (const auto& [pid, blockers] : look.blockers) {
      if (!statement || !record_.migration.contains(pid) || blockers.empty()) continue;
      const bool long_one = record_.blocker && std::ranges::count(blockers, *record_.blocker) > 0;
      LoadedStatement& own = run_.statements[*statement];
      (long_one ? own.behind_blocker_ms : own.behind_application_ms) += lasts;
    }
  }

  /// What was seen of the connection while this request was sent.
  static void note_stalls(const LoadRequest& request, Connection& connection) {
    for (; connection.next < connection.seen.size(); ++connection.next) {
      const Stall& seen = connection.seen[connection.next];
      if (seen.from > request.end) return;
      if (seen.from < request.sent) continue;
      const double until = std::min(seen.until, request.end);
      std::vector<Stall>& stalls = connection.stalls;
      if (!stalls.empty() && stalls.back().statement == seen.statement && stalls.back().turn == seen.turn &&
          stalls.back().until == seen.from) {
        stalls.back().until = until;
      } else {
        stalls.push_back({.from = seen.from, .until = until, .statement = seen.statement, .turn = seen.turn});
      }
    }
  }

  /// How long a request was kept waiting, by statement.
  struct Kept {
    std::map<std::size_t, double> behind;
    std::map<std::size_t, double> meanwhile;  ///< while that one ran, behind another one
  };

  /// From when it was due: what could not be sent for the request before it has waited for the same.
  static Kept kept_by(const LoadRequest& request, const Connection& connection) {
    constexpr double k_instant = 0.001;  // it was seen, however short
    Kept kept;
    for (auto stall = connection.stalls.rbegin();
         stall != connection.stalls.rend() && stall->until > request.due; ++stall) {
      const double ms = std::max(k_instant, stall->until - std::max(stall->from, request.due));
      kept.behind[stall->statement] += ms;
      if (stall->turn != stall->statement) kept.meanwhile[stall->turn] += ms;
    }
    return kept;
  }

  void note(const LoadRequest& request) {
    Connection& connection = connections_[request.pid];
    note_stalls(request, connection);
    if (request.end < 0) return;
    ++run_.requests;
    if (!request.sqlstate.empty()) note_failure(request);
    const Kept kept = kept_by(request, connection);
    if (kept.behind.empty()) return;
    const double latency = request.end - request.due;
    ++run_.waited;
    run_.longest_ms = std::max(run_.longest_ms, latency);
    double all = 0;
    for (const auto& [statement, ms] : kept.behind) all += ms;
    // Each look is a sample: the moments between the looks are shared out as they are.
    for (const auto& [statement, ms] : kept.behind) note_wait(statement, request.query, latency * ms / all);
    for (const auto& [statement, ms] : kept.meanwhile) {
      LoadedStatement& own = run_.statements[statement];
      if (!own.ran) continue;  // what was between two statements is nobody's
      ++own.meanwhile;
      own.meanwhile_ms = std::max(own.meanwhile_ms, ms);
    }
  }

  void note_wait(std::size_t statement, std::size_t query, double ms) {
    LoadedStatement& own = run_.statements[statement];
    LoadWait& wait = waits_[{statement, query}];
    wait.statement = statement;
    wait.query = query;
    for (std::size_t* count : {&wait.count, &own.waited}) ++*count;
    for (double* longest : {&wait.longest_ms, &own.longest_ms}) *longest = std::max(*longest, ms);
  }

  void note_failure(const LoadRequest& request) {
    LoadFailure& failure = failures_[{request.query, request.sqlstate, request.message}];
    if (failure.count++ > 0) return;
    failure.query = request.query;
    failure.statement = turn_at(record_.turns, request.end);
    failure.sqlstate = request.sqlstate;
    failure.message = request.message;
  }

  const LoadRecord& record_;
  LoadedRun& run_;
  std::map<int, Connection> connections_;  ///< by pid
  std::map<std::pair<std::size_t, std::size_t>, LoadWait> waits_;
  std::map<std::tuple<std::size_t, std::string, std::string>, LoadFailure> failures_;
};

/// From when it was sent first to the end of its last turn.
void place(const std::vector<Turn>& turns, double end_ms, std::vector<LoadedStatement>& statements) {
  for (std::size_t i = 0; i < turns.size(); ++i) {
    if (!turns[i].statement || !turns[i].sent) continue;
    LoadedStatement& statement = statements[*turns[i].statement];
    if (!statement.ran) statement.from_ms = turns[i].at;
    statement.ran = true;
    statement.until_ms = i + 1 < turns.size() ? turns[i + 1].at : end_ms;
    statement.turn_ms += statement.until_ms - turns[i].at;
  }
}

}  // namespace

void settle_due(LoadRecord& record) {
  struct Connection {
    std::vector<std::pair<double, double>> kept;  // from each look that saw it wait to the next
    std::size_t next = 0;                         // of them, the first that a later request may have
    std::optional<double> wanted;                 // when the request before was to be sent
    double due = 0;                               // when it is due, then
    double end = 0;                               // when it would have ended if nothing had kept it
  };
  std::map<int, Connection> connections;
  for (std::size_t i = 0; i < record.looks.size(); ++i) {
    const LockLook& look = record.looks[i];
    const double next =
        i + 1 < record.looks.size() ? record.looks[i + 1].at : std::numeric_limits<double>::infinity();
    for (const auto& [pid, blockers] : look.blockers) {
      if (first_behind(pid, record.migration, look)) connections[pid].kept.emplace_back(look.at, next);
    }
  }
  for (LoadRequest& request : record.requests) {
    Connection& own = connections[request.pid];
    double kept = 0;
    while (own.next < own.kept.size() && own.kept[own.next].second <= request.sent) ++own.next;
    for (std::size_t i = own.next; i < own.kept.size() && own.kept[i].first < request.end; ++i)
      kept += std::min(own.kept[i].second, request.end) - std::max(own.kept[i].first, request.sent);
    const std::optional<double> before = std::exchange(own.wanted, request.due);
    if (before) request.due = std::min(std::max(own.due + request.due - *before, own.end), request.sent);
    own.due = request.due;
    own.end = request.due + std::max(request.end - request.sent - kept, 0.0);
  }
}

void judge(const LoadRecord& record, LoadedRun& run) {
  place(record.turns, run.end_ms, run.statements);
  Judge(record, run).run();
}

std::vector<double> latencies(const std::vector<LoadRequest>& requests, double end_ms, std::size_t parts) {
  std::vector<double> slowest(parts, 0);
  const double part = end_ms / static_cast<double>(parts);
  for (const LoadRequest& request : requests) {
    if (request.due < 0 || request.due >= end_ms) continue;
    const std::size_t first = std::min(static_cast<std::size_t>(request.due / part), parts - 1);
    for (std::size_t i = first; i < parts && (i == first || part * static_cast<double>(i) < request.end); ++i)
      slowest[i] = std::max(slowest[i], request.end - std::max(request.due, part * static_cast<double>(i)));
  }
  return slowest;
}

}  // namespace pgsluice
