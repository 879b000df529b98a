// SPDX-License-Identifier: Apache-2.0
#include "catalog/read_queries.hpp"

#include <string_view>
#include <vector>

#include "base/text.hpp"

namespace pgsluice::catalog {
namespace {

/// What initdb makes has a smaller OID (FirstNormalObjectId in access/transam.h). The schema says so, too, but is known only
/// when thousands of rows have been joined to it.
std::string is_made_later(std::string_view oid) {
  return cat(oid, " >= 16384");
}

/// Neither PostgreSQL's own schemas nor anybody's temporary tables.
std::string ours(std::string_view nspname) {
  return cat(nspname, " <> 'pg_catalog' AND ", nspname, " <> 'information_schema' AND ", nspname,
             " !~ '^pg_(toast|temp)'");
}

std::string full_name(std::string_view nspname, std::string_view name) {
  return cat("quote_ident(", nspname, ") || '.' || quote_ident(", name, ")");
}

/// The full name of the pg_class row with this oid.
std::string relation_name(std::string_view oid) {
  return cat("(SELECT ", full_name("xn.nspname", "xc.relname"),
             " FROM pg_class xc JOIN pg_namespace xn ON xn.oid = xc.relnamespace WHERE xc.oid = ", oid, ")");
}

std::string role(std::string_view oid) {
  return cat("pg_get_userbyid(", oid, ")");
}

std::string tablespace(std::string_view oid) {
  return cat("(SELECT spcname FROM pg_tablespace WHERE oid = ", oid, ")");
}

std::string extension(std::string_view catalog, std::string_view oid) {
  return cat(
      "(SELECT e.extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid WHERE d.classid = '",
      catalog, "'::regclass AND d.objid = ", oid,
      " AND d.objsubid = 0 AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e')");
}

/// Rows of `from` with `key`, if there is one, and the columns of `select` as JSON without nulls.
std::string objects(std::string_view key, std::string_view select, std::string_view from,
                    std::string_view order) {
  return cat("SELECT ", key, key.empty() ? "" : "::text, ", "json_strip_nulls(row_to_json(o)) FROM ", from,
             " CROSS JOIN LATERAL (SELECT ", select, ") o ORDER BY ", order);
}

/// An array of what is not usual of the range t in n.
std::string range_options(int version) {
  return cat(
      R"((SELECT array_remove(ARRAY[CASE WHEN NOT o.opcdefault THEN 'SUBTYPE_OPCLASS = ' || )",
      full_name("n2.nspname", "o.opcname"),
      R"( END, CASE WHEN r.rngcollation <> s.typcollation THEN 'COLLATION = ' || (SELECT )",
      full_name("n3.nspname", "l.collname"),
      R"( FROM pg_collation l JOIN pg_namespace n3 ON n3.oid = l.collnamespace WHERE l.oid = r.rngcollation) END,
                CASE WHEN r.rngsubdiff::oid <> 0 THEN 'SUBTYPE_DIFF = ' || r.rngsubdiff END)",
      version < 14 ? ""
                   : R"(,
                (SELECT 'MULTIRANGE_TYPE_NAME = ' || )" +
                         full_name("n4.nspname", "m.typname") + R"(
                   FROM pg_type m JOIN pg_namespace n4 ON n4.oid = m.typnamespace WHERE m.oid = r.rngmultitypid
                     AND (n4.oid <> n.oid OR m.typname <> CASE WHEN t.typname LIKE '%range%'
                       THEN regexp_replace(t.typname, 'range', 'multirange') ELSE t.typname || '_multirange' END)))",
      R"(], NULL)
              FROM pg_range r JOIN pg_type s ON s.oid = r.rngsubtype JOIN pg_opclass o ON o.oid = r.rngsubopc
                JOIN pg_namespace n2 ON n2.oid = o.opcnamespace WHERE r.rngtypid = t.oid))");
}

