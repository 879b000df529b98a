// SPDX-License-Identifier: Apache-2.0
// What Kubernetes lets our service account see, and the rules of a Role that would mend what is missing.

#include <map>
#include <tuple>

#include "base/text.hpp"
#include "pgsluice/doctor.hpp"

namespace pgsluice {
namespace {

/// As a Role has them, one rule for all kinds that differ in nothing else.
std::string rules_of(const std::vector<AccessRule>& missing) {
  std::map<std::tuple<std::string, std::string, std::string, std::string>, std::vector<std::string>> kinds;
  for (const AccessRule& rule : missing)
    kinds[{rule.name_space, rule.group, rule.verb, rule.name}].push_back(rule.resource);
  std::string text;
  std::string last;
  for (const auto& [key, resources] : kinds) {
    const auto& [name_space, group, verb, name] = key;
    if (name_space != last)
      text +=
          cat("# of a Role in namespace ", printable_line(name_space), ", bound to our service account\n");
    last = name_space;
    text += cat("- apiGroups: [", group.empty() ? "\"\"" : group, "]\n  resources: [", join(resources, ", "),
                "]\n");
    if (!name.empty()) text += cat("  resourceNames: [", printable_line(name), "]\n");
    text += cat("  verbs: [", verb, "]\n");
  }
  return text;
}

}  // namespace

Check examine_access(Cluster& cluster, const AccessNeeds& needs) {
  const auto answer = cluster.missing_access(needs);
  if (const auto* failure = std::get_if<ClusterFailure>(&answer)) {
    return {.name = "kubernetes",
            .verdict = Check::Verdict::advice,
            .message = cat(failure->message, "; without it contract steps stay held"),
            .mend = failure->hint};
  }
  const auto& missing = std::get<std::vector<AccessRule>>(answer);
  if (missing.empty()) {
    return {.name = "kubernetes",
            .message = "our service account may see what tells that the old application is gone",
            .mend = {}};
  }
  std::vector<std::string> words;
  words.reserve(missing.size());
  for (const AccessRule& rule : missing) words.push_back(cat(rule.verb, " ", rule.resource));
  return {.name = "kubernetes",
          .verdict = Check::Verdict::advice,
          .message =
              cat("our service account may not ", join(words, ", "), "; without it contract steps stay held"),
          .mend = rules_of(missing)};
}

}  // namespace pgsluice
