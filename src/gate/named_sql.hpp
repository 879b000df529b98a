// SPDX-License-Identifier: Apache-2.0
#pragma once

// How the catalogs are asked who uses a function or a type.

#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "pgsluice/gate.hpp"
#include "pgsluice/session.hpp"

namespace pgsluice::queries {

/// The functions or types ($1: 'function' or 'type') of a schema ($2, or '' where none is written) and name ($3), and which of
/// the functions are meant by their arguments ($4: 'int4,_text'; '*': all).
inline constexpr std::string_view k_named = R"sql(
name AS MATERIALIZED (
  SELECT 'pg_proc'::regclass::oid AS classid, p.oid, p.pronamespace AS namespace, p.proname AS name,
    pg_function_is_visible(p.oid) AS is_visible, $4::text = '*' OR $4 = (
      SELECT coalesce(string_agg(y.typname, ',' ORDER BY a.n), '')
      FROM unnest(p.proargtypes) WITH ORDINALITY a (oid, n) JOIN pg_type y ON y.oid = a.oid) AS is_meant
  FROM pg_proc p WHERE $1::text = 'function' AND p.proname = $3::name
  UNION ALL
  SELECT 'pg_type'::regclass, y.oid, y.typnamespace, y.typname, pg_type_is_visible(y.oid), true
  FROM pg_type y WHERE $1 = 'type' AND y.typname = $3),
found AS MATERIALIZED (
  SELECT o.*, n.nspname AS schema FROM name o JOIN pg_namespace n ON n.oid = o.namespace
  WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND (n.nspname = $2::name
    OR $2 = '' AND (o.is_visible OR NOT EXISTS (SELECT FROM name v WHERE v.is_visible AND v.is_meant)))),
own AS MATERIALIZED (SELECT * FROM found WHERE is_meant))sql";

inline std::vector<SqlValue> named_parameters(const GateSubject& subject) {
  const bool is_function = subject.kind == GateSubject::Kind::function;
  return {is_function ? "function" : "type", subject.relation.schemaname.str(),
          subject.relation.relname.str(), is_function ? subject.arguments : "*"};
}

/// All of that name, those too that stay (a search_path may find one in another schema), and PostgreSQL's own: schema, name,
/// whether it is meant, with how many arguments it is called (-1: with any), whether PostgreSQL has one of the same arguments,
/// which is found first, and whether it may be called as a column of a row.
inline std::string find_named() {
  return cat("WITH ", k_named, R"sql(,
one AS (
  SELECT classid, oid, schema, name, is_meant FROM found
  UNION ALL
  SELECT a.classid, a.oid, n.nspname, a.name, false FROM name a JOIN pg_namespace n ON n.oid = a.namespace
  WHERE $1 = 'function' AND n.nspname <> 'information_schema' AND EXISTS (SELECT FROM own)
    AND NOT EXISTS (SELECT FROM found f WHERE f.oid = a.oid))
SELECT o.schema, o.name, o.is_meant, coalesce(p.pronargs - p.pronargdefaults, 0),
  CASE WHEN p.provariadic = 0 THEN p.pronargs ELSE -1 END,
  p.prokind = 'p' AND coalesce(p.proargmodes && '{o,b,t}'::"char"[], false)
    OR EXISTS (SELECT FROM pg_aggregate g WHERE g.aggfnoid = p.oid AND g.aggkind <> 'n'),
  EXISTS (SELECT FROM pg_proc b WHERE b.proname = p.proname AND b.pronamespace = 'pg_catalog'::regnamespace
    AND b.proargtypes = p.proargtypes),
  p.pronargs > 0 AND p.pronargs - p.pronargdefaults <= 1 AND EXISTS (SELECT FROM pg_type y
    WHERE y.oid = p.proargtypes[0] AND y.typtype IN ('c', 'd', 'p'))
FROM one o LEFT JOIN pg_proc p ON o.classid = 'pg_proc'::regclass AND p.oid = o.oid)sql");
}

