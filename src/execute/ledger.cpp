// SPDX-License-Identifier: Apache-2.0
#include "execute/ledger.hpp"

#include "base/text.hpp"
#include "base/version.hpp"
#include "execute/documents.hpp"
#include "execute/ledger_changes.hpp"
#include "execute/ledger_schema.hpp"
#include "pg/arrays.hpp"
#include "pg/literal.hpp"
#include "pg/questions.hpp"
#include "pg/sqlstate.hpp"

namespace pgsluice {
namespace {

SqlResult checked(SqlResult result, std::string_view doing) {
  if (!result.ok) {
    const bool denied = result.error.sqlstate == pg::sqlstate::insufficient_privilege;
    throw Error(result.connection_lost ? ExitCode::unreachable : ExitCode::precondition,
                cat("cannot ", doing, ": ", result.error.message), denied ? k_other_role_hint : "");
  }
  return result;
}

SqlValue number(long long value) {
  return std::to_string(value);
}

std::string first_index(const Step& step) {
  return std::to_string(step.statements.empty() ? -1 : static_cast<long long>(step.statements.front().index));
}

// ---- reading ----------------------------------------------------------------------------------------------------

constexpr std::string_view k_read_meta =
    "SELECT ledger_version, coalesce(system_identifier::text, ''), database_name FROM pgsluice.meta";

constexpr std::string_view k_read_migrations =
    "SELECT id, phase, sha256, fingerprint, state,"
    " coalesce(to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), ''),"
    " coalesce(applied_by::text, ''), duration_ms, coalesce(error, '') FROM pgsluice.migration";

// Of applied files the file's own row says everything, unless files of their tool grow: then what is behind what is done
// is new.
constexpr std::string_view k_read_statements =
    "SELECT s.migration_id, s.n, s.fingerprint, s.transactional, s.done_at IS NOT NULL, s.oids_before::text"
    " FROM pgsluice.statement s JOIN pgsluice.migration m ON m.id = s.migration_id WHERE m.state <> "
    "'applied' OR m.tool = 'liquibase'";

constexpr std::string_view k_read_backfills =
    "SELECT b.migration_id, b.n, b.fingerprint, b.state, coalesce(b.paused_reason, ''), b.walked, b.done, "
    "b.estimate"
    " FROM pgsluice.backfill b JOIN pgsluice.migration m ON m.id = b.migration_id WHERE m.state <> 'applied'";

// Which release of which application has brought what. A contract step that waits has come when it was first seen.
std::string read_releases_sql(int version) {
  return cat("SELECT m.id, coalesce(m.release, r.release), ",
             version < k_app_ledger_version ? "''" : "coalesce(m.app, r.app, '')",
             ", (extract(epoch FROM coalesce(m.applied_at, m.started_at)) * 1000000)::bigint, ",
             version < k_passed_ledger_version
                 ? "'{}', '', false"
                 : "m.passed::text, coalesce(m.left_out_by, ''), m.left_out_by IS NOT NULL",
             " FROM pgsluice.migration m LEFT JOIN pgsluice.run r ON r.id = m.applied_by"
             " WHERE coalesce(m.release, r.release) IS NOT NULL");
}

constexpr std::string_view k_read_last_release =
    "SELECT release FROM pgsluice.run WHERE release IS NOT NULL ORDER BY started_at DESC LIMIT 1";

// The two halves of a bigint key are classid and objid; objsubid 1 says that it is one.
constexpr std::string_view k_read_active =
    "SELECT l.pid, coalesce(a.application_name, ''), coalesce(a.usename, ''),"
    " coalesce(to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), '')"
    " FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND l.classid::bigint = ($1::bigint >> 32) AND l.objid::bigint = ($1::bigint & 4294967295)"
    " AND l.pid <> pg_backend_pid()";

constexpr std::string_view k_read_lease =
    "SELECT coalesce(run_id::text, ''), coalesce(owner, ''), coalesce(backend_pid, 0),"
    " coalesce((extract(epoch FROM clock_timestamp() - heartbeat_at) * 1000)::bigint, 0),"
    " coalesce(expires_at < clock_timestamp(), true) FROM pgsluice.lease WHERE scope = 'run'";

LedgerMigration migration_of(const SqlResult& result, std::size_t row) {
  return {.id = result.text(row, 0),
          .phase = result.text(row, 1),
          .sha256 = result.text(row, 2),
          .fingerprint = result.text(row, 3),
          .state = parse_migration_state(result.text(row, 4)).value_or(MigrationState::partial),
          .applied_at = result.text(row, 5),
          .applied_by = result.text(row, 6),
          .duration_ms = result.number(row, 7).value_or(0),
          .error = result.text(row, 8),
          .statements = {},
          .backfills = {}};
}

void read_active(Session& session, Ledger& ledger) {
  const SqlResult active =
      checked(session.query(k_read_active, {number(k_run_lock_key)}), "look for an active run");
  if (!active.rows.empty()) {
    ledger.active = ActiveRun{.pid = static_cast<int>(active.number(0, 0).value_or(0)),
                              .application_name = active.text(0, 1),
                              .user = active.text(0, 2),
                              .since = active.text(0, 3)};
  }
}

void read_meta(Session& session, Ledger& ledger) {
  const SqlResult meta = checked(session.query(k_read_meta, {}), "read the ledger");
  ledger.version = static_cast<int>(meta.number(0, 0).value_or(0));
  ledger.bound_to = {.system_identifier = meta.text(0, 1), .database = meta.text(0, 2)};
  if (ledger.version > k_ledger_version) {
    throw Error(ExitCode::precondition,
                cat("the ledger has version ", std::to_string(ledger.version),
                    ", and this program knows only ", std::to_string(k_ledger_version)),
                "Use the newer pgsluice that wrote it.");
  }
}

void take_lease_row(const SqlResult& lease, Ledger& ledger) {
  ledger.lease = {.run_id = lease.text(0, 0),
                  .owner = lease.text(0, 1),
                  .backend_pid = static_cast<int>(lease.number(0, 2).value_or(0)),
                  .heartbeat_age_ms = lease.number(0, 3).value_or(0),
                  .expired = lease.truth(0, 4)};
}

void take_migrations(const SqlResult& rows, Ledger& ledger) {
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    LedgerMigration migration = migration_of(rows, row);
    ledger.migrations.emplace(migration.id, std::move(migration));
  }
}

void take_statements(const SqlResult& rows, Ledger& ledger) {
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    ledger.migrations[rows.text(row, 0)].statements[static_cast<int>(rows.number(row, 1).value_or(0))] = {
        .fingerprint = rows.text(row, 2),
        .transactional = rows.truth(row, 3),
        .done = rows.truth(row, 4),
        .oids_before = pg::parse_numbers(rows.text(row, 5))};
  }
}

