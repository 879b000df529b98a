// SPDX-License-Identifier: Apache-2.0
#include "few_rows.hpp"

#include <algorithm>
#include <vector>

namespace pgsluice::effects {

namespace {

constexpr std::size_t k_few = 100;

/// How many values the condition leaves the column; 0: any number.
std::size_t values_of(const Predicate& said, Name column) {
  if (said.kind == Predicate::Kind::compare && said.op == "=" && said.column == column)
    return said.values.size();
  if (said.kind != Predicate::Kind::all) return 0;
  std::size_t least = 0;
  for (const Predicate& part : said.parts) {
    const std::size_t values = values_of(part, column);
    if (values > 0 && (least == 0 || values < least)) least = values;
  }
  return least;
}

/// Of a key: so many rows that the condition can mean; 0: any number.
std::size_t rows_of(const Predicate& said, const std::vector<Name>& key) {
  std::size_t rows = key.empty() ? 0 : 1;
  for (const Name column : key) {
    rows *= values_of(said, column);
    if (rows > k_few) return 0;
  }
  return rows;
}

std::vector<std::vector<Name>> unique_keys(const Catalog& catalog, const Relation& table) {
  std::vector<std::vector<Name>> keys;
  for (const Relation* index : catalog.indexes(table.name)) {
    if (!index->index || !index->index->unique || index->index->predicate) continue;
    std::vector<Name>& key = keys.emplace_back();
    for (const IndexElement& element : index->index->elements) key.push_back(element.column);
    if (std::ranges::any_of(key, &Name::empty)) keys.pop_back();
  }
  return keys;
}

}  // namespace

bool has_few_rows(const Subject& subject) {
  const Command& command = subject.command;
  if (command.tag != "UpdateStmt" && command.tag != "DeleteStmt") return false;
  if (subject.target == nullptr || !command.changes) return false;
  const RowChange& change = command.changes->front();
  if (!change.target.where) return false;
  return std::ranges::any_of(
      unique_keys(subject.catalog, *subject.target),
      [&](const std::vector<Name>& key) { return rows_of(*change.target.where, key) > 0; });
}

}  // namespace pgsluice::effects
