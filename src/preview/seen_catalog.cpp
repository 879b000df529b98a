// SPDX-License-Identifier: Apache-2.0
#include "preview/seen_catalog.hpp"

#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "preview/ask.hpp"

namespace pgsluice {
namespace {

/// Rows of a table that the transaction has written.
constexpr std::string_view k_written =
    "pg_stat_get_xact_tuples_inserted(t.oid) + pg_stat_get_xact_tuples_updated(t.oid) +"
    " pg_stat_get_xact_tuples_deleted(t.oid)";

/// Relations outside the system catalogs, without TOAST tables and their indexes. `state` is cheap, for all that a transaction
/// has touched is asked for it after each statement: whatever changes a relation writes its row of pg_class anew, and rows
/// written by the transaction tell that a file has grown. Names are quoted by us: a file may have changed quote_all_identifiers.
std::string relations() {
  return cat(
      "SELECT c.oid, CASE WHEN n.nspname ~ '^pg_temp' THEN 'pg_temp' ELSE n.nspname END AS nspname,"
      " c.relname, c.relkind, concat_ws(' ', c.ctid, n.ctid, CASE WHEN c.relkind IN ('r', 'm')"
      " THEN pg_stat_get_xact_numscans(c.oid) END, CASE WHEN c.relkind IN ('r', 'm', 'i') THEN (SELECT ",
      k_written,
      " FROM (SELECT CASE c.relkind WHEN 'i' THEN (SELECT indrelid FROM pg_index WHERE indexrelid = c.oid)"
      " ELSE c.oid END AS oid) t) END) AS state"
      " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
      " WHERE c.oid >= 16384 AND n.nspname !~ '^pg_toast' AND n.nspname <> 'information_schema'"
      " AND c.relkind NOT IN ('t', 'c') AND (n.nspname !~ '^pg_temp' OR n.oid = pg_my_temp_schema())");
}

/// The size of a table locks it for an instant.
constexpr std::string_view k_columns =
    ", seen.nspname, seen.relname, seen.relkind, coalesce(pg_relation_filenode(seen.oid), 0),"
    " coalesce((SELECT indrelid FROM pg_index WHERE indexrelid = seen.oid), 0),"
    " coalesce(pg_stat_get_xact_numscans(seen.oid), 0), seen.state, coalesce(pg_table_size(seen.oid), 0)";

constexpr std::string_view k_foreign_keys =
    "SELECT oid, conname, conrelid, confrelid, convalidated, ctid::text AS state FROM pg_constraint WHERE "
    "contype = 'f'";

constexpr std::string_view k_unknown = "?";  // no state, but it is there
constexpr std::string_view k_gone = "-";     // ROLLBACK TO may bring it back

std::string all_relations() {
  return cat("SELECT seen.oid", k_columns, " FROM (", relations(), ") seen");
}

/// Those of $1 that have another state than $2 says, or are gone; and those that have come since $3. `all` may be asked for
/// those of `known` or `come`.
std::string changed(std::string_view columns, std::string_view all, std::string_view come) {
  return cat("WITH known AS (SELECT * FROM unnest($1::oid[], $2::text[]) AS k (oid, state))",
             " SELECT coalesce(known.oid, seen.oid)", columns, " FROM known FULL JOIN (", all, " AND (", come,
             ")) seen ON seen.oid = known.oid WHERE known.state IS DISTINCT FROM", " coalesce(seen.state, '",
             k_gone, "')");
}

std::string changed_relations() {
  return changed(
      k_columns, relations(),
      "c.oid IN (SELECT oid FROM known) OR age(c.xmin) <= age($3::xid) OR age(n.xmin) <= age($3::xid)");
}

std::string changed_keys() {
  return changed(", seen.conname, seen.conrelid, seen.confrelid, seen.convalidated, seen.state",
                 k_foreign_keys, "oid IN (SELECT oid FROM known) OR age(xmin) <= age($3::xid)");
}

/// Not the session's own when it has begun to write already.
constexpr std::string_view k_next_transaction =
    "SELECT mod(least(txid_snapshot_xmax(txid_current_snapshot()), txid_current_if_assigned()), 4294967296)";

RelationOid oid_in(const SqlResult& result, std::size_t row, std::size_t column) {
  return static_cast<RelationOid>(result.number(row, column).value_or(0));
}

ObservedRelation relation_in(const SqlResult& result, std::size_t row) {
  return {.name = cat(quote_ident(result.text(row, 1)), ".", quote_ident(result.text(row, 2))),
          .relname = result.text(row, 2),
          .relkind = result.text(row, 3).front(),
          .filenode = result.text(row, 4),
          .table = oid_in(result, row, 5),
          .scans = result.number(row, 6).value_or(0),
          .bytes = result.number(row, 8).value_or(0),
          .state = result.text(row, 7)};
}

ObservedForeignKey key_in(const SqlResult& result, std::size_t row) {
  return {.name = result.text(row, 1),
          .referencing = oid_in(result, row, 2),
          .referenced = oid_in(result, row, 3),
          .validated = result.truth(row, 4),
          .state = result.text(row, 5)};
}

/// Oids and states as the query takes them.
class Known {
 public:
  void add(RelationOid oid, std::string_view state) {
    oids_ += cat(std::to_string(oid), ",");
    states_ += cat("\"", state, "\",");
  }
  [[nodiscard]] SqlResult ask_changed(Session& session, std::string_view sql, const std::string& since) {
    for (std::string* list : {&oids_, &states_}) {
      if (list->size() > 1) list->pop_back();
      list->push_back('}');
    }
    return ask(session, sql, {std::move(oids_), std::move(states_), since});
  }

