// SPDX-License-Identifier: Apache-2.0
// The life of an application in Kubernetes: releases that are brought by the hook, on a real server, beside an API server
// that shows how far each is rolled out.

#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "base/text.hpp"
#include "execute/harness.hpp"
#include "support/kube_api.hpp"
#include "support/kube_objects.hpp"

namespace pgsluice::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view k_drop =
    "-- pgsluice: phase=contract needs-app=checkout>=2.0.0\nALTER TABLE orders DROP COLUMN total;\n";

class Life : public ::testing::TestWithParam<Server> {
 protected:
  Life() { folder.write("0001_orders.sql", "CREATE TABLE orders (id bigint PRIMARY KEY, total int);\n"); }

  std::vector<std::string> hook_arguments(const std::string& moment, const std::string& release) {
    return {"hook",
            moment,
            folder.path(),
            "--release",
            release,
            "--app",
            "checkout",
            "--termination-log",
            termination,
            "--database-url",
            database.url(),
            "--kube-api",
            api.url(),
            "--kube-ca",
            api.ca_file(),
            "--kube-token-file",
            api.token_file(),
            "--kube-namespace",
            "shop"};
  }
  Finished hook(const std::string& moment, const std::string& release,
                const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = hook_arguments(moment, release);
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  std::string message() const { return read_file(termination); }
  std::string state_of(const std::string& id) {
    return database.sql(
        cat("SELECT coalesce((SELECT state FROM pgsluice.migration WHERE id = '", id, "'), '')"));
  }
  std::string verdict(const std::string& provider) {
    return database.sql(
        cat("SELECT verdict FROM pgsluice.gate WHERE migration_id = '0003_drop.sql' AND provider = '",
            provider, "' ORDER BY 1 LIMIT 1"));
  }
  bool has_total() {
    return database.sql(
               "SELECT count(*) FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = "
               "'total'") == "1";
  }

  /// What Kubernetes shows: pods by version, the terminating ones last.
  void shows(const std::string& deploys, const std::vector<std::string>& pods,
             const std::vector<std::string>& ending, const std::vector<std::string>& earlier = {}) {
    OrderedJson state = empty_state();
    const auto updated = static_cast<int>(std::count(pods.begin(), pods.end(), deploys));
    const auto total = static_cast<int>(pods.size());
    add(state, "apis/apps/v1", "deployments", deployment("checkout", deploys, 2, updated, total, total));
    int revision = 1;
    for (const std::string& version : earlier) {
      add(state, "apis/apps/v1", "replicasets", replica_set("checkout", revision++, version));
    }
    add(state, "apis/apps/v1", "replicasets", replica_set("checkout", revision, deploys));
    int number = 0;
    for (const std::string& version : pods) {
      add(state, "api/v1", "pods", pod(cat("pod-", std::to_string(++number)), version, "rs"));
    }
    for (const std::string& version : ending) {
      add(state, "api/v1", "pods", terminating(pod(cat("pod-", std::to_string(++number)), version, "rs")));
    }
    api.set(state);
  }
  /// Release 1 is installed; release 2 has brought its expand step, and the contract step of the old column.
  void bring_two() {
    api.set(empty_state());
    EXPECT_EQ(hook("presync", "1.0.0").code, 0) << message();
    folder.write("0002_cents.sql", "ALTER TABLE orders ADD COLUMN cents bigint;\n")
        .write("0003_drop.sql", k_drop);
    shows("1.0.0", {"1.0.0", "1.0.0"}, {});
    const Finished two = hook("presync", "2.0.0");
    EXPECT_EQ(two.code, 0) << two.err;
    EXPECT_EQ(state_of("0002_cents.sql"), "applied");
    EXPECT_TRUE(has_total());
  }

  KubeApi api;
  Database database{GetParam(), "life"};
  Folder folder;
  Folder elsewhere;
  std::filesystem::path termination = elsewhere.path() / "termination-log";
};

INSTANTIATE_TEST_SUITE_P(Servers, Life, ::testing::ValuesIn(servers({12, 18})), version_name);

TEST_P(Life, AContractStepWaitsForTheLastOldPodAndTheLastWayBack) {
  bring_two();
  shows("2.0.0", {"2.0.0", "1.0.0"}, {});
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_TRUE(has_total());
  EXPECT_THAT(message(), AllOf(StartsWith("hook presync of 2.1.0: exit 0"),
                               HasSubstr("Deployment checkout is not rolled out: 1 of 2 pods updated")));
  EXPECT_EQ(verdict("rollout"), "closed");

  // Argo CD would call it healthy: only the list of pods shows who still works.
  shows("2.0.0", {"2.0.0", "2.0.0"}, {"1.0.0"});
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_THAT(message(), HasSubstr("pod pod-3 runs 1.0.0 and is terminating: gone within 30s"));
  EXPECT_TRUE(has_total());

  shows("2.0.0", {"2.0.0", "2.0.0"}, {}, {"1.0.0"});
  EXPECT_EQ(hook("presync", "2.1.0", {"--strict-gates"}).code, 12);
  EXPECT_THAT(message(),
              HasSubstr("Deployment checkout can be rolled back to revision 1 (checkout-rs1), which runs "
                        "1.0.0"));
  EXPECT_EQ(verdict("rollout"), "open");
  EXPECT_EQ(verdict("rollback-horizon"), "closed");
  EXPECT_TRUE(has_total());

  shows("2.1.0", {"2.1.0", "2.1.0"}, {}, {"1.0.0", "2.0.0"});
  const Finished done = hook("presync", "2.1.0");
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_FALSE(has_total());
  EXPECT_EQ(state_of("0003_drop.sql"), "applied");

  // From here on there is no way back to release 1: neither by a hook nor by a pod.
  EXPECT_EQ(hook("presync", "1.0.0").code, 16);
  EXPECT_EQ(
      run({"guard", "--app", "checkout", "--release", "1.0.0", "--once", "--database-url", database.url()})
          .code,
      16);
  EXPECT_EQ(
      run({"guard", "--app", "checkout", "--release", "2.0.0", "--once", "--database-url", database.url()})
          .code,
      0);
}

TEST_P(Life, WhatCannotBeSeenHoldsAContractStepAndSaysWhatToGrant) {
  bring_two();
  OrderedJson state = empty_state();
  state["forbidden"] = {"deployments"};
  api.set(state);
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_THAT(message(), HasSubstr("apiGroups: [\"apps\"], resources: [deployments], verbs: [list]"));
  EXPECT_EQ(verdict("rollout"), "unknown");

  state = empty_state();
  state["tokens"] = OrderedJson::array();
  api.set(state);
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_THAT(message(), HasSubstr("does not know our token"));

  api.set(empty_state());
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_THAT(message(),
              HasSubstr("no workload and no pod of namespace shop matches app.kubernetes.io/name=checkout"));
  EXPECT_TRUE(has_total());
}

TEST_P(Life, TheJobSaysWhatItWaitsFor) {
  bring_two();
  OrderedJson state = empty_state();
  add(state, "apis/batch/v1", "jobs", job("checkout-presync", "3"));
  api.set(state);
  folder.write("0004_note.sql", "ALTER TABLE orders ADD COLUMN note text;\n");
  const auto report = database.connect("report");
  report->script("BEGIN; SELECT * FROM orders");
  std::vector<std::string> arguments = hook_arguments("presync", "2.1.0");
  arguments.insert(arguments.end(), {"--kube-job", "checkout-presync"});
  Program hook(arguments);
  ASSERT_TRUE(wait_until([&] {
    const auto patches = api.patches();
    return !patches.empty() && patches.back().dump().find("not queueing behind pid") != std::string::npos;
  })) << hook.err();
  EXPECT_EQ(api.patches().back()["name"], "checkout-presync");
  report->script("COMMIT");
  EXPECT_EQ(hook.wait().code, 0);
  EXPECT_EQ(state_of("0004_note.sql"), "applied");
}

TEST_P(Life, NobodyIsAskedWhenNothingCouldRun) {
  bring_two();
  const std::size_t before = api.requests().size();
  EXPECT_EQ(hook("presync", "2.0.0").code, 0);
  EXPECT_EQ(api.requests().size(), before);
}

}  // namespace
}  // namespace pgsluice::test
