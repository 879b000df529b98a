// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which run may work. The advisory lock goes with its session, so that a run that died leaves nothing behind; the lease says
// who it is and whether it is alive, and its token keeps whoever has lost it from writing the ledger.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "pgsluice/execute.hpp"

namespace pgsluice {

/// Waits for the run lock, options.wait_for_run at most, and ends what is left of a run without a heartbeat. Throws
/// Error(other_run).
void take_run_lock(Session& session, const World& world, const RunOptions& options);
/// Tries once; the row says whether it was free.
std::string try_run_lock_sql();

/// The ledger as this program writes it, made or brought forward. Throws Error.
void bring_up_to_date(Worker& worker);
/// That, the lease, within options.wait_for_run, with worker.token its token, and a row of the run. Throws Error.
void open_run(Worker& worker, const World& world, const RunOptions& options);
/// A new worker with everything that a lost one had. Throws Error.
void replace_worker(Worker& worker, const World& world, RunOptions options);
/// Says in the row how it ended, and gives the lease back, so that the next run need not ask whether we live.
SqlResult close_run(const Worker& worker, const World& world, const RunOptions& options,
                    std::string_view outcome, ExitCode code);

/// Says every options.heartbeat that the run is alive, from a thread and a session of its own: the worker may be busy
/// with one statement for hours.
class Heartbeat {
 public:
  Heartbeat(const World& world, const RunOptions& options, long long token);
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  void set_token(long long token);

 private:
  void run();
  void beat(long long token) noexcept;

  const World& world_;
  milliseconds interval_;
  milliseconds lease_;
  std::unique_ptr<Session> session_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopped_ = false;
  long long token_;
  std::thread thread_;
};

}  // namespace pgsluice
