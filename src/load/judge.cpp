// SPDX-License-Identifier: Apache-2.0
#include "load/judge.hpp"

#include <algorithm>
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

/// Whether `pid` waits for one of `whom`, itself or through others who wait.
bool waits_for(int pid, const std::set<int>& whom, const LockLook& look) {
  std::set<int> seen{pid};
  std::vector<int> next{pid};
  while (!next.empty()) {
    const auto found = look.blockers.find(next.back());
    next.pop_back();
    if (found == look.blockers.end()) continue;
    for (const int blocker : found->second) {
      if (whom.contains(blocker)) return true;
      if (seen.insert(blocker).second) next.push_back(blocker);
    }
  }
  return false;
}

struct Sighting {
  double at = 0;
  std::size_t statement = 0;
};

class Judge {
 public:
  Judge(const LoadRecord& record, LoadedRun& run) : record_(record), run_(run) {}

  void run() {
    for (std::size_t i = 0; i < record_.looks.size(); ++i) {
      const LockLook& look = record_.looks[i];
      const double lasts = i + 1 < record_.looks.size() ? record_.looks[i + 1].at - look.at : 0;
      note_victims(look);
      note_own_waits(look, lasts);
    }
    for (const LoadRequest& request : record_.requests) note(request);
    for (auto& [key, wait] : waits_) run_.waits.push_back(wait);
    std::ranges::stable_sort(run_.waits, std::ranges::greater(), &LoadWait::longest_ms);
    for (auto& [key, failure] : failures_) run_.failures.push_back(std::move(failure));
  }

 private:
  void note_victims(const LockLook& look) {
    const MaybeStatement statement = turn_at(record_.turns, look.at);
    if (!statement) return;
    for (const auto& [pid, blockers] : look.blockers) {
      if (!record_.migration.contains(pid) && waits_for(pid, record_.migration, look))
        sightings_[pid].push_back({.at = look.at, .statement = *statement});
    }
  }

  void note_own_waits(const LockLook& look, double lasts) {
    const MaybeStatement statement = turn_at(record_.turns, look.at);
    for (const auto& [pid, blockers] : look.blockers) {
      if (!statement || !record_.migration.contains(pid) || blockers.empty()) continue;
      const bool long_one = record_.blocker && std::ranges::count(blockers, *record_.blocker) > 0;
      LoadedStatement& own = run_.statements[*statement];
      (long_one ? own.behind_blocker_ms : own.behind_application_ms) += lasts;
    }
  }

  /// The statement behind which the connection was seen waiting most often meanwhile.
  [[nodiscard]] MaybeStatement seen_behind(const LoadRequest& request) const {
    const auto found = sightings_.find(request.pid);
    if (found == sightings_.end()) return std::nullopt;
    std::map<std::size_t, int> times;
    for (const Sighting& sighting : found->second) {
      if (sighting.at >= request.sent && sighting.at <= request.end) ++times[sighting.statement];
    }
    const auto most = std::ranges::max_element(times, {}, [](const auto& entry) { return entry.second; });
    return most == times.end() ? std::nullopt : MaybeStatement(most->first);
  }

  /// What was due while its connection was kept waiting by the request before it has waited for the same.
  MaybeStatement kept_by(const LoadRequest& request) {
    if (const MaybeStatement seen = seen_behind(request)) {
      stuck_[request.pid] = {.at = request.end, .statement = *seen};
      return seen;
    }
    const auto stuck = stuck_.find(request.pid);
    return stuck != stuck_.end() && request.due < stuck->second.at ? MaybeStatement(stuck->second.statement)
                                                                   : std::nullopt;
  }

  void note(const LoadRequest& request) {
    if (request.end < 0) return;
    ++run_.requests;
    if (!request.sqlstate.empty()) note_failure(request);
    const MaybeStatement statement = kept_by(request);
    if (!statement) return;
    const double latency = request.end - request.due;
    LoadedStatement& kept = run_.statements[*statement];
    LoadWait& wait = waits_[{*statement, request.query}];
    wait.statement = *statement;
    wait.query = request.query;
    for (std::size_t* count : {&wait.count, &kept.waited, &run_.waited}) ++*count;
    for (double* longest : {&wait.longest_ms, &kept.longest_ms, &run_.longest_ms})
      *longest = std::max(*longest, latency);
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
  std::map<int, std::vector<Sighting>> sightings_;  ///< by pid
  std::map<int, Sighting> stuck_;                   ///< by pid: until when, and behind what
  std::map<std::pair<std::size_t, std::size_t>, LoadWait> waits_;
  std::map<std::tuple<std::size_t, std::string, std::string>, LoadFailure> failures_;
};

/// From its first turn to the end of its last.
void place(const std::vector<Turn>& turns, double end_ms, std::vector<LoadedStatement>& statements) {
  std::set<std::size_t> placed;
  for (std::size_t i = 0; i < turns.size(); ++i) {
    if (!turns[i].statement) continue;
    LoadedStatement& statement = statements[*turns[i].statement];
    if (placed.insert(*turns[i].statement).second) statement.from_ms = turns[i].at;
    statement.until_ms = i + 1 < turns.size() ? turns[i + 1].at : end_ms;
  }
}

}  // namespace

void judge(const LoadRecord& record, LoadedRun& run) {
  place(record.turns, run.end_ms, run.statements);
  Judge(record, run).run();
}

std::vector<double> latencies(const std::vector<LoadRequest>& requests, double end_ms, std::size_t parts) {
  std::vector<double> slowest(parts, 0);
  for (const LoadRequest& request : requests) {
    if (request.due < 0 || request.due >= end_ms) continue;
    const auto part = static_cast<std::size_t>(request.due / end_ms * static_cast<double>(parts));
    double& one = slowest[std::min(part, parts - 1)];
    one = std::max(one, request.end - request.due);
  }
  return slowest;
}

}  // namespace pgsluice
