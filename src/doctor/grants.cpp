// SPDX-License-Identifier: Apache-2.0
// The least that a role needs, as statements to run.

#include "base/text.hpp"
#include "doctor/asked.hpp"
#include "pgsluice/doctor.hpp"

namespace pgsluice {
namespace {

/// Appends one line for each row: `before`, the row's value, `after`.
void add_lines(const SqlResult& result, std::string_view before, std::string_view after, std::string& sql) {
  for (std::size_t row = 0; row < result.rows.size(); ++row)
    sql += cat(before, result.text(row, 0), after, "\n");
}

/// Whoever owns the ledger may change its tables when a newer pgsluice needs that.
void add_ledger(Session& session, const std::string& role, std::string& sql) {
  const SqlResult exists = asked(session.query("SELECT to_regnamespace('pgsluice') IS NOT NULL", {}));
  sql += "-- its own memory: schema pgsluice\n";
  if (!exists.truth(0, 0)) {
    sql += cat("CREATE SCHEMA pgsluice AUTHORIZATION ", role, ";\n");
    return;
  }
  sql += cat("ALTER SCHEMA pgsluice OWNER TO ", role, ";\n");
  add_lines(asked(session.query("SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace ="
                                " 'pgsluice'::regnamespace AND c.relkind IN ('r', 'p', 'v') ORDER BY 1",
                                {})),
            "ALTER TABLE ", cat(" OWNER TO ", role, ";"), sql);
}

constexpr std::string_view k_schemas =
    "SELECT quote_ident(n.nspname) FROM pg_namespace n WHERE n.nspname !~ '^pg_'"
    " AND n.nspname NOT IN ('information_schema', 'pgsluice') AND (n.nspname = ANY (current_schemas(false))"
    " OR EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p')))"
    " ORDER BY n.nspname";

std::string owners_sql(bool superusers) {
  return cat(
      "SELECT ", superusers ? "c.oid::regclass::text" : "DISTINCT quote_ident(r.rolname)",
      " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = c.relowner"
      " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_'"
      " AND n.nspname NOT IN ('information_schema', 'pgsluice') AND r.rolname <> $1 AND ",
      superusers ? "" : "NOT ",
      "r.rolsuper AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass"
      " AND d.objid = c.oid AND d.deptype = 'e') ORDER BY 1");
}

}  // namespace

std::string least_privileges(Session& session, const std::string& name, const DoctorOptions& options) {
  const std::string role = quote_ident(name);
  const SqlResult here = asked(session.query(
      "SELECT quote_ident(current_database()), EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", {name}));
  std::string sql = cat("-- the least that ", printable_line(role), " needs to run migrations here\n");
  if (!here.truth(0, 1)) sql += cat("CREATE ROLE ", role, " LOGIN;\n");
  sql += cat("GRANT CONNECT ON DATABASE ", here.text(0, 0), " TO ", role, ";\n");
  add_ledger(session, role, sql);
  sql += "-- what migrations create\n";
  add_lines(asked(session.query(k_schemas, {})), "GRANT USAGE, CREATE ON SCHEMA ", cat(" TO ", role, ";"),
            sql);
  const SqlResult owners = asked(session.query(owners_sql(false), {name}));
  if (!owners.rows.empty()) sql += "-- what migrations alter: only its owner may\n";
  add_lines(owners, "GRANT ", cat(" TO ", role, ";"), sql);
  const SqlResult of_superusers = asked(session.query(owners_sql(true), {name}));
  if (!of_superusers.rows.empty()) {
    sql +=
        "-- these belong to a superuser, which nobody should become: give them away where migrations alter "
        "them\n";
  }
  for (std::size_t row = 0; row < of_superusers.rows.size(); ++row) {
    // On one line, whatever the name is: what stands behind a line feed would be no comment any more.
    sql +=
        cat("-- ", printable_line(cat("ALTER TABLE ", of_superusers.text(row, 0), " OWNER TO ", role, ";")),
            "\n");
  }
  sql +=
      cat("-- how old a blocker's transaction is and what it runs, and what queries use "
          "(pg_stat_statements)\nGRANT pg_read_all_stats TO ",
          role, ";\n");
  if (options.kill_policy) {
    sql += cat("-- ending blockers, where a policy says so\nGRANT pg_signal_backend TO ", role, ";\n");
  }
  return sql;
}

}  // namespace pgsluice
