// SPDX-License-Identifier: Apache-2.0
#include "preview/fillable.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/text.hpp"
#include "pg/arrays.hpp"
#include "preview/ask.hpp"

namespace pgsluice {
namespace {

constexpr std::string_view k_tables = R"(
SELECT c.oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relkind = 'p'
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.oid)";

constexpr std::string_view k_columns = R"(
SELECT a.attnum, quote_ident(a.attname), a.atttypid, a.atttypmod, a.attnotnull OR t.typnotnull,
  CASE WHEN a.attidentity = '' THEN coalesce(pg_get_expr(d.adbin, d.adrelid), '')
  ELSE format('nextval(%L::regclass)', pg_get_serial_sequence(a.attrelid::regclass::text, a.attname)) END,
  a.attidentity = 'a'
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY a.attnum)";

constexpr std::string_view k_domain_checks = R"(
WITH RECURSIVE chain AS (SELECT $1::oid AS oid UNION
  SELECT t.typbasetype FROM chain JOIN pg_type t ON t.oid = chain.oid WHERE t.typtype = 'd')
SELECT pg_get_expr(k.conbin, 0) FROM chain JOIN pg_constraint k ON k.contypid = chain.oid WHERE k.contype = 'c')";

constexpr std::string_view k_type = R"(
SELECT format_type(t.oid, $2::integer), t.typname,
  CASE WHEN t.typelem <> 0 AND t.typcategory = 'A' AND t.typlen = -1 THEN 'A' ELSE t.typtype::text END,
  t.typelem, t.typbasetype, t.typtypmod, (SELECT count(*) FROM pg_enum e WHERE e.enumtypid = t.oid),
  (SELECT r.rngsubtype FROM pg_range r WHERE r.rngtypid = t.oid), t.typrelid
FROM pg_type t WHERE t.oid = $1::oid)";

constexpr std::string_view k_keys = R"(
SELECT (string_to_array(indkey::text, ' '))[:indnkeyatts], indimmediate FROM pg_index
WHERE indrelid = $1::oid AND (indisunique OR indisexclusion) ORDER BY indisprimary DESC, indexrelid)";

constexpr std::string_view k_references = R"(
SELECT k.conkey, quote_ident(n.nspname) || '.' || quote_ident(c.relname), coalesce(pg_partition_root(c.oid), c.oid)::oid,
  (SELECT array_agg(quote_ident(a.attname) ORDER BY u.place) FROM unnest(k.confkey) WITH ORDINALITY u(attnum, place)
   JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.conrelid = $1::oid AND k.contype = 'f' AND k.conparentid = 0
ORDER BY cardinality(k.conkey) DESC, k.oid)";

constexpr std::string_view k_checks =
    "SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE conrelid = $1::oid AND contype = 'c'";

