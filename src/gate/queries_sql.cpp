// SPDX-License-Identifier: Apache-2.0
#include "gate/queries_sql.hpp"

#include "base/text.hpp"

namespace pgsluice::queries {
namespace {

/// A file that has none of its own yet is compared with what the last run left behind.
constexpr std::string_view k_base =
    "base AS MATERIALIZED (SELECT * FROM pgsluice.query_snapshot WHERE migration_id IN ($1, '')"
    " ORDER BY migration_id = '' LIMIT 1),"
    " was AS MATERIALIZED (SELECT e.key, (e.value ->> 0)::bigint AS calls, e.value ->> 1 AS since"
    " FROM base, jsonb_each(base.statements) e)";

/// Later than what was counted, or all of it when the counting began anew in between.
constexpr std::string_view k_grown =
    "n.calls - CASE WHEN w.since IS NOT DISTINCT FROM n.since AND w.calls <= n.calls THEN w.calls ELSE 0 END";

std::string info(const Extension& extension, std::string_view column) {
  return extension.has_info ? cat("(SELECT ", column, " FROM ", extension.schema, ".pg_stat_statements_info)")
                            : "NULL";
}

std::string entries(const Extension& extension) {
  return cat("(SELECT count(*) FROM ", extension.schema, ".pg_stat_statements(false))");
}

/// Where sequences are, as far as that says that nobody has used them: a session may hold values of a cache, and one that goes
/// round may be there again. The server may look at any condition first, and a function must not meet what it refuses.
constexpr std::string_view k_sequences_now =
    "(SELECT s.seqrelid AS oid, CASE WHEN c.relpersistence <> 't'"
    " AND has_sequence_privilege(s.seqrelid, 'USAGE, SELECT') THEN pg_sequence_last_value(s.seqrelid) END"
    " AS value FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid"
    " WHERE c.relpersistence <> 't' AND s.seqcache = 1 AND NOT s.seqcycle"
    " AND has_sequence_privilege(s.seqrelid, 'USAGE, SELECT'))";

constexpr std::string_view k_as_object =
    "coalesce((SELECT jsonb_object_agg(n.key, jsonb_build_array(n.calls, n.since)) FROM now n), '{}')";

}  // namespace

std::string statements_now(const Extension& extension, bool texts) {
  return cat(
      "now AS MATERIALIZED (SELECT s.queryid, s.userid, s.calls, ", texts ? "s.query" : "''", " AS query, ",
      extension.has_since ? "(extract(epoch FROM s.stats_since) * 1000000)::bigint::text" : "NULL::text",
      " AS since, concat(s.queryid, '/', s.userid", extension.has_toplevel ? ", '/', s.toplevel" : "",
      ") AS key FROM ", extension.schema, ".pg_stat_statements(", texts ? "true" : "false",
      ") s JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = current_database() AND s.calls > 0)");
}

std::string what_is_lost(const Extension& extension) {
  return cat("WITH ", k_base, ", ", statements_now(extension, false),
             " SELECT to_char(b.taken_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
             " (extract(epoch FROM clock_timestamp() - b.taken_at) * 1000)::bigint, coalesce(",
             info(extension, "stats_reset"), " <> b.stats_reset, false), coalesce(",
             info(extension, "dealloc"),
             " - b.dealloc, 0), (SELECT count(*) FROM was w WHERE NOT EXISTS (SELECT FROM now n WHERE n.key "
             "= w.key)), ",
             entries(extension), ", b.entries FROM base b");
}

std::string what_has_run(const Extension& extension) {
  return cat("WITH ", k_base, ", ", statements_now(extension, true),
             " SELECT n.queryid, coalesce(r.rolname, ''), ", k_grown,
             ", n.query FROM now n LEFT JOIN was w ON w.key = n.key LEFT JOIN pg_roles r ON r.oid = n.userid"
             " WHERE EXISTS (SELECT FROM base) AND ",
             k_grown, " > 0 AND position('", k_own_look, "' IN n.query) = 0 ORDER BY 3 DESC, 1");
}

std::string where_sequence_is() {
  return cat(
      "WITH base AS (SELECT sequences FROM pgsluice.query_snapshot WHERE migration_id IN ($1, '')"
      " ORDER BY migration_id = '' LIMIT 1) SELECT w.at_rest, NOT w.at_rest AND NOT EXISTS (SELECT FROM "
      "pg_depend d"
      " WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = w.oid AND d.classid = "
      "'pg_attrdef'::regclass) AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass"
      " AND d.objid = w.oid AND d.deptype = 'i')"
      " FROM (SELECT n.oid, b.sequences ->> n.oid::text IS NOT DISTINCT FROM n.value::text AS at_rest FROM "
      "base b, ",
      k_sequences_now, " n WHERE n.oid = to_regclass($2) AND b.sequences ? n.oid::text) AS w");
}

std::string keep_snapshot(const Extension& extension, bool sequences) {
  constexpr std::string_view most =
      "1000";  // locks that nobody misses: the server has 6,400 unless told otherwise
  return cat("WITH ", statements_now(extension, false),
             " INSERT INTO pgsluice.query_snapshot AS q (migration_id, stats_reset, dealloc, entries, "
             "statements, sequences) SELECT"
             " $1, ",
             info(extension, "stats_reset"), ", ", info(extension, "dealloc"), ", ", entries(extension), ", ",
             k_as_object, ", ",
             sequences ? cat("CASE WHEN (SELECT count(*) FROM pg_sequence) <= ", most,
                             " THEN coalesce((SELECT jsonb_object_agg(n.oid::text, n.value) FROM ",
                             k_sequences_now, " n), '{}') ELSE '{}' END")
                       : "'{}'",
             " ON CONFLICT (migration_id) DO UPDATE SET taken_at = excluded.taken_at, stats_reset ="
             " excluded.stats_reset, dealloc = excluded.dealloc, entries = excluded.entries, statements ="
             " excluded.statements, sequences = excluded.sequences");
}

std::string own_now(const Extension& extension) {
  return cat(
      "WITH ", statements_now(extension, false),
      " SELECT coalesce(jsonb_object_agg(n.key, jsonb_build_array(n.calls, n.since)), '{}')::text FROM now n"
      " JOIN pg_roles r ON r.oid = n.userid WHERE r.rolname = current_user");
}

std::string absorb_own(const Extension& extension) {
  // Of what was counted, as much as still counts: not what a reset has taken away.
  const auto counted = [](std::string_view entry) {
    return cat("CASE WHEN ", entry, " ->> 1 IS NOT DISTINCT FROM n.since AND coalesce((", entry,
               " ->> 0)::bigint, 0) <= n.calls THEN coalesce((", entry, " ->> 0)::bigint, 0) ELSE 0 END");
  };
  return cat("WITH ", statements_now(extension, false),
             ", own AS MATERIALIZED (SELECT n.key, n.calls, n.since, n.calls - ",
             counted("($1::jsonb -> n.key)"),
             " AS done FROM now n JOIN pg_roles r ON r.oid = n.userid WHERE r.rolname = current_user)"
             " UPDATE pgsluice.query_snapshot q SET statements = q.statements || coalesce((SELECT "
             "jsonb_object_agg(n.key,"
             " jsonb_build_array(least(n.calls, n.done + ",
             counted("(q.statements -> n.key)"), "), n.since)) FROM own n WHERE n.done > 0), '{}')");
}

}  // namespace pgsluice::queries
