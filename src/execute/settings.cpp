// SPDX-License-Identifier: Apache-2.0
#include "execute/settings.hpp"

#include <vector>

#include "base/text.hpp"
#include "execute/ledger.hpp"
#include "pg/sqlstate.hpp"

namespace pgsluice {
namespace {

struct Setting {
  std::string name;
  std::string value;
};

std::vector<Setting> settings_for(const RunOptions& options, int server_version_num) {
  std::vector<Setting> settings{{"lock_timeout", ms(options.lock_timeout)},
                                {"statement_timeout", ms(options.statement_timeout)},
                                // A stopped or frozen pgsluice must not keep its locks.
                                {"idle_in_transaction_session_timeout", "60000"},
                                {"default_transaction_isolation", "read committed"},
                                {"default_transaction_deferrable", "off"}};
  if (!options.search_path.empty()) {
    settings.push_back({"search_path", options.search_path});
  }
  if (server_version_num >= 140000) {
    // Without it the queued DDL of a killed pgsluice would still be executed when its lock becomes free.
    settings.push_back({"client_connection_check_interval", "500"});
  }
  if (server_version_num >= 170000) {
    settings.push_back({"transaction_timeout", "0"});
  }
  return settings;
}

SqlResult checked(SqlResult result) {
  if (!result.ok) {
    const bool denied = result.error.sqlstate == pg::sqlstate::insufficient_privilege;
    throw Error(result.connection_lost ? ExitCode::unreachable : ExitCode::precondition,
                cat("cannot prepare the session: ", result.error.message), denied ? k_other_role_hint : "");
  }
  return result;
}

constexpr const char* k_pooler_hint =
    "Connect to the server itself, or to a pool in session mode (PgBouncer: pool_mode=session for this "
    "database or "
    "role): sessions, locks and cancelling need one backend.";

Error pooler_error(std::string_view what) {
  return {ExitCode::precondition, cat("a connection pooler stands between pgsluice and the server, ", what),
          k_pooler_hint};
}

long long backend_of(Session& session) {
  return checked(session.query("SELECT pg_backend_pid()", {})).number(0, 0).value_or(0);
}

// In a file a setting is a word; this one is a list, and a list in quotes would be one name.
std::string set_command(const Setting& setting) {
  if (setting.name != "search_path") {
    return cat("SET ", setting.name, " = '", setting.value, "'");
  }
  const std::string escaped = replace_all(replace_all(setting.value, "\\", "\\\\"), "'", "''");
  return cat("SELECT set_config('search_path', E'", escaped, "', false)");
}

}  // namespace

std::optional<std::string> why_not_writable(Session& session) {
  const SqlResult state =
      session.query("SELECT pg_is_in_recovery(), current_setting('transaction_read_only')", {});
  if (!state.ok) {
    return state.error.message;
  }
  if (state.truth(0, 0)) {
    return "the server is a standby (in recovery)";
  }
  return state.text(0, 1) == "on" ? std::optional<std::string>("the server is read-only") : std::nullopt;
}

// A pooler gives its own number for the backend. In session mode the backend stays with the session all the same; in the
// other modes a backend that is between two transactions is given to whoever comes next.
bool expect_own_backend(Session& session, const Connector& connect) {
  const long long mine = backend_of(session);
  if (session.backend_pid() == 0 || mine == session.backend_pid()) {
    return false;
  }
  auto connected = connect();
  if (const auto* failure = std::get_if<NoSession>(&connected)) {
    throw pooler_error(cat("and it gives no second session: ", failure->message));
  }
  Session& other = *std::get<std::unique_ptr<Session>>(connected);
  const SqlResult held = other.query("BEGIN", {});
  const bool shared = !held.ok || backend_of(other) == mine || backend_of(session) != mine;
  other.query("ROLLBACK", {});
  if (shared) {
    throw pooler_error("and it shares backends between sessions (transaction or statement mode)");
  }
  return true;
}

void make_settings(Session& session, const RunOptions& options, pg::Questions questions) {
  std::string set;
  std::string show;
  const std::vector<Setting> settings = settings_for(options, session.server_version_num());
  std::vector<SqlValue> values;
  for (const Setting& setting : settings) {
    values.emplace_back(setting.value);
    set += cat(set.empty() ? "SELECT " : ", ", "set_config('", setting.name, "', $",
               std::to_string(values.size()), ", false)");
    show += cat(show.empty() ? "SELECT " : ", ", "current_setting('", setting.name, "')");
  }
  const SqlResult made = checked(session.query(set, values));
  SqlResult read;
  questions.ask(show, [&](const SqlResult& rows) { read = rows; });
  checked(questions.put(session));
  for (std::size_t i = 0; i < settings.size(); ++i) {
    if (made.text(0, i) != read.text(0, i)) {
      throw Error(ExitCode::precondition,
                  cat("the setting ", settings[i].name, " did not stick: set to ", made.text(0, i), ", is ",
                      read.text(0, i)),
                  k_pooler_hint);
    }
  }
}

std::string reset_script(const RunOptions& options, int server_version_num) {
  std::string script = "RESET ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ROLE";
  for (const Setting& setting : settings_for(options, server_version_num)) {
    script += "; " + set_command(setting);
  }
  return script;
}

}  // namespace pgsluice
