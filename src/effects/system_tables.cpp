// SPDX-License-Identifier: Apache-2.0
#include "system_tables.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "evaluate.hpp"

namespace pgsluice::effects {

namespace {

using Row = SystemTable::Row;
using Pair = std::pair<std::string_view, std::string_view>;

Text flag(bool value) {
  return constant_text(value ? "true" : "false");
}

Text letter(char value) {
  return constant_text(std::string(1, value));
}

/// The second of the pair with that first.
std::string_view lookup(const auto& pairs, std::string_view wanted) {
  const auto found = std::ranges::find(pairs, wanted, &Pair::first);
  return found != pairs.end() ? found->second : std::string_view();
}

std::string_view table_type(char kind) {
  if (kind == relkind::table || kind == relkind::partitioned_table) return "BASE TABLE";
  if (kind == relkind::view) return "VIEW";
  return kind == relkind::foreign_table ? "FOREIGN" : std::string_view();
}

std::string_view constraint_type(std::string_view contype) {
  constexpr std::array<Pair, 4> k_types = {{{"CONSTR_PRIMARY", "PRIMARY KEY"},
                                            {"CONSTR_UNIQUE", "UNIQUE"},
                                            {"CONSTR_FOREIGN", "FOREIGN KEY"},
                                            {"CONSTR_CHECK", "CHECK"}}};
  return lookup(k_types, contype);
}

std::string_view constraint_letter(std::string_view contype) {
  constexpr std::array<Pair, 6> k_letters = {{{"CONSTR_PRIMARY", "p"},
                                              {"CONSTR_UNIQUE", "u"},
                                              {"CONSTR_FOREIGN", "f"},
                                              {"CONSTR_CHECK", "c"},
                                              {"CONSTR_EXCLUSION", "x"},
                                              {"CONSTR_NOTNULL", "n"}}};
  return lookup(k_letters, contype);
}

/// information_schema.columns.data_type
Text data_type(const Catalog& catalog, const TypeName& type) {
  constexpr std::array<Pair, 16> k_types = {{{"int2", "smallint"},
                                             {"int4", "integer"},
                                             {"int8", "bigint"},
                                             {"float4", "real"},
                                             {"float8", "double precision"},
                                             {"bool", "boolean"},
                                             {"varchar", "character varying"},
                                             {"bpchar", "character"},
                                             {"timestamp", "timestamp without time zone"},
                                             {"timestamptz", "timestamp with time zone"},
                                             {"text", "text"},
                                             {"date", "date"},
                                             {"numeric", "numeric"},
                                             {"uuid", "uuid"},
                                             {"json", "json"},
                                             {"jsonb", "jsonb"}}};
  if (type.array) return constant_text("ARRAY");
  if (const std::string_view found = lookup(k_types, type.name.str()); !found.empty())
    return constant_text(found);
  const CatalogType* own = catalog.find_type(type);
  return own != nullptr && own->typtype != 'd' ? constant_text("USER-DEFINED") : Text();
}

/// Not a column, but what functions take that compute columns of the view: see sql/row_calls.cpp.
constexpr std::string_view k_object = "oid of its object";

/// One row for each relation that `make` makes one of.
SystemTable each_relation(const Catalog& catalog, std::string_view schema, std::string_view name, auto make) {
  SystemTable table{.rows = {}, .schema = schema, .relation = name};
  for (const Relation* relation : catalog.all()) {
    Row row = {{schema, constant_text(relation->name.schemaname)},
               {name, constant_text(relation->name.relname)}};
    if (make(*relation, row)) table.rows.push_back(std::move(row));
  }
  return table;
}

/// Rows about parts of relations: `make` adds them.
SystemTable each_part(const Catalog& catalog, std::string_view schema, std::string_view relation_column,
                      auto make) {
  SystemTable table{.rows = {}, .schema = schema, .relation = relation_column};
  for (const Relation* relation : catalog.all()) make(*relation, table.rows);
  return table;
}

bool has_columns(const Relation& relation) {
  return relation.table.empty() && relation.relkind != relkind::sequence;
}

SystemTable columns(const Catalog& catalog) {
  return each_part(
      catalog, "table_schema", "table_name", [&](const Relation& relation, std::vector<Row>& rows) {
        if (!has_columns(relation) || table_type(relation.relkind).empty()) return;
        for (const CatalogColumn& column : relation.columns) {
          rows.push_back(
              {{"table_schema", constant_text(relation.name.schemaname)},
               {"table_name", constant_text(relation.name.relname)},
               {"table_catalog", constant_text("current database")},
               {"column_name", constant_text(column.name)},
               {"data_type", data_type(catalog, column.type)},
               {"udt_name", constant_text(cat(column.type.array ? "_" : "", column.type.name.str()))},
               {"is_nullable", constant_text(column.not_null ? "NO" : "YES")}});
          // What column_default is put together from.
          const bool is_serial = !column.owned_sequence.empty() && !column.identity;
          if (column.default_expression || is_serial || column.generated != '\0')
            rows.back().emplace_back(k_object, constant_text(oid_text(relation.name)));
          if (column.type.name == "varchar" && column.type.typmods.size() == 1)
            rows.back().emplace_back("character_maximum_length",
                                     constant_text(std::to_string(column.type.typmods[0])));
        }
      });
}

SystemTable table_constraints(const Catalog& catalog) {
  return each_part(catalog, "table_schema", "table_name",
                   [](const Relation& relation, std::vector<Row>& rows) {
                     for (const CatalogConstraint& constraint : relation.constraints) {
                       const std::string_view type = constraint_type(constraint.contype);
                       if (type.empty()) continue;
                       rows.push_back({{"table_schema", constant_text(relation.name.schemaname)},
                                       {"table_name", constant_text(relation.name.relname)},
                                       {"constraint_schema", constant_text(relation.name.schemaname)},
                                       {"constraint_name", constant_text(constraint.name)},
                                       {"table_catalog", constant_text("current database")},
                                       {"constraint_type", constant_text(type)}});
                     }
                   });
}

SystemTable pg_constraint(const Catalog& catalog) {
  return each_part(catalog, {}, "conrelid", [](const Relation& relation, std::vector<Row>& rows) {
    for (const CatalogConstraint& constraint : relation.constraints) {
      // What pg_get_constraintdef() opens a table for.
      const bool is_deparsed =
          constraint.contype == "CONSTR_CHECK" || constraint.contype == "CONSTR_EXCLUSION";
      rows.push_back({{"oid", is_deparsed ? constant_text(oid_text(relation.name)) : Text()},
                      {"conname", constant_text(constraint.name)},
                      {"conrelid", constant_text(oid_text(relation.name))},
                      {"contype", constant_text(constraint_letter(constraint.contype))},
                      {"connamespace", constant_text(relation.name.schemaname)},
                      {"convalidated", flag(constraint.validated)},
                      {"condeferrable", flag(constraint.deferrable)}});
      if (!constraint.referenced.empty())
        rows.back().emplace_back("confrelid", constant_text(oid_text(constraint.referenced)));
    }
  });
}

SystemTable check_constraints(const Catalog& catalog) {
  return each_part(catalog, "constraint_schema", {}, [](const Relation& relation, std::vector<Row>& rows) {
    for (const CatalogConstraint& constraint : relation.constraints) {
      if (constraint.contype != "CONSTR_CHECK") continue;
      rows.push_back({{"constraint_schema", constant_text(relation.name.schemaname)},
                      {"constraint_name", constant_text(constraint.name)},
                      {k_object, constant_text(oid_text(relation.name))}});
    }
  });
}

SystemTable pg_attrdef(const Catalog& catalog) {
  return each_part(catalog, {}, "adrelid", [](const Relation& relation, std::vector<Row>& rows) {
    const bool has_default = std::ranges::any_of(relation.columns, [](const CatalogColumn& column) {
      return column.default_expression || column.generated != '\0' ||
             (!column.owned_sequence.empty() && !column.identity);
    });
    if (has_default) rows.push_back({{"adrelid", constant_text(oid_text(relation.name))}});
  });
}

SystemTable pg_policy(const Catalog& catalog) {
  return each_part(catalog, {}, "polrelid", [](const Relation& relation, std::vector<Row>& rows) {
    for (const CatalogPolicy& policy : relation.policies) {
      rows.push_back(
          {{"polname", constant_text(policy.name)}, {"polrelid", constant_text(oid_text(relation.name))}});
    }
  });
}

SystemTable pg_rules(const Catalog& catalog) {
  return each_part(catalog, "schemaname", "tablename", [](const Relation& relation, std::vector<Row>& rows) {
    for (const CatalogRule& rule : relation.rules) {
      rows.push_back({{"schemaname", constant_text(relation.name.schemaname)},
                      {"tablename", constant_text(relation.name.relname)},
                      {"rulename", constant_text(rule.name)},
                      {k_object, constant_text(oid_text(relation.name))}});
    }
  });
}

SystemTable pg_attribute(const Catalog& catalog) {
  return each_part(catalog, {}, "attrelid", [](const Relation& relation, std::vector<Row>& rows) {
    if (!has_columns(relation)) return;
    for (const CatalogColumn& column : relation.columns) {
      rows.push_back({{"attrelid", constant_text(oid_text(relation.name))},
                      {"attname", constant_text(column.name)},
                      {"attnotnull", flag(column.not_null)},
                      {"attisdropped", flag(false)},
                      {"attnum", constant_text(std::to_string(&column - relation.columns.begin() + 1))},
                      {"atthasdef", flag(static_cast<bool>(column.default_expression))}});
    }
  });
}

SystemTable pg_class(const Catalog& catalog) {
  return each_relation(catalog, "relnamespace", "relname", [](const Relation& relation, Row& row) {
    row.emplace_back("oid", constant_text(oid_text(relation.name)));
    row.emplace_back("relkind", letter(relation.relkind));
    row.emplace_back("relpersistence", letter(relation.relpersistence));
    row.emplace_back("relispartition", flag(relation.is_partition));
    row.emplace_back("relrowsecurity", flag(relation.row_security));
    return true;
  });
}

SystemTable pg_indexes(const Catalog& catalog) {
  return each_part(catalog, "schemaname", "tablename", [](const Relation& index, std::vector<Row>& rows) {
    if (index.table.empty()) return;
    rows.push_back({{"schemaname", constant_text(index.name.schemaname)},
                    {"tablename", constant_text(index.table.relname)},
                    {"indexname", constant_text(index.name.relname)},
                    {k_object, constant_text(oid_text(index.name))}});
  });
}

SystemTable pg_index(const Catalog& catalog) {
  return each_part(catalog, {}, "indrelid", [](const Relation& index, std::vector<Row>& rows) {
    if (index.table.empty()) return;
    rows.push_back({{"indrelid", constant_text(oid_text(index.table))},
                    {"indexrelid", constant_text(oid_text(index.name))}});
  });
}

SystemTable pg_inherits(const Catalog& catalog) {
  return each_part(catalog, {}, "inhparent", [](const Relation& relation, std::vector<Row>& rows) {
    for (const RelationName& parent : relation.parents) {
      rows.push_back({{"inhrelid", constant_text(oid_text(relation.name))},
                      {"inhparent", constant_text(oid_text(parent))}});
    }
  });
}

SystemTable pg_trigger(const Catalog& catalog) {
  return each_part(catalog, {}, "tgrelid", [](const Relation& relation, std::vector<Row>& rows) {
    for (const CatalogTrigger& trigger : relation.triggers) {
      rows.push_back({{"tgname", constant_text(trigger.name)},
                      {"tgrelid", constant_text(oid_text(relation.name))},
                      {"tgenabled", letter(trigger.enabled)},
                      {"tgisinternal", flag(false)}});
    }
  });
}

SystemTable triggers(const Catalog& catalog) {
  return each_part(catalog, "event_object_schema", "event_object_table",
                   [](const Relation& relation, std::vector<Row>& rows) {
                     for (const CatalogTrigger& trigger : relation.triggers) {
                       rows.push_back({{"trigger_name", constant_text(trigger.name)},
                                       {"trigger_schema", constant_text(relation.name.schemaname)},
                                       {"event_object_schema", constant_text(relation.name.schemaname)},
                                       {"event_object_table", constant_text(relation.name.relname)}});
                     }
                   });
}

SystemTable pg_policies(const Catalog& catalog) {
  return each_part(catalog, "schemaname", "tablename", [](const Relation& relation, std::vector<Row>& rows) {
    for (const CatalogPolicy& policy : relation.policies) {
      rows.push_back({{"schemaname", constant_text(relation.name.schemaname)},
                      {"tablename", constant_text(relation.name.relname)},
                      {"policyname", constant_text(policy.name)},
                      {k_object, constant_text(oid_text(relation.name))}});
    }
  });
}

SystemTable pg_type(const Catalog& catalog) {
  SystemTable table;
  for (const CatalogType& type : catalog.types()) {
    table.rows.push_back({{"typname", constant_text(type.name.relname)},
                          {"typnamespace", constant_text(type.name.schemaname)},
                          {"typtype", letter(type.typtype)},
                          {"oid", constant_text(oid_text(type.name))}});
  }
  return table;
}

SystemTable pg_namespace(const Catalog& catalog) {
  SystemTable table;
  Names schemas{"public", "pg_catalog", "information_schema"};
  for (const Relation* relation : catalog.all()) {
    if (std::ranges::find(schemas, relation->name.schemaname) == schemas.end())
      schemas.push_back(relation->name.schemaname);
  }
  for (const Name schema : schemas) {
    table.rows.push_back({{"nspname", constant_text(schema)},
                          {"schema_name", constant_text(schema)},
                          {"oid", constant_text(schema)}});
  }
  return table;
}

/// `owner`: the column that tells who owns it; empty: there is none.
SystemTable of_kind(const Catalog& catalog, std::string_view schema, std::string_view name,
                    std::string_view kinds, std::string_view owner = {}) {
  return each_relation(catalog, schema, name, [kinds, owner](const Relation& relation, Row& row) {
    row.emplace_back(k_object, constant_text(oid_text(relation.name)));
    if (!owner.empty() && !relation.owner.empty()) row.emplace_back(owner, constant_text(relation.owner));
    return kinds.find(relation.relkind) != std::string_view::npos;
  });
}

SystemTable tables(const Catalog& catalog) {
  return each_relation(catalog, "table_schema", "table_name", [](const Relation& relation, Row& row) {
    const std::string_view type = table_type(relation.relkind);
    row.emplace_back("table_type", constant_text(type));
    row.emplace_back("table_catalog", constant_text("current database"));
    return !type.empty();
  });
}

/// pg_stat_user_tables and its kin
SystemTable statistics_of_tables(const Catalog& catalog) {
  return each_relation(catalog, "schemaname", "relname", [](const Relation& relation, Row& row) {
    row.emplace_back("relid", constant_text(oid_text(relation.name)));
    return relation.relkind == relkind::table || relation.relkind == relkind::materialized_view;
  });
}

struct Filled {
  std::string_view name;
  bool information_schema;
  SystemTable (*fill)(const Catalog&);
};

constexpr std::array k_tables = {
    Filled{"columns", true, columns},
    Filled{"tables", true, tables},
    Filled{"table_constraints", true, table_constraints},
    Filled{"check_constraints", true, check_constraints},
    Filled{"triggers", true, triggers},
    Filled{"schemata", true, pg_namespace},
    Filled{"views", true, [](const Catalog& c) { return of_kind(c, "table_schema", "table_name", "v"); }},
    Filled{"sequences", true,
           [](const Catalog& c) { return of_kind(c, "sequence_schema", "sequence_name", "S"); }},
    Filled{"pg_tables", false,
           [](const Catalog& c) { return of_kind(c, "schemaname", "tablename", "rp", "tableowner"); }},
    Filled{"pg_views", false,
           [](const Catalog& c) { return of_kind(c, "schemaname", "viewname", "v", "viewowner"); }},
    Filled{"pg_matviews", false,
           [](const Catalog& c) { return of_kind(c, "schemaname", "matviewname", "m", "matviewowner"); }},
    Filled{"pg_sequences", false,
           [](const Catalog& c) { return of_kind(c, "schemaname", "sequencename", "S", "sequenceowner"); }},
    Filled{"pg_indexes", false, pg_indexes},
    Filled{"pg_stat_user_tables", false, statistics_of_tables},
    Filled{"pg_stat_all_tables", false, statistics_of_tables},
    Filled{"pg_statio_user_tables", false, statistics_of_tables},
    Filled{"pg_policies", false, pg_policies},
    Filled{"pg_policy", false, pg_policy},
    Filled{"pg_rules", false, pg_rules},
    Filled{"pg_attrdef", false, pg_attrdef},
    Filled{"pg_class", false, pg_class},
    Filled{"pg_attribute", false, pg_attribute},
    Filled{"pg_constraint", false, pg_constraint},
    Filled{"pg_index", false, pg_index},
    Filled{"pg_inherits", false, pg_inherits},
    Filled{"pg_trigger", false, pg_trigger},
    Filled{"pg_type", false, pg_type},
    Filled{"pg_namespace", false, pg_namespace},
};

}  // namespace

std::optional<SystemTable> system_table(const Catalog& catalog, const RelationName& name) {
  const bool information_schema = name.schemaname == "information_schema";
  const auto found = std::ranges::find_if(k_tables, [&](const Filled& filled) {
    return filled.name == name.relname.str() && filled.information_schema == information_schema;
  });
  if (found == k_tables.end()) return std::nullopt;
  return found->fill(catalog);
}

std::string oid_text(const RelationName& name) {
  return name.quoted();
}

RelationName parse_regclass(std::string_view text) {
  std::vector<std::string> parts(1);
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      if (quoted && i + 1 < text.size() && text[i + 1] == '"')
        parts.back() += text[++i];
      else
        quoted = !quoted;
    } else if (text[i] == '.' && !quoted) {
      parts.emplace_back();
    } else {
      parts.back() += quoted ? text[i] : to_lower(text.substr(i, 1)).front();
    }
  }
  return {.schemaname = parts.size() > 1 ? parts[parts.size() - 2] : std::string(), .relname = parts.back()};
}

const Relation* relation_of(const Catalog& catalog, std::string_view regclass) {
  const RelationName name = parse_regclass(regclass);
  return name.empty() ? nullptr : catalog.find(name);
}

}  // namespace pgsluice::effects
