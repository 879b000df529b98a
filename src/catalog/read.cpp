// SPDX-License-Identifier: Apache-2.0
// Each query's rows are a key and an object of the snapshot, which the server itself writes as JSON under the keys of
// snapshot_fields.hpp. An empty search_path makes PostgreSQL print every name with its schema.
#include "catalog/read.hpp"

#include <map>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "catalog/read_queries.hpp"
#include "catalog/snapshot_fields.hpp"
#include "pg/questions.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice {
namespace {

constexpr int k_oldest_major = 12;

Error refusal(const ReadFailure& failure) {
  const std::string said = printable_line(failure.error.message);
  if (failure.connection_lost) return {ExitCode::unreachable, cat("lost the connection: ", said)};
  if (failure.error.sqlstate == "55P03") {
    return {ExitCode::lock_budget, cat("cannot read the catalogs: ", said),
            "Somebody holds ACCESS EXCLUSIVE on a table: try again when that is over. Nothing was changed."};
  }
  return {ExitCode::precondition, cat("cannot read the catalogs: ", said), failure.error.hint};
}

using catalog::Rare;
using pg::Questions;

/// A transaction, in which names are printed with their schemas, and constants the same whoever reads.
void settle(Questions& questions, const ReadOptions& options) {
  questions.say(cat("SET LOCAL lock_timeout = ", std::to_string(options.lock_timeout.count())));
  questions.say(cat("SET LOCAL statement_timeout = ", std::to_string(options.statement_timeout.count())));
  questions.say(
      "SET LOCAL search_path = ''; SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'"
      "; SET LOCAL intervalstyle = 'postgres'; SET LOCAL bytea_output = 'hex'"
      "; SET LOCAL extra_float_digits = 1; SET LOCAL quote_all_identifiers = off"
      // To compile a query costs more than to run it, and catalogs are in memory: rows are looked up by index.
      "; SET LOCAL jit = off; SET LOCAL random_page_cost = 1");
}

template <typename Value>
void fill(const std::string& text, Value& value) {
  const JsonPlace place{.file = "the server's answer", .pointer = ""};
  snapshot::Reader::read_object(parse_json(text, place.file), place, value);
}

template <typename Item>
void read_list(Questions& questions, const std::string& sql, std::vector<Item>& items) {
  questions.ask(sql, [&items](const SqlResult& result) {
    items.resize(result.rows.size());
    for (std::size_t i = 0; i < items.size(); ++i) fill(result.text(i, 0), items[i]);
  });
}

/// Relations by oid, and what belongs to them: the first column of each row is the oid.
class Relations {
 public:
  Relations(Questions& questions, std::vector<SnapshotRelation>& relations, const std::string& sql)
      : questions_(questions), relations_(relations) {
    questions_.ask(sql, [this](const SqlResult& result) {
      relations_.resize(result.rows.size());
      for (std::size_t i = 0; i < relations_.size(); ++i) {
        fill(result.text(i, 1), relations_[i]);
        by_oid_[result.text(i, 0)] = i;
      }
    });
  }
  Relations(const Relations&) = delete;
  Relations& operator=(const Relations&) = delete;

  template <typename Part>
  void read(const std::string& sql, std::vector<Part> SnapshotRelation::* parts) {
    questions_.ask(sql, [this, parts](const SqlResult& result) {
      for (std::size_t i = 0; i < result.rows.size(); ++i) {
        const auto relation = by_oid_.find(result.text(i, 0));
        if (relation == by_oid_.end()) continue;
        fill(result.text(i, 1), (relations_[relation->second].*parts).emplace_back());
      }
    });
  }

 private:
  Questions& questions_;
  std::vector<SnapshotRelation>& relations_;
  std::map<std::string, std::size_t, std::less<>> by_oid_;
};

/// What of Rare there is, or may be.
class Presence {
 public:
  void take(const SqlResult& looks) { looks_ = looks; }
  bool operator[](Rare rare) const {
    return looks_.rows.empty() || looks_.truth(0, static_cast<std::size_t>(rare));
  }

