// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dependencies.hpp"
#include "pgsluice/catalog.hpp"

namespace pgsluice {

inline bool contains(std::span<const Name> list, Name name) {
  return std::ranges::find(list, name) != list.end();
}

/// None that there is: of a column whose type is not known.
inline TypeName unknown_type() {
  return {.schemaname = "?", .name = "?"};
}

/// One command at work on a catalog: the parts of Catalog::apply(), one file for each subject.
class CatalogChange {
 public:
  CatalogChange(Catalog& catalog, const Command& command) : catalog_(catalog), command_(command) {}

  void run();

 private:
  // apply.cpp: finding
  [[nodiscard]] const Relation* target() const;
  [[nodiscard]] RelationName new_name() const;
  [[nodiscard]] bool recurses() const;
  /// The target and, unless ONLY is written, all that inherit from it; tables OF a composite type change with it.
  [[nodiscard]] std::vector<RelationName> family() const;
  [[nodiscard]] RelationName type_full_name() const;
  /// Changes a copy of each relation of the family.
  template <typename Change>
  void for_family(Change change) {
    for (const RelationName& name : family()) edit(name, change);
  }
  template <typename Change>
  void for_target(Change change) {
    if (const Relation* relation = target()) edit(relation->name, change);
  }
  template <typename Change>
  void edit(const RelationName& name, Change change) {
    if (const Relation* found = catalog_.find(name)) catalog_.edit(found->name, change);
  }

  // apply_calls.cpp
  [[nodiscard]] std::vector<FunctionCall> meant(std::span<const FunctionCall> calls) const;
  [[nodiscard]] Box<Expression> meant(Box<Expression> expression) const;
  [[nodiscard]] IndexDef meant(IndexDef index) const;

  // apply_table.cpp
  void create_table();
  /// The tablespace and access method of a new relation.
  void place(Relation& table) const;
  /// What pg_attrdef keeps of a DEFAULT: nothing of NULL, unless it must be checked against a domain.
  [[nodiscard]] Box<Expression> stored_default(const Box<Expression>& written, const TypeName& type) const;
  CatalogColumn make_column(const ColumnDef& def, const RelationName& table);
  void merge_column(const ColumnDef& def, Relation& table);
  static void keep_not_null(const ColumnDef& def, Relation& table);
  RelationName add_owned_sequence(const RelationName& table, Name column);
  /// CREATE TABLE … OF a composite type.
  RelationName copy_type_columns(const TypeName& type, Relation& table);
  void copy_from(const RelationRef& ref, Relation& table);
  [[nodiscard]] bool like_includes(std::string_view what, const RelationName& source) const;
  /// CREATE TABLE … (LIKE … INCLUDING …); its indexes are made when the table is there.
  void copy_like(const Relation& source, Relation& table);
  void copy_like_indexes(const RelationName& table);
  /// A table takes no more columns (htup_details.h MaxHeapAttributeNumber).
  static bool is_full(const Relation& table);

  // apply_column.cpp
  void alter_table(std::string_view tag);
  void alter_column(std::string_view tag, Relation& relation);
  void add_column();
  void drop_identity_sequences();
  void rename_column();
  void rename_in_predicate(Predicate& said);
  void rename_in_uses(ColumnUses& uses, const RelationName& table) const;
  void rename_in_query(CatalogQuery& query, const RelationName& table);
  void rename_elsewhere(const RelationName& name);

  // apply_constraint.cpp
  void add_constraint();
  void append(const RelationName& relation, CatalogConstraint constraint);
  void add_not_null(const Constraint& constraint);
  void set_not_null(const Names& columns);
  void set_deferrable(const RelationName& table, Name key);
  void add_index_constraint(const Constraint& constraint);
  /// ADD … USING INDEX: the index takes the constraint's name.
  void use_index(const Constraint& constraint, const RelationName& table);
  /// The constraint that an index backs.
  static void add_key(Relation& relation, std::string_view contype, Name name, const Names& columns);
  void drop_constraint();
  void make_own(const RelationName& table, Name constraint);
  [[nodiscard]] const CatalogConstraint* inherited_part(const RelationName& child,
                                                        const CatalogConstraint& constraint) const;
  void erase_constraint(const RelationName& table, const CatalogConstraint& constraint);
  void drop_not_null();
  void alter_constraint();
  void alter_inheritance();
  void validate_constraint();
  void rename_constraint();
  /// tablecmds.c RenameRelationInternal(): an index and the constraint that it stands behind have one name.
  void rename_constraint_of(const Relation& index);

  // apply_unknown.cpp: tables that no file makes
  void note_constraint(std::string_view tag);
  void forget_constraints();

