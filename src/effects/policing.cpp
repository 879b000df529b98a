// SPDX-License-Identifier: Apache-2.0
#include "policing.hpp"

namespace pgsluice::effects {

namespace {

bool is_policed(const Catalog& catalog, const Relation& relation) {
  return relation.row_security && catalog.role != relation.owner;
}

bool concerns(const CatalogPolicy& policy, const Command& command) {
  const bool only_reads = command.tag == "SelectStmt" && command.text("locking") == "none";
  return !only_reads || policy.cmd == "all" || policy.cmd == "select";
}

}  // namespace

std::vector<CatalogPolicy> policies_for(const Catalog& catalog, const Command& command) {
  std::vector<CatalogPolicy> policies;
  if (catalog.role == catalog.session_role) return policies;
  for (const RelationRef& ref : command.relations) {
    const Relation* relation = catalog.find(ref.name);
    if (relation == nullptr || !is_policed(catalog, *relation)) continue;
    for (const CatalogPolicy& policy : relation->policies) {
      if (concerns(policy, command)) policies.push_back(policy);
    }
  }
  return policies;
}

}  // namespace pgsluice::effects