 private:
  SqlResult looks_;
};

/// Begins the transaction, and says what there is to be read in it.
SqlResult look(Session& session, const ReadOptions& options, Snapshot& snapshot, Presence& presence) {
  Questions questions;
  questions.say("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  questions.ask(catalog::Queries::database(), [&snapshot](const SqlResult& database) {
    if (!database.rows.empty()) fill(database.text(0, 1), snapshot.database);
    snapshot.taken_at = database.text(0, 0);
  });
  settle(questions, options);
  questions.ask(catalog::Queries::presence(), [&presence](const SqlResult& looks) { presence.take(looks); });
  return questions.put(session);
}

/// What is printed from stored queries comes last: PostgreSQL locks all that they name ACCESS SHARE until the end of the
/// transaction.
SqlResult read_all(Session& session, const catalog::Queries& queries, const Presence& there,
                   Snapshot& snapshot) {
  Questions questions;
  read_list(questions, catalog::Queries::schemas(), snapshot.schemas);
  read_list(questions, catalog::Queries::extensions(), snapshot.extensions);
  if (there[Rare::types]) read_list(questions, queries.types(), snapshot.types);
  if (there[Rare::casts]) read_list(questions, catalog::Queries::casts(), snapshot.casts);
  if (there[Rare::servers]) read_list(questions, catalog::Queries::servers(), snapshot.servers);
  Relations relations(questions, snapshot.relations, queries.relations());
  relations.read(catalog::Queries::columns(), &SnapshotRelation::columns);
  relations.read(queries.constraints(), &SnapshotRelation::constraints);
  relations.read(queries.indexes(), &SnapshotRelation::indexes);
  if (there[Rare::triggers]) relations.read(queries.triggers(), &SnapshotRelation::triggers);
  if (there[Rare::reads]) relations.read(catalog::Queries::reads(), &SnapshotRelation::reads);
  if (there[Rare::statistics]) read_list(questions, catalog::Queries::statistics(), snapshot.statistics);
  if (there[Rare::publications]) read_list(questions, queries.publications(), snapshot.publications);
  if (there[Rare::event_triggers])
    read_list(questions, catalog::Queries::event_triggers(), snapshot.event_triggers);
  if (there[Rare::functions]) read_list(questions, queries.functions(), snapshot.functions);
  if (there[Rare::policies]) relations.read(catalog::Queries::policies(), &SnapshotRelation::policies);
  if (there[Rare::rules]) relations.read(catalog::Queries::rules(), &SnapshotRelation::rules);
  questions.say("ROLLBACK");
  return questions.put(session);
}

}  // namespace

std::variant<Snapshot, ReadFailure> try_read_snapshot(Session& session, const ReadOptions& options) {
  const catalog::Queries queries(session.server_version_num(), options.sizes);
  Snapshot snapshot;
  Presence presence;
  SqlResult result = look(session, options, snapshot, presence);
  if (result.ok && !result.connection_lost) result = read_all(session, queries, presence, snapshot);
  if (session.in_transaction()) session.script("ROLLBACK");
  if (result.ok && !result.connection_lost) return snapshot;
  return ReadFailure{.error = std::move(result.error), .connection_lost = result.connection_lost};
}

Snapshot read_snapshot(Session& session, const ReadOptions& options) {
  if (session.server_version_num() < k_oldest_major * 10000) {
    throw Error(ExitCode::precondition,
                cat("the server is older than PostgreSQL ", std::to_string(k_oldest_major)));
  }
  auto result = try_read_snapshot(session, options);
  if (const auto* failure = std::get_if<ReadFailure>(&result)) throw refusal(*failure);
  return std::get<Snapshot>(std::move(result));
}

}  // namespace pgsluice
