// SPDX-License-Identifier: Apache-2.0
// What each command does to the catalog: the replay of migrations, with no database.
#include <algorithm>
#include <utility>

#include "pgsluice/catalog.hpp"

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

bool contains(const Names& list, Name name) {
  return std::ranges::find(list, name) != list.end();
}

bool is_index_constraint(std::string_view contype) {
  return contype == "CONSTR_PRIMARY" || contype == "CONSTR_UNIQUE" || contype == "CONSTR_EXCLUSION";
}

bool index_uses(const IndexDef& index, Name column) {
  const auto reads = [column](const Box<Expression>& expression) {
    return expression && contains(expression->columns, column);
  };
  return std::ranges::any_of(
             index.elements,
             [&](const IndexElement& e) { return e.column == column || reads(e.expression); }) ||
         contains(index.including, column) || reads(index.predicate);
}

std::string join(const Names& names) {
  std::string result;
  for (const Name name : names) result += (result.empty() ? "" : "_") + name;
  return result;
}

/// pg_constraint.h ChooseConstraintName: unique among the constraints of the relation.
std::string constraint_name(const Relation& relation, const Constraint& constraint) {
  if (!constraint.name.empty()) return constraint.name;
  const bool check = constraint.contype == "CONSTR_CHECK";
  const std::string label = constraint.contype == "CONSTR_FOREIGN" ? "fkey" : check ? "check" : "not_null";
  std::string columns = join(constraint.columns);
  if (check && columns.empty() && constraint.expression && constraint.expression->columns.size() == 1) {
    columns = constraint.expression->columns.front();
  }
  std::string name = make_object_name(relation.name.relname, columns, label);
  for (int i = 1; relation.find_constraint(name) != nullptr; ++i) {
    name = make_object_name(relation.name.relname, columns, label + std::to_string(i));
  }
  return name;
}

}  // namespace

/// One command at work on a catalog.
class CatalogChange {
 public:
  CatalogChange(Catalog& catalog, const Command& command) : catalog_(catalog), command_(command) {}

  void run() {
    const std::string_view tag = command_.tag;
    if (tag.starts_with("AT_")) return alter_table(tag);
    if (tag == "CreateStmt" || tag == "CreateForeignTableStmt") return create_table();
    if (tag == "IndexStmt") return create_index();
    if (tag == "DropStmt") return drop();
    if (tag == "RenameStmt") return rename();
    if (tag == "AlterObjectSchemaStmt") return set_schema();
    if (tag == "ViewStmt") return create_view(relkind::view);
    if (tag == "CreateTableAsStmt") {
      return create_view(command_.text("objtype") == "OBJECT_MATVIEW" ? relkind::materialized_view
                                                                      : relkind::table);
    }
    if (tag == "SelectStmt" && command_.is("into")) return create_view(relkind::table);
    if (tag == "CreateSeqStmt" || tag == "AlterSeqStmt") return sequence();
    if (tag == "CompositeTypeStmt") return composite();
    if (tag == "CreateDomainStmt" || tag == "CreateEnumStmt") return create_type();
    if (tag == "AlterDomainStmt") return alter_domain();
    if (tag == "CreateFunctionStmt") return create_function();
    if (tag == "CreateTrigStmt") return create_trigger();
    if (tag == "CreatePolicyStmt" || tag == "AlterPolicyStmt") return put_policy();
    if (tag == "RuleStmt") {
      return for_target([this](Relation& relation) {
        std::erase(relation.rules, command_.name);
        relation.rules.push_back(command_.name);
      });
    }
    if (tag == "CreateStatsStmt") return create_statistics();
    if (tag == "CreatePublicationStmt" || tag == "AlterPublicationStmt") return publish();
    if (tag == "ClusterStmt" && !command_.name.empty()) return cluster_on(command_.name);
  }

 private:
  // ---- finding ------------------------------------------------------------------------------

  [[nodiscard]] const Relation* target() const {
    const RelationRef* ref = command_.relation("target");
    return ref != nullptr ? catalog_.find(ref->name) : nullptr;
  }
  [[nodiscard]] RelationName new_name() const {
    const RelationRef* ref = command_.relation("target");
    return ref != nullptr ? catalog_.resolve(ref->name) : RelationName{};
  }
  [[nodiscard]] bool recurses() const {
    const RelationRef* ref = command_.relation("target");
    return ref != nullptr && !ref->only;
  }
  /// The target and, unless ONLY is written, all that inherit from it.
  [[nodiscard]] std::vector<RelationName> family() const {
    std::vector<RelationName> names;
    const Relation* relation = target();
    if (relation == nullptr) return names;
    names.push_back(relation->name);
    if (!recurses()) return names;
    for (const Relation* child : catalog_.descendants(relation->name)) names.push_back(child->name);
    return names;
  }
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
  [[nodiscard]] RelationName type_full_name() const {
    const Name schema = !command_.new_name.empty()     ? command_.new_name
                        : catalog_.search_path.empty() ? Name("public")
                                                       : catalog_.search_path.front();
    return {.schemaname = schema, .relname = command_.name};
  }

