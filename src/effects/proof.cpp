// SPDX-License-Identifier: Apache-2.0
#include "proof.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "datum.hpp"

namespace pgsluice::effects {

namespace {

using PredicateKind = Predicate::Kind;

// ---- predtest.c predicate_implied_by, weakly: what is not false stays not false ------------------------------------

/// predtest.c MAX_SAOP_ARRAY_SIZE: longer lists are not looked into.
constexpr std::size_t k_longest_list = 100;

class Proof {
 public:
  Proof(const Catalog& catalog, const Relation& relation) : catalog_(catalog), relation_(relation) {}

  [[nodiscard]] bool implies(const Predicate& known, const Predicate& wanted) const {
    const auto from = [&](const Predicate& part) { return implies(part, wanted); };
    const auto to = [&](const Predicate& part) { return implies(known, part); };
    if (wanted.kind == PredicateKind::all) return std::ranges::all_of(wanted.parts, to);
    if (known.kind == PredicateKind::any) return std::ranges::all_of(known.parts, from);
    if (known.kind == PredicateKind::all && std::ranges::any_of(known.parts, from)) return true;
    if (wanted.kind == PredicateKind::any) return std::ranges::any_of(wanted.parts, to);
    return known.kind != PredicateKind::all && atom_implies(known, wanted);
  }

 private:
  [[nodiscard]] bool atom_implies(const Predicate& known, const Predicate& wanted) const {
    if (known.column.empty() || known.column != wanted.column) return false;
    if (wanted.kind == PredicateKind::is_null || wanted.kind == PredicateKind::is_not_null)
      return known.kind == wanted.kind;
    if (wanted.kind != PredicateKind::compare) return false;
    // A comparison with NULL is not false.
    if (known.kind == PredicateKind::is_null) return true;
    if (known.kind != PredicateKind::compare) return false;
    if (known.values.size() > k_longest_list || wanted.values.size() > k_longest_list) return false;
    return std::ranges::all_of(known.values, [&](const Value& value) {
      return std::ranges::any_of(wanted.values, [&](const Value& other) {
        return comparison_implies(known, value, wanted.op, other);
      });
    });
  }

  /// predtest.c BT_implic_table
  [[nodiscard]] bool comparison_implies(const Predicate& known, const Value& value, std::string_view wanted,
                                        const Value& other) const {
    const CatalogColumn* column = relation_.column(known.column);
    if (column == nullptr) return false;
    const std::string_view op = known.op;
    if (wanted == "<>" && op == "=") return are_equal(*column, value, other) == false;
    const std::optional<int> order = order_of(*column, value, other);
    if (!order) return false;
    if (op == "=") return satisfies(*order, wanted);
    if (op == "<>" || wanted == "=") return op == wanted && *order == 0;
    const bool up = op.starts_with('>');
    const bool is_strict = op.size() == 1;
    if (wanted == "<>") return up ? *order > (is_strict ? -1 : 0) : *order < (is_strict ? 1 : 0);
    if (wanted.starts_with('>') != up) return false;
    const bool needs_strict = wanted.size() == 1 && !is_strict;
    return up ? *order > (needs_strict ? 0 : -1) : *order < (needs_strict ? 0 : 1);
  }

  static bool satisfies(int order, std::string_view op) {
    if (op == "=") return order == 0;
    if (op == "<") return order < 0;
    if (op == "<=") return order <= 0;
    return op == ">" ? order > 0 : op == ">=" && order >= 0;
  }

  [[nodiscard]] std::optional<int> order_of(const CatalogColumn& column, const Value& a,
                                            const Value& b) const {
    const std::optional<Datum> x = column_value(catalog_, column, a);
    const std::optional<Datum> y = column_value(catalog_, column, b);
    if (x && y) return compare(*x, *y);
    // Of a type that is not known here the same words are the same value.
    return a.text == b.text && a.type == b.type ? std::optional(0) : std::nullopt;
  }

  [[nodiscard]] std::optional<bool> are_equal(const CatalogColumn& column, const Value& a,
                                              const Value& b) const {
    const std::optional<Datum> x = column_value(catalog_, column, a);
    const std::optional<Datum> y = column_value(catalog_, column, b);
    if (x && y) return equal(*x, *y);
    return a.text == b.text && a.type == b.type ? std::optional(true) : std::nullopt;
  }

