// SPDX-License-Identifier: Apache-2.0
#include "dependencies.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>

#include "lost_objects.hpp"
#include "mentions.hpp"
#include "object_names.hpp"
#include "pgsluice/code.hpp"

namespace pgsluice {

namespace {

using Kind = CatalogObject::Kind;

bool contains(std::span<const Name> list, Name name) {
  return std::ranges::find(list, name) != list.end();
}

bool reads_column(const Box<Expression>& expression, Name column) {
  return expression && contains(expression->columns, column);
}

bool is_index(const Relation& relation) {
  return relation.relkind == relkind::index || relation.relkind == relkind::partitioned_index;
}

bool is_foreign_key(const CatalogConstraint& constraint) {
  return !constraint.referenced.empty();
}

/// A view or policy depends on the columns that it reads.
bool may_read(const auto& stored, const RelationName& relation, Name column) {
  return may_use(stored.uses, stored.columns, relation, column);
}

/// A rule depends on what its actions name and write. Which table an unlisted INSERT means by its places is in `reads`.
bool may_act_on(const CatalogRule& rule, const RelationName& relation, Name column) {
  if (column.empty()) return true;
  const auto use = std::ranges::find(rule.uses, relation, &ColumnUse::relation);
  if (use != rule.uses.end()) return contains(use->columns, column);
  if (rule.conditional || !rule.actions) return true;
  return std::ranges::any_of(*rule.actions, [&](const Statement& action) {
    return std::ranges::any_of(action.commands, [&](const Command& command) {
      const auto writes = [&](const RowChange& change) {
        const bool all = change.kind == RowChange::Kind::insert && change.columns.empty();
        return all || contains(change.columns, column) || contains(change.set_columns, column);
      };
      return contains(command.names, column) || contains(command.names, "*") ||
             (command.changes && std::ranges::any_of(*command.changes, writes));
    });
  });
}

CatalogObject other_object(std::string_view objtype, const RelationName& name) {
  if (objtype == "OBJECT_STATISTIC_EXT") return object(Kind::statistics, name);
  return object(Kind::other, name, objtype);
}

}  // namespace

/// The walk: what is found stands in a list, behind which what hangs on it is added.
class Dependencies {
 public:
  Dependencies(const Catalog& catalog, Cascade cascade)
      : catalog_(catalog), cascade_(cascade == Cascade::yes), lost_(catalog) {}

  void add(const CatalogObject& found) {
    if (seen_.insert(found).second) gone_.push_back(found);
  }

  std::vector<CatalogObject> run() {
    for (std::size_t i = 0; i < gone_.size();) {
      for (; i < gone_.size(); ++i) expand(CatalogObject(gone_[i]));
      if (cascade_ && std::exchange(has_lost_, false)) scan();
    }
    return std::move(gone_);
  }

  [[nodiscard]] const std::vector<CatalogObject>& found() const { return gone_; }

  /// Everything that belongs to the roles, and policies for them; "" is the one that is at work.
  void add_owned(const Names& roles) {
    const auto owned = [&](Name owner) {
      return !owner.empty() && std::ranges::any_of(roles, [&](Name role) {
        return owner == (role.empty() ? catalog_.role : role);
      });
    };
    for (const Relation* relation : catalog_.all()) {
      if (!is_index(*relation) && owned(relation->owner)) add(relation_object(relation->name));
    }
    for (const auto& [name, type] : catalog_.objects_->types) {
      if (owned(type.owner)) add(object(Kind::type, name));
    }
    for (const auto& [name, overloads] : catalog_.objects_->functions) {
      if (std::ranges::any_of(overloads, owned, &CatalogFunction::owner)) add(object(Kind::function, name));
    }
    for (const auto& [name, owner] : catalog_.objects_->schemas) {
      if (owned(owner)) add(object(Kind::schema, {.schemaname = {}, .relname = name}));
    }
    for (const Relation* relation : catalog_.all()) {
      for (const CatalogPolicy& policy : relation->policies) {
        // pg: policy.c RemoveRoleFromObjectPolicy() leaves it to the other roles, and its table alone
        if (!policy.roles.empty() && std::ranges::all_of(policy.roles, owned))
          add(part_object(Kind::policy, relation->name, policy.name));
      }
    }
    for (const auto& [key, owner] : catalog_.objects_->others) {
      if (owned(owner)) add(other_object(key.first, key.second));
    }
  }

