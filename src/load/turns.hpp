// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whose turn it is: which statement of the files the migration is at, by what it sends.

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "load/judge.hpp"
#include "pgsluice/plan.hpp"
#include "pgsluice/session.hpp"

namespace pgsluice {

/// Used by the thread that runs the migration, and by those that it starts.
class Turns {
 public:
  Turns(const Plan& plan, const std::set<std::size_t>& history);

  void begin();
  /// Until a statement is sent, it is the turn of the one whose lock is the strongest of those that are to come: whoever takes
  /// locks beforehand waits for that one.
  void begin_step(const std::string& id);
  void end();

  /// Of a session that was made for the migration.
  void add_session(int pid);
  void sent(const std::string& sql);
  void answered(const std::string& sql, double ms, const SqlResult& result);

  [[nodiscard]] std::chrono::steady_clock::time_point begun_at() const { return begin_; }
  /// What there is to know, when nothing runs any more.
  void tell(LoadRecord& record, LoadedRun& run) const;

 private:
  struct StepStatements {
    std::vector<std::string> sql;
    std::vector<int> strengths;  ///< of their locks
    std::size_t first = 0;       ///< number of the first one

    /// The first with the strongest lock of those from `from` on; none: there are no more.
    [[nodiscard]] std::optional<std::size_t> strongest(std::size_t from) const;
  };
  void turn_to(std::optional<std::size_t> statement, bool sent);
  [[nodiscard]] std::optional<std::size_t> find(const std::string& sql) const;

  std::mutex mutex_;
  std::map<std::string, StepStatements> steps_;
  const StepStatements* step_ = nullptr;
  std::optional<std::size_t> at_;      ///< of the step, the statement that was sent last
  bool is_running_ = false;            ///< that one
  std::optional<double> waits_since_;  ///< nothing of the step has been sent yet
  std::vector<LockWait> lock_waits_;
  std::vector<LoadedStatement> statements_;
  std::vector<Turn> turns_;
  std::set<int> pids_;
  std::chrono::steady_clock::time_point begin_;
  double end_ms_ = 0;
};

/// A session that tells what it sends.
std::unique_ptr<Session> told(std::unique_ptr<Session> session, Turns& turns);

}  // namespace pgsluice
