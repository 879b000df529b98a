// SPDX-License-Identifier: Apache-2.0
#include "preview/seen_catalog.hpp"

#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "pg/sqlstate.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice {
namespace {

/// Relations outside the system catalogs, without TOAST tables and their indexes. In `state`, rows written by the transaction
/// tell that a file has grown. Names are quoted by us: a file may have changed quote_all_identifiers.
constexpr std::string_view k_relations =
    "SELECT c.oid, c.nspname, c.relname, c.relkind, c.filenode, c.indrelid, c.scans,"
    " hashtextextended(concat_ws(' ', c.nspname, c.relname, c.filenode, c.scans,"
    " pg_stat_get_xact_tuples_inserted(c.oid) + pg_stat_get_xact_tuples_updated(c.oid) +"
    " pg_stat_get_xact_tuples_deleted(c.oid)), 0) AS state"
    " FROM (SELECT c.oid, CASE WHEN n.nspname ~ '^pg_temp' THEN 'pg_temp' ELSE n.nspname END AS nspname,"
    " c.relname, c.relkind,"
    " coalesce(pg_relation_filenode(c.oid), 0) AS filenode, coalesce(i.indrelid, 0) AS indrelid,"
    " coalesce(pg_stat_get_xact_numscans(c.oid), 0) AS scans"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " LEFT JOIN pg_index i ON i.indexrelid = c.oid"
    " WHERE c.oid >= 16384 AND n.nspname !~ '^pg_toast' AND n.nspname <> 'information_schema'"
    " AND c.relkind NOT IN ('t', 'c') AND (n.nspname !~ '^pg_temp' OR n.oid = pg_my_temp_schema())";

/// The size of a table locks it for an instant.
constexpr std::string_view k_columns =
    ", seen.nspname, seen.relname, seen.relkind, seen.filenode, seen.indrelid, seen.scans, seen.state,"
    " coalesce(pg_table_size(seen.oid), 0)";

constexpr std::string_view k_foreign_keys =
    "SELECT oid, conname, conrelid, confrelid, convalidated FROM pg_constraint WHERE contype = 'f'";

std::string all_relations() {
  return cat("SELECT seen.oid", k_columns, " FROM (", k_relations, ") c) seen");
}

/// Those of $1 that have another state than $2 says, or are gone; and those that have come since $3.
std::string changed_relations() {
  return cat("WITH known AS (SELECT * FROM unnest($1::oid[], $2::bigint[]) AS k (oid, state))",
             " SELECT coalesce(known.oid, seen.oid)", k_columns, " FROM known FULL JOIN (", k_relations,
             " AND (c.oid IN (SELECT oid FROM known) OR age(c.xmin) <= age($3::xid)",
             " OR age(n.xmin) <= age($3::xid))) c) seen ON seen.oid = known.oid",
             " WHERE known.state IS DISTINCT FROM seen.state");
}

std::string changed_keys() {
  return cat(k_foreign_keys, " AND (oid = ANY ($1::oid[]) OR age(xmin) <= age($2::xid))");
}

/// Not the session's own when it has begun to write already.
constexpr std::string_view k_next_transaction =
    "SELECT mod(least(txid_snapshot_xmax(txid_current_snapshot()), txid_current_if_assigned()), 4294967296)";

constexpr std::string_view k_unknown = "0";  // no state, but it is there
constexpr std::string_view k_gone = "NULL";  // ROLLBACK TO may bring it back

/// Others may be in the way where they are.
ExitCode code_of(const SqlResult& failed) {
  if (failed.connection_lost) return ExitCode::unreachable;
  switch (pg::classify(failed.error.sqlstate)) {
    case pg::Failure::lock_timeout:
    case pg::Failure::conflict:
    case pg::Failure::cancelled: return ExitCode::lock_budget;
    default: return ExitCode::bug;
  }
}

ObservedRelation relation_in(const SqlResult& result, std::size_t row) {
  return {.name = cat(quote_ident(result.text(row, 1)), ".", quote_ident(result.text(row, 2))),
          .relname = result.text(row, 2),
          .relkind = result.text(row, 3).front(),
          .filenode = result.text(row, 4),
          .table = result.text(row, 5),
          .scans = result.number(row, 6).value_or(0),
          .bytes = result.number(row, 8).value_or(0),
          .state = result.text(row, 7)};
}

ObservedForeignKey key_in(const SqlResult& result, std::size_t row) {
  return {.name = result.text(row, 1),
          .referencing = result.text(row, 2),
          .referenced = result.text(row, 3),
          .validated = result.truth(row, 4)};
}

/// Oids and states as the query takes them.
class Known {
 public:
  void add(std::string_view oid, std::string_view state) {
    const std::string_view separator = oids_.empty() ? "{" : ",";
    oids_ += cat(separator, oid);
    states_ += cat(separator, state);
  }
  [[nodiscard]] SqlResult changed(Session& session, const std::string& since) const {
    return ask(session, changed_relations(), {array(oids_), array(states_), since});
  }
  static std::string array(const std::string& elements) { return elements.empty() ? "{}" : elements + "}"; }