 private:
  /// Everything that exists is known, and it is not among it.
  [[nodiscard]] bool is_missing(const CatalogObject& extension) const {
    return catalog_.complete && !catalog_.objects_->extensions.contains(extension.name.relname);
  }

  void expand(const CatalogObject& gone) {
    switch (gone.kind) {
      case Kind::relation: return expand_relation(gone.name);
      case Kind::column: return expand_column(gone.name, gone.part);
      case Kind::constraint: return expand_constraint(gone.name, gone.part);
      case Kind::type: lose(gone); return expand_type(gone.name);
      case Kind::function: return lose(gone);
      case Kind::schema: return expand_schema(gone.name.relname);
      case Kind::extension:
        if (is_missing(gone)) return;
        lose(gone);
        return expand_extension(gone.name.relname);
      case Kind::other:
        lose(gone);
        if (gone.objtype == "OBJECT_LANGUAGE") expand_language(gone.name.relname);
        return;
      default: return;
    }
  }

  void lose(const CatalogObject& gone) {
    lost_.add(gone);
    has_lost_ = true;
  }

  [[nodiscard]] bool is_gone(const RelationName& relation) const {
    return seen_.contains(relation_object(relation));
  }

  void add_relations(const std::vector<const Relation*>& relations) {
    for (const Relation* relation : relations) add(relation_object(relation->name));
  }

  // ---- relations and their parts ----------------------------------------------------------------------------------

  void expand_relation(const RelationName& name) {
    const Relation* relation = catalog_.find(name);
    add_relations(catalog_.indexes(name));
    add_relations(catalog_.owned_sequences(name));
    for (const Relation* child : catalog_.children(name)) {
      if (cascade_ || child->is_partition || is_index(*child)) add(relation_object(child->name));
    }
    if (relation != nullptr) {
      if (is_index(*relation)) expand_index(*relation);
      for (const CatalogConstraint& key : relation->constraints) {
        if (is_foreign_key(key) && !key.inherited) add(part_object(Kind::constraint, name, key.name));
      }
    }
    if (cascade_) expand_users(name, relation);
  }

  void expand_users(const RelationName& name, const Relation* relation) {
    add_relations(catalog_.readers(name));
    add_keys_to(name);
    add_policies(name, {});
    add_rules(name);
    add_functions_on(name);
    if (relation != nullptr && relation->relkind == relkind::sequence) add_views_drawing_from(name);
    for (const Relation* table : catalog_.drawing_from(name)) {
      for (const CatalogColumn& column : table->columns) {
        if (draws_from(column, name)) add(part_object(Kind::default_value, table->name, column.name));
      }
    }
    // A key to a partitioned table is one to each of its partitions, too, and goes as a whole.
    if (relation != nullptr && relation->is_partition) {
      for (const RelationName& ancestor : ancestors(*relation)) add_keys_to(ancestor);
    }
    if (relation == nullptr || is_index(*relation) || relation->relkind == relkind::sequence) return;
    expand_type(name);  // that of its rows
  }

  [[nodiscard]] bool draws_from(const CatalogColumn& column, const RelationName& sequence) const {
    return column.default_expression &&
           std::ranges::any_of(column.default_expression->sequences, [&](const RelationName& written) {
             return catalog_.resolve(written) == sequence;
           });
  }

  void add_views_drawing_from(const RelationName& sequence) {
    for (const Relation* view : catalog_.all()) {
      const bool draws = std::ranges::any_of(view->query().calls, [&](const FunctionCall& call) {
        const std::string written = named_sequence(call);
        return written == sequence.quoted() || (written == quote_ident(sequence.relname.str()) &&
                                                catalog_.resolve({{}, sequence.relname}) == sequence);
      });
      if (draws) add(relation_object(view->name));
    }
  }

