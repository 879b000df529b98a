// SPDX-License-Identifier: Apache-2.0
#pragma once

// Many databases: from a file that lists them, or as CloudNativePG's Clusters in Kubernetes.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cli/cluster.hpp"

namespace pgsluice::cli {

/// One database of many.
struct Target {
  std::string name;
  std::map<std::string, std::string> labels;
  /// CloudNativePG's Cluster that it is, and where; empty: it comes from a file.
  std::string cnpg_cluster;
  std::string name_space;
  /// May hold a password. Throws Error(usage, unreachable) when it is not to be had.
  std::function<std::string()> conninfo;
};

/// In the order of the file. `base` is what all have in common. Throws Error(usage) for a file that cannot be read, and for
/// a password in it.
std::vector<Target> read_targets(const std::string& file, const std::string& base);
/// By name. Throws Error(usage, precondition).
std::vector<Target> find_database_clusters(Cluster& cluster, const std::string& name_space,
                                           const std::string& selector, const std::string& base);

}  // namespace pgsluice::cli
