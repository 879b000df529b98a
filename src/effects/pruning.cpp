// SPDX-License-Identifier: Apache-2.0
#include "pruning.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "datum.hpp"
#include "hash.hpp"
#include "partition_expression.hpp"

namespace pgsluice::effects {

namespace {

using PredicateKind = Predicate::Kind;
using Live = std::vector<bool>;  // by partition

struct End {
  Datum at;
  bool included = false;
};

/// What is known of one column of the key.
struct Known {
  bool is_null = false;
  bool is_not_null = false;
  std::optional<std::vector<Datum>> points;  ///< it is one of them
  std::optional<End> lower;
  std::optional<End> upper;
  std::vector<Datum> excluded;
};

/// A partition's bound as values of the key's columns; one that is not known can hold anything.
struct Bound {
  bool is_default = false;
  bool known = true;
  bool takes_null = false;
  std::vector<Datum> values;
  struct Edge {
    Value::Kind kind = Value::Kind::constant;
    Datum at;
  };
  std::vector<Edge> lower;
  std::vector<Edge> upper;
  int modulus = 0;
  int remainder = 0;
};

/// One partitioned table with its direct partitions.
class Level {
 public:
  Level(const Catalog& catalog, const Relation& table, Name alias)
      : catalog_(catalog), table_(table), alias_(alias), key_(*table.partition_key) {
    for (const Relation* child : catalog.children(table.name)) {
      if (child->is_partition) children_.push_back(child);
    }
    for (const Relation* child : children_) bounds_.push_back(bound_of(*child));
  }

  [[nodiscard]] const std::vector<const Relation*>& children() const { return children_; }

  [[nodiscard]] Live live(const Predicate& where) const {
    switch (where.kind) {
      case PredicateKind::never: return Live(children_.size(), false);
      case PredicateKind::unknown: return Live(children_.size(), true);
      case PredicateKind::any: {
        Live result(children_.size(), false);
        for (const Predicate& part : where.parts) unite(result, live(part));
        return result;
      }
      case PredicateKind::all: {
        Live result = match(where.parts);
        for (const Predicate& part : where.parts) {
          if (part.kind == PredicateKind::any || part.kind == PredicateKind::all)
            intersect(result, live(part));
        }
        return result;
      }
      default: return match({where});
    }
  }

 private:
  static void unite(Live& a, const Live& b) {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = a[i] || b[i];
  }
  static void intersect(Live& a, const Live& b) {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = a[i] && b[i];
  }

  // ---- values ------------------------------------------------------------------------------

  [[nodiscard]] std::optional<Datum> value(std::size_t place, const Value& constant,
                                           Meeting meeting = Meeting::compared) const {
    if (const Text* expression = expression_at(place)) {
      const std::optional<TypeName> type = expression_type(*expression, table_);
      return type ? datum(*type, constant, {}, meeting) : std::nullopt;
    }
    const CatalogColumn* column = table_.column(key_.columns[place]);
    return column != nullptr ? column_value(catalog_, *column, constant, meeting) : std::nullopt;
  }

  /// nullptr: a column, or nothing is known of it.
  [[nodiscard]] const Text* expression_at(std::size_t place) const {
    const bool known = key_.columns[place].empty() && key_.expressions && place < key_.expressions->size();
    return known ? &(*key_.expressions)[place] : nullptr;
  }

  [[nodiscard]] Bound bound_of(const Relation& child) const {
    Bound result{.is_default = child.is_default_partition};
    if (result.is_default) return result;
    if (!child.bound) {
      result.known = false;
      return result;
    }
    const PartitionBound& written = *child.bound;
    result.modulus = written.modulus;
    result.remainder = written.remainder;
    for (const Value& one : written.values) {
      if (one.kind == Value::Kind::null) {
        result.takes_null = true;
      } else if (auto known = value(0, one)) {
        result.values.push_back(std::move(*known));
      } else {
        result.known = false;
      }
    }
    add_edges(written.lower, result, result.lower);
    add_edges(written.upper, result, result.upper);
    return result;
  }

  void add_edges(const std::vector<Value>& written, Bound& bound, std::vector<Bound::Edge>& edges) const {
    for (std::size_t i = 0; i < written.size() && i < key_.columns.size(); ++i) {
      Bound::Edge edge{.kind = written[i].kind, .at = {}};
      if (edge.kind == Value::Kind::constant) {
        auto known = value(i, written[i]);
        if (known) {
          edge.at = std::move(*known);
        } else {
          bound.known = false;
        }
      } else if (edge.kind != Value::Kind::minimum && edge.kind != Value::Kind::maximum) {
        bound.known = false;
      }
      edges.push_back(std::move(edge));
    }
  }

