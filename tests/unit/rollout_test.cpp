// SPDX-License-Identifier: Apache-2.0
// What follows from what runs: is everything rolled out, and can nothing come back that does not fit?

#include <gtest/gtest.h>

#include "base/calendar.hpp"
#include "base/json.hpp"
#include "gate/backups.hpp"
#include "gate/rollout.hpp"
#include "unit/fake_cluster.hpp"
#include "unit/fake_session.hpp"

namespace pgsluice {
namespace {

using namespace std::chrono_literals;
using test::FakeCluster;

const AppNeed k_need{.app = "checkout", .comparison = ">=", .version = "2.4.0"};

AppVersion version(std::string text) {
  return {.text = text, .source = "image checkout:" + text};
}

Workload deployment(const std::string& runs, long long updated, long long total, long long available) {
  return {.kind = WorkloadKind::deployment,
          .name = "checkout",
          .version = version(runs),
          .wanted = 2,
          .updated = updated,
          .total = total,
          .available = available};
}

Pod pod(const std::string& name, const std::string& runs) {
  return {.name = name, .owner = "ReplicaSet/rs", .version = version(runs), .phase = "Running"};
}

Pod ending(const std::string& name, const std::string& runs) {
  Pod old = pod(name, runs);
  old.terminating = true;
  old.grace = 30s;
  return old;
}

ClusterView view(std::vector<Workload> workloads, std::vector<Pod> pods) {
  return {.name_space = "shop",
          .selector = "app=checkout",
          .workloads = std::move(workloads),
          .pods = std::move(pods)};
}

ClusterView complete() {
  return view({deployment("2.4.0", 2, 2, 2)}, {pod("a", "2.4.0"), pod("b", "2.4.1")});
}

std::string said(const Evidence& evidence) {
  return std::string(to_string(evidence.verdict)) + ": " + evidence.words;
}
std::string rollout(const ClusterView& view) {
  return said(rollout_evidence(view, k_need));
}
std::string rollback(const ClusterView& view, int horizon = 1) {
  return said(rollback_evidence(view, k_need, horizon));
}

TEST(Rollout, IsOpenWhenEverythingIsRolledOut) {
  const Evidence evidence = rollout_evidence(complete(), k_need);
  EXPECT_EQ(said(evidence), "open: 1 workload rolled out, 2 pods fit checkout>=2.4.0");
  EXPECT_EQ(evidence.provider, "rollout");
  EXPECT_EQ(evidence.subject, "checkout>=2.4.0");
  const Json seen = Json::parse(evidence.detail);
  EXPECT_EQ(seen["namespace"], "shop");
  EXPECT_EQ(seen["workloads"][0]["updated"], 2);
}

/// The counts of a real rolling update, moment by moment: Argo CD calls the last but one healthy.
TEST(Rollout, IsClosedAtEveryMomentOfAnUpdate) {
  struct Moment {
    long long updated, total, available;
    std::vector<Pod> pods;
    std::string words;
  };
  const std::vector<Moment> moments = {
      {1,
       3,
       2,
       {pod("n1", "2.4.0"), pod("o1", "2.3.0"), pod("o2", "2.3.0")},
       "Deployment checkout is not rolled out: 1 of 2 pods updated (and 2 more)"},
      {2,
       3,
       2,
       {pod("n1", "2.4.0"), pod("n2", "2.4.0"), ending("o1", "2.3.0"), pod("o2", "2.3.0")},
       "Deployment checkout is not rolled out: 1 old pod still there (and 2 more)"},
      {2,
       2,
       2,
       {pod("n1", "2.4.0"), pod("n2", "2.4.0"), ending("o1", "2.3.0"), ending("o2", "2.3.0")},
       "pod o1 runs 2.3.0 and is terminating: gone within 30s (and 1 more)"},
      {2,
       2,
       2,
       {pod("n1", "2.4.0"), pod("n2", "2.4.0"), ending("o2", "2.3.0")},
       "pod o2 runs 2.3.0 and is terminating: gone within 30s"},
  };
  for (const Moment& moment : moments) {
    EXPECT_EQ(
        rollout(view({deployment("2.4.0", moment.updated, moment.total, moment.available)}, moment.pods)),
        "closed: " + moment.words);
  }
}

TEST(Rollout, SaysWhyAWorkloadIsNotRolledOut) {
  const auto with = [](const std::function<void(Workload&)>& change) {
    ClusterView seen = complete();
    change(seen.workloads[0]);
    return rollout(seen);
  };
  EXPECT_EQ(with([](Workload& w) { w.observed = false; }),
            "closed: Deployment checkout is not rolled out: its controller has not looked at the latest "
            "change yet");
  EXPECT_EQ(with([](Workload& w) {
              w.updated = 1;
              w.paused = true;
            }),
            "closed: Deployment checkout is not rolled out: 1 of 2 pods updated, and it is paused");
  EXPECT_EQ(with([](Workload& w) {
              w.updated = 0;
              w.on_delete = true;
            }),
            "closed: Deployment checkout is not rolled out: 0 of 2 pods updated; its strategy is OnDelete: "
            "old pods "
            "stay until somebody deletes them");
  EXPECT_EQ(with([](Workload& w) { w.available = 1; }),
            "closed: Deployment checkout is not rolled out: 1 of 2 pods available");
  EXPECT_EQ(with([](Workload& w) { w.stable = false; }),
            "closed: Deployment checkout is not rolled out: its canary is not promoted yet");
  EXPECT_EQ(
      with([](Workload& w) { w.aborted = true; }),
      "closed: Deployment checkout is not rolled out: it is aborted and goes back to the revision before");
  EXPECT_EQ(with([](Workload& w) { w.version = version("2.3.9"); }),
            "closed: Deployment checkout deploys 2.3.9");
}

TEST(Rollout, CronJobsAndJobsRunWhatTheirTemplatesSay) {
  ClusterView seen = complete();
  seen.workloads.push_back({.kind = WorkloadKind::cron_job, .name = "nightly", .version = version("2.3.0")});
  EXPECT_EQ(rollout(seen), "closed: CronJob nightly runs 2.3.0");
  seen.workloads[1] = {
      .kind = WorkloadKind::job, .name = "import", .version = version("2.3.0"), .paused = true};
  EXPECT_EQ(rollout(seen), "closed: Job import runs 2.3.0");
}

TEST(Rollout, APodThatHasEndedRunsNothing) {
  ClusterView seen = complete();
  for (const char* phase : {"Succeeded", "Failed"}) {
    Pod old = pod("old", "2.3.0");
    old.phase = phase;
    seen.pods.push_back(old);
  }
  EXPECT_EQ(rollout(seen).substr(0, 4), "open");
  seen.pods.back().phase = "Pending";
  EXPECT_EQ(rollout(seen), "closed: pod old runs 2.3.0");
}

TEST(Rollout, WhatIsNotKnownIsNotOpen) {
  ClusterView seen = complete();
  seen.pods[0].version = {.text = "", .source = "image checkout@sha256:00ff"};
  EXPECT_EQ(rollout(seen),
            "unknown: pod a runs a version that nothing tells (image checkout@sha256:00ff): label the "
            "template of its "
            "pods with app.kubernetes.io/version, or say --version-container");
  seen.pods[0].version = version("latest");
  EXPECT_EQ(rollout(seen), "unknown: pod a runs latest, which cannot be compared with 2.4.0");
  seen.pods[1].version = version("2.3.0");  // what is known to be wrong is said first
  EXPECT_EQ(rollout(seen), "closed: pod b runs 2.3.0 (and 1 more)");
  EXPECT_EQ(
      rollout(view({}, {})),
      "unknown: no workload and no pod of namespace shop matches app=checkout: say with --kube-selector and "
      "--kube-namespace where the application is");
}

TEST(Rollout, OfTwoVersionsTheNewerOneIsNotBelieved) {
  ClusterView seen = complete();
  seen.pods[0].version = {.text = "2.4.0", .source = "label v", .others = {version("2.3.0")}};
  EXPECT_EQ(
      rollout(seen),
      "unknown: pod a runs 2.4.0 by its label v, but 2.3.0 by its image checkout:2.3.0: let both say the "
      "same");
  seen.pods[0].version = {.text = "2.3.0", .source = "label v", .others = {version("2.4.0")}};
  EXPECT_EQ(rollout(seen), "closed: pod a runs 2.3.0");
  for (const char* harmless : {"2.4.0-alpine", "v2.4.0-alpine", "v2.4.0", "main", "2.5.0"}) {
    seen.pods[0].version = {.text = "2.4.0", .source = "label v", .others = {version(harmless)}};
    EXPECT_EQ(rollout(seen).substr(0, 5), "open:") << harmless;
  }
}

TEST(Rollout, OfTwoCommitsNoneIsBelieved) {
  ClusterView seen = view({}, {pod("a", "beef002")});
  const AppNeed need{
      .app = "checkout", .comparison = ">=", .version = "beef002", .order = {"f00d001", "beef002"}};
  seen.pods[0].version = {.text = "beef002", .source = "label v", .others = {version("f00d001")}};
  EXPECT_EQ(rollout_evidence(seen, need).verdict, Verdict::unknown);
  for (const char* harmless : {"beef002", "beef002c0ffee", "latest"}) {
    seen.pods[0].version = {.text = "beef002", .source = "label v", .others = {version(harmless)}};
    EXPECT_EQ(rollout_evidence(seen, need).verdict, Verdict::open) << harmless;
  }
}

TEST(Rollout, WhatNothingMakesAnewIsSaidAsSuch) {
  ClusterView seen = complete();
  seen.pods.push_back(pod("by-hand", "2.3.0"));
  seen.pods.back().owner.clear();
  EXPECT_EQ(rollout(seen), "closed: pod by-hand, which nothing makes anew, runs 2.3.0");
  seen = complete();
  seen.workloads.push_back({.kind = WorkloadKind::replica_set,
                            .name = "checkout-5d4",
                            .version = version("2.3.0"),
                            .wanted = 1,
                            .updated = 1,
                            .total = 1,
                            .available = 1});
  EXPECT_EQ(rollout(seen), "closed: ReplicaSet checkout-5d4 deploys 2.3.0");
}

TEST(Rollout, HostileNamesStayHarmless) {
  ClusterView seen = complete();
  seen.pods.push_back(pod("x\x1b[31m\n", "2.3.0\n"));
  EXPECT_EQ(rollout(seen), "closed: pod x\\x1b[31m\\n runs 2.3.0\\n");
}

Revision revision(const std::string& workload, long long number, const std::string& runs) {
  return {.kind = WorkloadKind::deployment,
          .workload = workload,
          .name = workload + "-" + std::to_string(number),
          .number = number,
          .version = version(runs)};
}

TEST(Rollback, TheRevisionBeforeTheCurrentOneMustFit) {
  ClusterView seen = complete();
  EXPECT_EQ(rollback(seen), "open: there is nothing to roll back to");
  seen.revisions = {revision("checkout", 7, "2.5.0"), revision("checkout", 6, "2.4.0"),
                    revision("checkout", 5, "2.3.0"), revision("worker", 3, "2.4.0")};
  EXPECT_EQ(rollback(seen), "open: 1 earlier revision fits checkout>=2.4.0");
  EXPECT_EQ(rollback(seen, 2),
            "closed: Deployment checkout can be rolled back to revision 5 (checkout-5), which runs 2.3.0");
  seen.revisions.push_back(revision("worker", 2, "2.3.0"));
  EXPECT_EQ(rollback(seen),
            "closed: Deployment worker can be rolled back to revision 2 (worker-2), which runs 2.3.0");
  EXPECT_EQ(rollback(seen, 0), "open: there is nothing to roll back to");
}

TEST(Rollback, WhatArgoOffersMustFit) {
  ClusterView seen = complete();
  seen.argo_deployments = {
      {.application = "argocd/checkout", .id = 9, .revision = "fff", .version = version("2.4.0")},
      {.application = "argocd/checkout",
       .id = 8,
       .revision = "eee",
       .deployed_at = "2026-11-20T10:00:00Z",
       .version = version("2.3.0")}};
  EXPECT_EQ(rollback(seen),
            "closed: Argo CD can roll argocd/checkout back to eee of 2026-11-20T10:00:00Z, which runs 2.3.0");
  seen.argo_deployments[1].version = {"", "targetRevision main"};
  const std::string words = rollback(seen);
  EXPECT_EQ(words.substr(0, 8), "unknown:");
  EXPECT_NE(words.find("nothing says which release that is (targetRevision main): name the image"),
            words.npos);
}

/// Where releases are commits, and an Application tracks a branch.
TEST(Rollback, ARevisionThatTheLedgerKnowsIsARelease) {
  ClusterView seen = complete();
  for (const char* revision : {"cccc003ffff", "bbbb002ffff", "aaaa001ffff"}) {
    seen.argo_deployments.push_back(
        {.application = "argocd/checkout", .revision = revision, .version = {"", "targetRevision main"}});
  }
  AppNeed need{.app = "checkout",
               .comparison = ">=",
               .version = "bbbb002",
               .order = {"aaaa001", "bbbb002", "cccc003"}};
  seen.revisions.clear();
  EXPECT_EQ(said(rollback_evidence(seen, need, 1)), "open: 1 earlier revision fits checkout>=bbbb002");
  EXPECT_EQ(said(rollback_evidence(seen, need, 2)).substr(0, 7), "closed:");
  need.order = {"bbbb002"};
  EXPECT_EQ(said(rollback_evidence(seen, need, 2)).substr(0, 8), "unknown:");
}

TEST(Rollback, EntriesOfArgoWithTheSameReleaseAreOneStepBack) {
  ClusterView seen = complete();
  long long id = 20;
  for (const char* release : {"2.5.0", "2.5.0", "2.5.0", "2.4.0", "2.4.0", "2.3.0"}) {
    seen.argo_deployments.push_back(
        {.application = "argocd/checkout", .id = --id, .revision = "abc", .version = version(release)});
  }
  EXPECT_EQ(rollback(seen, 1), "open: 2 earlier revisions fit checkout>=2.4.0");
  EXPECT_EQ(rollback(seen, 2).substr(0, 7), "closed:");
  seen.argo_deployments[4].version = version("2.3.9");  // not only the first entry is looked at
  EXPECT_EQ(rollback(seen, 2).substr(0, 7), "closed:");
  EXPECT_EQ(rollback(seen, 1), "open: 1 earlier revision fits checkout>=2.4.0");
}

struct Sources : testing::Test {
  FakeCluster cluster;
  test::FakeClock clock;
  std::vector<EvidenceSource> sources = cluster_sources(cluster, clock, {});
  PlannedFile file;

