// SPDX-License-Identifier: Apache-2.0
#include "preview/recreate.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "catalog/snapshot_sql.hpp"
#include "pg/sqlstate.hpp"
#include "pgsluice/sql.hpp"
#include "preview/gone.hpp"

namespace pgsluice {
namespace {

constexpr std::string_view k_ledger = "pgsluice";  // its schema

struct Making {
  std::string what;  ///< "table public.orders"
  std::string sql;
};

/// Writes down statements, in the order in which most of them work at once.
class Writer {
 public:
  explicit Writer(const Snapshot& snapshot) : snapshot_(snapshot) {
    for (const SnapshotRelation& relation : snapshot.relations) {
      relations_[full_name(relation.schema, relation.name)] = &relation;
      if (!relation.owner_table.empty()) owned_[{relation.owner_table, relation.owner_column}] = &relation;
    }
  }

  void write() {
    for (const SnapshotSchema& schema : snapshot_.schemas) {
      if (schema.name != k_ledger)
        make("schema", quote_ident(schema.name),
             cat("CREATE SCHEMA IF NOT EXISTS ", quote_ident(schema.name)));
    }
    for (const SnapshotExtension& extension : snapshot_.extensions)
      make("extension", quote_ident(extension.name),
           cat("CREATE EXTENSION IF NOT EXISTS ", quote_ident(extension.name), " SCHEMA ",
               quote_ident(extension.schema)));
    for (const SnapshotServer& server : snapshot_.servers) write_server(server);
    for (const SnapshotType& type : snapshot_.types) {
      if (is_theirs(type)) write_type(type);
    }
    for (const SnapshotFunction& function : snapshot_.functions) {
      if (is_theirs(function)) write_function(function);
    }
    each_relation(&Writer::write_relation);
    each_relation(&Writer::write_place);
    each_relation(&Writer::write_defaults);
    each_relation(&Writer::write_keys);
    each_relation(&Writer::write_constraints);
    each_relation(&Writer::write_marks);
    each_relation(&Writer::write_code);
    for (const SnapshotStatistics& statistics : snapshot_.statistics)
      make("statistics", full_name(statistics.schema, statistics.name), statistics.definition);
    for (const SnapshotCast& cast : snapshot_.casts) write_cast(cast);
    for (const SnapshotPublication& one : snapshot_.publications) write_publication(one);
    for (const SnapshotEventTrigger& one : snapshot_.event_triggers) write_event_trigger(one);
  }

  std::vector<Making> makings;
  std::vector<std::string> missing;

 private:
  void make(std::string_view kind, const std::string& name, std::string sql) {
    makings.push_back({.what = cat(kind, " ", name), .sql = std::move(sql)});
  }
  void leave_out(std::string_view kind, const std::string& name, std::string_view why) {
    missing.push_back(cat(kind, " ", name, ": ", why));
  }

  void each_relation(void (Writer::*write)(const SnapshotRelation&, const std::string&)) {
    for (const SnapshotRelation& relation : snapshot_.relations) {
      if (is_theirs(relation)) (this->*write)(relation, full_name(relation.schema, relation.name));
    }
  }

  /// Of no extension, and not our own ledger: that belongs to the database where it is.
  template <typename Object>
  static bool is_theirs(const Object& object) {
    return object.extension.empty() && object.schema != k_ledger;
  }

  static bool is_table(const SnapshotRelation& relation) {
    return relation.relkind == "r" || relation.relkind == "p" || relation.relkind == "f";
  }

  /// Without options: nothing here leads to where it is. A wrapper that no extension has made has no handler here.
  void write_server(const SnapshotServer& server) {
    const std::string wrapper = quote_ident(server.wrapper);
    make("foreign server", quote_ident(server.name),
         cat("DO $server$ BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_foreign_data_wrapper WHERE fdwname "
             "= ",
             quote_literal(server.wrapper), ") THEN CREATE FOREIGN DATA WRAPPER ", wrapper,
             "; END IF; CREATE SERVER ", quote_ident(server.name), " FOREIGN DATA WRAPPER ", wrapper,
             "; END $server$"));
  }

  // ---- types and functions ---------------------------------------------------------------------------------------------

