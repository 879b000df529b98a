// SPDX-License-Identifier: Apache-2.0
#include "preview/extrapolate.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/text.hpp"
#include "pgsluice/catalog.hpp"
#include "preview/gone.hpp"

namespace pgsluice {
namespace {

/// With fewer, most of the time goes into what each statement takes, however large the table is.
constexpr double k_enough_rows = 10'000;

bool has_rows(const Relation& relation) {
  return relation.relkind == relkind::table || relation.relkind == relkind::materialized_view;
}

/// Of all relations together; none: of one it is not known.
std::optional<double> sum(const std::set<std::string>& relations, const RowCounts& counts) {
  double rows = 0;
  for (const std::string& relation : relations) {
    const auto found = counts.find(relation);
    if (found == counts.end()) return std::nullopt;
    rows += found->second;
  }
  return rows;
}

std::optional<Extrapolation> of_statement(const Observation& observed, const RowCounts& measured,
                                          const RowCounts& production) {
  std::set<std::string> relations = observed.rewrites;
  relations.insert(observed.scans.begin(), observed.scans.end());
  relations.insert(observed.indexed.begin(), observed.indexed.end());
  const std::optional<double> here = sum(relations, measured);
  const std::optional<double> there = sum(relations, production);
  if (observed.error || relations.empty() || !here || !there || *there <= *here) return std::nullopt;
  Extrapolation result{.rows = *there, .measured_rows = *here};
  if (*here < k_enough_rows) return result;
  const double times = *there / *here;
  // Sorting: n log n. A rewrite builds the indexes anew, too.
  const bool sorts = !observed.index_builds.empty();
  result.ms = observed.ms * times * (sorts ? std::log(*there) / std::log(*here) : 1);
  result.peak_bytes = static_cast<double>(observed.peak_bytes) * times;
  return result;
}

}  // namespace

RowCounts production_rows(const Catalog& catalog) {
  RowCounts counts;
  for (const Relation* relation : catalog.all()) {
    double rows = 0;
    bool known = true;
    const auto add = [&](const Relation& one) {
      if (!has_rows(one)) return;
      const std::optional<double> reltuples = one.size ? one.size->reltuples : std::nullopt;
      known = known && reltuples;
      rows += reltuples.value_or(0);
    };
    if (relation->relkind == relkind::partitioned_table) {
      for (const Relation* partition : catalog.descendants(relation->name)) add(*partition);
    } else if (has_rows(*relation)) {
      add(*relation);
    }
    if (known && rows > 0) counts[relation->name.quoted()] = rows;
  }
  return counts;
}

RowCounts measured_rows(Session& session) {
  constexpr std::string_view k_relations =
      "SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relkind = 'r' FROM pg_class c"
      " JOIN pg_namespace n ON n.oid = c.relnamespace"
      " WHERE c.oid >= 16384 AND (c.relkind IN ('r', 'p') OR c.relkind = 'm' AND c.relispopulated)"
      " AND n.nspname !~ '^pg_'";
  RowCounts counts;
  const SqlResult found = session.query(k_relations, {});
  for (std::size_t i = 0; i < found.rows.size(); ++i) {
    const SqlResult counted =
        session.run({.sql = cat("SELECT count(*) FROM ", found.truth(i, 1) ? "ONLY " : "", found.text(i, 0)),
                     .parameters = {},
                     .interruptible = Interruptible::yes,
                     .watch = {}});
    if (counted.connection_lost) throw server_gone("rows were counted", counted.error);
    if (counted.ok) counts[found.text(i, 0)] = static_cast<double>(counted.number(0, 0).value_or(0));
  }
  return counts;
}

void extrapolate(Preview& preview, const RowCounts& measured, const RowCounts& production) {
  for (PreviewedFile& file : preview.files) {
    if (file.history) continue;
    for (PreviewedStatement& statement : file.statements)
      statement.in_production = of_statement(statement.observed, measured, production);
  }
}

}  // namespace pgsluice
