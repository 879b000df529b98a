// SPDX-License-Identifier: Apache-2.0
// Follows DML from relation to relation: through views to tables, through partitions to leaves, and along foreign keys
// in both directions (ri_triggers.c, and trigger.c AfterTriggerSaveEvent, which leaves out the checks that need not be).
#include "rows.hpp"

#include <algorithm>
#include <set>
#include <span>
#include <tuple>
#include <utility>

#include "catalog/builtins.hpp"
#include "contains.hpp"
#include "domains.hpp"
#include "firing.hpp"
#include "partition_expression.hpp"
#include "pruning.hpp"
#include "through_view.hpp"

namespace pgsluice::effects {

namespace {

using ChangeKind = RowChange::Kind;
using Relations = std::vector<const Relation*>;

/// plancache.c choose_custom_plan(): a foreign key's query is planned with the values of the row so many times; then
/// once for any values, and with that all partitions are locked.
constexpr std::size_t k_custom_plans = 5;
/// More rows than that.
constexpr std::size_t k_many = 1000;

bool is_partitioned(const Relation& relation) {
  return relation.relkind == relkind::partitioned_table;
}

bool is_view(const Relation& relation) {
  return relation.relkind == relkind::view;
}

const Predicate& demanded(const RelationRef& ref) {
  static const Predicate k_nothing;
  return ref.where ? *ref.where : k_nothing;
}

/// Certainly no row is touched.
bool is_idle(const RowChange& change) {
  return demanded(change.target).kind == Predicate::Kind::never || (change.count && *change.count == 0);
}

class RowWalk {
 public:
  explicit RowWalk(const Subject& subject) : subject_(subject), catalog_(subject.catalog) {
    plans_only_ = subject.command.tag == "ExplainStmt" && !subject.command.is("analyze");
    rewrites_only_ = subject.command.tag == "PrepareStmt";
  }

  RowEffects run() {
    if (subject_.command.changes) {
      for (const RowChange& change : *subject_.command.changes) follow(change, result_.changed);
    }
    // Cascades lead to further ones.
    std::size_t next = 0;
    while (next < cascades_.size()) follow(RowChange(cascades_[next++]), result_.cascaded);
    add_all(result_.used, result_.sequences);
    // It is locked once in a transaction (sequence.c lock_and_open_sequence).
    std::erase_if(result_.sequences, [this](const Member& m) {
      const Relation* sequence = catalog_.find(m.name);
      return sequence != nullptr && sequence->is_used;
    });
    return std::move(result_);
  }

 private:
  // ---- which relations are changed ----------------------------------------------------------

  void follow(RowChange change, Members& changed) {
    // A loop, and each view once: whoever replaces a view may make a long chain of them, or a circle.
    std::set<RelationName> views;
    for (;;) {
      add(changed, member(subject_, change.target.name));
      const Relation* relation = catalog_.find(change.target.name);
      if (relation == nullptr) return;
      if (!is_view(*relation)) return follow_table(change, *relation, changed);
      std::optional<RowChange> below = under_view(change, *relation, changed);
      if (!below || !views.insert(relation->name).second) return;
      change = *std::move(below);
    }
  }

