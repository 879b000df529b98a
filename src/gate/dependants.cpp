// SPDX-License-Identifier: Apache-2.0
// What else in the database uses what is taken away. PostgreSQL knows that of views, rules, policies and their like; the
// bodies of functions are text to it, so that a function which names both table and column counts as doubt.

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

#include "base/json.hpp"
#include "base/text.hpp"
#include "gate/named_sql.hpp"
#include "gate/names_before.hpp"
#include "gate/query_target.hpp"
#include "gate/sources.hpp"

namespace pgsluice {
namespace {

// $1: the relation, $2: its column or '', $3: whether its partitions and children lose as much. What goes with a table or
// column by itself (indexes, its own constraints, statistics) is no user of it.
constexpr std::string_view k_dependants = R"sql(
WITH RECURSIVE family AS (
  SELECT c.oid, true AS is_root FROM pg_class c WHERE c.oid = to_regclass($1)
  UNION
  SELECT i.inhrelid, false FROM pg_inherits i JOIN family f ON i.inhparent = f.oid WHERE $3::boolean),
target AS MATERIALIZED (
  SELECT c.oid, c.reltype, (SELECT y.typarray FROM pg_type y WHERE y.oid = c.reltype) AS arraytype, c.relname, n.nspname,
    coalesce(a.attnum, 0)::integer AS attnum, $2::text AS attname, f.is_root,
    CASE WHEN f.is_root THEN '' ELSE format('%I.%I', n.nspname, c.relname) END AS through
  FROM family f JOIN pg_class c ON c.oid = f.oid JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = $2 AND NOT a.attisdropped
    AND (f.is_root OR a.attinhcount > 0)
  WHERE $2 = '' OR a.attnum IS NOT NULL),
depends AS MATERIALIZED (
  SELECT d.classid, d.objid, d.objsubid, t.oid AS target, t.attnum, t.is_root, t.through FROM pg_depend d, target t
  WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid AND (t.attnum = 0 OR d.refobjsubid = t.attnum
    -- A whole row has it, too, of which the catalog does not say so.
    OR d.classid = 'pg_rewrite'::regclass AND EXISTS (SELECT FROM pg_rewrite w WHERE w.oid = d.objid
      AND strpos(w.ev_action::text, format(':varattno 0 :vartype %s ', t.reltype)) > 0))),
word AS MATERIALIZED (
  SELECT p.oid, p.prosrc, p.proname, n.nspname AS schema, r.has_row, t.relname, t.attname, t.attnum, t.through,
    t.oid AS target
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang, target t,
    LATERAL (SELECT t.reltype <> 0 AND (t.reltype = ANY (p.proargtypes) OR t.arraytype = ANY (p.proargtypes)
      OR p.prorettype IN (t.reltype, t.arraytype)) OR EXISTS (
      SELECT FROM pg_trigger g WHERE g.tgfoid = p.oid AND g.tgrelid = t.oid AND NOT g.tgisinternal) AS has_row) AS r
  WHERE l.lanname NOT IN ('internal', 'c') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pgsluice')
    AND (t.is_root OR r.has_row OR strpos(lower(p.prosrc), lower(t.relname)) > 0)),
-- Functions that give rows of it.
giver AS MATERIALIZED (
  SELECT t.oid, '\m(' || string_agg(DISTINCT g.proname::text, '|') || ')\M' AS pattern
  FROM target t JOIN pg_proc g ON t.reltype <> 0 AND t.attnum <> 0 AND g.prorettype IN (t.reltype, t.arraytype)
  WHERE g.proname ~ '^\w+$' GROUP BY t.oid),
named AS (
  SELECT w.oid, w.schema, w.proname, w.through,
    w.attnum = 0 OR CASE WHEN w.attname ~ '^\w+$' THEN w.prosrc ~* ('\m' || w.attname || '\M')
      ELSE strpos(w.prosrc, w.attname) > 0 END AS names_column,
    w.has_row OR CASE WHEN w.relname ~ '^\w+$' THEN w.prosrc ~* ('\m' || w.relname || '\M')
      ELSE strpos(w.prosrc, w.relname) > 0 END
      OR coalesce((SELECT w.prosrc ~* g.pattern FROM giver g WHERE g.oid = w.target), false) AS names_relation
  FROM word w),
used AS (
  SELECT CASE WHEN r.rulename <> '_RETURN' THEN 'rule' WHEN c.relkind = 'm' THEN 'materialized view' ELSE 'view' END
      AS kind, n.nspname AS schema, c.relname AS relation,
    CASE WHEN r.rulename <> '_RETURN' THEN r.rulename ELSE '' END AS part, '' AS more, true AS certain,
    true AS is_visible, d.through
  FROM depends d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
  JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid <> d.target OR d.attnum <> 0
  UNION ALL
  SELECT 'table', t.nspname, t.relname, '', '', true, true, ''
  FROM target t JOIN pg_class c ON c.oid = t.oid WHERE NOT t.is_root AND t.attnum = 0 AND NOT c.relispartition
  UNION ALL
  SELECT 'generated column', n.nspname, c.relname, a.attname, '', true, true, d.through
  FROM depends d LEFT JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
  JOIN pg_attribute a ON a.attrelid = d.target AND a.attnum = coalesce(f.adnum, d.objsubid)
  JOIN pg_class c ON c.oid = d.target JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE d.attnum <> 0 AND a.attnum <> d.attnum AND a.attgenerated <> '' AND (d.is_root OR a.attinhcount = 0)
    AND (f.oid IS NOT NULL OR d.classid = 'pg_class'::regclass AND d.objid = d.target)
  UNION ALL
  SELECT 'policy', n.nspname, c.relname, p.polname, '', true, true, d.through
  FROM depends d JOIN pg_policy p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid
  JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE p.polrelid <> d.target OR d.attnum <> 0
  UNION ALL
  SELECT 'trigger', n.nspname, c.relname, g.tgname, '', true, true, d.through
  FROM depends d JOIN pg_trigger g ON d.classid = 'pg_trigger'::regclass AND g.oid = d.objid
  JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE NOT g.tgisinternal AND d.attnum <> 0 AND (d.is_root OR NOT EXISTS (
    SELECT FROM pg_depend o WHERE o.classid = d.classid AND o.objid = d.objid AND o.refclassid = d.classid))
  UNION ALL
  SELECT 'publication', t.nspname, t.relname, p.pubname, '', true, true, t.through
  FROM pg_publication p JOIN pg_publication_rel r ON r.prpubid = p.oid JOIN target t ON r.prrelid = t.oid
  WHERE t.attnum = 0 OR to_jsonb(r)->>'prattrs' IS NULL
    OR t.attnum::text = ANY (regexp_split_to_array(btrim(to_jsonb(r)->>'prattrs', '[]'), '[ ,]+'))
  UNION ALL
  SELECT 'publication', '', '', p.pubname, ' FOR ALL TABLES', true, true, t.through
  FROM pg_publication p, target t JOIN pg_class c ON c.oid = t.oid
  WHERE p.puballtables AND c.relkind IN ('r', 'p') AND c.relpersistence = 'p'
  UNION ALL
  SELECT 'publication', '', '', p.pubname, format(' FOR TABLES IN SCHEMA %I', t.nspname), true, true, t.through
  FROM target t JOIN pg_class c ON c.oid = t.oid AND c.relkind IN ('r', 'p') AND c.relpersistence = 'p'
  JOIN pg_depend s ON s.refclassid = 'pg_namespace'::regclass AND s.refobjid = c.relnamespace
    AND s.classid = to_regclass('pg_catalog.pg_publication_namespace')
  JOIN pg_depend q ON q.classid = s.classid AND q.objid = s.objid AND q.refclassid = 'pg_publication'::regclass
  JOIN pg_publication p ON p.oid = q.refobjid
  UNION ALL
  SELECT 'foreign key', n.nspname, c.relname, k.conname, (SELECT string_agg(a.attname, E'\n') FROM pg_attribute a
    WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)), true, true, t.through
  FROM pg_constraint k JOIN target t ON k.confrelid = t.oid
  JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE k.contype = 'f' AND (t.attnum = 0 OR t.attnum = ANY (k.confkey)) AND k.conparentid = 0
    AND NOT EXISTS (SELECT FROM target o WHERE o.oid = k.conrelid)
  UNION ALL
  -- Its index goes with a column that only an expression or WHERE of it has, and DROP COLUMN refuses to take it along with that.
  SELECT 'constraint', n.nspname, c.relname, k.conname, '', true, true, d.through
  FROM depends d JOIN pg_constraint k ON d.classid = 'pg_class'::regclass AND k.conindid = d.objid AND k.contype = 'x'
  JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE d.attnum <> 0 AND d.attnum <> ALL (k.conkey) AND (d.is_root OR k.conparentid = 0)
  UNION ALL
  SELECT 'default', n.nspname, c.relname, a.attname, '', true, true, s.through
  FROM depends s JOIN pg_class q ON s.classid = 'pg_class'::regclass AND q.oid = s.objid AND q.relkind = 'S'
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = q.oid AND d.classid = 'pg_attrdef'::regclass
  JOIN pg_attrdef f ON f.oid = d.objid JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
  JOIN pg_class c ON c.oid = f.adrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE NOT EXISTS (SELECT FROM target o WHERE o.oid = f.adrelid AND (o.attnum = 0 OR o.attnum = f.adnum))
  UNION ALL
  SELECT CASE WHEN a.attgenerated = '' THEN 'default' ELSE 'column' END, n.nspname, c.relname, a.attname, '', true, true, d.through
  FROM depends d JOIN pg_class s ON s.oid = d.target AND s.relkind = 'S'
  JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
  JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
  JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  -- What a partition has from its parent goes with that.
  WHERE NOT EXISTS (SELECT FROM pg_inherits i JOIN pg_attrdef pf ON pf.adrelid = i.inhparent
    JOIN pg_attribute pa ON pa.attrelid = pf.adrelid AND pa.attnum = pf.adnum AND pa.attname = a.attname
    JOIN depends pd ON pd.classid = 'pg_attrdef'::regclass AND pd.objid = pf.oid
    WHERE i.inhrelid = a.attrelid AND a.attinhcount > 0)
  UNION ALL
  SELECT 'column', n.nspname, c.relname, a.attname, '', true, true, t.through
  FROM target t JOIN pg_type y ON t.attnum = 0 AND (y.oid = t.reltype OR y.typelem = nullif(t.reltype, 0))
  JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass AND d.refobjid = y.oid AND d.classid = 'pg_class'::regclass
  JOIN pg_attribute a ON a.attrelid = d.objid AND a.attnum = d.objsubid
  JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE NOT EXISTS (SELECT FROM target o WHERE o.oid = a.attrelid)
  UNION ALL
  SELECT 'function', n.nspname, '', p.proname, '', true, pg_function_is_visible(p.oid), d.through
  FROM depends d JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
  JOIN pg_namespace n ON n.oid = p.pronamespace
  UNION ALL
  SELECT 'function', schema, '', proname, '', false, pg_function_is_visible(oid), through
  FROM named WHERE names_column AND names_relation)
SELECT kind, schema, relation, part, more, bool_or(certain), bool_or(is_visible), min(through) FROM used
GROUP BY kind, schema, relation, part, more ORDER BY 6 DESC, 1, 2, 3, 4)sql";

