// SPDX-License-Identifier: Apache-2.0
#include "preview/extrapolate.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
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

/// None: it was never analyzed. Before 14, 0 says that, too.
std::optional<double> rows_of(const Relation& relation) {
  if (!relation.size) return std::nullopt;
  const double bytes = relation.size->bytes.value_or(0);
  if (relation.size->bytes && bytes == 0) return 0;
  const std::optional<double> rows = relation.size->reltuples;
  return rows == 0 && bytes > 0 ? std::nullopt : rows;
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

/// What it worked through.
std::set<std::string> worked_through(const Observation& observed) {
  std::set<std::string> relations = observed.rewrites;
  relations.insert(observed.scans.begin(), observed.scans.end());
  relations.insert(observed.indexed.begin(), observed.indexed.end());
  return relations;
}

std::optional<Extrapolation> of_statement(const Observation& observed, const std::set<std::string>& relations,
                                          const RowCounts& measured, const RowCounts& production) {
  const std::optional<double> here = sum(relations, measured);
  const std::optional<double> there = sum(relations, production);
  if (relations.empty() || !here || !there || *there <= *here) return std::nullopt;
  Extrapolation result{.rows = *there, .measured_rows = *here};
  if (*here < k_enough_rows) return result;
  const double times = *there / *here;
  // Sorting: n log n. A rewrite builds the indexes anew, too.
  const bool sorts = !observed.index_builds.empty();
  result.ms = observed.ms * times * (sorts ? std::log(*there) / std::log(*here) : 1);
  result.peak_bytes = static_cast<double>(observed.peak_bytes) * times;
  // New files go to the WAL as a whole. Of what changes rows, how many pages do depends on the last checkpoint.
  if (!observed.rewrites.empty() || sorts) result.wal_bytes = static_cast<double>(observed.wal_bytes) * times;
  return result;
}

}  // namespace

ProductionRows production_rows(const Catalog& catalog) {
  ProductionRows all;
  for (const Relation* relation : catalog.all()) {
    double rows = 0;
    bool known = true;
    const auto add = [&](const Relation& one) {
      if (!has_rows(one)) return;
      const std::optional<double> own = rows_of(one);
      known = known && own;
      rows += own.value_or(0);
    };
    if (relation->relkind == relkind::partitioned_table) {
      for (const Relation* partition : catalog.descendants(relation->name)) add(*partition);
    } else if (has_rows(*relation)) {
      add(*relation);
    } else {
      continue;
    }
    if (known) {
      all.known[relation->name.quoted()] = rows;
    } else {
      all.unknown.insert(relation->name.quoted());
    }
  }
  return all;
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

void extrapolate(Preview& preview, const RowCounts& measured, const ProductionRows& production) {
  for (PreviewedFile& file : preview.files) {
    if (file.history) continue;
    for (PreviewedStatement& statement : file.statements) {
      if (statement.observed.error) continue;
      const std::set<std::string> relations = worked_through(statement.observed);
      std::ranges::set_intersection(relations, production.unknown,
                                    std::back_inserter(statement.rows_unknown));
      statement.in_production = of_statement(statement.observed, relations, measured, production.known);
    }
  }
}

}  // namespace pgsluice
