// SPDX-License-Identifier: Apache-2.0
#include "load/turns.hpp"

#include <algorithm>
#include <utility>

namespace pgsluice {
namespace {

using std::chrono::steady_clock;

/// The strongest lock of a statement that others know; none is weaker than any.
int strength(const PlannedStatement& statement) {
  int strongest = -1;
  for (const RelationLock& lock : statement.locks)
    strongest = std::max(strongest, static_cast<int>(lock.mode));
  return strongest;
}

double since(steady_clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(steady_clock::now() - begin).count();
}

class ToldSession final : public Session {
 public:
  ToldSession(std::unique_ptr<Session> session, Turns& turns) : session_(std::move(session)), turns_(turns) {
    turns_.add_session(session_->backend_pid());
  }
  SqlResult run(const Query& query) override {
    turns_.sent(query.sql);
    const auto from = steady_clock::now();
    SqlResult result = session_->run(query);
    turns_.answered(query.sql, since(from), result);
    return result;
  }
  void cancel() noexcept override { session_->cancel(); }
  [[nodiscard]] bool in_transaction() const override { return session_->in_transaction(); }
  [[nodiscard]] int backend_pid() const override { return session_->backend_pid(); }
  [[nodiscard]] int server_version_num() const override { return session_->server_version_num(); }
  std::vector<Notice> take_notices() override { return session_->take_notices(); }

 private:
  std::unique_ptr<Session> session_;
  Turns& turns_;
};

}  // namespace

Turns::Turns(const Plan& plan, const std::set<std::size_t>& history) {
  for (std::size_t f = 0; f < plan.files.size(); ++f) {
    std::size_t of_file = 0;
    for (const Step& step : plan.files[f].steps) {
      if (history.contains(f)) continue;
      StepStatements& own = steps_[step.id];
      own.first = statements_.size();
      for (const PlannedStatement& statement : step.statements) {
        own.sql.push_back(statement.sql);
        own.strengths.push_back(strength(statement));
        statements_.push_back({.file = f, .statement = of_file++, .error = {}});
      }
    }
  }
}

std::optional<std::size_t> Turns::StepStatements::strongest(std::size_t from) const {
  if (from >= strengths.size()) return std::nullopt;
  const auto found = std::max_element(strengths.begin() + static_cast<std::ptrdiff_t>(from), strengths.end());
  return first + static_cast<std::size_t>(found - strengths.begin());
}

void Turns::begin() {
  begin_ = steady_clock::now();
}

void Turns::begin_step(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  const auto found = steps_.find(id);
  step_ = found == steps_.end() || found->second.sql.empty() ? nullptr : &found->second;
  at_.reset();
  is_running_ = false;
  waits_since_ = step_ != nullptr ? std::optional(since(begin_)) : std::nullopt;
  turn_to(step_ != nullptr ? step_->strongest(0) : std::nullopt, false);
}

void Turns::end() {
  const std::scoped_lock lock(mutex_);
  turn_to(std::nullopt, false);
  step_ = nullptr;
  end_ms_ = since(begin_);
}

void Turns::add_session(int pid) {
  const std::scoped_lock lock(mutex_);
  pids_.insert(pid);
}

void Turns::turn_to(std::optional<std::size_t> statement, bool sent) {
  const bool is_new = turns_.empty() ? statement.has_value()
                                     : turns_.back().statement != statement || turns_.back().sent != sent;
  if (is_new) turns_.push_back({.at = since(begin_), .statement = statement, .sent = sent});
}

/// The same text can stand there twice: then the next one.
std::optional<std::size_t> Turns::find(const std::string& sql) const {
  if (step_ == nullptr) return std::nullopt;
  const std::size_t count = step_->sql.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = (at_.value_or(0) + i) % count;
    const bool done = i == 0 && statements_[step_->first + at].work_ms > 0;
    if (step_->sql[at] == sql && (!done || std::ranges::count(step_->sql, sql) == 1))
      return step_->first + at;
  }
  return std::nullopt;
}

void Turns::sent(const std::string& sql) {
  const std::scoped_lock lock(mutex_);
  const auto statement = find(sql);
  if (!statement) {
    // Between the statements it is for the next one, and behind the last one, or one that failed, for that.
    const bool is_between =
        step_ != nullptr && !is_running_ && at_ && !statements_[step_->first + *at_].error;
    const auto next = is_between ? step_->strongest(*at_ + 1) : std::nullopt;
    if (next) turn_to(next, false);
    return;
  }
  constexpr double k_least_wait = 100;  // less is what everything takes
  const double now = since(begin_);
  if (waits_since_ && now - *waits_since_ >= k_least_wait)
    lock_waits_.push_back({.statement = *step_->strongest(0), .from = *waits_since_, .until = now});
  waits_since_.reset();
  at_ = *statement - step_->first;
  is_running_ = true;
  turn_to(statement, true);
}

void Turns::answered(const std::string& sql, double ms, const SqlResult& result) {
  const std::scoped_lock lock(mutex_);
  if (step_ == nullptr || turns_.empty() || !turns_.back().statement) return;
  const std::size_t statement = *turns_.back().statement;
  if (step_->sql[statement - step_->first] != sql || !is_running_) return;
  is_running_ = false;
  statements_[statement].work_ms = ms;
  statements_[statement].error = result.ok ? std::nullopt : std::optional(result.error);
}

void Turns::tell(LoadRecord& record, LoadedRun& run) const {
  record.turns = turns_;
  record.migration = pids_;
  record.lock_waits = lock_waits_;
  run.statements = statements_;
  run.end_ms = end_ms_;
}

std::unique_ptr<Session> told(std::unique_ptr<Session> session, Turns& turns) {
  return std::make_unique<ToldSession>(std::move(session), turns);
}

}  // namespace pgsluice