/// Who relies on a key ($2) of a table ($1): foreign keys, and views that group by it.
constexpr std::string_view k_key_dependants = R"sql(
WITH key AS MATERIALIZED (SELECT k.oid, k.conrelid, k.conindid FROM pg_constraint k
  WHERE k.conrelid = to_regclass($1) AND k.conname = $2 AND k.contype IN ('p', 'u'))
SELECT 'foreign key', n.nspname, c.relname, f.conname, (SELECT string_agg(a.attname, E'\n') FROM pg_attribute a
    WHERE a.attrelid = f.conrelid AND a.attnum = ANY (f.conkey)), true, true, ''
FROM key k JOIN pg_constraint f ON f.contype = 'f' AND f.confrelid = k.conrelid AND f.conindid = k.conindid AND f.conparentid = 0
JOIN pg_class c ON c.oid = f.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
UNION
SELECT CASE WHEN c.relkind = 'm' THEN 'materialized view' ELSE 'view' END, n.nspname, c.relname, '', '', true, true, ''
FROM key k JOIN pg_depend d ON d.refclassid = 'pg_constraint'::regclass AND d.refobjid = k.oid
JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace ORDER BY 1, 2, 3, 4)sql";

/// What uses the subject: a relation (no part), a part of one, or something else (no relation).
struct Dependant {
  std::string kind;
  RelationName
      relation;  ///< without a schema: publications of more than one table; without a name: functions, types
  std::string part;
  /// Of a publication: of what it is one; of a foreign key, index or other constraint: its columns, in lines; of what has no
  /// part either: all of it; of a function that is not certain: its code, if it can be read.
  std::string more;
  bool certain = false;
  bool is_visible = false;  ///< a function or type that is found without its schema
  std::string through;      ///< the partition or child that it uses; empty: the subject itself