void take_backfills(const SqlResult& rows, Ledger& ledger) {
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    ledger.migrations[rows.text(row, 0)].backfills[static_cast<int>(rows.number(row, 1).value_or(0))] = {
        .fingerprint = rows.text(row, 2),
        .state = rows.text(row, 3),
        .reason = rows.text(row, 4),
        .walked = rows.number(row, 5).value_or(0),
        .done = rows.number(row, 6).value_or(0),
        .estimate = rows.number(row, 7)};
  }
}

void take_releases(const SqlResult& rows, Ledger& ledger) {
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    const auto found = ledger.migrations.find(rows.text(row, 0));
    if (found == ledger.migrations.end()) continue;
    found->second.release = rows.text(row, 1);
    found->second.app = rows.text(row, 2);
    found->second.brought_at = rows.number(row, 3).value_or(0);
    found->second.passed = pg::parse_texts(rows.text(row, 4));
    if (rows.truth(row, 6)) found->second.left_out_by = rows.text(row, 5);
  }
}

/// What stands in a ledger whose head is known.
Ledger read_rest(Session& session, Ledger ledger) {
  if (!ledger.exists) return ledger;
  pg::Questions questions;
  const auto ask = [&](std::string_view sql, void (*take)(const SqlResult&, Ledger&)) {
    questions.ask(sql, [take, &ledger](const SqlResult& rows) { take(rows, ledger); });
  };
  ask(k_read_migrations, take_migrations);
  ask(k_read_statements, take_statements);
  if (ledger.version >= 2) ask(k_read_lease, take_lease_row);
  if (ledger.version >= 3) ask(k_read_backfills, take_backfills);
  if (ledger.version >= k_gate_ledger_version) {
    ask(read_releases_sql(ledger.version), take_releases);
    ask(k_read_last_release,
        [](const SqlResult& last, Ledger& into) { into.last_release = last.text(0, 0); });
    ask(brought_sql(ledger.version),
        [](const SqlResult& rows, Ledger& into) { into.brought = brought_of(rows); });
  }
  checked(questions.put(session), "read the ledger");
  return ledger;
}