  /// A table takes no more columns (htup_details.h MaxHeapAttributeNumber).
  static bool is_full(const Relation& table) {
    constexpr std::size_t most_columns = 1600;
    return table.columns.size() >= most_columns;
  }

  // ---- columns ------------------------------------------------------------------------------

  CatalogColumn make_column(const ColumnDef& def, const RelationName& table) {
    CatalogColumn column{.name = def.name, .type = catalog_.resolve_type(def.type)};
    if (is_serial(def.type.name)) {
      column.type.name = serial_type(def.type.name);
      column.not_null = true;
      column.owned_sequence = add_owned_sequence(table, def.name);
      column.default_expression =
          Expression{.functions = {{.schemaname = {}, .name = "nextval", .arguments = 1}}};
    }
    for (const Constraint& constraint : def.constraints) {
      if (constraint.contype == "CONSTR_NOTNULL" || constraint.contype == "CONSTR_PRIMARY")
        column.not_null = true;
      if (constraint.contype == "CONSTR_DEFAULT") column.default_expression = constraint.expression;
      if (constraint.contype == "CONSTR_GENERATED") {
        column.generated = constraint.generated_kind;
        column.default_expression = constraint.expression;
      }
      if (constraint.contype == "CONSTR_IDENTITY") {
        column.identity = true;
        column.not_null = true;
        column.owned_sequence = add_owned_sequence(table, def.name);
      }
    }
    return column;
  }

  RelationName add_owned_sequence(const RelationName& table, const Name column) {
    RelationName name{.schemaname = table.schemaname, .relname = catalog_.choose_name(table, column, "seq")};
    catalog_.put({.name = name, .relkind = relkind::sequence, .owner_table = table});
    return name;
  }

  // ---- tables -------------------------------------------------------------------------------