  [[nodiscard]] bool is_publication() const { return kind == "publication"; }
  /// Its name stands in a schema, and it is no relation.
  [[nodiscard]] bool is_named() const { return kind == "function" || kind == "type" || kind == "domain"; }
  [[nodiscard]] std::string words() const {
    const std::string name = is_named()                   ? RelationName{relation.schemaname, part}.quoted()
                             : part.empty()               ? relation.empty() ? more : relation.quoted()
                                           : is_publication() ? cat(quote_ident(part), more)
                             : kind == "default"          ? cat(quote_ident(part), " of ", relation.quoted())
                             : kind == "column"           ? cat(quote_ident(part), " of ", relation.quoted())
                             : kind == "generated column" ? quote_ident(part)
                                                          : cat(quote_ident(part), " on ", relation.quoted());
    return printable_line(cat(kind, " ", name, through.empty() ? "" : cat(" (through ", through, ")")));
  }
};

Dependant dependant_in(const SqlResult& rows, std::size_t row) {
  return {.kind = rows.text(row, 0),
          .relation = {.schemaname = rows.text(row, 1), .relname = rows.text(row, 2)},
          .part = rows.text(row, 3),
          .more = rows.text(row, 4),
          .certain = rows.truth(row, 5),
          .is_visible = rows.truth(row, 6),
          .through = rows.text(row, 7)};
}

