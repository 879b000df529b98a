// SPDX-License-Identifier: Apache-2.0
// The documents of rules/schema/explain.schema.json.
#include "base/json.hpp"
#include "base/version.hpp"
#include "report/explain.hpp"

namespace pgsluice {
namespace {

OrderedJson envelope() {
  return {{"schema", 1},
          {"tool", {{"name", "pgsluice"}, {"version", k_version}, {"grammar", grammar_version()}}}};
}

// Declared first, so that to_values() finds them all.
OrderedJson to_value(const RelationLock& lock);
OrderedJson to_value(const Meanwhile& meanwhile);
OrderedJson to_value(const RowUse& use);
OrderedJson to_value(const Finding& finding);
OrderedJson to_value(const ExplainedCase& one);
OrderedJson to_value(const ExplainedStatement& statement);
OrderedJson to_value(const Criterion& criterion);
OrderedJson to_value(const FindingExample& example);
OrderedJson to_value(const FindingPage& page);
OrderedJson to_value(const RoleEffect& role);
OrderedJson to_value(const RowPage& page);
OrderedJson to_value(const RowGroup& group);

template <typename Items>
OrderedJson to_values(const Items& items) {
  OrderedJson json = OrderedJson::array();
  for (const auto& item : items) json.push_back(to_value(item));
  return json;
}

OrderedJson names(const std::vector<RelationName>& relations) {
  OrderedJson json = OrderedJson::array();
  for (const RelationName& relation : relations) json.push_back(relation.quoted());
  return json;
}

// ---- a statement -----------------------------------------------------------------------------------------------------

OrderedJson to_value(const RelationLock& lock) {
  return {{"relation", lock.relation.quoted()},
          {"relkind", std::string(1, lock.relkind)},
          {"mode", lock_name(lock.mode)},
          {"role", lock.role},
          {"new", lock.is_new}};
}

std::string_view hold_name(Hold hold) {
  switch (hold) {
    case Hold::instant: return "instant";
    case Hold::work: return "work";
    case Hold::unknown: return "unknown";
  }
  return {};
}

OrderedJson to_value(const Meanwhile& meanwhile) {
  return {{"relations", names(meanwhile.relations)},
          {"mode", lock_name(meanwhile.mode)},
          {"for", hold_name(meanwhile.hold)},
          {"wait", meanwhile.waiting},
          {"go_on", meanwhile.going_on}};
}

OrderedJson to_value(const RowUse& use) {
  return {{"row", use.row->id},
          {"pg_versions", use.versions},
          {"source", use.row->source},
          {"note", use.row->note}};
}

OrderedJson to_value(const Finding& finding) {
  OrderedJson json = {{"finding", finding.finding}, {"severity", to_string(finding.severity)},
                      {"message", finding.message}, {"why", finding.why},
                      {"instead", finding.instead}, {"allowed", nullptr}};
  if (finding.allowed) json["allowed"] = *finding.allowed;
  return json;
}

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::runs: return "runs";
    case Outcome::skipped: return "skipped";
    case Outcome::error: return "error";
  }
  return {};
}

OrderedJson to_value(const ExplainedCase& one) {
  const Effect& effect = one.effect;
  return {{"pg_versions", one.versions},
          {"outcome", outcome_name(effect.outcome)},
          {"locks", to_values(effect.locks)},
          {"rewrites", names(effect.rewrites)},
          {"scans", names(effect.scans)},
          {"index_builds", names(effect.index_builds)},
          {"meanwhile", to_values(one.meanwhile)},
          {"needs_no_transaction", effect.needs_no_transaction},
          {"breaks", to_string(effect.breaks)},
          {"destroys_data", effect.destroys_data},
          {"phase", effect.phase ? to_string(*effect.phase) : "neutral"},
          {"unmodeled", effect.unmodeled},
          {"rows", to_values(one.rows)},
          {"assumed", effect.assumed},
          {"findings", to_values(one.findings)},
          {"instead", one.instead}};
}

OrderedJson to_value(const ExplainedStatement& statement) {
  return {{"sql", statement.sql}, {"tag", statement.tag}, {"cases", to_values(statement.cases)}};
}

// ---- pages -----------------------------------------------------------------------------------------------------------

OrderedJson to_value(const Criterion& criterion) {
  return {{"fact", criterion.fact}, {"is", criterion.values}, {"meaning", criterion.sentence}};
}

OrderedJson to_value(const FindingExample& example) {
  return {{"file", example.name},
          {"sql", example.analysis.script.source.text},
          {"findings", to_values(example.analysis.findings)}};
}

OrderedJson to_value(const FindingPage& page) {
  const FindingRule& rule = *page.rule;
  return {{"finding", rule.name},
          {"severity", to_string(rule.severity)},
          {"scope", to_string(rule.scope)},
          {"message", rule.message},
          {"why", rule.why},
          {"instead", rule.instead},
          {"when", to_values(page.when)},
          {"error_when", to_values(page.error_when)},
          {"info_when", to_values(page.info_when)},
          {"see", rule.see},
          {"examples", to_values(page.examples)}};
}

OrderedJson to_value(const RoleEffect& role) {
  OrderedJson json = {{"role", role.role},           {"meaning", role.sentence}, {"mode", nullptr},
                      {"rewritten", role.rewritten}, {"scanned", role.scanned},  {"index_built", role.built}};
  if (role.lock) json["mode"] = lock_name(*role.lock);
  return json;
}

OrderedJson to_value(const RowPage& page) {
  const EffectRow& row = *page.row;
  return {{"row", row.id},
          {"on", row.on},
          {"pg_min", row.pg_min},
          {"pg_max", row.pg_max},
          {"when", to_values(page.when)},
          {"roles", to_values(page.roles)},
          {"needs_no_transaction", row.transaction == TransactionNeed::forbidden},
          {"breaks", to_string(row.breaks)},
          {"destroys_data", row.destroys_data},
          {"note", row.note},
          {"source", row.source},
          {"setup", row.setup},
          {"example", row.example},
          {"instead", page.instead}};
}

OrderedJson to_value(const RowGroup& group) {
  return {{"name", group.name}, {"form", group.form}, {"rows", to_values(group.rows)}};
}

std::string document(std::string_view key, OrderedJson value) {
  OrderedJson json = envelope();
  json[std::string(key)] = std::move(value);
  return dump_pretty(json);
}

}  // namespace

std::string to_json(const Explanation& explanation) {
  return document("statements", to_values(explanation.statements));
}

std::string to_json(const FindingPage& page) {
  return document("findings", OrderedJson::array({to_value(page)}));
}

std::string to_json(const RowGroup& group) {
  return document("commands", OrderedJson::array({to_value(group)}));
}

std::string to_json(const std::vector<FindingPage>& findings, const std::vector<RowChapter>& chapters) {
  OrderedJson json = envelope();
  json["findings"] = to_values(findings);
  OrderedJson& groups = json["commands"] = OrderedJson::array();
  for (const RowChapter& chapter : chapters) {
    for (const RowGroup& group : chapter.groups) groups.push_back(to_value(group));
  }
  return dump_pretty(json);
}

}  // namespace pgsluice
