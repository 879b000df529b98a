// SPDX-License-Identifier: Apache-2.0
// Stage 2, the other source of a Catalog: what a server's own catalogs say, as a value and as a file. No rows of the
// user's, only definitions and sizes. Members that are named after a column of pg_catalog hold that column's letter.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/catalog.hpp"

namespace pgsluice {

// Names of other objects are written as SQL writes them: schema.name, quoted where PostgreSQL's quote_ident() would.
// Definitions are PostgreSQL's (pg_get_constraintdef() and its kin), printed under an empty search_path.

struct SnapshotColumn {
  std::string name;
  std::string type;       ///< format_type(), with the type modifier
  std::string collation;  ///< empty: the type's own
  bool not_null = false;
  std::string default_expression;  ///< of a generated column: what it is computed from
  std::string attgenerated;        ///< s stored, v virtual, empty: not generated
  std::string attidentity;         ///< a always, d by default, empty: no identity
  std::string attstorage;          ///< empty: the type's own
  bool local = true;               ///< false: only inherited
};

struct SnapshotConstraint {
  std::string name;
  std::string contype;
  std::string definition;  ///< pg_get_constraintdef()
  bool validated = true;
  bool enforced = true;
  bool no_inherit = false;
  bool local = true;
  long long inherited = 0;  ///< coninhcount: parents that have it
  bool deferrable = false;
  bool deferred = false;
  std::string index;  ///< name of its index, in the table's schema
};

struct SnapshotIndex {
  std::string name;  ///< in the table's schema
  std::string definition;
  bool valid = true;
  bool ready = true;
  bool clustered = false;
  bool replica_identity = false;
  std::string constraint;
  std::string parent;      ///< the index of the partitioned table that it belongs to
  std::string tablespace;  ///< empty: the database's
  std::optional<double> reltuples;
  std::optional<double> bytes;
};

struct SnapshotTrigger {
  std::string name;
  std::string definition;
  std::string tgenabled = "O";
  bool inherited = false;  ///< of a partition: it belongs to the partitioned table's
};

struct SnapshotPolicy {
  std::string name;
  std::string polcmd;  ///< r a w d, or * for all
  bool permissive = true;
  std::vector<std::string> roles;  ///< empty: public
  std::string using_expression;
  std::string check_expression;
};

struct SnapshotRule {
  std::string name;
  std::string definition;
  std::string ev_enabled = "O";
};

/// What a view's query reads (pg_depend).
struct SnapshotRead {
  std::string relation;
  std::vector<std::string> columns;  ///< empty: it names none
};

struct SnapshotRelation {
  std::string schema;
  std::string name;
  std::string relkind;
  std::string relpersistence = "p";
  std::string owner;
  std::string extension;      ///< it belongs to
  std::string tablespace;     ///< empty: the database's
  std::string access_method;  ///< of tables and materialized views
  std::vector<std::string> reloptions;
  std::string relreplident = "d";
  bool row_security = false;
  bool force_row_security = false;
  bool populated = true;            ///< false: a materialized view WITH NO DATA
  std::optional<double> reltuples;  ///< none: never analyzed
  std::optional<double> bytes;      ///< pg_relation_size()
  std::optional<double> total_bytes;
  std::string partition_key;    ///< pg_get_partkeydef()
  std::string partition_bound;  ///< FOR VALUES … or DEFAULT
  bool default_partition = false;
  bool detach_pending = false;  ///< DETACH PARTITION CONCURRENTLY has not come to its end
  std::vector<std::string> parents;
  std::string of_type;
  std::string server;            ///< of a foreign table
  std::string sequence_type;     ///< of a sequence
  std::string sequence_options;  ///< what CREATE SEQUENCE would have to say besides: MINVALUE -100 …
  std::string owner_table;       ///< of an owned sequence
  std::string owner_column;
  std::vector<SnapshotColumn> columns;
  std::vector<SnapshotConstraint> constraints;
  std::vector<SnapshotIndex> indexes;
  std::vector<SnapshotTrigger> triggers;
  std::vector<SnapshotPolicy> policies;
  std::vector<SnapshotRule> rules;
  std::vector<SnapshotRead> reads;
  std::string query;  ///< pg_get_viewdef() of a view or materialized view
};

/// An enum, domain, range or base type. Composite types are relations.
struct SnapshotType {
  std::string schema;
  std::string name;
  std::string typtype;
  std::string owner;
  std::string extension;
  std::string base;  ///< of a domain; the subtype of a range
  bool not_null = false;
  std::string default_expression;
  std::vector<SnapshotConstraint> constraints;
  std::vector<std::string> labels;
  std::vector<std::string> options;  ///< of a range, besides the subtype: SUBTYPE_DIFF = float8mi …
};

/// A function or procedure. Aggregates are left out.
struct SnapshotFunction {
  std::string schema;
  std::string name;
  std::string arguments;  ///< pg_get_function_arguments()
  std::string result;     ///< pg_get_function_result(); empty for a procedure
  std::string prokind = "f";
  std::string language;
  std::string provolatile = "v";
  bool security_definer = false;
  std::vector<std::string> config;  ///< SET clauses: name=value
  std::string owner;
  std::string extension;
  std::string source;    ///< prosrc; empty for C and internal functions
  std::string sql_body;  ///< RETURN … or BEGIN ATOMIC … END
};

struct SnapshotCast {
  std::string source;
  std::string target;
  std::string castmethod;
  std::string castcontext;
};

struct SnapshotStatistics {
  std::string schema;
  std::string name;
  std::string table;
  std::string definition;
  std::string owner;
};

/// A foreign server.
struct SnapshotServer {
  std::string name;
  std::string wrapper;
  std::string owner;
};

struct SnapshotPublication {
  std::string name;
  std::string owner;
  bool all_tables = false;
  std::vector<std::string> tables;
  std::vector<std::string> filtered;  ///< the same with columns and WHERE, when it has any of those
  std::vector<std::string> schemas;
  std::string options;  ///< what CREATE PUBLICATION would have to say in WITH: publish = 'insert' …
};

struct SnapshotEventTrigger {
  std::string name;
  std::string event;
  std::string function;
  std::string evtenabled = "O";
  std::vector<std::string> tags;
};

struct SnapshotExtension {
  std::string name;
  std::string version;
  std::string schema;
};

struct SnapshotSchema {
  std::string name;
  std::string owner;
};

struct SnapshotDatabase {
  std::string name;
  long long server_version_num = 0;
  std::string system_identifier;  ///< empty: this role may not see it
  std::string timezone;
  std::string search_path;           ///< the setting
  std::vector<std::string> schemas;  ///< where it leads: current_schemas(false)
  std::string default_tablespace;
  std::string default_access_method;
};

struct Snapshot {
  std::string taken_at;  ///< UTC; the only thing in which two snapshots of an unchanged database differ
  SnapshotDatabase database;
  std::vector<SnapshotSchema> schemas;
  std::vector<SnapshotExtension> extensions;
  std::vector<SnapshotType> types;
  std::vector<SnapshotCast> casts;  ///< of and to types outside pg_catalog
  std::vector<SnapshotFunction> functions;
  std::vector<SnapshotServer> servers;
  std::vector<SnapshotRelation> relations;
  std::vector<SnapshotStatistics> statistics;
  std::vector<SnapshotPublication> publications;
  std::vector<SnapshotEventTrigger> event_triggers;
};

/// The document of rules/schema/snapshot.schema.json. What has its usual value is left out.
std::string write_snapshot(Snapshot snapshot);

/// Strict: an unknown key, a wrong type or a newer format is an Error(usage) that names file and JSON pointer.
Snapshot parse_snapshot(std::string_view text, std::string_view file_name);

/// The same values that a replay of the database's whole history would give, and complete.
Catalog make_catalog(const Snapshot& snapshot);

}  // namespace pgsluice