  void follow_table(const RowChange& change, const Relation& relation, Members& changed) {
    const std::string_view event = event_of(change.kind);
    if (instead_rule(relation, event, catalog_.is_replica) != nullptr) {
      add_event(change, relation, {.event = event, .is_named = true, .has_rows = false, .is_replaced = true});
      // OLD stands for its rows.
      if (change.kind != ChangeKind::insert && !rewrites_only_)
        add_all(result_.read, rows_of(change, relation));
      return;
    }
    if (rewrites_only_) {
      return add_event(change, relation, {.event = event, .is_named = true, .has_rows = false});
    }
    const Relations sources = rows_of(change, relation);
    add_all(changed, sources);
    // pg: execMain.c InitResultRelInfo() had the bounds ready before there was a row
    const bool early = subject_.pg_version == 0 || subject_.pg_version < 14;
    // pg: plancat.c set_relation_partition_info() asks for the bounds of the partitioned table itself
    const bool plans_partitions =
        change.kind != ChangeKind::insert && !change.target.only && is_partitioned(relation);
    if (early || plans_partitions) add_ancestors(relation);
    const bool has_rows = !is_idle(change) &&
                          !(is_partitioned(relation) && change.kind != ChangeKind::insert && sources.empty());
    add_event(change, relation, {.event = event, .is_named = true, .has_rows = has_rows});
    if (plans_only_ || change.kind == ChangeKind::scan || !has_rows) return;
    for (const Relation* one : sources) add_event(change, *one, {.event = event});
    add_sequences(change, relation);
    if (change.kind != ChangeKind::remove) add_ancestors(relation);
    Relations touched = sources;
    touched.push_back(&relation);
    add_all(change.kind == ChangeKind::remove ? result_.emptied : result_.used, touched);
    if (change.kind != ChangeKind::remove) note_nulls(change, touched);
    if (change.kind == ChangeKind::insert) {
      const Relations reached = new_rows_of(change, relation);
      for (const Relation* one : reached) add_event(change, *one, {.event = event});
      add_all(changed, reached);
      add_all(result_.used, reached);
      note_nulls(change, reached);
      if (change.count) add_all(result_.filled, touched);
      touched.insert(touched.end(), reached.begin(), reached.end());
      check_new_rows(change, touched);
      if (!change.set_columns.empty()) update(change, touched, false);
    } else if (change.kind == ChangeKind::update) {
      update(change, touched, move(change, relation, sources, changed));
    } else {
      for (const Relation* one : touched) act(change, *one, true);
    }
  }

  /// What is done to the view's base instead; none: the view is the end of it.
  std::optional<RowChange> under_view(const RowChange& change, const Relation& view, Members& changed) {
    const std::string_view event = event_of(change.kind);
    const CatalogRule* instead = instead_rule(view, event, catalog_.is_replica);
    const bool has_trigger = instead == nullptr && has_instead_trigger(view, event, catalog_.is_replica);
    add_event(change, view,
              {.event = event, .is_named = true, .has_rows = has_trigger, .is_replaced = !has_trigger});
    if (instead != nullptr || has_trigger) {
      // The rows that there are already come out of the view, as OLD; a rule that does nothing needs none.
      const bool reads = has_trigger || (instead->actions && !instead->actions->empty());
      if (change.kind != ChangeKind::insert && reads) add_all(result_.read, read_by(view, {}));
      return std::nullopt;
    }
    const Box<ViewQuery>& query = view.query().writable;
    if (!query) {
      add_all(changed, read_by(view, {}));
      return std::nullopt;
    }
    const RelationName base = catalog_.resolve(query->base.name);
    add_all(result_.read, read_by(view, base));
    return base_change(catalog_, *query, change);
  }

  /// What the view's query reads beside its base.
  [[nodiscard]] Members read_by(const Relation& view, const RelationName& base) const {
    Members read;
    for (const RelationName& name : view.query().reads) {
      if (name != base) add(read, member(subject_, name));
    }
    return rewrites_only_ ? expand_views(subject_, read) : expand(subject_, read);
  }

  void add_event(const RowChange& change, const Relation& relation, RowEvent event) {
    if (event.event.empty()) return;
    event.relation = relation.name;
    if (change.kind == ChangeKind::update) event.columns = change.set_columns;
    if (event.has_rows && change.kind != ChangeKind::remove && !is_view(relation) && !plans_only_) {
      add_calls(change, relation);
    }
    result_.events.push_back(event);
    if (!event.is_named || change.kind != ChangeKind::insert || change.set_columns.empty()) return;
    event.event = "update";  // ON CONFLICT DO UPDATE
    event.columns = change.set_columns;
    result_.events.push_back(std::move(event));
  }

  // ---- functions that are called for each row -----------------------------------------------