  [[nodiscard]] std::vector<RelationName> ancestors(const Relation& partition) const {
    std::vector<RelationName> names(partition.parents);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const Relation* parent = catalog_.find(names[i]);
      if (parent != nullptr && parent->is_partition) {
        names.insert(names.end(), parent->parents.begin(), parent->parents.end());
      }
    }
    return names;
  }

  void add_keys_to(const RelationName& table) {
    for (const Relation* other : catalog_.referencing(table)) {
      for (const CatalogConstraint& key : other->constraints) {
        if (key.referenced == table) add(part_object(Kind::constraint, other->name, key.name));
      }
    }
  }

  /// Foreign keys that rely on the uniqueness of the columns.
  void add_keys_on(const RelationName& table, std::span<const Name> columns) {
    for (const Relation* other : catalog_.referencing(table)) {
      for (const CatalogConstraint& key : other->constraints) {
        if (key.referenced != table) continue;
        const Names pointed = pointed_to(catalog_, key);
        const bool relies = pointed.empty() || std::ranges::is_permutation(pointed, columns);
        if (relies) add(part_object(Kind::constraint, other->name, key.name));
      }
    }
  }

  /// parse_agg.c check_ungrouped_columns_walker(): who groups by a primary key may use the other columns as they are.
  void add_grouped_views(const RelationName& table, std::span<const Name> key) {
    for (const Relation* view : catalog_.readers(table)) {
      const CatalogQuery& query = view->query();
      const bool has_key =
          std::ranges::all_of(key, [&](Name column) { return may_read(query, table, column); });
      const auto use = std::ranges::find(query.uses, table, &ColumnUse::relation);
      const bool uses_others = use == query.uses.end() || use->columns.size() > key.size();
      if (query.grouped && has_key && uses_others) add(relation_object(view->name));
    }
  }

  /// Policies elsewhere that read the relation, or the column of it.
  void add_policies(const RelationName& read, Name column) {
    for (const Relation* table : catalog_.policed_by(read)) {
      for (const CatalogPolicy& policy : table->policies) {
        if (std::ranges::find(policy.reads, read) == policy.reads.end()) continue;
        if (column.empty() || may_read(policy, read, column))
          add(part_object(Kind::policy, table->name, policy.name));
      }
    }
  }

  void add_rules(const RelationName& used, Name column = {}) {
    for (const Relation* table : catalog_.ruled_by(used)) {
      for (const CatalogRule& rule : table->rules) {
        if (std::ranges::find(rule.reads, used) != rule.reads.end() && may_act_on(rule, used, column))
          add(part_object(Kind::rule, table->name, rule.name));
      }
    }
  }

  /// Whose code the server keeps parsed, and which has such a command in it.
  template <typename Uses>
  void add_functions(Uses uses) {
    const auto runs = [&](const CodeStep& step) {
      return std::ranges::any_of(step.statement.commands, uses);
    };
    for (const auto& [name, overloads] : catalog_.objects_->functions) {
      const bool any = std::ranges::any_of(overloads, [&](const CatalogFunction& function) {
        return is_kept_parsed(function.code) && std::ranges::any_of(function.code->body->steps, runs);
      });
      if (any) add(object(Kind::function, name));
    }
  }

  void add_functions_on(const RelationName& used) {
    add_functions([&](const Command& command) {
      return std::ranges::any_of(command.relations, [&](const RelationRef& ref) {
        return ref.name.relname == used.relname && catalog_.resolve(ref.name) == used;
      });
    });
  }

  void expand_index(const Relation& index) {
    if (!index.constraint.empty()) add(part_object(Kind::constraint, index.table, index.constraint));
    if (!cascade_ || !index.index || !index.index->unique) return;
    Names columns;
    for (const IndexElement& element : index.index->elements) columns.push_back(element.column);
    add_keys_on(index.table, columns);
  }