/// How code says that it means a type (%1$s), and not a column or a variable of that name: behind :: and TYPE, in CAST(… AS …),
/// as a declared variable's, in a list of columns behind AS t or TABLE t, with a row's %, before a literal (not at the end of one).
inline constexpr std::string_view k_type_in_code =
    R"re(::\s*("?\w+"?\s*\.\s*)?"?%1$s"?(\W|$)|\mTYPE\s+("?\w+"?\s*\.\s*)?"?%1$s"?(\W|$))re"
    R"re(|\mCAST\s*\(.*?\mAS\s+("?\w+"?\s*\.\s*)?"?%1$s"?\s*(\[\s*\d*\s*\]\s*)*\))re"
    R"re(|(^|[^\w."])"?%1$s"?\s*%%|(^|[^\w."''])"?%1$s"?\s*'')re"
    R"re(|\mDECLARE\M((?!\mBEGIN\M).)*\s("?\w+"?\s*\.\s*)?"?%1$s"?\s*(\[|;|:=|=|\mDEFAULT\M|\mNOT\M|\mCOLLATE\M))re"
    R"re(|\m(AS|TABLE)\M[^;()]*\((?!\s*(SELECT|VALUES|WITH)\M)(([^;()]|\([^()]*\))*,)?\s*)re"
    R"re((?!(SELECT|DISTINCT|VALUES|WITH|NOT|AND|OR|ALL|BY)\M)"?\w+"?\s+)re"
    R"re(("?\w+"?\s*\.\s*)?"?%1$s"?\s*(\[\s*\d*\s*\]\s*)*([,)]|(NOT|DEFAULT|COLLATE|PRIMARY|UNIQUE|CHECK|REFERENCES)\M))re";

/// Code without its comments, as far as that can be told in any language: what stands in quotes is none.
inline constexpr std::string_view k_code_without_comments =
    R"re(regexp_replace(p.prosrc, '([eE]''([^''\\]|''''|\\.)*''|''([^'']|'''')*''|"[^"]*")|--[^\n]*|/\*([^*]|\*+[^*/])*\*+/', )re"
    R"re('\1 ', 'g'))re";

/// Columns in lines: those of a relation for which a condition holds, as `a`. Of what a partition has from above, and loses with that, also
/// schema, relation and name up there, with tabs between.
inline std::string columns_in_lines(std::string_view relation, std::string_view condition) {
  return cat(
      "(SELECT string_agg(DISTINCT l.line, E'\\n')"
      " FROM pg_attribute a CROSS JOIN LATERAL (SELECT a.attname::text UNION ALL ("
      "WITH RECURSIVE up AS (SELECT i.inhparent AS oid FROM pg_inherits i WHERE i.inhrelid = a.attrelid"
      " UNION SELECT i.inhparent FROM pg_inherits i JOIN up u ON i.inhrelid = u.oid)"
      " SELECT concat_ws(E'\\t', n.nspname, p.relname, a.attname) FROM up u JOIN pg_class p ON p.oid = u.oid"
      " JOIN pg_namespace n ON n.oid = p.relnamespace WHERE a.attinhcount = 1 AND NOT a.attislocal"
      " AND EXISTS (SELECT FROM pg_class k WHERE k.oid = a.attrelid AND k.relispartition))) AS l"
      " (line) WHERE a.attrelid = ",
      relation, " AND ", condition, ")");
}

/// Who uses them, as k_dependants says it. Only SQL that is kept as a tree is known to do so; other code may name them. Where that
/// can be read, `more` is the code that names a function.
inline std::string named_dependants() {
  return cat("WITH ", k_named, R"sql(,
target AS MATERIALIZED (
  SELECT classid, oid FROM own
  UNION ALL SELECT o.classid, y.typarray FROM own o JOIN pg_type y ON $1 = 'type' AND y.oid = o.oid AND y.typarray <> 0),
-- What is of the same extension goes with it.
extension AS MATERIALIZED (
  SELECT DISTINCT e.refobjid AS oid FROM pg_depend e JOIN own o ON e.classid = o.classid AND e.objid = o.oid
  WHERE e.deptype = 'e' AND e.refclassid = 'pg_extension'::regclass),
sibling AS MATERIALIZED (
  SELECT e.classid, e.objid FROM extension x JOIN pg_depend e
    ON e.deptype = 'e' AND e.refclassid = 'pg_extension'::regclass AND e.refobjid = x.oid),
depends AS MATERIALIZED (
  SELECT DISTINCT d.classid, d.objid, d.objsubid FROM pg_depend d JOIN target t
    ON d.refclassid = t.classid AND d.refobjid = t.oid
  WHERE d.deptype IN ('n', 'a') AND NOT EXISTS (SELECT FROM target o WHERE o.classid = d.classid AND o.oid = d.objid)
    AND NOT EXISTS (SELECT FROM sibling s WHERE s.classid = d.classid AND s.objid = d.objid
      OR s.classid = 'pg_class'::regclass AND d.classid = 'pg_rewrite'::regclass
        AND s.objid = (SELECT r.ev_class FROM pg_rewrite r WHERE r.oid = d.objid))
    AND NOT (d.classid IN ('pg_amop'::regclass, 'pg_amproc'::regclass) AND EXISTS (SELECT FROM extension))),
part AS (
  SELECT d.classid, d.objid, f.adrelid AS relation, f.adnum AS attnum FROM depends d JOIN pg_attrdef f ON f.oid = d.objid
  WHERE d.classid = 'pg_attrdef'::regclass
  UNION ALL
  SELECT classid, objid, objid, objsubid FROM depends WHERE classid = 'pg_class'::regclass),
used AS (
  SELECT CASE WHEN c.relkind = 'v' THEN 'view' WHEN c.relkind = 'm' THEN 'materialized view' WHEN c.relkind = 'c' THEN 'type'
      WHEN a.attname IS NULL THEN 'table' WHEN p.classid = 'pg_attrdef'::regclass AND a.attgenerated = '' THEN 'default'
      ELSE 'column' END AS kind,
    n.nspname AS schema, CASE WHEN c.relkind = 'c' THEN '' ELSE c.relname END AS relation,
    CASE WHEN c.relkind = 'c' THEN c.relname WHEN c.relkind IN ('v', 'm') THEN '' ELSE coalesce(a.attname, '') END AS part,
    '' AS more, true AS certain, true AS is_visible
  FROM part p JOIN pg_class c ON c.oid = p.relation AND c.relkind NOT IN ('i', 'I')
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.attnum AND p.attnum <> 0
  WHERE a.attname IS NULL OR a.attinhcount = 0
  UNION ALL
  SELECT 'index', n.nspname, t.relname, c.relname, )sql",
             columns_in_lines("i.indrelid", R"sql(a.attnum IN (SELECT o.refobjsubid FROM pg_depend o
      WHERE o.classid = 'pg_class'::regclass AND o.objid = c.oid AND o.refclassid = 'pg_class'::regclass
        AND o.refobjid = i.indrelid AND o.refobjsubid > 0))sql"),
             R"sql(, true, true
  FROM depends d JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind IN ('i', 'I')
  JOIN pg_index i ON i.indexrelid = c.oid JOIN pg_class t ON t.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT c.relispartition
  UNION ALL
  SELECT CASE WHEN r.rulename <> '_RETURN' THEN 'rule' WHEN c.relkind = 'm' THEN 'materialized view' ELSE 'view' END,
    n.nspname, c.relname, CASE WHEN r.rulename <> '_RETURN' THEN r.rulename ELSE '' END, '', true, true
  FROM depends d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
  JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
  UNION ALL
  SELECT 'statistics object', n.nspname, c.relname, x.stxname, )sql",
             columns_in_lines("x.stxrelid", R"sql(a.attnum IN (SELECT o.refobjsubid FROM pg_depend o
      WHERE o.classid = d.classid AND o.objid = d.objid AND o.refclassid = 'pg_class'::regclass
        AND o.refobjid = x.stxrelid AND o.refobjsubid > 0))sql"),
             R"sql(, true, true
  FROM depends d JOIN pg_statistic_ext x ON d.classid = 'pg_statistic_ext'::regclass AND x.oid = d.objid
  JOIN pg_class c ON c.oid = x.stxrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  UNION ALL
  SELECT 'constraint', n.nspname, c.relname, k.conname, )sql",
             columns_in_lines("k.conrelid", "a.attnum = ANY (k.conkey)"), R"sql(, true, true
  FROM depends d JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid AND k.conislocal
  JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  UNION ALL
  SELECT 'policy', n.nspname, c.relname, p.polname, '', true, true
  FROM depends d JOIN pg_policy p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid
  JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  UNION ALL
  SELECT 'trigger', n.nspname, c.relname, g.tgname, '', true, true
  FROM depends d JOIN pg_trigger g ON d.classid = 'pg_trigger'::regclass AND g.oid = d.objid
  JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE NOT g.tgisinternal AND NOT EXISTS (
    SELECT FROM pg_depend o WHERE o.classid = d.classid AND o.objid = d.objid AND o.refclassid = d.classid)
  UNION ALL
  SELECT 'function', n.nspname, '', p.proname, '', true, pg_function_is_visible(p.oid)
  FROM depends d JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
  JOIN pg_namespace n ON n.oid = p.pronamespace
  UNION ALL
  SELECT CASE WHEN y.typtype = 'd' THEN 'domain' ELSE 'type' END, n.nspname, '', y.typname, '', true, pg_type_is_visible(y.oid)
  FROM depends d LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
  JOIN pg_type y ON d.classid = 'pg_type'::regclass AND y.oid = d.objid OR y.oid = k.contypid
  JOIN pg_namespace n ON n.oid = y.typnamespace
  WHERE NOT EXISTS (SELECT FROM target o WHERE o.classid = 'pg_type'::regclass AND o.oid = y.oid)
  UNION ALL
  SELECT i.type, '', '', '', i.identity, true, true
  FROM depends d CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) i
  WHERE d.classid NOT IN ('pg_attrdef'::regclass, 'pg_class'::regclass, 'pg_rewrite'::regclass, 'pg_constraint'::regclass,
    'pg_policy'::regclass, 'pg_trigger'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass, 'pg_statistic_ext'::regclass)
  UNION ALL
  SELECT 'function', n.nspname, '', p.proname,
    CASE WHEN $1 = 'function' AND l.lanname IN ('sql', 'plpgsql') THEN p.prosrc ELSE '' END, false, pg_function_is_visible(p.oid)
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
  WHERE l.lanname NOT IN ('internal', 'c') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pgsluice')
    AND EXISTS (SELECT FROM own) AND NOT EXISTS (SELECT FROM own o WHERE o.classid = 'pg_proc'::regclass AND o.oid = p.oid)
    AND NOT EXISTS (SELECT FROM sibling s WHERE s.classid = 'pg_proc'::regclass AND s.objid = p.oid)
    AND CASE WHEN strpos(lower(p.prosrc), replace(lower($3::text), '"', '""')) = 0 THEN false
      WHEN $3::text !~ '^\w+$' OR $1 = 'function' AND l.lanname IN ('sql', 'plpgsql') THEN true
      WHEN $1 = 'function' THEN )sql",
             k_code_without_comments, R"sql( ~* format('(^|[^\w])"?%s"?\s*\(', $3::text)
      ELSE )sql",
             k_code_without_comments, R"sql( ~* format(')sql", k_type_in_code, R"sql(', $3::text) END)
SELECT kind, schema, relation, part, more, bool_or(certain), bool_or(is_visible), '' FROM used
GROUP BY kind, schema, relation, part, more ORDER BY 6 DESC, 1, 2, 3, 4)sql");
}

}  // namespace pgsluice::queries
