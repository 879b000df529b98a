// SPDX-License-Identifier: Apache-2.0
// The life of an application in Kubernetes: releases that are brought by the hook, on a real server, beside an API server
// that shows how far each is rolled out.

#include <algorithm>
#include <chrono>
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
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view k_drop_for_app =
    "-- pgsluice: phase=contract needs-app=checkout>=2.0.0\nALTER TABLE orders DROP COLUMN total;\n";

constexpr std::string_view k_wait_for_lane =
    "DO $$ BEGIN WHILE NOT (SELECT open FROM lane) LOOP PERFORM pg_sleep(0.02); END LOOP; END $$;\n";

class Life : public ::testing::TestWithParam<Server> {
 protected:
  Life() { folder.write("0001_orders.sql", "CREATE TABLE orders (id bigint PRIMARY KEY, total int);\n"); }

  std::vector<std::string> hook_arguments(const std::string& moment, const std::string& release) {
    std::vector<std::string> arguments{"hook",      moment,           folder.path(), "--release",
                                       release,     "--app",          "checkout",    "--termination-log",
                                       termination, "--database-url", database.url()};
    for (const std::string& option : api.options("shop")) arguments.push_back(option);
    return arguments;
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
  std::string verdict(const std::string& provider, const std::string& subject) {
    return database.sql(cat("SELECT verdict FROM pgsluice.gate WHERE provider = '", provider,
                            "' AND subject = '", subject, "'"));
  }
  std::string runs() { return database.sql("SELECT count(*) FROM pgsluice.run"); }
  /// "hook presync applied=0"; question marks: it has not ended, or was killed.
  std::string last_run() {
    return database.sql(
        "SELECT command || ' ' || coalesce(outcome, '?') || '=' || coalesce(exit_code::text, '?') FROM "
        "pgsluice.run "
        "ORDER BY started_at DESC LIMIT 1");
  }
  bool has_total() {
    return database.sql(
               "SELECT count(*) FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = "
               "'total'") == "1";
  }

  /// What Kubernetes shows: pods by version, the terminating ones last.
  void shows(const std::string& deploys, const std::vector<std::string>& pods,
             const std::vector<std::string>& ending, const std::vector<std::string>& earlier = {}) {
    state = empty_state();
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
  void change_state(const OrderedJson& change) {
    state.merge_patch(change);
    api.set(state);
  }
  /// Release 1 is installed; release 2 has brought its expand step, and the contract step of the old column.
  void bring_two() {
    api.set(empty_state());
    EXPECT_EQ(hook("presync", "1.0.0").code, 0) << message();
    folder.write("0002_cents.sql", "ALTER TABLE orders ADD COLUMN cents bigint;\n")
        .write("0003_drop.sql", k_drop_for_app);
    shows("1.0.0", {"1.0.0", "1.0.0"}, {});
    const Finished two = hook("presync", "2.0.0");
    EXPECT_EQ(two.code, 0) << two.err;
    EXPECT_EQ(state_of("0002_cents.sql"), "applied");
    EXPECT_TRUE(has_total());
  }

  KubeApi api;
  OrderedJson state;  ///< of the API server, as shows() has set it
  Database database{GetParam(), "life"};
  Folder folder;
  Folder elsewhere;
  std::filesystem::path termination = elsewhere.path() / "termination-log";
};

INSTANTIATE_TEST_SUITE_P(Servers, Life, ::testing::ValuesIn(servers({12, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Life);

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

/// The hook after the sync runs as soon as the new pods are healthy: old ones may still work.
TEST_P(Life, AfterTheSyncOldPodsThatTerminateHoldAContractStep) {
  api.set(empty_state());
  EXPECT_EQ(hook("presync", "1.0.0").code, 0) << message();
  folder.write("0002_cents.sql", "ALTER TABLE orders ADD COLUMN cents bigint;\n");
  EXPECT_EQ(hook("presync", "2.0.0").code, 0) << message();
  folder.write("0003_drop.sql", k_drop_for_app);
  shows("2.0.0", {"2.0.0", "2.0.0"}, {});
  EXPECT_EQ(hook("presync", "2.1.0").code, 0) << message();
  EXPECT_THAT(message(), HasSubstr("held: 0003_drop.sql: it comes with 2.1.0 itself"));

  shows("2.1.0", {"2.1.0", "2.1.0"}, {"1.0.0"}, {"2.0.0"});
  EXPECT_EQ(hook("postsync", "2.1.0").code, 0);
  EXPECT_TRUE(has_total());
  EXPECT_THAT(message(), AllOf(HasSubstr("pod pod-3 runs 1.0.0"), HasSubstr("is terminating")));
  EXPECT_EQ(hook("postsync", "2.1.0", {"--strict-gates"}).code, 12);

  shows("2.1.0", {"2.1.0", "2.1.0"}, {"2.0.0"}, {"2.0.0"});
  EXPECT_EQ(hook("postsync", "2.1.0").code, 0);
  EXPECT_FALSE(has_total()) << message();
  EXPECT_EQ(last_run(), "hook postsync applied=0");
}

TEST_P(Life, WhatCannotBeSeenHoldsAContractStepAndSaysWhatToGrant) {
  bring_two();
  state = empty_state();
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
  state = empty_state();
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

TEST_P(Life, AHookThatIsKilledInTheMiddleOfAStepIsTakenUpByTheNext) {
  bring_two();
  database.sql("CREATE TABLE lane (open boolean); INSERT INTO lane VALUES (false)");
  folder.write("0004_half.sql", cat("CREATE TABLE half (x int);\n", k_wait_for_lane))
      .write("0005_after.sql", "CREATE TABLE after_half (x int);\n");
  {
    Program killed(hook_arguments("presync", "2.0.0"));
    ASSERT_TRUE(wait_until([&] { return database.busy("%WHILE NOT%") == 1; })) << killed.err();
    killed.kill(SIGKILL);
    EXPECT_EQ(killed.wait().signal, SIGKILL);
  }
  EXPECT_EQ(state_of("0004_half.sql"), "") << "what is not committed is not there";
  EXPECT_EQ(last_run(), "hook presync ?=?");
  Program next(hook_arguments("presync", "2.0.0"));
  ASSERT_TRUE(wait_until([&] {
    return database.busy("%WHILE NOT%") == 1 && last_run() == "hook presync ?=?" && runs() == "4";
  })) << next.err();
  database.sql("UPDATE lane SET open = true");
  EXPECT_EQ(next.wait().code, 0) << next.err();
  EXPECT_THAT(message(),
              StartsWith("hook presync of 2.0.0: exit 0: applied 2 migrations in 2 steps; 1 contract "
                         "migration held back\n"));
  EXPECT_EQ(state_of("0004_half.sql") + state_of("0005_after.sql"), "appliedapplied");
  EXPECT_EQ(state_of("0003_drop.sql"), "held");
  EXPECT_EQ(last_run(), "hook presync applied=0");
  EXPECT_EQ(database.sql("SELECT run_id IS NULL FROM pgsluice.lease"), "t");
}

TEST_P(Life, AHookThatIsKilledBetweenStatementsGoesOnBehindTheLastOneThatIsDone) {
  bring_two();
  database.sql("CREATE TABLE items (id bigint)");
  folder.write("0004_index.sql",
               "-- pgsluice: transaction=off\nCREATE INDEX CONCURRENTLY first ON orders (cents);\n"
               "CREATE INDEX CONCURRENTLY second ON items (id);\n");
  const auto report = database.connect("report");
  report->script("BEGIN; LOCK TABLE items IN SHARE MODE");
  // A young transaction is expected to end by itself: nobody waits outside for that.
  ASSERT_TRUE(wait_until([&] {
    return database.sql(cat("SELECT clock_timestamp() - xact_start > interval '1 s' FROM pg_stat_activity"
                            " WHERE pid = ",
                            std::to_string(report->backend_pid()))) == "t";
  }));
  {
    Program killed(hook_arguments("presync", "2.0.0"));
    ASSERT_TRUE(killed.says("not queueing behind pid")) << killed.err();
    killed.kill(SIGKILL);
    killed.wait();
  }
  const std::string first = database.sql("SELECT 'first'::regclass::oid");
  EXPECT_EQ(state_of("0004_index.sql"), "partial");
  report->script("COMMIT");
  const Finished next = hook("presync", "2.0.0");
  EXPECT_EQ(next.code, 0) << next.err;
  EXPECT_EQ(database.sql("SELECT 'first'::regclass::oid"), first) << "it was done";
  EXPECT_EQ(database.sql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'second'::regclass"), "t");
  EXPECT_EQ(state_of("0004_index.sql"), "applied");
  EXPECT_THAT(message(), StartsWith("hook presync of 2.0.0: exit 0: applied 1 migration in 1 step"));
  EXPECT_EQ(last_run(), "hook presync applied=0");
}

TEST_P(Life, OfTwoHooksAtOnceOneWorksAndTheOtherFindsAllDone) {
  bring_two();
  database.sql("CREATE TABLE lane (open boolean); INSERT INTO lane VALUES (false)");
  folder.write("0004_wait.sql", k_wait_for_lane);
  const std::string runs_before = runs();
  Program first(hook_arguments("presync", "2.0.0"));
  ASSERT_TRUE(wait_until([&] { return database.busy("%WHILE NOT%") == 1; })) << first.err();
  std::vector<std::string> other = hook_arguments("presync", "2.0.0");
  const std::filesystem::path other_message = elsewhere.path() / "other-message";
  *std::ranges::find(other, termination.string()) = other_message.string();
  Program second(other);
  ASSERT_TRUE(second.says("waiting for another run")) << second.err();
  database.sql("UPDATE lane SET open = true");
  EXPECT_EQ(first.wait().code, 0) << first.err();
  EXPECT_EQ(second.wait().code, 0) << second.err();
  EXPECT_THAT(message(), StartsWith("hook presync of 2.0.0: exit 0: applied 1 migration in 1 step"));
  EXPECT_THAT(read_file(other_message), StartsWith("hook presync of 2.0.0: exit 0: nothing to do"));
  EXPECT_EQ(database.sql(
                "SELECT count(DISTINCT run_id) FROM pgsluice.statement WHERE migration_id = '0004_wait.sql'"),
            "1");
  EXPECT_EQ(std::stoi(runs()) - std::stoi(runs_before), 2)
      << "the second one has a row for what it holds back";
}

TEST_P(Life, ARetryOfArgoGoesOnWhereTheFailedHookStood) {
  bring_two();
  database.sql("INSERT INTO orders VALUES (1, -5)");
  folder.write("0004_note.sql", "ALTER TABLE orders ADD COLUMN note text;\n")
      .write("0005_check.sql", "ALTER TABLE orders ADD CONSTRAINT positive CHECK (total >= 0);\n");
  for (int retry = 0; retry < 2; ++retry) {
    EXPECT_EQ(hook("presync", "2.0.0").code, 17);
    EXPECT_THAT(message(), AllOf(StartsWith("hook presync of 2.0.0: exit 17: "), HasSubstr("0005_check.sql"),
                                 HasSubstr("SQLSTATE 23514"), Not(HasSubstr("-5"))));
    EXPECT_EQ(state_of("0004_note.sql") + " " + state_of("0005_check.sql"), "applied failed");
    EXPECT_EQ(last_run(), "hook presync failed=17");
  }
  EXPECT_EQ(hook("syncfail", "2.0.0").code, 0);
  EXPECT_THAT(message(), AllOf(HasSubstr("exit 17"), HasSubstr("0005_check.sql (expand) is failed")));
  database.sql("UPDATE orders SET total = 5");
  EXPECT_EQ(hook("presync", "2.0.0").code, 0);
  EXPECT_THAT(message(), StartsWith("hook presync of 2.0.0: exit 0: applied 1 migration in 1 step"));
  EXPECT_EQ(state_of("0005_check.sql"), "applied");
  EXPECT_EQ(last_run(), "hook presync applied=0");
}

TEST_P(Life, AContractStepSoaksForAsLongAsItsFileSays) {
  bring_two();
  folder.write("0003_drop.sql",
               "-- pgsluice: phase=contract needs-app=checkout>=2.0.0 soak=3s\nALTER TABLE orders DROP "
               "COLUMN total;\n");
  shows("2.1.0", {"2.1.0", "2.1.0"}, {}, {"2.0.0"});
  const Finished early = hook("presync", "2.1.0");
  EXPECT_EQ(early.code, 0) << early.err;
  EXPECT_THAT(message(), AllOf(StartsWith("hook presync of 2.1.0: exit 0: "),
                               HasSubstr("held: 0003_drop.sql: of 3s, ")));
  EXPECT_TRUE(has_total());
  EXPECT_EQ(verdict("rollout"), "open");
  EXPECT_EQ(verdict("soak"), "closed");
  ASSERT_TRUE(wait_until([&] { return hook("presync", "2.1.0").code == 0 && !has_total(); }));
  EXPECT_EQ(state_of("0003_drop.sql"), "applied");
  EXPECT_EQ(verdict("soak"), "open");
  EXPECT_EQ(
      database.sql("SELECT extract(epoch FROM m.applied_at - g.since) >= 3 FROM pgsluice.migration m JOIN "
                   "pgsluice.gate g ON g.migration_id = m.id AND g.provider = 'rollout' WHERE m.id = "
                   "'0003_drop.sql'"),
      "t");
}

TEST_P(Life, AGitRevertFindsTheSchemaAheadUntilThereIsNoWayBack) {
  bring_two();
  const auto file = [&](const char* name) { return folder.path() / name; };
  std::filesystem::rename(file("0002_cents.sql"), elsewhere.path() / "0002_cents.sql");
  std::filesystem::rename(file("0003_drop.sql"), elsewhere.path() / "0003_drop.sql");
  const std::string runs_before = runs();
  const Finished reverted = hook("presync", "1.0.0");
  EXPECT_EQ(reverted.code, 0) << reverted.err;
  EXPECT_EQ(message(), "hook presync of 1.0.0: exit 0: nothing to do\n");
  EXPECT_EQ(runs(), runs_before);
  EXPECT_EQ(state_of("0002_cents.sql") + " " + state_of("0003_drop.sql"), "applied held");

  std::filesystem::rename(elsewhere.path() / "0002_cents.sql", file("0002_cents.sql"));
  std::filesystem::rename(elsewhere.path() / "0003_drop.sql", file("0003_drop.sql"));
  shows("2.1.0", {"2.1.0", "2.1.0"}, {}, {"2.0.0"});
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_FALSE(has_total());
  std::filesystem::remove(file("0002_cents.sql"));
  std::filesystem::remove(file("0003_drop.sql"));
  EXPECT_EQ(hook("presync", "1.0.0").code, 16);
  EXPECT_THAT(message(), StartsWith("hook presync of 1.0.0: exit 16: checkout 1.0.0 is too old"));
  EXPECT_EQ(state_of("0003_drop.sql"), "applied");
  EXPECT_EQ(last_run(), "hook presync applied=0") << "a hook that is refused changes nothing";
}

/// How the API server may refuse, and what comes of it: exit code 0 each time, for a cleanup that waits stops no release.
TEST_P(Life, WhateverTheApiServerSaysNoReleaseIsStoppedAndNothingIsTakenForOpen) {
  struct Refusal {
    std::string what;
    OrderedJson change;  // of the state
    std::string words;   // in the termination message
  };
  const auto fault = [](int id, const std::string& more) {
    return OrderedJson{
        {"faults", OrderedJson::parse(cat("[{\"id\": ", std::to_string(id), ", \"match\": \"/pods\", ",
                                          "\"times\": 1000, ", more, "}]"))}};
  };
  const std::vector<Refusal> refusals = {
      {"403", {{"forbidden", {"pods"}}}, "resources: [pods], verbs: [list]"},
      {"401", {{"tokens", {"rotated"}}}, "does not know our token"},
      {"410 again and again", fault(1, R"("status": 410)"), "changes faster than it can be read"},
      {"429 for longer than anybody waits", fault(2, R"("status": 429, "retry_after": 3600)"),
       "the API server answers 429"},
      {"a list that is none", fault(3, R"("status": 200, "text": "<html>")"), "list of pods is none"},
      {"400", fault(4, R"("status": 400)"), "the API server answers 400"}};
  bring_two();
  for (const Refusal& refusal : refusals) {
    shows("2.1.0", {"2.1.0", "2.1.0"}, {}, {"2.0.0"});
    change_state(refusal.change);
    const Finished refused = hook("presync", "2.1.0");
    EXPECT_EQ(refused.code, 0) << refusal.what << refused.err;
    EXPECT_THAT(message(),
                AllOf(StartsWith("hook presync of 2.1.0: exit 0: nothing to do; 1 contract migration held "
                                 "back\n"),
                      HasSubstr(refusal.words)))
        << refusal.what;
    EXPECT_EQ(verdict("rollout"), "unknown") << refusal.what;
    EXPECT_EQ(state_of("0003_drop.sql"), "held") << refusal.what;
    EXPECT_EQ(last_run(), "hook presync held=0") << refusal.what;
  }
  EXPECT_EQ(hook("presync", "2.1.0", {"--strict-gates"}).code, 12);
  EXPECT_THAT(message(), StartsWith("hook presync of 2.1.0: exit 12: "));
  EXPECT_EQ(last_run(), "hook presync held=12");
  EXPECT_TRUE(has_total());
}

/// What passes by itself is waited for: a token that was replaced, a page that is gone, a busy or slow server, a cut answer.
TEST_P(Life, AnApiServerThatStumblesIsAskedAgain) {
  bring_two();
  shows("2.1.0", {"2.1.0", "2.1.0"}, {}, {"2.0.0"});
  change_state(OrderedJson::parse(R"({"tokens": ["second"], "faults": [
      {"id": 11, "match": "/deployments", "status": 410},
      {"id": 12, "match": "/replicasets", "status": 429, "retry_after": 1},
      {"id": 13, "match": "/statefulsets", "status": 503},
      {"id": 14, "match": "/pods", "hang": 1, "status": 500},
      {"id": 15, "match": "/cronjobs", "cut": true}]})"));
  api.set_token("second");
  const Finished done = hook("presync", "2.1.0");
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(message(), StartsWith("hook presync of 2.1.0: exit 0: applied 1 migration in 1 step"));
  EXPECT_EQ(verdict("rollout"), "open");
  EXPECT_EQ(state_of("0003_drop.sql"), "applied");
  EXPECT_FALSE(has_total());
}

/// Kubernetes ends a pod 60 s after SIGTERM, whatever the API server does.
TEST_P(Life, AHookThatWaitsForTheApiServerEndsWhenItIsTold) {
  bring_two();
  shows("2.1.0", {"2.1.0", "2.1.0"}, {}, {"2.0.0"});
  change_state(OrderedJson::parse(
      R"({"faults": [{"id": 21, "match": "/pods", "times": 100, "hang": 120, "status": 500}]})"));
  Program waiting(hook_arguments("presync", "2.1.0"));
  ASSERT_TRUE(wait_until([&] {
    const std::vector<std::string> requests = api.requests();
    return !requests.empty() && requests.back().find("/pods") != std::string::npos;
  })) << waiting.err();
  const auto begin = std::chrono::steady_clock::now();
  waiting.kill(SIGTERM);
  EXPECT_EQ(waiting.wait().code, 143) << waiting.err();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  EXPECT_THAT(message(), StartsWith("hook presync of 2.1.0: exit 143: "));
  EXPECT_EQ(state_of("0003_drop.sql"), "held");
  EXPECT_TRUE(has_total());
}

TEST_P(Life, WhatDestroysDataNeedsABaseBackupOfItsCluster) {
  bring_two();
  const auto backed_up = [&](const std::string& archiving, const std::string& last) {
    shows("2.1.0", {"2.1.0", "2.1.0"}, {}, {"2.0.0"});
    add(state, "apis/postgresql.cnpg.io/v1", "clusters", database_cluster("shop-db", archiving, last));
    api.set(state);
  };
  const std::vector<std::string> named{"--cnpg-cluster", "shop-db"};
  backed_up("True", "");
  EXPECT_EQ(hook("presync", "2.1.0", named).code, 0);
  EXPECT_THAT(message(), HasSubstr("Cluster shop-db has no base backup"));
  EXPECT_EQ(verdict("recoverability", "base backup of Cluster shop-db"), "closed");
  EXPECT_EQ(verdict("recoverability", "WAL archiving of Cluster shop-db"), "open");
  const std::string now = database.sql(
      "SELECT to_char(now() AT TIME ZONE 'UTC' - interval '2 hours', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')");
  backed_up("True", now);
  EXPECT_EQ(hook("presync", "2.1.0", {"--cnpg-cluster", "shop-db", "--max-backup-age", "1h"}).code, 0);
  EXPECT_THAT(message(), HasSubstr("ended 2h ago"));
  backed_up("False", now);
  EXPECT_EQ(hook("presync", "2.1.0", named).code, 0);
  EXPECT_THAT(message(), HasSubstr("Cluster shop-db cannot archive its WAL: exit status 1"));
  EXPECT_TRUE(has_total());
  backed_up("True", now);
  // The server of this test archives nothing by itself, and says so.
  EXPECT_EQ(hook("presync", "2.1.0", named).code, 0);
  EXPECT_THAT(message(), HasSubstr("archive_mode is off"));
  EXPECT_EQ(
      hook("presync", "2.1.0", {"--cnpg-cluster", "shop-db", "--evidence", "recoverability=optional"}).code,
      0);
  EXPECT_FALSE(has_total());
  EXPECT_EQ(verdict("recoverability", "base backup of Cluster shop-db"), "open");
}

TEST_P(Life, NobodyIsAskedWhenNothingCouldRun) {
  bring_two();
  const std::size_t before = api.requests().size();
  EXPECT_EQ(hook("presync", "2.0.0").code, 0);
  EXPECT_EQ(api.requests().size(), before);
}

}  // namespace
}  // namespace pgsluice::test
