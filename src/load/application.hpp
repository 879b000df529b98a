// SPDX-License-Identifier: Apache-2.0
#pragma once

// The sessions that are there beside the migration: the application, who looks at its locks, and a long transaction. Each is
// a thread with a connection of its own.

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "load/judge.hpp"
#include "pgsluice/load.hpp"
#include "pgsluice/session.hpp"

namespace pgsluice {

using LoadTime = std::chrono::steady_clock::time_point;
/// By application_name. Throws Error when there is none.
using LoadConnector = std::function<std::unique_ptr<Session>(const std::string& name)>;

/// One query as the application sends it. What writes for the migration's sake is taken back.
SqlResult send(Session& session, const LoadQuery& query);

/// Clients that send the queries in turn, all the time. Each query is due at a moment that is fixed, and its latency counts
/// from then: one that could not be sent because the one before it was stalled has waited, too.
class Application {
 public:
  /// `lanes`: numbers of queries; each client has its share of them.
  Application(const std::vector<LoadQuery>& queries, const std::vector<std::size_t>& lanes,
              std::size_t clients, const LoadConnector& connect);
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;
  ~Application();

  /// Lets every client finish what it is at. The times count from `begin`.
  std::vector<LoadRequest> stop(LoadTime begin);

 private:
  struct Sent {
    std::size_t query;
    LoadTime due;
    LoadTime sent;
    LoadTime end;
    SqlError error;
  };
  struct Client {
    std::unique_ptr<Session> session;
    std::vector<std::size_t> queries;
    std::vector<Sent> sent;
    std::thread thread;
  };
  void work(Client& client, LoadTime due, std::chrono::microseconds gap);
  void join();

  const std::vector<LoadQuery>& queries_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::atomic<bool> stopped_ = false;
};

/// Looks every few milliseconds at who waits for whom in this database, and at who keeps writers out.
class LockWatch {
 public:
  explicit LockWatch(const LoadConnector& connect);
  LockWatch(const LockWatch&) = delete;
  LockWatch& operator=(const LockWatch&) = delete;
  ~LockWatch();
  std::vector<LockLook> stop(LoadTime begin);

 private:
  void work();

  std::unique_ptr<Session> session_;
  std::vector<std::pair<LoadTime, LockLook>> looks_;
  std::atomic<bool> stopped_ = false;
  std::thread thread_;
};

/// A transaction that has read a table, and stays.
class LongTransaction {
 public:
  /// It holds the relation when this returns.
  LongTransaction(const std::string& relation, const LoadConnector& connect);
  LongTransaction(const LongTransaction&) = delete;
  LongTransaction& operator=(const LongTransaction&) = delete;
  ~LongTransaction();
  void end_after(std::chrono::milliseconds time);
  [[nodiscard]] bool holds() const { return holds_; }
  [[nodiscard]] int pid() const { return session_->backend_pid(); }

 private:
  std::unique_ptr<Session> session_;
  bool holds_ = false;
  std::atomic<bool> stopped_ = false;
  std::thread thread_;
};

}  // namespace pgsluice
