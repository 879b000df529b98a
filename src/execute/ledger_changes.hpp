// SPDX-License-Identifier: Apache-2.0
#pragma once

// What has been added to the ledger's tables since version 1. A new ledger is made from version 1 and all of these, an
// older one is brought forward by those that it lacks: so that both are the same.

#include <array>
#include <string_view>

namespace pgsluice {

struct LedgerChange {
  int version = 0;  ///< that the ledger has afterwards
  std::string_view sql;
};

inline constexpr std::string_view k_add_lease = R"sql(
CREATE TABLE pgsluice.lease (
  scope text PRIMARY KEY,
  run_id uuid,
  token bigint NOT NULL,
  owner text,
  backend_pid integer,
  acquired_at timestamptz,
  heartbeat_at timestamptz,
  expires_at timestamptz
);
INSERT INTO pgsluice.lease (scope, token) VALUES ('run', 0);
COMMENT ON TABLE pgsluice.lease IS 'Who may write the ledger now. Beside the advisory lock, which the server frees by itself, it says whether the holder is alive.';
COMMENT ON COLUMN pgsluice.lease.run_id IS 'NULL: nobody.';
COMMENT ON COLUMN pgsluice.lease.token IS 'Grows with each holder. A write of the ledger that shows an older token does nothing.';
COMMENT ON COLUMN pgsluice.lease.owner IS 'Host and process.';
COMMENT ON COLUMN pgsluice.lease.heartbeat_at IS 'Written every few seconds, from a session of its own.';
COMMENT ON COLUMN pgsluice.lease.expires_at IS 'From then on the holder counts as dead, and the next run ends what is left of its sessions.';
)sql";

inline constexpr std::string_view k_add_backfill = R"sql(
CREATE TABLE pgsluice.backfill (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  migration_id text NOT NULL REFERENCES pgsluice.migration ON UPDATE CASCADE ON DELETE CASCADE,
  n integer NOT NULL,
  fingerprint text NOT NULL,
  relation text NOT NULL,
  key_columns text[] NOT NULL,
  cursor jsonb,
  range_end jsonb,
  walked bigint NOT NULL DEFAULT 0,
  done bigint NOT NULL DEFAULT 0,
  estimate bigint,
  batches bigint NOT NULL DEFAULT 0,
  batch_size integer NOT NULL CHECK (batch_size > 0),
  max_batch_size integer NOT NULL CHECK (max_batch_size > 0),
  target_ms integer NOT NULL DEFAULT 250 CHECK (target_ms > 0),
  sleep_ms integer NOT NULL DEFAULT 0 CHECK (sleep_ms >= 0),
  max_lag_ms integer NOT NULL CHECK (max_lag_ms > 0),
  last_batch_ms integer,
  state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'throttled', 'paused', 'done')),
  paused_reason text,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (migration_id, n)
);
COMMENT ON TABLE pgsluice.backfill IS 'One row per statement that runs in batches. A batch and its new cursor are one transaction. state, batch_size, max_batch_size, target_ms, sleep_ms and max_lag_ms may be changed while it runs: UPDATE pgsluice.backfill SET state = ''paused'' WHERE migration_id = …, and ''running'' to go on.';
COMMENT ON COLUMN pgsluice.backfill.n IS 'Index of the statement in its file, from 0.';
COMMENT ON COLUMN pgsluice.backfill.relation IS 'Whose rows are walked through, in the order of key_columns.';
COMMENT ON COLUMN pgsluice.backfill.cursor IS 'Key up to which all is done, as texts; NULL: nothing yet.';
COMMENT ON COLUMN pgsluice.backfill.range_end IS 'Last key when it began: rows behind it came later, and are the application''s own.';
COMMENT ON COLUMN pgsluice.backfill.walked IS 'Rows of the relation that are behind it.';
COMMENT ON COLUMN pgsluice.backfill.done IS 'Rows that it has inserted, updated or deleted.';
COMMENT ON COLUMN pgsluice.backfill.estimate IS 'Rows of the relation when it began, as the planner estimated; NULL: never analysed.';
COMMENT ON COLUMN pgsluice.backfill.batch_size IS 'Rows of the next batch; follows target_ms, between 1 and max_batch_size.';
COMMENT ON COLUMN pgsluice.backfill.target_ms IS 'How long a batch should take.';
COMMENT ON COLUMN pgsluice.backfill.sleep_ms IS 'Pause after each batch.';
COMMENT ON COLUMN pgsluice.backfill.max_lag_ms IS 'It waits while a replica is further behind.';
COMMENT ON COLUMN pgsluice.backfill.state IS 'running, throttled (by paused_reason), paused (by hand) or done.';
)sql";