  void write_type(const SnapshotType& type) {
    const std::string name = full_name(type.schema, type.name);
    if (type.typtype == "e") {
      make("type", name, enum_sql(type));
    } else if (type.typtype == "d") {
      make("domain", name, domain_sql(type));
      for (const SnapshotConstraint& constraint : type.constraints) {
        if (constraint.contype == "c")
          make("constraint", cat(quote_ident(constraint.name), " of ", name), domain_sql(type, constraint));
      }
    } else if (type.typtype == "r") {
      make("type", name,
           cat("CREATE TYPE ", name, " AS RANGE (SUBTYPE = ", type.base, type.options.empty() ? "" : ", ",
               join(type.options, ", "), ")"));
    } else if (type.typtype != "m") {  // a multirange comes with its range
      leave_out("type", name, "the snapshot does not say what it is made of");
    }
  }

  void write_function(const SnapshotFunction& function) {
    const std::string name = cat(full_name(function.schema, function.name), "(", function.arguments, ")");
    // What makes values of a range comes with it; those of a multirange stand in the schema of the range.
    if (function.language == "internal" && function.result.ends_with(cat(".", quote_ident(function.name))))
      return;
    if ((function.source.empty() && function.sql_body.empty()) || function.prokind == "w") {
      leave_out("function", name, "the snapshot does not have its source");
      return;
    }
    make(function.prokind == "p" ? "procedure" : "function", name, function_sql(function));
  }

  // ---- relations -------------------------------------------------------------------------------------------------------

  [[nodiscard]] bool has_identity(const std::string& table, const std::string& column) const {
    const auto found = relations_.find(table);
    return found != relations_.end() &&
           std::ranges::any_of(found->second->columns, [&](const SnapshotColumn& one) {
             return one.name == column && !one.attidentity.empty();
           });
  }

  /// Since 18 with its name; one that is NOT VALID comes later.
  static std::string not_null_text(const SnapshotRelation& relation, const SnapshotColumn& column) {
    const std::string definition = cat("NOT NULL ", quote_ident(column.name));
    for (const SnapshotConstraint& one : relation.constraints) {
      const bool is_it = one.contype == "n" &&
                         (one.definition == definition || one.definition.starts_with(cat(definition, " ")));
      if (!is_it) continue;
      return one.validated ? cat(" CONSTRAINT ", quote_ident(one.name), " NOT NULL",
                                 one.no_inherit ? " NO INHERIT" : "")
                           : std::string();
    }
    return " NOT NULL";
  }

  /// With the name and the options of its sequence, where the snapshot has it.
  [[nodiscard]] std::string identity_text(const SnapshotRelation& relation,
                                          const SnapshotColumn& column) const {
    std::string text =
        cat(" GENERATED ", column.attidentity == "a" ? "ALWAYS" : "BY DEFAULT", " AS IDENTITY");
    const auto found = owned_.find({full_name(relation.schema, relation.name), column.name});
    if (found != owned_.end())
      text += cat(" (SEQUENCE NAME ", full_name(found->second->schema, found->second->name), " ",
                  found->second->sequence_options, ")");
    return text;
  }

  [[nodiscard]] std::string column_text(const SnapshotRelation& relation,
                                        const SnapshotColumn& column) const {
    std::string text = cat(quote_ident(column.name), " ", column.type);
    if (!column.collation.empty()) text += cat(" COLLATE ", column.collation);
    // A partition gets its identity with its table.
    if (!column.attidentity.empty() && relation.partition_bound.empty())
      text += identity_text(relation, column);
    if (!column.attgenerated.empty())
      text += cat(" GENERATED ALWAYS AS (", column.default_expression, ")",
                  column.attgenerated == "v" ? " VIRTUAL" : " STORED");
    if (column.not_null && is_table(relation)) text += not_null_text(relation, column);
    return text;
  }

