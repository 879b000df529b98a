// SPDX-License-Identifier: Apache-2.0
// Asking a server what relations are and how large they are, without waiting for anybody.

#include "base/text.hpp"
#include "pg/arrays.hpp"
#include "pg/sqlstate.hpp"
#include "pgsluice/forecast.hpp"

namespace pgsluice {
namespace {

// pg_table_size() opens the relation with ACCESS SHARE and would queue behind whoever changes it.
constexpr std::string_view k_measured = "pg_table_size(c.oid)";
constexpr std::string_view k_counted =
    "(c.relpages + coalesce((SELECT t.relpages FROM pg_class t WHERE t.oid = c.reltoastrelid), 0))::bigint"
    " * current_setting('block_size')::bigint";

// $1 quoted names. A partitioned table is as large as its partitions.
std::string states_sql(std::string_view bytes) {
  return cat(
      "WITH RECURSIVE wanted AS (SELECT w.n, to_regclass(w.name)::oid AS relid"
      " FROM unnest($1::text[]) WITH ORDINALITY AS w (name, n)),"
      " tree AS (SELECT n, relid AS member FROM wanted WHERE relid IS NOT NULL"
      " UNION SELECT t.n, i.inhrelid FROM tree t JOIN pg_class p ON p.oid = t.member AND p.relkind = 'p'"
      " JOIN pg_inherits i ON i.inhparent = t.member)"
      " SELECT w.n, w.relid, sum(CASE WHEN c.relkind IN ('r', 'm', 't') AND c.reltuples >= 0"
      " AND (c.relpages > 0 OR c.reltuples > 0) THEN c.reltuples::float8 END),"
      " sum(CASE WHEN c.relkind IN ('r', 'm', 't') THEN ",
      bytes,
      " END) FROM wanted w JOIN tree t ON t.n = w.n JOIN pg_class c ON c.oid = t.member"
      " GROUP BY w.n, w.relid ORDER BY w.n");
}

std::optional<double> decimal(const SqlResult& result, std::size_t row, std::size_t column) {
  const std::string text = result.text(row, column);
  return text.empty() ? std::nullopt : std::optional(std::stod(text));
}

SqlResult ask(Session& session, const std::string& names) {
  SqlResult result = session.script("BEGIN READ ONLY; SET LOCAL lock_timeout = '100ms'");
  if (result.ok) result = session.query(states_sql(k_measured), {names});
  if (!result.connection_lost) session.script("ROLLBACK");
  const bool somebody_changes_it = result.error.sqlstate == pg::sqlstate::lock_not_available;
  return result.ok || !somebody_changes_it ? result : session.query(states_sql(k_counted), {names});
}

}  // namespace

RelationStates read_states(Session& session, const std::vector<RelationName>& relations) {
  RelationStates states;
  if (relations.empty()) return states;
  std::vector<std::string> names;
  for (const RelationName& relation : relations) names.push_back(relation.quoted());
  const SqlResult result = ask(session, pg::text_array(names));
  if (!result.ok) {
    throw Error(result.connection_lost ? ExitCode::unreachable : ExitCode::precondition,
                cat("cannot measure the relations: ", printable_line(result.error.message)));
  }
  for (std::size_t row = 0; row < result.rows.size(); ++row) {
    const auto index = static_cast<std::size_t>(result.number(row, 0).value_or(1)) - 1;
    states[relations.at(index)] = {.oid = result.number(row, 1).value_or(0),
                                   .rows = decimal(result, row, 2),
                                   .bytes = decimal(result, row, 3)};
  }
  return states;
}

std::optional<PastWaits> read_past_waits(Session& session, const Step& step) {
  std::vector<std::string> names;
  for (const RelationLock& lock : step.locks) {
    if (blocks_writes(lock.mode)) names.push_back(lock.relation.quoted());
  }
  if (names.empty()) return std::nullopt;
  // Rows of one step have the same times; the last fifty steps are history enough.
  const SqlResult result = session.query(
      "SELECT count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY waited_ms), max(waited_ms) FROM ("
      "SELECT max(s.waited_ms) AS waited_ms FROM pgsluice.statement s WHERE s.waited_ms IS NOT NULL"
      " AND EXISTS (SELECT FROM jsonb_array_elements(s.predicted_locks) l WHERE l->>'relation' = ANY "
      "($1::text[])"
      " AND l->>'mode' IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'))"
      " GROUP BY s.migration_id, s.step ORDER BY max(s.done_at) DESC NULLS LAST LIMIT 50) recent",
      {pg::text_array(names)});
  const long long steps = result.number(0, 0).value_or(0);
  if (!result.ok || steps == 0) return std::nullopt;
  return PastWaits{.steps = steps,
                   .median = milliseconds(result.number(0, 1).value_or(0)),
                   .longest = milliseconds(result.number(0, 2).value_or(0))};
}

}  // namespace pgsluice
