// SPDX-License-Identifier: Apache-2.0
// Snapshot → Catalog. Its definitions are put together to the SQL that makes them, and that is parsed and applied as any
// migration is: so a member that replay fills is filled from here, too, with the same value. What SQL cannot say, or
// what the order of the statements would blur (who inherits from whom), is added at the end.
#include <algorithm>
#include <set>
#include <utility>

#include "base/text.hpp"
#include "catalog/snapshot_sql.hpp"
#include "pgsluice/snapshot.hpp"

namespace pgsluice {
namespace {

std::string clause(std::string_view words, const std::string& value) {
  return value.empty() ? std::string() : cat(" ", words, " ", value);
}

std::string quoted_list(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const std::string& name : names) quoted.push_back(quote_ident(name));
  return join(quoted, ", ");
}

// ---- relations ----------------------------------------------------------------------------------------------------

/// NOT NULL as a constraint of its own that is not validated yet (18) proves nothing.
bool is_not_null(const SnapshotRelation& relation, const SnapshotColumn& column) {
  return column.not_null && std::ranges::none_of(relation.constraints, [&](const SnapshotConstraint& c) {
           return c.contype == "n" && !c.validated &&
                  c.definition.starts_with(cat("NOT NULL ", quote_ident(column.name), " "));
         });
}

std::string column_sql(const SnapshotRelation& relation, const SnapshotColumn& column) {
  std::string sql = cat(quote_ident(column.name), " ", column.type, clause("COLLATE", column.collation));
  if (!column.attgenerated.empty()) {
    sql += cat(" GENERATED ALWAYS AS (", column.default_expression, ")",
               column.attgenerated == "v" ? " VIRTUAL" : " STORED");
  } else {
    sql += clause("DEFAULT", column.default_expression);
  }
  return cat(sql, is_not_null(relation, column) ? " NOT NULL" : "");
}

std::string columns_sql(const SnapshotRelation& relation) {
  std::vector<std::string> columns;
  for (const SnapshotColumn& column : relation.columns) columns.push_back(column_sql(relation, column));
  return cat(" (", join(columns, ", "), ")");
}

std::string table_sql(const SnapshotRelation& relation, const std::string& name) {
  if (relation.relkind == "f") {
    return cat("CREATE FOREIGN TABLE ", name, columns_sql(relation), " SERVER ",
               quote_ident(relation.server));
  }
  return cat(
      "CREATE ", relation.relpersistence == "u" ? "UNLOGGED " : "", "TABLE ", name, columns_sql(relation),
      clause("PARTITION BY", relation.partition_key),
      relation.access_method.empty() ? std::string() : clause("USING", quote_ident(relation.access_method)),
      relation.tablespace.empty() ? std::string() : clause("TABLESPACE", quote_ident(relation.tablespace)));
}

/// The view's own query, or one that reads what the view reads.
std::string view_sql(const SnapshotRelation& relation, const std::string& name) {
  const std::string create = cat(
      "CREATE ", relation.relkind == "m" ? "MATERIALIZED " : "", "VIEW ", name,
      relation.access_method.empty() ? std::string() : clause("USING", quote_ident(relation.access_method)),
      " AS ");
  if (!relation.query.empty()) return create + relation.query;
  std::vector<std::string> from;
  std::set<std::string> columns;
  for (const SnapshotRead& read : relation.reads) {
    from.push_back(read.relation);
    for (const std::string& column : read.columns) columns.insert(quote_ident(column));
  }
  return cat(create, "SELECT ", join(std::vector(columns.begin(), columns.end()), ", "),
             clause("FROM", join(from, ", ")));
}

std::string relation_sql(const SnapshotRelation& relation, const std::string& name) {
  switch (relation.relkind.front()) {
    case relkind::view:
    case relkind::materialized_view: return view_sql(relation, name);
    case relkind::sequence: return cat("CREATE SEQUENCE ", name);
    case relkind::composite_type: return cat("CREATE TYPE ", name, " AS", columns_sql(relation));
    default: return table_sql(relation, name);
  }
}

std::string policy_sql(const SnapshotPolicy& policy, const std::string& table) {
  const char command = policy.polcmd.front();
  return cat("CREATE POLICY ", quote_ident(policy.name), " ON ", table,
             policy.permissive ? "" : " AS RESTRICTIVE",
             command == 'r'   ? " FOR SELECT"
             : command == 'a' ? " FOR INSERT"
             : command == 'w' ? " FOR UPDATE"
             : command == 'd' ? " FOR DELETE"
                              : "",
             policy.roles.empty() ? std::string() : clause("TO", quoted_list(policy.roles)),
             policy.using_expression.empty() ? "" : cat(" USING (", policy.using_expression, ")"),
             policy.check_expression.empty() ? "" : cat(" WITH CHECK (", policy.check_expression, ")"));
}

std::string publication_sql(const SnapshotPublication& publication) {
  const std::string create = cat("CREATE PUBLICATION ", quote_ident(publication.name));
  if (publication.all_tables) return cat(create, " FOR ALL TABLES");
  std::vector<std::string> objects;
  for (const std::string& table : publication.tables) objects.push_back(cat("TABLE ONLY ", table));
  for (const std::string& schema : publication.schemas)
    objects.push_back(cat("TABLES IN SCHEMA ", quote_ident(schema)));
  return cat(create, clause("FOR", join(objects, ", ")));
}

/// Without its modifier.
TypeName type_of(const std::string& type) {
  const Script script = parse({.path = "type", .text = cat("ALTER TABLE x ALTER COLUMN y TYPE ", type)});
  if (script.statements.empty() || !script.statements.front().commands.front().type) return {};
  TypeName result = *script.statements.front().commands.front().type;
  result.typmods.clear();
  return result;
}

/// All of them, or none.
std::vector<TypeName> types_of(const std::vector<SnapshotColumn>& columns) {
  std::vector<std::string> parts;
  for (const SnapshotColumn& column : columns)
    parts.push_back(cat(quote_ident(column.name), " ", column.type));
  const Script script = parse({.path = "types", .text = cat("CREATE TYPE x AS (", join(parts, ", "), ")")});
  std::vector<TypeName> types;
  if (script.statements.empty()) return types;
  for (const ColumnDef& column : script.statements.front().commands.front().columns)
    types.push_back(column.type);
  return types;
}

RelationName name_of(const SnapshotRelation& relation) {
  return {.schemaname = relation.schema, .relname = relation.name};
}

Box<RelationSize> size_of(const auto& from) {
  if (!from.reltuples && !from.bytes) return {};
  return RelationSize{.reltuples = from.reltuples, .bytes = from.bytes};
}

}  // namespace