// ---- what the file itself takes away or makes anew --------------------------------------------------------------

/// The relation that a command is about. Its lock may have another role as well: a table that refers to itself.
const RelationName* target_of(const Command& written, const CommandEffect& effect) {
  const auto target = std::ranges::find(effect.locks, "target", &RelationLock::role);
  if (target != effect.locks.end()) return &target->relation;
  const RelationRef* named = written.relation("target");
  if (named == nullptr) return nullptr;
  const auto same = std::ranges::find_if(effect.locks, [named](const RelationLock& lock) {
    return lock.relation.relname == named->name.relname &&
           (named->name.schemaname.empty() || lock.relation.schemaname == named->name.schemaname);
  });
  return same == effect.locks.end() ? nullptr : &same->relation;
}

/// By kind and full name: elsewhere there may be others of that name, and those use the subject as before.
class Settled {
 public:
  explicit Settled(const FileAnalysis& file) {
    for (const Effect& effect : file.effects) {
      for (const CommandEffect& command : effect.commands) {
        const Command& written = command_of(file, effect, command);
        add(written, command);
        names_.follow(written, command);
      }
    }
  }

  [[nodiscard]] bool has(const Dependant& dependant) const {
    // A publication of the table is somebody's who knows it, also when it goes with the table.
    const bool goes_along =
        !dependant.is_publication() &&
        (schemas_.contains(dependant.relation.schemaname) || relations_.contains(dependant.relation));
    const bool is_index =
        dependant.kind == "index" && relations_.contains({dependant.relation.schemaname, dependant.part});
    const bool needs_no_schema = dependant.is_publication() || dependant.is_named();
    return goes_along || is_in_schema(dependant) || is_index || loses_column(dependant) ||
           parts_.contains({dependant.kind, dependant.relation, dependant.part}) ||
           (needs_no_schema && dependant.is_visible &&
            parts_.contains({dependant.kind, RelationName{}, dependant.part}));
  }

