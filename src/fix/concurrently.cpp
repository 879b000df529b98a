// SPDX-License-Identifier: Apache-2.0
// CREATE INDEX, DROP INDEX, REINDEX, REFRESH MATERIALIZED VIEW, DETACH PARTITION → the same CONCURRENTLY.
#include <algorithm>

#include "base/text.hpp"
#include "fix/partitioned_index.hpp"
#include "fix/words.hpp"

namespace pgsluice::fix {
namespace {

/// REFRESH compares old and new rows by it.
bool has_unique_index(const Subject& subject) {
  const Relation* view = subject.relation();
  if (view == nullptr) return false;
  const auto indexes = subject.before.indexes(view->name);
  return std::ranges::any_of(indexes, [](const Relation* index) {
    if (!index->index || !index->index->unique || index->index->predicate) return false;
    return std::ranges::none_of(index->index->elements,
                                [](const IndexElement& element) { return element.column.empty(); });
  });
}

bool has_default_partition(const Subject& subject) {
  return !subject.before.default_partitions(subject.before.resolve(subject.target()->name)).empty();
}

std::string why_not(const Subject& subject) {
  const std::string_view tag = subject.command().tag;
  const char kind = subject.relkind("target");
  if (tag == "DropStmt" && kind == relkind::partitioned_index)
    return "DROP INDEX CONCURRENTLY is not possible for the index of a partitioned table";
  if (tag == "DropStmt" && find_keyword(subject.sql(), {"cascade"}))
    return "DROP INDEX CONCURRENTLY cannot CASCADE: drop what depends on the index first";
  if (tag == "RefreshMatViewStmt" && !has_unique_index(subject)) {
    return "REFRESH … CONCURRENTLY needs a unique index over columns, without WHERE, and none is known: "
           "CREATE UNIQUE INDEX CONCURRENTLY first";
  }
  if (tag == "AT_DetachPartition" && has_default_partition(subject))
    return "DETACH PARTITION … CONCURRENTLY is not possible while there is a default partition";
  return {};
}

}  // namespace

Rewritten concurrently(const Subject& subject) {
  if (subject.command().tag == "IndexStmt" && subject.relkind("target") == relkind::partitioned_table)
    return on_partitions(subject);
  if (std::string reason = why_not(subject); !reason.empty()) return Refusal{reason};
  std::string sql(subject.sql());
  if (subject.command().tag == "AT_DetachPartition") return Replacement{sql + " CONCURRENTLY"};
  const auto kind = find_keyword(sql, {"index", "table", "schema", "database", "view"});
  if (!kind) return Refusal{"where CONCURRENTLY belongs cannot be told"};
  return Replacement{sql.insert(kind->end, " CONCURRENTLY")};
}

}  // namespace pgsluice::fix
