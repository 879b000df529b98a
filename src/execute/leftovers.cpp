// SPDX-License-Identifier: Apache-2.0
#include "execute/leftovers.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "pg/arrays.hpp"
#include "pgsluice/cut.hpp"

namespace pgsluice {
namespace {

const Command* command_of(const StepContext& context) {
  const Statement& statement = context.file.analysis.script.statements[context.step.statements.front().index];
  return statement.commands.empty() ? nullptr : &statement.commands.front();
}

/// As written: found through the search_path that the file has set.
std::string relation_of(const StepContext& context, std::string_view role) {
  const Command* command = command_of(context);
  const RelationRef* relation = command == nullptr ? nullptr : command->relation(role);
  return relation == nullptr ? std::string() : relation->name.quoted();
}

Inspection failed(SqlResult result) {
  return {.outcome = Inspection::Outcome::failed, .sql = {}, .message = {}, .result = std::move(result)};
}
Inspection refused(std::string message) {
  return {.outcome = Inspection::Outcome::refuse, .sql = {}, .message = std::move(message), .result = {}};
}

// ---- CREATE INDEX CONCURRENTLY ------------------------------------------------------------------------------------

struct IndexFound {
  long long oid = 0;
  std::string name;
  std::string qualified;
  bool valid = false;
  bool unique = false;
  bool partial = false;
  std::string access_method;
  std::vector<std::string> columns;  ///< "" for an expression; INCLUDE columns behind the keys
};

constexpr std::string_view k_indexes_sql =
    "SELECT c.oid, c.relname, format('%I.%I', n.nspname, c.relname), i.indisvalid, i.indisunique,"
    " i.indpred IS NOT NULL, m.amname, ARRAY(SELECT coalesce(a.attname::text, '')"
    " FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, position)"
    " LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum <> 0"
    " ORDER BY k.position)::text"
    " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    " JOIN pg_am m ON m.oid = c.relam WHERE i.indrelid = to_regclass($1) AND c.relkind = 'i'";

SqlResult find_indexes(StepContext& context, std::vector<IndexFound>& indexes) {
  SqlResult result = context.session().query(k_indexes_sql, {relation_of(context, "target")});
  for (std::size_t row = 0; row < result.rows.size(); ++row) {
    indexes.push_back({.oid = result.number(row, 0).value_or(0),
                       .name = result.text(row, 1),
                       .qualified = result.text(row, 2),
                       .valid = result.truth(row, 3),
                       .unique = result.truth(row, 4),
                       .partial = result.truth(row, 5),
                       .access_method = result.text(row, 6),
                       .columns = pg::parse_texts(result.text(row, 7))});
  }
  return result;
}

bool matches(const IndexFound& found, const IndexDef& intended) {
  std::vector<std::string> columns;
  for (const IndexElement& element : intended.elements) {
    columns.push_back(element.column);
  }
  columns.insert(columns.end(), intended.including.begin(), intended.including.end());
  return found.unique == intended.unique && found.partial == intended.predicate.has_value() &&
         found.access_method == (intended.access_method.empty() ? "btree" : intended.access_method) &&
         found.columns == columns;
}

// What PostgreSQL has made of a definition: its columns by name, since their numbers differ from table to table.
const std::string& shape_sql() {
  static const std::string sql =
      "SELECT concat_ws('|', i.indisunique, coalesce(to_jsonb(i) ->> 'indnullsnotdistinct', 'false'),"
      " c.relam::text, i.indnkeyatts, ARRAY(SELECT coalesce(a.attname::text, '')"
      " FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, position)"
      " LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum <> 0"
      " ORDER BY k.position)::text, i.indclass::text, i.indcollation::text, i.indoption::text,"
      " 'expressions ' || pg_get_expr(i.indexprs, i.indrelid), 'where ' || pg_get_expr(i.indpred, "
      "i.indrelid),"
      " 'with ' || c.reloptions::text) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid";
  return sql;
}

constexpr std::string_view k_shadow = "pg_temp.pgsluice_shadow";

/// The definition that the statement would have, found by having it made on an empty copy that nobody sees.
SqlResult read_intended_shape(StepContext& context, std::string& shape) {
  const auto create = create_index_on(context.step.statements.front().sql, k_shadow);
  Session& session = context.session();
  SqlResult result = session.script(cat("BEGIN; SET LOCAL lock_timeout = '1s'; CREATE TEMPORARY TABLE ",
                                        k_shadow, " (LIKE ", relation_of(context, "target"), ")"));
  if (result.ok) result = session.script(create.value_or(""));
  if (result.ok) {
    result = session.query(cat(shape_sql(), " WHERE i.indrelid = to_regclass($1)"), {std::string(k_shadow)});
    shape = result.text(0, 0);
  }
  if (!result.connection_lost) session.script("ROLLBACK");
  return result;
}

/// Whether it is the index that the statement makes, down to its expressions and its predicate.
SqlResult compare(StepContext& context, const IndexFound& found, const IndexDef& intended, bool& same) {
  same = matches(found, intended);
  if (!same) return {};
  std::string shape;
  SqlResult result = read_intended_shape(context, shape);
  if (!result.ok && !result.connection_lost) {
    context.emit(
        Severity::warning, "index-not-compared",
        cat("taking ", printable_line(found.qualified),
            " for the index of this statement by its columns: ", printable_line(result.error.message)));
    return {};
  }
  if (result.ok) {
    result = context.session().query(cat(shape_sql(), " WHERE i.indexrelid = $1::oid"),
                                     {std::to_string(found.oid)});
    same = result.ok && result.text(0, 0) == shape;
  }
  return result;
}

const IndexDef* intended_index(const StepContext& context) {
  const Command* command = command_of(context);
  return command != nullptr && command->index ? &*command->index : nullptr;
}

/// The indexes of the table that this statement may have made: by name, else whatever was not there before.
std::vector<IndexFound> candidates(const IndexDef& intended, std::vector<IndexFound> indexes,
                                   const std::vector<long long>& oids_before) {
  std::erase_if(indexes, [&](const IndexFound& index) {
    if (!intended.name.empty()) {
      return index.name != intended.name;
    }
    const bool was_there = std::find(oids_before.begin(), oids_before.end(), index.oid) != oids_before.end();
    return was_there || !matches(index, intended);
  });
  return indexes;
}

SqlResult drop_concurrently(StepContext& context, const std::string& qualified) {
  context.emit(
      Severity::info, "leftover-dropped",
      cat("dropping ", printable_line(qualified), ", an invalid index that an interrupted statement left"));
  SqlResult set = context.session().script(
      cat("SET lock_timeout = ",
          std::to_string(std::max(context.budget_left(), context.options.lock_timeout).count())));
  if (!set.ok) {
    return set;
  }
  Query query;
  query.sql = cat("DROP INDEX CONCURRENTLY IF EXISTS ", qualified);
  query.interruptible = Interruptible::yes;
  return context.session().run(query);
}

Inspection inspect_index(StepContext& context, const Intent& intent) {
  const IndexDef* intended = intended_index(context);
  if (intended == nullptr) {
    return intent.found ? refused("its index definition cannot be compared with the catalog") : Inspection{};
  }
  std::vector<IndexFound> indexes;
  if (SqlResult result = find_indexes(context, indexes); !result.ok) {
    return failed(std::move(result));
  }
  // Without an intent of ours an unnamed index cannot be told from any other.
  if (!intent.found && intended->name.empty()) {
    return {};
  }
  for (const IndexFound& index : candidates(*intended, std::move(indexes), intent.oids_before)) {
    if (!index.valid) {
      if (SqlResult dropped = drop_concurrently(context, index.qualified); !dropped.ok) {
        return failed(std::move(dropped));
      }
    } else if (intent.found) {
      bool same = false;
      if (SqlResult result = compare(context, index, *intended, same); !result.ok)
        return failed(std::move(result));
      return same ? Inspection{.outcome = Inspection::Outcome::done}
                  : refused(cat("an index named ", printable_line(index.name),
                                " is there, with another definition"));
    }
  }
  return {};
}

Inspection verify_index(StepContext& context) {
  const IndexDef* intended = intended_index(context);
  // Only IF NOT EXISTS succeeds without having made anything.
  if (intended == nullptr || intended->name.empty() || !command_of(context)->is("if_not_exists")) {
    return {.outcome = Inspection::Outcome::done};
  }
  std::vector<IndexFound> indexes;
  if (SqlResult result = find_indexes(context, indexes); !result.ok) {
    return failed(std::move(result));
  }
  for (const IndexFound& index : candidates(*intended, std::move(indexes), {})) {
    if (!index.valid) continue;
    bool same = false;
    if (SqlResult result = compare(context, index, *intended, same); !result.ok)
      return failed(std::move(result));
    if (same) return {.outcome = Inspection::Outcome::done};
  }
  return refused(cat("IF NOT EXISTS was satisfied by another index named ", printable_line(intended->name)));
}

// ---- REINDEX CONCURRENTLY -----------------------------------------------------------------------------------------

// Copies in pg_toast cannot be dropped by hand and harm nobody.
constexpr std::string_view k_reindex_copies_sql =
    "SELECT c.oid, format('%I.%I', n.nspname, c.relname) FROM pg_index i JOIN pg_class c ON c.oid = "
    "i.indexrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT i.indisvalid AND n.nspname <> 'pg_toast'"
    " AND c.relname ~ '_cc(new|old)[0-9]*$'";

SqlResult drop_reindex_copies(StepContext& context, const std::vector<long long>& oids_before) {
  SqlResult copies = context.session().query(k_reindex_copies_sql, {});
  for (std::size_t row = 0; copies.ok && row < copies.rows.size(); ++row) {
    const long long oid = copies.number(row, 0).value_or(0);
    if (std::find(oids_before.begin(), oids_before.end(), oid) == oids_before.end()) {
      if (SqlResult dropped = drop_concurrently(context, copies.text(row, 1)); !dropped.ok) {
        return dropped;
      }
    }
  }
  return copies;
}

// ---- DROP INDEX, DETACH PARTITION -----------------------------------------------------------------------------------

Inspection inspect_drop(StepContext& context) {
  const Command* command = command_of(context);
  if (command == nullptr || command->relations.empty()) {
    return {};
  }
  SqlResult there =
      context.session().query("SELECT to_regclass($1) IS NULL", {command->relations.front().name.quoted()});
  if (!there.ok) {
    return failed(std::move(there));
  }
  return {.outcome = there.truth(0, 0) ? Inspection::Outcome::done : Inspection::Outcome::run};
}

Inspection inspect_detach(StepContext& context) {
  const std::string parent = relation_of(context, "target");
  const std::string partition = relation_of(context, "partition");
  SqlResult state = context.session().query(
      "SELECT inhdetachpending FROM pg_inherits WHERE inhparent = to_regclass($1) AND inhrelid = "
      "to_regclass($2)",
      {parent, partition});
  if (!state.ok) {
    return failed(std::move(state));
  }
  if (state.rows.empty()) {
    return {.outcome = Inspection::Outcome::done};
  }
  return {.outcome = Inspection::Outcome::run,
          .sql = state.truth(0, 0) ? cat("ALTER TABLE ", parent, " DETACH PARTITION ", partition, " FINALIZE")
                                   : ""};
}

std::string mark_by_hand(const StepContext& context) {
  const std::string where =
      cat(" WHERE migration_id = '", replace_all(context.file.analysis.migration.id, "'", "''"),
          "' AND n = ", std::to_string(context.step.statements.front().index));
  return cat(
      "a run ended while it was running, and nobody can tell whether it was done. Look at the database; then "
      "either ",
      "UPDATE pgsluice.statement SET done_at = now()", where,
      " or, to run it again, DELETE FROM pgsluice.statement", where);
}

}  // namespace

Inspection inspect_before(StepContext& context, const Intent& intent) {
  if (context.step.resume == Resume::create_index) {
    return inspect_index(context, intent);
  }
  if (!intent.found) {
    return {};
  }
  switch (context.step.resume) {
    case Resume::drop_index: return inspect_drop(context);
    case Resume::detach_partition: return inspect_detach(context);
    case Resume::unknown: return refused(mark_by_hand(context));
    case Resume::reindex:
      if (SqlResult dropped = drop_reindex_copies(context, intent.oids_before); !dropped.ok) {
        return failed(std::move(dropped));
      }
      return {};
    default: return {};
  }
}

Inspection inspect_after(StepContext& context) {
  return context.step.resume == Resume::create_index ? verify_index(context)
                                                     : Inspection{.outcome = Inspection::Outcome::done};
}

SqlResult remove_leftovers(StepContext& context, const std::vector<long long>& oids_before) {
  if (context.step.resume == Resume::reindex) {
    return drop_reindex_copies(context, oids_before);
  }
  const IndexDef* intended = intended_index(context);
  std::vector<IndexFound> indexes;
  SqlResult result;
  if (context.step.resume != Resume::create_index || intended == nullptr) {
    return result;
  }
  result = find_indexes(context, indexes);
  for (const IndexFound& index : candidates(*intended, std::move(indexes), oids_before)) {
    const bool was_there = std::find(oids_before.begin(), oids_before.end(), index.oid) != oids_before.end();
    if (result.ok && !index.valid && !was_there) {
      result = drop_concurrently(context, index.qualified);
    }
  }
  return result;
}

SqlResult list_oids(StepContext& context, std::vector<long long>& oids) {
  SqlResult result;
  if (context.step.resume == Resume::create_index) {
    std::vector<IndexFound> indexes;
    result = find_indexes(context, indexes);
    std::transform(indexes.begin(), indexes.end(), std::back_inserter(oids),
                   [](const IndexFound& index) { return index.oid; });
  } else if (context.step.resume == Resume::reindex) {
    result = context.session().query(k_reindex_copies_sql, {});
    for (std::size_t row = 0; row < result.rows.size(); ++row) {
      oids.push_back(result.number(row, 0).value_or(0));
    }
  }
  return result;
}

}  // namespace pgsluice
