// SPDX-License-Identifier: Apache-2.0
// The two seams to the world of the executor: a server session and a clock. Each has one real implementation and
// one fake, so that the whole run loop can be tested with scripted answers and ticking time.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgsluice {

/// What the server says about a failure, field by field (libpq's PG_DIAG_*).
struct SqlError {
  std::string sqlstate;
  std::string message;
  std::string detail;
  std::string hint;
  std::string context;
  std::string schemaname;
  std::string relname;
  std::string column;
  std::string constraint;
  int position = 0;  ///< characters from 1, in the text that was sent; 0: none
};

using SqlValue = std::optional<std::string>;

/// The outcome of one round trip: a value, whatever happened. 55P03 is an ordinary day.
struct SqlResult {
  bool ok = true;
  bool connection_lost = false;  ///< no answer: the statement may or may not have run
  SqlError error;
  std::string command;  ///< command tag, such as "COMMIT" or "INSERT 0 1"
  std::vector<std::vector<SqlValue>> rows;

  /// A value as text; "" for NULL and for a row that is not there.
  [[nodiscard]] std::string text(std::size_t row, std::size_t column) const;
  [[nodiscard]] std::optional<long long> number(std::size_t row, std::size_t column) const;
  [[nodiscard]] bool truth(std::size_t row, std::size_t column) const { return text(row, column) == "t"; }
};

/// Looks at the world while a statement runs; true: cancel the statement.
struct Watch {
  std::chrono::milliseconds interval{0};
  std::function<bool()> tick;
};

/// Our own bookkeeping is never interrupted: it is short, and it is what keeps the ledger true.
enum class Interruptible { no, yes };

struct Query {
  std::string sql;
  std::vector<SqlValue> parameters;
  /// Several statements in one message (and no parameters). A user's statement is never sent this way, so that
  /// the server itself refuses a text that turns out to be two statements.
  bool script = false;
  bool keep_rows = true;
  /// The same text will come again: it is prepared once. Not where files run, which may DEALLOCATE it.
  bool keep_plan = false;
  Interruptible interruptible = Interruptible::no;
  Watch watch;
};

struct Notice {
  std::string severity;
  std::string message;
};

class Session {
 public:
  virtual ~Session() = default;
  virtual SqlResult run(const Query& query) = 0;
  /// Asks the server to stop the running statement.
  virtual void cancel() noexcept = 0;
  [[nodiscard]] virtual bool in_transaction() const = 0;
  [[nodiscard]] virtual int backend_pid() const = 0;
  [[nodiscard]] virtual int server_version_num() const = 0;
  /// What the server said beside its answers since the last call.
  virtual std::vector<Notice> take_notices() = 0;

  SqlResult query(std::string_view sql, std::vector<SqlValue> parameters);
  SqlResult query_again(std::string_view sql, std::vector<SqlValue> parameters);  ///< with keep_plan
  SqlResult script(std::string_view sql);
};

class Clock {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  virtual ~Clock() = default;
  virtual time_point now() = 0;
  /// Returns early when the program is asked to stop.
  virtual void sleep(std::chrono::milliseconds duration) = 0;
};

}  // namespace pgsluice
