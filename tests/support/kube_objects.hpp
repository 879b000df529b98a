// SPDX-License-Identifier: Apache-2.0
#pragma once

// Objects of an application "checkout" in namespace shop, as an API server shows them, cut down to what matters.

#include <string>
#include <string_view>

#include "base/json.hpp"

namespace pgsluice::test {

inline OrderedJson pod_template(const std::string& version) {
  OrderedJson object;
  object["metadata"]["labels"]["app"] = "checkout";
  object["spec"]["containers"] = OrderedJson::parse(R"([{"name": "app"}])");
  object["spec"]["containers"][0]["image"] = "registry.example:5000/checkout:" + version;
  return object;
}

inline OrderedJson kube_object(const std::string& name) {
  OrderedJson object;
  object["metadata"] = {{"name", name}, {"uid", "uid-of-" + name}, {"generation", 2}};
  object["metadata"]["labels"]["app.kubernetes.io/name"] = "checkout";
  return object;
}

inline void make_owner(OrderedJson& object, const std::string& kind, const std::string& name) {
  object["metadata"]["ownerReferences"] = OrderedJson::array();
  object["metadata"]["ownerReferences"].push_back(
      {{"kind", kind}, {"name", name}, {"uid", "uid-of-" + name}, {"controller", true}});
}

/// `counts`: of updated, of all and of available replicas.
inline OrderedJson deployment(const std::string& name, const std::string& version, int wanted, int updated,
                              int total, int available) {
  OrderedJson object = kube_object(name);
  object["spec"] = {{"replicas", wanted}, {"template", pod_template(version)}};
  object["spec"]["selector"]["matchLabels"]["app"] = "checkout";
  object["status"] = {{"observedGeneration", 2},
                      {"replicas", total},
                      {"updatedReplicas", updated},
                      {"availableReplicas", available}};
  return object;
}

inline OrderedJson replica_set(const std::string& owner, int revision, const std::string& version) {
  OrderedJson object = kube_object(owner + "-rs" + std::to_string(revision));
  object["metadata"]["labels"]["app"] = "checkout";
  object["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = std::to_string(revision);
  make_owner(object, "Deployment", owner);
  object["spec"]["template"] = pod_template(version);
  return object;
}

inline OrderedJson pod(const std::string& name, const std::string& version, const std::string& replica_set) {
  OrderedJson object = kube_object(name);
  object["metadata"]["labels"] = {{"app", "checkout"}};
  make_owner(object, "ReplicaSet", replica_set);
  object["spec"] = pod_template(version)["spec"];
  object["status"]["phase"] = "Running";
  return object;
}

/// Asked to end, and still at work.
inline OrderedJson terminating(OrderedJson pod) {
  pod["metadata"]["deletionTimestamp"] = "2026-11-26T12:00:30Z";
  pod["metadata"]["deletionGracePeriodSeconds"] = 30;
  return pod;
}

inline OrderedJson cron_job(const std::string& name, const std::string& version) {
  OrderedJson object = kube_object(name);
  object["spec"]["jobTemplate"]["spec"]["template"] = pod_template(version);
  object["spec"]["schedule"] = "0 3 * * *";
  return object;
}

inline OrderedJson job(const std::string& name, const std::string& version) {
  OrderedJson object = kube_object(name);
  object["spec"]["template"] = pod_template(version);
  object["spec"]["selector"]["matchLabels"]["batch.kubernetes.io/controller-uid"] = "uid-of-" + name;
  return object;
}

/// A Cluster of CloudNativePG, with the conditions and the backup that its status tells.
inline OrderedJson database_cluster(const std::string& name, const std::string& archiving,
                                    const std::string& last_backup) {
  OrderedJson object = kube_object(name);
  object["metadata"]["namespace"] = "shop";
  object["spec"]["bootstrap"]["initdb"]["database"] = "shop";
  object["status"]["phase"] = "Cluster in healthy state";
  object["status"]["conditions"] = OrderedJson::array();
  object["status"]["conditions"].push_back(
      {{"type", "ContinuousArchiving"}, {"status", archiving}, {"message", "exit status 1"}});
  if (!last_backup.empty()) object["status"]["lastSuccessfulBackup"] = last_backup;
  return object;
}

inline OrderedJson backup(const std::string& name, const std::string& cluster, const std::string& phase,
                          const std::string& stopped) {
  OrderedJson object = kube_object(name);
  object["spec"]["cluster"]["name"] = cluster;
  object["status"] = {{"phase", phase}, {"stoppedAt", stopped}};
  return object;
}

}  // namespace pgsluice::test