// ---- writing ----------------------------------------------------------------------------------------------------

// Parameters 1 to 7 of every statement that touches the row of a file.
std::vector<SqlValue> file_parameters(const LedgerTarget& target) {
  const Migration& migration = target.file.analysis.migration;
  return {migration.id,
          std::string(to_string(migration.phase)),
          migration.tool,
          migration.sha256,
          target.file.fingerprint,
          target.run_id,
          target.step.id};
}

constexpr std::string_view k_if_ours = " WHERE EXISTS (SELECT FROM lease)";
constexpr std::string_view k_was_ours = " SELECT EXISTS (SELECT FROM lease)";

const std::string& record_intent_sql() {
  static const std::string sql = cat(
      "WITH ", lease_query("$13"),
      ", file AS (INSERT INTO pgsluice.migration AS m (id, phase, tool, sha256, fingerprint, state)"
      " SELECT $1, $2, $3, $4, $5, 'running'",
      k_if_ours,
      " ON CONFLICT (id) DO UPDATE SET phase = excluded.phase, tool = excluded.tool, sha256 = "
      "excluded.sha256,"
      " fingerprint = excluded.fingerprint, state = 'running', error = NULL),"
      " statements AS (INSERT INTO pgsluice.statement AS s (migration_id, n, step, kind, fingerprint,"
      " transactional, run_id, intent_at, oids_before, predicted_locks)"
      " SELECT $1, $8::integer, $7, $9, $10, false, $6::uuid, clock_timestamp(), $11::bigint[], $12::jsonb",
      k_if_ours,
      " ON CONFLICT (migration_id, n) DO UPDATE SET step = excluded.step, kind = excluded.kind,"
      " fingerprint = excluded.fingerprint, transactional = false, run_id = excluded.run_id,"
      " intent_at = excluded.intent_at, done_at = NULL, oids_before = excluded.oids_before,"
      " predicted_locks = excluded.predicted_locks)",
      k_was_ours);
  return sql;
}

constexpr std::string_view k_state_after_failure =
    "CASE WHEN EXISTS (SELECT FROM pgsluice.statement s WHERE s.migration_id = $1"
    " AND (s.done_at IS NOT NULL OR s.intent_at IS NOT NULL)) THEN 'partial' ELSE 'failed' END";

std::string changes_since(int version) {
  std::string sql;
  for (const LedgerChange& change : k_ledger_changes) {
    sql += change.version > version ? change.sql : std::string_view();
  }
  return sql;
}

}  // namespace

SqlResult fenced(SqlResult result) {
  const bool refused = result.error.sqlstate == pg::sqlstate::invalid_text_representation &&
                       result.error.message.find(k_lease_lost) != std::string::npos;
  if (refused || (result.ok && result.text(0, 0) == "f")) {
    result.ok = false;
    result.error.sqlstate = k_fenced;
    result.error.message = "another run has taken over the lease";
  }
  return result;
}

SqlResult committed(SqlResult result) {
  if (result.ok && result.command != "COMMIT") {
    result.ok = false;
    result.error.message = cat("the server answered COMMIT with ", result.command);
  }
  return result;
}

std::string lease_query(std::string_view token) {
  return cat("lease AS (SELECT 1 FROM pgsluice.lease WHERE scope = 'run' AND token = ", token,
             "::bigint FOR KEY SHARE)");
}

std::string_view to_string(MigrationState state) {
  switch (state) {
    case MigrationState::running: return "running";
    case MigrationState::partial: return "partial";
    case MigrationState::failed: return "failed";
    case MigrationState::held: return "held";
    case MigrationState::applied: return "applied";
    case MigrationState::baselined: return "baselined";
  }
  return "partial";
}

std::optional<MigrationState> parse_migration_state(std::string_view text) {
  for (const MigrationState state :
       {MigrationState::running, MigrationState::partial, MigrationState::failed, MigrationState::held,
        MigrationState::applied, MigrationState::baselined}) {
    if (text == to_string(state)) {
      return state;
    }
  }
  return std::nullopt;
}

