// SPDX-License-Identifier: Apache-2.0
// One function per check: a question to the server, and what its answer means.

#include <cmath>
#include <cstdlib>

#include "base/text.hpp"
#include "doctor/asked.hpp"
#include "execute/blockers.hpp"
#include "execute/settings.hpp"
#include "pg/arrays.hpp"
#include "pgsluice/doctor.hpp"

namespace pgsluice {
namespace {

using Verdict = Check::Verdict;

constexpr int k_oldest_major = 12;
constexpr int k_newest_major = 18;  // that the analysis was proved on
constexpr int k_major = 10000;

/// An answer that a check cannot do without.
std::string role_of(Session& session) {
  return quote_ident(asked(session.query("SELECT current_user", {})).text(0, 0));
}

Check check_version(Session& session) {
  const int major = session.server_version_num() / k_major;
  Check check{.name = "version", .message = cat("PostgreSQL ", std::to_string(major)), .mend = {}};
  if (major < k_oldest_major) {
    check.verdict = Verdict::missing;
    check.message += cat(" is older than ", std::to_string(k_oldest_major));
    check.mend = "Upgrade the server: what is known about locks begins there.";
  } else if (major > k_newest_major) {
    check.verdict = Verdict::advice;
    check.message +=
        cat(" is newer than ", std::to_string(k_newest_major), ", the last that predictions were proved on");
    check.mend = "Look for a newer pgsluice.";
  }
  return check;
}

Check check_writable(Session& session) {
  const SqlResult state = asked(
      session.query("SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only')", {}));
  if (state.truth(0, 0)) {
    return {
        .name = "primary",
        .verdict = Verdict::missing,
        .message = "the server is a standby",
        .mend =
            "Connect to the primary. With several hosts in the connection string apply finds it by itself."};
  }
  if (state.text(0, 1) == "on") {
    return {
        .name = "primary",
        .verdict = Verdict::missing,
        .message = "transactions are read-only by default",
        .mend = "ALTER ROLE … or ALTER DATABASE … RESET default_transaction_read_only, whichever sets it."};
  }
  return {.name = "primary", .message = "the server takes writes", .mend = {}};
}

/// What a run itself does first: settings, read back, and one backend behind the session.
Check check_session(Session& session, const World& world) {
  try {
    // First: a backend that is shared would carry our settings to others.
    const bool through_pooler = expect_own_backend(session, world.connect);
    make_settings(session, RunOptions{});
    return {.name = "session",
            .message = through_pooler ? "settings stick; a pooler in session mode stands between"
                                      : "settings stick, and no pooler stands between",
            .mend = {}};
  } catch (const Error& error) {
    if (error.code() == ExitCode::unreachable) throw;
    return {.name = "session", .verdict = Verdict::missing, .message = error.what(), .mend = error.hint()};
  }
}

Check check_ledger(Session& session) {
  const SqlResult rights = asked(session.query(
      "SELECT n.oid IS NOT NULL, CASE WHEN n.oid IS NULL THEN has_database_privilege(current_database(), "
      "'CREATE')"
      " ELSE has_schema_privilege(n.oid, 'USAGE') AND CASE WHEN m.oid IS NULL"
      " THEN has_schema_privilege(n.oid, 'CREATE') ELSE has_table_privilege(m.oid, 'INSERT, UPDATE') END END,"
      " quote_ident(current_database()), quote_ident(coalesce(r.rolname, ''))"
      " FROM (SELECT to_regnamespace('pgsluice') AS oid) n"
      " LEFT JOIN pg_class m ON m.relnamespace = n.oid AND m.relname = 'migration' AND m.relkind = 'r'"
      " LEFT JOIN pg_roles r ON r.oid = m.relowner",
      {}));
  const bool exists = rights.truth(0, 0);
  if (rights.truth(0, 1)) {
    return {.name = "ledger",
            .message = exists ? "the ledger is there, and this role may write it"
                              : "there is no ledger yet, and this role may create it",
            .mend = {}};
  }
  const std::string role = role_of(session);
  if (exists) {
    const std::string owner = rights.text(0, 3);
    return {.name = "ledger",
            .verdict = Verdict::missing,
            .message = cat("this role may not write the ledger in schema pgsluice",
                           owner.empty() ? "" : cat(", which belongs to ", owner)),
            .mend = owner.empty() ? cat("ALTER SCHEMA pgsluice OWNER TO ", role, ";")
                                  : cat("GRANT ", owner, " TO ", role, ";")};
  }
  return {.name = "ledger",
          .verdict = Verdict::missing,
          .message = "there is no ledger yet, and this role may not create schema pgsluice",
          .mend = cat("CREATE SCHEMA pgsluice AUTHORIZATION ", role, ";\n-- or: GRANT CREATE ON DATABASE ",
                      rights.text(0, 2), " TO ", role, ";")};
}

Check check_schemas(Session& session) {
  const SqlResult lacking =
      asked(session.query("SELECT quote_ident(s) FROM unnest(current_schemas(false)) s WHERE NOT "
                          "has_schema_privilege(s, 'CREATE')",
                          {}));
  if (lacking.rows.empty()) {
    return {.name = "schemas", .message = "this role may create in every schema of search_path", .mend = {}};
  }
  std::vector<std::string> names;
  for (std::size_t row = 0; row < lacking.rows.size(); ++row) names.push_back(lacking.text(row, 0));
  const std::string list = join(names, ", ");
  return {.name = "schemas",
          .verdict = Verdict::advice,
          .message = cat("this role may not create anything in ", list),
          .mend = cat("GRANT USAGE, CREATE ON SCHEMA ", list, " TO ", role_of(session), ";")};
}

constexpr std::string_view k_user_relations =
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = c.relowner"
    " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND n.nspname NOT IN ('pg_catalog', "
    "'information_schema')"
    " AND n.nspname !~ '^pg_' AND n.nspname <> 'pgsluice'"
    " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid"
    " AND d.deptype = 'e')";

/// Only an owner may alter a table.
Check check_owners(Session& session) {
  const SqlResult owners = asked(session.query(
      cat("SELECT quote_ident(r.rolname), r.rolsuper, count(*), min(c.oid::regclass::text)", k_user_relations,
          " AND NOT pg_has_role(c.relowner, 'USAGE') GROUP BY r.rolname, r.rolsuper ORDER BY r.rolname"),
      {}));
  if (owners.rows.empty()) {
    return {.name = "owners", .message = "this role may alter every table of the database", .mend = {}};
  }
  const std::string role = role_of(session);
  std::vector<std::string> who;
  std::vector<std::string> mend;
  for (std::size_t row = 0; row < owners.rows.size(); ++row) {
    const auto count = static_cast<std::size_t>(owners.number(row, 2).value_or(0));
    who.push_back(cat(count_of(count, "relation"), " of ", owners.text(row, 0), " (", owners.text(row, 3),
                      count > 1 ? " …)" : ")"));
    mend.push_back(owners.truth(row, 1)
                       ? cat("-- a superuser's: ALTER TABLE … OWNER TO a role that ", role, " is a member of")
                       : cat("GRANT ", owners.text(row, 0), " TO ", role, ";"));
  }
  return {.name = "owners",
          .verdict = Verdict::advice,
          .message = cat("this role may not alter ", join(who, ", ")),
          .mend = join(mend, "\n") + "\n"};
}

Check check_stats(Session& session) {
  const std::string grant = session.query(cat("SELECT ", k_missing_stats_grant), {}).text(0, 0);
  if (grant.empty()) {
    return {.name = "stats", .message = "age and query of blockers are visible", .mend = {}};
  }
  return {
      .name = "stats",
      .verdict = Verdict::advice,
      .message =
          "this role may not see how old other sessions' transactions are, nor their queries: every blocker "
          "counts as old until its end has been seen",
      .mend = grant};
}

Check check_signal(Session& session, const DoctorOptions& options) {
  const SqlResult may = asked(session.query("SELECT pg_has_role('pg_signal_backend', 'USAGE')", {}));
  if (may.truth(0, 0) || !options.kill_policy) {
    return {.name = "signal",
            .message = may.truth(0, 0)
                           ? "this role may cancel and terminate others' sessions"
                           : "this role may not cancel others' sessions, and nobody asked for that",
            .mend = {}};
  }
  return {.name = "signal",
          .verdict = Verdict::missing,
          .message = "this role may not cancel or terminate others' sessions",
          .mend = cat("GRANT pg_signal_backend TO ", role_of(session), ";")};
}

/// Ages of transactions are the server's own; leases and `until=` dates are compared with this machine's clock.
Check check_clock(Session& session, const DoctorOptions& options) {
  constexpr double tolerated = 5;
  const SqlResult time = asked(session.query("SELECT extract(epoch FROM clock_timestamp())::bigint", {}));
  const double apart = std::abs(static_cast<double>(time.number(0, 0).value_or(0) - options.local_time));
  if (apart <= tolerated) {
    return {.name = "clock", .message = "this machine's clock and the server's agree", .mend = {}};
  }
  return {.name = "clock",
          .verdict = Verdict::advice,
          .message = cat("this machine's clock and the server's are ",
                         std::to_string(static_cast<long long>(apart)), " s apart"),
          .mend = "Let both follow the same time server."};
}

Check check_identity(Session& session) {
  if (!read_binding(session).system_identifier.empty()) {
    return {.name = "identity", .message = "the cluster's system identifier is visible", .mend = {}};
  }
  return {.name = "identity",
          .verdict = Verdict::advice,
          .message =
              "this role may not read the cluster's system identifier, so a copy of the database is told by "
              "its name alone",
          .mend = cat("GRANT EXECUTE ON FUNCTION pg_control_system() TO ", role_of(session), ";")};
}

}  // namespace

std::string_view to_string(Check::Verdict verdict) {
  switch (verdict) {
    case Verdict::good: return "good";
    case Verdict::advice: return "advice";
    case Verdict::missing: return "missing";
  }
  return {};
}

std::vector<Check> examine(const World& world, const DoctorOptions& options) {
  auto connected = world.connect();
  if (const auto* failure = std::get_if<NoSession>(&connected)) {
    throw Error(ExitCode::unreachable,
                cat("cannot use ", printable_line(world.target), ": ", printable_line(failure->message)));
  }
  Session& session = *std::get<std::unique_ptr<Session>>(connected);
  std::vector<Check> checks{check_version(session), check_session(session, world)};
  if (!is_fit(checks)) return checks;
  session.script("SET statement_timeout = '30s'; SET lock_timeout = '5s'");
  checks.push_back(check_writable(session));
  checks.push_back(check_ledger(session));
  checks.push_back(check_schemas(session));
  checks.push_back(check_owners(session));
  checks.push_back(check_stats(session));
  checks.push_back(check_signal(session, options));
  checks.push_back(check_identity(session));
  checks.push_back(check_clock(session, options));
  return checks;
}

bool is_fit(const std::vector<Check>& checks) {
  for (const Check& check : checks) {
    if (check.verdict == Verdict::missing) return false;
  }
  return true;
}

}  // namespace pgsluice
