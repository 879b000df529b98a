// SPDX-License-Identifier: Apache-2.0
#include "preview/observe.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "preview/ask.hpp"
#include "preview/what_was_done.hpp"

namespace pgsluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Of temporary files, which the server tells of when it removes them (log_temp_files):
/// temporary file: path "base/pgsql_tmp/pgsql_tmp123.0", size 1048576
long long temp_bytes(const std::vector<std::string>& messages) {
  constexpr std::string_view k_size = ", size ";
  long long sum = 0;
  for (const std::string& message : messages) {
    const std::size_t size = message.rfind(k_size);
    if (!message.starts_with("temporary file: path ") || size == std::string::npos) continue;
    sum += std::atoll(message.c_str() + size + k_size.size());
  }
  return sum;
}

constexpr std::string_view k_wal_position = ", (pg_current_wal_insert_lsn() - '0/0')::bigint";

/// As set_config() takes it.
SqlValue is_local(bool local) {
  return local ? "true" : "false";
}

}  // namespace

/// Messages tell what a statement does. Returns where the WAL ends.
long long StatementObserver::be_told(Scope scope) {
  static const std::string k_sql =
      cat("SELECT set_config('client_min_messages', $1, $3::boolean),"
          " set_config('statement_timeout', $2, $3::boolean)",
          k_wal_position);
  const bool in_transaction = scope == Scope::transaction;
  // What runs alone tells of snapshots and of old transactions at debug2.
  return ask(session_, k_sql,
             {in_transaction ? "debug1" : "debug2", statement_timeout_, is_local(in_transaction)})
      .number(0, 2)
      .value_or(0);
}

long long StatementObserver::be_quiet(Scope scope) {
  static const std::string k_sql =
      cat("SELECT current_setting('statement_timeout'), set_config('statement_timeout', '0', $1::boolean),"
          " set_config('client_min_messages', 'warning', $1::boolean)",
          k_wal_position);
  const SqlResult result = ask(session_, k_sql, {is_local(scope == Scope::transaction)});
  statement_timeout_ = result.text(0, 0);
  if (!look_.empty()) session_.script(look_);
  return result.number(0, 3).value_or(0);
}

void StatementObserver::begin() {
  be_quiet(session_.in_transaction() ? Scope::transaction : Scope::session);
  catalog_.begin(session_);
  held_ = {};
  taken_.clear();
}

/// What is gone, a savepoint has given back.
void StatementObserver::note_held(LocksByMode now, const LocksByMode& taken, std::size_t statement) {
  given_back_.clear();
  const LocksByMode gone = held_.without(now);
  for (const auto& [mode, oids] : gone.by_mode()) {
    for (const RelationOid oid : oids) {
      const auto at = taken_.find(oid);
      if (at == taken_.end()) continue;
      const ObservedRelation* relation = catalog_.before().find(oid);
      const auto by = at->second.find(mode);
      if (relation != nullptr && by != at->second.end())
        given_back_.push_back({.name = relation->name, .mode = mode, .taken_at = by->second});
      at->second.erase(mode);
    }
  }
  for (const auto& [mode, oids] : taken.by_mode()) {
    for (const RelationOid oid : oids) {
      if (catalog_.was_there(oid)) taken_[oid][mode] = statement;
    }
  }
  held_before_ = std::exchange(held_, std::move(now));
}

void StatementObserver::note_kept(std::size_t statement) {
  kept_before_.clear();
  for (const auto& [oid, at] : taken_) {
    const auto strongest =
        std::find_if(at.rbegin(), at.rend(), [&](const auto& one) { return one.second != statement; });
    const ObservedRelation* relation = strongest != at.rend() ? catalog_.before().find(oid) : nullptr;
    if (relation == nullptr) continue;
    kept_before_.push_back(
        {.name = relation->name, .relkind = relation->relkind, .mode = strongest->first, .taken_at = &at});
  }
}

HeldLocks StatementObserver::held_before(const Effect& predicted, const Observation& observed) const {
  HeldLocks held;
  const auto add = [&](const std::string& name) {
    const std::optional<RelationOid> oid = catalog_.before().named(name);
    if (!oid) return;
    if (LockModes modes = held_before_.modes_of(*oid); !modes.empty()) held[name] = std::move(modes);
  };
  for (const RelationLock& lock : predicted.locks) add(lock.relation.quoted());
  for (const auto& [name, lock] : observed.locks) add(name);
  return held;
}

Observation StatementObserver::send(const std::string& sql, const Watch& watch,
                                    std::vector<std::string>& messages) {
  Observation result;
  session_.take_notices();
  sent_ = steady_clock::now();
  SqlResult ran =
      session_.run({.sql = sql, .keep_rows = false, .interruptible = Interruptible::yes, .watch = watch});
  ended_ = steady_clock::now();
  result.ms = std::chrono::duration<double, std::milli>(ended_ - sent_).count();
  for (Notice& notice : session_.take_notices()) messages.push_back(std::move(notice.message));
  if (ran.ok) return result;
  result.error = std::move(ran.error);
  if (ran.connection_lost && result.error->message.empty()) result.error->message = "the connection was lost";
  return result;
}

Observation StatementObserver::run(const std::string& sql) {
  std::vector<std::string> messages;
  return send(sql, {}, messages);
}

Observation StatementObserver::measure(const std::string& sql, const Watch& watch, Scope scope,
                                       std::vector<std::string>& messages) {
  const long long wal = be_told(scope);
  Observation result = send(sql, watch, messages);
  if (result.error) return result;
  result.wal_bytes = be_quiet(scope) - wal;
  result.temp_bytes = temp_bytes(messages);
  return result;
}

Observation StatementObserver::observe(const Statement& statement, const std::string& sql,
                                       const Watch& watch) {
  std::vector<std::string> messages;
  Observation result = measure(sql, watch, Scope::transaction, messages);
  if (result.error) return result;
  LocksByMode now = LocksByMode::of(session_);
  // COPY … TO gives its lock back as it ends, before PostgreSQL 13.
  catalog_.look(session_, now,
                statement.tag == "CopyStmt" ? SeenCatalog::Reach::everything : SeenCatalog::Reach::held);
  const LocksByMode taken = now.without(held_);
  read_what_was_done(catalog_, taken, now, session_, statement, messages, result);
  note_held(std::move(now), taken, statement.range.begin);
  note_kept(statement.range.begin);
  return result;
}

Observation StatementObserver::observe_alone(const Statement& statement, const std::string& sql,
                                             const Onlookers& onlookers, const InTheWay& in_the_way) {
  begin();
  held_before_ = {};
  kept_before_.clear();
  given_back_.clear();
  std::vector<std::string> messages;
  Lookout lookout(onlookers, session_.backend_pid(), in_the_way);
  const Watch watch{.interval = milliseconds(1), .tick = [&lookout] {
                      lookout.look();
                      return false;
                    }};
  Observation result = measure(sql, watch, Scope::session, messages);
  lookout.step_aside();
  result.sampled = true;
  if (result.error) return result;
  catalog_.look_at_all(session_, lookout.seen());
  session_.query("SELECT set_config('statement_timeout', $1, false)", {statement_timeout_});
  read_what_was_done(catalog_, lookout.seen(), lookout.seen(), session_, statement, messages, result);
  for (const RelationOid oid : lookout.seen().oids()) {
    const ObservedRelation* relation = catalog_.before().find(oid);
    const auto lock = relation != nullptr ? result.locks.find(relation->name) : result.locks.end();
    if (lock != result.locks.end()) lock->second.spans = lookout.spans_of(oid, sent_, ended_);
  }
  return result;
}

}  // namespace pgsluice
