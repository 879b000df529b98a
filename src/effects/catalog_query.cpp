// SPDX-License-Identifier: Apache-2.0
#include "catalog_query.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "system_tables.hpp"

namespace pgsluice::effects {

namespace {

using Kind = Text::Kind;

/// Conditions that are tried; a query that needs more is not answered.
constexpr int k_most_trials = 200'000;
/// What code runs once for each row.
constexpr std::size_t k_most_rows = 256;

struct Source {
  std::string alias;
  SystemTable table;
};

/// The parts that AND joins.
void add_conjuncts(const Text& condition, std::vector<const Text*>& result) {
  if (condition.kind == Kind::call && condition.value == "and") {
    for (const Text& part : condition.parts) add_conjuncts(part, result);
  } else {
    result.push_back(&condition);
  }
}

bool names_column(const Text& text, const std::string& alias, std::string_view column) {
  return text.kind == Kind::variable && !column.empty() &&
         (text.value == column || text.value == cat(alias, ".", column));
}

class QueryWalk {
 public:
  QueryWalk(const Text& query, const Variables& variables, const Catalog& catalog)
      : query_(query), catalog_(catalog), outer_(variables), scope_(variables) {
    add_conjuncts(query.parts[1], conjuncts_);
  }

  Text run() {
    bool only_values = true;
    for (const Text& table : query_.parts[0].parts) {
      if (table.kind == Kind::call) {
        if (!add_values(table)) return fallback({});
        continue;
      }
      only_values = false;
      const std::size_t space = table.value.find(' ');
      const RelationName name = parse_regclass(std::string_view(table.value).substr(0, space));
      std::optional<SystemTable> found = system_table(catalog_, name);
      if (!found) return fallback({});
      sources_.push_back({.alias = table.value.substr(space + 1), .table = std::move(*found)});
    }
    const bool closed = only_values || catalog_.complete || is_closed();
    for (Source& source : sources_) {
      for (const auto& row : source.table.rows) {
        for (const auto& [column, value] : row) bind(source, column, {});
      }
    }
    join(0, true);
    if (trials_ >= k_most_trials || rows_.size() > k_most_rows) return fallback({});
    if (closed && !uncertain_) return {.kind = Kind::array, .value = {}, .parts = std::move(rows_)};
    return closed ? choice(std::move(rows_)) : fallback(std::move(rows_));
  }

 private:
  /// Rows that the query computes: the function `alias` of them and the names of their columns.
  bool add_values(const Text& table) {
    const Text rows = evaluate(table.parts.front(), outer_, catalog_);
    const bool known = rows.kind == Kind::array || rows.kind == Kind::choice;
    if (!known || std::ranges::any_of(rows.parts, [](const Text& row) { return row.kind != Kind::row; }))
      return false;
    uncertain_ = uncertain_ || rows.kind == Kind::choice;
    Source source{.alias = table.value, .table = {}};
    for (const Text& row : rows.parts) {
      SystemTable::Row& values = source.table.rows.emplace_back();
      for (std::size_t i = 0; i < std::min(row.parts.size(), table.parts.size() - 1); ++i)
        values.emplace_back(table.parts[i + 1].value, row.parts[i]);
    }
    sources_.push_back(std::move(source));
    return true;
  }

  [[nodiscard]] Text choice(std::vector<Text> rows) const {
    return {.kind = Kind::choice, .value = certain_ ? "some" : "", .parts = std::move(rows)};
  }

  /// There may be others than those that are known.
  [[nodiscard]] Text fallback(std::vector<Text> rows) const {
    Text others = evaluate(query_.parts[3], outer_, catalog_);
    for (Text& row : others.parts) {
      if (std::ranges::find(rows, row) == rows.end()) rows.push_back(std::move(row));
    }
    if (rows.empty()) return {};
    return choice(std::move(rows));
  }

  void bind(const Source& source, std::string_view column, const Text& value) {
    scope_[std::string(column)] = value;
    scope_[cat(source.alias, ".", column)] = value;
  }

  /// Row by row of one table after the other; a condition is tried as soon as it can say no.
  void join(std::size_t at, bool certain) {
    if (at == sources_.size()) {
      bool row_certain = certain;
      for (const Text* conjunct : conjuncts_)
        row_certain = row_certain && truth(evaluate(*conjunct, scope_, catalog_)) == true;
      certain_ = certain_ || row_certain;
      uncertain_ = uncertain_ || !row_certain;
      rows_.push_back(evaluate(query_.parts[2], scope_, catalog_));
      return;
    }
    const Source& source = sources_[at];
    for (const SystemTable::Row& row : source.table.rows) {
      for (const auto& [column, value] : row) bind(source, column, value);
      const bool excluded = std::ranges::any_of(conjuncts_, [this](const Text* conjunct) {
        return ++trials_ < k_most_trials && truth(evaluate(*conjunct, scope_, catalog_)) == false;
      });
      if (!excluded) join(at + 1, certain);
      for (const auto& [column, value] : row) bind(source, column, {});
      if (trials_ >= k_most_trials || rows_.size() > k_most_rows) return;
    }
  }

