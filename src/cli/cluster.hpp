// SPDX-License-Identifier: Apache-2.0
#pragma once

// What commands share that look at Kubernetes: where its API is, and what belongs to an application.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/signals.hpp"
#include "gate/backups.hpp"
#include "gate/rollout.hpp"
#include "pgsluice/cluster.hpp"
#include "pgsluice/session.hpp"

namespace CLI {
class App;
}

namespace pgsluice::cli {

struct ClusterOptions {
  std::string api;  ///< empty: of the pod that we run in
  std::string token_file;
  std::string ca_file;
  ClusterPolicy policy;
  BackupPolicy backups;
  std::optional<milliseconds> max_backup_age;
};

/// Where the API is, and the objects that are looked at by their names.
void add_cluster_access(CLI::App& app, ClusterOptions& options);
/// The Job whose annotation a hook keeps up to date.
void add_kube_job(CLI::App& app, std::string& job);
/// What add_cluster_access adds, and what tells the releases of an application.
void add_cluster_options(CLI::App& app, ClusterOptions& options);

/// Whether Kubernetes is there to ask.
bool is_cluster_there(const ClusterOptions& options);
/// None: no address is given, and this is no pod. Throws Error(usage) for options that do not go together.
std::unique_ptr<Cluster> open_cluster(const ClusterOptions& options, Clock& clock,
                                      const Interrupt& interrupt);

}  // namespace pgsluice::cli