  void expand_column(const RelationName& name, Name column) {
    const Relation* relation = catalog_.find(name);
    if (relation == nullptr) return;
    for (const Relation* index : catalog_.indexes(name)) {
      if (index->index && uses_column(*index->index, column)) add(relation_object(index->name));
    }
    for (const CatalogConstraint& constraint : relation->constraints) {
      if (contains(constraint.columns, column) || contains(constraint.expression_columns, column))
        add(part_object(Kind::constraint, name, constraint.name));
    }
    for (const CatalogColumn& other : relation->columns) {
      if (other.name == column && !other.owned_sequence.empty()) add(relation_object(other.owned_sequence));
      if (other.generated != '\0' && reads_column(other.default_expression, column))
        add(part_object(Kind::column, name, other.name));
    }
    for (const Relation* sequence : catalog_.owned_sequences(name)) {
      if (sequence->owner_column == column) add(relation_object(sequence->name));
    }
    if (cascade_) expand_column_users(name, column);
  }

  void expand_column_users(const RelationName& name, Name column) {
    for (const Relation* view : catalog_.readers(name)) {
      if (may_read(view->query(), name, column)) add(relation_object(view->name));
    }
    for (const Relation* other : catalog_.referencing(name)) {
      for (const CatalogConstraint& key : other->constraints) {
        if (key.referenced != name) continue;
        const Names pointed = pointed_to(catalog_, key);
        if (pointed.empty() || contains(pointed, column))
          add(part_object(Kind::constraint, other->name, key.name));
      }
    }
    add_readers_of_field(name, column);
    add_policies(name, column);
    add_rules(name, column);
    add_functions_on(name);  // which columns their code reads is not known
  }

  /// Views that take a row of the type apart: see sql/lower_query.cpp.
  void add_readers_of_field(const RelationName& type, Name field) {
    for (const Relation* table : catalog_.typed(type)) {
      for (const CatalogColumn& column : table->columns) {
        if (name_of(column.type) != type) continue;
        const Name read = column.name.str() + "." + field.str();
        for (const Relation* view : catalog_.readers(table->name)) {
          if (contains(view->query().columns, read)) add(relation_object(view->name));
        }
      }
    }
  }

  void expand_constraint(const RelationName& name, Name part) {
    const Relation* relation = catalog_.find(name);
    const CatalogConstraint* found = relation != nullptr ? relation->find_constraint(part) : nullptr;
    if (found == nullptr) return;
    if (!found->index.empty()) {
      add(relation_object({.schemaname = name.schemaname, .relname = found->index}));
      if (cascade_) {
        add_keys_on(name, found->columns);
        if (found->contype == "CONSTR_PRIMARY") add_grouped_views(name, found->columns);
      }
    }
    if (!is_foreign_key(*found)) return;
    for (const Relation* partition : catalog_.children(name)) add_same_key(*partition, *found, true);
    if (!found->inherited || is_gone(name)) return;
    for (const RelationName& parent : relation->parents) {
      if (const Relation* table = catalog_.find(parent)) add_same_key(*table, *found, false);
    }
  }

  /// A partition's copy of the key, or the key that it is a copy of.
  void add_same_key(const Relation& relation, const CatalogConstraint& wanted, bool copies) {
    for (const CatalogConstraint& key : relation.constraints) {
      if (is_same_key(key, wanted) && (key.inherited || !copies))
        add(part_object(Kind::constraint, relation.name, key.name));
    }
  }

  // ---- other objects ----------------------------------------------------------------------------------------------

  void expand_type(const RelationName& name) {
    if (!cascade_) return;
    const Relation* own = catalog_.find(name);
    if (own != nullptr && own->relkind == relkind::composite_type) add(relation_object(name));
    const auto is_it = [&](const TypeName& type) {
      const CatalogType* found = type.name == name.relname ? catalog_.find_type(type) : nullptr;
      if (found != nullptr) return found->name == name;
      return type.name == name.relname && !is_builtin_type(type) &&
             catalog_.resolve({type.schemaname, type.name}) == name;
    };
    for (const auto& [domain, type] : catalog_.objects_->types) {
      if (type.typtype == 'd' && is_it(type.base)) add(object(Kind::type, domain));
    }
    for (const auto& [function, overloads] : catalog_.objects_->functions) {
      for (const CatalogFunction& overload : overloads) {
        if (overload.code && std::ranges::any_of(overload.code->types, is_it))
          add(object(Kind::function, function));
      }
    }
    for (const Relation* user : catalog_.typed(name)) {
      if (user->of_type == name) add(relation_object(user->name));
      for (const CatalogColumn& column : user->columns) {
        if (name_of(column.type) == name) add(part_object(Kind::column, user->name, column.name));
      }
    }
  }

