// SPDX-License-Identifier: Apache-2.0
// From evidence to a decision. What is not known holds a step back as what is against it does.

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"
#include "pgsluice/gate.hpp"

namespace pgsluice {
namespace {

std::string_view to_string(Requirement requirement) {
  switch (requirement) {
    case Requirement::automatic: return "automatic";
    case Requirement::required: return "required";
    case Requirement::optional: return "optional";
    case Requirement::ignored: return "ignored";
  }
  return "automatic";
}

/// Whoever reads the decision years later knows by which rules it was taken. What is not named is automatic.
std::string policy_json(const GatePolicy& policy) {
  OrderedJson json;
  json["evidence"] = OrderedJson::object();
  for (const auto& [provider, requirement] : policy.requirements)
    json["evidence"][provider] = to_string(requirement);
  json["soak_ms"] = policy.soak.count();
  json["freezes"] = policy.freezes;
  return dump(json);
}

/// What makes a source speak that has said nothing.
std::string_view what_gives(std::string_view provider) {
  if (provider == "rollout" || provider == "rollback-horizon")
    return "run in a pod or name --kube-api, and write needs-app=APP>=VERSION into the file";
  if (provider == "sessions") return "write needs-app=APP>=VERSION into the file";
  if (provider == "release") return "name it with --release, and write needs-app=APP>=VERSION into the file";
  if (provider == "soak") return "say how long, with soak=24h in the file or --soak";
  if (provider == "freeze") return "name windows with --freeze";
  if (provider == "recoverability") return "name the CloudNativePG Cluster with --cnpg-cluster";
  return "this file gives it nothing to look at, so that the policy has to be another one";
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::open: return "open";
    case Verdict::closed: return "closed";
    case Verdict::unknown: return "unknown";
  }
  return "unknown";
}

std::optional<Requirement> parse_requirement(std::string_view text) {
  if (text == "automatic") return Requirement::automatic;
  if (text == "required") return Requirement::required;
  if (text == "optional") return Requirement::optional;
  if (text == "ignored") return Requirement::ignored;
  return std::nullopt;
}

Requirement GatePolicy::requirement(std::string_view provider) const {
  const auto found = requirements.find(provider);
  return found == requirements.end() ? Requirement::automatic : found->second;
}

std::vector<Evidence> gather(const GateQuestion& question, const std::vector<EvidenceSource>& sources,
                             const GatePolicy& policy) {
  std::vector<Evidence> evidence;
  for (const EvidenceSource& source : sources) {
    if (policy.requirement(source.provider) == Requirement::ignored) continue;
    for (Evidence& seen : source.look(question)) evidence.push_back(std::move(seen));
  }
  return evidence;
}

GateDecision decide(const GateQuestion& question, std::vector<Evidence> evidence, const GatePolicy& policy) {
  for (const auto& [provider, requirement] : policy.requirements) {
    const auto is_of = [&provider = provider](const Evidence& seen) { return seen.provider == provider; };
    if (requirement == Requirement::required && std::none_of(evidence.begin(), evidence.end(), is_of)) {
      evidence.push_back({.provider = provider,
                          .subject = {},
                          .verdict = Verdict::unknown,
                          .words = cat("the policy requires evidence of ", provider,
                                       ", and there is none: ", what_gives(provider))});
    }
  }
  std::vector<std::string> against;
  for (const Evidence& seen : evidence) {
    const bool counts = policy.requirement(seen.provider) != Requirement::optional;
    if (counts && seen.verdict != Verdict::open) against.push_back(cat(seen.provider, ": ", seen.words));
  }
  return {.migration = question.file.analysis.migration.id,
          .verdict = against.empty() ? Verdict::open : Verdict::closed,
          .words = join(against, "; "),
          .evidence = std::move(evidence),
          .policy = policy_json(policy)};
}

}  // namespace pgsluice