  const Catalog& catalog_;
  const Relation& relation_;
};

// ---- what bounds say (partbounds.c get_qual_from_partbound) ---------------------------------------------------------

Predicate all_of(std::vector<Predicate> parts) {
  return {.kind = PredicateKind::all, .parts = std::move(parts)};
}

Predicate any_of(std::vector<Predicate> parts) {
  return {.kind = PredicateKind::any, .parts = std::move(parts)};
}

Predicate comparison(Name column, std::string_view op, std::vector<Value> values) {
  return {.kind = PredicateKind::compare, .column = column, .op = op, .values = std::move(values)};
}

Predicate null_test(Name column, PredicateKind kind) {
  return {.kind = kind, .column = column};
}

std::string_view negator(std::string_view op) {
  if (op == "<") return ">=";
  if (op == "<=") return ">";
  if (op == ">") return "<=";
  return op == ">=" ? "<" : op == "=" ? "<>" : "=";
}

Predicate negation(const Predicate& of) {
  std::vector<Predicate> parts;
  switch (of.kind) {
    case PredicateKind::is_null: return null_test(of.column, PredicateKind::is_not_null);
    case PredicateKind::is_not_null: return null_test(of.column, PredicateKind::is_null);
    case PredicateKind::all:
    case PredicateKind::any:
      for (const Predicate& part : of.parts) parts.push_back(negation(part));
      return of.kind == PredicateKind::all ? any_of(std::move(parts)) : all_of(std::move(parts));
    case PredicateKind::compare:
      if (of.values.size() == 1) return comparison(of.column, negator(of.op), of.values);
      if (of.values.size() > k_longest_list) return {};
      for (const Value& value : of.values) parts.push_back(comparison(of.column, negator(of.op), {value}));
      return all_of(std::move(parts));
    default: return {};
  }
}

bool is_constant(const Value& value) {
  return value.kind == Value::Kind::constant;
}

Predicate list_condition(Name column, const std::vector<Value>& listed) {
  std::vector<Value> values;
  bool takes_null = false;
  for (const Value& value : listed) {
    if (value.kind == Value::Kind::null) {
      takes_null = true;
    } else if (is_constant(value)) {
      values.push_back(value);
    } else {
      return {};
    }
  }
  if (values.empty()) return takes_null ? null_test(column, PredicateKind::is_null) : all_of({});
  Predicate equal = comparison(column, "=", std::move(values));
  if (takes_null) return any_of({null_test(column, PredicateKind::is_null), std::move(equal)});
  return all_of({null_test(column, PredicateKind::is_not_null), std::move(equal)});
}

/// One side of a range over several columns: an arm for each column, in which those before it are at the bound.
class Side {
 public:
  Side(const Names& columns, const std::vector<Value>& edge, bool is_lower)
      : columns_(columns), edge_(edge), is_lower_(is_lower) {}

  /// From the first column on which the two bounds differ; without arms, nothing is demanded.
  [[nodiscard]] Predicate condition(std::size_t first) const {
    std::vector<Predicate> arms;
    bool known = true;
    for (std::size_t last = first; last < edge_.size() && !is_open(last); ++last) {
      std::vector<Predicate> arm;
      for (std::size_t i = first; i <= last; ++i) {
        known = known && is_constant(edge_[i]);
        arm.push_back(comparison(columns_[i], i < last ? "=" : final_operator(last), {edge_[i]}));
      }
      arms.push_back(all_of(std::move(arm)));
    }
    if (!known) return {};
    return arms.empty() ? all_of({}) : any_of(std::move(arms));
  }

 private:
  [[nodiscard]] bool is_open(std::size_t i) const {
    return edge_[i].kind == Value::Kind::minimum || edge_[i].kind == Value::Kind::maximum;
  }
  [[nodiscard]] std::string_view final_operator(std::size_t i) const {
    const bool is_last = i + 1 == edge_.size();
    if (is_lower_) {
      const bool takes_bound = is_last || edge_[i + 1].kind == Value::Kind::minimum;
      return takes_bound ? ">=" : ">";
    }
    return !is_last && edge_[i + 1].kind == Value::Kind::maximum ? "<=" : "<";
  }