  /// A foreign key that CASCADE takes along stands there again, under its name or on its columns.
  [[nodiscard]] bool makes_anew(const Dependant& dependant) const {
    return dependant.kind == "foreign key" &&
           (made_keys_.contains({dependant.relation, dependant.part}) ||
            made_keys_.contains({dependant.relation, in_lines(split(dependant.more, '\n'))}));
  }

 private:
  /// An operator, a class of them, a cast: of these only what they are called is known.
  [[nodiscard]] bool is_in_schema(const Dependant& dependant) const {
    if (!dependant.relation.schemaname.empty() || !dependant.part.empty() || dependant.is_publication())
      return false;
    return std::ranges::any_of(schemas_, [&dependant](const std::string& schema) {
      const std::string prefix = cat(quote_ident(schema), ".");
      return dependant.more.starts_with(prefix) || dependant.more.starts_with("(" + prefix) ||
             dependant.more.find(cat(" of ", prefix)) != std::string::npos;
    });
  }

  /// A foreign key, CHECK, index or statistics object goes with any of its columns, and of a partition with what that has it from.
  [[nodiscard]] bool loses_column(const Dependant& dependant) const {
    constexpr std::array<std::string_view, 4> kinds = {"foreign key", "constraint", "index",
                                                       "statistics object"};
    if (std::ranges::find(kinds, dependant.kind) == kinds.end()) return false;
    const std::vector<std::string_view> columns = split(dependant.more, '\n');
    return std::ranges::any_of(columns, [&](std::string_view column) {
      const std::vector<std::string_view> parts = split(column, '\t');
      const RelationName relation =
          parts.size() == 3 ? RelationName{.schemaname = parts[0], .relname = parts[1]} : dependant.relation;
      return parts_.contains({"column", relation, std::string(parts.back())});
    });
  }

  static std::string in_lines(std::vector<std::string_view> columns) {
    std::ranges::sort(columns);
    return join(std::vector<std::string>(columns.begin(), columns.end()), "\n");
  }

  void add(const Command& command, const CommandEffect& effect) {
    const RelationName* named = target_of(command, effect);
    const RelationName first = named == nullptr ? RelationName() : names_.of(*named);
    const RelationName* target = named == nullptr ? nullptr : &first;
    if (command.tag == "DropStmt" && command.text("removeType") == "OBJECT_SCHEMA") {
      schemas_.insert(command.name);
    } else if (command.tag == "DropStmt" && target != nullptr && command.name.empty()) {
      relations_.insert(*target);
    } else {
      add_part(command, target);
      if (command.tag == "AT_AddConstraint" && target != nullptr) add_keys(command, *target);
    }
  }

  void add_keys(const Command& command, const RelationName& relation) {
    for (const Constraint& constraint : command.constraints) {
      if (constraint.contype != "CONSTR_FOREIGN") continue;
      std::vector<std::string_view> columns;
      for (const Name column : constraint.columns) columns.emplace_back(column);
      made_keys_.insert({relation, in_lines(std::move(columns))});
      if (!constraint.name.empty()) made_keys_.insert({relation, constraint.name.str()});
    }
  }

