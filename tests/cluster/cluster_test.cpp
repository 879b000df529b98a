// SPDX-License-Identifier: Apache-2.0
// The real Cluster against an API server over TLS.

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "base/text.hpp"
#include "cluster/cluster.hpp"
#include "execute/clock.hpp"
#include "support/kube_api.hpp"
#include "support/kube_objects.hpp"

namespace pgsluice::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* k_cnpg = "apis/postgresql.cnpg.io/v1";

/// "list apps deployments": of a request as the server wrote it down.
std::string rule_of(const std::string& request) {
  const std::string method = request.substr(0, request.find(' '));
  const std::string path = request.substr(method.size() + 1, request.find('?') - method.size() - 1);
  const auto parts = split(path, '/');  // "", "apis", group, version, "namespaces", namespace, plural, name
  const std::size_t shift = parts[1] == "api" ? 0 : 1;
  const std::string group(shift == 0 ? "" : parts[2]);
  const bool of_one = parts.size() > 6 + shift;
  return cat(method == "PATCH" ? "patch" : of_one ? "get" : "list", " ", group, " ", parts[5 + shift]);
}

/// The same of the Role in the template.
std::set<std::string> granted_rules() {
  const std::string text =
      read_file(std::string(PGSLUICE_SOURCE_DIR) + "/templates/argocd/base/service-account.yaml");
  std::set<std::string> rules;
  std::string group;
  std::vector<std::string> resources;
  const auto words = [](std::string_view line) {
    std::vector<std::string> list;
    const std::size_t begin = line.find('[') + 1;
    for (const std::string_view word : split(line.substr(begin, line.find(']') - begin), ',')) {
      list.emplace_back(trim(word) == "\"\"" ? "" : trim(word));
    }
    return list;
  };
  for (const std::string_view raw : lines(text)) {
    const std::string_view line = trim(raw);
    if (line.starts_with("- apiGroups:")) group = words(line).front();
    if (line.starts_with("resources:")) resources = words(line);
    if (!line.starts_with("verbs:")) continue;
    for (const std::string& verb : words(line)) {
      for (const std::string& resource : resources) rules.insert(cat(verb, " ", group, " ", resource));
    }
  }
  return rules;
}

/// One server for all tests: each sets the state that it needs.
struct RealCluster : testing::Test {
  static KubeApi& api() {
    static KubeApi server;
    return server;
  }

  Interrupt interrupt;
  SystemClock clock{interrupt};
  OrderedJson state = empty_state();
  AppSelection selection{.name_space = "shop", .selector = "app.kubernetes.io/name=checkout"};
  cluster::Client::Limits limits{.budget = 20s, .page = 2};

  void SetUp() override { api().set_token("first"); }  // NOLINT(readability-identifier-naming)

  std::unique_ptr<Cluster> open(const std::filesystem::path& ca_file) {
    const HttpPeer peer{
        .url = api().url(), .token_file = api().token_file(), .ca_file = ca_file, .direct = true};
    return cluster::make_cluster(open_http(peer, interrupt), "shop", clock, interrupt, limits);
  }

  ClusterView see() {
    api().set(state);
    auto seen = open(api().ca_file())->look(selection);
    if (auto* failure = std::get_if<ClusterFailure>(&seen)) {
      ADD_FAILURE() << failure->message;
      return {};
    }
    return std::get<ClusterView>(seen);
  }

  std::string failure() {
    api().set(state);
    auto seen = open(api().ca_file())->look(selection);
    auto* failure = std::get_if<ClusterFailure>(&seen);
    return failure != nullptr ? failure->message + " | " + failure->hint : "seen";
  }

  OrderedJson fault(const std::string& match, int status) {
    static int id = 0;
    return {{"id", ++id}, {"match", match}, {"status", status}};
  }

  static std::vector<std::string> pod_names(const ClusterView& view) {
    std::vector<std::string> names;
    for (const Pod& pod : view.pods) names.push_back(pod.name);
    return names;
  }
};