inline constexpr std::string_view k_add_baseline = R"sql(
ALTER TABLE pgsluice.migration ADD COLUMN adopted_from text,
  DROP CONSTRAINT migration_state_check,
  ADD CONSTRAINT migration_state_check CHECK (state IN ('running', 'partial', 'failed', 'applied', 'baselined'));
COMMENT ON COLUMN pgsluice.migration.state IS 'running: begun; partial: some statements are done; failed: nothing of it is done; applied; baselined: applied before there was this ledger.';
COMMENT ON COLUMN pgsluice.migration.adopted_from IS 'Of a baselined file: the tool whose ledger said that it is applied; NULL: somebody said so.';
)sql";

inline constexpr std::string_view k_add_gate = R"sql(
ALTER TABLE pgsluice.run ADD COLUMN release text;
COMMENT ON COLUMN pgsluice.run.release IS 'Version of the application that it brought, if somebody said so.';
ALTER TABLE pgsluice.migration ADD COLUMN release text, ADD COLUMN needs_app text,
  DROP CONSTRAINT migration_state_check,
  ADD CONSTRAINT migration_state_check CHECK (state IN ('running', 'partial', 'failed', 'held', 'applied', 'baselined'));
COMMENT ON COLUMN pgsluice.migration.state IS 'running: begun; partial: some statements are done; failed: nothing of it is done; held: a contract step that waits for its gate; applied; baselined: applied before there was this ledger.';
COMMENT ON COLUMN pgsluice.migration.release IS 'Of a contract step: the release of the application that it came with. Of others, that of the run says it.';
COMMENT ON COLUMN pgsluice.migration.needs_app IS 'Of a contract step: releases of the application that can live with it, such as checkout>=2.4.0. Once it is applied, older ones do not fit this schema.';
CREATE TABLE pgsluice.gate (
  migration_id text NOT NULL REFERENCES pgsluice.migration ON UPDATE CASCADE ON DELETE CASCADE,
  provider text NOT NULL,
  subject text NOT NULL,
  verdict text NOT NULL CHECK (verdict IN ('open', 'closed', 'unknown')),
  words text NOT NULL,
  detail jsonb,
  since timestamptz NOT NULL DEFAULT clock_timestamp(),
  observed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  observed_by text NOT NULL DEFAULT session_user,
  run_id uuid REFERENCES pgsluice.run,
  PRIMARY KEY (migration_id, provider, subject)
);
COMMENT ON TABLE pgsluice.gate IS 'What was last seen about contract steps, one row for each piece of evidence; the row of the provider gate is the decision.';
COMMENT ON COLUMN pgsluice.gate.subject IS 'What it is about: releases of an application, a table or column; may be empty.';
COMMENT ON COLUMN pgsluice.gate.since IS 'From when on it has been seen with this verdict: a soak is counted from there.';
COMMENT ON COLUMN pgsluice.gate.detail IS 'What was seen.';
CREATE TABLE pgsluice.approval (
  migration_id text NOT NULL,
  fingerprint text NOT NULL,
  approved_by text NOT NULL DEFAULT session_user,
  approved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  reason text,
  PRIMARY KEY (migration_id, fingerprint)
);
COMMENT ON TABLE pgsluice.approval IS 'Contract steps that somebody has approved, each with the text that it had then.';
COMMENT ON COLUMN pgsluice.approval.fingerprint IS 'SHA-256 of its SQL without comments and layout, as in pgsluice.migration.';
CREATE TABLE pgsluice.bundle (
  digest text NOT NULL,
  release text NOT NULL,
  brought_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (digest, release)
);
COMMENT ON TABLE pgsluice.bundle IS 'Folders of which all expand steps are applied: what a release needs in order to start.';
COMMENT ON COLUMN pgsluice.bundle.digest IS 'As pgsluice guard --digest prints it.';
COMMENT ON COLUMN pgsluice.bundle.release IS 'Of the application; empty: nobody has said.';
)sql";

