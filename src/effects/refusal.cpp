// SPDX-License-Identifier: Apache-2.0
#include "refusal.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "contains.hpp"
#include "members.hpp"
#include "sql/lexer.hpp"

namespace pgsluice::effects {

namespace {

bool is_partitioned(const Subject& subject) {
  return subject.target != nullptr && subject.target->relkind == relkind::partitioned_table;
}

/// pg: indexcmds.c DefineIndex(): a key holds in each partition by itself, so it must have the partition key in it.
std::string lacks_partition_key(const Names& columns, const Box<PartitionKey>& key, std::string_view what) {
  if (!key || columns.empty() || std::ranges::any_of(columns, &Name::empty)) return {};
  const auto lacking = std::ranges::find_if(
      key->columns, [&](const Name column) { return !column.empty() && !contains(columns, column); });
  if (lacking == key->columns.end()) return {};
  return cat(what, " of a partitioned table needs the column ", quote_ident(*lacking),
             " of the partition key");
}

bool is_unique_key(std::string_view contype) {
  return contype == "CONSTR_PRIMARY" || contype == "CONSTR_UNIQUE";
}

std::string_view key_words(std::string_view contype) {
  return contype == "CONSTR_PRIMARY" ? "the primary key" : "a unique constraint";
}

std::string refused_table(const Command& command) {
  const auto refused = [&](const Constraint& constraint, const Names& columns) -> std::string {
    if (!is_unique_key(constraint.contype)) return {};
    return lacks_partition_key(columns, command.partition_key, key_words(constraint.contype));
  };
  for (const Constraint& constraint : command.constraints) {
    if (std::string why = refused(constraint, constraint.columns); !why.empty()) return why;
  }
  for (const ColumnDef& column : command.columns) {
    for (const Constraint& constraint : column.constraints) {
      if (std::string why = refused(constraint, {column.name}); !why.empty()) return why;
    }
  }
  return {};
}

std::string refused_index(const Subject& subject) {
  if (!is_partitioned(subject) || !subject.command.index) return {};
  const IndexDef& index = *subject.command.index;
  if (index.concurrent)
    return cat(subject.target->name.quoted(), " is partitioned, which excludes CONCURRENTLY");
  if (!index.unique) return {};
  Names columns;
  for (const IndexElement& element : index.elements) columns.push_back(element.column);
  return lacks_partition_key(columns, subject.target->partition_key, "a unique index");
}

bool is_primary(const CatalogConstraint& constraint) {
  return constraint.contype == "CONSTR_PRIMARY";
}

std::string refused_constraint(const Subject& subject) {
  if (subject.target == nullptr || subject.command.constraints.empty()) return {};
  const Constraint& constraint = subject.command.constraints.front();
  if (constraint.contype == "CONSTR_PRIMARY" &&
      std::ranges::any_of(subject.target->constraints, is_primary)) {
    return cat(subject.target->name.quoted(), " has a primary key already");
  }
  if (!is_partitioned(subject)) return {};
  // pg: tablecmds.c ATAddForeignKeyConstraint(), up to 17
  if (constraint.contype == "CONSTR_FOREIGN" && constraint.skip_validation && subject.pg_version != 0 &&
      subject.pg_version < 18) {
    return cat(subject.target->name.quoted(),
               " is partitioned, which excludes NOT VALID for a foreign key before 18");
  }
  if (!is_unique_key(constraint.contype)) return {};
  return lacks_partition_key(constraint.columns, subject.target->partition_key,
                             key_words(constraint.contype));
}

/// pg: dependency.c: an index goes with its constraint, and not otherwise, whether CASCADE is written or not.
std::string refused_drop(const Subject& subject) {
  if (subject.command.text("removeType") != "OBJECT_INDEX" || subject.target == nullptr) return {};
  const Relation& index = *subject.target;
  if (!index.constraint.empty()) {
    return cat("the constraint ", quote_ident(index.constraint), " of ", index.table.quoted(), " needs ",
               index.name.quoted());
  }
  if (index.relkind == relkind::partitioned_index && subject.command.is("concurrent"))
    return cat(index.name.quoted(), " is an index of a partitioned table, which excludes CONCURRENTLY");
  return {};
}

/// pg: tablecmds.c ATExecDetachPartition()
std::string refused_detach(const Subject& subject) {
  if (!subject.command.is("concurrent") || subject.target == nullptr) return {};
  if (subject.catalog.default_partitions(subject.target->name).empty()) return {};
  return cat(subject.target->name.quoted(), " has a default partition, which excludes CONCURRENTLY");
}

/// pg: statscmds.c CreateStatistics(), utility.c: the grammar lets through whatever a FROM clause may have.
std::string refused_statistics(const Subject& subject) {
  return subject.has_target() ? std::string{} : "CREATE STATISTICS takes the name of one relation";
}

bool has_string(std::string_view sql, std::string_view wanted) {
  const std::string literal = cat("'", replace_all(wanted, "'", "''"), "'");
  sql::Lexer lexer(sql);
  for (sql::Token token = lexer.next(); token.kind != sql::TokenKind::end; token = lexer.next()) {
    if (token.kind == sql::TokenKind::string && lexer.text(token) == literal) return true;
  }
  return false;
}

/// A column of the type is in a relation that the statement names.
bool touches_type(const Statement& statement, const Catalog& catalog, const RelationName& type) {
  return std::ranges::any_of(statement.commands, [&](const Command& command) {
    return std::ranges::any_of(command.relations, [&](const RelationRef& ref) {
      const Relation* relation = catalog.find(ref.name);
      return relation != nullptr && std::ranges::any_of(relation->columns, [&](const CatalogColumn& column) {
               const TypeName resolved = catalog.resolve_type(column.type);
               return RelationName{resolved.schemaname, resolved.name} == type;
             });
    });
  });
}

bool evaluates(const Statement& statement) {
  return statement.tag == "InsertStmt" || statement.tag == "UpdateStmt" || statement.tag == "DeleteStmt" ||
         statement.tag == "MergeStmt" || statement.tag == "SelectStmt" || statement.tag == "AlterTableStmt" ||
         statement.tag == "IndexStmt";
}

}  // namespace

std::string refusal(const Subject& subject) {
  const std::string_view tag = subject.command.tag;
  if (tag == "CreateStmt") return refused_table(subject.command);
  if (tag == "IndexStmt") return refused_index(subject);
  if (tag == "AT_AddConstraint") return refused_constraint(subject);
  if (tag == "DropStmt") return refused_drop(subject);
  if (tag == "AT_DetachPartition") return refused_detach(subject);
  if (tag == "CreateStatsStmt") return refused_statistics(subject);
  return {};
}

void NewEnumValues::note(const Statement& statement, const Catalog& catalog, int pg_version) {
  if (statement.commands.empty()) return;
  const Command& command = statement.commands.front();
  if (statement.tag == "CreateEnumStmt") {
    const TypeName made =
        catalog.resolve_type({.schemaname = command.new_name, .name = command.name, .typmods = {}});
    types_.push_back({.schemaname = made.schemaname, .relname = made.name});
  }
  if (statement.tag != "AlterEnumStmt" || !command.is("add_value") || !command.type) return;
  const TypeName type = catalog.resolve_type(*command.type);
  const RelationName name{.schemaname = type.schemaname, .relname = type.name};
  // Of a type that is as new as the value nobody has rows yet; from 17 on that is seen.
  const bool is_new = std::ranges::find(types_, name) != types_.end();
  if (is_new && (pg_version == 0 || pg_version >= 17)) return;
  values_.push_back({.type = name, .label = command.new_name.str()});
}

void NewEnumValues::clear() {
  values_.clear();
  types_.clear();
}

std::string NewEnumValues::refusal(std::string_view sql, const Statement& statement,
                                   const Catalog& catalog) const {
  if (values_.empty() || !evaluates(statement)) return {};
  for (const Value& value : values_) {
    if (!touches_type(statement, catalog, value.type) || !has_string(sql, value.label)) continue;
    return cat("the value '", value.label, "' of ", value.type.quoted(), " ", k_before_commit);
  }
  return {};
}

}  // namespace pgsluice::effects