  std::vector<Evidence> ask(std::size_t source) {
    return sources[source].look({.file = file, .needs = {k_need}});
  }
};

TEST_F(Sources, LookOnceForQuestionsThatFollowOneAnother) {
  cluster.answer = complete();
  EXPECT_EQ(ask(0).at(0).provider, "rollout");
  EXPECT_EQ(ask(1).at(0).provider, "rollback-horizon");
  EXPECT_EQ(cluster.selectors, (std::vector<std::string>{"app.kubernetes.io/name=checkout"}));
  clock.pass(10s);
  ask(0);
  EXPECT_EQ(cluster.selectors.size(), 2U);
}

TEST_F(Sources, HaveNothingToSayOfAFileThatNeedsNoApplication) {
  EXPECT_TRUE(sources[0].look({.file = file}).empty());
  EXPECT_TRUE(cluster.selectors.empty());
}

TEST_F(Sources, SayWhyTheyCannotSee) {
  cluster.answer = ClusterFailure{"no answer", "Look at the NetworkPolicy."};
  EXPECT_EQ(said(ask(0).at(0)), "unknown: no answer. Look at the NetworkPolicy.");
  clock.pass(10s);  // a failure may have cost its whole budget
  ask(1);
  EXPECT_EQ(cluster.selectors.size(), 1U);
}

// ---- backups -----------------------------------------------------------------------------------------------------

constexpr long long k_noon = 1'795'694'400;  // 2026-11-26T12:00:00Z

DatabaseCluster shop_db(const std::string& archiving, const std::string& last_backup) {
  return {.name = "shop-db",
          .archiving = archiving,
          .archiving_words = "no space\n\x1b[2J",
          .last_backup = last_backup};
}

std::vector<std::string> backups(const DatabaseCluster& cluster) {
  std::vector<std::string> words;
  for (const Evidence& evidence : backup_evidence(cluster, k_noon, 36h)) {
    EXPECT_EQ(evidence.provider, "recoverability");
    EXPECT_FALSE(Json::parse(evidence.detail).empty());
    words.push_back(said(evidence));
  }
  return words;
}

TEST(Backups, AreOpenWhenWalIsArchivedBehindAYoungBaseBackup) {
  EXPECT_EQ(backups(shop_db("True", "2026-11-25T00:00:01Z")),
            (std::vector<std::string>{
                "open: Cluster shop-db archives its WAL",
                "open: the last base backup of Cluster shop-db ended at 2026-11-25T00:00:01Z"}));
  EXPECT_EQ(backups(shop_db("True", "2026-11-26T12:59:00.25+01:00"))[1].substr(0, 5), "open:");
}

TEST(Backups, AreClosedByWhatIsMissingOldOrFailing) {
  EXPECT_EQ(backups(shop_db("False", "")),
            (std::vector<std::string>{"closed: Cluster shop-db cannot archive its WAL: no space\\n\\x1b[2J",
                                      "closed: Cluster shop-db has no base backup: what is destroyed could "
                                      "not be brought back; take one, "
                                      "with kubectl cnpg backup shop-db"}));
  EXPECT_EQ(backups(shop_db("True", "2026-11-24T23:59:59Z"))[1],
            "closed: the last base backup of Cluster shop-db ended 36h ago, at 2026-11-24T23:59:59Z; "
            "--max-backup-age is 36h: take one, with kubectl cnpg backup shop-db");
}

TEST(Backups, AreUnknownWhereTheClusterSaysNothing) {
  EXPECT_EQ(backups(shop_db("", "yesterday")),
            (std::vector<std::string>{
                "unknown: Cluster shop-db does not say that its WAL is archived: has it a backup configured?",
                "unknown: Cluster shop-db says of its last base backup \"yesterday\", which is no time"}));
}

TEST_F(Sources, OfBackupsLookOnceAndOnlyBeforeDataIsDestroyed) {
  cluster.database = shop_db("True", "2026-11-26T03:00:00Z");
  const EvidenceSource source = backup_source(&cluster, "shop", {.cluster = "shop-db"}, k_noon);
  EXPECT_TRUE(source.look({.file = file}).empty());
  EXPECT_EQ(source.look({.file = file, .destroys_data = true}).size(), 2U);
  EXPECT_EQ(source.look({.file = file, .destroys_data = true}).size(), 2U);
  EXPECT_EQ(cluster.selectors, (std::vector<std::string>{"shop/shop-db"}));
}

TEST_F(Sources, OfBackupsSayWhyTheyCannotSee) {
  cluster.database = ClusterFailure{"not allowed", "Grant it."};
  const GateQuestion question{.file = file, .destroys_data = true};
  EXPECT_EQ(said(backup_source(&cluster, "", {.cluster = "shop-db"}, k_noon).look(question).at(0)),
            "unknown: the backups of Cluster shop-db cannot be seen: not allowed. Grant it.");
  EXPECT_EQ(said(backup_source(nullptr, "", {.cluster = "shop-db"}, k_noon).look(question).at(0)),
            "unknown: the backups of Cluster shop-db cannot be seen: nobody says where Kubernetes' API is. "
            "Outside of a pod, name it with --kube-api.");
}

TEST(Calendar, ReadsTimesAsKubernetesWritesThem) {
  EXPECT_EQ(read_timestamp("2026-11-26T12:00:00Z"), k_noon);
  EXPECT_EQ(read_timestamp("2026-11-26T13:30:00.123456+01:30"), k_noon);
  EXPECT_EQ(read_timestamp("2026-11-26T07:00:00-05:00"), k_noon);
  for (const char* text :
       {"", "2026-11-26", "2026-11-26T12:00:00", "2026-11-26T25:00:00Z", "2026-13-26T12:00:00Z",
        "2026-11-26T12:00:00+1:00", "2026-11-26T12:00:00.5", "2026-11-26 12:00:00Z"}) {
    EXPECT_EQ(read_timestamp(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace pgsluice