  const Names& columns_;
  const std::vector<Value>& edge_;
  bool is_lower_;
};

bool is_same(const Value& a, const Value& b) {
  return is_constant(a) && is_constant(b) && a.text == b.text;
}

/// Without that the columns are not null.
Predicate range_condition(const Names& columns, const PartitionBound& bound) {
  std::vector<Predicate> parts;
  std::size_t first = 0;
  while (first + 1 < columns.size() && is_same(bound.lower[first], bound.upper[first])) {
    parts.push_back(comparison(columns[first], "=", {bound.lower[first]}));
    ++first;
  }
  parts.push_back(Side(columns, bound.lower, true).condition(first));
  parts.push_back(Side(columns, bound.upper, false).condition(first));
  return all_of(std::move(parts));
}

Predicate not_null(const Names& columns) {
  std::vector<Predicate> parts;
  for (const Name column : columns) parts.push_back(null_test(column, PredicateKind::is_not_null));
  return all_of(std::move(parts));
}

/// Of a hash nothing can be proved, nor of an expression.
bool is_legible(const PartitionKey& key) {
  return key.strategy != "hash" && !key.columns.empty() &&
         std::ranges::none_of(key.columns, [](const Name column) { return column.empty(); });
}

bool fits(const PartitionKey& key, const PartitionBound& bound) {
  return key.strategy == "list"
             ? !bound.values.empty()
             : bound.lower.size() == key.columns.size() && bound.upper.size() == key.columns.size();
}

Predicate bound_condition(const PartitionKey& key, const PartitionBound& bound) {
  if (!is_legible(key) || !fits(key, bound)) return {};
  if (key.strategy == "list") return list_condition(key.columns.front(), bound.values);
  return all_of({not_null(key.columns), range_condition(key.columns, bound)});
}

/// The default partition takes what no other one does.
Predicate default_condition(const Catalog& catalog, const Relation& parent) {
  const PartitionKey& key = *parent.partition_key;
  std::vector<Value> listed;
  std::vector<Predicate> ranges;
  if (!is_legible(key)) return {};
  for (const Relation* sibling : catalog.children(parent.name)) {
    if (sibling->is_default_partition) continue;
    if (!sibling->bound || !fits(key, *sibling->bound)) return {};
    listed.insert(listed.end(), sibling->bound->values.begin(), sibling->bound->values.end());
    if (key.strategy == "range") ranges.push_back(range_condition(key.columns, *sibling->bound));
  }
  if (listed.empty() && ranges.empty()) return all_of({});
  if (key.strategy == "list") return negation(list_condition(key.columns.front(), listed));
  return negation(all_of({not_null(key.columns), any_of(std::move(ranges))}));
}

Predicate condition_of(const Catalog& catalog, const Relation& parent, const PartitionBound& bound) {
  if (!parent.partition_key) return {};
  return bound.is_default ? default_condition(catalog, parent)
                          : bound_condition(*parent.partition_key, bound);
}

bool is_fact(const CatalogConstraint& constraint) {
  return constraint.contype == "CONSTR_CHECK" && constraint.validated;
}

}  // namespace

bool is_implied(const Catalog& catalog, const Relation& relation, const Predicate& condition) {
  Predicate known{.kind = PredicateKind::all};
  for (const CatalogColumn& column : relation.columns) {
    if (column.not_null) known.parts.push_back(null_test(column.name, PredicateKind::is_not_null));
  }
  for (const CatalogConstraint& constraint : relation.constraints) {
    if (!is_fact(constraint)) continue;
    for (const Name column : constraint.not_null)
      known.parts.push_back(null_test(column, PredicateKind::is_not_null));
    if (constraint.said) known.parts.push_back(*constraint.said);
  }
  return Proof(catalog, relation).implies(known, condition);
}

bool is_not_null(const Catalog& catalog, const Relation& relation, Name column) {
  return is_implied(catalog, relation, null_test(column, PredicateKind::is_not_null));
}

Predicate partition_condition(const Catalog& catalog, const Relation& parent, const PartitionBound& bound) {
  std::vector<Predicate> parts{condition_of(catalog, parent, bound)};
  for (const Relation* at = &parent; at->is_partition && !at->parents.empty();) {
    const Relation* above = catalog.find(at->parents.front());
    if (above == nullptr || !at->bound) return {};
    parts.push_back(condition_of(catalog, *above, *at->bound));
    at = above;
  }
  return all_of(std::move(parts));
}

Predicate outside_condition(const Relation& parent, const PartitionBound& bound) {
  return parent.partition_key ? negation(bound_condition(*parent.partition_key, bound)) : Predicate{};
}

}  // namespace pgsluice::effects