/// What is not usual of the sequence c, as CREATE SEQUENCE has it.
constexpr std::string_view k_sequence_options =
    R"((SELECT nullif(concat_ws(' ', CASE WHEN seqincrement <> 1 THEN 'INCREMENT ' || seqincrement END,
                  CASE WHEN seqmin <> CASE WHEN seqincrement > 0 THEN 1 ELSE lowest END THEN 'MINVALUE ' || seqmin END,
                  CASE WHEN seqmax <> CASE WHEN seqincrement > 0 THEN -(lowest + 1) ELSE -1 END
                    THEN 'MAXVALUE ' || seqmax END,
                  CASE WHEN seqstart <> CASE WHEN seqincrement > 0 THEN seqmin ELSE seqmax END THEN 'START ' || seqstart END,
                  CASE WHEN seqcache <> 1 THEN 'CACHE ' || seqcache END, CASE WHEN seqcycle THEN 'CYCLE' END), '')
                FROM pg_sequence, LATERAL (SELECT CASE seqtypid WHEN 'int2'::regtype THEN -32768
                  WHEN 'int4'::regtype THEN -2147483648 ELSE -9223372036854775808 END AS lowest) l
                WHERE seqrelid = c.oid) AS sequence_options, )";

constexpr std::string_view k_relations = "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace";

/// `key`: the column of another catalog that is c.oid. Only that is narrowed, never c.oid as well: in a young database the
/// planner expects a row or two of either, and would look through all of pg_class for each row of the other.
std::string of_our_relations(std::string_view kinds, std::string_view key = "c.oid") {
  return cat("c.relkind IN (", kinds, ") AND ", is_made_later(key), " AND ", ours("n.nspname"));
}

/// Where each of Rare would be, in that order: never less than its query finds.
std::vector<std::string> places() {
  const std::string made_later = cat(" WHERE ", is_made_later("oid"));
  const std::string ours_of_rules = cat(" WHERE ", is_made_later("ev_class"), " AND rulename ");
  return {
      // An array of each table's rows comes with the table.
      cat("pg_type", made_later, " AND typtype IN ('b', 'd', 'e', 'r') AND typinput <> 'array_in'::regproc"),
      "pg_cast" + made_later,
      "pg_foreign_server",
      "pg_trigger WHERE NOT tgisinternal",  // those of partitions come with one
      cat("pg_rewrite", ours_of_rules, "= '_RETURN'"),
      "pg_statistic_ext",
      "pg_publication",
      "pg_event_trigger",
      "pg_proc" + made_later,
      "pg_policy",
      cat("pg_rewrite", ours_of_rules, "<> '_RETURN'")};
}

}  // namespace

std::string Queries::presence() {
  std::vector<std::string> looks;
  for (const std::string& place : places()) looks.push_back(cat("EXISTS (SELECT FROM ", place, ")"));
  return cat("SELECT ", join(looks, ", "));
}

std::string Queries::database() {
  return R"(SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), json_strip_nulls(row_to_json(o)) FROM
    (SELECT d.datname AS name, current_setting('server_version_num')::int AS server_version_num,
      CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE')
        THEN (SELECT system_identifier::text FROM pg_control_system()) END AS system_identifier,
      current_setting('timezone') AS timezone, current_setting('search_path') AS search_path,
      current_schemas(false) AS schemas, t.spcname AS default_tablespace,
      current_setting('default_table_access_method') AS default_access_method
    FROM pg_database d JOIN pg_tablespace t ON t.oid = d.dattablespace WHERE d.datname = current_database()) o)";
}

std::string Queries::schemas() {
  return objects("", cat("n.nspname AS name, ", role("n.nspowner"), " AS owner"),
                 cat("(SELECT * FROM pg_namespace n WHERE ", ours("n.nspname"), ") n"), "n.nspname");
}

std::string Queries::extensions() {
  return objects("", "e.extname AS name, e.extversion AS version, n.nspname AS schema",
                 "pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace", "e.extname");
}

