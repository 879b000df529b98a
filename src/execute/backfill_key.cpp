// SPDX-License-Identifier: Apache-2.0
#include "execute/backfill_key.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "pg/arrays.hpp"

namespace pgsluice {
namespace {

// $1 the relation, $2 columns. Only what is checked at once and for every row makes ranges that hold each row once, of the
// size that was asked for.
constexpr std::string_view k_find =
    "WITH r AS (SELECT c.oid, c.relkind, c.reltuples FROM pg_class c WHERE c.oid = to_regclass($1)),"
    " keys AS (SELECT i.indisprimary,"
    " ARRAY(SELECT a.attname::text FROM unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) WITH ORDINALITY AS k "
    "(attnum, place)"
    " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum ORDER BY k.place) AS names,"
    " (SELECT bool_and(a.attnotnull) FROM unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) AS k (attnum)"
    " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum) AS not_null"
    " FROM r JOIN pg_index i ON i.indrelid = r.oid JOIN pg_class x ON x.oid = i.indexrelid"
    " JOIN pg_am am ON am.oid = x.relam AND am.amname = 'btree'"
    " WHERE i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL),"
    " chosen AS (SELECT names FROM keys WHERE not_null AND CASE WHEN $2::text[] = '{}' THEN indisprimary"
    " ELSE names @> $2::text[] AND names <@ $2::text[] END ORDER BY indisprimary DESC, names LIMIT 1)"
    " SELECT r.oid, r.oid::regclass::text, r.relkind,"
    " (SELECT sum(p.reltuples)::bigint FROM pg_class p WHERE p.relkind IN ('r', 'm') AND p.reltuples >= 0 "
    "AND (p.oid = r.oid"
    " OR r.relkind = 'p' AND p.oid IN (SELECT relid FROM pg_partition_tree(r.oid)))),"
    " (SELECT names FROM chosen)::text,"
    " (SELECT array_agg(format_type(a.atttypid, -1) ORDER BY c.place) FROM chosen, unnest(names) WITH "
    "ORDINALITY AS c (name,"
    " place) JOIN pg_attribute a ON a.attrelid = r.oid AND a.attname = c.name)::text,"
    " (SELECT array_agg(t.typcategory = 'D' ORDER BY c.place) FROM chosen, unnest(names) WITH ORDINALITY AS "
    "c (name, place)"
    " JOIN pg_attribute a ON a.attrelid = r.oid AND a.attname = c.name JOIN pg_type t ON t.oid = "
    "a.atttypid)::text,"
    " (SELECT string_agg(array_to_string(names, ','), ' or key=') FROM keys WHERE not_null)"
    " FROM r";

std::string shown(const Backfill& backfill) {
  return backfill.key.empty() ? std::string("a primary key") : cat("a key of ", join(backfill.key, ", "));
}

void find_problem(const Backfill& backfill, const SqlResult& found, BackfillKey& key) {
  const std::string relation = backfill.cut.relation.quoted();
  const std::string kind = found.text(0, 2);
  if (found.rows.empty()) {
    key.problem = cat(relation, " does not exist");
  } else if (kind != "r" && kind != "p" && kind != "m") {
    key.problem = cat(relation, " is no table");
    key.hint = "A batch walks through a table: name that in the statement.";
  } else if (key.columns.empty()) {
    const std::string others = found.text(0, 7);
    key.problem =
        cat(relation, " does not have ", shown(backfill), " that is unique, NOT NULL and not deferrable");
    key.hint = others.empty() ? cat("Make one first: CREATE UNIQUE INDEX CONCURRENTLY … ON ", relation,
                                    " (…), on NOT NULL columns.")
                              : cat("Write batch key=", others, ".");
  }
  for (const KeyColumn& column : key.columns) {
    if (std::find(backfill.cut.set_columns.begin(), backfill.cut.set_columns.end(),
                  std::string_view(column.name)) != backfill.cut.set_columns.end()) {
      key.problem =
          cat("it changes ", quote_ident(column.name), ", by which it is cut: a row could come twice");
      key.hint = "Name a key that it leaves alone: batch key=…";
    }
  }
}

// ---- conditions -------------------------------------------------------------------------------------------------

std::string column_name(const KeyColumn& column, std::string_view qualifier) {
  return cat(qualifier, ".", quote_ident(column.name));
}

std::string text_of(const KeyColumn& column, std::string_view qualifier) {
  const std::string name = column_name(column, qualifier);
  return column.is_date ? cat("to_jsonb(", name, ") #>> '{}'") : cat(name, "::text");
}

/// f(column) for each, in a list.
template <typename Function>
std::string list_of(const BackfillKey& key, Function function) {
  std::vector<std::string> parts;
  for (const KeyColumn& column : key.columns) {
    parts.push_back(function(column));
  }
  return join(parts, ", ");
}

std::string row_of(const BackfillKey& key, const std::string& list) {
  return key.columns.size() == 1 ? list : cat("(", list, ")");
}

std::string names(const BackfillKey& key, std::string_view qualifier) {
  return list_of(key, [&](const KeyColumn& column) { return column_name(column, qualifier); });
}

std::string parameters(const BackfillKey& key, std::size_t first) {
  return row_of(key, list_of(key, [&first](const KeyColumn& column) {
                  return cat("$", std::to_string(first++), "::", column.type);
                }));
}

std::string condition(const BackfillKey& key, std::string_view qualifier, bool has_cursor) {
  const std::string row = row_of(key, names(key, qualifier));
  const std::string after = has_cursor ? cat(row, " > ", parameters(key, 1), " AND ") : "";
  return cat(after, row, " <= ", parameters(key, has_cursor ? key.columns.size() + 1 : 1));
}

std::string from(const Backfill& backfill) {
  return cat(backfill.cut.only ? "ONLY " : "", backfill.cut.relation.quoted(), " AS q");
}

std::string order(const BackfillKey& key, std::string_view direction) {
  return list_of(key, [&](const KeyColumn& column) { return cat(column_name(column, "q"), direction); });
}

/// Whether the server can say now what the step will find: no earlier one alters the table, or says where names lead.
bool is_as_it_will_be(const Step& step, const std::vector<Name>& altered) {
  return step.backfill && step.settings.empty() &&
         std::find(altered.begin(), altered.end(), step.backfill->cut.relation.relname) == altered.end();
}

void note_altered(const Step& step, std::vector<Name>& altered) {
  for (const RelationLock& lock : step.locks) {
    if (lock.mode >= LockMode::ShareUpdateExclusive) {
      altered.push_back(lock.relation.relname);
    }
  }
}

std::string texts(const BackfillKey& key) {
  return cat("ARRAY[", list_of(key, [](const KeyColumn& column) { return text_of(column, "q"); }), "]::text");
}

}  // namespace

SqlResult find_key(Session& session, const Backfill& backfill, BackfillKey& key) {
  SqlResult found = session.query(k_find, {backfill.cut.relation.quoted(), pg::text_array(backfill.key)});
  const std::vector<std::string> columns = pg::parse_texts(found.text(0, 4));
  const std::vector<std::string> types = pg::parse_texts(found.text(0, 5));
  const std::vector<std::string> dates = pg::parse_texts(found.text(0, 6));
  key = {.relation = found.text(0, 1), .oid = found.text(0, 0), .estimate = found.number(0, 3)};
  for (std::size_t i = 0; i < columns.size() && i < types.size() && i < dates.size(); ++i) {
    key.columns.push_back({.name = columns[i], .type = types[i], .is_date = dates[i] == "t"});
  }
  if (found.ok) {
    find_problem(backfill, found, key);
  }
  return found;
}

std::string greatest_key_sql(const Backfill& backfill, const BackfillKey& key) {
  return cat("SELECT ", texts(key), " FROM ", from(backfill), " ORDER BY ", order(key, " DESC"), " LIMIT 1");
}

std::string next_rows_sql(const Backfill& backfill, const BackfillKey& key, bool has_cursor) {
  const std::size_t parameters_before = key.columns.size() * (has_cursor ? 2 : 1);
  return cat("WITH q AS (SELECT ", names(key, "q"), " FROM ", from(backfill), " WHERE ",
             condition(key, "q", has_cursor), " ORDER BY ", order(key, ""), " LIMIT $",
             std::to_string(parameters_before + 1), "::bigint) SELECT (SELECT count(*) FROM q), (SELECT ",
             texts(key), " FROM q ORDER BY ", order(key, " DESC"), " LIMIT 1)");
}

std::string batch_sql(const Backfill& backfill, const BackfillKey& key, bool has_cursor) {
  return cat(backfill.cut.before, condition(key, backfill.cut.qualifier, has_cursor), backfill.cut.after);
}

std::vector<PlanProblem> check_backfills(const Plan& plan, Session& session) {
  std::vector<PlanProblem> problems;
  std::vector<Name> altered;
  for (const PlannedFile& file : plan.files) {
    const LineIndex lines(file.analysis.script.source);
    for (const Step& step : file.steps) {
      BackfillKey key;
      if (is_as_it_will_be(step, altered) && find_key(session, *step.backfill, key).ok && !key.oid.empty() &&
          !key.problem.empty()) {
        problems.push_back({.code = ExitCode::refused,
                            .path = file.analysis.migration.id,
                            .position = lines.position(step.statements.front().range.begin),
                            .message = cat("this statement cannot be run in batches: ", key.problem),
                            .hint = key.hint});
      }
      note_altered(step, altered);
    }
  }
  return problems;
}

}  // namespace pgsluice
