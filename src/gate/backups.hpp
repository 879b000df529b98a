// SPDX-License-Identifier: Apache-2.0
#pragma once

// Recoverability as CloudNativePG knows it: is there a base backup that is young enough, and is WAL archived behind it?

#include <string>
#include <vector>

#include "pgsluice/cluster.hpp"
#include "pgsluice/gate.hpp"

namespace pgsluice {

struct BackupPolicy {
  std::string cluster;  ///< CloudNativePG's Cluster; empty: none is named
  milliseconds max_age = std::chrono::hours(36);
};

/// `now`: seconds since 1970, UTC.
std::vector<Evidence> backup_evidence(const DatabaseCluster& cluster, long long now, milliseconds max_age);

/// The provider "recoverability", about files that destroy data. `cluster` may be null: then nobody can be asked.
EvidenceSource backup_source(Cluster* cluster, const std::string& name_space, const BackupPolicy& policy,
                             long long now);

}  // namespace pgsluice
