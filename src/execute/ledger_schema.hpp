// SPDX-License-Identifier: Apache-2.0
#pragma once

// The tables of the ledger, version 1; ledger_changes.hpp has what came later. They are part of the product's interface:
// columns are only ever added.

#include <string_view>

namespace pgsluice {

inline constexpr std::string_view k_create_schema = R"sql(
CREATE SCHEMA pgsluice;
COMMENT ON SCHEMA pgsluice IS 'Ledger of pgsluice: which migrations have been applied to this database. Read it with plain SQL; change it only as pgsluice tells you to.';
)sql";

inline constexpr std::string_view k_create_tables = R"sql(
CREATE TABLE pgsluice.meta (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  ledger_version integer NOT NULL,
  system_identifier bigint,
  database_name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE pgsluice.meta IS 'One row: the version of these tables, and the database that they belong to. A run against another database is refused.';
COMMENT ON COLUMN pgsluice.meta.ledger_version IS 'Version of these tables. Columns are only ever added within a version.';
COMMENT ON COLUMN pgsluice.meta.system_identifier IS 'pg_control_system().system_identifier of the cluster; NULL when the role may not read it.';
COMMENT ON COLUMN pgsluice.meta.database_name IS 'Name of the database.';

CREATE TABLE pgsluice.run (
  id uuid PRIMARY KEY,
  command text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz,
  outcome text,
  exit_code integer,
  tool_version text NOT NULL,
  actor text NOT NULL DEFAULT session_user,
  client text,
  backend_pid integer NOT NULL,
  server_version_num integer NOT NULL,
  search_path text NOT NULL
);
COMMENT ON TABLE pgsluice.run IS 'One row per run that had something to do. Its sessions have the application_name pgsluice/<id>.';
COMMENT ON COLUMN pgsluice.run.finished_at IS 'NULL while it runs, and for ever when it was killed.';
COMMENT ON COLUMN pgsluice.run.exit_code IS 'Exit code of the program.';
COMMENT ON COLUMN pgsluice.run.actor IS 'session_user of the run.';
COMMENT ON COLUMN pgsluice.run.search_path IS 'search_path of the session: the database''s own, which pgsluice does not change.';

CREATE TABLE pgsluice.migration (
  id text PRIMARY KEY,
  phase text NOT NULL CHECK (phase IN ('expand', 'backfill', 'contract')),
  tool text NOT NULL,
  sha256 text NOT NULL,
  fingerprint text NOT NULL,
  state text NOT NULL CHECK (state IN ('running', 'partial', 'failed', 'applied')),
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  applied_at timestamptz,
  applied_by uuid REFERENCES pgsluice.run,
  duration_ms bigint NOT NULL DEFAULT 0,
  error text
);
COMMENT ON TABLE pgsluice.migration IS 'One row per migration file that was begun. Of a file that runs in one transaction the row commits with its statements.';
COMMENT ON COLUMN pgsluice.migration.id IS 'Path of the file, relative to the folder.';
COMMENT ON COLUMN pgsluice.migration.sha256 IS 'SHA-256 of the file''s bytes when it was applied.';
COMMENT ON COLUMN pgsluice.migration.fingerprint IS 'SHA-256 of its SQL without comments and layout: edits of those are not tampering.';
COMMENT ON COLUMN pgsluice.migration.state IS 'running: begun; partial: some statements are done; failed: nothing of it is done; applied.';
COMMENT ON COLUMN pgsluice.migration.duration_ms IS 'Time spent in its steps, waiting not included.';
COMMENT ON COLUMN pgsluice.migration.error IS 'SQLSTATE and message of the last failure.';

CREATE TABLE pgsluice.statement (
  migration_id text NOT NULL REFERENCES pgsluice.migration ON UPDATE CASCADE ON DELETE CASCADE,
  n integer NOT NULL,
  step text NOT NULL,
  kind text NOT NULL,
  fingerprint text NOT NULL,
  transactional boolean NOT NULL,
  run_id uuid REFERENCES pgsluice.run,
  intent_at timestamptz,
  done_at timestamptz,
  oids_before bigint[],
  predicted_locks jsonb,
  observed_locks jsonb,
  attempts integer,
  waited_ms bigint,
  held_ms bigint,
  max_victims integer,
  PRIMARY KEY (migration_id, n)
);
COMMENT ON TABLE pgsluice.statement IS 'One row per statement that is done, or that cannot run in a transaction and was begun.';
COMMENT ON COLUMN pgsluice.statement.n IS 'Index of the statement in its file, from 0.';
COMMENT ON COLUMN pgsluice.statement.step IS 'What it commits with: rows of one step have the same times.';
COMMENT ON COLUMN pgsluice.statement.kind IS 'PostgreSQL''s node tag, such as AlterTableStmt.';
COMMENT ON COLUMN pgsluice.statement.intent_at IS 'A statement outside transactions: when it was begun. With done_at NULL nobody saw its end, and the next run decides by the catalog.';
COMMENT ON COLUMN pgsluice.statement.oids_before IS 'Indexes that were there before such a statement.';
COMMENT ON COLUMN pgsluice.statement.predicted_locks IS 'Locks that the analysis predicted for the step.';
COMMENT ON COLUMN pgsluice.statement.observed_locks IS 'Locks that the step held just before its commit.';
COMMENT ON COLUMN pgsluice.statement.waited_ms IS 'From the start of the step to its successful attempt.';
COMMENT ON COLUMN pgsluice.statement.held_ms IS 'Duration of the successful attempt.';
COMMENT ON COLUMN pgsluice.statement.max_victims IS 'Most sessions seen waiting for it at once.';

CREATE TABLE pgsluice.attempt (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  migration_id text NOT NULL,
  n integer NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  run_id uuid REFERENCES pgsluice.run,
  outcome text NOT NULL,
  sqlstate text,
  waited_ms bigint NOT NULL,
  blockers jsonb NOT NULL
);
COMMENT ON TABLE pgsluice.attempt IS 'One row per attempt that did not get its locks, and per step that gave up.';
COMMENT ON COLUMN pgsluice.attempt.n IS 'First statement of the step.';
COMMENT ON COLUMN pgsluice.attempt.blockers IS 'Who held conflicting locks: pid, application_name, user, state, age, query without literals.';
)sql";

}  // namespace pgsluice
