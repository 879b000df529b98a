// SPDX-License-Identifier: Apache-2.0
// The rows of a step that is done.

#include <array>

#include "base/text.hpp"
#include "execute/documents.hpp"
#include "execute/ledger.hpp"
#include "pg/arrays.hpp"
#include "pg/literal.hpp"
#include "pg/sqlstate.hpp"

namespace pgsluice {
namespace {

/// What is prepared once in a session. Three plain statements: as one, with the lease as a WITH query, they cost the server
/// half as much again.
struct Writing {
  std::string_view name;
  std::string_view types;
  std::string sql;
};

/// With search_path = '', regclass prints the schema, too. An index is what has the properties of one: asking pg_class costs as
/// much as the rest of the step's bookkeeping.
constexpr std::string_view k_observed_locks =
    "(SELECT coalesce(jsonb_agg(jsonb_build_object('relation', l.relation::regclass, 'mode', l.mode)), '[]')"
    " FROM pg_locks l WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND l.granted"
    " AND l.relation >= 16384 AND l.relation::regclass::text NOT LIKE ALL (ARRAY['pgsluice.%', "
    "'pg\\_toast.%'])"
    " AND pg_index_has_property(l.relation, 'clusterable') IS NULL)";

/// For an array of its own each time the planner would plan each time.
constexpr std::string_view k_settings_for_done =
    "SET LOCAL search_path = ''; SET LOCAL plan_cache_mode = force_generic_plan; ";

/// The lease comes last: its row is locked only until the COMMIT that follows. Whoever has lost it must not come to that, so
/// a row that is not there is an error; from a subquery, for the planner does not try the cast.
const std::array<Writing, 3>& writings() {
  static const std::array<Writing, 3> all{{
      {.name = "pgsluice_file_",
       .types = "text, text, text, text, text, boolean, uuid, bigint",
       .sql =
           "INSERT INTO pgsluice.migration AS m"
           " (id, phase, tool, sha256, fingerprint, state, started_at, applied_at, applied_by, duration_ms)"
           " VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 THEN 'applied' ELSE 'partial' END, now(),"
           " CASE WHEN $6 THEN clock_timestamp() END, CASE WHEN $6 THEN $7 END, $8)"
           " ON CONFLICT (id) DO UPDATE SET phase = excluded.phase, tool = excluded.tool,"
           " sha256 = excluded.sha256, fingerprint = excluded.fingerprint, state = excluded.state,"
           " applied_at = excluded.applied_at, applied_by = excluded.applied_by,"
           " duration_ms = m.duration_ms + excluded.duration_ms, error = NULL"},
      {.name = "pgsluice_done_",
       .types =
           "text, text, uuid, boolean, jsonb, integer, bigint, bigint, integer, integer[], text[], text[]",
       .sql = cat(
           "INSERT INTO pgsluice.statement (migration_id, n, step, kind, fingerprint, transactional, run_id,"
           " done_at, predicted_locks, observed_locks, attempts, waited_ms, held_ms, max_victims)"
           " SELECT $1, q.n, $2, q.kind, q.fingerprint, $4, $3, clock_timestamp(), $5, ",
           k_observed_locks,
           ", $6, $7, $8, $9 FROM unnest($10, $11, $12) AS q (n, kind, fingerprint)"
           " ON CONFLICT (migration_id, n) DO UPDATE SET step = excluded.step, kind = excluded.kind,"
           " fingerprint = excluded.fingerprint, transactional = excluded.transactional,"
           " run_id = excluded.run_id, done_at = excluded.done_at,"
           " predicted_locks = excluded.predicted_locks, observed_locks = excluded.observed_locks,"
           " attempts = excluded.attempts, waited_ms = excluded.waited_ms, held_ms = excluded.held_ms,"
           " max_victims = excluded.max_victims")},
      {.name = "pgsluice_lease_",
       .types = "bigint",
       .sql = cat("WITH ", lease_query("$1"), " SELECT (SELECT '", k_lease_lost,
                  "'::text WHERE NOT EXISTS (SELECT FROM lease))::boolean")},
  }};
  return all;
}

std::string text(std::string_view value) {
  return pg::literal(std::string(value), "text");
}

std::string array(const std::vector<std::string>& values, std::string_view type) {
  return pg::literal(pg::text_array(values), type);
}

std::string file_literals(const LedgerTarget& target, const StepReport& report) {
  const Migration& migration = target.file.analysis.migration;
  return join(std::vector{text(migration.id), text(to_string(migration.phase)), text(migration.tool),
                          text(migration.sha256), text(target.file.fingerprint),
                          pg::literal(target.step.last ? "t" : "f", "boolean"),
                          pg::literal(target.run_id, "uuid"), std::to_string(report.held.count())},
              ", ");
}

std::string done_literals(const LedgerTarget& target, const StepReport& report) {
  std::vector<std::string> numbers;
  std::vector<std::string> kinds;
  std::vector<std::string> fingerprints;
  for (const PlannedStatement& statement : target.step.statements) {
    numbers.push_back(std::to_string(statement.index));
    kinds.push_back(statement.tag);
    fingerprints.push_back(statement.fingerprint);
  }
  return join(std::vector{text(target.file.analysis.migration.id), text(target.step.id),
                          pg::literal(target.run_id, "uuid"),
                          pg::literal(target.step.in_transaction ? "t" : "f", "boolean"),
                          pg::literal(dump(predicted_locks_json(target.step)), "jsonb"),
                          std::to_string(report.attempts), std::to_string(report.waited.count()),
                          std::to_string(report.held.count()), std::to_string(report.max_victims),
                          array(numbers, "integer[]"), array(kinds, "text[]"), array(fingerprints, "text[]")},
              ", ");
}

/// What another tool's ledger is told with the last step of a file.
std::string companion_of(const LedgerTarget& target) {
  return target.step.last && !target.file.companion.empty() ? target.file.companion + "; " : "";
}

/// From inside the transaction to its end.
std::string done_script(PreparedStatement& prepared, const LedgerTarget& target, const StepReport& report) {
  std::string script = cat(companion_of(target), k_settings_for_done);
  if (!prepared.ready) ++prepared.number;
  const std::string number = std::to_string(prepared.number);
  if (!prepared.ready) {
    for (const Writing& writing : writings()) {
      script += cat("PREPARE ", writing.name, number, " (", writing.types, ") AS ", writing.sql, "; ");
    }
  }
  const std::array<std::string, 3> values{file_literals(target, report), done_literals(target, report),
                                          std::to_string(target.token)};
  for (std::size_t i = 0; i < values.size(); ++i) {
    script += cat("EXECUTE ", writings().at(i).name, number, " (", values.at(i), "); ");
  }
  return script + "COMMIT";
}

/// `before`: up to and into the transaction.
SqlResult write_done(Worker& worker, const LedgerTarget& target, const StepReport& report,
                     std::string_view before) {
  PreparedStatement& prepared = worker.done;
  SqlResult result =
      committed(fenced(worker.session->script(cat(before, done_script(prepared, target, report)))));
  prepared.ready = result.ok;
  // The last command that the server has done is the look at the lease, or not everything has been written.
  if (!result.ok && !result.connection_lost && !result.command.starts_with("SELECT")) {
    result.error.message = cat("cannot write the ledger: ", result.error.message);
  }
  return result;
}

}  // namespace

SqlResult commit_done(Worker& worker, const LedgerTarget& target, const StepReport& report) {
  return write_done(worker, target, report, k_settings_for_ledger);
}

SqlResult record_done(Worker& worker, const LedgerTarget& target, const StepReport& report,
                      const std::string& reset) {
  for (;;) {
    const bool was_ready = worker.done.ready;
    SqlResult result = write_done(worker, target, report, cat(reset, "; BEGIN; "));
    if (result.ok || result.connection_lost) return result;
    worker.session->script("ROLLBACK");
    if (!was_deallocated(result, was_ready)) return result;
  }
}

bool was_deallocated(const SqlResult& result, bool was_ready) {
  return was_ready && !result.connection_lost &&
         result.error.sqlstate == pg::sqlstate::invalid_sql_statement_name;
}

}  // namespace pgsluice
