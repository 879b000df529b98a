// SPDX-License-Identifier: Apache-2.0
// What is in a schema or an extension, which goes with it, or gets another name, though nobody names it.

#include <algorithm>

#include "base/text.hpp"
#include "gate/record.hpp"
#include "gate/sources.hpp"

namespace pgsluice {
namespace {

// $1: whether it is an extension, $2: its name. Functions by name, where all of that name are in it: those of an extension are
// many. Those of them that take a value of its own types are used by whom has one: a column, or a cast.
constexpr std::string_view k_members = R"sql(
WITH member AS MATERIALIZED (
  SELECT d.classid, d.objid FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = $2::name
  WHERE $1::boolean AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'),
object AS (
  SELECT 'function' AS kind, 'pg_proc'::regclass AS classid, p.oid, p.pronamespace AS namespace, p.proname AS name, (
    SELECT coalesce(string_agg(y.typname, ',' ORDER BY a.n), '')
    FROM unnest(p.proargtypes) WITH ORDINALITY a (oid, n) JOIN pg_type y ON y.oid = a.oid) AS arguments
  FROM pg_proc p WHERE NOT EXISTS (SELECT FROM member m JOIN pg_type y
    ON m.classid = 'pg_type'::regclass AND y.oid = m.objid AND p.proargtypes::oid[] && ARRAY[y.oid, y.typarray])
  UNION ALL
  SELECT 'type', 'pg_type'::regclass, y.oid, y.typnamespace, y.typname, ''
  FROM pg_type y LEFT JOIN pg_class c ON c.oid = y.typrelid
  WHERE y.typtype IN ('b', 'c', 'd', 'e', 'r') AND y.typcategory <> 'A' AND (y.typrelid = 0 OR c.relkind = 'c')
  UNION ALL
  SELECT 'relation', 'pg_class'::regclass, c.oid, c.relnamespace, c.relname, ''
  FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')),
found AS MATERIALIZED (
  SELECT o.kind, n.nspname, o.name, o.arguments, CASE WHEN $1::boolean
    THEN EXISTS (SELECT FROM member m WHERE m.classid = o.classid AND m.objid = o.oid) ELSE n.nspname = $2::name END AS is_in_it
  FROM object o JOIN pg_namespace n ON n.oid = o.namespace WHERE n.nspname NOT IN ('pg_catalog', 'information_schema'))
SELECT kind, nspname, name, '*' FROM found WHERE kind = 'function' GROUP BY 1, 2, 3 HAVING bool_and(is_in_it)
UNION ALL
SELECT f.kind, f.nspname, f.name, f.arguments FROM found f WHERE f.is_in_it AND (f.kind <> 'function' OR EXISTS (
  SELECT FROM found o WHERE o.kind = f.kind AND o.nspname = f.nspname AND o.name = f.name AND NOT o.is_in_it))
ORDER BY 1, 2, 3, 4)sql";

GateSubject::Kind kind_of(std::string_view kind) {
  return kind == "function" ? GateSubject::Kind::function
         : kind == "type"   ? GateSubject::Kind::type
                            : GateSubject::Kind::relation;
}

}  // namespace

void add_members(Session& session, GateQuestion& question) {
  for (const GateContainer& container : question.containers) {
    const bool is_extension = container.kind == GateContainer::Kind::extension;
    const SqlResult rows =
        checked_read(session.query(k_members, {is_extension ? "true" : "false", container.name}));
    for (std::size_t row = 0; row < rows.rows.size(); ++row) {
      GateSubject subject{.relation = {.schemaname = rows.text(row, 1), .relname = rows.text(row, 2)},
                          .column = {},
                          .change = container.change,
                          .kind = kind_of(rows.text(row, 0)),
                          .arguments = rows.text(row, 3)};
      if (std::ranges::find(question.subjects, subject) == question.subjects.end())
        question.subjects.push_back(std::move(subject));
    }
  }
}

}  // namespace pgsluice
