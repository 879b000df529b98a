// SPDX-License-Identifier: Apache-2.0
#include "pg/connection.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <map>
#include <thread>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/text.hpp"
#include "pg/api.hpp"
#include "pg/sqlstate.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice::pg {
namespace {

using PgResult = std::unique_ptr<PGresult, ResultClear>;
using PgConnection = std::unique_ptr<PGconn, ConnectionFinish>;
using PgCancel = std::unique_ptr<PGcancel, CancelFree>;
using namespace std::chrono_literals;

// How long a server may take to answer a cancel request before we call the connection lost.
constexpr auto k_cancel_grace = 10s;

std::string field(const PGresult* result, int code) {
  const char* value = api().PQresultErrorField(result, code);
  return value == nullptr ? std::string() : std::string(value);
}

SqlError error_of(const PGresult* result) {
  SqlError error{.sqlstate = field(result, PG_DIAG_SQLSTATE),
                 .message = field(result, PG_DIAG_MESSAGE_PRIMARY),
                 .detail = field(result, PG_DIAG_MESSAGE_DETAIL),
                 .hint = field(result, PG_DIAG_MESSAGE_HINT),
                 .context = field(result, PG_DIAG_CONTEXT),
                 .schemaname = field(result, PG_DIAG_SCHEMA_NAME),
                 .relname = field(result, PG_DIAG_TABLE_NAME),
                 .column = field(result, PG_DIAG_COLUMN_NAME),
                 .constraint = field(result, PG_DIAG_CONSTRAINT_NAME),
                 .position = 0};
  const std::string position = field(result, PG_DIAG_STATEMENT_POSITION);
  error.position = position.empty() ? 0 : std::atoi(position.c_str());
  return error;
}

void append_rows(const PGresult* result, SqlResult& into) {
  const int columns = api().PQnfields(result);
  for (int row = 0; row < api().PQntuples(result); ++row) {
    std::vector<SqlValue>& values = into.rows.emplace_back();
    for (int column = 0; column < columns; ++column) {
      if (api().PQgetisnull(result, row, column) != 0) {
        values.emplace_back();
      } else {
        values.emplace_back(std::string(api().PQgetvalue(result, row, column),
                                        static_cast<std::size_t>(api().PQgetlength(result, row, column))));
      }
    }
  }
}

/// libpq breaks its messages into lines, and indents what belongs to the line before.
std::string on_one_line(std::string_view text) {
  return replace_all(replace_all(trim(text), "\n\t", ". "), "\n", "; ");
}

extern "C" void on_notice(void* target, const PGresult* result) {
  try {
    auto& notices = *static_cast<std::vector<Notice>*>(target);
    if (notices.size() < 1000) {  // a loop of RAISE NOTICE must not fill the memory
      notices.push_back({.severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED),
                         .message = field(result, PG_DIAG_MESSAGE_PRIMARY)});
    }
  } catch (...) {  // nothing may be thrown through libpq; a lost notice is bearable
  }
}

class PqSession final : public Session {
 public:
  PqSession(PgConnection connection, std::vector<std::string> secrets, const Interrupt& interrupt)
      : connection_(std::move(connection)), secrets_(std::move(secrets)), interrupt_(interrupt) {
    api().PQsetNoticeReceiver(connection_.get(), on_notice, &notices_);
    api().PQsetnonblocking(connection_.get(), 1);
    server_version_num_ = api().PQserverVersion(connection_.get());
    backend_pid_ = api().PQbackendPID(connection_.get());
  }

  SqlResult run(const Query& query) override {
    if (query.keep_plan) {
      if (SqlResult prepared = prepare(query.sql); !prepared.ok) {
        return prepared;
      }
    }
    if (!connection_ || !send(query)) {
      return lost();
    }
    return receive(query);
  }

  void cancel() noexcept override {
    if (!connection_) {
      return;
    }
    const PgCancel request(api().PQgetCancel(connection_.get()));
    std::array<char, 256> reason{};
    if (request) {
      api().PQcancel(request.get(), reason.data(), static_cast<int>(reason.size()));
    }
  }

  [[nodiscard]] bool in_transaction() const override {
    return connection_ && api().PQtransactionStatus(connection_.get()) != PQTRANS_IDLE;
  }
  [[nodiscard]] int backend_pid() const override { return backend_pid_; }
  [[nodiscard]] int server_version_num() const override { return server_version_num_; }
  std::vector<Notice> take_notices() override { return std::exchange(notices_, {}); }

 private:
  SqlResult prepare(const std::string& sql) {
    if (prepared_.contains(sql)) {
      return {};
    }
    const std::string name = cat("pgsluice_", std::to_string(prepared_.size() + 1));
    if (!connection_ || api().PQsendPrepare(connection_.get(), name.c_str(), sql.c_str(), 0, nullptr) != 1) {
      return lost();
    }
    SqlResult result = receive(Query{});
    if (result.ok) {
      prepared_[sql] = name;
    }
    return result;
  }