  void write_view(const SnapshotRelation& relation, const std::string& name) {
    const bool stored = relation.relkind == "m";
    const std::string_view kind = stored ? "materialized view" : "view";
    if (relation.query.empty())
      return leave_out(kind, name, "the snapshot does not have its query: write it anew");
    std::string query(trim(relation.query));
    if (query.ends_with(';')) query.pop_back();
    make(kind, name,
         cat("CREATE ", stored ? "MATERIALIZED VIEW " : "VIEW ", name,
             relation.reloptions.empty() ? "" : cat(" WITH (", join(relation.reloptions, ", "), ")"), " AS ",
             query, relation.populated ? "" : " WITH NO DATA"));
  }

  void write_relation(const SnapshotRelation& relation, const std::string& name) {
    switch (relation.relkind.empty() ? '\0' : relation.relkind.front()) {
      case 'S':
        if (!has_identity(relation.owner_table, relation.owner_column))
          make("sequence", name,
               cat("CREATE SEQUENCE ", name, " AS ", relation.sequence_type, " ", relation.sequence_options));
        return;
      case 'v':
      case 'm': return write_view(relation, name);
      default: break;
    }
    // An ordinary, partitioned or foreign table, or a composite type.
    const bool inherits = relation.partition_bound.empty() && !relation.parents.empty();
    std::vector<std::string> columns;
    for (const SnapshotColumn& column : relation.columns) {
      if (column.local || !inherits) columns.push_back(column_text(relation, column));
    }
    if (!is_table(relation)) {
      make("type", name, cat("CREATE TYPE ", name, " AS (", join(columns, ", "), ")"));
      return;
    }
    const bool foreign = relation.relkind == "f";
    const std::string body = cat(" ", name, " (", join(columns, ", "), ")",
                                 inherits ? cat(" INHERITS (", join(relation.parents, ", "), ")") : "");
    if (foreign) {
      make("foreign table", name,
           cat("CREATE FOREIGN TABLE", body, " SERVER ", quote_ident(relation.server)));
    } else {
      make("table", name,
           cat("CREATE ", relation.relpersistence == "u" ? "UNLOGGED " : "", "TABLE", body,
               relation.partition_key.empty() ? "" : cat(" PARTITION BY ", relation.partition_key),
               relation.reloptions.empty() ? "" : cat(" WITH (", join(relation.reloptions, ", "), ")")));
    }
    for (const SnapshotColumn& column : relation.columns) {
      const bool is_made = column.local || !inherits;
      if (!column.attstorage.empty() && is_made) write_storage(column, name);
      if (column.not_null && !is_made && !is_not_null_above(relation, column.name))
        make("constraint", cat("NOT NULL of ", quote_ident(column.name), " of ", name),
             cat("ALTER TABLE ONLY ", name, " ALTER COLUMN ", quote_ident(column.name), " SET NOT NULL"));
    }
  }

  /// Whether it inherits that.
  [[nodiscard]] bool is_not_null_above(const SnapshotRelation& relation, const std::string& column) const {
    return std::ranges::any_of(relation.parents, [&](const std::string& parent) {
      const auto found = relations_.find(parent);
      return found != relations_.end() &&
             std::ranges::any_of(found->second->columns, [&](const SnapshotColumn& one) {
               return one.name == column && one.not_null;
             });
    });
  }

  void write_storage(const SnapshotColumn& column, const std::string& name) {
    const std::string_view storage = column.attstorage == "p"   ? "PLAIN"
                                     : column.attstorage == "e" ? "EXTERNAL"
                                     : column.attstorage == "m" ? "MAIN"
                                                                : "EXTENDED";
    make(
        "storage", cat(quote_ident(column.name), " of ", name),
        cat("ALTER TABLE ONLY ", name, " ALTER COLUMN ", quote_ident(column.name), " SET STORAGE ", storage));
  }

  /// Among its parents, types and owners.
  void write_place(const SnapshotRelation& relation, const std::string& name) {
    if (!relation.partition_bound.empty() && is_table(relation) && !relation.parents.empty())
      make("partition", name,
           cat("ALTER TABLE ", relation.parents.front(), " ATTACH PARTITION ", name, " ",
               relation.partition_bound));
    if (!relation.of_type.empty()) make("table", name, cat("ALTER TABLE ", name, " OF ", relation.of_type));
    if (relation.relkind == "S" && !relation.owner_table.empty() &&
        !has_identity(relation.owner_table, relation.owner_column))
      make("sequence", name,
           cat("ALTER SEQUENCE ", name, " OWNED BY ", relation.owner_table, ".",
               quote_ident(relation.owner_column)));
  }