TEST_F(RealCluster, SeesARolloutWithTerminatingPods) {
  add(state, "apis/apps/v1", "deployments", deployment("checkout", "2", 2, 2, 2, 2));
  add(state, "apis/apps/v1", "replicasets", replica_set("checkout", 1, "1"));
  add(state, "apis/apps/v1", "replicasets", replica_set("checkout", 2, "2"));
  add(state, "apis/apps/v1", "replicasets", replica_set("another", 1, "1"));
  for (const char* name : {"a", "b", "c"}) add(state, "api/v1", "pods", pod(name, "2", "checkout-rs2"));
  add(state, "api/v1", "pods", terminating(pod("old", "1", "checkout-rs1")));
  const ClusterView view = see();
  ASSERT_EQ(view.workloads.size(), 1U);
  EXPECT_EQ(view.workloads[0].version.text, "2");
  EXPECT_TRUE(view.workloads[0].observed);
  ASSERT_EQ(view.revisions.size(), 2U);
  EXPECT_EQ(view.revisions[0].version.text, "2");
  EXPECT_EQ(view.revisions[1].version.text, "1");
  // More than a page of them, found by the Deployment's own selector: they have no label of the application.
  EXPECT_EQ(pod_names(view), (std::vector<std::string>{"a", "b", "c", "old"}));
  EXPECT_TRUE(view.pods[3].terminating);
  EXPECT_EQ(view.pods[3].grace, 30s);
  EXPECT_EQ(view.pods[3].owner, "ReplicaSet/checkout-rs1");
}

/// Left by a Deployment that was deleted without them, or made by hand.
TEST_F(RealCluster, SeesReplicaSetsAndPodsThatNobodyOwns) {
  OrderedJson orphan = replica_set("checkout", 1, "1");
  orphan["metadata"].erase("ownerReferences");
  orphan["spec"]["replicas"] = 1;
  orphan["spec"]["selector"]["matchLabels"]["app"] = "orphan";
  add(state, "apis/apps/v1", "replicasets", orphan);
  orphan["metadata"]["name"] = orphan["metadata"]["uid"] = "scaled-down";
  orphan["spec"]["replicas"] = 0;
  add(state, "apis/apps/v1", "replicasets", orphan);
  OrderedJson of_orphan = pod("of-orphan", "1", "checkout-rs1");
  of_orphan["metadata"]["labels"]["app"] = "orphan";
  add(state, "api/v1", "pods", of_orphan);
  OrderedJson bare = pod("bare", "1", "");
  bare["metadata"].erase("ownerReferences");
  bare["metadata"]["labels"]["app.kubernetes.io/name"] = "checkout";
  add(state, "api/v1", "pods", bare);
  const ClusterView view = see();
  ASSERT_EQ(view.workloads.size(), 1U);
  EXPECT_EQ(view.workloads[0].kind, WorkloadKind::replica_set);
  EXPECT_EQ(view.workloads[0].version.text, "1");
  EXPECT_EQ(pod_names(view), (std::vector<std::string>{"bare", "of-orphan"}));
  EXPECT_EQ(view.pods[0].owner, "");
}

TEST_F(RealCluster, SeesCronJobsAndTheJobsThatTheyHaveStarted) {
  OrderedJson nightly = cron_job("nightly", "2");
  nightly["status"]["active"] = OrderedJson::parse(R"([{"name": "nightly-1"}, {"name": "nightly-gone"}])");
  add(state, "apis/batch/v1", "cronjobs", nightly);
  OrderedJson running = job("nightly-1", "1");
  running["metadata"]["labels"] = OrderedJson::object();
  add(state, "apis/batch/v1", "jobs", running);
  OrderedJson done = job("import", "1");
  done["status"]["conditions"] = OrderedJson::parse(R"([{"type": "Complete", "status": "True"}])");
  add(state, "apis/batch/v1", "jobs", done);
  const ClusterView view = see();
  ASSERT_EQ(view.workloads.size(), 2U);
  EXPECT_EQ(view.workloads[0].kind, WorkloadKind::cron_job);
  EXPECT_EQ(view.workloads[1].name, "nightly-1");
  EXPECT_EQ(view.workloads[1].version.text, "1");
}

