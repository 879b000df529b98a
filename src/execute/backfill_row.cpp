// SPDX-License-Identifier: Apache-2.0
#include "execute/backfill_row.hpp"

#include "base/json.hpp"
#include "base/text.hpp"
#include "execute/documents.hpp"
#include "pg/arrays.hpp"

namespace pgsluice {
namespace {

std::string number(long long value) {
  return std::to_string(value);
}

SqlValue json_of(const std::optional<KeyValues>& values) {
  return values ? SqlValue(dump(OrderedJson(*values))) : SqlValue();
}

std::optional<KeyValues> values_of(const SqlResult& result, std::size_t column) {
  const std::string array = result.text(0, column);
  return array.empty() ? std::nullopt : std::optional(pg::parse_texts(array));
}

std::string statement_number(const LedgerTarget& target) {
  return number(static_cast<long long>(target.step.statements.front().index));
}

const std::string& migration_id(const LedgerTarget& target) {
  return target.file.analysis.migration.id;
}

constexpr std::string_view k_read =
    "SELECT b.id IS NOT NULL, s.migration_id IS NOT NULL, b.fingerprint, b.relation, b.key_columns::text,"
    " CASE WHEN b.cursor IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(b.cursor))::text END,"
    " CASE WHEN b.range_end IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(b.range_end))::text END,"
    " b.walked, b.done, b.estimate, b.batch_size, b.max_batch_size, b.target_ms, b.sleep_ms, b.max_lag_ms, "
    "b.state"
    " FROM (SELECT $1::text AS migration_id, $2::integer AS n) AS me"
    " LEFT JOIN pgsluice.statement s USING (migration_id, n) LEFT JOIN pgsluice.backfill b USING "
    "(migration_id, n)";

constexpr std::string_view k_add =
    ", file AS (INSERT INTO pgsluice.migration AS m (id, phase, tool, sha256, fingerprint, state)"
    " SELECT $1, $2, $3, $4, $5, 'running' WHERE EXISTS (SELECT FROM lease)"
    " ON CONFLICT (id) DO UPDATE SET phase = excluded.phase, tool = excluded.tool, sha256 = excluded.sha256,"
    " fingerprint = excluded.fingerprint, state = 'running', error = NULL),"
    " statements AS (INSERT INTO pgsluice.statement (migration_id, n, step, kind, fingerprint, transactional,"
    " run_id, intent_at, predicted_locks) SELECT $1, $8::integer, $7, $9, $10, false, $6::uuid, "
    "clock_timestamp(),"
    " $11::jsonb WHERE EXISTS (SELECT FROM lease)),"
    " batches AS (INSERT INTO pgsluice.backfill (migration_id, n, fingerprint, relation, key_columns, "
    "range_end,"
    " estimate, batch_size, max_batch_size, max_lag_ms) SELECT $1, $8::integer, $10, $12, $13::text[], "
    "$14::jsonb,"
    " $15::bigint, $16::integer, $17::integer, $18::integer WHERE EXISTS (SELECT FROM lease))"
    " SELECT EXISTS (SELECT FROM lease)";

// Whoever has set another batch_size meanwhile knows why.
constexpr std::string_view k_advance =
    ", moved AS (UPDATE pgsluice.backfill SET cursor = $3::jsonb, walked = walked + $5::bigint,"
    " done = done + $6::bigint, batches = batches + 1, last_batch_ms = $7::integer,"
    " batch_size = CASE WHEN batch_size = $8::integer THEN $9::integer ELSE batch_size END,"
    " state = CASE WHEN $10::boolean THEN 'done' WHEN state = 'throttled' THEN 'running' ELSE state END,"
    " paused_reason = CASE WHEN state = 'throttled' THEN NULL ELSE paused_reason END,"
    " updated_at = clock_timestamp()"
    " WHERE migration_id = $1 AND n = $2::integer AND cursor IS NOT DISTINCT FROM $4::jsonb"
    " AND EXISTS (SELECT FROM lease) RETURNING 1)"
    " SELECT EXISTS (SELECT FROM moved)";

}  // namespace

SqlResult read_row(Session& session, const LedgerTarget& target, BackfillRow& row) {
  SqlResult result = session.query(k_read, {migration_id(target), statement_number(target)});
  const auto ms = [&result](std::size_t column) {
    return milliseconds(result.number(0, column).value_or(0));
  };
  row = {.exists = result.truth(0, 0),
         .begun = result.truth(0, 1),
         .fingerprint = result.text(0, 2),
         .relation = result.text(0, 3),
         .key = pg::parse_texts(result.text(0, 4)),
         .cursor = values_of(result, 5),
         .range_end = values_of(result, 6),
         .walked = result.number(0, 7).value_or(0),
         .done = result.number(0, 8).value_or(0),
         .estimate = result.number(0, 9),
         .batch_size = result.number(0, 10).value_or(1),
         .max_batch_size = result.number(0, 11).value_or(1),
         .target = ms(12),
         .sleep = ms(13),
         .max_lag = ms(14),
         .state = result.text(0, 15)};
  return result;
}

SqlResult add_row(Session& session, const LedgerTarget& target, const BackfillRow& row) {
  const Migration& migration = target.file.analysis.migration;
  const PlannedStatement& statement = target.step.statements.front();
  return fenced(
      session.query(cat("WITH ", lease_query("$19"), k_add),
                    {migration.id, std::string(to_string(migration.phase)), migration.tool, migration.sha256,
                     target.file.fingerprint, target.run_id, target.step.id, statement_number(target),
                     statement.tag, statement.fingerprint, dump(predicted_locks_json(target.step)),
                     row.relation, pg::text_array(row.key), json_of(row.range_end),
                     row.estimate ? SqlValue(number(*row.estimate)) : SqlValue(), number(row.batch_size),
                     number(row.max_batch_size), number(row.max_lag.count()), number(target.token)}));
}

SqlResult advance_row(Session& session, const LedgerTarget& target, const BackfillRow& row,
                      const BatchDone& batch) {
  return fenced(session.query(
      cat("WITH ", lease_query("$11"), k_advance),
      {migration_id(target), statement_number(target), json_of(batch.upto), json_of(row.cursor),
       number(batch.walked), number(batch.done), number(batch.took.count()), number(row.batch_size),
       number(batch.next_size), SqlValue(batch.last ? "t" : "f"), number(target.token)}));
}

SqlResult set_batch_size(Session& session, const LedgerTarget& target, long long size) {
  return session.query(
      "UPDATE pgsluice.backfill SET batch_size = $3::integer WHERE migration_id = $1 AND n = $2::integer",
      {migration_id(target), statement_number(target), number(size)});
}

SqlResult set_throttled(Session& session, const LedgerTarget& target, const std::string& reason) {
  return session.query(
      "UPDATE pgsluice.backfill SET state = CASE WHEN $3 = '' THEN 'running' ELSE 'throttled' END,"
      " paused_reason = nullif($3, ''), updated_at = clock_timestamp()"
      " WHERE migration_id = $1 AND n = $2::integer AND state IN ('running', 'throttled')",
      {migration_id(target), statement_number(target), reason});
}

}  // namespace pgsluice
