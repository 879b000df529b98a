// SPDX-License-Identifier: Apache-2.0
#include "load/application.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"

namespace pgsluice {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// Of all clients together, and never so much of one that it is a load of its own.
constexpr std::chrono::microseconds k_gap_of_all = 2'500us;
constexpr std::chrono::microseconds k_shortest_gap = 10'000us;

double since(LoadTime begin, LoadTime time) {
  return std::chrono::duration<double, std::milli>(time - begin).count();
}

std::vector<int> numbers(const std::string& text) {
  std::vector<int> all;
  for (const std::string_view word : split(text, ' ')) {
    int number = 0;
    if (std::from_chars(word.data(), word.data() + word.size(), number).ec == std::errc())
      all.push_back(number);
  }
  return all;
}

}  // namespace

SqlResult send(Session& session, const LoadQuery& query) {
  const bool taken_back = query.kind == LoadQuery::Kind::insert || query.kind == LoadQuery::Kind::given;
  if (taken_back) session.query("BEGIN", {});
  SqlResult result = session.run({.sql = query.sql,
                                  .parameters = std::vector<SqlValue>(query.parameters),
                                  .keep_rows = false,
                                  .interruptible = Interruptible::yes,
                                  .watch = {}});
  if (taken_back) session.query("ROLLBACK", {});
  return result;
}

// ---- the application ---------------------------------------------------------------------------------------------------

Application::Application(const std::vector<LoadQuery>& queries, const std::vector<std::size_t>& lanes,
                         std::size_t clients, const LoadConnector& connect)
    : queries_(queries) {
  for (std::size_t i = 0; i < clients; ++i) {
    Client& client = *clients_.emplace_back(std::make_unique<Client>());
    client.session = connect("application");
    for (std::size_t lane = i; lane < lanes.size(); lane += clients) client.queries.push_back(lanes[lane]);
  }
  const auto gap = std::max<std::chrono::microseconds>(k_gap_of_all * clients, k_shortest_gap);
  const LoadTime now = steady_clock::now();
  for (std::size_t i = 0; i < clients; ++i) {
    Client& client = *clients_[i];
    client.thread =
        std::thread([this, &client, due = now + gap * i / clients, gap] { work(client, due, gap); });
  }
}

Application::~Application() {
  join();
}

void Application::join() {
  stopped_ = true;
  for (const auto& client : clients_) {
    if (client->thread.joinable()) client->thread.join();
  }
}

void Application::work(Client& client, LoadTime due, std::chrono::microseconds gap) {
  for (std::size_t i = 0; !stopped_; ++i, due += gap) {
    std::this_thread::sleep_until(due);
    const std::size_t number = client.queries[i % client.queries.size()];
    const LoadTime sent = steady_clock::now();
    SqlResult result = send(*client.session, queries_[number]);
    client.sent.push_back({.query = number,
                           .due = due,
                           .sent = sent,
                           .end = steady_clock::now(),
                           .error = std::move(result.error)});
    if (result.connection_lost) return;
  }
}

std::vector<LoadRequest> Application::stop(LoadTime begin) {
  join();
  std::vector<LoadRequest> all;
  for (const auto& client : clients_) {
    for (Sent& sent : client->sent)
      all.push_back({.query = sent.query,
                     .pid = client->session->backend_pid(),
                     .due = since(begin, sent.due),
                     .sent = since(begin, sent.sent),
                     .end = since(begin, sent.end),
                     .sqlstate = std::move(sent.error.sqlstate),
                     .message = std::move(sent.error.message)});
  }
  return all;
}

// ---- who waits for whom ------------------------------------------------------------------------------------------------

namespace {

/// Of tables and views that others know; indexes follow their tables.
std::vector<StrongLock> strong_locks(Session& session) {
  const SqlResult seen = session.query_again(
      "SELECT l.pid, quote_ident(n.nspname) || '.' || quote_ident(c.relname), l.mode, l.granted FROM "
      "pg_locks l"
      " JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace"
      " WHERE l.locktype = 'relation' AND l.relation >= 16384 AND c.relkind NOT IN ('i', 'I', 't')"
      " AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')"
      " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
      {});
  std::vector<StrongLock> strong;
  for (std::size_t i = 0; i < seen.rows.size(); ++i) {
    if (const auto mode = parse_lock_name(seen.text(i, 2)))
      strong.push_back({.pid = static_cast<int>(seen.number(i, 0).value_or(0)),
                        .relation = seen.text(i, 1),
                        .mode = *mode,
                        .queued = !seen.truth(i, 3)});
  }
  return strong;
}

}  // namespace

LockWatch::LockWatch(const LoadConnector& connect)
    : session_(connect("pgsluice looks on")), thread_([this] { work(); }) {}

LockWatch::~LockWatch() {
  stopped_ = true;
  if (thread_.joinable()) thread_.join();
}

void LockWatch::work() {
  constexpr auto k_pause = 3ms;
  while (!stopped_) {
    const LoadTime before = steady_clock::now();
    const SqlResult seen = session_->query_again(
        "SELECT a.pid, array_to_string(pg_blocking_pids(a.pid), ' '), l.mode,"
        " quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_stat_activity a"
        " LEFT JOIN pg_locks l ON l.pid = a.pid AND NOT l.granted AND l.locktype = 'relation'"
        " LEFT JOIN pg_class c ON c.oid = l.relation LEFT JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE a.datname = current_database() AND a.wait_event_type = 'Lock'",
        {});
    if (seen.connection_lost) return;
    LockLook look;
    for (std::size_t i = 0; i < seen.rows.size(); ++i) {
      const int pid = static_cast<int>(seen.number(i, 0).value_or(0));
      look.blockers[pid] = numbers(seen.text(i, 1));
      if (const auto mode = parse_lock_name(seen.text(i, 2)))
        look.wanted[pid] = {.relation = seen.text(i, 3), .mode = *mode};
    }
    look.strong = strong_locks(*session_);
    looks_.emplace_back(before + (steady_clock::now() - before) / 2, std::move(look));
    std::this_thread::sleep_for(k_pause);
  }
}

std::vector<LockLook> LockWatch::stop(LoadTime begin) {
  stopped_ = true;
  thread_.join();
  std::vector<LockLook> all;
  for (auto& [at, look] : looks_) {
    look.at = since(begin, at);
    all.push_back(std::move(look));
  }
  return all;
}

// ---- the long transaction ----------------------------------------------------------------------------------------------

LongTransaction::LongTransaction(const std::string& relation, const LoadConnector& connect)
    : session_(connect("long transaction")) {
  // Its snapshot stays, too, as that of a dump: CREATE INDEX CONCURRENTLY waits for it.
  session_->query("BEGIN ISOLATION LEVEL REPEATABLE READ", {});
  holds_ = session_->query(cat("SELECT 1 FROM ", relation, " LIMIT 1"), {}).ok;
}

LongTransaction::~LongTransaction() {
  stopped_ = true;
  if (thread_.joinable()) thread_.join();
}

void LongTransaction::end_after(std::chrono::milliseconds time) {
  thread_ = std::thread([this, end = steady_clock::now() + time] {
    while (!stopped_ && steady_clock::now() < end) std::this_thread::sleep_for(1ms);
    session_->query("COMMIT", {});
  });
}

}  // namespace pgsluice