  void add_calls(const RowChange& change, const Relation& relation) {
    for (const CatalogColumn& column : relation.columns) {
      if (column.default_expression && !keeps_generated(change, relation, column) &&
          (column.generated != '\0' || leaves_to_default(change, relation, column)))
        add_calls(column.default_expression->functions);
    }
    for (const CatalogColumn& column : relation.columns) {
      if (change.kind != ChangeKind::update || contains(change.set_columns, column.name) ||
          may_set_any(relation))
        add_calls(domain_checks(catalog_, column.type));
    }
    for (const CatalogConstraint& check : relation.constraints) {
      if (check.enforced) add_calls(check.functions);
    }
    for (const Relation* index : catalog_.indexes(relation.name)) {
      if (!index->index) continue;
      for (const IndexElement& element : index->index->elements) {
        if (element.expression) add_calls(element.expression->functions);
      }
      if (index->index->predicate) add_calls(index->index->predicate->functions);
    }
  }

  /// A trigger for each row may change what an UPDATE does not.
  static bool may_set_any(const Relation& relation) {
    return std::ranges::any_of(relation.triggers, [](const CatalogTrigger& trigger) {
      return trigger.row && trigger.timing == "before" &&
             std::ranges::find(trigger.events, "update") != trigger.events.end();
    });
  }

  /// nodeModifyTable.c ExecInitStoredGenerated(): an UPDATE of other columns, without a trigger that may set any, leaves a
  /// generated column as it is.
  [[nodiscard]] bool keeps_generated(const RowChange& change, const Relation& relation,
                                     const CatalogColumn& column) const {
    if (column.generated == '\0' || change.kind != ChangeKind::update || subject_.pg_version < 13)
      return false;
    return !may_set_any(relation) && std::ranges::none_of(column.default_expression->columns, [&](Name name) {
      return name == "*" || contains(change.set_columns, name);
    });
  }

  void add_calls(std::span<const FunctionCall> calls) {
    for (const FunctionCall& call : calls) {
      if (call.unreached) continue;
      if (!call.schemaname.empty() || !is_builtin_function(call.name) || !catalog_.functions(call).empty())
        result_.calls.push_back(call);
    }
  }

  [[nodiscard]] bool leaves_to_default(const RowChange& change, const Relation& relation,
                                       const CatalogColumn& column) const {
    if (set_value(change, column.name).kind == Value::Kind::column_default) return true;
    if (change.kind != ChangeKind::insert) return false;
    if (change.columns.empty() && relation.columns_open) return true;  // which place it has is not known
    const auto place = place_of(change, relation, column.name);
    return !place || (column.identity && change.overriding_user) ||
           (*place < change.defaulted.size() && change.defaulted[*place]);
  }

  /// Partitions and children whose rows are looked at.
  [[nodiscard]] Relations rows_of(const RowChange& change, const Relation& relation) const {
    if (change.kind == ChangeKind::insert || change.target.only) return {};
    if (!is_partitioned(relation)) return catalog_.descendants(relation.name);
    return live_partitions(catalog_, relation, demanded(change.target), change.target.alias);
  }

  /// Partitions that an INSERT puts rows into.
  [[nodiscard]] Relations new_rows_of(const RowChange& change, const Relation& relation) const {
    if (!is_partitioned(relation)) return {};
    if (change.rows.empty()) return catalog_.descendants(relation.name);
    Relations result;
    for (const std::vector<Value>& row : change.rows) {
      const Predicate said = as_predicate(change, row, relation);
      for (const Relation* one : live_partitions(catalog_, relation, said, {})) add_relation(result, one);
    }
    return result;
  }

  /// Partitions that an UPDATE of the partition key may move rows to; whether any row may move.
  bool move(const RowChange& change, const Relation& relation, const Relations& sources, Members& changed) {
    if (!is_partitioned(relation) || !sets_key(change, relation)) return false;
    Predicate said = without_columns(demanded(change.target), changed_columns(change));
    for (std::size_t i = 0; i < change.set_columns.size(); ++i) {
      said = both(said, is_value(change.set_columns[i], change.set_values[i], ":="));
    }
    const Relations reached = live_partitions(catalog_, relation, said, change.target.alias);
    add_all(changed, reached);
    add_all(result_.used, reached);
    note_nulls(change, reached);
    const bool moves = leaves(sources) != leaves(reached) || leaves(reached).size() != 1;
    if (moves) {
      check_new_rows(change, reached);
      for (const Relation* one : sources) add_event(change, *one, {.event = "delete"});
      for (const Relation* one : reached) add_event(change, *one, {.event = "insert"});
    }
    return moves;
  }