  void expand_schema(Name schema) {
    if (!cascade_) return;
    const auto inside = [schema](const RelationName& name) { return name.schemaname == schema; };
    for (const Relation* relation : catalog_.all()) {
      if (inside(relation->name)) add(relation_object(relation->name));
    }
    for (const auto& [name, type] : catalog_.objects_->types) {
      if (inside(name)) add(object(Kind::type, name));
    }
    for (const auto& [name, overloads] : catalog_.objects_->functions) {
      if (inside(name)) add(object(Kind::function, name));
    }
    for (const auto& [name, table] : catalog_.objects_->statistics) {
      if (inside(name)) add(object(Kind::statistics, name));
    }
    for (const auto& [name, extension] : catalog_.objects_->extensions) {
      if (extension.schema == schema) add(object(Kind::extension, {.schemaname = {}, .relname = name}));
    }
    for (const auto& [key, owner] : catalog_.objects_->others) {
      if (inside(key.second)) add(other_object(key.first, key.second));
    }
  }

  void expand_extension(Name name) {
    expand_language(name);  // that of plpgsql and its kin has its name
    const auto found = catalog_.objects_->extensions.find(name);
    if (found == catalog_.objects_->extensions.end()) return;
    for (const RelationName& member : found->second.relations) add(relation_object(member));
    for (const RelationName& member : found->second.types) add(object(Kind::type, member));
    for (const RelationName& member : found->second.functions) add(object(Kind::function, member));
  }

  void expand_language(Name language) {
    if (!cascade_) return;
    for (const auto& [name, overloads] : catalog_.objects_->functions) {
      const bool speaks = std::ranges::any_of(overloads, [language](const CatalogFunction& function) {
        return function.code && function.code->language == language;
      });
      if (speaks) add(object(Kind::function, name));
    }
  }

  // ---- who uses what is lost --------------------------------------------------------------------------------------

  void scan() {
    for (const Relation* relation : catalog_.all()) {
      if (relation->relkind == relkind::composite_type || is_gone(relation->name)) continue;
      if (goes(*relation)) {
        add(relation_object(relation->name));
      } else {
        scan_parts(*relation);
      }
    }
    add_functions([this](const Command& command) { return lost_.functions(command.functions); });
    scan_callers();
  }

  /// Operators and aggregates.
  void scan_callers() {
    for (const auto& [key, owner] : catalog_.objects_->others) {
      const auto made = catalog_.objects_->functions.find(key.second);
      if (!is_caller(key.first) || made == catalog_.objects_->functions.end()) continue;
      const bool goes = std::ranges::any_of(made->second, [&](const CatalogFunction& function) {
        return function.code && lost_.statements(read_code(*function.code).steps);
      });
      if (goes) add(object(Kind::other, key.second, key.first));
    }
  }

  [[nodiscard]] bool goes(const Relation& relation) const {
    switch (relation.relkind) {
      case relkind::index:
      case relkind::partitioned_index: return index_goes(relation);
      case relkind::view: return query_goes(relation.query());
      case relkind::materialized_view:
        return query_goes(relation.query()) || lost_.access_method(relation.access_method);
      case relkind::foreign_table: return lost_.server(relation.server);
      default: return lost_.access_method(relation.access_method) || key_goes(relation.partition_key);
    }
  }

  /// partition.c: a table does not outlive what it is partitioned by.
  [[nodiscard]] bool key_goes(const Box<PartitionKey>& key) const {
    return key && key->expressions &&
           std::ranges::any_of(*key->expressions, [this](const Text& text) { return lost_.text(text); });
  }

