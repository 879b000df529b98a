// SPDX-License-Identifier: Apache-2.0
// Roles around partitions, and what a CHECK proves about their bounds (predicate.c predicate_implied_by, for the
// comparisons with constants that bounds are made of; where this cannot tell, PostgreSQL is said to read the rows).
#include <algorithm>
#include <charconv>
#include <compare>
#include <optional>
#include <string>

#include "members.hpp"

namespace pgsluice::effects {

namespace {

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_iso_date(std::string_view text) {
  return text.size() >= 10 && text[4] == '-' && text[7] == '-' && text[0] >= '0' && text[0] <= '9';
}

/// Order of two constants of one column: numbers, or dates and times as ISO writes them.
std::optional<int> order(std::string_view a, std::string_view b) {
  if (a == b) return 0;
  const std::optional<double> x = number(a);
  const std::optional<double> y = number(b);
  if (x && y) return *x < *y ? -1 : *x > *y ? 1 : 0;
  if (is_iso_date(a) && is_iso_date(b) && a.size() == b.size()) return a < b ? -1 : 1;
  return std::nullopt;
}

bool at_least(std::string_view a, std::string_view b) {
  const std::optional<int> o = order(a, b);
  return o && *o >= 0;
}

bool greater(std::string_view a, std::string_view b) {
  const std::optional<int> o = order(a, b);
  return o && *o > 0;
}

/// What valid CHECK constraints say about one column. It proves whatever each of the alternatives of one of
/// them proves.
class Known {
 public:
  Known(const Relation& relation, std::string_view column) {
    for (const CatalogConstraint& constraint : relation.constraints) {
      if (constraint.contype != "CONSTR_CHECK" || !constraint.validated) continue;
      for (const Alternatives& either : constraint.comparisons) {
        if (std::ranges::all_of(either, [column](const Comparison& c) { return c.column == column; })) {
          comparisons_.push_back(either);
        }
      }
    }
  }
  template <typename Implies>
  [[nodiscard]] bool prove(Implies implies) const {
    return std::ranges::any_of(
        comparisons_, [&](const Alternatives& either) { return std::ranges::all_of(either, implies); });
  }

