// SPDX-License-Identifier: Apache-2.0
#include "cluster/cluster.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

#include "base/text.hpp"
#include "cluster/read.hpp"

namespace pgsluice::cluster {
namespace {

struct Kind {
  WorkloadKind kind;
  Resource resource;
};

Resource apps(std::string_view plural) {
  return {.group = "apps", .version = "v1", .plural = std::string(plural)};
}
const Resource& pods() {
  static const Resource k_pods{.group = "", .version = "v1", .plural = "pods"};
  return k_pods;
}
const Resource& jobs() {
  static const Resource k_jobs{.group = "batch", .version = "v1", .plural = "jobs"};
  return k_jobs;
}
const Resource& argo_applications() {
  static const Resource k_applications{
      .group = "argoproj.io", .version = "v1alpha1", .plural = "applications", .optional = true};
  return k_applications;
}

Resource cnpg(std::string_view plural) {
  return {.group = "postgresql.cnpg.io", .version = "v1", .plural = std::string(plural)};
}

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> k_kinds = {
      {WorkloadKind::deployment, apps("deployments")},
      {WorkloadKind::stateful_set, apps("statefulsets")},
      {WorkloadKind::daemon_set, apps("daemonsets")},
      {WorkloadKind::replica_set, apps("replicasets")},
      {WorkloadKind::rollout,
       {.group = "argoproj.io", .version = "v1alpha1", .plural = "rollouts", .optional = true}},
      {WorkloadKind::cron_job,  // v1 since Kubernetes 1.21
       {.group = "batch", .version = "v1", .plural = "cronjobs", .older_version = "v1beta1"}},
      {WorkloadKind::job, jobs()},
  };
  return k_kinds;
}

/// "argocd/checkout", or just a name: of the namespace that the application is in.
struct ArgoName {
  std::string name_space;
  std::string name;
};
ArgoName argo_name(const std::string& text, const std::string& name_space) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return {name_space, text};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

AccessRule rule_for(const Resource& resource, std::string_view verb, const std::string& name_space,
                    const std::string& name = {}) {
  return {.name_space = name_space,
          .group = resource.group,
          .resource = resource.plural,
          .verb = std::string(verb),
          .name = name};
}

/// Of every request that this file makes. `application` and `own`: the namespaces of the application, and ours.
std::vector<AccessRule> needed_access(const AccessNeeds& needs, const std::string& application,
                                      const std::string& own) {
  std::vector<AccessRule> rules;
  for (const Kind& kind : kinds()) rules.push_back(rule_for(kind.resource, "list", application));
  rules.push_back(rule_for(apps("controllerrevisions"), "list", application));
  rules.push_back(rule_for(pods(), "list", application));
  rules.push_back(rule_for(jobs(), "get", application));
  for (const std::string& one : needs.selection.argo_applications) {
    const ArgoName argo = argo_name(one, application);
    rules.push_back(rule_for(argo_applications(), "get", argo.name_space, argo.name));
  }
  if (!needs.database_cluster.empty()) {
    rules.push_back(rule_for(cnpg("clusters"), "get", application, needs.database_cluster));
    rules.push_back(rule_for(cnpg("backups"), "list", application));
  }
  if (!needs.job.empty()) rules.push_back(rule_for(jobs(), "patch", own, needs.job));
  return rules;
}

ClusterFailure no_namespace() {
  return {"it is not known which namespace the application is in", "Name it."};
}

/// Thrown inside a look, and nowhere else.
struct Stopped {
  ClusterFailure failure;
};

template <typename Value>
Value value_of(Asked<Value> asked) {
  if (auto* failure = std::get_if<ClusterFailure>(&asked)) throw Stopped{std::move(*failure)};
  return std::move(std::get<Value>(asked));
}

/// One look: fills a view, request by request. What makes pods is asked before the pods, so that a pod which a newer
/// template has made meanwhile is seen, too.
class Look {
 public:
  Look(Client& client, const AppSelection& selection, std::string name_space)
      : client_(client), selection_(selection) {
    view_.name_space = std::move(name_space);
    view_.selector = selection.selector;
  }

  ClusterView take() {
    for (const Kind& kind : kinds()) look_at(kind);
    for (const Made& made : made_) look_at_revisions(made);
    add_pods(selection_.selector);
    for (const Made& made : made_) add_pods(made.selector);
    for (const std::string& application : selection_.argo_applications) look_at_argo(application);
    return std::move(view_);
  }