std::string brought_sql(int version) {
  return cat("SELECT ", version < k_app_ledger_version ? "''" : "app",
             ", release, (extract(epoch FROM brought_at) * 1000000)::bigint FROM pgsluice.bundle"
             " WHERE brought_at < 'infinity' ORDER BY ",
             version < k_app_ledger_version ? "3, 2" : "n");
}

std::vector<BroughtRelease> brought_of(const SqlResult& rows) {
  std::vector<BroughtRelease> brought;
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    brought.push_back(
        {.app = rows.text(row, 0), .release = rows.text(row, 1), .at = rows.number(row, 2).value_or(0)});
  }
  return brought;
}

Binding read_binding(Session& session) {
  return binding_of(
      checked(session.query(cat("SELECT ", k_binding_columns), {}), "read the database's name"));
}

Binding binding_of(const SqlResult& row) {
  return {.system_identifier = row.text(0, 1), .database = row.text(0, 0)};
}

void expect_target(const Ledger& ledger, const Binding& here) {
  const bool other_system = !ledger.bound_to.system_identifier.empty() && !here.system_identifier.empty() &&
                            ledger.bound_to.system_identifier != here.system_identifier;
  if (!ledger.exists || (!other_system && ledger.bound_to.database == here.database)) {
    return;
  }
  throw Error(ExitCode::wrong_target,
              cat("the ledger belongs to database ", printable_line(ledger.bound_to.database), " of cluster ",
                  ledger.bound_to.system_identifier, ", and this is ", printable_line(here.database),
                  " of cluster ", here.system_identifier),
              "If this database was copied, renamed, restored or upgraded on purpose, bind the ledger to it: "
              "UPDATE pgsluice.meta SET database_name = current_database(), "
              "system_identifier = (SELECT system_identifier FROM pg_control_system());");
}

Ledger read_ledger_head(Session& session) {
  return read_ledger_head(
      session,
      checked(session.query(cat("SELECT ", k_ledger_exists), {}), "look for the ledger").truth(0, 0));
}

Ledger read_ledger_head(Session& session, bool exists) {
  Ledger ledger;
  ledger.exists = exists;
  if (exists) read_meta(session, ledger);
  return ledger;
}

Ledger read_ledger(const Worker& worker) {
  return read_rest(*worker.session, worker.ledger);
}

Ledger read_ledger(Session& session) {
  Ledger ledger = read_rest(session, read_ledger_head(session));
  read_active(session, ledger);
  return ledger;
}

void create_ledger(Session& session, const Binding& binding) {
  const SqlResult schema =
      checked(session.query("SELECT to_regnamespace('pgsluice') IS NOT NULL", {}), "look for the ledger");
  // One transaction, one message: the server says what of it has failed.
  const SqlValue system =
      binding.system_identifier.empty() ? SqlValue() : SqlValue(binding.system_identifier);
  const SqlResult made = session.script(
      cat("BEGIN; ", schema.truth(0, 0) ? "" : k_create_schema, k_create_tables, changes_since(1),
          "INSERT INTO pgsluice.meta (ledger_version, system_identifier, database_name) VALUES (",
          std::to_string(k_ledger_version), ", ", pg::literal(system, "bigint"), ", ",
          pg::literal(binding.database, "text"), "); COMMIT"));
  if (made.ok) {
    return;
  }
  session.script("ROLLBACK");
  throw Error(made.connection_lost ? ExitCode::unreachable : ExitCode::precondition,
              cat("cannot create the ledger in schema pgsluice: ", made.error.message),
              made.connection_lost ? ""
                                   : "Grant this role CREATE on the database, or have an administrator run: "
                                     "CREATE SCHEMA pgsluice AUTHORIZATION <role of the migrations>;");
}

void bring_forward(Session& session, int version) {
  SqlResult done = session.script(
      cat("BEGIN; ", changes_since(version),
          "UPDATE pgsluice.meta SET ledger_version = ", std::to_string(k_ledger_version), "; COMMIT"));
  if (!done.ok) {
    session.script("ROLLBACK");
    throw Error(done.connection_lost ? ExitCode::unreachable : ExitCode::precondition,
                cat("cannot bring the ledger from version ", std::to_string(version), " to ",
                    std::to_string(k_ledger_version), ": ", done.error.message),
                done.connection_lost ? "" : "Run once as the role that owns schema pgsluice and its tables.");
  }
}