TEST_F(RealCluster, SeesOtherKinds) {
  OrderedJson set = deployment("store", "2", 3, 1, 3, 3);
  set["spec"]["updateStrategy"]["type"] = "OnDelete";
  add(state, "apis/apps/v1", "statefulsets", set);
  OrderedJson revision = kube_object("store-5d4");
  revision["metadata"]["labels"]["app"] = "checkout";
  make_owner(revision, "StatefulSet", "store");
  revision["revision"] = 4;
  revision["data"]["spec"]["template"] = pod_template("1");
  add(state, "apis/apps/v1", "controllerrevisions", revision);
  OrderedJson agent = deployment("agent", "2", 0, 0, 0, 0);
  agent["status"] = {{"observedGeneration", 1},
                     {"desiredNumberScheduled", 5},
                     {"updatedNumberScheduled", 4},
                     {"currentNumberScheduled", 5},
                     {"numberAvailable", 5}};
  add(state, "apis/apps/v1", "daemonsets", agent);
  const ClusterView view = see();
  ASSERT_EQ(view.workloads.size(), 2U);
  EXPECT_TRUE(view.workloads[0].on_delete);
  EXPECT_EQ(view.workloads[1].wanted, 5);
  EXPECT_EQ(view.workloads[1].updated, 4);
  EXPECT_FALSE(view.workloads[1].observed);
  ASSERT_EQ(view.revisions.size(), 1U);
  EXPECT_EQ(view.revisions[0].version.text, "1");
}

TEST_F(RealCluster, SeesAnArgoRolloutWhoseTemplateStandsElsewhere) {
  state["unknown"] = OrderedJson::array();
  OrderedJson rollout = deployment("checkout", "2", 2, 1, 3, 3);
  rollout["spec"].erase("template");
  rollout["spec"]["workloadRef"]["name"] = "checkout";
  rollout["status"]["observedGeneration"] = "2";
  rollout["status"]["stableRS"] = "aaa";
  rollout["status"]["currentPodHash"] = "bbb";
  add(state, "apis/argoproj.io/v1alpha1", "rollouts", rollout);
  OrderedJson set = replica_set("checkout", 2, "2");
  set["metadata"]["annotations"] = {{"rollout.argoproj.io/revision", "7"}};
  add(state, "apis/apps/v1", "replicasets", set);
  const ClusterView view = see();
  ASSERT_EQ(view.workloads.size(), 1U);
  EXPECT_EQ(view.workloads[0].kind, WorkloadKind::rollout);
  EXPECT_TRUE(view.workloads[0].observed);
  EXPECT_FALSE(view.workloads[0].stable);
  EXPECT_EQ(view.workloads[0].version.text, "2");
  EXPECT_EQ(view.revisions.at(0).number, 7);
}

TEST_F(RealCluster, ReadsTheHistoryOfAnApplicationNewestFirst) {
  selection.argo_applications = {"argocd/checkout"};
  OrderedJson application = kube_object("checkout");
  application["status"]["history"] = OrderedJson::parse(R"([
      {"id": 3, "revision": "aaa", "source": {"targetRevision": "v1.0"}},
      {"id": 4, "revision": "bbb", "source": {"targetRevision": "v2.0"}}])");
  state["objects"]["/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"].push_back(application);
  const ClusterView view = see();
  ASSERT_EQ(view.argo_deployments.size(), 2U);
  EXPECT_EQ(view.argo_deployments[0].version.text, "v2.0");
  selection.argo_applications = {"argocd/another"};
  EXPECT_EQ(failure().find("there is no Argo CD Application another in namespace argocd"), 0U);
}

TEST_F(RealCluster, ReadsTheTokenAgainWhenItHasBeenReplaced) {
  state["tokens"] = {"second"};
  EXPECT_EQ(failure().find("the API server does not know our token"), 0U);
  api().set_token("second");
  EXPECT_EQ(failure(), "seen");
}