 private:
  struct Made {
    std::size_t workload;
    std::string selector;  ///< of its pods
  };

  void look_at(const Kind& kind) {
    const auto objects = value_of(client_.list(kind.resource, view_.name_space, selection_.selector));
    for (const Json& object : objects) {
      add_workload(object, kind.kind);
      if (kind.kind == WorkloadKind::cron_job) add_running_jobs(object);
    }
  }

  void add_workload(const Json& object, WorkloadKind kind) {
    Workload workload = read_workload(object, kind, selection_);
    if (kind == WorkloadKind::job && is_finished_job(object)) return;
    // What a Deployment makes is one of its revisions. What nobody makes (any more) works on for itself.
    const bool runs_alone = controller_uid(object).empty() && workload.wanted > 0;
    if (kind == WorkloadKind::replica_set && !runs_alone) return;
    if (!seen_.insert(workload.uid).second) return;
    view_.workloads.push_back(std::move(workload));
    // A CronJob has Jobs, and those have pods.
    std::string selector = selector_text(member_at(object, {"spec", "selector"}));
    if (!selector.empty()) made_.push_back({view_.workloads.size() - 1, std::move(selector)});
  }

  /// They need not have the labels of the application: the template of a CronJob says which they get.
  void add_running_jobs(const Json& cron_job) {
    const Json& active = member_at(cron_job, {"status", "active"});
    if (!active.is_array()) return;
    for (const Json& reference : active) {
      const std::string name = text_at(reference, {"name"});
      const auto job = value_of(client_.get(jobs(), view_.name_space, name));
      if (job) add_workload(*job, WorkloadKind::job);
    }
  }

  void look_at_revisions(const Made& made) {
    Workload& workload = view_.workloads[made.workload];
    const bool by_replica_sets =
        workload.kind == WorkloadKind::deployment || workload.kind == WorkloadKind::rollout;
    if (workload.kind == WorkloadKind::job || workload.kind == WorkloadKind::replica_set) return;
    const Resource resource = apps(by_replica_sets ? "replicasets" : "controllerrevisions");
    std::vector<Revision> revisions;
    for (const Json& object : value_of(client_.list(resource, view_.name_space, made.selector))) {
      if (controller_uid(object) != workload.uid) continue;
      revisions.push_back(by_replica_sets ? read_replica_set(object, workload, selection_)
                                          : read_controller_revision(object, workload, selection_));
    }
    std::sort(revisions.begin(), revisions.end(),
              [](const Revision& a, const Revision& b) { return a.number > b.number; });
    // The template of a Rollout may stand in a Deployment that it refers to.
    if (workload.version.text.empty() && !revisions.empty()) workload.version = revisions.front().version;
    std::move(revisions.begin(), revisions.end(), std::back_inserter(view_.revisions));
  }

  void add_pods(const std::string& selector) {
    if (!asked_.insert(selector).second) return;
    for (const Json& object : value_of(client_.list(pods(), view_.name_space, selector))) {
      Pod pod = read_pod(object, selection_);
      if (seen_.insert(pod.uid).second) view_.pods.push_back(std::move(pod));
    }
  }

  void look_at_argo(const std::string& application) {
    const auto [name_space, name] = argo_name(application, view_.name_space);
    const auto object = value_of(client_.get(argo_applications(), name_space, name));
    if (!object) throw Stopped{no_application(name, name_space)};
    const Json& history = member_at(*object, {"status", "history"});
    std::vector<ArgoDeployment> deployments;
    for (const Json& entry : history.is_array() ? history : Json::array()) {
      deployments.push_back(read_argo_deployment(entry, application));
    }
    std::sort(deployments.begin(), deployments.end(),
              [](const ArgoDeployment& a, const ArgoDeployment& b) { return a.id > b.id; });
    std::move(deployments.begin(), deployments.end(), std::back_inserter(view_.argo_deployments));
  }

  static ClusterFailure no_application(const std::string& name, const std::string& name_space) {
    return {cat("there is no Argo CD Application ", printable_line(name), " in namespace ",
                printable_line(name_space)),
            "Name it as NAMESPACE/NAME; the namespace is usually argocd."};
  }