  // ---- what a conjunction says of the key -----------------------------------------------------

  [[nodiscard]] Live match(const std::vector<Predicate>& conjuncts) const {
    std::vector<Known> box(key_.columns.size());
    for (const Predicate& part : conjuncts) {
      if (!part.qualifier.empty() && part.qualifier != alias_) continue;
      const auto place = std::ranges::find(key_.columns, part.column);
      if (place == key_.columns.end() || part.column.empty()) continue;
      if (!learn(part, static_cast<std::size_t>(place - key_.columns.begin()), box)) {
        return Live(children_.size(), false);
      }
    }
    for (std::size_t place = 0; place < box.size(); ++place) compute(conjuncts, place, box[place]);
    return match_box(box);
  }

  /// An expression of a key, for a row whose columns get their values. The planner does not see through it.
  void compute(const std::vector<Predicate>& conjuncts, std::size_t place, Known& known) const {
    const Text* expression = expression_at(place);
    Names columns;
    if (expression == nullptr || !add_columns(*expression, columns)) return;
    std::map<Name, Datum> values;
    for (const Predicate& part : conjuncts) {
      const CatalogColumn* column = part.op == ":=" ? table_.column(part.column) : nullptr;
      if (column == nullptr) continue;
      if (auto one = column_value(catalog_, *column, part.values.front(), Meeting::assigned))
        values.emplace(part.column, *std::move(one));
    }
    if (!std::ranges::all_of(columns, [&values](Name name) { return values.contains(name); })) return;
    if (auto value = expression_value(*expression, table_, catalog_, values)) {
      known.points = {*std::move(value)};
      known.is_not_null = true;
    }
  }

  /// False when nothing can be true any more.
  bool learn(const Predicate& part, std::size_t place, std::vector<Known>& box) const {
    Known& known = box[place];
    if (part.kind == PredicateKind::is_null) {
      known.is_null = true;
    } else if (part.kind == PredicateKind::is_not_null) {
      known.is_not_null = true;
    } else if (part.kind == PredicateKind::compare) {
      known.is_not_null = true;
      compare_with(part, place, known);
    }
    return !(known.is_null && known.is_not_null);
  }

  void compare_with(const Predicate& part, std::size_t place, Known& known) const {
    const Meeting meeting = part.op == ":=" ? Meeting::assigned : Meeting::compared;
    std::vector<Datum> values;
    for (const Value& constant : part.values) {
      auto one = value(place, constant, meeting);
      if (!one) return;
      values.push_back(std::move(*one));
    }
    if (part.op == "=" || part.op == ":=") {
      if (known.points) {
        keep_common(*known.points, values);
      } else {
        known.points = std::move(values);
      }
    } else if (part.op == "<>") {
      known.excluded.push_back(values.front());
    } else if (part.op.starts_with('<')) {
      tighten(known.upper, {.at = values.front(), .included = part.op == "<="}, -1);
    } else {
      tighten(known.lower, {.at = values.front(), .included = part.op == ">="}, 1);
    }
  }

  static void keep_common(std::vector<Datum>& points, const std::vector<Datum>& others) {
    std::erase_if(points, [&](const Datum& point) {
      return std::ranges::all_of(others, [&](const Datum& other) { return equal(point, other) == false; });
    });
  }

  /// The nearer of two ends; `direction` is where the nearer one lies.
  static void tighten(std::optional<End>& end, End other, int direction) {
    if (!end) {
      end = std::move(other);
      return;
    }
    const std::optional<int> order = compare(other.at, end->at);
    if (!order) return;
    if (*order == direction || (*order == 0 && !other.included)) end = std::move(other);
  }

  // ---- which partitions such a key can be in --------------------------------------------------

  [[nodiscard]] Live match_box(const std::vector<Known>& box) const {
    if (key_.strategy == "list") return match_list(box.front());
    if (key_.strategy == "hash") return match_hash(box);
    return match_range(box);
  }