  [[nodiscard]] static Relations leaves(const Relations& relations) {
    Relations result;
    std::ranges::copy_if(relations, std::back_inserter(result),
                         [](const Relation* r) { return !is_partitioned(*r); });
    return result;
  }

  [[nodiscard]] bool sets_key(const RowChange& change, const Relation& relation) const {
    const Names set = changed_columns(change);
    return std::ranges::any_of(key_columns(relation),
                               [&](Name column) { return column.empty() || contains(set, column); });
  }

  static void add_relation(Relations& list, const Relation* relation) {
    if (std::ranges::find(list, relation) == list.end()) list.push_back(relation);
  }

  /// The partitioned tables above a partition: writing it tests its bounds.
  void add_ancestors(const Relation& relation) {
    for (const Relation* above : partitioned_above(catalog_, relation))
      add(result_.ancestors, member(*above));
  }

  // ---- values -------------------------------------------------------------------------------

  /// `op`: = or :=
  static Predicate is_value(Name column, const Value& value, std::string_view op) {
    if (value.kind == Value::Kind::null) return {.kind = Predicate::Kind::is_null, .column = column};
    if (value.kind != Value::Kind::constant) return {};
    return {.kind = Predicate::Kind::compare, .column = column, .op = op, .values = {value}};
  }

  /// Where the values of a row have the one of the column: its place, or nowhere.
  [[nodiscard]] std::optional<std::size_t> place_of(const RowChange& change, const Relation& relation,
                                                    Name column) const {
    if (!change.columns.empty()) {
      const auto found = std::ranges::find(change.columns, column);
      if (found == change.columns.end()) return std::nullopt;
      return static_cast<std::size_t>(found - change.columns.begin());
    }
    const auto found = std::ranges::find(relation.columns, column, &CatalogColumn::name);
    const auto place = static_cast<std::size_t>(found - relation.columns.begin());
    return place < given(change) ? std::optional(place) : std::nullopt;
  }

  /// How many columns an INSERT without a list of them gives; a star whose width is not known, all.
  [[nodiscard]] std::size_t given(const RowChange& change) const {
    if (change.star.empty()) return change.width;
    const Relation* source = catalog_.find(change.star);
    const bool known = source != nullptr && !source->columns.empty();
    return known ? source->columns.size() : static_cast<std::size_t>(-1);
  }

  [[nodiscard]] Value default_of(const CatalogColumn& column) const {
    if (column.generated != '\0' || column.identity) return {};
    if (!column.default_expression) {
      const CatalogType* type = is_builtin_type(column.type) ? nullptr : catalog_.find_type(column.type);
      if (type != nullptr && type->typtype == 'd') return {};  // it may have a default of its own
      return {.kind = Value::Kind::null, .type = {}, .text = {}};
    }
    return column.default_expression->constant ? *column.default_expression->constant : Value{};
  }

  /// What an INSERT gives the column in one of its rows.
  [[nodiscard]] Value new_value(const RowChange& change, const std::vector<Value>& row,
                                const Relation& relation, const CatalogColumn& column) const {
    if (change.columns.empty() && relation.columns_open) return {};
    const auto place = place_of(change, relation, column.name);
    if (!place) return default_of(column);
    if (!change.star.empty() || *place >= row.size()) return {};
    return row[*place].kind == Value::Kind::column_default ? default_of(column) : row[*place];
  }

  [[nodiscard]] Predicate as_predicate(const RowChange& change, const std::vector<Value>& row,
                                       const Relation& relation) const {
    Predicate said;
    for (const Name name : key_columns(relation)) {
      const CatalogColumn* column = relation.column(name);
      if (column != nullptr)
        said = both(said, is_value(name, new_value(change, row, relation, *column), ":="));
    }
    return said;
  }

