// SPDX-License-Identifier: Apache-2.0
#include "execute/settings.hpp"

#include <vector>

#include "base/text.hpp"

namespace pgsluice {
namespace {

struct Setting {
  std::string name;
  std::string value;
};

std::string ms(milliseconds duration) {
  return std::to_string(duration.count());
}

std::vector<Setting> settings_for(const RunOptions& options, int server_version_num) {
  std::vector<Setting> settings{{"lock_timeout", ms(options.lock_timeout)},
                                {"statement_timeout", ms(options.statement_timeout)},
                                // A stopped or frozen pgsluice must not keep its locks.
                                {"idle_in_transaction_session_timeout", "60000"},
                                {"default_transaction_isolation", "read committed"},
                                {"default_transaction_deferrable", "off"}};
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
    throw Error(result.connection_lost ? ExitCode::unreachable : ExitCode::precondition,
                cat("cannot prepare the session: ", result.error.message));
  }
  return result;
}

constexpr const char* k_pooler_hint =
    "Connect to the server itself, not to a connection pooler: sessions, locks and cancelling need one "
    "backend.";

void expect_same_backend(Session& session) {
  const SqlResult pid = checked(session.query("SELECT pg_backend_pid()", {}));
  if (session.backend_pid() != 0 && pid.number(0, 0) != session.backend_pid()) {
    throw Error(ExitCode::precondition, "a connection pooler stands between pgsluice and the server",
                k_pooler_hint);
  }
}

}  // namespace

void make_settings(Session& session, const RunOptions& options) {
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
  expect_same_backend(session);
  const SqlResult made = checked(session.query(set, values));
  const SqlResult read = checked(session.query(show, {}));
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
    script += cat("; SET ", setting.name, " = '", setting.value, "'");
  }
  return script;
}

}  // namespace pgsluice