  void add_part(const Command& command, const RelationName* relation) {
    std::string part(command.tag == "ViewStmt" ? "" : command.name);
    if (relation != nullptr && command.tag.starts_with("AT_")) part = names_.of(*relation, part);
    const bool is_of_it = relation != nullptr && command.text("action") != "AP_SetObjects";
    for (const std::string_view kind : kinds_of(command)) {
      const Name schema = command.type ? command.type->schemaname : command.new_name;
      const bool is_named = kind == "function" || kind == "type" || kind == "domain";
      const RelationName of = is_named   ? RelationName{.schemaname = schema, .relname = {}}
                              : is_of_it ? *relation
                                         : RelationName{};
      parts_.insert({std::string(kind), of, part});
    }
  }

  static std::vector<std::string_view> kinds_of(const Command& command) {
    const std::string_view what = command.text("removeType");
    if (what == "OBJECT_RULE" || command.tag == "RuleStmt") return {"rule"};
    if (what == "OBJECT_POLICY" || command.tag == "AlterPolicyStmt") return {"policy"};
    if (what == "OBJECT_TRIGGER" || command.tag == "CreateTrigStmt") return {"trigger"};
    if (what == "OBJECT_PUBLICATION" || takes_from_publication(command)) return {"publication"};
    if (what == "OBJECT_FUNCTION" || what == "OBJECT_PROCEDURE" || what == "OBJECT_ROUTINE" ||
        what == "OBJECT_AGGREGATE" || command.tag == "CreateFunctionStmt")
      return {"function"};
    if (what == "OBJECT_TYPE" || what == "OBJECT_DOMAIN") return {"type", "domain"};
    if (command.tag == "ViewStmt") return {"view"};
    if (command.tag == "AT_DropConstraint") return {"foreign key", "constraint"};
    if (command.tag == "AT_DropColumn") return {"generated column", "column", "default"};
    if (command.tag == "AT_ColumnDefault" || command.tag == "AT_DropIdentity") return {"default"};
    if (command.tag == "AT_DropExpression" || command.tag == "AT_SetExpression") return {"generated column"};
    if (command.tag == "AT_AlterColumnType") return {"column"};
    return {};
  }

  /// SET says which tables stay.
  static bool takes_from_publication(const Command& command) {
    const std::string_view action = command.text("action");
    return command.tag == "AlterPublicationStmt" && (action == "AP_DropObjects" || action == "AP_SetObjects");
  }

  NamesBefore names_;
  std::set<std::string> schemas_;
  std::set<RelationName> relations_;
  std::set<std::tuple<std::string, RelationName, std::string>> parts_;
  std::set<std::pair<RelationName, std::string>> made_keys_;  ///< by name, and by columns
};

/// A renamed relation or column is renamed for all of PostgreSQL's own references, too; a subscriber knows the old name.
/// Who calls a function by its name gets the one that the file makes anew, and a constraint is made anew for another type.
bool follows(const GateSubject& subject, const Dependant& dependant) {
  if (subject.kind == GateSubject::Kind::relation && subject.change == Change::altered &&
      dependant.kind == "constraint")
    return true;
  const bool is_made_anew = subject.kind == GateSubject::Kind::function && subject.change == Change::altered;
  return (is_made_anew && !dependant.certain) ||
         (subject.change == Change::renamed && dependant.certain && !dependant.is_publication());
}

/// Code that calls another function of that name, or has a table of it.
bool means_another(Session& session, const GateSubject& subject, const Dependant& dependant) {
  if (subject.kind != GateSubject::Kind::function || dependant.certain || dependant.more.empty())
    return false;
  const auto target = find_named_target(session, subject);
  return std::holds_alternative<QueryTarget>(target) &&
         !may_call(dependant.more, std::get<QueryTarget>(target));
}

std::vector<Dependant> dependants_of(Session& session, const GateSubject& subject, const SqlResult& rows,
                                     const Settled& settled) {
  std::vector<Dependant> found;
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    Dependant dependant = dependant_in(rows, row);
    if (settled.has(dependant) || follows(subject, dependant)) continue;
    if (!means_another(session, subject, dependant)) found.push_back(std::move(dependant));
  }
  return found;
}

