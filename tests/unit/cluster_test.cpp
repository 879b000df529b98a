// SPDX-License-Identifier: Apache-2.0
// What is asked of an API server, and what its answers mean; with scripted answers.

#include <deque>
#include <map>

#include <gtest/gtest.h>

#include "cluster/client.hpp"
#include "cluster/cluster.hpp"
#include "cluster/read.hpp"
#include "support/kube_objects.hpp"
#include "unit/fake_session.hpp"

namespace pgsluice::cluster {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::FakeClock;

class FakeHttp final : public Http {
 public:
  HttpAnswer send(const HttpRequest& request) override {
    asked.push_back(request.method + " " + request.target);
    if (answers.empty()) return {.status = 500, .body = "nothing scripted"};
    HttpAnswer answer = answers.front();
    if (answers.size() > 1 || !repeat_last) answers.pop_front();
    return answer;
  }
  std::deque<HttpAnswer> answers;
  bool repeat_last = false;
  std::vector<std::string> asked;
};

struct Asking : testing::Test {
  FakeHttp http;
  FakeClock clock;
  Interrupt interrupt;
  Client client{http, clock, interrupt, {.budget = seconds(10)}};
  Resource deployments{.group = "apps", .version = "v1", .plural = "deployments"};

  std::vector<std::string> list(const Resource& resource, std::string* failure = nullptr) {
    client.begin();
    auto asked = client.list(resource, "shop", "app=checkout");
    if (auto* refused = std::get_if<ClusterFailure>(&asked)) {
      if (failure != nullptr) *failure = refused->message + " | " + refused->hint;
      return {"refused"};
    }
    std::vector<std::string> names;
    for (const Json& item : std::get<std::vector<Json>>(asked)) names.push_back(item.at("name"));
    return names;
  }