  /// The columns that decide, on any level, in which partition a row is; an empty name is an expression.
  [[nodiscard]] Names key_columns(const Relation& relation) const {
    Names columns;
    Relations levels = catalog_.descendants(relation.name);
    levels.push_back(&relation);
    for (const Relation* level : levels) {
      if (!level->partition_key) continue;
      const PartitionKey& key = *level->partition_key;
      for (std::size_t i = 0; i < key.columns.size(); ++i) {
        const bool is_read = key.columns[i].empty() && key.expressions && i < key.expressions->size();
        if (is_read && add_columns((*key.expressions)[i], columns)) continue;
        if (!contains(columns, key.columns[i])) columns.push_back(key.columns[i]);
      }
    }
    return columns;
  }

  /// The columns that an UPDATE may give another value.
  static Names changed_columns(const RowChange& change) {
    Names result;
    for (std::size_t i = 0; i < change.set_columns.size(); ++i) {
      if (change.set_values[i].kind != Value::Kind::same) result.push_back(change.set_columns[i]);
    }
    return result;
  }

  [[nodiscard]] static Value set_value(const RowChange& change, Name column) {
    const auto found = std::ranges::find(change.set_columns, column);
    if (found == change.set_columns.end()) return {};
    return change.set_values[static_cast<std::size_t>(found - change.set_columns.begin())];
  }

  /// Columns of which the statement certainly writes nothing but NULL, of each relation that it writes.
  void note_nulls(const RowChange& change, const Relations& written) {
    for (const Relation* one : written) {
      const Names nulls = null_columns(change, *one);
      const auto [known, is_first] = result_.nulls.try_emplace(one->name, nulls);
      if (!is_first) std::erase_if(known->second, [&nulls](Name name) { return !contains(nulls, name); });
    }
  }

  /// Of foreign keys: nobody asks for others.
  [[nodiscard]] Names null_columns(const RowChange& change, const Relation& relation) const {
    const bool may_change = std::ranges::any_of(relation.triggers, [](const CatalogTrigger& trigger) {
      return trigger.row && trigger.timing == "before";
    });
    if (change.kind != ChangeKind::insert || change.rows.empty() || !change.set_columns.empty() || may_change)
      return {};
    Names result;
    for (const CatalogConstraint& key : relation.constraints) {
      if (!is_foreign_key(key)) continue;
      for (const Name name : key.columns) {
        const CatalogColumn* column = relation.column(name);
        const bool is_null =
            column != nullptr && std::ranges::all_of(change.rows, [&](const std::vector<Value>& row) {
              return new_value(change, row, relation, *column).kind == Value::Kind::null;
            });
        if (is_null) result.push_back(name);
      }
    }
    return result;
  }

  // ---- sequences ----------------------------------------------------------------------------

  void add_sequences(const RowChange& change, const Relation& relation) {
    for (const CatalogColumn& column : relation.columns) {
      if (leaves_to_default(change, relation, column)) add_sequences_of(column);
    }
  }

  void add_sequences_of(const CatalogColumn& column) {
    const bool draws =
        column.identity || (column.default_expression && calls_nextval(*column.default_expression));
    if (draws && !column.owned_sequence.empty()) draw_from(column.owned_sequence);
    if (!column.default_expression) return;
    for (const RelationName& name : column.default_expression->sequences) draw_from(name);
  }

  void draw_from(const RelationName& name) {
    add(result_.sequences, member(subject_, name, relkind::sequence));
  }

  static bool calls_nextval(const Expression& expression) {
    return std::ranges::find(expression.functions, "nextval", &FunctionCall::name) !=
           expression.functions.end();
  }

  // ---- foreign keys that look for the referenced row ----------------------------------------

  void check_new_rows(const RowChange& change, const Relations& touched) {
    for (const Relation* one : touched) check_keys(*one, change, true);
  }

  void update(const RowChange& change, const Relations& touched, bool moves) {
    for (const Relation* one : touched) {
      check_keys(*one, change, false);
      act(change, *one, moves && subject_.pg_version != 0 && subject_.pg_version < 15);
    }
  }

