// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the API server sends → values. Objects have many members and get more with each release: what we do not know is
// passed over, what is missing has the API's own default.

#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "pgsluice/cluster.hpp"

namespace pgsluice::cluster {

/// The member at the end of a path; null when a part of it is missing.
const Json& member_at(const Json& value, std::initializer_list<std::string_view> path);
std::string text_at(const Json& value, std::initializer_list<std::string_view> path);
long long number_at(const Json& value, std::initializer_list<std::string_view> path, long long missing);
bool truth_at(const Json& value, std::initializer_list<std::string_view> path);

/// "registry.example:5000/shop:2.4.0@sha256:…" → "2.4.0"; empty when there is no tag.
std::string image_tag(std::string_view image);

/// Of a pod, or of a template of pods: both have `metadata` and `spec`.
AppVersion version_of(const Json& pod, const AppSelection& selection);

Workload read_workload(const Json& object, WorkloadKind kind, const AppSelection& selection);
/// A finished Job makes no pods any more.
bool is_finished_job(const Json& job);
Pod read_pod(const Json& object, const AppSelection& selection);
/// Of a ReplicaSet.
Revision read_replica_set(const Json& object, const Workload& owner, const AppSelection& selection);
/// Of a ControllerRevision, which holds the template of a StatefulSet or DaemonSet.
Revision read_controller_revision(const Json& object, const Workload& owner, const AppSelection& selection);
ArgoDeployment read_argo_deployment(const Json& entry, const std::string& application);

/// Of CloudNativePG.
DatabaseCluster read_database_cluster(const Json& object);
/// The end of the last one of these Backup objects that belongs to the Cluster and succeeded; empty: there is none.
std::string last_backup_of(const std::vector<Json>& backups, const std::string& cluster);

/// The `uid` of the controller of an object; empty: nobody's.
std::string controller_uid(const Json& object);
/// `spec.selector` as the text that a list takes; empty when there is none.
std::string selector_text(const Json& label_selector);

}  // namespace pgsluice::cluster
