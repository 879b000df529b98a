// SPDX-License-Identifier: Apache-2.0
#pragma once

// How pg_stat_statements and the catalogs are asked what queries have used.

#include <string>
#include <string_view>

namespace pgsluice::queries {

/// What there is of pg_stat_statements, and what this role may see of it: one row.
inline constexpr std::string_view k_find_extension = R"sql(
SELECT coalesce(quote_ident(n.nspname), ''),
  coalesce(current_setting('pg_stat_statements.track', true), ''),
  coalesce(current_setting('compute_query_id', true), 'on'),
  coalesce(current_setting('pg_stat_statements.track_utility', true), 'on') = 'on',
  pg_has_role('pg_read_all_stats', 'USAGE'),
  quote_ident(current_user),
  to_regclass(quote_ident(n.nspname) || '.pg_stat_statements_info') IS NOT NULL,
  EXISTS (SELECT FROM pg_attribute a WHERE a.attname = 'toplevel'
    AND a.attrelid = to_regclass(quote_ident(n.nspname) || '.pg_stat_statements')),
  EXISTS (SELECT FROM pg_attribute a WHERE a.attname = 'stats_since'
    AND a.attrelid = to_regclass(quote_ident(n.nspname) || '.pg_stat_statements')),
  coalesce((SELECT string_agg(coalesce(r.rolname, 'ALL'), ', ') FROM pg_db_role_setting s
    LEFT JOIN pg_roles r ON r.oid = s.setrole
    WHERE s.setdatabase IN (0, (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))
      AND s.setconfig && ARRAY['pg_stat_statements.track=none', 'compute_query_id=off']), ''),
  coalesce(current_setting('pg_stat_statements.max', true)::bigint, 0),
  to_regclass('pgsluice.query_snapshot') IS NOT NULL,
  EXISTS (SELECT FROM pg_attribute a WHERE a.attname = 'sequences' AND a.attrelid = to_regclass('pgsluice.query_snapshot'))
FROM (SELECT) one LEFT JOIN pg_extension e ON e.extname = 'pg_stat_statements'
LEFT JOIN pg_namespace n ON n.oid = e.extnamespace)sql";

/// What a relation ($1) or its column ($2, or '') takes with it: partitions, children and generated columns; and, unless
/// it is renamed ($3), the views that read any of that. The last columns: whether an INSERT need not name it, and whether it
/// is a sequence.
inline constexpr std::string_view k_find_targets = R"sql(
WITH RECURSIVE target AS MATERIALIZED (
  SELECT c.oid, coalesce(a.attnum, 0)::integer AS attnum
  FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = $2 AND NOT a.attisdropped
  WHERE c.oid = to_regclass($1) AND ($2 = '' OR a.attnum IS NOT NULL)),
part AS (
  SELECT oid, attnum, 1 AS own FROM target
  UNION
  SELECT x.oid, x.attnum, x.own FROM part p CROSS JOIN LATERAL (
    SELECT i.inhrelid AS oid, coalesce(c.attnum, 0)::integer AS attnum, 1 AS own FROM pg_inherits i
    LEFT JOIN pg_attribute a ON a.attrelid = i.inhparent AND a.attnum = p.attnum AND p.attnum <> 0
    LEFT JOIN pg_attribute c ON c.attrelid = i.inhrelid AND c.attname = a.attname AND NOT c.attisdropped
    WHERE i.inhparent = p.oid AND p.own = 1 AND (p.attnum = 0 OR c.attnum IS NOT NULL)
    UNION ALL
    SELECT g.attrelid, g.attnum::integer, 2 FROM pg_attribute g
    WHERE g.attrelid = p.oid AND g.attgenerated <> '' AND g.attnum <> p.attnum AND p.attnum <> 0 AND NOT $3::boolean
      AND EXISTS (SELECT FROM pg_depend d LEFT JOIN pg_attrdef f
        ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
        WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = p.oid AND d.refobjsubid = p.attnum
          AND (f.adrelid = p.oid AND f.adnum = g.attnum OR
            d.classid = 'pg_class'::regclass AND d.objid = p.oid AND d.objsubid = g.attnum))
    UNION ALL
    SELECT r.ev_class, 0, 3 FROM pg_depend d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = p.oid AND r.rulename = '_RETURN' AND r.ev_class <> p.oid
      AND (p.attnum = 0 OR d.refobjsubid = p.attnum OR EXISTS (SELECT FROM pg_class k WHERE k.oid = p.oid
        AND strpos(r.ev_action::text, format(':varattno 0 :vartype %s ', k.reltype)) > 0)) AND NOT $3::boolean) x)