  [[nodiscard]] bool are_keys_off(const Relation& relation) const {
    return relation.keys_off || catalog_.is_replica;
  }

  static bool is_foreign_key(const CatalogConstraint& constraint) {
    return !constraint.referenced.empty() && constraint.enforced;
  }

  void check_keys(const Relation& relation, const RowChange& change, bool is_new) {
    if (are_keys_off(relation)) return;
    for (const CatalogConstraint& key : relation.constraints) {
      if (!is_foreign_key(key)) continue;
      if (!is_new && !needs_check(key, change, relation)) continue;
      look_up(key, referenced_rows(key, change, relation, is_new));
    }
  }

  /// ri_triggers.c RI_FKey_fk_upd_check_required()
  static bool needs_check(const CatalogConstraint& key, const RowChange& change, const Relation& relation) {
    const Names set = changed_columns(change);
    const auto is_null = [&](Name column) { return set_value(change, column).kind == Value::Kind::null; };
    const bool is_set = std::ranges::any_of(key.columns, [&](Name column) { return contains(set, column); });
    // A row that the transaction itself has written is checked whatever is set, unless its key is NULL.
    if (!is_set && !(relation.is_used && std::ranges::none_of(key.columns, [&](Name column) {
                       return contains(relation.written_null, column);
                     })))
      return false;
    return key.actions.match == 'f' ? !std::ranges::all_of(key.columns, is_null)
                                    : std::ranges::none_of(key.columns, is_null);
  }

  /// What the rows that are looked for have in the referenced columns; never: none is looked for.
  [[nodiscard]] Predicate referenced_rows(const CatalogConstraint& key, const RowChange& change,
                                          const Relation& relation, bool is_new) {
    const Names columns = referenced_columns(key);
    if (columns.size() != key.columns.size()) return {};
    if (change.kind == ChangeKind::insert && is_new) return rows_for_insert(key, columns, change, relation);
    if (is_new || !is_planned_alone(relation, key, false, most_rows(change, relation))) return {};
    Predicate said;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      said = both(said, is_value(columns[i], set_value(change, key.columns[i]), "="));
    }
    return said;
  }

  [[nodiscard]] Predicate rows_for_insert(const CatalogConstraint& key, const Names& columns,
                                          const RowChange& change, const Relation& relation) {
    Predicate result{.kind = Predicate::Kind::any, .parts = {}};
    std::size_t looked_for = 0;
    for (const std::vector<Value>& row : change.rows) {
      Predicate said;
      bool has_null = false;
      for (std::size_t i = 0; i < columns.size(); ++i) {
        const CatalogColumn* column = relation.column(key.columns[i]);
        const Value value = column != nullptr ? new_value(change, row, relation, *column) : Value{};
        has_null = has_null || value.kind == Value::Kind::null;
        said = both(said, is_value(columns[i], value, "="));
      }
      if (has_null) continue;
      ++looked_for;
      result.parts.push_back(std::move(said));
    }
    if (change.rows.empty()) return {};
    if (looked_for == 0) return {.kind = Predicate::Kind::never};
    if (!is_planned_alone(relation, key, false, change.count ? looked_for : k_many)) return {};
    const bool is_known = std::ranges::none_of(
        result.parts, [](const Predicate& part) { return part.kind == Predicate::Kind::unknown; });
    return is_known ? result : Predicate{};
  }

  /// Whether the query of the key is still planned for each row by itself.
  [[nodiscard]] bool is_planned_alone(const Relation& owner, const CatalogConstraint& key, bool acts,
                                      std::size_t rows) {
    const KeyQuery query{owner.name, key.name, acts};
    std::size_t& now = result_.key_queries[query];
    now = std::max(now, std::min(rows, k_many));
    std::size_t all = now;
    if (subject_.key_queries != nullptr) {
      const auto before = subject_.key_queries->find(query);
      if (before != subject_.key_queries->end()) all += before->second;
    }
    return all <= k_custom_plans;
  }