  Client& client_;
  const AppSelection& selection_;
  ClusterView view_;
  std::vector<Made> made_;
  std::set<std::string> seen_;   // uids
  std::set<std::string> asked_;  // selectors of pods
};

class RealCluster final : public Cluster {
 public:
  RealCluster(std::unique_ptr<Http> http, std::string name_space, Clock& clock, const Interrupt& interrupt,
              const Client::Limits& limits)
      : http_(std::move(http)),
        client_(*http_, clock, interrupt, limits),
        name_space_(std::move(name_space)) {}

  std::variant<ClusterView, ClusterFailure> look(const AppSelection& selection) override {
    const std::string& name_space = selection.name_space.empty() ? name_space_ : selection.name_space;
    if (name_space.empty()) return no_namespace();
    // Without a selector every pod of the namespace would count as the application's.
    if (selection.selector.empty()) {
      return ClusterFailure{"nothing says which workloads belong to the application",
                            "Name their labels, such as app.kubernetes.io/name=checkout."};
    }
    client_.begin();
    try {
      return Look(client_, selection, name_space).take();
    } catch (Stopped& stopped) {
      return std::move(stopped.failure);
    }
  }

  std::optional<ClusterFailure> annotate_job(const std::string& job, const std::string& key,
                                             const std::string& value) override {
    client_.begin();
    OrderedJson change;
    change["metadata"]["annotations"][key] = value;
    return client_.patch(jobs(), name_space_, job, change);
  }

  std::variant<std::vector<DatabaseCluster>, ClusterFailure> database_clusters(
      const std::string& given, const std::string& selector) override {
    const std::string& name_space = given.empty() ? name_space_ : given;
    client_.begin();
    auto asked = client_.list(cnpg("clusters"), name_space, selector);
    if (auto* failure = std::get_if<ClusterFailure>(&asked)) return std::move(*failure);
    std::vector<DatabaseCluster> clusters;
    for (const Json& object : std::get<std::vector<Json>>(asked)) {
      clusters.push_back(read_database_cluster(object));
      if (clusters.back().name_space.empty()) clusters.back().name_space = name_space;
    }
    std::ranges::sort(clusters, {},
                      [](const DatabaseCluster& one) { return std::tie(one.name_space, one.name); });
    return clusters;
  }

  std::variant<DatabaseCluster, ClusterFailure> database_cluster(const std::string& given,
                                                                 const std::string& name) override {
    const std::string& name_space = given.empty() ? name_space_ : given;
    client_.begin();
    try {
      const auto object = value_of(client_.get(cnpg("clusters"), name_space, name));
      if (!object) {
        return ClusterFailure{cat("there is no CloudNativePG Cluster ", printable_line(name),
                                  " in namespace ", printable_line(name_space)),
                              "Name one that kubectl get clusters.postgresql.cnpg.io shows."};
      }
      DatabaseCluster cluster = read_database_cluster(*object);
      // Backups by a plugin are told by their own objects and not by the Cluster.
      if (cluster.last_backup.empty()) {
        cluster.last_backup = last_backup_of(value_of(client_.list(cnpg("backups"), name_space, "")), name);
      }
      return cluster;
    } catch (Stopped& stopped) {
      return std::move(stopped.failure);
    }
  }

  std::variant<std::vector<AccessRule>, ClusterFailure> missing_access(const AccessNeeds& needs) override {
    const std::string& given = needs.selection.name_space;
    const std::string& application = given.empty() ? name_space_ : given;
    if (application.empty()) return no_namespace();
    client_.begin();
    try {
      std::vector<AccessRule> missing = needed_access(needs, application, name_space_);
      std::erase_if(missing, [this](const AccessRule& rule) { return value_of(client_.may(rule)); });
      return missing;
    } catch (Stopped& stopped) {
      return std::move(stopped.failure);
    }
  }

 private:
  std::unique_ptr<Http> http_;
  Client client_;
  std::string name_space_;
};

}  // namespace

std::unique_ptr<Cluster> make_cluster(std::unique_ptr<Http> http, std::string name_space, Clock& clock,
                                      const Interrupt& interrupt, const Client::Limits& limits) {
  return std::make_unique<RealCluster>(std::move(http), std::move(name_space), clock, interrupt, limits);
}

}  // namespace pgsluice::cluster
