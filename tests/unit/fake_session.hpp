// SPDX-License-Identifier: Apache-2.0
#pragma once

// The fakes of the two seams: a server that answers from a script, and time that passes only when somebody sleeps.

#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "pgsluice/session.hpp"

namespace pgsluice::test {

class FakeClock final : public Clock {
 public:
  time_point now() override { return now_; }
  void sleep(std::chrono::milliseconds duration) override {
    now_ += duration;
    sleeps.push_back(duration);
    if (on_sleep) on_sleep();
  }
  void pass(std::chrono::milliseconds duration) { now_ += duration; }
  std::vector<std::chrono::milliseconds> sleeps;
  std::function<void()> on_sleep;

 private:
  time_point now_{std::chrono::hours(1)};
};

inline SqlResult failure(std::string sqlstate) {
  SqlResult result;
  result.ok = false;
  result.error.sqlstate = std::move(sqlstate);
  result.error.message = "scripted failure";
  return result;
}

inline SqlResult lost() {
  SqlResult result = failure("08006");
  result.connection_lost = true;
  return result;
}

inline SqlResult rows(std::vector<std::vector<SqlValue>> values) {
  SqlResult result;
  result.rows = std::move(values);
  return result;
}

/// What all sessions of a test share.
struct FakeServer {
  struct Answer {
    std::string part;  ///< of the SQL
    SqlResult result;
    int times = 1;  ///< -1: always
  };
  std::vector<Answer> answers;   ///< the first that matches; without one: success
  std::vector<std::string> log;  ///< everything that was sent
  std::function<void(const std::string&)> on_run;
  std::chrono::milliseconds works{0};  ///< how long a statement that is watched takes
  FakeClock* clock = nullptr;

  void answer(std::string part, SqlResult result, int times = 1) {
    answers.push_back({.part = std::move(part), .result = std::move(result), .times = times});
  }
  [[nodiscard]] int count(std::string_view part) const {
    int found = 0;
    for (const std::string& sql : log) found += sql.find(part) != std::string::npos ? 1 : 0;
    return found;
  }
};

class FakeSession final : public Session {
 public:
  explicit FakeSession(FakeServer& server) : server_(server) {}

  SqlResult run(const Query& query) override {
    server_.log.push_back(query.sql);
    if (server_.on_run) server_.on_run(query.sql);
    SqlResult result = was_cancelled(query) ? failure("57014") : scripted(query.sql);
    // What fails in a message that has begun a transaction leaves it open.
    if (query.sql.find("BEGIN; ") != std::string::npos || query.sql.starts_with("BEGIN")) open_ = true;
    const bool commits = query.sql.ends_with("COMMIT");
    const bool ends = commits || query.sql == "ROLLBACK" || (result.ok && query.sql.ends_with("ROLLBACK; "));
    if (ends || result.connection_lost) open_ = false;
    if (commits && result.ok) result.command = "COMMIT";
    return result;
  }
  void cancel() noexcept override {}
  [[nodiscard]] bool in_transaction() const override { return open_; }
  [[nodiscard]] int backend_pid() const override { return 42; }
  [[nodiscard]] int server_version_num() const override { return 180000; }
  std::vector<Notice> take_notices() override { return {}; }

 private:
  /// Lets the time pass that the statement takes.
  bool was_cancelled(const Query& query) {
    if (!query.watch.tick || query.script) return false;
    for (std::chrono::milliseconds spent{0}; spent < server_.works; spent += query.watch.interval) {
      server_.clock->pass(query.watch.interval);
      if (query.watch.tick()) return true;
    }
    return false;
  }

  SqlResult scripted(const std::string& sql) {
    for (FakeServer::Answer& answer : server_.answers) {
      if (answer.times != 0 && sql.find(answer.part) != std::string::npos) {
        answer.times -= answer.times > 0 ? 1 : 0;
        return answer.result;
      }
    }
    return {};
  }

  FakeServer& server_;
  bool open_ = false;
};

}  // namespace pgsluice::test