  /// Whether the value can satisfy what is known.
  static bool admits(const Known& known, const Datum& value) {
    const auto is_out = [](std::optional<bool> same) { return same == true; };
    if (known.is_null) return false;
    if (known.points &&
        std::ranges::all_of(*known.points, [&](const Datum& point) { return equal(point, value) == false; }))
      return false;
    if (std::ranges::any_of(known.excluded, [&](const Datum& other) { return is_out(equal(other, value)); }))
      return false;
    if (known.lower) {
      const std::optional<int> order = compare(value, known.lower->at);
      if (order && (*order < 0 || (*order == 0 && !known.lower->included))) return false;
    }
    if (known.upper) {
      const std::optional<int> order = compare(value, known.upper->at);
      if (order && (*order > 0 || (*order == 0 && !known.upper->included))) return false;
    }
    return true;
  }

  [[nodiscard]] bool is_listed(const Datum& value) const {
    return std::ranges::any_of(bounds_, [&](const Bound& bound) {
      return bound.known &&
             std::ranges::any_of(bound.values, [&](const Datum& own) { return equal(own, value) == true; });
    });
  }

  /// The default partition of a list takes what no other one does: of equality with constants that can be said.
  [[nodiscard]] bool list_default_admits(const Known& known) const {
    const bool null_elsewhere = std::ranges::any_of(bounds_, &Bound::takes_null);
    if (known.is_null) return !null_elsewhere;
    if (!known.points) return true;
    return std::ranges::any_of(*known.points,
                               [&](const Datum& point) { return admits(known, point) && !is_listed(point); });
  }

  [[nodiscard]] Live match_list(const Known& known) const {
    Live result;
    for (const Bound& bound : bounds_) {
      bool possible = !bound.known;
      if (bound.is_default) {
        possible = list_default_admits(known);
      } else if (bound.known) {
        possible =
            (bound.takes_null && !known.is_not_null) ||
            std::ranges::any_of(bound.values, [&](const Datum& value) { return admits(known, value); });
      }
      result.push_back(possible);
    }
    return result;
  }

  [[nodiscard]] Live match_hash(const std::vector<Known>& box) const {
    const auto settles = [](const Known& known) { return known.is_null || known.points; };
    if (!std::ranges::all_of(box, settles)) return Live(children_.size(), true);
    Live result(children_.size(), false);
    for (const std::vector<Known>& one : single_points(box)) {
      std::vector<std::optional<Datum>> key;
      for (const Known& known : one) {
        key.push_back(known.is_null ? std::nullopt : std::optional(known.points->front()));
      }
      const std::optional<std::uint64_t> hash = partition_hash(key);
      if (!hash) return Live(children_.size(), true);
      for (std::size_t i = 0; i < bounds_.size(); ++i) {
        const auto modulus = static_cast<std::uint64_t>(bounds_[i].modulus);
        if (modulus == 0 || *hash % modulus == static_cast<std::uint64_t>(bounds_[i].remainder))
          result[i] = true;
      }
    }
    return result;
  }

  /// A box of several points in a column as boxes of one point each.
  static std::vector<std::vector<Known>> single_points(const std::vector<Known>& box) {
    constexpr std::size_t most = 1000;
    std::vector<std::vector<Known>> result{box};
    for (std::size_t place = 0; place < box.size(); ++place) {
      const auto& points = box[place].points;
      if (!points || points->size() == 1 || result.size() * points->size() > most) continue;
      std::vector<std::vector<Known>> split;
      for (const std::vector<Known>& one : result) {
        for (const Datum& point : *points) {
          split.push_back(one);
          split.back()[place].points = std::vector{point};
        }
      }
      result = std::move(split);
    }
    return result;
  }

  [[nodiscard]] Live match_range(const std::vector<Known>& box) const {
    Live result(children_.size(), false);
    for (const std::vector<Known>& one : single_points(box)) {
      for (std::size_t i = 0; i < bounds_.size(); ++i) {
        const Bound& bound = bounds_[i];
        if (!result[i]) {
          result[i] = bound.is_default ? range_default_admits(one) : !bound.known || overlaps(one, bound);
        }
      }
    }
    return result;
  }

  /// Whether all rows of a box are below the edge, as the leading columns tell. The planner asks each comparison alone:
  /// what two of them together exclude can be both.
  static bool is_below(const std::vector<Known>& box, const std::vector<Bound::Edge>& edges) {
    for (std::size_t i = 0; i < edges.size() && i < box.size(); ++i) {
      if (edges[i].kind == Value::Kind::minimum) return false;
      if (edges[i].kind == Value::Kind::maximum) return true;
      if (const std::optional<int> order = order_of_point(box[i], edges[i])) {
        if (*order != 0) return *order < 0;
        continue;
      }
      if (!box[i].upper) return false;
      const std::optional<int> order = compare(box[i].upper->at, edges[i].at);
      return order && (*order < 0 || (*order == 0 && !box[i].upper->included));
    }
    return false;
  }