  [[nodiscard]] bool query_goes(const CatalogQuery& query) const {
    return lost_.functions(query.calls) || lost_.types(query.casts);
  }

  [[nodiscard]] bool index_goes(const Relation& index) const {
    if (!index.index) return false;
    const IndexDef& definition = *index.index;
    const Relation* table = catalog_.find(index.table);
    return lost_.access_method(definition.access_method) || lost_.expression(definition.predicate) ||
           std::ranges::any_of(definition.elements, [&](const IndexElement& element) {
             const CatalogColumn* column = table != nullptr ? table->column(element.column) : nullptr;
             return lost_.expression(element.expression) || lost_.collation(element.collation) ||
                    lost_.opclass(element.opclass, definition.access_method,
                                  column != nullptr ? &column->type : nullptr);
           });
  }

  void scan_parts(const Relation& relation) {
    const RelationName& name = relation.name;
    for (const CatalogColumn& column : relation.columns) {
      const bool computed = lost_.expression(column.default_expression);
      if (lost_.type(column.type) || lost_.collation(column.collation) ||
          (computed && column.generated != '\0')) {
        add(part_object(Kind::column, name, column.name));
      } else if (computed) {
        add(part_object(Kind::default_value, name, column.name));
      }
    }
    for (const CatalogConstraint& constraint : relation.constraints) {
      if (lost_.functions(constraint.functions) || lost_.types(constraint.casts))
        add(part_object(Kind::constraint, name, constraint.name));
    }
    for (const CatalogTrigger& trigger : relation.triggers) {
      const FunctionCall fired{.schemaname = trigger.function.schemaname, .name = trigger.function.relname};
      if (lost_.function(fired) || lost_.functions(trigger.when))
        add(part_object(Kind::trigger, name, trigger.name));
    }
    for (const CatalogPolicy& policy : relation.policies) {
      if (lost_.functions(policy.functions)) add(part_object(Kind::policy, name, policy.name));
    }
    for (const CatalogRule& rule : relation.rules) {
      if (rule_goes(rule)) add(part_object(Kind::rule, name, rule.name));
    }
  }

  [[nodiscard]] bool rule_goes(const CatalogRule& rule) const {
    return rule.actions && std::ranges::any_of(*rule.actions, [this](const Statement& statement) {
             return std::ranges::any_of(statement.commands, [this](const Command& command) {
               return lost_.functions(command.functions);
             });
           });
  }

  const Catalog& catalog_;
  bool cascade_;
  LostObjects lost_;
  bool has_lost_ = false;
  std::vector<CatalogObject> gone_;
  std::unordered_set<CatalogObject, CatalogObjectHash> seen_;
};

std::vector<CatalogObject> owned_objects(const Catalog& catalog, const Names& roles) {
  Dependencies owned(catalog, Cascade::no);
  owned.add_owned(roles);
  return owned.found();
}

std::vector<CatalogObject> with_dependents(const Catalog& catalog, const std::vector<CatalogObject>& dropped,
                                           Cascade cascade) {
  Dependencies dependencies(catalog, cascade);
  for (const CatalogObject& object : dropped) dependencies.add(object);
  return dependencies.run();
}

bool uses_column(const IndexDef& index, Name column) {
  return std::ranges::any_of(index.elements,
                             [&](const IndexElement& element) {
                               return element.column == column || reads_column(element.expression, column);
                             }) ||
         contains(index.including, column) || reads_column(index.predicate, column);
}

Names pointed_to(const Catalog& catalog, const CatalogConstraint& key) {
  if (!key.referenced_columns.empty()) return Names(key.referenced_columns);
  const Relation* table = catalog.find(key.referenced);
  if (table == nullptr) return {};
  const auto primary = std::ranges::find(table->constraints, "CONSTR_PRIMARY", &CatalogConstraint::contype);
  return primary != table->constraints.end() ? Names(primary->columns) : Names{};
}

bool is_same_key(const CatalogConstraint& a, const CatalogConstraint& b) {
  return a.contype == b.contype && a.columns == b.columns && a.referenced == b.referenced;
}

}  // namespace pgsluice