class CatalogRestorer {
 public:
  explicit CatalogRestorer(const Snapshot& snapshot) : snapshot_(snapshot) {
    for (const SnapshotRelation& relation : snapshot.relations) {
      by_name_.emplace(full_name(relation.schema, relation.name), name_of(relation));
      for (const SnapshotIndex& index : relation.indexes) {
        by_name_.emplace(full_name(relation.schema, index.name), RelationName{relation.schema, index.name});
      }
    }
  }

  Catalog run() {
    const SnapshotDatabase& database = snapshot_.database;
    catalog_.complete = true;
    catalog_.search_path.assign(database.schemas.begin(), database.schemas.end());
    catalog_.server_version_num = static_cast<int>(database.server_version_num);
    catalog_.timezone = database.timezone;
    if (!database.default_tablespace.empty()) catalog_.default_tablespace = database.default_tablespace;
    if (!database.default_access_method.empty())
      catalog_.default_access_method = database.default_access_method;
    types();
    for (const SnapshotFunction& function : snapshot_.functions) add(function_sql(function));
    for (const SnapshotServer& server : snapshot_.servers) {
      add(cat("CREATE SERVER ", quote_ident(server.name), " FOREIGN DATA WRAPPER ",
              quote_ident(server.wrapper)));
    }
    relations();
    for (const SnapshotStatistics& statistics : snapshot_.statistics) add(statistics.definition);
    for (const SnapshotPublication& publication : snapshot_.publications) add(publication_sql(publication));
    for (const SnapshotEventTrigger& trigger : snapshot_.event_triggers) event_trigger(trigger);
    apply();
    for (const SnapshotCast& cast : snapshot_.casts) {
      if (cast.castmethod == "b") catalog_.put_binary_cast(type_of(cast.source), type_of(cast.target));
    }
    for (const SnapshotRelation& relation : snapshot_.relations) complete(relation);
    owners();
    extensions();
    catalog_.end_transaction();
    static_cast<void>(catalog_.take_created());
    return std::move(catalog_);
  }

 private:
  void add(const std::string& statement) { sql_ += cat(statement, ";\n"); }

  void apply() {
    const Script script = parse({.path = "snapshot", .text = std::exchange(sql_, {})});
    // A definition that our grammar does not know is something that exists and that we do not see.
    if (!script.errors.empty()) catalog_.complete = false;
    for (const Statement& statement : script.statements) {
      for (const Command& command : statement.commands) catalog_.apply(command);
    }
  }