  bool send(const Query& query) {
    PGconn* connection = connection_.get();
    if (query.script) {
      return api().PQsendQuery(connection, query.sql.c_str()) == 1;
    }
    std::vector<const char*> values;
    for (const SqlValue& parameter : query.parameters) {
      values.push_back(parameter ? parameter->c_str() : nullptr);
    }
    const int count = static_cast<int>(values.size());
    const int sent = query.keep_plan ? api().PQsendQueryPrepared(connection, prepared_.at(query.sql).c_str(),
                                                                 count, values.data(), nullptr, nullptr, 0)
                                     : api().PQsendQueryParams(connection, query.sql.c_str(), count, nullptr,
                                                               values.data(), nullptr, nullptr, 0);
    return sent == 1 && (query.keep_rows || api().PQsetSingleRowMode(connection) == 1);
  }

  SqlResult receive(const Query& query) {
    SqlResult outcome;
    std::optional<Clock::time_point> cancelled_at;
    for (;;) {
      while (api().PQisBusy(connection_.get()) == 0) {
        const PgResult result(api().PQgetResult(connection_.get()));
        if (!result) {
          return api().PQstatus(connection_.get()) == CONNECTION_OK ? outcome : lost(std::move(outcome));
        }
        take(result.get(), query, outcome);
      }
      if (!wait(query, cancelled_at)) {
        return lost(std::move(outcome));
      }
    }
  }

  // Waits until the server has said something. False: the connection is gone.
  bool wait(const Query& query, std::optional<Clock::time_point>& cancelled_at) {
    const int unsent = api().PQflush(connection_.get());
    if (unsent < 0) {
      return false;
    }
    const bool watching = query.watch.tick && !cancelled_at;
    const bool heed_signals = query.interruptible == Interruptible::yes && !cancelled_at;
    std::array<pollfd, 2> ready{
        {{.fd = api().PQsocket(connection_.get()),
          .events = static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN),
          .revents = 0},
         {.fd = heed_signals ? interrupt_.fd() : -1, .events = POLLIN, .revents = 0}}};
    const int timeout = watching ? static_cast<int>(query.watch.interval.count()) : 1000;
    const int events = poll(ready.data(), ready.size(), timeout);
    if (events < 0 && errno != EINTR) {
      return false;
    }
    if (events > 0 && ready[0].revents != 0) {
      return api().PQconsumeInput(connection_.get()) == 1;
    }
    if ((heed_signals && interrupt_.signal() != 0) || (events == 0 && watching && query.watch.tick())) {
      cancelled_at = std::chrono::steady_clock::now();
      cancel();
    }
    return !cancelled_at || std::chrono::steady_clock::now() - *cancelled_at < k_cancel_grace;
  }

  void take(const PGresult* result, const Query& query, SqlResult& outcome) {
    switch (api().PQresultStatus(result)) {
      case PGRES_TUPLES_OK:
      case PGRES_SINGLE_TUPLE:
      case PGRES_COMMAND_OK:
        outcome.command = api().PQcmdStatus(const_cast<PGresult*>(result));
        if (query.keep_rows) {
          append_rows(result, outcome);
        }
        return;
      case PGRES_COPY_IN: api().PQputCopyEnd(connection_.get(), "COPY FROM STDIN has no data here"); return;
      case PGRES_COPY_OUT: drain_copy(); return;
      case PGRES_EMPTY_QUERY: return;
      default:
        if (outcome.ok) {  // the first error is the cause, later ones follow from it
          outcome.ok = false;
          outcome.error = error_of(result);
          outcome.error.message = scrub(outcome.error.message, secrets_);
        }
    }
  }

  void drain_copy() {
    char* line = nullptr;
    while (api().PQgetCopyData(connection_.get(), &line, 0) > 0) {
      api().PQfreemem(line);
    }
  }

  SqlResult lost() { return lost(SqlResult{}); }

  // A FATAL message of the server (57P01 …) that came just before says more than "connection lost".
  SqlResult lost(SqlResult outcome) {
    const std::string said =
        connection_ ? on_one_line(api().PQerrorMessage(connection_.get())) : "the connection is closed";
    if (outcome.ok || outcome.error.sqlstate.empty()) {
      outcome.error.sqlstate = sqlstate::connection_failure;
      outcome.error.message = scrub(said.empty() ? "the server closed the connection" : said, secrets_);
    }
    outcome.ok = false;
    outcome.connection_lost = true;
    connection_.reset();
    return outcome;
  }

  PgConnection connection_;
  std::vector<std::string> secrets_;
  const Interrupt& interrupt_;
  std::vector<Notice> notices_;
  std::map<std::string, std::string> prepared_;  ///< names by text
  int server_version_num_ = 0;
  int backend_pid_ = 0;
};