  static HttpAnswer page(const std::string& names, const std::string& next = {}) {
    return {.status = 200,
            .body = R"({"metadata": {"continue": ")" + next + R"("}, "items": [)" + names + "]}"};
  }
};

TEST_F(Asking, ReadsPageAfterPage) {
  http.answers = {page(R"({"name": "a"}, {"name": "b"})", "x/1+"), page(R"({"name": "c"})")};
  EXPECT_EQ(list(deployments), (std::vector<std::string>{"a", "b", "c"}));
  ASSERT_EQ(http.asked.size(), 2U);
  EXPECT_EQ(http.asked[0],
            "GET /apis/apps/v1/namespaces/shop/deployments?limit=250&labelSelector=app%3Dcheckout");
  EXPECT_TRUE(http.asked[1].ends_with("&continue=x%2F1%2B"));
}

TEST_F(Asking, BeginsAnewWhenThePagesHaveExpired) {
  http.answers = {page(R"({"name": "a"})", "1"), {.status = 410, .body = "{}"}, page(R"({"name": "b"})")};
  EXPECT_EQ(list(deployments), (std::vector<std::string>{"b"}));
}

TEST_F(Asking, GivesUpOnAListThatExpiresForEver) {
  http.answers = {{.status = 410, .body = "{}"}};
  http.repeat_last = true;
  EXPECT_EQ(list(deployments), (std::vector<std::string>{"refused"}));
}

TEST_F(Asking, TriesOnceMoreWithTheTokenReadAgain) {
  http.answers = {{.status = 401, .body = "{}"}, page("")};
  EXPECT_TRUE(list(deployments).empty());
  http.answers = {{.status = 401, .body = "{}"}, {.status = 401, .body = R"({"message": "Unauthorized"})"}};
  std::string failure;
  list(deployments, &failure);
  EXPECT_EQ(failure.find("the API server does not know our token: Unauthorized"), 0U);
  EXPECT_TRUE(clock.sleeps.empty());
}

TEST_F(Asking, WaitsForAsLongAsItIsTold) {
  http.answers = {{.status = 429, .retry_after = seconds(3)}, {.status = 503}, page("")};
  EXPECT_TRUE(list(deployments).empty());
  ASSERT_EQ(clock.sleeps.size(), 2U);
  EXPECT_EQ(clock.sleeps[0], seconds(3));
}

TEST_F(Asking, GivesUpWithinTheBudget) {
  http.answers = {{.status = 0, .failure = "Connection refused"}};
  http.repeat_last = true;
  std::string failure;
  EXPECT_EQ(list(deployments, &failure), (std::vector<std::string>{"refused"}));
  EXPECT_EQ(failure.find("the API server cannot be reached: Connection refused ("), 0U);
  milliseconds slept{0};
  for (const milliseconds sleep : clock.sleeps) slept += sleep;
  EXPECT_LT(slept, seconds(10));
  EXPECT_GT(slept, seconds(5));

  http.answers = {{.status = 429, .retry_after = seconds(3600)}};
  clock.sleeps.clear();
  EXPECT_EQ(list(deployments), (std::vector<std::string>{"refused"}));
  EXPECT_TRUE(clock.sleeps.empty());
}

TEST_F(Asking, SaysWhichRuleIsMissing) {
  http.answers = {{.status = 403, .body = R"({"message": "deployments.apps is\u001b[31m forbidden"})"}};
  std::string failure;
  list(deployments, &failure);
  EXPECT_EQ(failure,
            "the API server does not let us list deployments: deployments.apps is\\x1b[31m forbidden | "
            "Bind a Role of namespace shop to our service account that has the rule "
            "apiGroups: [\"apps\"], resources: [deployments], verbs: [list].");
}

TEST_F(Asking, OnlyWhatIsOptionalMayBeUnknownToTheServer) {
  http.answers = {{.status = 404, .body = "404 page not found"}};
  EXPECT_EQ(list(deployments), (std::vector<std::string>{"refused"}));
  http.answers = {{.status = 404, .body = "404 page not found"}};
  EXPECT_TRUE(
      list({.group = "argoproj.io", .version = "v1alpha1", .plural = "rollouts", .optional = true}).empty());
  http.answers = {{.status = 404}, page(R"({"name": "nightly"})")};
  EXPECT_EQ(list({.group = "batch", .version = "v1", .plural = "cronjobs", .older_version = "v1beta1"}),
            (std::vector<std::string>{"nightly"}));
  EXPECT_NE(http.asked.back().find("/batch/v1beta1/"), std::string::npos);
}

TEST_F(Asking, WhatIsNoListIsRefused) {
  for (const char* body : {"", "[]", "{", R"({"items": 3})", "<html>"}) {
    http.answers = {{.status = 200, .body = body}};
    EXPECT_EQ(list(deployments), (std::vector<std::string>{"refused"})) << body;
  }
}

TEST_F(Asking, StopsWhenAskedTo) {
  http.answers = {{.status = 503}};
  http.repeat_last = true;
  clock.on_sleep = [&] { interrupt.raise(15); };
  std::string failure;
  list(deployments, &failure);
  EXPECT_EQ(clock.sleeps.size(), 1U);
  EXPECT_EQ(failure.find("interrupted"), 0U);
}

TEST(Reading, TheTagOfAnImage) {
  EXPECT_EQ(image_tag("checkout:2.4.0"), "2.4.0");
  EXPECT_EQ(image_tag("registry.example:5000/shop/checkout:2.4.0@sha256:00ff"), "2.4.0");
  EXPECT_EQ(image_tag("registry.example:5000/shop/checkout"), "");
  EXPECT_EQ(image_tag("registry.example:5000/checkout@sha256:00ff"), "");
}

TEST(Reading, TheVersionComesFromWhatIsAskedFirst) {
  Json pod = test::pod_template("2.4.0");
  AppSelection selection;
  EXPECT_EQ(version_of(pod, selection).text, "2.4.0");
  EXPECT_EQ(version_of(pod, selection).source, "image registry.example:5000/checkout:2.4.0");
  pod["metadata"]["annotations"]["pgsluice/app-version"] = "2.5.0";
  EXPECT_EQ(version_of(pod, selection).text, "2.5.0");
  pod["metadata"]["labels"]["app.kubernetes.io/version"] = "2.6.0";
  EXPECT_EQ(version_of(pod, selection).text, "2.6.0");
  selection.version_from = {VersionSource::image};
  EXPECT_EQ(version_of(pod, selection).text, "2.4.0");
}

TEST(Reading, OfSeveralContainersTheDefaultOneCounts) {
  Json pod = test::pod_template("2.4.0");
  const Json proxy = {{"name", "proxy"}, {"image", "proxy:1"}};
  pod["spec"]["containers"].insert(pod["spec"]["containers"].begin(), proxy);
  AppSelection selection;
  EXPECT_EQ(version_of(pod, selection).text, "") << "either may be the application";
  pod["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"] = "app";
  EXPECT_EQ(version_of(pod, selection).text, "2.4.0");
  selection.container = "proxy";
  EXPECT_EQ(version_of(pod, selection).text, "1");
  selection.container = "no such";
  EXPECT_EQ(version_of(pod, selection).text, "");
}

TEST(Reading, SelectorsAreWrittenAsListsTakeThem) {
  EXPECT_EQ(selector_text(Json::parse(R"({"matchLabels": {"a": "1", "b": "2"}, "matchExpressions": [
      {"key": "c", "operator": "In", "values": ["x", "y"]}, {"key": "d", "operator": "DoesNotExist"},
      {"key": "e", "operator": "NotIn", "values": ["z"]}, {"key": "f", "operator": "Exists"}]})")),
            "a=1,b=2,c in (x,y),!d,e notin (z),f");
}

TEST(Reading, AnArgoDeploymentTellsItsReleaseIfItsSourceDoes) {
  const auto version = [](const char* source) {
    return read_argo_deployment({{"id", 4}, {"revision", "abc"}, {"source", Json::parse(source)}},
                                "argocd/checkout")
        .version.text;
  };
  EXPECT_EQ(version(R"({"kustomize": {"images": ["checkout=registry.example/checkout:2.4.0"]}})"), "2.4.0");
  EXPECT_EQ(version(R"({"helm": {"parameters": [{"name": "image.tag", "value": "2.4.0"}]}})"), "2.4.0");
  EXPECT_EQ(version(R"({"targetRevision": "v2.4.0"})"), "v2.4.0");
  EXPECT_EQ(version(R"({"targetRevision": "main"})"), "");
  EXPECT_EQ(version(R"({"targetRevision": "refs/tags/v2.4.0"})"), "v2.4.0");
  EXPECT_EQ(version(R"({"targetRevision": "checkout/2.4.0"})"), "2.4.0");
  EXPECT_EQ(version(R"({"targetRevision": "release-for-eu-v2.4.0-rc1"})"), "v2.4.0-rc1");
  EXPECT_EQ(version(R"({"targetRevision": "v2-branch"})"), "");
  EXPECT_EQ(version(R"({"targetRevision": "feature-x/2-y"})"), "");
  EXPECT_EQ(version("{}"), "");
}

TEST(Reading, OfSeveralSourcesTheOneThatTellsCounts) {
  const auto version = [](const char* sources) {
    return read_argo_deployment({{"id", 4}, {"revisions", {"abc"}}, {"sources", Json::parse(sources)}},
                                "checkout")
        .version;
  };
  EXPECT_EQ(version(R"([{"targetRevision": "main"}, {"targetRevision": "v2.4.0"}])").text, "v2.4.0");
  const AppVersion two = version(R"([{"targetRevision": "v2.4.0"}, {"targetRevision": "v2.3.0"}])");
  EXPECT_EQ(two.text, "v2.4.0");
  EXPECT_EQ(two.others.at(0).text, "v2.3.0");
}

TEST(Reading, WhatFurtherSourcesSayIsKept) {
  Json pod = test::pod_template("2.3.0");
  pod["metadata"]["labels"]["app.kubernetes.io/version"] = "2.4.0";
  const AppVersion told = version_of(pod, {});
  EXPECT_EQ(told.text, "2.4.0");
  ASSERT_EQ(told.others.size(), 1U);
  EXPECT_EQ(told.others[0].source, "image registry.example:5000/checkout:2.3.0");
}

TEST(Reading, WhatIsMissingOrOfAnotherTypeHasItsDefault) {
  const Workload workload = read_workload(Json::parse(R"({"metadata": 3, "spec": [], "status": "x"})"),
                                          WorkloadKind::deployment, {});
  EXPECT_EQ(workload.name, "");
  EXPECT_EQ(workload.wanted, 1);
  EXPECT_EQ(workload.version.text, "");
}

TEST(Access, OfAPodComesFromItsEnvironment) {
  std::map<std::string, std::string> environment;
  const auto variable = [&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  };
  EXPECT_FALSE(in_cluster_access(variable, "/nowhere"));
  environment = {{"KUBERNETES_SERVICE_HOST", "10.0.0.1"}, {"KUBERNETES_SERVICE_PORT", "6443"}};
  EXPECT_EQ(in_cluster_access(variable, "/nowhere")->peer.url, "https://10.0.0.1:6443");
  EXPECT_EQ(in_cluster_access(variable, "/nowhere")->peer.token_file, "/nowhere/token");
  environment = {{"KUBERNETES_SERVICE_HOST", "fd00::1"}};
  EXPECT_EQ(in_cluster_access(variable, "/nowhere")->peer.url, "https://[fd00::1]:443");
}

}  // namespace
}  // namespace pgsluice::cluster