// Arrays, row types of tables and multiranges come by themselves with another type.
std::string Queries::types() const {
  return objects("",
                 cat("n.nspname AS schema, t.typname AS name, t.typtype, ", role("t.typowner"), " AS owner, ",
                     extension("pg_type", "t.oid"), " AS extension,",
                     R"( CASE t.typtype WHEN 'd' THEN format_type(t.typbasetype, t.typtypmod)
                WHEN 'r' THEN (SELECT format_type(rngsubtype, NULL) FROM pg_range WHERE rngtypid = t.oid) END AS base,
              t.typnotnull AS not_null, pg_get_expr(t.typdefaultbin, 0) AS "default",
              (SELECT json_agg(json_build_object('name', k.conname, 'contype', k.contype,
                 'definition', pg_get_constraintdef(k.oid), 'validated', k.convalidated) ORDER BY k.conname)
               FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c') AS constraints,
              (SELECT array_agg(l.enumlabel ORDER BY l.enumsortorder) FROM pg_enum l WHERE l.enumtypid = t.oid) AS labels,
              CASE WHEN t.typtype = 'r' THEN )",
                     range_options(version_), " END AS options"),
                 cat("pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace AND t.typtype IN ('b', 'd', "
                     "'e', 'r') AND ",
                     is_made_later("t.oid"), " AND ", ours("n.nspname"),
                     " AND NOT EXISTS (SELECT FROM pg_type a WHERE a.typarray = t.oid)"),
                 "n.nspname, t.typname");
}

std::string Queries::casts() {
  return objects(
      "",
      "format_type(k.castsource, NULL) AS source, format_type(k.casttarget, NULL) AS target,"
      " k.castmethod, k.castcontext",
      cat("(SELECT * FROM pg_cast WHERE ", is_made_later("oid"), ") k"),
      "format_type(k.castsource, NULL) COLLATE \"C\", format_type(k.casttarget, NULL) COLLATE \"C\"");
}

std::string Queries::servers() {
  return objects("", cat("s.srvname AS name, w.fdwname AS wrapper, ", role("s.srvowner"), " AS owner"),
                 "pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw", "s.srvname");
}

std::string Queries::relations() const {
  const std::string bytes =
      sizes_ ? "CASE WHEN c.relkind IN ('r', 'm', 'S') THEN pg_relation_size(c.oid) END AS bytes,"
               " CASE WHEN c.relkind IN ('r', 'm') THEN pg_total_relation_size(c.oid) END AS total_bytes,"
             : "";
  return objects(
      "c.oid",
      cat("n.nspname AS schema, c.relname AS name, c.relkind, c.relpersistence, ", role("c.relowner"),
          " AS owner, ", extension("pg_class", "c.oid"), " AS extension, ", tablespace("c.reltablespace"),
          " AS tablespace,",
          R"( CASE WHEN c.relkind IN ('r', 'm', 'p') THEN (SELECT amname FROM pg_am WHERE oid = c.relam) END AS access_method,
              c.reloptions, CASE WHEN c.relkind IN ('r', 'p', 'm') THEN c.relreplident ELSE 'd' END AS relreplident,
              c.relrowsecurity AS row_security,
              c.relforcerowsecurity AS force_row_security, c.relispopulated AS populated,
              CASE WHEN c.relkind IN ('r', 'm', 'p', 'f') AND c.reltuples >= 0 THEN c.reltuples END AS reltuples, )",
          bytes,
          R"( pg_get_partkeydef(c.oid) AS partition_key, pg_get_expr(c.relpartbound, 0) AS partition_bound,
              CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END AS query,
              EXISTS (SELECT FROM pg_partitioned_table WHERE partdefid = c.oid) AS default_partition, )",
          version_ >= 14 ? "EXISTS (SELECT FROM pg_inherits WHERE inhrelid = c.oid AND inhdetachpending) AS "
                           "detach_pending, "
                         : "",
          "(SELECT array_agg(", relation_name("i.inhparent"),
          " ORDER BY i.inhseqno) FROM pg_inherits i WHERE i.inhrelid = c.oid) AS parents,",
          R"( CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END AS of_type,
              (SELECT s.srvname FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = c.oid)
                AS server,
              (SELECT format_type(seqtypid, NULL) FROM pg_sequence WHERE seqrelid = c.oid) AS sequence_type, )",
          k_sequence_options, relation_name("owner.refobjid"),
          " AS owner_table, (SELECT attname FROM pg_attribute WHERE attrelid = owner.refobjid AND attnum = "
          "owner.refobjsubid)"
          " AS owner_column"),
      cat(k_relations, " AND ", of_our_relations("'r', 'p', 'v', 'm', 'f', 'S', 'c'"),
          " LEFT JOIN pg_depend owner ON c.relkind = 'S' AND owner.classid = 'pg_class'::regclass AND "
          "owner.objid = c.oid"
          " AND owner.objsubid = 0 AND owner.refclassid = 'pg_class'::regclass AND owner.deptype IN ('a', "
          "'i')"),
      cat("n.nspname, c.relname"));
}