  /// A domain comes after the domain that it is made of.
  void types() {
    std::vector<const SnapshotType*> domains;
    for (const SnapshotType& type : snapshot_.types) {
      if (type.typtype == "e") add(enum_sql(type));
      if (type.typtype == "d") domains.push_back(&type);
      if (type.typtype == "b" || type.typtype == "r") {
        catalog_.put_type({.name = {type.schema, type.name}, .typtype = type.typtype.front()});
      }
    }
    std::set<std::string> waiting;
    for (const SnapshotType* domain : domains) waiting.insert(full_name(domain->schema, domain->name));
    for (bool any = true; any;) {
      any = false;
      for (const SnapshotType* domain : domains) {
        const std::string name = full_name(domain->schema, domain->name);
        if (!waiting.contains(name) || waiting.contains(domain->base)) continue;
        add(domain_sql(*domain));
        for (const SnapshotConstraint& constraint : domain->constraints) add(domain_sql(*domain, constraint));
        waiting.erase(name);
        any = true;
      }
    }
  }

  void relations() {
    for (const SnapshotRelation& relation : snapshot_.relations) {
      add(relation_sql(relation, full_name(relation.schema, relation.name)));
    }
    for (const SnapshotRelation& relation : snapshot_.relations) parts(relation);
  }

  /// Keys make their indexes; the other indexes are made by their own definitions.
  void parts(const SnapshotRelation& relation) {
    const std::string table = full_name(relation.schema, relation.name);
    for (const SnapshotConstraint& constraint : relation.constraints) {
      add(cat("ALTER TABLE ONLY ", table, " ADD CONSTRAINT ", quote_ident(constraint.name), " ",
              constraint.definition));
    }
    for (const SnapshotIndex& index : relation.indexes) {
      if (index.constraint.empty()) add(index.definition);
    }
    for (const SnapshotTrigger& trigger : relation.triggers) add(trigger.definition);
    for (const SnapshotPolicy& policy : relation.policies) add(policy_sql(policy, table));
    for (const SnapshotRule& rule : relation.rules) add(rule.definition);
  }

  void event_trigger(const SnapshotEventTrigger& trigger) {
    const std::string name = quote_ident(trigger.name);
    std::string tags;
    for (const std::string& tag : trigger.tags) tags += cat(tags.empty() ? "" : ", ", "'", tag, "'");
    add(cat("CREATE EVENT TRIGGER ", name, " ON ", trigger.event,
            tags.empty() ? "" : cat(" WHEN TAG IN (", tags, ")"), " EXECUTE FUNCTION ", trigger.function,
            "()"));
    if (trigger.evtenabled == "D") add(cat("ALTER EVENT TRIGGER ", name, " DISABLE"));
    if (trigger.evtenabled == "R") add(cat("ALTER EVENT TRIGGER ", name, " ENABLE REPLICA"));
    if (trigger.evtenabled == "A") add(cat("ALTER EVENT TRIGGER ", name, " ENABLE ALWAYS"));
  }

  // ---- what the statements do not say -----------------------------------------------------------------------------

  void owners() {
    Catalog::Objects& objects = catalog_.objects();
    for (const SnapshotSchema& schema : snapshot_.schemas) objects.schemas[schema.name] = schema.owner;
    for (const SnapshotType& type : snapshot_.types) {
      const auto found = objects.types.find({type.schema, type.name});
      if (found != objects.types.end()) found->second.owner = type.owner;
    }
    for (const SnapshotFunction& function : snapshot_.functions) {
      const auto found = objects.functions.find({function.schema, function.name});
      if (found == objects.functions.end()) continue;
      for (CatalogFunction& overload : found->second) overload.owner = function.owner;
    }
    for (const SnapshotStatistics& statistics : snapshot_.statistics)
      objects.others[{"OBJECT_STATISTIC_EXT", {statistics.schema, statistics.name}}] = statistics.owner;
    for (const SnapshotServer& server : snapshot_.servers)
      objects.others[{"OBJECT_FOREIGN_SERVER", {.schemaname = {}, .relname = server.name}}] = server.owner;
    for (const SnapshotRelation& relation : snapshot_.relations) {
      const auto found = objects.types.find(name_of(relation));
      if (found != objects.types.end()) found->second.owner = relation.owner;
    }
  }

  void extensions() {
    auto& extensions = catalog_.objects().extensions;
    for (const SnapshotExtension& extension : snapshot_.extensions)
      extensions[extension.name].schema = extension.schema;
    for (const SnapshotRelation& relation : snapshot_.relations) {
      if (!relation.extension.empty()) extensions[relation.extension].relations.insert(name_of(relation));
    }
    for (const SnapshotType& type : snapshot_.types) {
      if (!type.extension.empty()) extensions[type.extension].types.insert({type.schema, type.name});
    }
    for (const SnapshotFunction& function : snapshot_.functions) {
      if (!function.extension.empty())
        extensions[function.extension].functions.insert({function.schema, function.name});
    }
  }