SELECT DISTINCT n.nspname, c.relname, coalesce(a.attname, ''), p.own,
  coalesce(a.atthasdef OR a.attidentity <> '', false), c.relkind = 'S'
FROM part p JOIN pg_class c ON c.oid = p.oid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = p.oid AND a.attnum = p.attnum AND p.attnum <> 0)sql";

/// Code that may use what is asked about: name, language, source, and the tables whose triggers call it.
inline constexpr std::string_view k_find_code = R"sql(
SELECT n.nspname, p.proname, l.lanname, p.prosrc,
  coalesce((SELECT json_agg(json_build_array(tn.nspname, tc.relname)) FROM pg_trigger g
    JOIN pg_class tc ON tc.oid = g.tgrelid JOIN pg_namespace tn ON tn.oid = tc.relnamespace
    WHERE g.tgfoid = p.oid AND NOT g.tgisinternal AND g.tgenabled <> 'D'), '[]')
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
WHERE l.lanname NOT IN ('internal', 'c') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pgsluice')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'))sql";

/// The table of a key ($1, and $2 where it is a constraint's), as those of its partitions: the constraint, its columns, and
/// whether it has expressions. Nothing of what is no unique key and excludes nothing.
inline constexpr std::string_view k_find_keys = R"sql(
WITH RECURSIVE key AS (
  SELECT i.indexrelid AS oid FROM pg_index i LEFT JOIN pg_constraint k
    ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')
  WHERE (i.indisunique OR k.contype = 'x') AND CASE WHEN $2 = '' THEN i.indexrelid = to_regclass($1)
    ELSE i.indrelid = to_regclass($1) AND k.conname = $2::name END
  UNION
  SELECT h.inhrelid FROM pg_inherits h JOIN key ON h.inhparent = key.oid)
SELECT n.nspname, c.relname, coalesce(k.conname, ''), coalesce((SELECT json_agg(a.attname) FROM pg_attribute a
    WHERE a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])), '[]'), i.indexprs IS NOT NULL
FROM key JOIN pg_index i ON i.indexrelid = key.oid JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x'))sql";

/// Through what rows come into a table ($1) beside itself, and whether its column ($2) gets a default there: tables that it is a
/// partition of, and views that show it under that name, or not at all.
inline constexpr std::string_view k_find_ways_in = R"sql(
WITH RECURSIVE way AS (
  SELECT c.oid, a.attnum::integer AS attnum, a.atthasdef OR a.attidentity <> '' AS has_default, true AS is_first
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = $2::name AND NOT a.attisdropped
  WHERE c.oid = to_regclass($1)
  UNION
  SELECT x.oid, x.attnum, x.has_default, false FROM way w CROSS JOIN LATERAL (
    SELECT a.attrelid AS oid, a.attnum::integer AS attnum, a.atthasdef OR a.attidentity <> '' AS has_default
    FROM pg_inherits i JOIN pg_class k ON k.oid = i.inhrelid AND k.relispartition
    JOIN pg_attribute a ON a.attrelid = i.inhparent AND a.attname = $2::name AND NOT a.attisdropped
    WHERE i.inhrelid = w.oid
    UNION ALL
    SELECT v.oid, coalesce(a.attnum, 0)::integer, w.has_default FROM pg_depend d
    JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid AND r.rulename = '_RETURN'
    JOIN pg_class v ON v.oid = r.ev_class AND v.relkind = 'v' AND v.oid <> w.oid
    LEFT JOIN pg_attribute a ON a.attrelid = v.oid AND a.attname = $2::name AND NOT a.attisdropped
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = w.oid AND (pg_relation_is_updatable(v.oid, false) & 8) <> 0
      AND (w.attnum = 0 OR a.attnum IS NOT NULL OR NOT EXISTS (SELECT FROM pg_depend o WHERE o.classid = d.classid
        AND o.objid = d.objid AND o.refclassid = d.refclassid AND o.refobjid = w.oid AND o.refobjsubid = w.attnum))) x)