 private:
  std::vector<Alternatives> comparisons_;
};

bool is_not_null(const Relation& relation, Name name) {
  const CatalogColumn* column = relation.column(name);
  if (column != nullptr && column->not_null) return true;
  return std::ranges::any_of(relation.constraints, [&](const CatalogConstraint& constraint) {
    return constraint.contype == "CONSTR_CHECK" && constraint.validated &&
           std::ranges::find(constraint.not_null, name) != constraint.not_null.end();
  });
}

bool implies_lower(const Comparison& known, const std::string& lower) {
  if (known.constants.size() != 1 || (known.op != ">=" && known.op != ">" && known.op != "=")) return false;
  return at_least(known.constants.front(), lower);
}

bool implies_upper(const Comparison& known, const std::string& upper) {
  if (known.constants.size() != 1) return false;
  if (known.op == "<") return at_least(upper, known.constants.front());
  return (known.op == "<=" || known.op == "=") && greater(upper, known.constants.front());
}

bool implies_list(const Comparison& known, const std::vector<Value>& values) {
  return known.op == "=" && std::ranges::all_of(known.constants, [&](const std::string& constant) {
           return std::ranges::find(values, constant, &Value::text) != values.end();
         });
}

/// A list of constants, or a range of one column between constants.
bool is_by_constants(const PartitionBound& bound) {
  const auto is_constant = [](const Value& value) { return value.kind == Value::Kind::constant; };
  if (!bound.values.empty()) return std::ranges::all_of(bound.values, is_constant);
  return bound.lower.size() == 1 && is_constant(bound.lower.front()) && is_constant(bound.upper.front());
}

/// No row outside the bounds can be in the table.
bool proves_inside(const Relation& relation, const PartitionKey& key, const PartitionBound& bound) {
  if (!is_by_constants(bound) || key.columns.size() != 1 || !is_not_null(relation, key.columns.front()))
    return false;
  const Known known(relation, key.columns.front());
  if (key.strategy == "list") {
    return known.prove([&](const Comparison& c) { return implies_list(c, bound.values); });
  }
  return known.prove([&](const Comparison& c) { return implies_lower(c, bound.lower.front().text); }) &&
         known.prove([&](const Comparison& c) { return implies_upper(c, bound.upper.front().text); });
}

/// No row inside the bounds can be in the table.
bool proves_outside(const Relation& relation, const PartitionKey& key, const PartitionBound& bound) {
  if (!is_by_constants(bound) || key.columns.size() != 1) return false;
  return Known(relation, key.columns.front()).prove([&](const Comparison& c) {
    if (key.strategy == "list" && c.op == "<>") {
      return std::ranges::all_of(bound.values, [&](const Value& value) {
        return std::ranges::find(c.constants, value.text) != c.constants.end();
      });
    }
    if (key.strategy == "list") {
      return c.op == "=" && is_not_null(relation, key.columns.front()) &&
             std::ranges::none_of(c.constants, [&](const std::string& constant) {
               return std::ranges::find(bound.values, constant, &Value::text) != bound.values.end();
             });
    }
    return implies_upper(c, bound.lower.front().text) || implies_lower(c, bound.upper.front().text);
  });
}

/// The partitioned table that gets a partition.
const Relation* partitioned_parent(const Subject& subject) {
  if (subject.command.relation("partition") != nullptr) return subject.target;
  const RelationRef* parent = subject.command.relation("parent");
  return parent != nullptr ? subject.catalog.find(parent->name) : nullptr;
}

using Proof = bool (*)(const Relation&, const PartitionKey&, const PartitionBound&);

/// The table's leaves that must be read: neither its own constraints prove the bound nor those of a leaf.
void add_unproven(const Subject& subject, const Member& table, Proof proof, Members& members) {
  const Relation* parent = partitioned_parent(subject);
  const auto proven = [&](const RelationName& name) {
    const Relation* relation = subject.catalog.find(name);
    return relation != nullptr && parent != nullptr && parent->partition_key && subject.command.bound &&
           proof(*relation, *parent->partition_key, *subject.command.bound);
  };
  if (proven(table.name)) return;
  for (const Member& leaf : with_descendants(subject, {table})) {
    if (!proven(leaf.name)) add(members, leaf);
  }
}

bool is_partitioned(const Relation& relation) {
  return relation.relkind == relkind::partitioned_table || relation.relkind == relkind::partitioned_index;
}

}  // namespace

Members partitions(const Subject& subject) {
  if (subject.only()) return {};
  Members members;
  for (const Member& m : target(subject)) {
    const Relation* relation = subject.catalog.find(m.name);
    if (relation == nullptr || !is_partitioned(*relation)) continue;
    add_all(members, subject.catalog.descendants(relation->name));
  }
  return members;
}

Members default_partition(const Subject& subject) {
  Members parents = named(subject, "parent");
  const RelationRef* partition = subject.command.relation("partition");
  if (partition != nullptr) parents = target(subject);
  Members members;
  for (const Member& parent : parents) {
    for (const Relation* child : subject.catalog.default_partitions(parent.name)) {
      const bool is_itself =
          (partition != nullptr && subject.catalog.resolve(partition->name) == child->name) ||
          (subject.target != nullptr && subject.target->name == child->name);
      if (!is_itself) add(members, member(*child));
    }
  }
  return members;
}

Members default_partition_children(const Subject& subject) {
  return descendants_of(subject, default_partition(subject));
}

Members unproven_default_partition(const Subject& subject) {
  Members members;
  for (const Member& table : default_partition(subject))
    add_unproven(subject, table, proves_outside, members);
  return members;
}

Members unproven_partitions(const Subject& subject) {
  Members members;
  for (const Member& table : named(subject, "partition"))
    add_unproven(subject, table, proves_inside, members);
  add_all(members, unproven_default_partition(subject));
  return members;
}

}  // namespace pgsluice::effects
