// SPDX-License-Identifier: Apache-2.0
#include "fix/batches.hpp"

#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "pgsluice/cut.hpp"

namespace pgsluice::fix {
namespace {

bool all_not_null(const Relation& table, const Names& columns) {
  return std::ranges::all_of(columns, [&](Name name) {
    const CatalogColumn* column = table.column(name);
    return column != nullptr && column->not_null;
  });
}

/// A unique key on columns that are NOT NULL.
std::optional<Names> other_key(const Catalog& catalog, const Relation& table) {
  for (const Relation* index : catalog.indexes(table.name)) {
    if (!index->index || !index->index->unique || index->index->predicate) continue;
    Names columns;
    for (const IndexElement& element : index->index->elements) columns.push_back(element.column);
    if (all_not_null(table, columns)) return columns;
  }
  return std::nullopt;
}

bool has_primary_key(const Relation& table) {
  return std::ranges::any_of(table.constraints,
                             [](const CatalogConstraint& c) { return c.contype == "CONSTR_PRIMARY"; });
}

std::string key_setting(const Names& columns) {
  std::vector<std::string> names(columns.begin(), columns.end());
  return cat(" key=", join(names, ","));
}

}  // namespace

Rewritten in_batches(const FileAnalysis& file, const Effect& effect, const Catalog& before) {
  const std::string sql(file.script.text(file.script.statements[effect.statement].range));
  const auto cut = cut_statement(sql);
  if (const auto* refusal = std::get_if<CutRefusal>(&cut))
    return Refusal{cat(refusal->message, refusal->hint.empty() ? "" : ": ", refusal->hint)};
  const Relation* table = before.find(std::get<CutStatement>(cut).relation);
  std::string key;
  if (table != nullptr && !table->columns.empty() && !has_primary_key(*table)) {
    const auto other = other_key(before, *table);
    if (!other) return Refusal{"the table has no unique key on NOT NULL columns to walk along"};
    key = key_setting(*other);
  }
  return Replacement{cat("-- pgsluice: batch", key, "\n", sql)};
}

}  // namespace pgsluice::fix
