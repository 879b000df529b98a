// SPDX-License-Identifier: Apache-2.0
// The JSON document of plan, written and read again: rules/schema/plan.schema.json.

#include <set>

#include "base/text.hpp"
#include "base/version.hpp"
#include "execute/documents.hpp"
#include "pgsluice/forecast.hpp"

namespace pgsluice {
namespace {

std::string_view to_string(Hold hold) {
  switch (hold) {
    case Hold::instant: return "instant";
    case Hold::work: return "work";
    case Hold::unknown: return "unknown";
  }
  return {};
}

template <typename Value>
OrderedJson or_null(const std::optional<Value>& value) {
  return value ? OrderedJson(*value) : OrderedJson(nullptr);
}

OrderedJson whole(const std::optional<double>& value) {
  return value ? OrderedJson(static_cast<long long>(*value)) : OrderedJson(nullptr);
}

OrderedJson texts(const std::vector<std::string_view>& words) {
  OrderedJson array = OrderedJson::array();
  for (const std::string_view word : words) array.push_back(word);
  return array;
}

OrderedJson names(const std::vector<RelationName>& relations) {
  OrderedJson array = OrderedJson::array();
  for (const RelationName& relation : relations) array.push_back(relation.quoted());
  return array;
}

OrderedJson lock_json(const RelationLock& lock, const RelationStates& states) {
  const auto found = states.find(lock.relation);
  const RelationState state = found == states.end() ? RelationState{} : found->second;
  return {{"relation", lock.relation.quoted()}, {"relkind", std::string(1, lock.relkind)},
          {"mode", lock_name(lock.mode)},       {"role", lock.role},
          {"exists", state.oid != 0},           {"rows", whole(state.rows)},
          {"bytes", whole(state.bytes)}};
}

OrderedJson statement_json(const ForecastStatement& statement) {
  OrderedJson work = OrderedJson::array();
  for (const PricedWork& one : statement.work) {
    work.push_back(
        {{"kind", to_string(one.kind)}, {"relation", one.relation.quoted()}, {"tables", names(one.tables)}});
  }
  return {{"index", statement.planned->index},
          {"line", statement.position.line},
          {"column", statement.position.column},
          {"sql", statement.planned->sql},
          {"tag", statement.planned->tag},
          {"breaks", to_string(statement.effect->breaks)},
          {"work", work}};
}

OrderedJson meanwhile_json(const std::vector<Meanwhile>& meanwhile) {
  OrderedJson array = OrderedJson::array();
  for (const Meanwhile& part : meanwhile) {
    array.push_back({{"relations", names(part.relations)},
                     {"mode", lock_name(part.mode)},
                     {"held_for", to_string(part.hold)},
                     {"wait", texts(part.waiting)},
                     {"go_on", texts(part.going_on)}});
  }
  return array;
}

OrderedJson past_json(const std::optional<PastWaits>& past) {
  if (!past) return nullptr;
  return {{"steps", past->steps},
          {"median_waited_ms", past->median.count()},
          {"longest_waited_ms", past->longest.count()}};
}

/// Whom the policy would meet; once each.
OrderedJson threats_json(const std::vector<Blocker>& blockers, const BlockerPolicy& policy) {
  OrderedJson array = OrderedJson::array();
  std::set<int> seen;
  for (const Blocker& blocker : blockers) {
    const Threat threat = threat_to(policy, blocker);
    if (threat.eviction == Eviction::none || !seen.insert(blocker.pid).second) continue;
    array.push_back(
        {{"pid", blocker.pid},
         {"eviction", to_string(threat.eviction)},
         {"from_age_ms", threat.from ? OrderedJson(threat.from->count()) : OrderedJson(nullptr)}});
  }
  return array;
}

OrderedJson batches_json(const std::optional<Backfill>& backfill) {
  if (!backfill) return nullptr;
  return {{"key", backfill->key}, {"size", backfill->size}};
}

OrderedJson step_json(const ForecastStep& forecast, const RelationStates& states, const RunOptions& options) {
  StepReport pending;
  pending.id = forecast.step->id;
  pending.migration = forecast.file->analysis.migration.id;
  pending.phase = forecast.file->analysis.migration.phase;
  pending.in_transaction = forecast.step->in_transaction;
  pending.blockers = forecast.blockers;
  OrderedJson json = to_json(pending);
  json["locks"] = OrderedJson::array();
  for (const RelationLock& lock : forecast.step->locks) json["locks"].push_back(lock_json(lock, states));
  json["statements"] = OrderedJson::array();
  for (const ForecastStatement& statement : forecast.statements) {
    json["statements"].push_back(statement_json(statement));
  }
  json["meanwhile"] = meanwhile_json(forecast.meanwhile);
  json["past_waits"] = past_json(forecast.past);
  json["batches"] = batches_json(forecast.step->backfill);
  json["evictions"] = threats_json(forecast.blockers, options.blockers);
  json["budget"] = {{"lock_timeout_ms", forecast.lock_timeout.count()},
                    {"lock_budget_ms", forecast.lock_budget.count()},
                    {"statement_timeout_ms", forecast.statement_timeout.count()},
                    {"stall_budget_ms", options.stall_budget.count()},
                    {"max_victims", options.max_victims},
                    {"max_attempts", options.max_attempts}};
  return json;
}

OrderedJson basis_json(const PlanBasis& basis) {
  OrderedJson relations = OrderedJson::object();
  for (const auto& [name, relation] : basis.relations) {
    relations[name] = {{"oid", relation.oid}, {"definition", relation.definition}};
  }
  return {{"system_identifier", basis.system_identifier},
          {"database", basis.database},
          {"schemas", basis.schemas},
          {"files", basis.files},
          {"steps", basis.steps},
          {"catalog_read", basis.catalog_read},
          {"relations", relations}};
}

std::map<std::string, RelationBasis> parse_relations(const Json& relations, const JsonPlace& place) {
  std::map<std::string, RelationBasis> parsed;
  for (const auto& [name, relation] : relations.items()) {
    const JsonPlace here = place / name;
    expect_object(relation, here, {"oid", "definition"});
    parsed[name] = {.oid = find_integer(relation, "oid", here).value_or(0),
                    .definition = get_string(relation, "definition", here)};
  }
  return parsed;
}

}  // namespace

std::string to_json(const Forecast& forecast) {
  const PlanProblem* refusal = forecast.plan.refusal();
  OrderedJson document{{"schema", 1},
                       {"tool", {{"name", "pgsluice"}, {"version", k_version}}},
                       {"pg_version", forecast.server_version_num / 10000},
                       {"standby", forecast.standby},
                       {"exit_code", static_cast<int>(refusal ? refusal->code : ExitCode::ok)},
                       {"ledger", forecast.ledger.exists},
                       {"active_run", active_run_json(forecast.ledger)},
                       {"max_locked_bytes", static_cast<long long>(forecast.max_locked_bytes)},
                       {"basis", basis_json(forecast.basis)}};
  document["steps"] = OrderedJson::array();
  for (const ForecastStep& step : forecast.steps) {
    document["steps"].push_back(step_json(step, forecast.states, forecast.options));
  }
  document["held"] = held_json(forecast.plan);
  document["problems"] = problems_json(forecast.plan);
  return dump_pretty(document);
}

PlanBasis parse_basis(std::string_view text, std::string_view file_name) {
  const Json document = parse_json(text, file_name);
  const JsonPlace top{.file = std::string(file_name), .pointer = ""};
  const bool is_plan = document.is_object() && document.contains("basis") && document.contains("steps");
  if (!is_plan) json_error(top, "is no plan", "pgsluice plan --format json --output FILE writes one.");
  if (find_integer(document, "schema", top) != 1) {
    json_error(top / "schema", "is not the one that this program reads, 1",
               "Make the plan anew with this pgsluice.");
  }
  const Json& basis = document["basis"];
  const JsonPlace place = top / "basis";
  expect_object(basis, place,
                {"system_identifier", "database", "schemas", "files", "steps", "catalog_read", "relations"});
  const Json& files = get_member(basis, "files", place);
  PlanBasis parsed{.system_identifier = find_string(basis, "system_identifier", place),
                   .database = get_string(basis, "database", place),
                   .schemas = find_strings(basis, "schemas", place),
                   .files = {},
                   .steps = find_strings(basis, "steps", place),
                   .catalog_read = find_bool(basis, "catalog_read", place),
                   .relations = parse_relations(get_member(basis, "relations", place), place / "relations")};
  for (const auto& [id, sha256] : files.items()) parsed.files[id] = get_string(files, id, place / "files");
  return parsed;
}

}  // namespace pgsluice