 private:
  std::string oids_ = "{";
  std::string states_ = "{";
};

}  // namespace

void ObservedRelations::set(RelationOid oid, const ObservedRelation& relation) {
  erase(oid);
  by_name_[relation.name] = oid;
  by_oid_[oid] = relation;
}

/// Its name may be another's by now.
void ObservedRelations::erase(RelationOid oid) {
  const auto found = by_oid_.find(oid);
  if (found == by_oid_.end()) return;
  const auto name = by_name_.find(found->second.name);
  if (name != by_name_.end() && name->second == oid) by_name_.erase(name);
  by_oid_.erase(found);
}

void ObservedRelations::clear() {
  by_oid_.clear();
  by_name_.clear();
}

const ObservedRelation* ObservedRelations::find(RelationOid oid) const {
  const auto found = by_oid_.find(oid);
  return found != by_oid_.end() ? &found->second : nullptr;
}

std::optional<RelationOid> ObservedRelations::named(const std::string& name) const {
  const auto found = by_name_.find(name);
  return found != by_name_.end() ? std::optional(found->second) : std::nullopt;
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
  changed_.clear();
}

void SeenCatalog::read_all(Session& session) {
  const SqlResult relations = ask(session, all_relations());
  for (std::size_t i = 0; i < relations.rows.size(); ++i) note(relations, i);
  const SqlResult keys = ask(session, k_foreign_keys);
  for (std::size_t i = 0; i < keys.rows.size(); ++i) keys_[oid_in(keys, i, 0)] = key_in(keys, i);
}

/// With what the end of the last transaction has done.
void SeenCatalog::catch_up(Session& session) {
  Known known;
  for (const RelationOid oid : touched_) known.add(oid, k_unknown);
  for (const RelationOid oid : counted_) {
    if (!touched_.contains(oid)) known.add(oid, k_unknown);
  }
  const SqlResult changed = known.ask_changed(session, changed_relations(), since_);
  for (std::size_t i = 0; i < changed.rows.size(); ++i) note(changed, i);
  look_at_keys(session);
}

/// A row without a name is what is gone.
void SeenCatalog::note(const SqlResult& result, std::size_t row) {
  const RelationOid oid = oid_in(result, row, 0);
  counted_.erase(oid);
  if (!result.rows[row][1]) return all_.erase(oid);
  const ObservedRelation now = relation_in(result, row);
  if (now.scans > 0) counted_.insert(oid);
  all_.set(oid, now);
}

bool SeenCatalog::was_there(RelationOid oid) const {
  return touched_.contains(oid) ? at_begin_.contains(oid) : all_.contains(oid);
}

void SeenCatalog::look(Session& session, const LocksByMode& held, Reach reach) {
  Known known;
  for (const RelationOid oid : touched_) {
    const ObservedRelation* now = after_.find(oid);
    known.add(oid, now != nullptr ? std::string_view(now->state) : k_gone);
  }
  // Others of which nothing is known are TOAST tables, or have come since.
  for (const RelationOid oid : held.oids()) {
    if (!touched_.contains(oid) && all_.contains(oid)) known.add(oid, k_unknown);
  }
  if (reach == Reach::everything) {
    for (const auto& [oid, relation] : all_) {
      if (!touched_.contains(oid) && !held.contains(oid)) known.add(oid, relation.state);
    }
  }
  take(known.ask_changed(session, changed_relations(), since_));
  look_at_keys(session);
}

void SeenCatalog::look_at_all(Session& session, const LocksByMode& seen) {
  Known known;
  for (const auto& [oid, relation] : all_)
    known.add(oid, seen.contains(oid) ? k_unknown : std::string_view(relation.state));
  take(known.ask_changed(session, changed_relations(), since_));
  for (const RelationOid oid : changed_) {
    const ObservedRelation* now = after_.find(oid);
    if (now == nullptr) continue;
    const ObservedRelation* old = before_.find(oid);
    ObservedRelation uncounted = *now;
    uncounted.scans = old != nullptr ? old->scans : 0;
    after_.set(oid, uncounted);
  }
  look_at_keys(session);
}

void SeenCatalog::take(const SqlResult& changed) {
  for (const RelationOid oid : changed_) {
    const ObservedRelation* now = after_.find(oid);
    now != nullptr ? before_.set(oid, *now) : before_.erase(oid);
  }
  changed_.clear();
  for (std::size_t i = 0; i < changed.rows.size(); ++i) {
    const RelationOid oid = oid_in(changed, i, 0);
    touch(oid);
    note(changed, i);
    const ObservedRelation* now = all_.find(oid);
    now != nullptr ? after_.set(oid, *now) : after_.erase(oid);
  }
}

/// Until it is touched it is as it was before the transaction.
void SeenCatalog::touch(RelationOid oid) {
  changed_.insert(oid);
  const ObservedRelation* old = all_.find(oid);
  if (!touched_.insert(oid).second || old == nullptr) return;
  at_begin_.set(oid, *old);
  before_.set(oid, *old);
}

void SeenCatalog::look_at_keys(Session& session) {
  new_keys_.clear();
  Known known;
  for (const RelationOid oid : touched_keys_) {
    const auto key = keys_.find(oid);
    known.add(oid, key != keys_.end() ? std::string_view(key->second.state) : k_gone);
  }
  const SqlResult changed = known.ask_changed(session, changed_keys(), since_);
  for (std::size_t i = 0; i < changed.rows.size(); ++i) {
    const RelationOid oid = oid_in(changed, i, 0);
    touched_keys_.insert(oid);
    const auto old = keys_.extract(oid);
    if (!changed.rows[i][1]) continue;
    const ObservedForeignKey& now = keys_[oid] = key_in(changed, i);
    if (!old || old.mapped().validated != now.validated) new_keys_[oid] = now;
  }
}

}  // namespace pgsluice
