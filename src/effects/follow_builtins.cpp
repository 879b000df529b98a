// SPDX-License-Identifier: Apache-2.0
// Functions of PostgreSQL that open the relation whose name they are given, or run the query that they are given; and the
// types of rows, which are looked up in their relation.
#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "catalog/builtins.hpp"
#include "effects/follow_scope.hpp"
#include "effects/system_tables.hpp"

namespace pgsluice::effects {

namespace {

/// What a function opens of the relation that its first argument names.
enum class Opens : unsigned char {
  relation,
  table_of_index,
  view,
  rules,
  policies,
  partitions,
  table,
  sequence,
  query
};

struct Opening {
  std::string_view function;
  Opens what;
  LockMode mode = LockMode::AccessShare;
};

// pg: dbsize.c, ruleutils.c, partitionfuncs.c, xml.c, sequence.c, brin.c
constexpr std::array k_openings = {
    Opening{"pg_relation_size", Opens::relation},
    Opening{"pg_table_size", Opens::relation},
    Opening{"pg_indexes_size", Opens::relation},
    Opening{"pg_total_relation_size", Opens::relation},
    Opening{"pg_get_indexdef", Opens::table_of_index},
    Opening{"pg_get_constraintdef", Opens::relation},
    Opening{"pg_get_expr", Opens::relation},
    Opening{"pg_get_partkeydef", Opens::relation},
    Opening{"pg_get_ruledef", Opens::rules},
    Opening{"pg_get_policies", Opens::policies},  // of the view pg_policies
    Opening{"pg_get_viewdef", Opens::view},
    Opening{"pg_partition_tree", Opens::partitions},
    Opening{"pg_sequence_last_value", Opens::relation, LockMode::RowExclusive},
    Opening{"nextval", Opens::sequence, LockMode::RowExclusive},
    Opening{"setval", Opens::sequence, LockMode::RowExclusive},
    Opening{"brin_summarize_new_values", Opens::table_of_index, LockMode::ShareUpdateExclusive},
    Opening{"brin_summarize_range", Opens::table_of_index, LockMode::ShareUpdateExclusive},
    Opening{"brin_desummarize_range", Opens::table_of_index, LockMode::ShareUpdateExclusive},
    Opening{"table_to_xml", Opens::table},
    Opening{"table_to_xml_and_xmlschema", Opens::table},
    Opening{"query_to_xml", Opens::query},
    Opening{"query_to_xml_and_xmlschema", Opens::query},
};

}  // namespace

bool Follower::opens_relations(Name function) {
  return std::ranges::find(k_openings, function.str(), &Opening::function) != k_openings.end();
}

/// Of a name that is not known nothing can be said: such a function is seldom called for what a migration does.
void Follower::follow_builtin(const FunctionCall& call) {
  const auto found = std::ranges::find(k_openings, call.name.str(), &Opening::function);
  if (found == k_openings.end() || !call.texts || call.texts->empty()) return;
  // pg_get_expr(expression, relation)
  const Text argument = value_of(call.name == "pg_get_expr" ? call.texts->back() : call.texts->front());
  if (argument.kind != Text::Kind::constant) return;
  if (found->what == Opens::query) return run_query(argument.value);
  const Relation* relation = relation_of(catalog_, argument.value);
  if (relation == nullptr) return;
  switch (found->what) {
    case Opens::table_of_index:
      if (!relation->table.empty()) host_->open(relation->table, found->mode);
      return;
    case Opens::view:
      for (const RelationName& name : relation->query().reads) host_->open(name, found->mode);
      return host_->open(relation->name, found->mode);
    case Opens::rules: return open_rules(*relation);
    case Opens::policies: return open_policies(*relation);
    case Opens::partitions:
      for (const Relation* one : catalog_.descendants(relation->name)) host_->open(one->name, found->mode);
      return;
    case Opens::sequence:  // once in a transaction
      if (!relation->is_used) host_->open(relation->name, found->mode);
      return;
    case Opens::table: return run_query(cat("SELECT * FROM ", relation->name.quoted()));
    default:
      if (relation->table.empty()) host_->open(relation->name, found->mode);
  }
}

/// What the actions of its rules name is deparsed, too.
void Follower::open_rules(const Relation& relation) {
  std::vector<RelationName> opened{relation.name};
  for (const CatalogRule& rule : relation.rules)
    opened.insert(opened.end(), rule.reads.begin(), rule.reads.end());
  for (const RelationName& name : opened) host_->open(name, LockMode::AccessShare);
}

void Follower::open_policies(const Relation& relation) {
  std::vector<RelationName> opened{relation.name};
  for (const CatalogPolicy& policy : relation.policies)
    opened.insert(opened.end(), policy.reads.begin(), policy.reads.end());
  for (const RelationName& name : opened) host_->open(name, LockMode::AccessShare);
}

void Follower::run_query(const std::string& sql) {
  const auto script = std::make_shared<const Script>(parse_dynamic(sql));
  for (const Statement& statement : script->statements)
    run(std::shared_ptr<const Statement>(script, &statement));
}

/// typcache.c load_typcache_tupdesc(), of a composite type that is that of a relation's rows.
void Follower::open_row_type(const TypeName& type) {
  if (type.array || type.name.empty() || is_builtin_type(type)) return;
  const Relation* relation = catalog_.find({type.schemaname, type.name});
  if (relation != nullptr && relation->relkind != relkind::composite_type)
    host_->open(relation->name, LockMode::AccessShare);
}

/// Rows that a query puts together or takes apart.
void Follower::open_row_types(const Command& command) {
  for (const RelationRef& ref : command.relations) {
    if (ref.role == "row_type") open_row_type({.schemaname = ref.name.schemaname, .name = ref.name.relname});
    // What code selects goes nowhere, or into a variable.
    const bool is_output = ref.role == "row_output" && command.tag == "SelectStmt" && frames_.empty();
    if (ref.role != "row_column" && !is_output) continue;
    if (is_output && !ref.name.empty()) {
      const Relation* relation = catalog_.find(ref.name);
      const Few<CatalogColumn> columns = relation != nullptr ? relation->columns : Few<CatalogColumn>();
      for (const CatalogColumn& column : columns) open_row_type(column.type);
      continue;
    }
    for (const RelationRef& used : command.relations) {
      const Relation* relation = used.role.starts_with("row_") ? nullptr : catalog_.find(used.name);
      if (relation == nullptr) continue;
      const Relation table = *relation;
      for (const CatalogColumn& column : table.columns) {
        if (ref.alias.empty() ? used.role == "target" : column.name == ref.alias) open_row_type(column.type);
      }
    }
  }
}

/// Whatever compares, tests, counts or writes out columns that hold rows. No names: all columns.
void Follower::open_columns(const RelationName& table, std::span<const Name> names) {
  const Relation* relation = catalog_.find(table);
  if (relation == nullptr) return;
  std::vector<TypeName> types;
  for (const CatalogColumn& column : relation->columns) {
    const bool used = names.empty() || std::ranges::find(names, column.name) != names.end();
    if (used && !is_builtin_type(column.type)) types.push_back(column.type);
  }
  for (const TypeName& type : types) open_row_type(type);
}

void Follower::open_indexed(const RelationName& table, const IndexDef& index) {
  Names names;
  for (const IndexElement& element : index.elements) {
    if (!element.column.empty()) names.push_back(element.column);
    if (!element.expression) continue;
    names.insert(names.end(), element.expression->columns.begin(), element.expression->columns.end());
  }
  if (index.predicate)
    names.insert(names.end(), index.predicate->columns.begin(), index.predicate->columns.end());
  if (!names.empty()) open_columns(table, names);
}

/// Of commands that read what is there.
void Follower::open_read_columns(const Command& command, const Done& done) {
  const std::string_view tag = command.tag;
  const RelationRef* target = command.relation("target");
  if (tag == "VacuumStmt" && command.is("analyze")) {
    for (const RelationLock& lock : done.locks) {
      if (lock.mode >= LockMode::ShareUpdateExclusive) open_columns(lock.relation, {});
    }
  }
  if (target == nullptr) return;
  const RelationName table = catalog_.resolve(target->name);
  if (tag == "CopyStmt" && !command.is("is_from")) open_columns(table, command.names);
  if (tag == "IndexStmt" && command.index) open_indexed(table, *command.index);
  if (tag != "AT_AddConstraint" || command.is("skip_validation")) return;
  for (const Constraint& constraint : command.constraints) {
    if (constraint.expression && !constraint.expression->columns.empty())
      open_columns(table, constraint.expression->columns);
  }
}

/// A column that holds rows is taken apart by the view, or shown as a whole: execExprInterp.c get_cached_rowtype().
void Follower::open_rows_of_view(const Relation& view) {
  const CatalogQuery& query = view.query();
  std::vector<TypeName> types;
  for (const RelationName& name : query.reads) {
    const Relation* relation = catalog_.find(name);
    if (relation == nullptr) continue;
    for (const CatalogColumn& column : relation->columns) {
      if (may_use(query.uses, query.columns, name, column.name)) types.push_back(column.type);
    }
  }
  for (const TypeName& type : types) open_row_type(type);
}

/// What the planner runs, or looks at, without the query running. pg: clauses.c evaluate_function(), inline_function() and
/// inline_set_returning_function()
void Follower::follow_planned(std::span<const FunctionCall> calls) {
  for (const FunctionCall& call : calls) {
    std::vector<CatalogFunction> functions;
    for (const CatalogFunction* found : catalog_.functions(call)) functions.push_back(*found);
    const bool constant =
        call.arguments == 0 || (call.texts && std::ranges::all_of(*call.texts, [](const Text& t) {
                                  return t.kind == Text::Kind::constant;
                                }));
    for (const CatalogFunction& function : functions) {
      if (function.volatility == "immutable" && constant) {
        follow_call(call);
      } else if (function.code && function.code->language == "sql") {
        follow_inlined(function);
      }
    }
  }
}

/// Only a body of one statement is looked at, and one that returns several rows only where it has no effects.
void Follower::follow_inlined(const CatalogFunction& function) {
  const bool several_rows = function.code->result.setof;
  if (function.code->security_definer || !function.code->search_path.empty()) return;
  if (several_rows && function.volatility == "volatile") return;
  const std::shared_ptr<const Body> body = body_of(function.code);
  if (body->steps.size() != 1 || body->steps.front().statement.commands.empty()) return;
  run_as(several_rows ? "ExplainStmt" : "PrepareStmt", {body->steps.front().statement});
}

}  // namespace pgsluice::effects