  void write_defaults(const SnapshotRelation& relation, const std::string& name) {
    if (!is_table(relation)) return;
    for (const SnapshotColumn& column : relation.columns) {
      if (column.default_expression.empty() || !column.attgenerated.empty()) continue;
      make("default", cat(quote_ident(column.name), " of ", name),
           cat("ALTER TABLE ONLY ", name, " ALTER COLUMN ", quote_ident(column.name), " SET DEFAULT ",
               column.default_expression));
    }
  }

  /// How many tables it is a partition of.
  [[nodiscard]] int depth(const SnapshotRelation& relation) const {
    if (relation.parents.empty() || relation.partition_bound.empty()) return 0;
    const auto parent = relations_.find(relation.parents.front());
    return 1 + (parent != relations_.end() ? depth(*parent->second) : 0);
  }

  void add_constraint(const SnapshotConstraint& constraint, const std::string& name) {
    make("constraint", cat(quote_ident(constraint.name), " of ", name),
         cat("ALTER TABLE ", name, " ADD CONSTRAINT ", quote_ident(constraint.name), " ",
             constraint.definition));
  }

  /// Those of partitioned tables come later: they take over what their partitions have.
  void write_keys(const SnapshotRelation& relation, const std::string& name) {
    for (const SnapshotConstraint& constraint : relation.constraints) {
      if (constraint.contype != "p" && constraint.contype != "u" && constraint.contype != "x") continue;
      if (relation.relkind == "p") {
        late_.emplace(-depth(relation),
                      Making{.what = cat("constraint ", quote_ident(constraint.name), " of ", name),
                             .sql = cat("ALTER TABLE ", name, " ADD CONSTRAINT ",
                                        quote_ident(constraint.name), " ", constraint.definition)});
      } else {
        add_constraint(constraint, name);
      }
    }
    for (const SnapshotIndex& index : relation.indexes) {
      const std::string index_name = full_name(relation.schema, index.name);
      if (index.constraint.empty()) make("index", index_name, index.definition);
      if (index.constraint.empty() && !index.parent.empty())
        late_.emplace(0, Making{.what = cat("index ", index_name),
                                .sql = cat("ALTER INDEX ", index.parent, " ATTACH PARTITION ", index_name)});
      if (!index.valid && relation.relkind == "r")
        missing.push_back(cat("index ", index_name, " is invalid there, and valid here"));
    }
  }

  /// What is inherited comes from the parents.
  void write_constraints(const SnapshotRelation& relation, const std::string& name) {
    for (auto& [below, making] : late_) makings.push_back(std::move(making));
    late_.clear();
    if (!is_table(relation)) return;
    for (const SnapshotConstraint& constraint : relation.constraints) {
      const bool wanted = constraint.contype == "c" || constraint.contype == "f" ||
                          (constraint.contype == "n" && !constraint.validated);
      if (wanted && constraint.inherited == 0) add_constraint(constraint, name);
    }
  }

  /// Indexes that commands find without their names.
  void write_marks(const SnapshotRelation& relation, const std::string& name) {
    for (const SnapshotIndex& index : relation.indexes) {
      if (index.clustered)
        make("mark", cat("for CLUSTER of ", name),
             cat("ALTER TABLE ", name, " CLUSTER ON ", quote_ident(index.name)));
      if (index.replica_identity)
        make("replica identity", cat("of ", name),
             cat("ALTER TABLE ONLY ", name, " REPLICA IDENTITY USING INDEX ", quote_ident(index.name)));
    }
    if (relation.relreplident == "f" || relation.relreplident == "n")
      make("replica identity", cat("of ", name),
           cat("ALTER TABLE ONLY ", name, " REPLICA IDENTITY ",
               relation.relreplident == "f" ? "FULL" : "NOTHING"));
  }

