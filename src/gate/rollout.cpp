// SPDX-License-Identifier: Apache-2.0
#include "gate/rollout.hpp"

#include <algorithm>
#include <memory>

#include "base/json.hpp"
#include "base/text.hpp"

namespace pgsluice {
namespace {

using namespace std::chrono_literals;

/// Something that keeps the gate from being open.
struct Remark {
  Verdict verdict = Verdict::closed;
  std::string words;
};

std::string text(std::string_view from_outside) {
  return printable_line(from_outside);
}

std::string name_of(const Workload& workload) {
  return cat(to_string(workload.kind), " ", text(workload.name));
}

/// "3 of 5 pods".
std::string of_pods(long long some, long long all) {
  return cat(std::to_string(some), " of ", count_of(static_cast<std::size_t>(std::max(all, 0LL)), "pod"));
}

bool is_batch(const Workload& workload) {
  return workload.kind == WorkloadKind::cron_job || workload.kind == WorkloadKind::job;
}

bool works(const Pod& pod) {
  return pod.phase != "Succeeded" && pod.phase != "Failed";
}

/// `2.4.0-alpine` is an image of 2.4.0, `main` contradicts nothing, and two commits contradict each other.
bool contradict(std::string_view a, std::string_view b, const AppNeed& need) {
  const std::optional<int> order = compare_releases(a, b, need.order);
  if (!order && is_commit(a) && is_commit(b)) return true;
  if (order.value_or(0) == 0) return false;
  for (std::string_view* one : {&a, &b}) one->remove_prefix(one->starts_with('v') ? 1 : 0);
  if (a.size() > b.size()) std::swap(a, b);
  return !(b.starts_with(a) && b[a.size()] == '-');
}

/// What another source says that does not fit; none: nobody contradicts. The newer one is not believed.
const AppVersion* doubt_of(const AppVersion& version, const AppNeed& need) {
  const auto found = std::ranges::find_if(version.others, [&](const AppVersion& other) {
    return contradict(version.text, other.text, need) && fits(other.text, need) != Verdict::open;
  });
  return found == version.others.end() ? nullptr : &*found;
}

/// What keeps a version from being known as one that fits; none: it fits.
std::optional<Remark> judge(const AppVersion& version, const AppNeed& need, const std::string& who) {
  if (version.text.empty()) {
    return Remark{Verdict::unknown,
                  cat(who, " a version that nothing tells (", text(version.source),
                      "): label the template of its pods with app.kubernetes.io/version, or say "
                      "--version-container")};
  }
  const Verdict verdict = fits(version.text, need);
  std::string words = cat(who, " ", text(version.text));
  if (verdict == Verdict::open) {
    const AppVersion* doubt = doubt_of(version, need);
    if (doubt == nullptr) return std::nullopt;
    return Remark{Verdict::unknown, cat(words, " by its ", text(version.source), ", but ", text(doubt->text),
                                        " by its ", text(doubt->source), ": let both say the same")};
  }
  if (is_misfit(version.text, need))
    words += ", and that one has come without files that this step goes with";
  if (verdict == Verdict::unknown) words += cat(", which cannot be compared with ", text(need.version));
  return Remark{verdict, std::move(words)};
}

/// Where releases are commits, the revision is one that the ledger knows.
bool is_release(const std::string& revision, const AppNeed& need) {
  return is_commit(revision) && std::ranges::any_of(need.order, [&revision](const std::string& release) {
           return compare_releases(release, revision, {}) == 0;
         });
}

std::optional<Remark> judge(const ArgoDeployment& deployment, const AppNeed& need) {
  const std::string who = cat("Argo CD can roll ", text(deployment.application), " back to ",
                              text(deployment.revision), " of ", text(deployment.deployed_at));
  if (!deployment.version.text.empty()) return judge(deployment.version, need, cat(who, ", which runs"));
  if (is_release(deployment.revision, need))
    return judge(AppVersion{deployment.revision, "revision"}, need, cat(who, ", which runs"));
  return Remark{Verdict::unknown,
                cat(who, ", and nothing says which release that is (", text(deployment.version.source),
                    "): name the image in the Application (kustomize.images, or image.tag for Helm), let it "
                    "track tags with versions, or leave --argo-application out")};
}

std::string why_unfinished(const Workload& workload) {
  if (!workload.observed) return "its controller has not looked at the latest change yet";
  if (workload.aborted) return "it is aborted and goes back to the revision before";
  if (workload.updated < workload.wanted) {
    std::string words = cat(of_pods(workload.updated, workload.wanted), " updated");
    if (workload.paused) words += ", and it is paused";
    if (workload.on_delete) words += "; its strategy is OnDelete: old pods stay until somebody deletes them";
    return words;
  }
  if (workload.total > workload.updated) {
    const auto old = static_cast<std::size_t>(workload.total - workload.updated);
    return cat(count_of(old, "old pod"), " still there");
  }
  if (workload.available < workload.wanted) {
    return cat(of_pods(workload.available, workload.wanted), " available");
  }
  return workload.stable ? "" : "its canary is not promoted yet";
}

void remark_on(const Workload& workload, const AppNeed& need, std::vector<Remark>& remarks) {
  const std::string_view verb = is_batch(workload) ? " runs" : " deploys";
  if (auto remark = judge(workload.version, need, cat(name_of(workload), verb))) {
    remarks.push_back(std::move(*remark));
  }
  if (is_batch(workload)) return;
  const std::string why = why_unfinished(workload);
  if (!why.empty()) remarks.push_back({Verdict::closed, cat(name_of(workload), " is not rolled out: ", why)});
}

std::optional<Remark> remark_on(const Pod& pod, const AppNeed& need) {
  if (!works(pod)) return std::nullopt;
  auto remark =
      judge(pod.version, need,
            cat("pod ", text(pod.name), pod.owner.empty() ? ", which nothing makes anew," : "", " runs"));
  if (remark && pod.terminating) {
    remark->words += " and is terminating";
    if (pod.grace) remark->words += cat(": gone within ", std::to_string(pod.grace->count()), "s");
  }
  return remark;
}

/// What is closed comes first: it is what somebody can wait for.
void conclude(Evidence& evidence, std::vector<Remark> remarks, const std::string& when_open) {
  std::stable_sort(remarks.begin(), remarks.end(), [](const Remark& a, const Remark& b) {
    return a.verdict == Verdict::closed && b.verdict != Verdict::closed;
  });
  if (remarks.empty()) {
    evidence.verdict = Verdict::open;
    evidence.words = when_open;
    return;
  }
  evidence.verdict = remarks.front().verdict;
  evidence.words = remarks.front().words;
  if (remarks.size() > 1) evidence.words += cat(" (and ", std::to_string(remarks.size() - 1), " more)");
}

OrderedJson remarks_json(const std::vector<Remark>& remarks) {
  constexpr std::size_t most = 50;  // a row of the ledger is no place for a thousand pods
  OrderedJson list = OrderedJson::array();
  for (std::size_t i = 0; i < std::min(remarks.size(), most); ++i) list.push_back(remarks[i].words);
  return list;
}

OrderedJson to_json(const Workload& workload) {
  OrderedJson json;
  json["kind"] = to_string(workload.kind);
  json["name"] = workload.name;
  json["version"] = workload.version.text;
  if (is_batch(workload)) return json;
  json["wanted"] = workload.wanted;
  json["updated"] = workload.updated;
  json["total"] = workload.total;
  json["available"] = workload.available;
  return json;
}

OrderedJson seen(const ClusterView& view) {
  OrderedJson json;
  json["namespace"] = view.name_space;
  json["selector"] = view.selector;
  return json;
}

Evidence nothing_found(Evidence evidence, const ClusterView& view) {
  evidence.words =
      cat("no workload and no pod of namespace ", text(view.name_space), " matches ", text(view.selector),
          ": say with --kube-selector and --kube-namespace where the application is");
  return evidence;
}

bool is_empty(const ClusterView& view) {
  return view.workloads.empty() && view.pods.empty();
}

}  // namespace

Evidence rollout_evidence(const ClusterView& view, const AppNeed& need) {
  Evidence evidence{.provider = "rollout", .subject = to_string(need)};
  if (is_empty(view)) return nothing_found(std::move(evidence), view);
  std::vector<Remark> remarks;
  OrderedJson json = seen(view);
  json["workloads"] = OrderedJson::array();
  for (const Workload& workload : view.workloads) {
    remark_on(workload, need, remarks);
    json["workloads"].push_back(to_json(workload));
  }
  for (const Pod& pod : view.pods) {
    if (auto remark = remark_on(pod, need)) remarks.push_back(std::move(*remark));
  }
  const auto working = static_cast<std::size_t>(std::count_if(view.pods.begin(), view.pods.end(), works));
  json["pods"] = working;
  json["problems"] = remarks_json(remarks);
  evidence.detail = dump(json);
  conclude(evidence, std::move(remarks),
           cat(count_of(view.workloads.size(), "workload"), " rolled out, ", count_of(working, "pod"),
               working == 1 ? " fits " : " fit ", text(to_string(need))));
  return evidence;
}

Evidence rollback_evidence(const ClusterView& view, const AppNeed& need, int horizon) {
  Evidence evidence{.provider = "rollback-horizon", .subject = to_string(need)};
  if (is_empty(view)) return nothing_found(std::move(evidence), view);
  std::vector<Remark> remarks;
  std::size_t looked_at = 0;
  // Both lists have what belongs together side by side, newest first.
  const auto look = [&](const std::string& group, std::string& last, int& age) {
    age = group == last ? age + 1 : 0;
    last = group;
    const bool counts = age >= 1 && age <= horizon;
    if (counts) ++looked_at;
    return counts;
  };
  std::string last;
  int age = 0;
  for (const Revision& revision : view.revisions) {
    const std::string owner = cat(to_string(revision.kind), " ", text(revision.workload));
    if (!look(owner, last, age)) continue;
    auto remark = judge(revision.version, need,
                        cat(owner, " can be rolled back to revision ", std::to_string(revision.number), " (",
                            text(revision.name), "), which runs"));
    if (remark) remarks.push_back(std::move(*remark));
  }
  // Entries that follow one another with the same release are one step back: its button offers all of them.
  last.clear();
  std::string release;
  for (const ArgoDeployment& deployment : view.argo_deployments) {
    const std::string application = cat("Application ", text(deployment.application));
    const bool is_same = application == last && !release.empty() && release == deployment.version.text;
    release = deployment.version.text;
    if (is_same) --age;
    if (!look(application, last, age)) continue;
    auto remark = judge(deployment, need);
    if (remark) remarks.push_back(std::move(*remark));
  }
  OrderedJson json = seen(view);
  json["horizon"] = horizon;
  json["revisions"] = looked_at;
  json["problems"] = remarks_json(remarks);
  evidence.detail = dump(json);
  conclude(evidence, std::move(remarks),
           looked_at == 0 ? std::string("there is nothing to roll back to")
                          : cat(count_of(looked_at, "earlier revision"), looked_at == 1 ? " fits " : " fit ",
                                text(to_string(need))));
  return evidence;
}

namespace {

/// Looks at the cluster, and remembers it for as long as several questions in a row take.
class Eyes {
 public:
  Eyes(Cluster& cluster, Clock& clock, ClusterPolicy policy)
      : cluster_(cluster), clock_(clock), policy_(std::move(policy)) {}