  void create_table() {
    const RelationName name = new_name();
    if (name.empty() || catalog_.find(name) != nullptr) return;
    Relation table{.name = name};
    if (command_.tag == "CreateForeignTableStmt") table.relkind = relkind::foreign_table;
    if (command_.partition_key) {
      table.relkind = relkind::partitioned_table;
      table.partition_key = command_.partition_key;
    }
    const std::string_view persistence = command_.text("relpersistence");
    table.relpersistence = persistence == "temporary" ? 't' : persistence == "unlogged" ? 'u' : 'p';
    table.tablespace = command_.tablespace;
    table.access_method = command_.access_method;
    if (command_.type) table.of_type = copy_type_columns(*command_.type, table);
    for (const RelationRef& ref : command_.relations) copy_from(ref, table);
    for (const ColumnDef& def : command_.columns) {
      // PARTITION OF may list columns again to add constraints: those have no type.
      if (is_full(table)) break;
      if (table.column(def.name) == nullptr) table.columns.push_back(make_column(def, name));
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

  /// CREATE TABLE … OF a composite type.
  RelationName copy_type_columns(const TypeName& type, Relation& table) {
    RelationName name = catalog_.resolve({type.schemaname, type.name});
    if (const Relation* composite = catalog_.find(name)) table.columns = composite->columns;
    return name;
  }

  void copy_from(const RelationRef& ref, Relation& table) {
    const bool parent = ref.role == "parent" || ref.role == "inherited";
    if (!parent && ref.role != "like") return;
    const RelationName name = catalog_.resolve(ref.name);
    if (parent) table.parents.push_back(name);
    const Relation* source = catalog_.find(name);
    if (source == nullptr) return;
    for (CatalogColumn column : source->columns) {
      column.owned_sequence = {};
      if (ref.role == "like") column.default_expression.reset();
      if (table.column(column.name) == nullptr) table.columns.push_back(std::move(column));
    }
    for (const CatalogConstraint& constraint : source->constraints) {
      const bool inherited = constraint.contype == "CONSTR_CHECK" ||
                             (ref.role == "parent" && constraint.contype == "CONSTR_FOREIGN");
      if (!parent || !inherited || constraint.no_inherit) continue;
      table.constraints.push_back(constraint);
      table.constraints.back().inherited = true;
    }
    if (ref.role == "like") copy_like(*source, table);
    if (ref.role == "parent") copy_row_triggers(*source, table);
  }

  [[nodiscard]] bool like_includes(std::string_view what, const RelationName& source) const {
    return std::ranges::any_of(command_.relations, [&](const RelationRef& ref) {
      return ref.role == what && catalog_.resolve(ref.name) == source;
    });
  }

  /// CREATE TABLE … (LIKE … INCLUDING …); its indexes are made when the table is there.
  void copy_like(const Relation& source, Relation& table) {
    for (CatalogColumn& column : table.columns) {
      const CatalogColumn* old = source.column(column.name);
      if (old == nullptr) continue;
      if (like_includes("like_defaults", source.name)) column.default_expression = old->default_expression;
      if (!like_includes("like_generated", source.name)) column.generated = {};
      if (like_includes("like_identity", source.name) && old->identity) {
        column.owned_sequence = add_owned_sequence(table.name, column.name);
      } else {
        column.identity = false;
      }
    }
    if (!like_includes("like_constraints", source.name)) return;
    for (const CatalogConstraint& constraint : source.constraints) {
      if (constraint.contype == "CONSTR_CHECK") table.constraints.push_back(constraint);
    }
  }

  void copy_like_indexes(const RelationName& table) {
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

  /// Row triggers of a partitioned table have a copy in each partition.
  static void copy_row_triggers(const Relation& parent, Relation& partition) {
    for (const CatalogTrigger& trigger : parent.triggers) {
      const bool there = std::ranges::find(partition.triggers, trigger.name, &CatalogTrigger::name) !=
                         partition.triggers.end();
      if (trigger.row && !there) partition.triggers.push_back(trigger);
    }
  }

  /// A partition gets an index for each one of its parent, unless it has it already.
  void inherit_indexes(const RelationName& parent, const RelationName& partition) {
    std::vector<Relation> wanted;
    for (const Relation* index : catalog_.indexes(parent)) wanted.push_back(*index);
    for (const Relation& index : wanted) {
      if (!index.index || has_partition_of(partition, index.name)) continue;
      if (const RelationName own = matching_index(partition, index); !own.empty()) {
        edit(own, [&](Relation& relation) { relation.parents = {index.name}; });
      } else {
        add_index(partition, *index.index, index.constraint.empty() ? "" : constraint_type_of(index),
                  index.name);
      }
    }
  }

  [[nodiscard]] bool has_partition_of(const RelationName& table, const RelationName& index) const {
    return std::ranges::any_of(catalog_.indexes(table), [&](const Relation* own) {
      return std::ranges::find(own->parents, index) != own->parents.end();
    });
  }

  /// An index of the table that can become the partition of another one; empty: none. For an index that backs
  /// a constraint it must back one, too (indexcmds.c DefineIndex).
  [[nodiscard]] RelationName matching_index(const RelationName& table, const Relation& wanted) const {
    for (const Relation* own : catalog_.indexes(table)) {
      if (!own->index || !own->parents.empty() || !same_definition(*own->index, *wanted.index)) continue;
      if (!wanted.constraint.empty() && own->constraint.empty()) continue;
      return own->name;
    }
    return {};
  }

  static bool same_definition(const IndexDef& a, const IndexDef& b) {
    return a.unique == b.unique && a.access_method == b.access_method && !a.predicate && !b.predicate &&
           std::ranges::equal(a.elements, b.elements, {}, &IndexElement::column, &IndexElement::column) &&
           std::ranges::none_of(a.elements, [](const IndexElement& e) { return e.column.empty(); });
  }

  [[nodiscard]] std::string constraint_type_of(const Relation& index) const {
    const Relation* table = catalog_.find(index.table);
    const CatalogConstraint* constraint =
        table != nullptr ? table->find_constraint(index.constraint) : nullptr;
    return constraint != nullptr ? std::string(constraint->contype) : std::string();
  }

  // ---- indexes ------------------------------------------------------------------------------

  /// Adds an index with a name of PostgreSQL's choice, and its constraint if it backs one.
  void add_index(const RelationName& table, const IndexDef& definition, std::string_view contype,
                 const RelationName& parent) {
    Command naming = command_;
    naming.index.reset();
    naming.constraints.clear();
    Names columns;
    for (const IndexElement& element : definition.elements) columns.push_back(element.column);
    if (contype.empty()) {
      naming.index = definition;
      naming.index.edit().name = {};
    } else {
      naming.constraints.push_back(
          {.contype = contype, .columns = columns, .including = definition.including});
    }
    put_index(table, choose_index_name(catalog_, table, naming), definition, contype, columns, parent);
  }

  void put_index(const RelationName& table, const Name name, const IndexDef& definition,
                 std::string_view contype, const Names& columns, const RelationName& parent) {
    const Relation* owner = catalog_.find(table);
    Relation index{
        .name = {table.schemaname, name}, .relkind = relkind::index, .table = table, .index = definition};
    if (owner != nullptr && owner->relkind == relkind::partitioned_table)
      index.relkind = relkind::partitioned_index;
    if (!parent.empty()) index.parents = {parent};
    index.index.edit().name = name;
    if (!contype.empty()) {
      index.constraint = name;
      edit(table, [&](Relation& relation) { add_key(relation, contype, name, columns); });
    }
    catalog_.put(index);
    if (!recurses() && (command_.tag == "IndexStmt" || command_.tag == "AT_AddConstraint")) return;
    std::vector<RelationName> partitions;
    if (index.relkind == relkind::partitioned_index) {
      for (const Relation* child : catalog_.children(table)) partitions.push_back(child->name);
    }
    for (const RelationName& partition : partitions) inherit_indexes(table, partition);
  }

  void create_index() {
    const Relation* table = target();
    if (table == nullptr || !command_.index) return;
    const RelationName name = table->name;
    const std::string index_name = choose_index_name(catalog_, name, command_);
    if (catalog_.find({name.schemaname, index_name}) != nullptr) return;
    put_index(name, index_name, *command_.index, {}, {}, {});
  }

  // ---- ALTER TABLE --------------------------------------------------------------------------

  void alter_table(std::string_view tag) {
    if (target() == nullptr) return;
    if (tag == "AT_AddColumn") return add_column();
    if (tag == "AT_DropColumn") return drop_column();
    if (tag == "AT_AddConstraint") return add_constraint();
    if (tag == "AT_DropConstraint") return drop_constraint();
    if (tag == "AT_AttachPartition") return attach();
    if (tag == "AT_DetachPartition" || tag == "AT_DetachPartitionFinalize") return detach();
    if (tag == "AT_ValidateConstraint") {
      return for_family([this](Relation& relation) {
        for (CatalogConstraint& constraint : relation.constraints) {
          if (constraint.name == command_.name) constraint.validated = true;
        }
      });
    }
    if (tag == "AT_ClusterOn" || tag == "AT_DropCluster") return cluster_on(command_.name);
    if (tag == "AT_SetTableSpace")
      return edit(target()->name, [&](Relation& r) { r.tablespace = command_.name; });
    if (tag == "AT_SetAccessMethod") {
      return edit(target()->name, [&](Relation& r) { r.access_method = command_.name; });
    }
    if (tag == "AT_ChangeOwner")
      return edit(target()->name, [&](Relation& r) { r.owner = command_.new_name; });
    if (tag == "AT_AddOf" || tag == "AT_DropOf") {
      const RelationName type =
          command_.type ? catalog_.resolve({command_.type->schemaname, command_.type->name}) : RelationName{};
      return edit(target()->name, [&](Relation& r) { r.of_type = type; });
    }
    if (tag == "AT_AddInherit" || tag == "AT_DropInherit") return set_parent(tag == "AT_AddInherit");
    if (tag == "AT_SetLogged" || tag == "AT_SetUnLogged") {
      return edit(target()->name, [&](Relation& r) { r.relpersistence = tag == "AT_SetLogged" ? 'p' : 'u'; });
    }
    for_family([&](Relation& relation) { alter_column(tag, relation); });
  }

  void alter_column(std::string_view tag, Relation& relation) {
    const auto column = std::ranges::find(relation.columns, command_.name, &CatalogColumn::name);
    if (column == relation.columns.end()) return;
    if (tag == "AT_SetNotNull") column->not_null = true;
    if (tag == "AT_DropNotNull") column->not_null = false;
    if (tag == "AT_AlterColumnType" && command_.type) column->type = catalog_.resolve_type(*command_.type);
    if (tag == "AT_ColumnDefault") column->default_expression = command_.expression;
    if (tag == "AT_DropExpression") column->generated = {};
    if (tag == "AT_DropIdentity") column->identity = false;
    if (tag == "AT_AddIdentity") {
      column->identity = true;
      // Partitions draw from the sequence of the partitioned table.
      if (column->owned_sequence.empty() && !relation.is_partition) {
        column->owned_sequence = add_owned_sequence(relation.name, column->name);
      }
    }
  }

  void add_column() {
    if (command_.columns.empty()) return;
    const ColumnDef& def = command_.columns.front();
    if (is_full(*target()) || target()->column(def.name) != nullptr) return;
    const CatalogColumn column = make_column(def, target()->name);
    for_family([&](Relation& relation) {
      if (relation.column(def.name) == nullptr) relation.columns.push_back(column);
    });
  }

  void drop_column() {
    for (const RelationName& name : family()) {
      const Relation* relation = catalog_.find(name);
      const CatalogColumn* column = relation->column(command_.name);
      const RelationName sequence = column != nullptr ? column->owned_sequence : RelationName{};
      std::vector<RelationName> dead;
      for (const Relation* index : catalog_.indexes(name)) {
        if (index->index && index_uses(*index->index, command_.name)) dead.push_back(index->name);
      }
      edit(name, [this](Relation& r) {
        std::erase_if(r.columns, [this](const CatalogColumn& c) { return c.name == command_.name; });
        std::erase_if(r.constraints, [this](const CatalogConstraint& c) {
          return contains(c.columns, command_.name) || contains(c.expression_columns, command_.name);
        });
      });
      for (const RelationName& index : dead) catalog_.erase(index);
      if (!sequence.empty()) catalog_.erase(sequence);
    }
  }

  void add_constraint() {
    const Constraint& constraint = command_.constraints.front();
    if (constraint.contype == "CONSTR_NOTNULL") return add_not_null(constraint);
    if (is_index_constraint(constraint.contype)) return add_index_constraint(constraint);
    const std::string name = constraint_name(*target(), constraint);
    const RelationName altered = target()->name;
    for_family([&](Relation& relation) {
      if (relation.find_constraint(name) != nullptr) return;
      if (relation.name != altered && !is_inherited(constraint, relation)) return;
      CatalogConstraint added{.name = name,
                              .contype = constraint.contype,
                              .columns = constraint.columns,
                              .validated = !constraint.skip_validation && constraint.is_enforced};
      if (!constraint.referenced.empty()) added.referenced = catalog_.resolve(constraint.referenced);
      added.inherited = relation.name != altered;
      added.referenced_columns = constraint.referenced_columns;
      added.no_inherit = constraint.is_no_inherit;
      if (constraint.expression) {
        added.comparisons = constraint.expression->comparisons;
        added.expression_columns = constraint.expression->columns;
        added.not_null = constraint.expression->not_null;
      }
      relation.constraints.push_back(std::move(added));
    });
  }

  /// CHECK goes to all descendants, a foreign key only to partitions.
  static bool is_inherited(const Constraint& constraint, const Relation& descendant) {
    if (constraint.contype == "CONSTR_CHECK") return !constraint.is_no_inherit;
    return descendant.is_partition;
  }

  void add_not_null(const Constraint& constraint) {
    const std::string name = constraint_name(*target(), constraint);
    for_family([&](Relation& relation) {
      relation.constraints.push_back({.name = name,
                                      .contype = "CONSTR_NOTNULL",
                                      .columns = constraint.columns,
                                      .validated = !constraint.skip_validation});
      for (CatalogColumn& column : relation.columns) {
        if (contains(constraint.columns, column.name) && !constraint.skip_validation) column.not_null = true;
      }
    });
  }

  void add_index_constraint(const Constraint& constraint) {
    const RelationName table = target()->name;
    if (!constraint.index_name.empty()) return use_index(constraint, table);
    IndexDef definition{.access_method = constraint.contype == "CONSTR_EXCLUSION" ? "gist" : "btree",
                        .including = constraint.including,
                        .unique = true};
    for (const Name column : constraint.columns) definition.elements.push_back({.column = column});
    const std::string name = choose_index_name(catalog_, table, command_);
    put_index(table, name, definition, constraint.contype, constraint.columns, {});
  }

  /// ADD … USING INDEX: the index takes the constraint's name.
  void use_index(const Constraint& constraint, const RelationName& table) {
    const Relation* found = catalog_.find({table.schemaname, constraint.index_name});
    if (found == nullptr || !found->index) return;
    Names columns;
    for (const IndexElement& element : found->index->elements) columns.push_back(element.column);
    const std::string name = constraint.name.empty() ? constraint.index_name : constraint.name;
    const RelationName old_name = found->name;
    const RelationName new_name{.schemaname = table.schemaname, .relname = name};
    edit(old_name, [&](Relation& index) { index.constraint = name; });
    if (old_name != new_name) move(old_name, new_name);
    edit(table, [&](Relation& relation) { add_key(relation, constraint.contype, name, columns); });
  }

  /// The constraint that an index backs.
  static void add_key(Relation& relation, std::string_view contype, const Name name, const Names& columns) {
    // The name of a kind of constraint outlives any command.
    const std::string_view kind = contype == "CONSTR_PRIMARY"  ? "CONSTR_PRIMARY"
                                  : contype == "CONSTR_UNIQUE" ? "CONSTR_UNIQUE"
                                                               : "CONSTR_EXCLUSION";
    relation.constraints.push_back({.name = name, .contype = kind, .columns = columns, .index = name});
    for (CatalogColumn& column : relation.columns) {
      if (kind == "CONSTR_PRIMARY" && contains(columns, column.name)) column.not_null = true;
    }
  }

  void drop_constraint() {
    for (const RelationName& name : family()) {
      const CatalogConstraint* found = catalog_.find(name)->find_constraint(command_.name);
      if (found == nullptr) continue;
      const std::string index = found->index;
      edit(name, [this](Relation& relation) {
        std::erase_if(relation.constraints,
                      [this](const CatalogConstraint& c) { return c.name == command_.name; });
      });
      if (!index.empty()) catalog_.erase({name.schemaname, index});
    }
  }

  void attach() {
    const RelationRef* partition = command_.relation("partition");
    if (partition == nullptr) return;
    const RelationName parent = target()->name;
    if (target()->relkind == relkind::partitioned_index) {
      return edit(catalog_.resolve(partition->name), [&](Relation& index) { index.parents = {parent}; });
    }
    const RelationName name = catalog_.resolve(partition->name);
    std::vector<CatalogConstraint> foreign_keys;
    for (const CatalogConstraint& constraint : target()->constraints) {
      if (constraint.contype == "CONSTR_FOREIGN") foreign_keys.push_back(constraint);
    }
    edit(name, [&](Relation& relation) {
      relation.parents = {parent};
      relation.is_partition = true;
      relation.is_default_partition = command_.bound && command_.bound->is_default;
      if (command_.bound) relation.bound = *command_.bound;
      if (const Relation* source = catalog_.find(parent)) copy_row_triggers(*source, relation);
      for (const CatalogConstraint& key : foreign_keys) {
        const bool present = std::ranges::any_of(relation.constraints, [&](const CatalogConstraint& own) {
          return own.contype == key.contype && own.columns == key.columns && own.referenced == key.referenced;
        });
        if (!present) relation.constraints.push_back(key);
      }
      for (CatalogConstraint& own : relation.constraints) {
        const auto same = [&](const CatalogConstraint& key) {
          return own.columns == key.columns && own.referenced == key.referenced;
        };
        if (std::ranges::any_of(foreign_keys, same)) own.inherited = true;
      }
    });
    inherit_indexes(parent, name);
  }

  void detach() {
    const RelationRef* partition = command_.relation("partition");
    if (partition == nullptr) return;
    const RelationName name = catalog_.resolve(partition->name);
    std::vector<RelationName> indexes;
    for (const Relation* index : catalog_.indexes(name)) indexes.push_back(index->name);
    for (const RelationName& index : indexes)
      edit(index, [](Relation& relation) { relation.parents.clear(); });
    edit(name, [](Relation& relation) {
      for (CatalogConstraint& constraint : relation.constraints) constraint.inherited = false;
      relation.parents.clear();
      relation.is_partition = false;
      relation.is_default_partition = false;
    });
  }

  void set_parent(bool add) {
    const RelationRef* parent = command_.relation("parent");
    if (parent == nullptr) return;
    const RelationName name = catalog_.resolve(parent->name);
    edit(target()->name, [&](Relation& relation) {
      std::erase(relation.parents, name);
      if (add) relation.parents.push_back(name);
    });
  }

  // ---- DROP ---------------------------------------------------------------------------------

  void drop() {
    const std::string_view type = command_.text("removeType");
    if (type == "OBJECT_SCHEMA") return drop_schema();
    if (type == "OBJECT_TYPE" || type == "OBJECT_DOMAIN") {
      if (command_.type) catalog_.types_.erase(type_key(*command_.type));
      return;
    }
    if (type == "OBJECT_TRIGGER") {
      return for_family([this](Relation& relation) {
        std::erase_if(relation.triggers, [this](const CatalogTrigger& t) { return t.name == command_.name; });
      });
    }
    if (type == "OBJECT_POLICY") {
      return for_target([this](Relation& relation) {
        std::erase_if(relation.policies, [this](const CatalogPolicy& p) { return p.name == command_.name; });
      });
    }
    if (type == "OBJECT_RULE") {
      return for_target([this](Relation& relation) { std::erase(relation.rules, command_.name); });
    }
    if (type == "OBJECT_PUBLICATION") {
      catalog_.publications_.erase(command_.name);
      return;
    }
    if (const Relation* relation = target()) drop_relation(relation->name);
  }

  [[nodiscard]] RelationName type_key(const TypeName& type) const {
    const CatalogType* found = catalog_.find_type(type);
    return found != nullptr ? found->name : RelationName{};
  }

  /// With everything that hangs on it: indexes, partitions, owned sequences; views, foreign keys and
  /// children go only under CASCADE, but then PostgreSQL would have refused to drop without it.
  void drop_relation(RelationName name) {  // a copy: it may live in what is dropped
    const Relation* relation = catalog_.find(name);
    if (relation == nullptr) return;
    std::vector<RelationName> dead;
    const auto collect = [&dead](const std::vector<const Relation*>& relations) {
      for (const Relation* r : relations) dead.push_back(r->name);
    };
    collect(catalog_.indexes(name));
    collect(catalog_.children(name));
    collect(catalog_.readers(name));
    collect(catalog_.owned_sequences(name));
    std::vector<RelationName> referencing;
    for (const Relation* r : catalog_.referencing(name)) referencing.push_back(r->name);
    for (const RelationName& other : referencing) {
      edit(other, [&](Relation& r) {
        std::erase_if(r.constraints, [&](const CatalogConstraint& c) { return c.referenced == name; });
      });
    }
    if (relation->relkind == relkind::index && !relation->constraint.empty()) {
      edit(relation->table, [&, constraint = relation->constraint](Relation& table) {
        std::erase_if(table.constraints, [&](const CatalogConstraint& c) { return c.name == constraint; });
      });
    }
    catalog_.erase(name);
    for (const RelationName& other : dead) drop_relation(other);
  }

  void drop_schema() {
    std::vector<RelationName> dead;
    for (const Relation* relation : catalog_.all()) {
      if (relation->name.schemaname == command_.name) dead.push_back(relation->name);
    }
    for (const RelationName& name : dead) drop_relation(name);
  }

  // ---- RENAME, SET SCHEMA -------------------------------------------------------------------

  void rename() {
    const std::string_view type = command_.text("renameType");
    if (type == "OBJECT_SCHEMA") return rename_schema();
    const Relation* relation = target();
    if (relation == nullptr) return;
    if (type == "OBJECT_COLUMN" || type == "OBJECT_ATTRIBUTE") return rename_column();
    if (type == "OBJECT_TABCONSTRAINT") return rename_constraint();
    if (type == "OBJECT_TRIGGER") return rename_trigger();
    if (type == "OBJECT_RULE" || type == "OBJECT_POLICY") return;
    move(relation->name, {.schemaname = relation->name.schemaname, .relname = command_.new_name});
  }

  void rename_schema() {
    std::vector<RelationName> members;
    for (const Relation* relation : catalog_.all()) {
      if (relation->name.schemaname == command_.name) members.push_back(relation->name);
    }
    for (const RelationName& name : members)
      move(name, {.schemaname = command_.new_name, .relname = name.relname});
  }

  void set_schema() {
    const Relation* relation = target();
    if (relation == nullptr) return;
    const RelationName name = relation->name;
    std::vector<RelationName> along;
    for (const Relation* index : catalog_.indexes(name)) along.push_back(index->name);
    for (const Relation* owned : catalog_.owned_sequences(name)) along.push_back(owned->name);
    along.push_back(name);
    for (const RelationName& moved : along)
      move(moved, {.schemaname = command_.new_name, .relname = moved.relname});
  }

  /// Gives a relation another full name, wherever it is mentioned. `from` is a copy: it may live in what
  /// is renamed.
  void move(RelationName from, const RelationName& to) {
    const auto rename_in = [&](RelationName& name) {
      if (name == from) name = to;
    };
    std::vector<RelationName> touched{from};
    for (const auto& list : {catalog_.indexes(from), catalog_.children(from), catalog_.readers(from),
                             catalog_.referencing(from), catalog_.owned_sequences(from)}) {
      for (const Relation* relation : list) touched.push_back(relation->name);
    }
    for (const RelationName& name : touched) {
      const Relation* found = catalog_.find(name);
      if (found == nullptr) continue;
      Relation copy = *found;
      catalog_.erase(name);
      rename_in(copy.name);
      rename_in(copy.table);
      rename_in(copy.owner_table);
      for (RelationName& parent : copy.parents) rename_in(parent);
      for (RelationName& read : copy.reads) rename_in(read);
      rename_in(copy.of_type);
      for (CatalogConstraint& constraint : copy.constraints) rename_in(constraint.referenced);
      for (CatalogColumn& column : copy.columns) rename_in(column.owned_sequence);
      catalog_.store(std::move(copy));  // another name does not make it new
    }
  }

  void rename_column() {
    const auto rename_in = [this](Names& names) {
      std::ranges::replace(names, command_.name, command_.new_name);
    };
    for (const RelationName& name : family()) {
      edit(name, [&](Relation& relation) {
        for (CatalogColumn& column : relation.columns) {
          if (column.name == command_.name) column.name = command_.new_name;
        }
        for (CatalogConstraint& constraint : relation.constraints) {
          rename_in(constraint.columns);
          rename_in(constraint.not_null);
          rename_in(constraint.expression_columns);
        }
      });
      std::vector<RelationName> indexes;
      for (const Relation* index : catalog_.indexes(name)) indexes.push_back(index->name);
      for (const RelationName& index : indexes) {
        edit(index, [&](Relation& relation) {
          IndexDef& index_def = relation.index.edit();
          for (IndexElement& element : index_def.elements) {
            if (element.column == command_.name) element.column = command_.new_name;
            if (element.expression) rename_in(element.expression.edit().columns);
          }
          rename_in(index_def.including);
          if (index_def.predicate) rename_in(index_def.predicate.edit().columns);
        });
      }
    }
  }

  void rename_constraint() {
    for (const RelationName& name : family()) {
      const CatalogConstraint* found = catalog_.find(name)->find_constraint(command_.name);
      if (found == nullptr) continue;
      const std::string index = found->index;
      edit(name, [this](Relation& relation) {
        for (CatalogConstraint& constraint : relation.constraints) {
          if (constraint.name != command_.name) continue;
          constraint.name = command_.new_name;
          if (!constraint.index.empty()) constraint.index = command_.new_name;
        }
      });
      if (!index.empty()) {
        move({name.schemaname, index}, {.schemaname = name.schemaname, .relname = command_.new_name});
      }
    }
  }

  // ---- views, sequences, types, functions ----------------------------------------------------

  void create_view(char kind) {
    const RelationName name = new_name();
    if (name.empty()) return;
    const Relation* old = catalog_.find(name);
    if (old != nullptr && !command_.is("replace")) return;
    Relation view{.name = name, .relkind = kind};
    if (name.schemaname == "pg_temp") view.relpersistence = 't';
    if (kind != relkind::table) {
      for (const RelationRef& ref : command_.relations) {
        if (ref.role == "source" || ref.role == "locked") view.reads.push_back(catalog_.resolve(ref.name));
      }
      view.reads_columns = command_.names;
    }
    catalog_.put(std::move(view));
  }

  void sequence() {
    const RelationName name = new_name();
    if (name.empty()) return;
    const Relation* found = catalog_.find(name);
    Relation relation = found != nullptr ? *found : Relation{.name = name, .relkind = relkind::sequence};
    if (found == nullptr && command_.tag == "AlterSeqStmt") return;
    if (const RelationRef* owner = command_.relation("owner_table"))
      relation.owner_table = catalog_.resolve(owner->name);
    catalog_.put(std::move(relation));
  }

  void composite() {
    const RelationName name = new_name();
    Relation relation{.name = name, .relkind = relkind::composite_type};
    for (const ColumnDef& def : command_.columns)
      relation.columns.push_back({.name = def.name, .type = catalog_.resolve_type(def.type)});
    catalog_.put(std::move(relation));
    catalog_.put_type({.name = name, .typtype = 'c'});
  }

  void create_type() {
    CatalogType type{.name = type_full_name(), .typtype = command_.tag == "CreateEnumStmt" ? 'e' : 'd'};
    if (command_.type) type.base = catalog_.resolve_type(*command_.type);
    type.constrained = std::ranges::any_of(command_.constraints, [](const Constraint& constraint) {
      return constraint.contype == "CONSTR_CHECK" || constraint.contype == "CONSTR_NOTNULL";
    });
    if (command_.type && !type.constrained) {
      const CatalogType* base = catalog_.find_type(*command_.type);
      type.constrained = base != nullptr && base->constrained;
    }
    catalog_.put_type(std::move(type));
  }

  void alter_domain() {
    if (!command_.type) return;
    const CatalogType* found = catalog_.find_type(*command_.type);
    const std::string_view subtype = command_.text("subtype");
    if (found == nullptr || (subtype != "C" && subtype != "O")) return;
    CatalogType changed = *found;
    changed.constrained = true;
    catalog_.put_type(std::move(changed));
  }

  void create_trigger() {
    if (command_.functions.empty()) return;
    const FunctionCall& function = command_.functions.front();
    const CatalogTrigger trigger{
        .name = command_.name, .function = {function.schemaname, function.name}, .row = command_.is("row")};
    const auto put = [&](Relation& relation) {
      std::erase_if(relation.triggers, [&](const CatalogTrigger& t) { return t.name == trigger.name; });
      relation.triggers.push_back(trigger);
    };
    const Relation* table = target();
    if (table != nullptr && table->relkind == relkind::partitioned_table && trigger.row)
      return for_family(put);
    for_target(put);
  }

  void rename_trigger() {
    for_family([this](Relation& relation) {
      for (CatalogTrigger& trigger : relation.triggers) {
        if (trigger.name == command_.name) trigger.name = command_.new_name;
      }
    });
  }

  void put_policy() {
    CatalogPolicy policy{.name = command_.name, .reads = {}};
    for (const RelationRef& ref : command_.relations) {
      if (ref.role == "source") policy.reads.push_back(catalog_.resolve(ref.name));
    }
    for_target([&](Relation& relation) {
      std::erase_if(relation.policies, [&](const CatalogPolicy& p) { return p.name == policy.name; });
      relation.policies.push_back(policy);
    });
  }

  void create_statistics() {
    const RelationRef* table = command_.relation("target");
    if (table == nullptr) return;
    const RelationName resolved = catalog_.resolve(table->name);
    const Name schema = command_.new_name.empty() ? resolved.schemaname : command_.new_name;
    catalog_.statistics_[{schema, command_.name}] = resolved;
  }

  void publish() {
    std::set<RelationName>& tables = catalog_.publications_[command_.name];
    const RelationRef* ref = command_.relation("target");
    if (ref == nullptr) return;
    const RelationName table = catalog_.resolve(ref->name);
    if (command_.text("action") == "AP_DropObjects") {
      tables.erase(table);
    } else {
      // SET PUBLICATION leaves too much here: whoever asks gets more tables, not fewer.
      tables.insert(table);
    }
  }

  /// CLUSTER ON an index, or on none.
  void cluster_on(const Name name) {
    const Relation* table = target();
    if (table == nullptr) return;
    std::vector<RelationName> indexes;
    for (const Relation* index : catalog_.indexes(table->name)) indexes.push_back(index->name);
    for (const RelationName& index : indexes) {
      edit(index, [&](Relation& relation) { relation.clustered = relation.name.relname == name; });
    }
  }

  void create_function() {
    const std::string_view volatility = command_.text("volatility");
    const auto [entry, added] = catalog_.functions_.try_emplace(type_full_name(), volatility);
    // OR REPLACE may change it, and overloads share a name: the more volatile one counts.
    if (!added && entry->second != volatility) entry->second = "volatile";
  }

  Catalog& catalog_;
  const Command& command_;
};

void Catalog::apply(const Command& command) {
  CatalogChange(*this, command).run();
}

}  // namespace pgsluice