  /// Whether all of them are at the edge or above.
  static bool is_above(const std::vector<Known>& box, const std::vector<Bound::Edge>& edges) {
    for (std::size_t i = 0; i < edges.size() && i < box.size(); ++i) {
      if (edges[i].kind == Value::Kind::minimum) return true;
      if (edges[i].kind == Value::Kind::maximum) return false;
      if (const std::optional<int> order = order_of_point(box[i], edges[i])) {
        if (*order != 0) return *order > 0;
        continue;
      }
      if (!box[i].lower) return false;
      const std::optional<int> order = compare(box[i].lower->at, edges[i].at);
      const bool is_last = i + 1 == edges.size();
      return order && (*order > 0 || (*order == 0 && (!box[i].lower->included || is_last)));
    }
    return true;
  }

  static std::optional<int> order_of_point(const Known& known, const Bound::Edge& edge) {
    const bool is_point = known.points && known.points->size() == 1;
    return is_point ? compare(known.points->front(), edge.at) : std::nullopt;
  }

  /// Only the default partition of a range takes nulls.
  static bool overlaps(const std::vector<Known>& box, const Bound& bound) {
    if (std::ranges::any_of(box, &Known::is_null)) return false;
    if (std::ranges::any_of(box, [](const Known& known) { return known.points && known.points->empty(); }))
      return false;
    return !is_below(box, bound.lower) && !is_above(box, bound.upper);
  }

  /// The default partition takes what lies in no other one: walks from bound to bound through the box.
  [[nodiscard]] bool range_default_admits(const std::vector<Known>& box) const {
    const bool decided = std::ranges::all_of(box, [](const Known& known) { return known.is_not_null; });
    if (!decided) return true;
    if (std::ranges::any_of(box, [](const Known& known) { return known.points && known.points->empty(); }))
      return false;
    return !covers(box);
  }

  /// Certainly inside one partition.
  [[nodiscard]] bool is_taken(const std::vector<Known>& box) const {
    return std::ranges::any_of(bounds_, [&](const Bound& bound) {
      return !bound.is_default && bound.known && is_above(box, bound.lower) && is_below(box, bound.upper);
    });
  }

  /// Partitions that adjoin cover the whole interval.
  [[nodiscard]] bool covers(std::vector<Known> box) const {
    for (std::size_t step = 0; step <= bounds_.size(); ++step) {
      if (is_taken(box)) return true;
      const auto next = std::ranges::find_if(bounds_, [&](const Bound& bound) {
        return !bound.is_default && bound.known && is_above(box, bound.lower) && !is_above(box, bound.upper);
      });
      if (next == bounds_.end() || box.size() > 1) return false;
      box.front().lower = End{.at = next->upper.front().at, .included = true};
    }
    return false;
  }

  const Catalog& catalog_;
  const Relation& table_;
  Name alias_;
  const PartitionKey& key_;
  std::vector<const Relation*> children_;
  std::vector<Bound> bounds_;
};

void add_live(const Catalog& catalog, const Relation& table, const Predicate& where, Name alias,
              std::vector<const Relation*>& result) {
  if (table.relkind != relkind::partitioned_table || !table.partition_key ||
      where.kind == PredicateKind::unknown) {
    for (const Relation* child : catalog.descendants(table.name)) result.push_back(child);
    return;
  }
  const Level level(catalog, table, alias);
  const Live live = level.live(where);
  for (std::size_t i = 0; i < live.size(); ++i) {
    if (!live[i]) continue;
    result.push_back(level.children()[i]);
    add_live(catalog, *level.children()[i], where, alias, result);
  }
}

}  // namespace

std::vector<const Relation*> live_partitions(const Catalog& catalog, const Relation& table,
                                             const Predicate& where, Name alias) {
  std::vector<const Relation*> result;
  add_live(catalog, table, where, alias, result);
  return result;
}

std::vector<const Relation*> partitioned_above(const Catalog& catalog, const Relation& relation) {
  std::vector<const Relation*> result;
  const Relation* at = &relation;
  while (at != nullptr && at->is_partition && !at->parents.empty()) {
    at = catalog.find(at->parents.front());
    if (at != nullptr) result.push_back(at);
  }
  return result;
}

}  // namespace pgsluice::effects