TEST_F(RealCluster, TrustsTheAuthorityThatItIsGivenAndNoOther) {
  api().set(state);
  auto seen = open(api().other_ca_file())->look(selection);
  ASSERT_TRUE(std::holds_alternative<ClusterFailure>(seen));
  EXPECT_NE(std::get<ClusterFailure>(seen).message.find("certificate"), std::string::npos);
}

TEST_F(RealCluster, SaysWhichRuleIsMissing) {
  state["forbidden"] = {"controllerrevisions", "pods"};
  EXPECT_NE(failure().find("resources: [pods], verbs: [list]"), std::string::npos);
}

TEST_F(RealCluster, OutlastsABusyServerAndCutAnswers) {
  OrderedJson busy = fault("/deployments", 429);
  busy["retry_after"] = 1;
  OrderedJson cut = fault("/pods", 0);
  cut["cut"] = true;
  state["faults"] = {busy, fault("/statefulsets", 503), cut};
  EXPECT_EQ(failure(), "seen");
}

TEST_F(RealCluster, DoesNotWaitForAServerThatHangs) {
  limits.request = 200ms;
  limits.budget = 1s;
  OrderedJson hang = fault("/deployments", 500);
  hang["hang"] = 3;
  hang["times"] = 100;
  state["faults"] = {hang};
  EXPECT_EQ(failure().find("the API server cannot be reached"), 0U);
}

TEST_F(RealCluster, ReadsADatabaseClusterWithItsLastBackup) {
  add(state, k_cnpg, "clusters", database_cluster("shop-db", "False", "2026-11-26T01:00:00Z"));
  add(state, k_cnpg, "clusters", database_cluster("plugin-db", "True", ""));
  add(state, k_cnpg, "backups", backup("a", "plugin-db", "completed", "2026-11-25T01:00:00Z"));
  add(state, k_cnpg, "backups", backup("b", "plugin-db", "completed", "2026-11-24T01:00:00Z"));
  add(state, k_cnpg, "backups", backup("c", "plugin-db", "failed", "2026-11-26T01:00:00Z"));
  add(state, k_cnpg, "backups", backup("d", "another-db", "completed", "2026-11-26T01:00:00Z"));
  api().set(state);
  const auto cluster = open(api().ca_file());
  const auto shop = std::get<DatabaseCluster>(cluster->database_cluster("shop", "shop-db"));
  EXPECT_EQ(shop.archiving, "False");
  EXPECT_EQ(shop.archiving_words, "exit status 1");
  EXPECT_EQ(shop.last_backup, "2026-11-26T01:00:00Z");
  EXPECT_EQ(shop.database, "shop");
  const auto plugin = std::get<DatabaseCluster>(cluster->database_cluster("", "plugin-db"));
  EXPECT_EQ(plugin.last_backup, "2026-11-25T01:00:00Z") << "the Cluster's own status lacks it";
  const auto none = cluster->database_cluster("shop", "no such");
  EXPECT_EQ(std::get<ClusterFailure>(none).message,
            "there is no CloudNativePG Cluster no such in namespace shop");
}

TEST_F(RealCluster, FindsDatabaseClustersByLabel) {
  for (const char* name : {"shop-us", "shop-eu"}) {
    OrderedJson one = database_cluster(name, "True", "");
    one["metadata"]["labels"]["fleet"] = "shop";
    add(state, k_cnpg, "clusters", one);
  }
  add(state, k_cnpg, "clusters", database_cluster("other", "True", ""));
  api().set(state);
  const auto found =
      std::get<std::vector<DatabaseCluster>>(open(api().ca_file())->database_clusters("shop", "fleet=shop"));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].name, "shop-eu");
  EXPECT_EQ(found[1].name_space, "shop");
  OrderedJson elsewhere = database_cluster("books-db", "True", "");
  elsewhere["metadata"]["namespace"] = "books";
  elsewhere["metadata"]["labels"]["fleet"] = "shop";
  state["objects"]["/apis/postgresql.cnpg.io/v1/namespaces/books/clusters"].push_back(elsewhere);
  api().set(state);
  const auto all =
      std::get<std::vector<DatabaseCluster>>(open(api().ca_file())->database_clusters("*", "fleet=shop"));
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].name_space + "/" + all[0].name, "books/books-db");
  EXPECT_EQ(found[1].labels.at("fleet"), "shop");
}

