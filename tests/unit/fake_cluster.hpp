// SPDX-License-Identifier: Apache-2.0
#pragma once

// The fake of the seam to Kubernetes: it answers what a test has put into it.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "pgsluice/cluster.hpp"

namespace pgsluice::test {

class FakeCluster final : public Cluster {
 public:
  std::variant<ClusterView, ClusterFailure> look(const AppSelection& selection) override {
    selectors.push_back(selection.selector);
    return answer;
  }
  std::optional<ClusterFailure> annotate_job(const std::string& /*job*/, const std::string& /*key*/,
                                             const std::string& /*value*/) override {
    return std::nullopt;
  }
  std::variant<std::vector<DatabaseCluster>, ClusterFailure> database_clusters(
      const std::string& /*name_space*/, const std::string& /*selector*/) override {
    return databases;
  }
  std::variant<DatabaseCluster, ClusterFailure> database_cluster(const std::string& name_space,
                                                                 const std::string& name) override {
    selectors.push_back(name_space + "/" + name);
    return database;
  }
  std::variant<std::vector<AccessRule>, ClusterFailure> missing_access(const AccessNeeds& needs) override {
    selectors.push_back(needs.database_cluster + "/" + needs.job);
    return missing;
  }
  std::variant<std::vector<AccessRule>, ClusterFailure> missing;
  std::variant<ClusterView, ClusterFailure> answer;
  std::variant<DatabaseCluster, ClusterFailure> database;
  std::vector<DatabaseCluster> databases;
  std::vector<std::string> selectors;
};

}  // namespace pgsluice::test