  [[nodiscard]] RelationName named(const std::string& quoted) const {
    const auto found = by_name_.find(quoted);
    return found != by_name_.end() ? found->second : RelationName{};
  }

  void complete(const SnapshotRelation& from) {
    const RelationName name = name_of(from);
    catalog_.edit(name, [&](Relation& relation) {
      relation.owner = from.owner;
      relation.row_security = from.row_security;
      if (!from.relreplident.empty()) relation.replica_identity = from.relreplident.front();
      relation.unpopulated = from.relkind.front() == relkind::materialized_view && !from.populated;
      relation.tablespace = from.tablespace;
      relation.size = size_of(from);
      for (const std::string& parent : from.parents) relation.parents.push_back(named(parent));
      if (!from.of_type.empty()) relation.of_type = named(from.of_type);
      if (!from.partition_bound.empty()) set_bound(relation, from);
      if (!from.owner_table.empty()) relation.owner_table = named(from.owner_table);
      for (const SnapshotConstraint& constraint : from.constraints) {
        const auto found =
            std::ranges::find(relation.constraints, Name(constraint.name), &CatalogConstraint::name);
        if (found == relation.constraints.end()) continue;
        const bool is_own = constraint.local && found->contype == "CONSTR_CHECK";
        found->inherited = constraint.inherited > 0 && !is_own;
      }
      for (const SnapshotTrigger& trigger : from.triggers) {
        const auto found = std::ranges::find(relation.triggers, Name(trigger.name), &CatalogTrigger::name);
        if (found != relation.triggers.end() && !trigger.tgenabled.empty())
          found->enabled = trigger.tgenabled.front();
      }
      for (const SnapshotRule& rule : from.rules) {
        const auto found = std::ranges::find(relation.rules, Name(rule.name), &CatalogRule::name);
        if (found != relation.rules.end() && !rule.ev_enabled.empty())
          found->enabled = rule.ev_enabled.front();
      }
      for (const SnapshotColumn& column : from.columns) {
        const auto found = std::ranges::find(relation.columns, Name(column.name), &CatalogColumn::name);
        if (found == relation.columns.end()) continue;
        found->identity = !column.attidentity.empty();
        found->inherited = !column.local;
      }
    });
    if (from.relkind.front() == relkind::view || from.relkind.front() == relkind::materialized_view)
      complete_query(from, name);
    if (!from.owner_column.empty()) own(named(from.owner_table), from.owner_column, name);
    for (const SnapshotIndex& index : from.indexes) complete(index, {from.schema, index.name});
  }

  void complete_query(const SnapshotRelation& from, const RelationName& view) {
    catalog_.edit(view, [&](Relation& relation) {
      if (!relation.stored_query) return;
      CatalogQuery& query = relation.stored_query.edit();
      query.uses = {};
      query.yields = {};
      for (const SnapshotRead& read : from.reads) {
        Names columns(read.columns.begin(), read.columns.end());
        query.uses.push_back({.relation = named(read.relation), .columns = std::move(columns)});
      }
      for (const SnapshotColumn& column : from.columns) query.yields.push_back(Name(column.name));
      query.types = types_of(from.columns);
    });
  }

  void own(const RelationName& table, const std::string& column, const RelationName& sequence) {
    catalog_.edit(table, [&](Relation& relation) {
      const auto found = std::ranges::find(relation.columns, Name(column), &CatalogColumn::name);
      if (found != relation.columns.end()) found->owned_sequence = sequence;
    });
  }

  void set_bound(Relation& relation, const SnapshotRelation& from) const {
    relation.is_partition = true;
    relation.is_default_partition = from.default_partition;
    const Script script =
        parse({.path = "bound", .text = cat("ALTER TABLE x ATTACH PARTITION y ", from.partition_bound)});
    if (!script.statements.empty() && script.statements.front().commands.front().bound) {
      relation.bound = *script.statements.front().commands.front().bound;
    }
  }

  void complete(const SnapshotIndex& from, const RelationName& name) {
    catalog_.edit(name, [&](Relation& index) {
      const Script script = parse({.path = "index", .text = from.definition});
      if (!script.statements.empty() && script.statements.front().commands.front().index) {
        index.index = script.statements.front().commands.front().index;
      }
      index.constraint = from.constraint;
      index.clustered = from.clustered;
      index.tablespace = from.tablespace;
      index.size = size_of(from);
      if (!from.parent.empty()) index.parents = {named(from.parent)};
    });
  }

  const Snapshot& snapshot_;
  Catalog catalog_;
  std::string sql_;
  std::map<std::string, RelationName> by_name_;
};

Catalog make_catalog(const Snapshot& snapshot) {
  return CatalogRestorer(snapshot).run();
}

}  // namespace pgsluice
