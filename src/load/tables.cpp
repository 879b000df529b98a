// SPDX-License-Identifier: Apache-2.0
#include "load/tables.hpp"

#include "base/text.hpp"
#include "load/application.hpp"
#include "pg/arrays.hpp"
#include "pgsluice/name.hpp"

namespace pgsluice {
namespace {

constexpr std::string_view k_columns = R"(
SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
  string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FILTER (WHERE a.attgenerated = '' AND a.attidentity <> 'a'),
  string_agg(format('%1$I = %1$I', a.attname), ', ' ORDER BY a.attnum) FILTER (
    WHERE a.attgenerated = '' AND a.attidentity <> 'a' AND NOT coalesce(a.attnum = ANY (k.indkey), false)),
  array_agg(quote_ident(a.attname) ORDER BY a.attnum) FILTER (WHERE a.attnum = ANY (k.indkey))
FROM pg_attribute a LEFT JOIN pg_index k ON k.indrelid = a.attrelid AND k.indisprimary
WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped)";

/// " WHERE id = '1'", of some row; empty: the table has no key, or no row.
std::string key_of_a_row(Session& session, const std::string& table, const std::vector<std::string>& key) {
  if (key.empty()) return {};
  std::vector<std::string> texts;
  for (const std::string& column : key) texts.push_back(cat("format('%L', ", column, ")"));
  const SqlResult row = session.query(cat("SELECT ", join(texts, ", "), " FROM ", table, " LIMIT 1"), {});
  if (!row.ok || row.rows.empty()) return {};
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < key.size(); ++i) parts.push_back(cat(key[i], " = ", row.text(0, i)));
  return cat(" WHERE ", join(parts, " AND "));
}

}  // namespace

std::vector<std::string> tables_that_are_there(Session& session, const std::vector<std::string>& names) {
  const SqlResult found = session.query(
      "WITH named AS (SELECT n, place, to_regclass(n) AS oid FROM unnest($1::text[]) WITH ORDINALITY u(n, "
      "place))"
      " SELECT n FROM named JOIN pg_class c ON c.oid = named.oid WHERE c.relkind IN ('r', 'p') AND NOT "
      "EXISTS ("
      "SELECT FROM pg_inherits i JOIN named parent ON parent.oid = i.inhparent WHERE i.inhrelid = c.oid)"
      " ORDER BY place",
      {pg::text_array(names)});
  std::vector<std::string> tables;
  for (std::size_t i = 0; i < found.rows.size(); ++i) tables.push_back(found.text(i, 0));
  return tables;
}

std::vector<LoadQuery> queries_on(Session& session, const std::string& table) {
  const SqlResult columns = session.query(k_columns, {table});
  const std::vector<std::string> key = pg::parse_texts(columns.text(0, 3));
  const std::string where = key_of_a_row(session, table, key);
  const std::string all = columns.text(0, 0);
  const std::string given = columns.text(0, 1);
  const std::string changed =
      columns.text(0, 2).empty() && !key.empty() ? cat(key.front(), " = ", key.front()) : columns.text(0, 2);
  std::vector<LoadQuery> queries;
  const auto add = [&](LoadQuery::Kind kind, std::string_view name, std::string sql) {
    LoadQuery query{.kind = kind, .name = cat(name, " ", table), .sql = std::move(sql)};
    if (send(session, query).ok) queries.push_back(std::move(query));
  };
  add(LoadQuery::Kind::read, "reads",
      cat("SELECT ", all, " FROM ", table, where.empty() ? " LIMIT 1" : where));
  if (!where.empty()) add(LoadQuery::Kind::update, "updates", cat("UPDATE ", table, " SET ", changed, where));
  if (!given.empty())
    add(LoadQuery::Kind::insert, "inserts into",
        cat("INSERT INTO ", table, " (", given, ") SELECT ", given, " FROM ", table,
            " LIMIT 1 ON CONFLICT DO NOTHING"));
  return queries;
}

bool make_sendable(Session& session, LoadQuery& query, std::string& why_not) {
  const SqlResult prepared = session.query(cat("PREPARE pgsluice_load AS ", query.sql), {});
  if (prepared.ok) {
    const SqlResult found = session.query(
        "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 'pgsluice_load'", {});
    query.parameters = static_cast<std::size_t>(found.number(0, 0).value_or(0));
    session.query("DEALLOCATE pgsluice_load", {});
  }
  const SqlResult sent = send(session, query);
  if (!sent.ok) why_not = sent.error.message;
  return sent.ok;
}

}  // namespace pgsluice