// ---- connecting -------------------------------------------------------------------------------------------------

std::map<std::string, std::string> parameters_of(const Conninfo& conninfo,
                                                 const std::string& application_name, Access access) {
  // A dead network must not hold a run for the kernel's two hours; what the user says wins.
  std::map<std::string, std::string> parameters{{"keepalives_idle", "30"},
                                                {"keepalives_interval", "10"},
                                                {"keepalives_count", "3"},
                                                {"tcp_user_timeout", "60000"}};
  if (std::getenv("PGCONNECT_TIMEOUT") == nullptr) {
    parameters["connect_timeout"] = "10";
  }
  for (const auto& [key, value] : conninfo.parameters) {
    parameters[key] = value;
  }
  parameters["application_name"] = application_name;
  parameters["client_encoding"] = "UTF8";
  if (access == Access::read_write) {
    parameters["target_session_attrs"] = "read-write";
  }
  return parameters;
}

std::atomic<int> threads_in_libpq{0};

// What a connecting thread and its starter share; the last one to let go frees it.
struct Pending {
  std::map<std::string, std::string> parameters;
  PgConnection connection;
  int done = -1;
  ~Pending() { close(done); }
};

void connect_blocking(Pending& pending) noexcept {
  std::vector<const char*> keys;
  std::vector<const char*> values;
  for (const auto& [key, value] : pending.parameters) {
    keys.push_back(key.c_str());
    values.push_back(value.c_str());
  }
  keys.push_back(nullptr);
  values.push_back(nullptr);
  pending.connection.reset(api().PQconnectdbParams(keys.data(), values.data(), 0));
  --threads_in_libpq;
  eventfd_write(pending.done, 1);
}

// libpq resolves names and honours connect_timeout per host only in its blocking form; a thread of its own keeps
// a signal from having to wait for it.
PgConnection connect_unless_interrupted(std::map<std::string, std::string> parameters,
                                        const Interrupt& interrupt) {
  const auto pending = std::make_shared<Pending>();
  pending->parameters = std::move(parameters);
  pending->done = eventfd(0, EFD_CLOEXEC);
  ++threads_in_libpq;
  std::thread([pending] { connect_blocking(*pending); }).detach();
  std::array<pollfd, 2> ready{{{.fd = pending->done, .events = POLLIN, .revents = 0},
                               {.fd = interrupt.fd(), .events = POLLIN, .revents = 0}}};
  while (interrupt.signal() == 0 && ready[0].revents == 0) {
    poll(ready.data(), ready.size(), -1);
  }
  // libpq prints what a server says that goes down in the middle of this; most are through in a moment.
  constexpr int k_moment_ms = 200;
  if (ready[0].revents == 0) poll(ready.data(), 1, k_moment_ms);
  if (ready[0].revents == 0) {
    return nullptr;
  }
  eventfd_t count = 0;
  eventfd_read(pending->done, &count);
  return std::move(pending->connection);
}

// libpq gives no SQLSTATE for a failed connect. A server that speaks another language is simply asked again until
// the budget ends.
bool is_permanent(std::string_view message) {
  constexpr std::array<std::string_view, 7> k_permanent{
      "password authentication failed", "no password supplied",
      "no pg_hba.conf entry",           "pg_hba.conf rejects",
      "authentication failed for",      "is not permitted to log in",
      "invalid connection option"};
  const bool role_missing = message.find("role \"") != std::string_view::npos &&
                            message.find("does not exist") != std::string_view::npos;
  return role_missing || std::any_of(k_permanent.begin(), k_permanent.end(), [&](std::string_view part) {
           return message.find(part) != std::string_view::npos;
         });
}

}  // namespace

ConnectResult connect(const Conninfo& conninfo, const std::string& application_name, Access access,
                      const Interrupt& interrupt) {
  PgConnection connection =
      connect_unless_interrupted(parameters_of(conninfo, application_name, access), interrupt);
  if (!connection) {
    return ConnectFailure{.message = "interrupted while connecting", .permanent = false};
  }
  std::vector<std::string> secrets = conninfo.secrets;
  if (const char* password = api().PQpass(connection.get()); password != nullptr && *password != '\0') {
    if (conninfo.description.find(password) == std::string::npos) {
      secrets.emplace_back(password);  // from the password file or the service file
    }
  }
  if (api().PQstatus(connection.get()) != CONNECTION_OK) {
    const std::string message = scrub(on_one_line(api().PQerrorMessage(connection.get())), secrets);
    return ConnectFailure{.message = message, .permanent = is_permanent(message)};
  }
  return std::make_unique<PqSession>(std::move(connection), std::move(secrets), interrupt);
}

bool is_still_connecting() {
  return threads_in_libpq.load() > 0;
}

}  // namespace pgsluice::pg
