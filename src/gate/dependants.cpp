// SPDX-License-Identifier: Apache-2.0
// What else in the database uses what is taken away. PostgreSQL knows that of views, rules, policies and their like; the
// bodies of functions are text to it, so that a function which names both table and column counts as doubt.

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"
#include "gate/sources.hpp"
#include "plan/sql_text.hpp"

namespace pgsluice {
namespace {

constexpr std::string_view k_provider = "dependants";

// $1: the relation, $2: its column or ''. What goes with a table or column by itself (indexes, its own constraints,
// statistics) is no user of it.
constexpr std::string_view k_dependants = R"sql(
WITH target AS MATERIALIZED (
  SELECT c.oid, c.reltype, c.relname, coalesce(a.attnum, 0)::integer AS attnum, $2::text AS attname
  FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = $2 AND NOT a.attisdropped
  WHERE c.oid = to_regclass($1) AND ($2 = '' OR a.attnum IS NOT NULL)),
depends AS MATERIALIZED (
  SELECT d.classid, d.objid, d.objsubid, t.oid AS target, t.attnum FROM pg_depend d, target t
  WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid AND (t.attnum = 0 OR d.refobjsubid = t.attnum)),
word AS MATERIALIZED (
  SELECT p.oid, p.prosrc, format('%I.%I', n.nspname, p.proname) AS name, p.proname, t.*,
    EXISTS (SELECT FROM pg_trigger g WHERE g.tgfoid = p.oid AND g.tgrelid = t.oid AND NOT g.tgisinternal)
      OR t.reltype = ANY (p.proargtypes) OR p.prorettype = t.reltype AS has_row
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang, target t
  WHERE l.lanname NOT IN ('internal', 'c') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pgsluice')),
named AS (
  SELECT w.name, w.proname, w.attnum = 0 OR CASE WHEN w.attname ~ '^\w+$' THEN w.prosrc ~* ('\m' || w.attname || '\M')
      ELSE strpos(w.prosrc, w.attname) > 0 END AS names_column,
    w.has_row OR CASE WHEN w.relname ~ '^\w+$' THEN w.prosrc ~* ('\m' || w.relname || '\M')
      ELSE strpos(w.prosrc, w.relname) > 0 END AS names_relation
  FROM word w),
used AS (
  SELECT CASE WHEN r.rulename <> '_RETURN' THEN 'rule' WHEN c.relkind = 'm' THEN 'materialized view' ELSE 'view' END
      AS kind, CASE WHEN r.rulename <> '_RETURN' THEN format('%I on %I.%I', r.rulename, n.nspname, c.relname)
      ELSE format('%I.%I', n.nspname, c.relname) END AS name,
    CASE WHEN r.rulename <> '_RETURN' THEN r.rulename ELSE c.relname END AS short, true AS certain
  FROM depends d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
  JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid <> d.target OR d.attnum <> 0
  UNION ALL
  SELECT 'generated column', format('%I', a.attname), a.attname, true
  FROM depends d LEFT JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
  JOIN pg_attribute a ON a.attrelid = d.target AND a.attnum = coalesce(f.adnum, d.objsubid)
  WHERE d.attnum <> 0 AND a.attnum <> d.attnum AND a.attgenerated <> ''
    AND (f.oid IS NOT NULL OR d.classid = 'pg_class'::regclass AND d.objid = d.target)
  UNION ALL
  SELECT 'policy', format('%I on %s', p.polname, p.polrelid::regclass), p.polname, true
  FROM depends d JOIN pg_policy p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid
  WHERE p.polrelid <> d.target OR d.attnum <> 0
  UNION ALL
  SELECT 'trigger', format('%I on %s', g.tgname, g.tgrelid::regclass), g.tgname, true
  FROM depends d JOIN pg_trigger g ON d.classid = 'pg_trigger'::regclass AND g.oid = d.objid
  WHERE NOT g.tgisinternal AND d.attnum <> 0
  UNION ALL
  SELECT 'publication', format('%I', p.pubname), p.pubname, true
  FROM pg_publication p JOIN pg_publication_rel r ON r.prpubid = p.oid JOIN target t ON r.prrelid = t.oid
  WHERE t.attnum = 0 OR to_jsonb(r)->>'prattrs' IS NULL
    OR t.attnum::text = ANY (regexp_split_to_array(btrim(to_jsonb(r)->>'prattrs', '[]'), '[ ,]+'))
  UNION ALL
  SELECT 'publication', format('%I FOR ALL TABLES', p.pubname), p.pubname, true
  FROM pg_publication p, target t JOIN pg_class c ON c.oid = t.oid
  WHERE p.puballtables AND c.relkind IN ('r', 'p') AND c.relpersistence = 'p'
  UNION ALL
  SELECT 'publication', format('%I FOR TABLES IN SCHEMA %s', p.pubname, c.relnamespace::regnamespace), p.pubname, true
  FROM target t JOIN pg_class c ON c.oid = t.oid AND c.relkind IN ('r', 'p') AND c.relpersistence = 'p'
  JOIN pg_depend s ON s.refclassid = 'pg_namespace'::regclass AND s.refobjid = c.relnamespace
    AND s.classid = to_regclass('pg_catalog.pg_publication_namespace')
  JOIN pg_depend q ON q.classid = s.classid AND q.objid = s.objid AND q.refclassid = 'pg_publication'::regclass
  JOIN pg_publication p ON p.oid = q.refobjid
  UNION ALL
  SELECT 'foreign key', format('%I on %s', k.conname, k.conrelid::regclass), k.conname, true
  FROM pg_constraint k JOIN target t ON k.confrelid = t.oid
  WHERE k.contype = 'f' AND k.conrelid <> t.oid AND (t.attnum = 0 OR t.attnum = ANY (k.confkey)) AND k.conparentid = 0
  UNION ALL
  SELECT 'default', format('%I of %s', a.attname, f.adrelid::regclass), q.relname, true
  FROM depends s JOIN pg_class q ON s.classid = 'pg_class'::regclass AND q.oid = s.objid AND q.relkind = 'S'
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = q.oid AND d.classid = 'pg_attrdef'::regclass
  JOIN pg_attrdef f ON f.oid = d.objid JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
  WHERE f.adrelid <> s.target OR s.attnum <> 0 AND f.adnum <> s.attnum
  UNION ALL
  SELECT 'column', format('%I of %s', a.attname, a.attrelid::regclass), a.attname, true
  FROM target t JOIN pg_type y ON t.attnum = 0 AND (y.oid = t.reltype OR y.typelem = t.reltype)
  JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass AND d.refobjid = y.oid AND d.classid = 'pg_class'::regclass
  JOIN pg_attribute a ON a.attrelid = d.objid AND a.attnum = d.objsubid AND a.attrelid <> t.oid
  UNION ALL
  SELECT 'function', format('%I.%I', n.nspname, p.proname), p.proname, true
  FROM depends d JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
  JOIN pg_namespace n ON n.oid = p.pronamespace
  UNION ALL
  SELECT 'function', name, proname, false FROM named WHERE names_column AND names_relation)
SELECT kind, name, short, bool_or(certain) FROM used GROUP BY kind, name, short ORDER BY 4 DESC, 1, 2)sql";

struct Dependant {
  std::string words;  ///< "view public.totals"
  bool certain = false;
  bool is_publication = false;
};

/// A renamed relation or column is renamed for all of PostgreSQL's own references, too; a subscriber knows the old name.
bool follows(const GateSubject& subject, const Dependant& dependant) {
  return subject.change == Change::renamed && dependant.certain && !dependant.is_publication;
}

std::vector<Dependant> dependants_of(const GateSubject& subject, const SqlResult& rows,
                                     const std::string& sql) {
  std::vector<Dependant> found;
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    Dependant dependant{.words = cat(rows.text(row, 0), " ", printable_line(rows.text(row, 1))),
                        .certain = rows.truth(row, 3),
                        .is_publication = rows.text(row, 0) == "publication"};
    if (!has_word(sql, rows.text(row, 2)) && !follows(subject, dependant))
      found.push_back(std::move(dependant));
  }
  return found;
}

Evidence judge(const GateSubject& subject, const std::vector<Dependant>& found) {
  Evidence evidence{.provider = std::string(k_provider), .subject = subject.quoted()};
  constexpr std::size_t most = 3;
  std::vector<std::string> some;
  OrderedJson all = OrderedJson::array();
  for (const Dependant& dependant : found) {
    all.push_back({{"object", dependant.words}, {"certain", dependant.certain}});
    if (some.size() < most) some.push_back(dependant.words);
  }
  if (found.size() > most) some.push_back(cat(std::to_string(found.size() - most), " more"));
  evidence.detail = dump({{"dependants", all}});
  const std::string what = printable_line(subject.quoted());
  if (found.empty()) {
    evidence.verdict = Verdict::open;
    evidence.words = cat("nothing else in the database uses ", what);
  } else if (found.front().certain) {
    evidence.verdict = Verdict::closed;
    evidence.words = cat(enumerate(some, " and "), found.size() == 1 ? " uses " : " use ", what,
                         ": change that first, in an earlier file");
  } else {
    evidence.words =
        cat(enumerate(some, " and "), found.size() == 1 ? " names " : " name ", what,
            ": change that first, or say with --evidence dependants=optional that it is another one");
  }
  return evidence;
}

/// Who uses a part that nobody names cannot be asked.
Evidence doubt(const RelationName& table) {
  return {
      .provider = std::string(k_provider),
      .subject = table.quoted(),
      .verdict = Verdict::unknown,
      .words = cat("CASCADE takes parts of ", printable_line(table.quoted()),
                   " along that the file does not name, and who uses them is not known: take them away by "
                   "name first, and leave CASCADE out")};
}

}  // namespace

EvidenceSource dependant_source(Session& session) {
  return {.provider = std::string(k_provider), .look = [&session](const GateQuestion& question) {
            std::vector<Evidence> evidence;
            for (const RelationName& table : question.taken_along) evidence.push_back(doubt(table));
            const std::string sql = normalised_sql(question.file.analysis.script.source.text);
            for (const GateSubject& subject : question.subjects) {
              if (subject.change == Change::tightened) continue;
              const SqlResult rows = session.query(k_dependants, {subject.relation.quoted(), subject.column});
              if (rows.ok) {
                evidence.push_back(judge(subject, dependants_of(subject, rows, sql)));
              } else {
                evidence.push_back(
                    {.provider = std::string(k_provider),
                     .subject = subject.quoted(),
                     .verdict = Verdict::unknown,
                     .words = cat("cannot read the catalogs: ", printable_line(rows.error.message))});
              }
            }
            return evidence;
          }};
}

}  // namespace pgsluice