  /// The columns that a foreign key points to; empty: not known.
  [[nodiscard]] Names referenced_columns(const CatalogConstraint& key) const {
    if (!key.referenced_columns.empty()) return Names(key.referenced_columns);
    const Relation* table = catalog_.find(key.referenced);
    if (table == nullptr) return {};
    const auto primary = std::ranges::find(table->constraints, "CONSTR_PRIMARY", &CatalogConstraint::contype);
    return primary != table->constraints.end() ? Names(primary->columns) : Names{};
  }

  /// How many rows there can be, because a unique key is equal to constants.
  [[nodiscard]] static std::size_t most_rows(const RowChange& change, const Relation& relation) {
    const std::vector<Predicate> parts = conjuncts(demanded(change.target));
    std::size_t least = static_cast<std::size_t>(-1);
    for (const CatalogConstraint& key : relation.constraints) {
      if (key.contype != "CONSTR_PRIMARY" && key.contype != "CONSTR_UNIQUE") continue;
      std::size_t rows = 1;
      for (const Name column : key.columns) {
        const auto found = std::ranges::find_if(parts, [&](const Predicate& part) {
          return part.kind == Predicate::Kind::compare && part.column == column && part.op == "=";
        });
        rows = found == parts.end() ? least : std::min(least, rows * found->values.size());
        if (rows == least) break;
      }
      least = std::min(least, rows);
    }
    return least;
  }

  void look_up(const CatalogConstraint& key, const Predicate& rows) {
    const Member table = member(subject_, key.referenced);
    look_at(key, table);
    const Relation* relation = catalog_.find(key.referenced);
    if (relation == nullptr || rows.kind == Predicate::Kind::never) return;
    for (const Relation* one : live_partitions(catalog_, *relation, rows, {})) {
      if (one->is_partition) look_at(key, member(*one));
    }
  }

  void look_at(const CatalogConstraint& key, const Member& table) {
    if (key.deferrable) {
      result_.deferrable.push_back({.constraint = key.name,
                                    .initdeferred = key.initdeferred,
                                    .member = table,
                                    .mode = LockMode::RowShare});
    } else {
      add(result_.looked_up, table);
    }
  }

  // ---- foreign keys that point here ---------------------------------------------------------

  /// Rows of the relation are deleted or given other keys. `removes`: as if they were deleted.
  void act(const RowChange& change, const Relation& relation, bool removes) {
    if (are_keys_off(relation)) return;
    Relations pointed_to = partitioned_above(catalog_, relation);
    pointed_to.push_back(&relation);
    for (const Relation* table : pointed_to) {
      for (const Relation* other : catalog_.referencing(table->name)) {
        for (const CatalogConstraint& key : other->constraints) {
          if (key.referenced == table->name && is_foreign_key(key) && !is_copy(key, *other))
            act_on(change, key, *other, removes);
        }
      }
    }
  }

  /// Of the key of a partitioned table, which acts on all its partitions at once.
  static bool is_copy(const CatalogConstraint& key, const Relation& owner) {
    return key.inherited && owner.is_partition;
  }

  void act_on(const RowChange& change, const CatalogConstraint& key, const Relation& other, bool removes) {
    const Names columns = referenced_columns(key);
    if (change.kind != ChangeKind::remove) {
      const Names set = changed_columns(change);
      const bool concerned =
          columns.empty() || std::ranges::any_of(columns, [&](Name column) { return contains(set, column); });
      if (!concerned) return;
    }
    const char action = removes ? key.actions.on_delete : key.actions.on_update;
    if (action == 'a' || action == 'r') return look_for_referencing(change, key, other, columns);
    // pg: ri_triggers.c asks ONLY the table, unless it is partitioned
    RowChange next{.kind = ChangeKind::update,
                   .target = {.role = "target", .name = other.name, .only = !is_partitioned(other)}};
    if (action == 'c' && removes) next.kind = ChangeKind::remove;
    next.target.where = referencing_rows(change, key, other, columns);
    const bool some = action != 'c' && removes && !key.actions.delete_columns.empty();
    next.set_columns = next.kind == ChangeKind::remove ? Names()
                       : some                          ? Names(key.actions.delete_columns)
                                                       : Names(key.columns);
    for (std::size_t i = 0; i < next.set_columns.size(); ++i) {
      next.set_values.push_back(action == 'n' ? Value{.kind = Value::Kind::null, .type = {}, .text = {}}
                                : action == 'd'
                                    ? Value{.kind = Value::Kind::column_default, .type = {}, .text = {}}
                                : i < columns.size() ? set_value(change, columns[i])
                                                     : Value{});
    }
    if (action == 'd') look_for_referencing(change, key, other, columns);
    if (seen_.emplace(next.target.name, next.kind, next.set_columns).second)
      cascades_.push_back(std::move(next));
  }