  void write_policy(const SnapshotPolicy& policy, const std::string& name) {
    std::vector<std::string> roles;
    for (const std::string& role : policy.roles) {
      roles.push_back(quote_ident(role));
      if (roles_.insert(role).second)
        make("role", roles.back(),
             cat("DO $role$ BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = ",
                 quote_literal(role), ") THEN CREATE ROLE ", roles.back(), "; END IF; END $role$"));
    }
    const std::string command = policy.polcmd == "r"   ? "SELECT"
                                : policy.polcmd == "a" ? "INSERT"
                                : policy.polcmd == "w" ? "UPDATE"
                                : policy.polcmd == "d" ? "DELETE"
                                                       : "ALL";
    make("policy", cat(quote_ident(policy.name), " of ", name),
         cat("CREATE POLICY ", quote_ident(policy.name), " ON ", name,
             policy.permissive ? "" : " AS RESTRICTIVE", " FOR ", command,
             roles.empty() ? "" : cat(" TO ", join(roles, ", ")),
             policy.using_expression.empty() ? "" : cat(" USING (", policy.using_expression, ")"),
             policy.check_expression.empty() ? "" : cat(" WITH CHECK (", policy.check_expression, ")")));
  }

  /// `kind`: "trigger" or "rule". Of a partitioned table alone: each partition may have its own way.
  void write_enabled(std::string_view kind, const std::string& one, const std::string& enabled,
                     const std::string& table) {
    if (enabled == "O") return;
    const std::string_view how = enabled == "D"   ? "DISABLE "
                                 : enabled == "A" ? "ENABLE ALWAYS "
                                                  : "ENABLE REPLICA ";
    make(kind, cat(quote_ident(one), " of ", table),
         cat("ALTER TABLE ONLY ", table, " ", how, kind, " ", quote_ident(one)));
  }

  void write_code(const SnapshotRelation& relation, const std::string& name) {
    for (const SnapshotRule& rule : relation.rules) {
      make("rule", cat(quote_ident(rule.name), " of ", name), rule.definition);
      write_enabled("rule", rule.name, rule.ev_enabled, name);
    }
    for (const SnapshotTrigger& trigger : relation.triggers) {
      if (!trigger.inherited)
        make("trigger", cat(quote_ident(trigger.name), " of ", name), trigger.definition);
      write_enabled("trigger", trigger.name, trigger.tgenabled, name);
    }
    for (const SnapshotPolicy& policy : relation.policies) write_policy(policy, name);
    if (relation.row_security)
      make("row security", name, cat("ALTER TABLE ", name, " ENABLE ROW LEVEL SECURITY"));
    if (relation.force_row_security)
      make("row security", name, cat("ALTER TABLE ", name, " FORCE ROW LEVEL SECURITY"));
  }

  /// An extension, or a range, has made it; the snapshot does not say how to make another one.
  void write_cast(const SnapshotCast& one) {
    make("cast", cat("(", one.source, " AS ", one.target, ")"),
         cat("DO $cast$ BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_cast WHERE castsource = ",
             quote_literal(one.source), "::regtype AND casttarget = ", quote_literal(one.target),
             "::regtype) THEN RAISE 'the snapshot does not have its function'; END IF; END $cast$"));
  }

  void write_publication(const SnapshotPublication& one) {
    std::vector<std::string> parts;
    if (!one.tables.empty())
      parts.push_back(cat("TABLE ", join(one.filtered.empty() ? one.tables : one.filtered, ", ")));
    std::vector<std::string> schemas;
    for (const std::string& schema : one.schemas) schemas.push_back(quote_ident(schema));
    if (!schemas.empty()) parts.push_back(cat("TABLES IN SCHEMA ", join(schemas, ", ")));
    const std::string what = one.all_tables ? "ALL TABLES" : join(parts, ", ");
    make("publication", quote_ident(one.name),
         cat("CREATE PUBLICATION ", quote_ident(one.name), what.empty() ? "" : " FOR ", what,
             one.options.empty() ? "" : cat(" WITH (", one.options, ")")));
  }

