// SPDX-License-Identifier: Apache-2.0
#include "cluster/read.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.hpp"

namespace pgsluice {

std::string_view to_string(WorkloadKind kind) {
  constexpr std::array<std::string_view, 7> words = {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet",
                                                     "Rollout",    "CronJob",     "Job"};
  return words[static_cast<std::size_t>(kind)];
}

namespace cluster {

const Json& member_at(const Json& value, std::initializer_list<std::string_view> path) {
  static const Json k_missing;
  const Json* here = &value;
  for (const std::string_view key : path) {
    if (!here->is_object()) return k_missing;
    const auto found = here->find(key);
    if (found == here->end()) return k_missing;
    here = &*found;
  }
  return *here;
}

std::string text_at(const Json& value, std::initializer_list<std::string_view> path) {
  const Json& member = member_at(value, path);
  return member.is_string() ? member.get<std::string>() : std::string();
}

long long number_at(const Json& value, std::initializer_list<std::string_view> path, long long missing) {
  const Json& member = member_at(value, path);
  if (member.is_number_integer()) return member.get<long long>();
  if (!member.is_string()) return missing;
  const auto& text = member.get_ref<const std::string&>();  // Argo Rollouts and annotations write numbers so
  long long number = missing;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool truth_at(const Json& value, std::initializer_list<std::string_view> path) {
  const Json& member = member_at(value, path);
  return member.is_boolean() && member.get<bool>();
}

std::string image_tag(std::string_view image) {
  image = image.substr(0, image.find('@'));
  const std::size_t slash = image.rfind('/');
  if (slash != std::string_view::npos) image.remove_prefix(slash + 1);  // a port of the registry is no tag
  const std::size_t colon = image.find(':');
  return colon == std::string_view::npos ? std::string() : std::string(image.substr(colon + 1));
}

namespace {

/// The elements of an array; none when it is no array.
const Json::array_t& elements(const Json& value) {
  static const Json::array_t k_none;
  return value.is_array() ? value.get_ref<const Json::array_t&>() : k_none;
}

/// Side-cars have versions of their own: one of theirs must not be taken for the application's.
std::string image_of_all(const Json::array_t& containers) {
  const std::string first = text_at(containers.front(), {"image"});
  const bool is_same = std::ranges::all_of(
      containers, [&](const Json& one) { return image_tag(text_at(one, {"image"})) == image_tag(first); });
  return is_same ? first : std::string();
}

/// The container whose image is the application: the one that is named, the one that kubectl's annotation names, or any
/// where all say the same.
std::string image_of(const Json& pod, const AppSelection& selection) {
  const Json::array_t& containers = elements(member_at(pod, {"spec", "containers"}));
  if (containers.empty()) return {};
  std::string wanted = selection.container;
  if (wanted.empty()) {
    wanted = text_at(pod, {"metadata", "annotations", "kubectl.kubernetes.io/default-container"});
  }
  const auto named = std::find_if(containers.begin(), containers.end(),
                                  [&](const Json& one) { return text_at(one, {"name"}) == wanted; });
  if (named != containers.end()) return text_at(*named, {"image"});
  return selection.container.empty() ? image_of_all(containers) : std::string();
}

AppVersion version_from(VersionSource source, const Json& pod, const AppSelection& selection) {
  switch (source) {
    case VersionSource::label:
      return {text_at(pod, {"metadata", "labels", selection.version_label}),
              cat("label ", selection.version_label)};
    case VersionSource::annotation:
      return {text_at(pod, {"metadata", "annotations", selection.version_annotation}),
              cat("annotation ", selection.version_annotation)};
    case VersionSource::image: break;
  }
  const std::string image = image_of(pod, selection);
  return {image_tag(image),
          image.empty() ? "nobody says which container is the application's" : cat("image ", image)};
}

/// The first source that says something counts; what the others say may contradict it.
void hear(AppVersion& version, AppVersion told) {
  if (version.text.empty()) {
    version = std::move(told);
  } else if (!told.text.empty() && told.text != version.text) {
    version.others.push_back(std::move(told));
  }
}

Workload count(Workload workload, const Json& object) {
  const Json& status = member_at(object, {"status"});
  if (workload.kind == WorkloadKind::daemon_set) {
    workload.wanted = number_at(status, {"desiredNumberScheduled"}, 0);
    workload.updated = number_at(status, {"updatedNumberScheduled"}, 0);
    workload.total = number_at(status, {"currentNumberScheduled"}, 0);
    workload.available = number_at(status, {"numberAvailable"}, 0);
    return workload;
  }
  workload.wanted = number_at(object, {"spec", "replicas"}, 1);
  if (workload.kind == WorkloadKind::replica_set) {  // its template is the only one that it has had
    workload.total = number_at(status, {"replicas"}, 0);
    workload.updated = workload.total;
    workload.available = number_at(status, {"availableReplicas"}, 0);
    return workload;
  }
  workload.updated = number_at(status, {"updatedReplicas"}, 0);
  workload.total = number_at(status, {"replicas"}, 0);
  // A StatefulSet has told who is available since 1.22 only.
  workload.available = number_at(status, {"availableReplicas"}, number_at(status, {"readyReplicas"}, 0));
  return workload;
}

bool has_condition(const Json& object, std::string_view type) {
  const Json::array_t& conditions = elements(member_at(object, {"status", "conditions"}));
  return std::any_of(conditions.begin(), conditions.end(), [&](const Json& one) {
    return text_at(one, {"type"}) == type && text_at(one, {"status"}) == "True";
  });
}

/// Of a Git tag: `v2.4.0`, `refs/tags/v2.4.0`, `checkout/v2.4.0` or `release-2.4.0`. Empty: it names none.
std::string version_in_tag(std::string_view tag) {
  tag.remove_prefix(tag.rfind('/') + 1);  // npos + 1 is 0
  for (std::size_t begin = 0;; ++begin) {
    const std::string_view rest = tag.substr(begin);
    const std::size_t digit = rest.starts_with('v') ? 1 : 0;
    const bool is_number = rest.size() > digit && rest[digit] >= '0' && rest[digit] <= '9';
    if (is_number && rest.find('.') != std::string_view::npos) return std::string(rest);
    begin = tag.find('-', begin);
    if (begin == std::string_view::npos) return {};
  }
}

/// Which release an Application deploys stands in what Kustomize or Helm is told, or in the name of a Git tag.
AppVersion version_of_source(const Json& source) {
  const Json::array_t& images = elements(member_at(source, {"kustomize", "images"}));
  if (images.size() == 1 && images.front().is_string()) {
    const auto& image = images.front().get_ref<const std::string&>();
    if (std::string tag = image_tag(image.substr(image.find('=') + 1)); !tag.empty()) {
      return {std::move(tag), cat("image ", image)};
    }
  }
  for (const Json& parameter : elements(member_at(source, {"helm", "parameters"}))) {
    if (text_at(parameter, {"name"}) == "image.tag") return {text_at(parameter, {"value"}), "image.tag"};
  }
  const std::string target = text_at(source, {"targetRevision"});
  return {version_in_tag(target), cat("targetRevision ", target)};
}

/// Of several sources, one may have the manifests and another one the values.
AppVersion version_of_sources(const Json::array_t& sources) {
  AppVersion version;
  for (const Json& source : sources) {
    hear(version, version_of_source(source));
  }
  return version;
}

}  // namespace

AppVersion version_of(const Json& pod, const AppSelection& selection) {
  AppVersion version;
  for (const VersionSource source : selection.version_from) {
    hear(version, version_from(source, pod, selection));
  }
  return version;
}

Workload read_workload(const Json& object, WorkloadKind kind, const AppSelection& selection) {
  const bool is_cron = kind == WorkloadKind::cron_job;
  const Json& spec =
      is_cron ? member_at(object, {"spec", "jobTemplate", "spec"}) : member_at(object, {"spec"});
  Workload workload{.kind = kind,
                    .name = text_at(object, {"metadata", "name"}),
                    .uid = text_at(object, {"metadata", "uid"}),
                    .version = version_of(member_at(spec, {"template"}), selection)};
  if (is_cron || kind == WorkloadKind::job) {
    workload.paused = truth_at(object, {"spec", "suspend"});
    return workload;
  }
  const long long generation = number_at(object, {"metadata", "generation"}, 0);
  workload.observed = number_at(object, {"status", "observedGeneration"}, 0) >= generation;
  workload.paused = truth_at(spec, {"paused"});
  workload.on_delete = text_at(spec, {"updateStrategy", "type"}) == "OnDelete";
  if (kind == WorkloadKind::rollout) {
    const Json& status = member_at(object, {"status"});
    workload.paused = workload.paused || truth_at(status, {"controllerPause"});
    workload.aborted = truth_at(status, {"abort"});
    workload.stable = text_at(status, {"stableRS"}) == text_at(status, {"currentPodHash"});
  }
  return count(std::move(workload), object);
}

bool is_finished_job(const Json& job) {
  return has_condition(job, "Complete") || has_condition(job, "Failed");
}

Pod read_pod(const Json& object, const AppSelection& selection) {
  Pod pod{.name = text_at(object, {"metadata", "name"}),
          .uid = text_at(object, {"metadata", "uid"}),
          .version = version_of(object, selection),
          .phase = text_at(object, {"status", "phase"}),
          .terminating = member_at(object, {"metadata", "deletionTimestamp"}).is_string()};
  for (const Json& owner : elements(member_at(object, {"metadata", "ownerReferences"}))) {
    if (truth_at(owner, {"controller"})) {
      pod.owner = cat(text_at(owner, {"kind"}), "/", text_at(owner, {"name"}));
    }
  }
  const long long grace = number_at(object, {"metadata", "deletionGracePeriodSeconds"}, -1);
  if (grace >= 0) pod.grace = std::chrono::seconds(grace);
  return pod;
}

Revision read_replica_set(const Json& object, const Workload& owner, const AppSelection& selection) {
  const std::string_view key = owner.kind == WorkloadKind::rollout ? "rollout.argoproj.io/revision"
                                                                   : "deployment.kubernetes.io/revision";
  return {.kind = owner.kind,
          .workload = owner.name,
          .name = text_at(object, {"metadata", "name"}),
          .number = number_at(object, {"metadata", "annotations", key}, 0),
          .version = version_of(member_at(object, {"spec", "template"}), selection)};
}

Revision read_controller_revision(const Json& object, const Workload& owner, const AppSelection& selection) {
  return {.kind = owner.kind,
          .workload = owner.name,
          .name = text_at(object, {"metadata", "name"}),
          .number = number_at(object, {"revision"}, 0),
          .version = version_of(member_at(object, {"data", "spec", "template"}), selection)};
}

ArgoDeployment read_argo_deployment(const Json& entry, const std::string& application) {
  const Json::array_t& sources = elements(member_at(entry, {"sources"}));
  const Json::array_t& revisions = elements(member_at(entry, {"revisions"}));
  std::string revision = text_at(entry, {"revision"});
  if (revision.empty() && !revisions.empty() && revisions.front().is_string()) {
    revision = revisions.front().get<std::string>();
  }
  return {.application = application,
          .id = number_at(entry, {"id"}, 0),
          .revision = std::move(revision),
          .deployed_at = text_at(entry, {"deployedAt"}),
          .version = sources.empty() ? version_of_source(member_at(entry, {"source"}))
                                     : version_of_sources(sources)};
}

std::string controller_uid(const Json& object) {
  const Json::array_t& owners = elements(member_at(object, {"metadata", "ownerReferences"}));
  const auto controller = std::find_if(owners.begin(), owners.end(),
                                       [](const Json& owner) { return truth_at(owner, {"controller"}); });
  return controller == owners.end() ? std::string() : text_at(*controller, {"uid"});
}

namespace {

std::string expression_text(const Json& expression) {
  const std::string key = text_at(expression, {"key"});
  const std::string how = text_at(expression, {"operator"});
  std::vector<std::string> values;
  for (const Json& value : elements(member_at(expression, {"values"}))) {
    if (value.is_string()) values.push_back(value.get<std::string>());
  }
  if (how == "In") return cat(key, " in (", join(values, ","), ")");
  if (how == "NotIn") return cat(key, " notin (", join(values, ","), ")");
  return how == "DoesNotExist" ? cat("!", key) : key;
}

}  // namespace

std::string selector_text(const Json& label_selector) {
  std::vector<std::string> parts;
  const Json& labels = member_at(label_selector, {"matchLabels"});
  if (labels.is_object()) {
    for (const auto& [key, value] : labels.items()) {
      if (value.is_string()) parts.push_back(cat(key, "=", value.get_ref<const std::string&>()));
    }
  }
  for (const Json& expression : elements(member_at(label_selector, {"matchExpressions"}))) {
    parts.push_back(expression_text(expression));
  }
  return join(parts, ",");
}

}  // namespace cluster
}  // namespace pgsluice