/// What one of its partitions takes. A default partition takes what is left, which need not be much.
constexpr std::string_view k_partitions = R"(
SELECT string_agg('(' || pg_get_partition_constraintdef(c.oid) || ')', ' OR ') FROM pg_partition_tree($1::oid::regclass) p
JOIN pg_class c ON c.oid = p.relid
WHERE p.isleaf AND c.relkind = 'r' AND (p.level > 1 OR pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT'))";

int small_number(const SqlResult& result, std::size_t row, std::size_t column) {
  return static_cast<int>(result.number(row, column).value_or(0));
}

std::vector<int> attnums(std::string_view array) {
  std::vector<int> all;
  for (const long long attnum : pg::parse_numbers(array)) all.push_back(static_cast<int>(attnum));
  return all;
}

class Types {
 public:
  explicit Types(Session& session) : session_(session) {}

  const ValueType& find(const std::string& oid, const std::string& typmod) {
    const auto known = types_.find({oid, typmod});
    if (known != types_.end()) return known->second;
    ValueType type = read(oid, typmod);
    return types_.emplace(std::pair(oid, typmod), std::move(type)).first->second;
  }

 private:
  ValueType read(const std::string& oid, const std::string& typmod) {
    const SqlResult row = ask(session_, k_type, {oid, typmod});
    ValueType type{.name = row.text(0, 0),
                   .typname = row.text(0, 1),
                   .typtype = row.text(0, 2).front(),
                   .typmod = std::stoi(typmod),
                   .labels = row.number(0, 6).value_or(0),
                   .parts = {}};
    switch (type.typtype) {
      case 'A': type.parts = {find(row.text(0, 3), typmod)}; break;
      case 'd': type.parts = {find(row.text(0, 4), row.text(0, 5))}; break;
      case 'r': type.parts = {find(row.text(0, 7), "-1")}; break;
      case 'm': type.parts = parts(k_range_of, oid); break;
      case 'c': type.parts = parts(k_columns_of, row.text(0, 8)); break;
      default: break;
    }
    return type;
  }

  std::vector<ValueType> parts(std::string_view query, const std::string& oid) {
    const SqlResult found = ask(session_, query, {oid});
    std::vector<ValueType> all;
    for (std::size_t i = 0; i < found.rows.size(); ++i)
      all.push_back(find(found.text(i, 0), found.text(i, 1)));
    return all;
  }

  static constexpr std::string_view k_range_of =
      "SELECT rngtypid, -1 FROM pg_range WHERE rngmultitypid = $1::oid";
  static constexpr std::string_view k_columns_of =
      "SELECT atttypid, atttypmod FROM pg_attribute WHERE attrelid = $1::oid AND attnum > 0 AND NOT "
      "attisdropped"
      " ORDER BY attnum";

  Session& session_;
  std::map<std::pair<std::string, std::string>, ValueType> types_;
};

void read_columns(Session& session, Types& types, FillTable& table) {
  const SqlResult found = ask(session, k_columns, {table.oid});
  for (std::size_t i = 0; i < found.rows.size(); ++i) {
    FillColumn& column = table.columns.emplace_back();
    column.attnum = small_number(found, i, 0);
    column.name = found.text(i, 1);
    column.type = types.find(found.text(i, 2), found.text(i, 3));
    column.not_null = found.truth(i, 4);
    column.fallback = found.text(i, 5);
    column.always_identity = found.truth(i, 6);
    if (column.type.typtype != 'd') continue;
    const SqlResult checks = ask(session, k_domain_checks, {found.text(i, 2)});
    for (std::size_t k = 0; k < checks.rows.size(); ++k)
      column.checks.push_back(about_column(checks.text(k, 0), column.name));
  }
}

void read_constraints(Session& session, FillTable& table) {
  const SqlResult keys = ask(session, k_keys, {table.oid});
  for (std::size_t i = 0; i < keys.rows.size(); ++i)
    table.keys.push_back({.columns = attnums(keys.text(i, 0)), .immediate = keys.truth(i, 1)});
  const SqlResult references = ask(session, k_references, {table.oid});
  for (std::size_t i = 0; i < references.rows.size(); ++i)
    table.references.push_back({.columns = attnums(references.text(i, 0)),
                                .table = references.text(i, 1),
                                .root = references.text(i, 2),
                                .referenced = pg::parse_texts(references.text(i, 3))});
  for (const std::string_view query : {k_checks, k_partitions}) {
    const SqlResult checks = ask(session, query, {table.oid});
    for (std::size_t i = 0; i < checks.rows.size(); ++i) {
      if (!checks.text(i, 0).empty()) table.checks.push_back(checks.text(i, 0));
    }
  }
}

/// Whether a row of the table cannot do without one that it refers to.
bool is_required(const FillTable& table, const FillReference& reference) {
  return std::ranges::all_of(reference.columns, [&](int attnum) {
    const auto column = std::ranges::find(table.columns, attnum, &FillColumn::attnum);
    return column == table.columns.end() || column->not_null;
  });
}

/// Takes out the next one: one that refers to none of the others, or need not, where they refer to each other in a circle.
FillTable take_next(std::vector<FillTable>& left) {
  const auto refers_to_others = [&left](const FillTable& table, bool must) {
    return std::ranges::any_of(table.references, [&](const FillReference& reference) {
      return reference.root != table.oid && (!must || is_required(table, reference)) &&
             std::ranges::find(left, reference.root, &FillTable::oid) != left.end();
    });
  };
  auto next =
      std::ranges::find_if(left, [&](const FillTable& table) { return !refers_to_others(table, false); });
  if (next == left.end())
    next = std::ranges::find_if(left, [&](const FillTable& table) { return !refers_to_others(table, true); });
  if (next == left.end()) next = left.begin();
  FillTable table = std::move(*next);
  left.erase(next);
  return table;
}

}  // namespace

std::vector<FillTable> fillable_tables(Session& session) {
  const SqlResult found = ask(session, k_tables, {});
  Types types(session);
  std::vector<FillTable> tables;
  for (std::size_t i = 0; i < found.rows.size(); ++i) {
    FillTable& table = tables.emplace_back();
    table.oid = found.text(i, 0);
    table.name = found.text(i, 1);
    table.partitioned = found.truth(i, 2);
    read_columns(session, types, table);
    read_constraints(session, table);
  }
  std::vector<FillTable> ordered;
  while (!tables.empty()) ordered.push_back(take_next(tables));
  return ordered;
}

}  // namespace pgsluice