/// Its partitions and children lose with it what they have from it; of what is done to it as a whole, only a DROP is done to
/// them, too.
bool takes_from_children(const GateSubject& subject) {
  return !subject.column.empty() || subject.change == Change::dropped;
}

Evidence judge(const std::string& subject, const std::vector<Dependant>& found) {
  Evidence evidence{.provider = std::string(provider::dependants), .subject = subject};
  constexpr std::size_t most = 3;
  std::vector<std::string> some;
  OrderedJson all = OrderedJson::array();
  for (const Dependant& dependant : found) {
    all.push_back({{"object", dependant.words()}, {"certain", dependant.certain}});
    if (some.size() < most) some.push_back(dependant.words());
  }
  if (found.size() > most) some.push_back(cat(std::to_string(found.size() - most), " more"));
  evidence.detail = dump({{"dependants", all}});
  const std::string what = printable_line(subject);
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

Evidence not_read(const std::string& subject, const SqlResult& rows) {
  return {.provider = std::string(provider::dependants),
          .subject = subject,
          .verdict = Verdict::unknown,
          .words = cat("cannot read the catalogs: ", printable_line(rows.error.message))};
}

/// Who uses a part that nobody names cannot be asked.
Evidence doubt(const RelationName& table) {
  return {
      .provider = std::string(provider::dependants),
      .subject = table.quoted(),
      .verdict = Verdict::unknown,
      .words = cat("CASCADE takes parts of ", printable_line(table.quoted()),
                   " along that the file does not name, and who uses them is not known: take them away by "
                   "name first, and leave CASCADE out")};
}

/// Nothing of constraints that nobody relies on.
void judge_keys(Session& session, const FileAnalysis& file, const Settled& settled,
                std::vector<Evidence>& evidence) {
  for (const Effect& effect : file.effects) {
    for (const CommandEffect& command : effect.commands) {
      const Command& written = command_of(file, effect, command);
      const auto target = std::ranges::find(command.locks, "target", &RelationLock::role);
      if (written.tag != "AT_DropConstraint" || target == command.locks.end() || target->is_new) continue;
      const bool cascades = written.text("behavior") == "DROP_CASCADE";
      const SqlResult rows = session.query(k_key_dependants, {target->relation.quoted(), written.name.str()});
      const std::string key = cat(target->relation.quoted(), ".", quote_ident(written.name));
      if (!rows.ok) {
        evidence.push_back(not_read(key, rows));
        continue;
      }
      std::vector<Dependant> found;
      for (std::size_t row = 0; row < rows.rows.size(); ++row) {
        Dependant dependant = dependant_in(rows, row);
        if (settled.has(dependant) || (cascades && settled.makes_anew(dependant))) continue;
        found.push_back(std::move(dependant));
      }
      if (!found.empty()) evidence.push_back(judge(key, found));
    }
  }
}

SqlResult find_dependants(Session& session, const GateSubject& subject) {
  if (subject.kind == GateSubject::Kind::relation) {
    return session.query(k_dependants, {subject.relation.quoted(), subject.column,
                                        takes_from_children(subject) ? "true" : "false"});
  }
  static const std::string sql = queries::named_dependants();
  return session.query(sql, queries::named_parameters(subject));
}

}  // namespace

EvidenceSource dependant_source(Session& session) {
  return {.provider = std::string(provider::dependants), .look = [&session](const GateQuestion& question) {
            std::vector<Evidence> evidence;
            for (const RelationName& table : question.taken_along) evidence.push_back(doubt(table));
            const Settled settled(question.file.analysis);
            judge_keys(session, question.file.analysis, settled, evidence);
            for (const GateSubject& subject : question.subjects) {
              if (subject.change == Change::tightened) continue;
              const SqlResult rows = find_dependants(session, subject);
              if (rows.ok) {
                evidence.push_back(judge(subject.quoted(), dependants_of(session, subject, rows, settled)));
              } else {
                evidence.push_back(not_read(subject.quoted(), rows));
              }
            }
            return evidence;
          }};
}

}  // namespace pgsluice
