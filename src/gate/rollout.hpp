// SPDX-License-Identifier: Apache-2.0
#pragma once

// What follows from what runs in Kubernetes: whether every pod of an application is of a release that fits, and whether
// everything that it could be rolled back to is.

#include <vector>

#include "pgsluice/cluster.hpp"
#include "pgsluice/gate.hpp"
#include "pgsluice/session.hpp"

namespace pgsluice {

/// Open: every workload is rolled out completely, and every pod that works, also one that is asked to end, fits.
Evidence rollout_evidence(const ClusterView& view, const AppNeed& need);
/// Open: the `horizon` revisions before the current one fit, of every workload and of Argo CD's history.
Evidence rollback_evidence(const ClusterView& view, const AppNeed& need, int horizon);

struct ClusterPolicy {
  AppSelection selection;  ///< without a selector: app.kubernetes.io/name=APP
  int rollback_horizon = 1;
};

/// The providers "rollout" and "rollback-horizon", about files that name the application that they need. Both look once for
/// questions that follow one another. `cluster` and `clock` must outlive them.
std::vector<EvidenceSource> cluster_sources(Cluster& cluster, Clock& clock, const ClusterPolicy& policy);

}  // namespace pgsluice