 private:
  std::string oids_;
  std::string states_;
};

}  // namespace

SqlResult ask(Session& session, std::string_view sql, std::vector<SqlValue> parameters) {
  SqlResult result = session.query(sql, std::move(parameters));
  if (!result.ok) throw Error(code_of(result), cat("cannot look at the catalogs: ", result.error.message));
  return result;
}

void SeenCatalog::begin(Session& session) {
  std::string next = ask(session, k_next_transaction).text(0, 0);
  is_read_ ? catch_up(session) : read_all(session);
  is_read_ = true;
  since_ = std::move(next);
  touched_keys_.clear();
  begin_next();
}

void SeenCatalog::begin_next() {
  at_begin_.clear();
  before_.clear();
  after_.clear();
  touched_.clear();
  new_after_.clear();
}

void SeenCatalog::read_all(Session& session) {
  const SqlResult relations = ask(session, all_relations());
  for (std::size_t i = 0; i < relations.rows.size(); ++i) note(relations, i);
  const SqlResult keys = ask(session, k_foreign_keys);
  for (std::size_t i = 0; i < keys.rows.size(); ++i) keys_[keys.text(i, 0)] = key_in(keys, i);
}

/// With what the end of the last transaction has done.
void SeenCatalog::catch_up(Session& session) {
  Known known;
  for (const std::string& oid : touched_) known.add(oid, k_unknown);
  for (const std::string& oid : counted_) {
    if (!touched_.contains(oid)) known.add(oid, k_unknown);
  }
  const SqlResult changed = known.changed(session, since_);
  for (std::size_t i = 0; i < changed.rows.size(); ++i) note(changed, i);
  look_at_keys(session);
}

/// A row without a name is what is gone.
void SeenCatalog::note(const SqlResult& result, std::size_t row) {
  const std::string oid = result.text(row, 0);
  counted_.erase(oid);
  if (!result.rows[row][1]) {
    all_.erase(oid);
    return;
  }
  ObservedRelation now = relation_in(result, row);
  if (now.scans > 0) counted_.insert(oid);
  all_[oid] = std::move(now);
}

bool SeenCatalog::was_there(const std::string& oid) const {
  return touched_.contains(oid) ? at_begin_.contains(oid) : all_.contains(oid);
}

void SeenCatalog::look(Session& session, const HeldLocks& held) {
  Known known;
  for (const std::string& oid : touched_) {
    const auto now = after_.find(oid);
    known.add(oid, now != after_.end() ? std::string_view(now->second.state) : k_gone);
  }
  // Others of which nothing is known are TOAST tables, or have come since.
  for (const auto& [oid, modes] : held) {
    if (!touched_.contains(oid) && all_.contains(oid)) known.add(oid, k_unknown);
  }
  take(known.changed(session, since_));
  look_at_keys(session);
}

void SeenCatalog::look_at_all(Session& session, const HeldLocks& seen) {
  Known known;
  for (const auto& [oid, relation] : all_)
    known.add(oid, seen.contains(oid) ? k_unknown : std::string_view(relation.state));
  take(known.changed(session, since_));
  for (auto& [oid, relation] : after_) {
    const auto old = before_.find(oid);
    relation.scans = old != before_.end() ? old->second.scans : 0;
  }
  look_at_keys(session);
}

void SeenCatalog::take(const SqlResult& changed) {
  for (const std::string& oid : new_after_) {
    const auto now = after_.find(oid);
    now != after_.end() ? (void)(before_[oid] = now->second) : (void)before_.erase(oid);
  }
  new_after_.clear();
  for (std::size_t i = 0; i < changed.rows.size(); ++i) {
    const std::string oid = changed.text(i, 0);
    touch(oid);
    note(changed, i);
    const auto now = all_.find(oid);
    now != all_.end() ? (void)(after_[oid] = now->second) : (void)after_.erase(oid);
  }
}

/// Until it is touched it is as it was before the transaction.
void SeenCatalog::touch(const std::string& oid) {
  new_after_.insert(oid);
  const auto old = all_.find(oid);
  if (!touched_.insert(oid).second || old == all_.end()) return;
  at_begin_.insert(*old);
  before_.insert(*old);
}

void SeenCatalog::look_at_keys(Session& session) {
  new_keys_.clear();
  const std::vector<std::string> touched(touched_keys_.begin(), touched_keys_.end());
  const SqlResult keys = ask(session, changed_keys(), {cat("{", join(touched, ","), "}"), since_});
  ObservedForeignKeys before;
  for (const std::string& oid : touched_keys_) {
    if (auto key = keys_.extract(oid)) before.insert(std::move(key));
  }
  for (std::size_t i = 0; i < keys.rows.size(); ++i) {
    const std::string oid = keys.text(i, 0);
    if (auto key = keys_.extract(oid)) before.insert(std::move(key));
    const ObservedForeignKey& now = keys_[oid] = key_in(keys, i);
    const auto old = before.find(oid);
    if (old == before.end() || old->second.validated != now.validated) new_keys_[oid] = now;
    touched_keys_.insert(oid);
  }
}

}  // namespace pgsluice