  /// What the rows that point here have in their key: the constants that the referenced ones are found by, when these are
  /// so few that each is planned for by itself.
  [[nodiscard]] Box<Predicate> referencing_rows(const RowChange& change, const CatalogConstraint& key,
                                                const Relation& other, const Names& columns) {
    const Relation* table = catalog_.find(key.referenced);
    if (table == nullptr || columns.size() != key.columns.size()) return {};
    if (!is_planned_alone(other, key, true, most_rows(change, *table))) return {};
    Predicate said;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      for (const Predicate& part : conjuncts(demanded(change.target))) {
        if (part.kind != Predicate::Kind::compare || part.column != columns[i] || part.op != "=") continue;
        Predicate own = part;
        own.column = key.columns[i];
        own.qualifier = {};
        said = both(said, own);
      }
    }
    return said;
  }

  static std::vector<Predicate> conjuncts(const Predicate& said) {
    return said.kind == Predicate::Kind::all ? said.parts : std::vector{said};
  }

  /// ri_restrict(): nobody may point to the row any more, unless there is another one with its key.
  void look_for_referencing(const RowChange& change, const CatalogConstraint& key, const Relation& other,
                            const Names& columns) {
    look_at(key, member(other));
    const Box<Predicate> rows = referencing_rows(change, key, other, columns);
    for (const Relation* one : live_partitions(catalog_, other, rows ? *rows : Predicate{}, {})) {
      if (one->is_partition) look_at(key, member(*one));
    }
    if (key.deferrable) look_at(key, member(subject_, key.referenced));
  }

  const Subject& subject_;
  const Catalog& catalog_;
  bool plans_only_ = false;     ///< EXPLAIN
  bool rewrites_only_ = false;  ///< PREPARE
  RowEffects result_;
  std::vector<RowChange> cascades_;
  std::set<std::tuple<RelationName, ChangeKind, Names>> seen_;
};

}  // namespace

RowEffects compute_row_effects(const Subject& subject) {
  return RowWalk(subject).run();
}

const RowEffects& row_effects(const Subject& subject) {
  if (subject.rows == nullptr)
    subject.rows = std::make_shared<const RowEffects>(compute_row_effects(subject));
  return *subject.rows;
}

void remember_rows(const Subject& subject, Catalog& catalog, KeyQueries& key_queries) {
  const std::string_view tag = subject.command.tag;
  for (const std::string_view role : {"sequence", "restarted_sequences"}) {
    const bool draws = role == "sequence" ? subject.rows != nullptr : tag == "TruncateStmt";
    if (!draws) continue;
    for (const Member& m : find_role(role)->members(subject)) catalog.use(m.name);
  }
  if (tag == "AlterSeqStmt") catalog.use(subject.target_name());
  if (subject.rows == nullptr) return;
  for (const auto& [query, rows] : subject.rows->key_queries) {
    key_queries[query] = std::min(k_many, key_queries[query] + rows);
  }
  for (const Member& m : subject.rows->used) {
    const auto nulls = subject.rows->nulls.find(m.name);
    catalog.use(m.name, nulls != subject.rows->nulls.end() ? nulls->second : Names{});
  }
  for (const Member& m : subject.rows->emptied) catalog.set_rows_deleted(m.name, true);
  for (const Member& m : subject.rows->filled) catalog.set_rows_deleted(m.name, false);
}

}  // namespace pgsluice::effects