SqlResult record_intent(Session& session, const LedgerTarget& target,
                        const std::vector<long long>& oids_before) {
  const PlannedStatement& statement = target.step.statements.front();
  std::vector<std::string> oids;
  oids.reserve(oids_before.size());
  for (const long long oid : oids_before) {
    oids.push_back(std::to_string(oid));
  }
  std::vector<SqlValue> parameters = file_parameters(target);
  for (SqlValue value : {SqlValue(first_index(target.step)), SqlValue(statement.tag),
                         SqlValue(statement.fingerprint), SqlValue(pg::text_array(oids)),
                         SqlValue(dump(predicted_locks_json(target.step))), number(target.token)}) {
    parameters.push_back(std::move(value));
  }
  return fenced(session.query(record_intent_sql(), std::move(parameters)));
}

SqlResult forget_intent(Session& session, const LedgerTarget& target) {
  return fenced(
      session.query(cat("WITH ", lease_query("$3"),
                        ", gone AS (DELETE FROM pgsluice.statement WHERE migration_id = $1 AND n = "
                        "$2::integer AND done_at IS NULL"
                        " AND EXISTS (SELECT FROM lease))",
                        k_was_ours),
                    {target.file.analysis.migration.id, first_index(target.step), number(target.token)}));
}

SqlResult read_intent(Session& session, const LedgerTarget& target, Intent& intent) {
  SqlResult result = session.query(
      "SELECT done_at IS NOT NULL, oids_before::text FROM pgsluice.statement"
      " WHERE migration_id = $1 AND n = $2::integer AND fingerprint = $3",
      {target.file.analysis.migration.id, first_index(target.step),
       target.step.statements.front().fingerprint});
  intent = {.found = result.ok && !result.rows.empty(),
            .done = result.truth(0, 0),
            .oids_before = pg::parse_numbers(result.text(0, 1))};
  return result;
}

SqlResult read_done(Session& session, const LedgerTarget& target, bool& done) {
  const std::string& id = target.file.analysis.migration.id;
  SqlResult result =
      target.step.statements.empty()
          ? session.query("SELECT state = 'applied' FROM pgsluice.migration WHERE id = $1", {id})
          : session.query(
                "SELECT done_at IS NOT NULL FROM pgsluice.statement WHERE migration_id = $1"
                " AND n = $2::integer AND fingerprint = $3",
                {id, first_index(target.step), target.step.statements.front().fingerprint});
  done = result.ok && result.truth(0, 0);
  return result;
}

SqlResult record_attempt(Session& session, const LedgerTarget& target, std::string_view outcome,
                         std::string_view sqlstate, milliseconds waited,
                         const std::vector<Blocker>& blockers) {
  return fenced(session.query(
      cat("WITH ", lease_query("$8"),
          ", attempt AS (INSERT INTO pgsluice.attempt (migration_id, n, run_id, outcome, sqlstate, "
          "waited_ms, blockers)"
          " SELECT $1, $2::integer, $3::uuid, $4, nullif($5, ''), $6::bigint, $7::jsonb",
          k_if_ours, ")", k_was_ours),
      {target.file.analysis.migration.id, first_index(target.step), target.run_id, std::string(outcome),
       std::string(sqlstate), number(waited.count()), dump(to_json(blockers)), number(target.token)}));
}

SqlResult record_failure(Session& session, const LedgerTarget& target, const SqlError& error) {
  std::vector<SqlValue> parameters = file_parameters(target);
  parameters.resize(5);
  parameters.emplace_back(cat(error.sqlstate, " ", error.message));
  parameters.push_back(number(target.token));
  return fenced(session.query(
      cat("WITH ", lease_query("$7"),
          ", file AS (INSERT INTO pgsluice.migration (id, phase, tool, sha256, fingerprint, state, error)"
          " SELECT $1, $2, $3, $4, $5, ",
          k_state_after_failure, ", $6", k_if_ours,
          " ON CONFLICT (id) DO UPDATE SET state = excluded.state, error = excluded.error)", k_was_ours),
      std::move(parameters)));
}

}  // namespace pgsluice
