// SPDX-License-Identifier: Apache-2.0
#include "oracle/session.hpp"

#include <array>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace pgsluice::oracle {

namespace {

using Result = std::unique_ptr<PGresult, pg::ResultClear>;

void keep_message(void* into, const PGresult* result) {
  const char* text = pg::api().PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  if (text != nullptr) static_cast<std::vector<std::string>*>(into)->emplace_back(text);
}

std::string error_of(const PGresult* result) {
  const auto field = [result](int code) -> std::string {
    const char* text = pg::api().PQresultErrorField(result, code);
    return text != nullptr ? text : "";
  };
  return field(PG_DIAG_SQLSTATE) + " " + field(PG_DIAG_MESSAGE_PRIMARY);
}

bool failed(const PGresult* result) {
  return pg::api().PQresultStatus(result) == PGRES_FATAL_ERROR;
}

/// COPY in an example: there are no rows to send, and those that come are of no interest.
void end_copy(PGconn* connection, const PGresult* result) {
  const ExecStatusType status = pg::api().PQresultStatus(result);
  if (status == PGRES_COPY_IN) pg::api().PQputCopyEnd(connection, nullptr);
  if (status != PGRES_COPY_OUT) return;
  for (char* row = nullptr; pg::api().PQgetCopyData(connection, &row, 0) > 0;) pg::api().PQfreemem(row);
}

Rows rows_of(const PGresult* result) {
  Rows rows(static_cast<std::size_t>(pg::api().PQntuples(result)));
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (int c = 0; c < pg::api().PQnfields(result); ++c) {
      rows[r].emplace_back(pg::api().PQgetvalue(result, static_cast<int>(r), c));
    }
  }
  return rows;
}

}  // namespace

std::vector<Server> servers() {
  const char* variable =
      std::getenv("PGSLUICE_TEST_SERVERS");  // NOLINT(concurrency-mt-unsafe): before any thread
  std::vector<Server> result;
  std::istringstream list(variable != nullptr ? variable : "");
  for (std::string entry; list >> entry;) {
    const std::size_t equals = entry.find('=');
    if (equals == std::string::npos) continue;
    result.push_back({.version = std::stoi(entry.substr(0, equals)), .socket = entry.substr(equals + 1)});
  }
  return result;
}

Session::Session(const Server& server, const std::string& database, const std::string& role)
    : messages_(std::make_unique<std::vector<std::string>>()) {
  const std::array<const char*, 5> names = {"host", "port", "user", "dbname", nullptr};
  const std::array<const char*, 5> values = {server.socket.c_str(), "5432", role.c_str(), database.c_str(),
                                             nullptr};
  connection_.reset(pg::api().PQconnectdbParams(names.data(), values.data(), 0));
  if (pg::api().PQstatus(connection_.get()) != CONNECTION_OK) {
    throw std::runtime_error("PostgreSQL " + std::to_string(server.version) + ": " +
                             pg::api().PQerrorMessage(connection_.get()));
  }
  pg::api().PQsetNoticeReceiver(connection_.get(), keep_message, messages_.get());
}

void Session::start(const std::string& sql) {
  if (pg::api().PQsendQuery(connection_.get(), sql.c_str()) == 0) {
    throw std::runtime_error(pg::api().PQerrorMessage(connection_.get()));
  }
}

bool Session::done() {
  pg::api().PQconsumeInput(connection_.get());
  return pg::api().PQisBusy(connection_.get()) == 0;
}

std::optional<std::string> Session::finish() {
  std::optional<std::string> error;
  while (const Result result{pg::api().PQgetResult(connection_.get())}) {
    if (failed(result.get()) && !error) error = error_of(result.get());
    end_copy(connection_.get(), result.get());
  }
  return error;
}

std::optional<std::string> Session::try_run(const std::string& sql) {
  start(sql);
  return finish();
}

Rows Session::run(const std::string& sql) {
  start(sql);
  Rows rows;
  std::string error;
  while (const Result result{pg::api().PQgetResult(connection_.get())}) {
    if (failed(result.get())) error = error_of(result.get());
    end_copy(connection_.get(), result.get());
    rows = rows_of(result.get());
  }
  if (!error.empty()) throw std::runtime_error(error + "\n    in: " + sql);
  return rows;
}

int Session::pid() const {
  return pg::api().PQbackendPID(connection_.get());
}

std::vector<std::string> Session::take_messages() {
  return std::exchange(*messages_, {});
}

SqlResult Facade::run(const Query& query) {
  std::string sql = query.sql;
  for (std::size_t i = query.parameters.size(); i > 0; --i) {  // from behind: $1 begins $10, too
    const std::string name = "$" + std::to_string(i);
    const std::string value = "'" + query.parameters[i - 1].value_or("") + "'";
    for (std::size_t at = sql.find(name); at != std::string::npos; at = sql.find(name, at + value.size()))
      sql.replace(at, name.size(), value);
  }
  SqlResult result;
  try {
    for (std::vector<std::string>& row : session_.run(sql)) result.rows.emplace_back(row.begin(), row.end());
  } catch (const std::runtime_error& error) {
    result.ok = false;
    result.error.message = error.what();
  }
  return result;
}

std::vector<Notice> Facade::take_notices() {
  std::vector<Notice> notices;
  for (std::string& message : session_.take_messages())
    notices.push_back({.severity = "", .message = std::move(message)});
  return notices;
}

}  // namespace pgsluice::oracle