  /// All rows that there can be belong to relations that are known.
  [[nodiscard]] bool is_closed() const {
    return std::ranges::any_of(sources_, [this](const Source& source) {
      return std::ranges::any_of(conjuncts_, [&](const Text* conjunct) { return pins(source, *conjunct); });
    });
  }

  /// `relname = 'a'`, where a relation of that name is known.
  [[nodiscard]] bool pins(const Source& source, const Text& conjunct) const {
    if (source.table.relation.empty() || conjunct.kind != Kind::call || conjunct.value != "=" ||
        conjunct.parts.size() != 2) {
      return false;
    }
    for (const std::size_t side : {0UL, 1UL}) {
      if (!names_column(conjunct.parts[side], source.alias, source.table.relation)) continue;
      const Text value = evaluate(conjunct.parts[1 - side], outer_, catalog_);
      if (value.kind == Kind::constant) return is_known(source, value.value);
    }
    return false;
  }

  [[nodiscard]] bool is_known(const Source& source, const std::string& relation) const {
    if (source.table.schema.empty()) return relation_of(catalog_, relation) != nullptr;
    for (const Text* conjunct : conjuncts_) {
      if (conjunct->kind != Kind::call || conjunct->value != "=" || conjunct->parts.size() != 2) continue;
      for (const std::size_t side : {0UL, 1UL}) {
        if (!names_column(conjunct->parts[side], source.alias, source.table.schema)) continue;
        const Text schema = evaluate(conjunct->parts[1 - side], outer_, catalog_);
        if (schema.kind == Kind::constant) return catalog_.find({schema.value, relation}) != nullptr;
      }
    }
    return std::ranges::any_of(catalog_.all(),
                               [&](const Relation* known) { return known->name.relname == relation; });
  }

  const Text& query_;
  const Catalog& catalog_;
  const Variables& outer_;
  Variables scope_;
  std::vector<const Text*> conjuncts_;
  std::vector<Source> sources_;
  std::vector<Text> rows_;
  bool certain_ = false;    ///< one row certainly fulfils the condition
  bool uncertain_ = false;  ///< of one nobody knows
  int trials_ = 0;
};

Text first_column(const Text& row) {
  return row.kind == Kind::row && !row.parts.empty() ? row.parts.front() : Text();
}

}  // namespace

Text query_rows(const Text& query, const Variables& variables, const Catalog& catalog) {
  constexpr std::size_t parts = 4;
  if (query.parts.size() != parts) return {};
  return QueryWalk(query, variables, catalog).run();
}

bool is_query_function(std::string_view name) {
  constexpr std::array<std::string_view, 4> k_names = {"exists", "count rows", "scalar", "first row"};
  return std::ranges::find(k_names, name) != k_names.end();
}

std::optional<Text> rows_function(std::string_view name, const std::vector<Text>& parts) {
  const bool joins = name == "joined rows";
  if ((!joins && name != "array of rows") || parts.empty()) return std::nullopt;
  const Text& rows = parts.front();
  if (rows.kind != Kind::array && rows.kind != Kind::choice) return Text();
  // Of rows that may be there all are taken: too much is better than too little.
  Text values{.kind = Kind::array};
  for (const Text& row : rows.parts) {
    Text value = first_column(row);
    if (!joins || value.kind != Kind::null) values.parts.push_back(std::move(value));
  }
  if (!joins) return values;
  if (values.parts.empty()) return Text{.kind = Kind::null};
  const Text delimiter = parts.size() > 1 ? parts[1] : constant_text({});
  std::string result;
  for (const Text& value : values.parts) {
    if (!result.empty()) result += delimiter.kind == Kind::constant ? delimiter.value : std::string();
    result += value.kind == Kind::constant ? value.value : std::string(k_unknown_part);
  }
  return constant_text(result);
}

Text query_function(std::string_view name, const Text& rows) {
  const bool certain = rows.kind == Kind::array;
  if (!certain && rows.kind != Kind::choice) return {};
  const bool some = certain ? !rows.parts.empty() : rows.value == "some";
  if (name == "exists") return certain || some ? constant_text(some ? "true" : "false") : Text();
  if (name == "count rows") {
    if (certain) return constant_text(std::to_string(rows.parts.size()));
    // One, or more: nothing that code asks of it tells two from three.
    return some ? Text{.kind = Kind::choice, .value = {}, .parts = {constant_text("1"), constant_text("2")}}
                : Text();
  }
  if (certain && rows.parts.empty()) return {.kind = Kind::null};
  if (certain && rows.parts.size() == 1)
    return name == "scalar" ? first_column(rows.parts.front()) : rows.parts.front();
  if (!some || rows.parts.empty()) return {};
  Text result{.kind = Kind::choice, .value = {}, .parts = {}};
  for (const Text& row : rows.parts) result.parts.push_back(name == "scalar" ? first_column(row) : row);
  return result;
}

}  // namespace pgsluice::effects
