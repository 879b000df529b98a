// SPDX-License-Identifier: Apache-2.0
// CREATE TABLE: columns of its own, of a type, of LIKE and of parents.
#include <algorithm>
#include <utility>

#include "change.hpp"

namespace pgsluice {

namespace {

bool is_serial(std::string_view type) {
  return type == "serial" || type == "serial2" || type == "serial4" || type == "serial8" ||
         type == "bigserial" || type == "smallserial";
}

std::string serial_type(std::string_view type) {
  if (type == "bigserial" || type == "serial8") return "int8";
  return type == "smallserial" || type == "serial2" ? "int2" : "int4";
}

/// What nextval() is called with says no more than the sequence that it names. A dump has one for nearly every table.
Box<Expression> without_texts(Box<Expression> expression) {
  const auto draws = [](const FunctionCall& call) { return call.name == "nextval"; };
  if (!expression || expression->sequences.size() != expression->functions.size() ||
      !std::ranges::all_of(expression->functions, draws)) {
    return expression;
  }
  for (FunctionCall& call : expression.edit().functions) call.texts.reset();
  return expression;
}

}  // namespace

void CatalogChange::create_table() {
  const RelationName name = new_name();
  if (name.empty() || catalog_.find(name) != nullptr) return;
  Relation table{.name = name};
  if (command_.tag == "CreateForeignTableStmt") {
    table.relkind = relkind::foreign_table;
    table.server = command_.name;
  }
  if (command_.partition_key) {
    table.relkind = relkind::partitioned_table;
    table.partition_key = command_.partition_key;
  }
  const std::string_view persistence = command_.text("relpersistence");
  table.relpersistence = persistence == "temporary" ? 't' : persistence == "unlogged" ? 'u' : 'p';
  place(table);
  if (command_.type) table.of_type = copy_type_columns(*command_.type, table);
  for (const RelationRef& ref : command_.relations) copy_from(ref, table);
  for (const ColumnDef& def : command_.columns) {
    // PARTITION OF may list columns again to add constraints: those have no type.
    if (is_full(table)) break;
    if (table.column(def.name) == nullptr) {
      table.columns.push_back(make_column(def, name));
    } else {
      merge_column(def, table);
    }
    keep_not_null(def, table);
  }
  if (command_.bound) {
    table.is_partition = true;
    table.bound = *command_.bound;
    table.is_default_partition = command_.bound->is_default;
  }
  catalog_.put(table);
  if (const RelationRef* parent = command_.relation("parent"))
    inherit_indexes(catalog_.resolve(parent->name), name);
  copy_like_indexes(name);
}

Box<Expression> CatalogChange::stored_default(const Box<Expression>& written, const TypeName& type) const {
  const bool is_null = written && written->null_literal;
  if (!is_null) return without_texts(written);
  const CatalogType* known = catalog_.find_type(type);
  return known != nullptr && known->typtype == 'd' ? written : Box<Expression>();
}

/// pg: tablecmds.c DefineRelation(); a partition takes after its table before the settings count.
void CatalogChange::place(Relation& table) const {
  table.tablespace = command_.tablespace;
  table.access_method = command_.access_method;
  const RelationRef* ref = command_.relation("parent");
  const Relation* parent = ref != nullptr ? catalog_.find(ref->name) : nullptr;
  if (table.tablespace.empty() && parent != nullptr) table.tablespace = parent->tablespace;
  if (table.tablespace.empty()) table.tablespace = catalog_.new_tablespace;
  const bool has_method = table.relkind == relkind::table || table.relkind == relkind::materialized_view;
  if (table.access_method.empty() && parent != nullptr) table.access_method = parent->access_method;
  if (table.access_method.empty() && has_method) table.access_method = catalog_.default_access_method;
}

CatalogColumn CatalogChange::make_column(const ColumnDef& def, const RelationName& table) {
  CatalogColumn column{.name = def.name, .collation = def.collation, .type = catalog_.resolve_type(def.type)};
  if (is_serial(def.type.name)) {
    column.type.name = serial_type(def.type.name);
    column.not_null = true;
    column.owned_sequence = add_owned_sequence(table, def.name);
    column.default_expression =
        Expression{.functions = {{.schemaname = {}, .name = "nextval", .arguments = 1}},
                   .sequences = {column.owned_sequence}};
  }
  for (const Constraint& constraint : def.constraints) {
    if (constraint.contype == "CONSTR_NOTNULL" || constraint.contype == "CONSTR_PRIMARY")
      column.not_null = true;
    if (constraint.contype == "CONSTR_DEFAULT")
      column.default_expression = stored_default(meant(constraint.expression), column.type);
    if (constraint.contype == "CONSTR_GENERATED") {
      column.generated = constraint.generated_kind.front();
      column.default_expression = meant(constraint.expression);
    }
    if (constraint.contype == "CONSTR_IDENTITY") {
      column.identity = true;
      column.not_null = true;
      column.owned_sequence = add_owned_sequence(table, def.name);
    }
  }
  return column;
}

/// tablecmds.c MergeAttributes(): the columns of parents come first; what is written with them again counts, too. A
/// partition has no columns of its own.
void CatalogChange::merge_column(const ColumnDef& def, Relation& table) {
  const auto column = std::ranges::find(table.columns, def.name, &CatalogColumn::name);
  if (command_.relation("parent") == nullptr) column->inherited = false;
  for (const Constraint& constraint : def.constraints) {
    if (constraint.contype == "CONSTR_NOTNULL" || constraint.contype == "CONSTR_PRIMARY")
      column->not_null = true;
    if (constraint.contype == "CONSTR_DEFAULT") column->default_expression = meant(constraint.expression);
  }
}

/// NOT NULL that is written with the column and can be dropped by name, or is not inherited.
void CatalogChange::keep_not_null(const ColumnDef& def, Relation& table) {
  const Constraint* constraint = def.constraint("CONSTR_NOTNULL");
  if (constraint == nullptr || (constraint->name.empty() && !constraint->is_no_inherit)) return;
  const std::string name = constraint->name.empty()
                               ? make_object_name(table.name.relname, def.name, "not_null")
                               : constraint->name.str();
  table.constraints.push_back({.name = name, .contype = "CONSTR_NOTNULL", .columns = {def.name}});
  table.constraints.back().no_inherit = constraint->is_no_inherit;
}

RelationName CatalogChange::add_owned_sequence(const RelationName& table, const Name column) {
  RelationName name{.schemaname = table.schemaname, .relname = catalog_.choose_name(table, column, "seq")};
  catalog_.put({.name = name, .relkind = relkind::sequence, .owner_table = table, .owner_column = column});
  return name;
}

RelationName CatalogChange::copy_type_columns(const TypeName& type, Relation& table) {
  RelationName name = catalog_.resolve({type.schemaname, type.name});
  const Relation* composite = catalog_.find(name);
  if (composite != nullptr) table.columns = composite->columns;
  table.columns_open = composite == nullptr || composite->columns_open;
  return name;
}

void CatalogChange::copy_from(const RelationRef& ref, Relation& table) {
  const bool parent = ref.role == "parent" || ref.role == "inherited";
  if (!parent && ref.role != "like") return;
  const RelationName name = catalog_.resolve(ref.name);
  if (parent) table.parents.push_back(name);
  const Relation* source = catalog_.find(name);
  const bool is_known = source != nullptr && !source->columns_open && !source->columns.empty();
  table.columns_open = table.columns_open || !is_known;
  if (source == nullptr) return;
  for (CatalogColumn column : source->columns) {
    column.owned_sequence = {};
    column.inherited = parent;
    if (ref.role == "like") column.default_expression.reset();
    if (ref.role == "inherited") column.identity = false;
    if (parent && std::ranges::any_of(source->constraints, [&](const CatalogConstraint& constraint) {
          return constraint.contype == "CONSTR_NOTNULL" && constraint.no_inherit &&
                 contains(constraint.columns, column.name);
        })) {
      column.not_null = false;
    }
    const auto there = std::ranges::find(table.columns, column.name, &CatalogColumn::name);
    if (there == table.columns.end()) {
      table.columns.push_back(std::move(column));
    } else if (parent) {
      there->not_null = there->not_null || column.not_null;
    }
  }
  for (const CatalogConstraint& constraint : source->constraints) {
    const bool inherited = constraint.contype == "CONSTR_CHECK" ||
                           (ref.role == "parent" && constraint.contype == "CONSTR_FOREIGN");
    if (!parent || !inherited || constraint.no_inherit) continue;
    table.constraints.push_back(constraint);
    table.constraints.back().inherited = true;
    table.constraints.back().validated = constraint.enforced;  // there are no rows yet
  }
  if (ref.role == "like") copy_like(*source, table);
  if (ref.role == "parent") copy_row_triggers(*source, table);
}

bool CatalogChange::like_includes(std::string_view what, const RelationName& source) const {
  return std::ranges::any_of(command_.relations, [&](const RelationRef& ref) {
    return ref.role == what && catalog_.resolve(ref.name) == source;
  });
}

void CatalogChange::copy_like(const Relation& source, Relation& table) {
  for (CatalogColumn& column : table.columns) {
    const CatalogColumn* old = source.column(column.name);
    if (old == nullptr) continue;
    if (like_includes("like_defaults", source.name)) column.default_expression = old->default_expression;
    if (!like_includes("like_generated", source.name)) column.generated = '\0';
    if (like_includes("like_identity", source.name) && old->identity) {
      column.owned_sequence = add_owned_sequence(table.name, column.name);
    } else {
      column.identity = false;
    }
  }
  name_not_nulls(source, table);
  if (!like_includes("like_constraints", source.name)) return;
  for (const CatalogConstraint& constraint : source.constraints) {
    if (constraint.contype != "CONSTR_CHECK") continue;
    table.constraints.push_back(constraint);
    table.constraints.back().inherited = false;
    table.constraints.back().validated = constraint.enforced;
  }
}

void CatalogChange::copy_like_indexes(const RelationName& table) {
  for (const RelationRef& ref : command_.relations) {
    if (ref.role != "like_indexes") continue;
    std::vector<Relation> wanted;
    for (const Relation* index : catalog_.indexes(catalog_.resolve(ref.name))) wanted.push_back(*index);
    for (const Relation& index : wanted) {
      if (index.index)
        add_index(table, *index.index, index.constraint.empty() ? "" : constraint_type_of(index), {});
    }
  }
}

bool CatalogChange::is_full(const Relation& table) {
  constexpr std::size_t most_columns = 1600;
  return table.columns.size() >= most_columns;
}

}  // namespace pgsluice
