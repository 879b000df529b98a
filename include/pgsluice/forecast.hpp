// SPDX-License-Identifier: Apache-2.0
// What a plan would cost on this server at this moment: how large the relations are, which work is done under which
// lock, who would wait meanwhile, and who is in the way. And what the plan rests on, so that a later run can say
// whether it still holds. Changes nothing.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/execute.hpp"
#include "pgsluice/explain.hpp"
#include "pgsluice/plan.hpp"
#include "pgsluice/snapshot.hpp"

namespace pgsluice {

/// What the server says of a relation now.
struct RelationState {
  long long oid = 0;           ///< 0: there is none
  std::optional<double> rows;  ///< an estimate; none: never analyzed
  /// Heap and TOAST; of a partitioned table, those of its partitions.
  std::optional<double> bytes;
};
using RelationStates = std::map<RelationName, RelationState>;

/// Of these relations, as far as they exist. Waits for nobody: where a relation is being changed at this moment, its
/// size is what the last VACUUM or ANALYZE has counted. Throws Error(unreachable, precondition).
RelationStates read_states(Session& session, const std::vector<RelationName>& relations);

// ---- policy ------------------------------------------------------------------------------------------------------------

/// More than this may not be rewritten, read or indexed under a lock that keeps the application out.
inline constexpr double k_max_locked_bytes = 1024.0 * 1024 * 1024;

/// The tables that pending statements work on while a lock keeps readers or writers out, unless a directive allows it.
std::vector<RelationName> worked_on_under_lock(const Plan& plan);
/// Adds a refusal for each such statement whose tables are larger than `limit` together.
void refuse_large_work(Plan& plan, const RelationStates& states, double limit);

// ---- prices ------------------------------------------------------------------------------------------------------------

struct PricedWork {
  enum class Kind { rewrite, scan, index_build };
  Kind kind = Kind::scan;
  RelationName relation;             ///< of index_build: the index, as it will be called
  std::vector<RelationName> tables;  ///< whose rows are read: more than one when an index covers partitions
};
std::string_view to_string(PricedWork::Kind kind);

struct ForecastStatement {
  const Effect* effect = nullptr;
  const PlannedStatement* planned = nullptr;
  Position position;
  std::vector<PricedWork> work;
};

/// How long others waited for such a lock in earlier runs.
struct PastWaits {
  long long steps = 0;
  milliseconds median{0};
  milliseconds longest{0};
};

struct ForecastStep {
  const PlannedFile* file = nullptr;
  const Step* step = nullptr;
  std::vector<ForecastStatement> statements;
  std::vector<Meanwhile> meanwhile;  ///< over the whole step: its locks are held until it ends
  std::vector<Blocker> blockers;     ///< of this moment
  std::optional<PastWaits> past;     ///< none: no earlier step has locked these relations
  milliseconds lock_timeout{0};
  milliseconds lock_budget{0};
  milliseconds statement_timeout{0};  ///< 0: no limit
};

/// What apply with these options would do to somebody who is in the way.
struct Threat {
  Eviction eviction = Eviction::none;
  std::optional<milliseconds> from;  ///< age of its transaction; none: at once
};
Threat threat_to(const BlockerPolicy& policy, const Blocker& blocker);

// ---- what it rests on ----------------------------------------------------------------------------------------------

/// A relation that a step locks, as it is when the plan is made. Sizes do not belong to it.
struct RelationBasis {
  long long oid = 0;       ///< 0: it was not there
  std::string definition;  ///< SHA-256 of what the catalog says of it
  bool operator==(const RelationBasis&) const = default;
};

struct PlanBasis {
  std::string system_identifier;  ///< empty: this role may not see it
  std::string database;
  std::vector<std::string> schemas;          ///< where unqualified names lead
  std::map<std::string, std::string> files;  ///< SHA-256 by id
  std::vector<std::string> steps;            ///< pending, in order
  bool catalog_read = false;                 ///< false: the files alone say what is there
  std::map<std::string, RelationBasis> relations;
};

/// What has moved, in words; nothing: all still holds.
std::vector<std::string> what_moved(const PlanBasis& then, const PlanBasis& now);
/// Of a document that `plan --format json` wrote. Throws Error(usage) for anything else.
PlanBasis parse_basis(std::string_view text, std::string_view file_name);

// ---- all of it -----------------------------------------------------------------------------------------------------

struct Forecast {
  const Plan& plan;
  const Ledger& ledger;
  std::string target;  ///< for people: database and server
  int server_version_num = 0;
  bool standby = false;
  double max_locked_bytes = k_max_locked_bytes;
  RelationStates states;
  PlanBasis basis;
  std::vector<ForecastStep> steps;
  RunOptions options;
};

/// Pending steps and what they are made of; blockers and past waits are asked of a server afterwards.
std::vector<ForecastStep> forecast_steps(const Plan& plan, const RunOptions& options);
/// The relations that pending steps lock and that exist for others.
std::vector<RelationName> locked_relations(const Plan& plan);
PlanBasis make_basis(const Plan& plan, const RelationStates& states, const std::optional<Snapshot>& snapshot);
/// What the ledger remembers of earlier waits for the locks of a step.
std::optional<PastWaits> read_past_waits(Session& session, const Step& step);

/// The JSON document: rules/schema/plan.schema.json.
std::string to_json(const Forecast& forecast);

}  // namespace pgsluice