  /// It must not fire for what is made here.
  void write_event_trigger(const SnapshotEventTrigger& one) {
    const std::string name = quote_ident(one.name);
    std::vector<std::string> tags;
    for (const std::string& tag : one.tags) tags.push_back(quote_literal(tag));
    make("event trigger", name,
         cat("DO $trigger$ BEGIN CREATE EVENT TRIGGER ", name, " ON ", one.event,
             tags.empty() ? "" : cat(" WHEN TAG IN (", join(tags, ", "), ")"), " EXECUTE FUNCTION ",
             one.function, "(); ALTER EVENT TRIGGER ", name, " DISABLE; END $trigger$"));
    if (one.evtenabled != "D")
      leave_out("event trigger", name, "is disabled here, for it would fire for what the preview does");
  }

  const Snapshot& snapshot_;
  std::map<std::string, const SnapshotRelation*> relations_;  ///< by quoted names
  /// Sequences, by table and column.
  std::map<std::pair<std::string, std::string>, const SnapshotRelation*> owned_;
  std::multimap<int, Making> late_;  ///< once all partitions have their keys, those deepest down first
  std::set<std::string> roles_;
};

/// An identifier at the beginning of the text, as SQL writes it.
std::string_view identifier_in(std::string_view text) {
  if (!text.starts_with('"')) return text.substr(0, text.find_first_of(" .,;()[]\n"));
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] != '"') continue;
    if (i + 1 == text.size() || text[i + 1] != '"') return text.substr(0, i + 1);
    ++i;
  }
  return {};
}

/// As SQL writes them, with their schemas.
std::set<std::string> collations_in(std::string_view sql) {
  constexpr std::string_view k_before = "COLLATE ";
  std::set<std::string> names;
  for (std::size_t at = sql.find(k_before); at != std::string_view::npos; at = sql.find(k_before, at)) {
    at += k_before.size();
    const std::string_view first = identifier_in(sql.substr(at));
    const std::string_view behind = sql.substr(at + first.size());
    names.insert(behind.starts_with('.') ? cat(first, ".", identifier_in(behind.substr(1)))
                                         : cat("pg_catalog.", first));
  }
  return names;
}

/// The snapshot has the names of collations only, and this machine may not have a language: another one of that name is there
/// for what hangs on it. Adds what is said of it.
bool stand_in_for_collations(Session& session, const std::string& sql, std::vector<std::string>& said) {
  bool any = false;
  for (const std::string& name : collations_in(sql)) {
    const bool made = session.query(cat("CREATE COLLATION ", name, R"( FROM pg_catalog."C")"), {}).ok;
    if (made) said.push_back(cat("collation ", name, R"(: one that sorts as "C" does stands in for it)"));
    any = any || made;
  }
  return any;
}

bool is_of_collation(const SqlError& error) {
  return error.sqlstate == pg::sqlstate::undefined_object && error.message.starts_with("collation ");
}

}  // namespace

std::vector<std::string> recreate(Session& session, const Snapshot& snapshot) {
  Writer writer(snapshot);
  writer.write();
  session.script("SET search_path = ''; SET check_function_bodies = off; SET client_min_messages = error");
  // What needs something that is not there yet works in the next round; when nothing works any more, the rest is missing.
  std::vector<Making> left = std::move(writer.makings);
  std::vector<std::string> reasons;
  for (std::size_t before = left.size() + 1; !left.empty() && left.size() < before;) {
    before = left.size();
    reasons.clear();
    std::erase_if(left, [&](const Making& making) {
      const auto run = [&] {
        return session.run({.sql = making.sql, .interruptible = Interruptible::yes, .watch = {}});
      };
      SqlResult made = run();
      if (!made.ok && is_of_collation(made.error) &&
          stand_in_for_collations(session, making.sql, writer.missing))
        made = run();
      if (made.connection_lost) throw server_gone("the schema was made", made.error);
      if (!made.ok) reasons.push_back(cat(making.what, ": ", made.error.message));
      return made.ok;
    });
  }
  session.script("RESET ALL");
  if (!snapshot.database.search_path.empty())
    session.script(
        cat("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path TO ', current_database()) || ",
            quote_literal(snapshot.database.search_path), "; END $$"));
  std::vector<std::string> missing = std::move(writer.missing);
  std::ranges::move(reasons, std::back_inserter(missing));
  return missing;
}

}  // namespace pgsluice
