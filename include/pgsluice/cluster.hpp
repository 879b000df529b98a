// SPDX-License-Identifier: Apache-2.0
// The seam to Kubernetes: which versions of an application run there, and which could come back. It has one real
// implementation, over HTTPS, and fakes; what follows from what it saw is decided elsewhere.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pgsluice {

enum class WorkloadKind { deployment, stateful_set, daemon_set, replica_set, rollout, cron_job, job };
/// Kubernetes' word: "StatefulSet".
std::string_view to_string(WorkloadKind kind);

/// Which version a pod runs, or would run when it is made from a template.
struct AppVersion {
  std::string text;                     ///< "2.4.0"; empty: nothing says
  std::string source;                   ///< what says so, or fails to: "image registry.example/shop:2.4.0"
  std::vector<AppVersion> others = {};  ///< what further sources say instead
};

enum class VersionSource { label, annotation, image };

/// Which application, and how its version is known.
struct AppSelection {
  std::string name_space;  ///< empty: the one that Cluster lives in
  std::string selector;    ///< of labels: "app.kubernetes.io/name=checkout"
  std::vector<VersionSource> version_from = {VersionSource::label, VersionSource::annotation,
                                             VersionSource::image};  ///< the first that says something
  std::string version_label = "app.kubernetes.io/version";
  std::string version_annotation = "pgsluice/app-version";
  std::string container;                       ///< whose image counts; empty: the pod's default one
  std::vector<std::string> argo_applications;  ///< "argocd/checkout": whose history counts
};

/// What makes pods. Counts are of pods, as the status of the object has them.
struct Workload {
  WorkloadKind kind = WorkloadKind::deployment;
  std::string name;
  std::string uid;
  AppVersion version;      ///< of its template
  bool observed = true;    ///< its controller has seen the latest specification
  bool paused = false;     ///< somebody has stopped the rollout; of a CronJob or Job: suspended
  bool aborted = false;    ///< an Argo Rollout that goes back
  bool stable = true;      ///< an Argo Rollout has no canary on its way
  bool on_delete = false;  ///< nobody replaces its pods
  long long wanted = 0;
  long long updated = 0;
  long long total = 0;
  long long available = 0;
};

struct Pod {
  std::string name;
  std::string uid;
  std::string owner;  ///< "ReplicaSet/checkout-5d4"; empty: nobody's
  AppVersion version;
  std::string phase;         ///< "Running"
  bool terminating = false;  ///< asked to end; its process works on until it does
  std::optional<std::chrono::seconds> grace;
};

/// What a Deployment, Rollout, StatefulSet or DaemonSet can be rolled back to, or runs.
struct Revision {
  WorkloadKind kind = WorkloadKind::deployment;
  std::string workload;
  std::string name;  ///< of the ReplicaSet or ControllerRevision
  long long number = 0;
  AppVersion version;
};

/// An entry of an Argo CD Application's history: what its Rollback button offers.
struct ArgoDeployment {
  std::string application;
  long long id = 0;
  std::string revision;  ///< of Git, or of a chart
  std::string deployed_at;
  AppVersion version;
};

struct ClusterView {
  std::string name_space;
  std::string selector;
  std::vector<Workload> workloads;
  std::vector<Pod> pods;            ///< terminating ones too
  std::vector<Revision> revisions;  ///< of each workload, newest first; the first one is the current one
  std::vector<ArgoDeployment> argo_deployments;  ///< of each Application, newest first
};

/// A Cluster of CloudNativePG: PostgreSQL servers, and what is known of their backups. Times are as Kubernetes writes them.
struct DatabaseCluster {
  std::string name_space;
  std::string name;
  std::map<std::string, std::string> labels;
  std::string database;  ///< that it was made with
  std::string phase;     ///< "Cluster in healthy state"
  bool hibernated = false;
  std::string archiving;        ///< the condition ContinuousArchiving: "True", "False"; empty: there is none
  std::string archiving_words;  ///< what it says
  std::string first_recoverability_point;
  std::string last_backup;  ///< the end of the last base backup that succeeded; empty: there is none
};

/// What a service account needs to be allowed: one verb on one kind of object.
struct AccessRule {
  std::string name_space;
  std::string group;  ///< "apps"; empty: the core
  std::string resource;
  std::string verb;  ///< "list"
  std::string name;  ///< of the only object that it is about; empty: of all
};

/// For whom rules are looked for: empty members need none.
struct AccessNeeds {
  AppSelection selection;
  std::string database_cluster;  ///< of CloudNativePG, whose backups are looked at
  std::string job;               ///< that is annotated
};

/// Nothing could be seen, and why. Never holds a token.
struct ClusterFailure {
  std::string message;
  std::string hint;
};

class Cluster {
 public:
  virtual ~Cluster() = default;
  virtual std::variant<ClusterView, ClusterFailure> look(const AppSelection& selection) = 0;
  /// Sets an annotation of a Job in the namespace that Cluster lives in; none: done.
  virtual std::optional<ClusterFailure> annotate_job(const std::string& job, const std::string& key,
                                                     const std::string& value) = 0;
  /// CloudNativePG's Clusters with these labels, by namespace and name. An empty namespace: the one that Cluster lives in;
  /// `*`: all of them.
  virtual std::variant<std::vector<DatabaseCluster>, ClusterFailure> database_clusters(
      const std::string& name_space, const std::string& selector) = 0;
  /// One of them, with its backups.
  virtual std::variant<DatabaseCluster, ClusterFailure> database_cluster(const std::string& name_space,
                                                                         const std::string& name) = 0;
  /// Which of the rules that all this needs the API server does not grant to us; asks it about each, and for nothing else.
  virtual std::variant<std::vector<AccessRule>, ClusterFailure> missing_access(const AccessNeeds& needs) = 0;
};

}  // namespace pgsluice