  [[nodiscard]] int horizon() const { return policy_.rollback_horizon; }

  const std::variant<ClusterView, ClusterFailure>& look(const std::string& app) {
    // What has just failed with all its tries would fail again, and each look may use up its whole budget.
    const auto fresh = seen_ && std::holds_alternative<ClusterView>(*seen_) ? 5s : 60s;
    if (seen_ && app == app_ && clock_.now() - at_ < fresh) return *seen_;
    AppSelection selection = policy_.selection;
    if (selection.selector.empty()) selection.selector = cat("app.kubernetes.io/name=", app);
    seen_ = cluster_.look(selection);
    app_ = app;
    at_ = clock_.now();
    return *seen_;
  }

 private:
  Cluster& cluster_;
  Clock& clock_;
  ClusterPolicy policy_;
  std::optional<std::variant<ClusterView, ClusterFailure>> seen_;
  std::string app_;
  Clock::time_point at_{};
};

Evidence cannot_see(const std::string& provider, const AppNeed& need, const ClusterFailure& failure) {
  return {.provider = provider,
          .subject = to_string(need),
          .words = failure.hint.empty() ? failure.message : cat(failure.message, ". ", failure.hint)};
}

EvidenceSource source(const std::string& provider, const std::shared_ptr<Eyes>& eyes,
                      Evidence (*judge_view)(const ClusterView&, const AppNeed&, int)) {
  return {.provider = provider, .look = [=](const GateQuestion& question) -> std::vector<Evidence> {
            std::vector<Evidence> all;
            for (const AppNeed& need : question.needs) {
              const auto& seen = eyes->look(need.app);
              const auto* failure = std::get_if<ClusterFailure>(&seen);
              all.push_back(failure != nullptr
                                ? cannot_see(provider, need, *failure)
                                : judge_view(std::get<ClusterView>(seen), need, eyes->horizon()));
            }
            return all;
          }};
}

Evidence rollout_of(const ClusterView& view, const AppNeed& need, int /*horizon*/) {
  return rollout_evidence(view, need);
}

}  // namespace

std::vector<EvidenceSource> cluster_sources(Cluster& cluster, Clock& clock, const ClusterPolicy& policy) {
  const auto eyes = std::make_shared<Eyes>(cluster, clock, policy);
  return {source("rollout", eyes, rollout_of), source("rollback-horizon", eyes, rollback_evidence)};
}

}  // namespace pgsluice