std::string Queries::columns() {
  return objects(
      "a.attrelid",
      cat("a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, CASE WHEN a.attcollation <> "
          "t.typcollation"
          " THEN (SELECT ",
          full_name("ln.nspname", "l.collname"),
          R"( FROM pg_collation l JOIN pg_namespace ln ON ln.oid = l.collnamespace WHERE l.oid = a.attcollation)
                     END AS collation, a.attnotnull AS not_null,
                     pg_get_expr(d.adbin, CASE WHEN a.attgenerated = '' THEN 0 ELSE d.adrelid END) AS "default",
                     a.attgenerated, a.attidentity,
                     CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage END AS attstorage, a.attislocal AS local)"),
      cat(k_relations,
          " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND ",
          of_our_relations("'r', 'p', 'v', 'm', 'f', 'c'", "a.attrelid"),
          " JOIN pg_type t ON t.oid = a.atttypid"
          " LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"),
      "a.attrelid, a.attnum");
}

// A foreign key to a partitioned table has a row for each partition of it, too: those are nobody's definition.
std::string Queries::constraints() const {
  return objects(
      "k.conrelid",
      cat("k.conname AS name, k.contype, pg_get_constraintdef(k.oid) AS definition, k.convalidated AS "
          "validated, ",
          version_ >= 18 ? "k.conenforced AS enforced, " : "",
          "k.connoinherit AND k.contype IN ('c', 'n') AS no_inherit, k.conislocal AS local, k.coninhcount AS "
          "inherited,"
          " k.condeferrable AS deferrable, k.condeferred AS deferred,"
          " CASE WHEN k.contype IN ('p', 'u', 'x') THEN (SELECT relname FROM pg_class WHERE oid = "
          "k.conindid) END AS index"),
      cat(k_relations,
          " JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype IN ('p', 'u', 'x', 'f', 'c', 'n') AND ",
          of_our_relations("'r', 'p', 'f', 'm'", "k.conrelid"),
          " AND NOT EXISTS (SELECT FROM pg_constraint p WHERE p.oid = k.conparentid AND p.confrelid <> "
          "k.confrelid)"),
      "k.conrelid, k.conname");
}

