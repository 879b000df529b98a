// SPDX-License-Identifier: Apache-2.0
// Parse tree → our own values, under PostgreSQL's names. Nothing of the tree is kept.
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "nodes.hpp"
#include "pgsluice/sql.hpp"

namespace pgsluice::sql {

/// What lowering needs to know about the statement: its text, and where that stands.
struct Source {
  std::string_view text;    ///< of the statement
  std::size_t offset = 0;   ///< of its first byte in the file
  std::size_t skipped = 0;  ///< bytes before it in what the parser was given: node locations count from there
  [[nodiscard]] SourceRange whole() const { return {offset, offset + text.size()}; }
  /// The list item (column definition, constraint …) that starts at a node's location.
  [[nodiscard]] SourceRange item(int location) const;
};

/// Lowers one statement into its commands; sets tag and commands.
void lower_statement(::Node* node, const Source& source, Statement& statement);

// Parts, by what they lower; false: it is none of theirs.
bool lower_query(::Node* node, const Source& source, Statement& statement);
bool lower_relation_statement(::Node* node, const Source& source, Statement& statement);
bool lower_object_statement(::Node* node, const Source& source, Statement& statement);
bool lower_type_statement(::Node* node, const Source& source, Statement& statement);
bool lower_replication_statement(::Node* node, const Source& source, Statement& statement);
bool lower_code_statement(::Node* node, const Source& source, Statement& statement);
bool lower_rights_statement(::Node* node, const Source& source, Statement& statement);
bool lower_maintenance_statement(::Node* node, const Source& source, Statement& statement);
bool lower_session_statement(::Node* node, const Source& source, Statement& statement);
void lower_alter_table(::AlterTableStmt* node, const Source& source, Statement& statement);
void lower_create_table(::CreateStmt* node, const Source& source, Statement& statement, bool foreign);

RelationName relation_name(const ::RangeVar* range);
/// A possibly qualified name written as a list of strings; the last `drop` parts are left out.
RelationName relation_name(const ::List* names, int drop = 0);
TypeName type_name(const ::TypeName* type);
/// As pg_type has their names: int4,_text.
std::string type_list(const std::vector<TypeName>& types);
Expression expression(::Node* node, const Source& source);
/// In a form that is equal for equal expressions, with columns as {name}; empty: not known.
std::string canonical(::Node* node);
/// A literal under casts and signs as text; empty for NULL and for what is no literal.
std::string constant_text(::Node* node);
/// A constant, NULL or DEFAULT with the type that its writing gives it.
Value value_of(::Node* node);
/// What a condition says about columns.
Predicate predicate(::Node* where);
/// What both say.
Predicate both(Predicate a, Predicate b);
/// Whether it says anything.
inline bool is_known(const Predicate& said) {
  return said.kind != Predicate::Kind::unknown;
}
ColumnDef column_def(const ::ColumnDef* node, const Source& source);
Constraint constraint(const ::Constraint* node, const Source& source);
Names strings(const ::List* list);
bool option_given(const ::List* options, std::string_view name);
/// The value of an option `(name)` or `(name value)`: true unless it is written as off, false or 0.
bool option_on(const ::List* options, std::string_view name, bool when_not_given = false);

/// What a query demands of the rows of each relation that it names; those of which it demands nothing are left out.
using Demands = std::map<const ::RangeVar*, Box<Predicate>>;
Demands demands(const std::vector<::Node*>& nodes);
/// The relations, WITH queries and statements in a query, and what uses rows as values; the outer ones first.
std::vector<::Node*> query_nodes(::Node* query);
/// The INSERT, UPDATE, DELETE or MERGE as changes of rows.
void add_changes(::Node* dml, const Demands& demands, std::vector<RowChange>& changes);
/// How the view maps to one relation, if it can be written to.
Box<ViewQuery> view_query(const ::ViewStmt* node);
/// The names in the query of a view, with those that it gives to its columns; nothing where that is nested too deeply.
Box<QueryShape> view_shape(::Node* query, const ::List* names);
/// The same of what sees a row of the relation, under each of the aliases ("" is the relation's own name).
Box<QueryShape> row_shape(const ::RangeVar* relation, std::initializer_list<std::string_view> aliases,
                          const std::vector<::Node*>& parts);
/// The columns of a SELECT, under the names of the list as far as it goes.
std::vector<ResultColumn> result_columns(::Node* query, const ::List* names);

/// Every relation that a query names, with roles source, written and locked; names of WITH queries are no
/// relations. Functions and sequences that it uses are added, too.
/// `target` is the relation that the statement itself writes, which has its own role.
void add_query_use(::Node* query, const Source& source, Command& command, const ::RangeVar* target = nullptr);

/// Functions of the SELECT list are called with the rows that their arguments come from, as far as these are known.
void add_row_calls(::SelectStmt* select, Command& command);
/// What views of PostgreSQL's own call for their rows.
void add_computed_columns(::SelectStmt* select, Command& command);
/// CREATE AGGREGATE and CREATE OPERATOR: what they call.
void add_support_functions(const ::DefineStmt* node, Command& command);

Command& add_command(Statement& statement, std::string_view tag, SourceRange range);
/// A command whose target is the relation, if there is one.
Command& lower_relation(std::string_view tag, const ::RangeVar* relation, const Source& source,
                        Statement& statement);
inline void add_relation(Command& command, std::string_view role, RelationName name, bool only = false) {
  command.relations.push_back({.role = role, .name = name, .only = only});
}
inline void set_fact(Command& command, FactName name, bool value) {
  command.facts.push_back({.name = name, .value = value});
}
inline void set_fact(Command& command, FactName name, std::string_view value) {
  command.facts.push_back({.name = name, .value = value});
}
/// A literal is text; without this it would turn into a bool.
inline void set_fact(Command& command, FactName name, const char* value) {
  set_fact(command, name, std::string_view(value));
}

/// Statements whose relations are a list or one RangeVar: one command per relation.
void lower_relations(std::string_view tag, const ::List* relations, const Source& source,
                     Statement& statement, const auto& set_facts) {
  for (auto* relation : each<::RangeVar>(relations)) {
    Command& command = add_command(statement, tag, source.whole());
    add_relation(command, "target", relation_name(relation), !relation->inh);
    set_fact(command, "only", !relation->inh);
    set_facts(command);
  }
}

/// Roles by name, "" for CURRENT_USER and its kin; PUBLIC is left out.
void add_roles(const ::List* roles, Command& command);

// PostgreSQL's names of enum values.
std::string_view behavior_name(::DropBehavior behavior);
std::string_view tag_name(::NodeTag tag);
std::string_view object_type_name(::ObjectType type);
std::string_view alter_table_type_name(::AlterTableType type);
std::string_view constraint_type_name(::ConstrType type);

}  // namespace pgsluice::sql
