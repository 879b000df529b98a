// SPDX-License-Identifier: Apache-2.0
#include "gate/query_keys.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"
#include "gate/queries_sql.hpp"
#include "gate/query_relations.hpp"

namespace pgsluice {

std::string add_keys(Session& session, const GateSubject& subject, QueryTarget& target) {
  const SqlResult rows = session.query(queries::k_find_keys, {subject.relation.quoted(), subject.column});
  if (!rows.ok) return cat("cannot read the catalogs: ", printable_line(rows.error.message));
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    const Names columns = names_in(Json::parse(rows.text(row, 3), nullptr, false));
    target.keys.push_back({.table = {.schemaname = rows.text(row, 0), .relname = rows.text(row, 1)},
                           .constraint = rows.text(row, 2),
                           .columns = {columns.begin(), columns.end()},
                           .has_expressions = rows.truth(row, 4),
                           .is_only_renamed = subject.change == Change::renamed});
  }
  return {};
}

bool uses_keys(const QueryUse& use, const QueryTarget& target) {
  return std::ranges::any_of(use.arbiters, [&target](const QueryArbiter& arbiter) {
    return std::ranges::any_of(target.keys, [&arbiter](const QueryTarget::Key& key) {
      if (key.table != arbiter.relation) return false;
      if (!arbiter.constraint.empty()) return arbiter.constraint == key.constraint;
      return !key.is_only_renamed && arbiter.columns == key.columns &&
             arbiter.has_expressions == key.has_expressions;
    });
  });
}

}  // namespace pgsluice