std::string Queries::indexes() const {
  return objects(
      "i.indrelid",
      cat("x.relname AS name, pg_get_indexdef(x.oid) AS definition, i.indisvalid AS valid, i.indisready AS "
          "ready,"
          " i.indisclustered AS clustered, i.indisreplident AS replica_identity,"
          // Found by its relation: of conindid there is no index.
          " (SELECT conname FROM pg_constraint WHERE conrelid = i.indrelid AND conindid = x.oid"
          " AND contype IN ('p', 'u', 'x')) AS constraint, ",
          relation_name("(SELECT inhparent FROM pg_inherits WHERE inhrelid = x.oid)"), " AS parent, ",
          tablespace("x.reltablespace"),
          " AS tablespace, CASE WHEN x.relkind = 'i' AND x.reltuples >= 0 THEN x.reltuples END AS reltuples",
          sizes_ ? ", CASE WHEN x.relkind = 'i' THEN pg_relation_size(x.oid) END AS bytes" : ""),
      cat(k_relations, " JOIN pg_index i ON i.indrelid = c.oid AND ",
          of_our_relations("'r', 'p', 'm', 'f'", "i.indrelid"), " JOIN pg_class x ON x.oid = i.indexrelid"),
      "i.indrelid, x.relname");
}

// Triggers that make foreign keys and deferrable keys work belong to those.
std::string Queries::triggers() const {
  const std::string clone =
      version_ >= 13
          ? "t.tgparentid <> 0"
          : "EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_trigger'::regclass AND d.objid = t.oid"
            " AND d.refclassid = 'pg_trigger'::regclass AND d.deptype = 'P')";
  return objects(
      "t.tgrelid",
      cat("t.tgname AS name, pg_get_triggerdef(t.oid) AS definition, t.tgenabled, ", clone, " AS inherited"),
      cat(k_relations, " JOIN pg_trigger t ON t.tgrelid = c.oid AND ",
          of_our_relations("'r', 'p', 'v', 'f'", "t.tgrelid"), " AND (NOT t.tgisinternal OR ", clone,
          ") AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.oid = t.tgconstraint AND k.contype <> 't')"),
      "t.tgrelid, t.tgname");
}

std::string Queries::reads() {
  return cat(
      "SELECT r.ev_class::text, json_build_object('relation', r.relation, 'columns', coalesce(r.columns, "
      "'{}')) FROM ("
      "SELECT w.ev_class, ",
      full_name("n.nspname", "c.relname"),
      " AS relation, array_agg(DISTINCT a.attname ORDER BY a.attname) FILTER (WHERE a.attname IS NOT NULL) "
      "AS columns"
      " FROM pg_rewrite w JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid"
      " AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> w.ev_class"
      " JOIN pg_class c ON c.oid = d.refobjid JOIN pg_namespace n ON n.oid = c.relnamespace AND ",
      of_our_relations("'r', 'p', 'v', 'm', 'f'"),
      " LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid"
      " WHERE w.rulename = '_RETURN' GROUP BY w.ev_class, n.nspname, c.relname) r"
      " ORDER BY r.ev_class, r.relation COLLATE \"C\"");
}

std::string Queries::statistics() {
  return objects(
      "",
      cat("n.nspname AS schema, s.stxname AS name, ", relation_name("s.stxrelid"),
          " AS table, pg_get_statisticsobjdef(s.oid) AS definition, ", role("s.stxowner"), " AS owner"),
      cat("pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace AND ", ours("n.nspname")),
      "n.nspname, s.stxname");
}