inline constexpr std::string_view k_add_query_snapshot = R"sql(
CREATE TABLE pgsluice.query_snapshot (
  migration_id text PRIMARY KEY,
  taken_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  stats_reset timestamptz,
  dealloc bigint,
  entries bigint NOT NULL,
  statements jsonb NOT NULL
);
COMMENT ON TABLE pgsluice.query_snapshot IS 'What pg_stat_statements had counted of this database at a moment: for each contract step that waits, when its gate last found that it had to. The row without a migration is of the end of the last run that changed something.';
COMMENT ON COLUMN pgsluice.query_snapshot.stats_reset IS 'Of pg_stat_statements_info: a later one means that the counting began anew. NULL: the server does not say.';
COMMENT ON COLUMN pgsluice.query_snapshot.dealloc IS 'Of pg_stat_statements_info: how often statements had been evicted. NULL: the server does not say.';
COMMENT ON COLUMN pgsluice.query_snapshot.entries IS 'Statements that were counted, of all databases.';
COMMENT ON COLUMN pgsluice.query_snapshot.statements IS 'By queryid/userid[/toplevel]: calls, and since when they are counted.';
)sql";

inline constexpr std::string_view k_add_app = R"sql(
ALTER TABLE pgsluice.run ADD COLUMN app text;
COMMENT ON COLUMN pgsluice.run.app IS 'Application that the release is one of, if somebody said so.';
ALTER TABLE pgsluice.migration ADD COLUMN app text;
ALTER TABLE pgsluice.migration ADD COLUMN rests_on text[];
COMMENT ON COLUMN pgsluice.migration.rests_on IS 'Of a contract step: the expand and backfill files before it. A release that has come without them is too old for it, whatever it is called.';
COMMENT ON COLUMN pgsluice.migration.app IS 'Of a contract step: the application that its release is one of. Of others, that of the run says it.';
ALTER TABLE pgsluice.bundle ADD COLUMN app text NOT NULL DEFAULT '', DROP CONSTRAINT bundle_pkey,
  ADD PRIMARY KEY (digest, app, release);
COMMENT ON COLUMN pgsluice.bundle.app IS 'Application that the release is one of; empty: nobody has said.';
ALTER TABLE pgsluice.bundle ADD COLUMN files text[], ADD COLUMN n bigint GENERATED ALWAYS AS IDENTITY;
COMMENT ON COLUMN pgsluice.bundle.brought_at IS 'infinity: its expand and backfill files are applied, and the run ended so that its application did not come.';
COMMENT ON COLUMN pgsluice.bundle.n IS 'In this order they were brought: a clock may go back, after a failover say.';
COMMENT ON COLUMN pgsluice.bundle.files IS 'The ids of its files. NULL: before version 7.';
ALTER TABLE pgsluice.approval RENAME COLUMN fingerprint TO sha256;
COMMENT ON COLUMN pgsluice.approval.sha256 IS 'SHA-256 of the file''s bytes: what its directives ask for has been approved, too. Before version 7: of its SQL alone, which approves nothing any more.';
)sql";

inline constexpr std::string_view k_add_passed = R"sql(
ALTER TABLE pgsluice.migration ADD COLUMN passed text[] NOT NULL DEFAULT '{}', ADD COLUMN left_out_by text;
COMMENT ON COLUMN pgsluice.migration.passed IS 'Of a contract step that waits: the releases that have been let through with it since it came, or came anew; of a folder without a release its digest.';
COMMENT ON COLUMN pgsluice.migration.left_out_by IS 'Of a contract step that came anew: the release that had been let through without it; empty: nobody has said which.';
ALTER TABLE pgsluice.query_snapshot ADD COLUMN sequences jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN pgsluice.query_snapshot.sequences IS 'Where sequences were at that moment, by OID; without those that a session may hold values of.';
)sql";

inline constexpr std::string_view k_add_last = R"sql(
ALTER TABLE pgsluice.bundle ADD COLUMN last_n bigint;
COMMENT ON COLUMN pgsluice.bundle.n IS 'In this order they were brought for the first time: a clock may go back, after a failover say.';
COMMENT ON COLUMN pgsluice.bundle.last_n IS 'In the order of n: when it was brought again last. NULL: never, or only before version 9.';
)sql";

inline constexpr std::array k_ledger_changes{LedgerChange{.version = 2, .sql = k_add_lease},
                                             LedgerChange{.version = 3, .sql = k_add_backfill},
                                             LedgerChange{.version = 4, .sql = k_add_baseline},
                                             LedgerChange{.version = 5, .sql = k_add_gate},
                                             LedgerChange{.version = 6, .sql = k_add_query_snapshot},
                                             LedgerChange{.version = 7, .sql = k_add_app},
                                             LedgerChange{.version = 8, .sql = k_add_passed},
                                             LedgerChange{.version = 9, .sql = k_add_last}};

}  // namespace pgsluice