/// What the Role of init argocd grants and what is asked are the same: too little would close the gate for ever.
TEST_F(RealCluster, AsksForWhatTheRoleOfTheHooksGrantsAndNothingElse) {
  state["unknown"] = OrderedJson::array();
  for (const char* kind : {"deployments", "statefulsets", "daemonsets"}) {
    add(state, "apis/apps/v1", kind, deployment(kind, "2", 1, 1, 1, 1));
  }
  add(state, "apis/argoproj.io/v1alpha1", "rollouts", deployment("rollout", "2", 1, 1, 1, 1));
  OrderedJson nightly = cron_job("nightly", "2");
  nightly["status"]["active"] = OrderedJson::parse(R"([{"name": "nightly-1"}])");
  add(state, "apis/batch/v1", "cronjobs", nightly);
  add(state, "apis/batch/v1", "jobs", job("nightly-1", "2"));
  const std::size_t before = api().requests().size();
  see();
  open(api().ca_file())->annotate_job("nightly-1", "a", "b");
  add(state, k_cnpg, "clusters", database_cluster("shop-db", "True", ""));
  api().set(state);
  open(api().ca_file())->database_cluster("shop", "shop-db");
  std::set<std::string> asked;
  const std::vector<std::string> requests = api().requests();
  for (std::size_t i = before; i < requests.size(); ++i) asked.insert(rule_of(requests[i]));
  EXPECT_EQ(asked, granted_rules());
}

TEST_F(RealCluster, ReviewsTheAccessThatTheRoleGrants) {
  api().set(state);
  const AccessNeeds needs{.selection = selection, .database_cluster = "shop-db", .job = "shop-presync"};
  const std::size_t before = api().reviews().size();
  const auto cluster = open(api().ca_file());
  EXPECT_THAT(std::get<std::vector<AccessRule>>(cluster->missing_access(needs)), testing::IsEmpty());
  std::set<std::string> asked;
  const std::vector<std::string> reviews = api().reviews();
  for (std::size_t i = before; i < reviews.size(); ++i) {
    const auto words = split(reviews[i], ' ');
    const std::string group = words[1] == "core" ? "" : std::string(words[1]);
    asked.insert(cat(words[0], " ", group, " ", words[2]));
  }
  EXPECT_EQ(asked, granted_rules());
}

TEST_F(RealCluster, TellsWhichAccessIsMissing) {
  state["forbidden"] = {"pods", "clusters", "applications"};
  api().set(state);
  selection.argo_applications = {"argocd/checkout"};
  const auto answer =
      open(api().ca_file())
          ->missing_access({.selection = selection, .database_cluster = "shop-db", .job = ""});
  std::vector<std::string> missing;
  for (const AccessRule& rule : std::get<std::vector<AccessRule>>(answer))
    missing.push_back(cat(rule.name_space, ": ", rule.verb, " ", rule.resource, " ", rule.name));
  EXPECT_THAT(missing, testing::ElementsAre("shop: list pods ", "argocd: get applications checkout",
                                            "shop: get clusters shop-db"));
}

TEST_F(RealCluster, WritesAnAnnotationOfAJob) {
  add(state, "apis/batch/v1", "jobs", job("checkout-presync", "2"));
  api().set(state);
  const auto cluster = open(api().ca_file());
  EXPECT_FALSE(cluster->annotate_job("checkout-presync", "pgsluice/status", "waiting: \"pid 7\"\n"));
  EXPECT_EQ(api().patches().back()["change"].dump(),
            R"({"metadata":{"annotations":{"pgsluice/status":"waiting: \"pid 7\"\n"}}})");
  EXPECT_TRUE(cluster->annotate_job("no such job", "a", "b"));
}

}  // namespace
}  // namespace pgsluice::test