std::string Queries::publications() const {
  return objects(
      "",
      cat("p.pubname AS name, ", role("p.pubowner"),
          " AS owner, p.puballtables AS all_tables, (SELECT array_agg(", relation_name("r.prrelid"),
          " ORDER BY ", relation_name("r.prrelid"),
          " COLLATE \"C\") FROM pg_publication_rel r WHERE r.prpubid = p.oid) AS tables,",
          R"( nullif(concat_ws(', ', CASE WHEN NOT (p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate)
                THEN 'publish = ' || quote_literal(concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END,
                  CASE WHEN p.pubupdate THEN 'update' END, CASE WHEN p.pubdelete THEN 'delete' END,
                  CASE WHEN p.pubtruncate THEN 'truncate' END)) END)",
          version_ >= 13 ? ", CASE WHEN p.pubviaroot THEN 'publish_via_partition_root = true' END" : "",
          version_ >= 18 ? ", CASE WHEN p.pubgencols = 's' THEN 'publish_generated_columns = stored' END"
                         : "",
          "), '') AS options",
          version_ >= 15 ? cat(", (SELECT array_agg(", relation_name("r.prrelid"), R"( ||
                coalesce((SELECT ' (' || string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) || ')' FROM pg_attribute a
                  WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs::int2[])), '') ||
                coalesce(' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')', '') ORDER BY )",
                               relation_name("r.prrelid"), R"( COLLATE "C")
                FROM pg_publication_rel r WHERE r.prpubid = p.oid
                HAVING bool_or(r.prattrs IS NOT NULL OR r.prqual IS NOT NULL)) AS filtered)")
                         : std::string(),
          version_ >= 15 ? ", (SELECT array_agg(s.nspname ORDER BY s.nspname) FROM pg_publication_namespace m"
                           " JOIN pg_namespace s ON s.oid = m.pnnspid WHERE m.pnpubid = p.oid) AS schemas"
                         : ""),
      "pg_publication p", "p.pubname");
}

std::string Queries::event_triggers() {
  return objects(
      "",
      cat("t.evtname AS name, t.evtevent AS event, ", full_name("n.nspname", "f.proname"),
          " AS function, t.evtenabled, t.evttags AS tags"),
      "pg_event_trigger t JOIN pg_proc f ON f.oid = t.evtfoid JOIN pg_namespace n ON n.oid = f.pronamespace",
      "t.evtname");
}

// What takes or returns "internal" cannot be called in SQL.
std::string Queries::functions() const {
  return objects(
      "",
      cat("n.nspname AS schema, p.proname AS name, a.arguments, pg_get_function_result(p.oid) AS result,"
          " p.prokind, l.lanname AS language, p.provolatile, p.prosecdef AS security_definer, p.proconfig AS "
          "config, ",
          role("p.proowner"), " AS owner, ", extension("pg_proc", "p.oid"),
          " AS extension, CASE WHEN l.lanname NOT IN ('c', 'internal') THEN nullif(p.prosrc, '') END AS "
          "source",
          version_ >= 14 ? ", pg_get_function_sqlbody(p.oid) AS sql_body" : ""),
      cat("pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND p.prokind <> 'a' AND p.prorettype <> "
          "'internal'::regtype"
          " AND NOT 'internal'::regtype = ANY (p.proargtypes) AND ",
          is_made_later("p.oid"), " AND ", ours("n.nspname"),
          " JOIN pg_language l ON l.oid = p.prolang"
          " CROSS JOIN LATERAL (SELECT pg_get_function_arguments(p.oid) AS arguments) a"),
      "n.nspname, p.proname, a.arguments COLLATE \"C\"");
}

std::string Queries::policies() {
  return objects(
      "p.polrelid",
      "p.polname AS name, p.polcmd, p.polpermissive AS permissive,"
      " (SELECT array_agg(rolname ORDER BY rolname) FROM pg_roles WHERE oid = ANY (p.polroles)) AS roles,"
      " pg_get_expr(p.polqual, p.polrelid) AS using, pg_get_expr(p.polwithcheck, p.polrelid) AS \"check\"",
      cat(k_relations, " JOIN pg_policy p ON p.polrelid = c.oid AND ",
          of_our_relations("'r', 'p'", "p.polrelid")),
      "p.polrelid, p.polname");
}

std::string Queries::rules() {
  return objects("w.ev_class", "w.rulename AS name, pg_get_ruledef(w.oid) AS definition, w.ev_enabled",
                 cat(k_relations, " JOIN pg_rewrite w ON w.ev_class = c.oid AND w.rulename <> '_RETURN' AND ",
                     of_our_relations("'r', 'p', 'v', 'm', 'f'", "w.ev_class")),
                 "w.ev_class, w.rulename");
}

}  // namespace pgsluice::catalog