SELECT DISTINCT n.nspname, c.relname, w.has_default FROM way w JOIN pg_class c ON c.oid = w.oid
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT w.is_first)sql";

/// Functions that give whole rows of a relation ($1), whatever reads them.
inline constexpr std::string_view k_find_row_givers = R"sql(
SELECT n.nspname, p.proname FROM pg_class c JOIN pg_type y ON y.oid = c.reltype
JOIN pg_proc p ON p.prorettype IN (y.oid, y.typarray) JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE c.oid = to_regclass($1))sql";

/// Relations of these names ($1), with their columns and what their constraints are on.
inline constexpr std::string_view k_find_relations = R"sql(
SELECT n.nspname, c.relname,
  (SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a
   WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  (SELECT json_object_agg(k.conname, (SELECT json_agg(a.attname) FROM pg_attribute a
     WHERE a.attrelid = c.oid AND a.attnum = ANY (k.conkey)))
   FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'x')),
  (SELECT json_object_agg(a.attname, (SELECT json_agg(f.attname) FROM pg_attribute f
     WHERE f.attrelid = y.typrelid AND f.attnum > 0 AND NOT f.attisdropped))
   FROM pg_attribute a JOIN pg_type o ON o.oid = a.atttypid
   JOIN pg_type y ON y.oid = CASE WHEN o.typtype = 'd' THEN o.typbasetype ELSE o.oid END
   WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND y.typtype = 'c')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relname = ANY ($1::name[]) AND n.nspname !~ '^pg_(toast|temp)')sql";

/// Where names without a schema lead for each role, unless its session says otherwise; and whether somebody has said so.
inline constexpr std::string_view k_find_paths = R"sql(
SELECT r.rolname, coalesce(p.setting, (SELECT boot_val FROM pg_settings WHERE name = 'search_path')), p.setting IS NOT NULL
FROM pg_roles r LEFT JOIN LATERAL (
  SELECT substr(x.setting, 13) AS setting FROM pg_db_role_setting s, unnest(s.setconfig) AS x (setting)
  WHERE s.setrole IN (0, r.oid)
    AND s.setdatabase IN (0, (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))
    AND x.setting LIKE 'search\_path=%' ORDER BY s.setrole = 0, s.setdatabase = 0 LIMIT 1) p ON true
WHERE r.rolname = ANY ($1::name[]))sql";

/// Stands in what the gate itself asks of the application's tables: that is no use of them.
inline constexpr std::string_view k_own_look = "/* pgsluice looks */";

/// What pg_stat_statements is like on this server.
struct Extension {
  std::string schema;  ///< quoted; empty: not in this database
  std::string track;   ///< empty: the server has not loaded it
  std::string query_ids;
  bool utility = true;
  bool readable = false;
  std::string role;  ///< quoted
  bool has_info = false;
  bool has_toplevel = false;
  bool has_since = false;
  std::string untracked;  ///< roles whose statements are not counted
  long long most = 0;     ///< entries
  bool has_snapshots = false;
  bool has_sequences = false;  ///< older ledgers do not keep where they were
};

/// `now`: what is counted of this database at this moment. `texts`: with their texts.
std::string statements_now(const Extension& extension, bool texts);
/// One row: since when there is something to compare with ($1: the file), and what may have been lost since.
std::string what_is_lost(const Extension& extension);
/// The statements that ran since then, with how often.
std::string what_has_run(const Extension& extension);
/// Whether the sequence $2 is where it was at that moment: nobody has asked it for a value; and whether it is not, though it is no
/// column's default. Of one that this role may not see, or of which a session may hold values, nobody can tell: no row.
std::string where_sequence_is();
/// Keeps for the file $1 what is counted now, and where the sequences are: unless there are very many, for each that is read is
/// locked until the statement ends.
std::string keep_snapshot(const Extension& extension, bool sequences);
/// What our own role has done until now.
std::string own_now(const Extension& extension);
/// Takes what our own role has done since own_now() said $1 into all that is kept.
std::string absorb_own(const Extension& extension);

}  // namespace pgsluice::queries