  // apply_index.cpp
  void create_index();
  void put_index(const RelationName& table, Name name, const IndexDef& definition, std::string_view contype,
                 const Names& columns, const RelationName& parent);
  /// Adds an index with a name of PostgreSQL's choice, and its constraint if it backs one.
  void add_index(const RelationName& table, const IndexDef& definition, std::string_view contype,
                 const RelationName& parent);
  /// A partition gets an index for each one of its parent, unless it has it already.
  void inherit_index(const Relation& index, const RelationName& partition);
  void inherit_indexes(const RelationName& parent, const RelationName& partition);
  void remake_partitioned_indexes(const RelationName& table, Name column);
  [[nodiscard]] bool has_partition_of(const RelationName& table, const RelationName& index) const;
  /// An index of the table that can become the partition of another one; empty: none. For an index that backs
  /// a constraint it must back one, too (indexcmds.c DefineIndex).
  [[nodiscard]] RelationName matching_index(const RelationName& table, const Relation& wanted) const;
  [[nodiscard]] std::string constraint_type_of(const Relation& index) const;
  /// CLUSTER ON an index, or on none.
  void cluster_on(Name name);

  // apply_partition.cpp
  void attach();
  void detach();
  void set_parent(bool add);
  /// Row triggers of a partitioned table have a copy in each partition.
  static void copy_row_triggers(const Relation& parent, Relation& partition);

  // apply_drop.cpp
  void drop();
  void leave_policies();
  void discard();
  void own_column();
  void remove(const CatalogObject& gone);
  void remove_relation(const RelationName& name);
  void remove_policy(const RelationName& table, Name name);
  void remove_trigger(const RelationName& table, Name name);
  [[nodiscard]] Name new_owner() const;
  void set_owner(const RelationName& relation, Name owner);
  void alter_owner();
  void reassign_owned();

  // apply_rename.cpp
  void rename();
  void rename_schema();
  /// A rule or policy of the target.
  template <typename Part>
  void rename_part(Few<Part> Relation::* parts) {
    for_target([&](Relation& relation) {
      for (Part& part : relation.*parts) {
        if (part.name == command_.name) part.name = command_.new_name;
      }
    });
  }
  void set_schema();
  /// Gives a relation another full name, wherever it is mentioned. `from` is a copy: it may live in what
  /// is renamed.
  void move(RelationName from, const RelationName& to);

  // apply_names.cpp
  [[nodiscard]] RelationName object_name() const;
  /// False: it is of another kind.
  bool rename_object(std::string_view kind, bool to_schema);
  bool rename_other(std::string_view kind, bool to_schema);
  void move_type(RelationName from, const RelationName& to);
  void rename_configuration(Name from);
  /// Lets `change` loose on the statements of all functions that are kept parsed.
  template <typename Change>
  void edit_kept_code(Change change);
  void move_function(RelationName from, const RelationName& to);
  /// Where a relation is mentioned outside relations.
  void move_mentions(const RelationName& from, const RelationName& to);
  void rename_members(Name schema);

  // apply_query.cpp
  void create_view(char kind);
  [[nodiscard]] CatalogQuery read_query(char kind) const;
  /// What the command's stored query depends on, and what it yields.
  [[nodiscard]] ColumnUses column_uses(Few<Name>* yields = nullptr) const;
  /// Of the columns of the view that is made.
  [[nodiscard]] Few<TypeName> result_types(const Few<Name>& columns) const;
  void copy_results(Relation& table) const;
  bool copy_result(const ResultColumn& result, const RelationName& from, Relation& table) const;
  [[nodiscard]] ViewQuery resolved(ViewQuery query) const;

  // apply_object.cpp
  void sequence();
  void composite();
  void create_type();
  void constrain(CatalogType& domain) const;
  void alter_domain();
  void put_policy();
  void create_statistics();
  [[nodiscard]] Name free_statistics_name(const RelationName& table) const;
  void define();
  void put_caller();  // apply_support.cpp
  void create_extension();
  void alter_extension();
  void publish();

  // apply_code.cpp
  /// As the server keeps it.
  [[nodiscard]] Box<CodeBlock> meant(Box<CodeBlock> code) const;
  void create_function();
  void alter_function();
  void create_trigger();
  void create_event_trigger();
  void enable_event_trigger();
  void rename_trigger();
  void enable_triggers(std::string_view tag);
  void create_rule();
  void add_read(const Statement& action, std::vector<RelationName>& reads) const;
  void enable_rule(std::string_view tag);

  Catalog& catalog_;
  const Command& command_;
};

}  // namespace pgsluice
