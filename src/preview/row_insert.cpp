// SPDX-License-Identifier: Apache-2.0
#include "preview/row_insert.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace pgsluice {
namespace {

std::string number_of(const RowSource& source) {
  return source.stride == 1 ? std::string(k_row_number)
                            : cat("(", k_row_number, " / ", std::to_string(source.stride), ")");
}

}  // namespace

/// Foreign keys that checks speak of and that may be NULL.
std::vector<const FillColumn*> RowInsert::checked_references() const {
  std::vector<const FillColumn*> all;
  for (const RowSource& source : sources_) {
    if (source.kind != RowSource::Kind::reference || source.columns.size() != 1 ||
        source.columns.front()->not_null)
      continue;
    for (const std::string& check : all_checks(table_)) {
      const std::vector<const FillColumn*> named = columns_in(table_, check);
      if (std::ranges::count(named, source.columns.front()) == 0) continue;
      all.push_back(source.columns.front());
      break;
    }
  }
  return all;
}

void RowInsert::add_pool_parts(const RowSource& source, const std::string& alias, Parts& parts) const {
  parts.from += cat(" LEFT JOIN pg_temp.", source.pool, " ", alias, " ON ", alias,
                    ".pgsluice_place = ", number_of(source), " % ", std::to_string(*source.count));
  for (const FillColumn* one : source.columns) parts.values[one] = cat(alias, ".", one->name);
}

/// Its columns that have a value already say which rows it can be.
void RowInsert::add_reference_parts(const RowSource& source, const std::string& alias, Parts& parts) const {
  const FillReference& reference = *source.reference;
  std::vector<std::string> shared;
  std::string same;
  std::string filter = "true";
  for (std::size_t i = 0; i < reference.columns.size(); ++i) {
    const FillColumn* one = column_of(table_, reference.columns[i]);
    filter += cat(" AND ", reference.referenced[i], " IS NOT NULL");
    if (std::ranges::count(source.columns, one) > 0) {
      parts.values[one] = cast_to(one->type, cat(alias, ".", reference.referenced[i]));
    } else {
      shared.push_back(reference.referenced[i]);
      same += cat(" AND ", alias, ".", reference.referenced[i], " = ", parts.values[one]);
    }
  }
  const std::string window = shared.empty() ? std::string() : cat("PARTITION BY ", join(shared, ", "));
  const std::string total = shared.empty() ? std::to_string(*source.count) : cat(alias, ".pgsluice_total");
  parts.from += cat(" LEFT JOIN (SELECT ", join(reference.referenced, ", "), ", row_number() OVER (", window,
                    ") - 1 AS pgsluice_place, count(*) OVER (", window, ") AS pgsluice_total FROM ",
                    reference.table, " WHERE ", filter, ") ", alias, " ON ", alias,
                    ".pgsluice_place = ", number_of(source), " % ", total, same);
}

/// All rows refer to the first one (of those that share what they must), which refers to nothing, or to itself.
void RowInsert::add_own_parts(const RowSource& source, Parts& parts) const {
  const FillReference& reference = *source.reference;
  std::vector<std::string> shared;
  for (std::size_t i = 0; i < reference.columns.size(); ++i) {
    const FillColumn* one = column_of(table_, reference.columns[i]);
    if (std::ranges::count(source.columns, one) == 0) shared.push_back(reference.referenced[i]);
  }
  const std::string window =
      cat(shared.empty() ? "" : cat("PARTITION BY ", join(shared, ", ")), " ORDER BY pgsluice_n");
  for (std::size_t i = 0; i < reference.columns.size(); ++i) {
    const FillColumn* one = column_of(table_, reference.columns[i]);
    if (std::ranges::count(source.columns, one) == 0) continue;
    const std::string first = cat("first_value(", reference.referenced[i], ") OVER (", window, ")");
    parts.own.push_back(cat(
        one->not_null ? first : cat("CASE WHEN row_number() OVER (", window, ") > 1 THEN ", first, " END"),
        " AS ", one->name));
  }
}

RowInsert::Parts RowInsert::parts() const {
  Parts parts;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const RowSource& source = sources_[i];
    const std::string alias = cat("s", std::to_string(i));
    switch (source.kind) {
      case RowSource::Kind::nothing:
        for (const FillColumn* one : source.columns) parts.values[one] = cast_to(one->type, "NULL");
        break;
      case RowSource::Kind::series: {
        const FillColumn* one = source.columns.front();
        parts.values[one] = cast_to(
            one->type, series_of(*one, source.default_first, number_of(source))[source.series].expression);
        break;
      }
      case RowSource::Kind::pool: add_pool_parts(source, alias, parts); break;
      case RowSource::Kind::reference:
        if (source.own) {
          add_own_parts(source, parts);
        } else {
          add_reference_parts(source, alias, parts);
        }
        break;
    }
  }
  return parts;
}

/// What would be refused is left out, so that the others get in: rows that checks do not take, and those that are there.
std::string RowInsert::sql(long long from, long long until, Turns turns) const {
  Parts all = parts();
  if (turns == Turns::yes) {
    const std::vector<const FillColumn*> checked = checked_references();
    for (std::size_t i = 0; i < checked.size(); ++i) {
      if (!all.values.contains(checked[i])) continue;
      all.values[checked[i]] = cat("CASE WHEN ", k_row_number, " % ", std::to_string(checked.size()), " = ",
                                   std::to_string(i), " THEN ", all.values[checked[i]], " END");
    }
  }
  std::vector<std::string> inner{cat(k_row_number, " AS pgsluice_n")};
  for (const auto& [one, value] : all.values) inner.push_back(cat(value, " AS ", one->name));
  std::vector<std::string> outer{"*"};
  outer.insert(outer.end(), all.own.begin(), all.own.end());
  std::vector<std::string> names;
  std::string filter = "true";
  bool overrides = false;
  for (const FillColumn& one : table_.columns) {
    if (!is_given(sources_, &one)) continue;
    names.push_back(one.name);
    if (one.not_null) filter += cat(" AND ", one.name, " IS NOT NULL");
    overrides = overrides || one.always_identity;
  }
  for (const std::string& check : all_checks(table_)) {
    const std::vector<const FillColumn*> named = columns_in(table_, check);
    if (std::ranges::all_of(named, [&](const FillColumn* one) { return is_given(sources_, one); }))
      filter += cat(" AND coalesce((", check, "), true)");
  }
  const bool skips = std::ranges::all_of(table_.keys, &FillKey::immediate);
  return cat("INSERT INTO ", table_.name, names.empty() ? "" : cat(" (", join(names, ", "), ")"),
             overrides ? " OVERRIDING SYSTEM VALUE" : "", " SELECT ", join(names, ", "), " FROM (SELECT ",
             join(outer, ", "), " FROM (SELECT ", join(inner, ", "), " FROM generate_series(",
             std::to_string(from), "::bigint, ", std::to_string(until - 1), "::bigint) numbers(n)", all.from,
             " OFFSET 0) given) made WHERE ", filter, skips ? " ON CONFLICT DO NOTHING" : "");
}

bool RowInsert::has_turns() const {
  return !checked_references().empty();
}

}  // namespace pgsluice
