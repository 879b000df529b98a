// SPDX-License-Identifier: Apache-2.0
// The whole life of an application in one piece: what each hook ends with, tells and leaves in the ledger, beside a
// rollout whose moments were recorded from real Kubernetes API servers (tests/cluster/recorded).

#include <algorithm>
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "base/text.hpp"
#include "execute/harness.hpp"
#include "support/kube_api.hpp"

namespace pgsluice::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// Of the drop of a column, once release 2 is everywhere.
constexpr std::string_view k_drop_total =
    "-- pgsluice: phase=contract needs-app=web>=2 soak=2s\nALTER TABLE orders DROP COLUMN total;\n";

/// Done twice, it would leave other values.
constexpr std::string_view k_fill =
    "-- pgsluice: phase=backfill\n-- pgsluice: batch key=id size=200\nUPDATE orders SET cents = cents + "
    "total * 100;\n";

class WholeLife : public ::testing::TestWithParam<Server> {
 protected:
  std::vector<std::string> hook_arguments(const std::string& release, const std::filesystem::path& log) {
    std::vector<std::string> arguments{
        "hook", "presync",        folder.path(),  "--release",         release, "--app",
        "web",  "--database-url", database.url(), "--termination-log", log};
    for (const std::string& option : api.options("gold")) arguments.push_back(option);
    return arguments;
  }
  /// Its exit code and the first line of its termination message.
  std::string hook(const std::string& release, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = hook_arguments(release, termination);
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished finished = run(arguments);
    message = read_file(termination);
    EXPECT_THAT(message, HasSubstr(cat(": exit ", std::to_string(finished.code)))) << finished.err;
    return first_line(message);
  }
  static std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }
  int guard(const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"guard", "--once", "--app", "web", "--database-url", database.url()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments).code;
  }
  std::string digest() { return std::string(trim(run({"guard", "--digest", folder.path().string()}).out)); }

  // ---- what the ledger has -----------------------------------------------------------------------------------------

  /// "0001_orders.sql applied, 0002_cents.sql applied"
  std::string migrations() {
    return database.sql(
        "SELECT string_agg(id || ' ' || state, ', ' ORDER BY id COLLATE \"C\") FROM pgsluice.migration");
  }
  /// "presync of 1: applied=0"; question marks: it has not ended, or was killed.
  std::string last_run() {
    return database.sql(
        "SELECT replace(command, 'hook ', '') || ' of ' || release || ': ' || coalesce(outcome, '?') || '='"
        " || coalesce(exit_code::text, '?') FROM pgsluice.run ORDER BY started_at DESC LIMIT 1");
  }
  std::string runs() { return database.sql("SELECT count(*) FROM pgsluice.run"); }
  std::string releases() {
    return database.sql("SELECT string_agg(DISTINCT release, ' ' ORDER BY release) FROM pgsluice.bundle");
  }
  /// "rollout closed": the decisive evidence about the contract step.
  std::string verdict(const std::string& provider) {
    return database.sql(
        cat("SELECT verdict FROM pgsluice.gate WHERE migration_id = '0004_drop.sql' AND provider = '",
            provider, "' ORDER BY 1 LIMIT 1"));
  }
  std::string backfill() {
    return database.sql(
        "SELECT state || ' ' || done FROM pgsluice.backfill WHERE migration_id = '0003_fill.sql'");
  }
  bool has_total() {
    return database.sql(
               "SELECT count(*) FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = "
               "'total'") == "1";
  }

  // ---- what Kubernetes shows ---------------------------------------------------------------------------------------

  OrderedJson recorded(const std::string& moment) const {
    const std::string version = GetParam().major < 18 ? "v1.20.2" : "v1.36.2";
    return OrderedJson::parse(
        read_file(cat(PGSLUICE_SOURCE_DIR, "/tests/cluster/recorded/", version, "/", moment, ".json")));
  }
  void shows(const std::string& moment) {
    const OrderedJson objects = recorded(moment);
    state = empty_state();
    const auto path = [](const std::string& group, const std::string& plural) {
      return cat("/", group, "/namespaces/gold/", plural);
    };
    state["objects"][path("apis/apps/v1", "deployments")] = objects["deployments"];
    state["objects"][path("apis/apps/v1", "replicasets")] = objects["replicasets"];
    state["objects"][path("api/v1", "pods")] = objects["pods"];
    // All that the recorded Deployment lacks: the label that says whose it is.
    state["objects"][path("apis/apps/v1", "deployments")][0]["metadata"]["labels"]["app.kubernetes.io/name"] =
        "web";
    api.set(state);
  }
  /// One answer to whoever lists pods.
  void refuses(int id, int status, const OrderedJson& more) {
    OrderedJson fault{{"id", id}, {"match", "/pods"}, {"times", 1}, {"status", status}};
    fault.update(more);
    state["faults"] = OrderedJson::array();
    state["faults"].push_back(std::move(fault));
    api.set(state);
  }

  /// The contract step is held, exit code 0, by this evidence and with these words.
  void expect_held(const std::string& release, const std::string& provider, const std::string& words) {
    EXPECT_EQ(hook(release),
              cat("hook presync of ", release, ": exit 0: nothing to do; 1 contract migration held back"))
        << message;
    EXPECT_THAT(message, AllOf(HasSubstr("held: 0004_drop.sql: "), HasSubstr(words)));
    EXPECT_NE(verdict(provider), "open") << provider;
    EXPECT_EQ(verdict("gate"), "closed");
    EXPECT_THAT(migrations(), HasSubstr("0004_drop.sql held"));
    EXPECT_EQ(last_run(), cat("presync of ", release, ": held=0"));
    EXPECT_TRUE(has_total());
  }

  // ---- its chapters, in their order --------------------------------------------------------------------------------

  void install_one() {
    folder.write(
        "0001_orders.sql",
        "CREATE TABLE orders (id bigint PRIMARY KEY, total int, cents bigint NOT NULL DEFAULT 0);\n");
    api.set(empty_state());
    EXPECT_EQ(guard({"--needs", digest()}), 16) << "nobody has brought it yet";
    EXPECT_EQ(hook("1"), "hook presync of 1: exit 0: applied 1 migration in 1 step");
    EXPECT_EQ(migrations(), "0001_orders.sql applied");
    EXPECT_EQ(last_run(), "presync of 1: applied=0");
    EXPECT_EQ(releases(), "1");
    EXPECT_EQ(guard({"--needs", digest(), "--release", "1"}), 0);
    shows("complete-1");
    database.sql("INSERT INTO orders SELECT i, i % 7, 0 FROM generate_series(1, 4000) i; ANALYZE orders");
  }

  /// A row that is locked keeps the backfill in its middle; what works on it there is killed.
  void kill_the_hook_of_two() {
    folder.write("0002_items.sql", "CREATE TABLE items (id bigint PRIMARY KEY);\n")
        .write("0003_fill.sql", k_fill)
        .write("0004_drop.sql", k_drop_total);
    Program killed(hook_arguments("2", termination));
    ASSERT_TRUE(wait_until([&] { return half_filled(); })) << killed.err();
    killed.kill(SIGKILL);
    EXPECT_EQ(killed.wait().signal, SIGKILL);
    EXPECT_EQ(migrations(),
              "0001_orders.sql applied, 0002_items.sql applied, 0003_fill.sql running, 0004_drop.sql held");
    EXPECT_EQ(last_run(), "presync of 2: ?=?");
    EXPECT_EQ(releases(), "1");
    EXPECT_EQ(
        database.sql(
            "SELECT bool_and((cents = total * 100) = (orders.id <= (b.cursor->>0)::bigint OR total = 0))"
            " FROM orders, pgsluice.backfill b"),
        "t")
        << "what is behind the cursor is done, and nothing else";
  }
  bool half_filled() {
    return database.sql("SELECT to_regclass('pgsluice.backfill') IS NOT NULL") == "t" &&
           database.sql("SELECT count(*) FROM pgsluice.backfill WHERE done > 0") == "1" &&
           database.busy("%UPDATE%orders%") == 1;
  }

  /// Argo CD starts the hook again, and by mistake once more beside it.
  void bring_two_at_once(Session& holder) {
    const std::filesystem::path other_log = elsewhere.path() / "other-log";
    Program first(hook_arguments("2", termination));
    ASSERT_TRUE(wait_until([&] { return runs() == "3" && database.busy("%UPDATE%orders%") == 1; }))
        << first.err();
    Program second(hook_arguments("2", other_log));
    ASSERT_TRUE(second.says("waiting for another run")) << second.err();
    holder.script("COMMIT");
    EXPECT_EQ(first.wait().code, 0) << first.err();
    EXPECT_EQ(second.wait().code, 0) << second.err();
    EXPECT_EQ(first_line(read_file(termination)),
              "hook presync of 2: exit 0: applied 1 migration in 1 step; 1 contract migration held back");
    EXPECT_EQ(first_line(read_file(other_log)),
              "hook presync of 2: exit 0: nothing to do; 1 contract migration held back");
    EXPECT_EQ(migrations(),
              "0001_orders.sql applied, 0002_items.sql applied, 0003_fill.sql applied, 0004_drop.sql held");
    EXPECT_EQ(backfill(), "done 4000") << "each row once";
    EXPECT_EQ(database.sql("SELECT count(*) FROM orders WHERE cents <> total * 100"), "0");
    EXPECT_EQ(
        database.sql("SELECT string_agg(coalesce(outcome, '?') || '=' || coalesce(exit_code::text, '?'), ' '"
                     " ORDER BY started_at) FROM pgsluice.run WHERE release = '2'"),
        "?=? applied=0 held=0");
    EXPECT_EQ(releases(), "1 2");
    EXPECT_EQ(guard({"--needs", digest(), "--release", "2"}), 0);
    EXPECT_EQ(guard({"--release", "1"}), 0) << "release 1 still runs beside it";
  }

  /// A file of release 3 that the data violates: each retry fails alike, until somebody mends the data.
  void retry_three() {
    folder.write("0005_check.sql", "ALTER TABLE orders ADD CONSTRAINT small CHECK (id < 4000);\n");
    for (int retry = 0; retry < 2; ++retry) {
      EXPECT_THAT(hook("3"), StartsWith("hook presync of 3: exit 17: "));
      EXPECT_THAT(message, AllOf(HasSubstr("0005_check.sql"), HasSubstr("SQLSTATE 23514")));
      EXPECT_THAT(migrations(), HasSubstr("0004_drop.sql held, 0005_check.sql failed"));
      EXPECT_EQ(last_run(), "presync of 3: failed=17");
      EXPECT_EQ(releases(), "1 2");
    }
    database.sql("DELETE FROM orders WHERE id = 4000");
    EXPECT_EQ(hook("3"),
              "hook presync of 3: exit 0: applied 1 migration in 1 step; 1 contract migration held back");
    EXPECT_THAT(migrations(), HasSubstr("0004_drop.sql held, 0005_check.sql applied"));
    EXPECT_EQ(last_run(), "presync of 3: applied=0");
    EXPECT_EQ(releases(), "1 2 3");
  }

  /// The files of release 2 and 3 are gone again.
  void revert(const std::string& release, const std::string& what) {
    Folder old;
    old.write("0001_orders.sql", read_file(folder.path() / "0001_orders.sql"));
    const std::string before = runs() + migrations();
    std::vector<std::string> arguments = hook_arguments(release, termination);
    arguments[2] = old.path().string();
    run(arguments);
    EXPECT_THAT(first_line(read_file(termination)), StartsWith(cat("hook presync of ", release, what)));
    EXPECT_EQ(runs() + migrations(), before) << "nothing was run, and nothing is recorded";
  }

  KubeApi api;
  OrderedJson state;  ///< of the API server
  Database database{GetParam(), "life"};
  Folder folder;
  Folder elsewhere;
  std::filesystem::path termination = elsewhere.path() / "termination-log";
  std::string message;  ///< of the last hook
};

INSTANTIATE_TEST_SUITE_P(Servers, WholeLife, ::testing::ValuesIn(servers({12, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(WholeLife);

TEST_P(WholeLife, FromTheFirstInstallToTheRefusedRollback) {
  install_one();
  const auto holder = database.connect("psql");
  holder->script("BEGIN; SELECT FROM orders WHERE id = 2500 FOR UPDATE");
  kill_the_hook_of_two();
  bring_two_at_once(*holder);
  retry_three();
  revert("1", ": exit 0: nothing to do");  // the schema is ahead, and release 1 can live with it

  shows("begun");
  expect_held("3", "rollout", "Deployment web is not rolled out: ");
  shows("half");
  expect_held("3", "rollout", " runs 1");
  EXPECT_EQ(hook("3", {"--strict-gates"}),
            "hook presync of 3: exit 12: nothing to do; 1 contract migration held back");
  EXPECT_EQ(last_run(), "presync of 3: held=12");
  shows("terminating");
  expect_held("3", "rollout", " runs 1 and is terminating");
  shows("deadline-exceeded");
  expect_held("3", "rollout", "Deployment web is not rolled out: 1 of 2 pods updated");
  shows("paused");
  expect_held("3", "rollout", "1 of 2 pods updated, and it is paused");
  shows("complete-2");
  expect_held("3", "rollback-horizon", "Deployment web can be rolled back to revision 1");
  EXPECT_EQ(verdict("rollout"), "open");

  // It soaks from here on, and then it runs.
  ASSERT_TRUE(wait_until([&] { return !hook("3", {"--rollback-horizon", "0"}).ends_with("held back"); }))
      << message;
  EXPECT_EQ(message, "hook presync of 3: exit 0: applied 1 migration in 1 step\n");
  EXPECT_EQ(migrations(),
            "0001_orders.sql applied, 0002_items.sql applied, 0003_fill.sql applied, 0004_drop.sql"
            " applied, 0005_check.sql applied");
  EXPECT_EQ(last_run(), "presync of 3: applied=0");
  EXPECT_EQ(verdict("soak"), "open");
  EXPECT_FALSE(has_total());
  EXPECT_EQ(database.sql(
                "SELECT applied_at - since >= interval '2 s' FROM pgsluice.migration m JOIN pgsluice.gate g"
                " ON g.migration_id = m.id AND g.provider = 'rollout' WHERE m.id = '0004_drop.sql'"),
            "t");

  // The way back to release 1 is closed, that to release 2 is not.
  revert("1", ": exit 16: web 1 is too old for this schema: 0004_drop.sql is done, and needs web>=2");
  EXPECT_EQ(guard({"--release", "1"}), 16);
  revert("2", ": exit 0: nothing to do");
  EXPECT_EQ(guard({"--release", "2"}), 0);
}

/// The bodies of real API servers' refusals; a token that expires is read again, and what passes is waited for.
TEST_P(WholeLife, WhatRealApiServersRefuseHoldsTheStepOrIsAskedAgain) {
  install_one();
  folder.write("0002_note.sql", "ALTER TABLE orders ADD COLUMN note text;\n")
      .write("0004_drop.sql", k_drop_total);
  EXPECT_THAT(hook("2"), StartsWith("hook presync of 2: exit 0: applied 1 migration in 1 step"));
  shows("complete-2");
  refuses(1, 403, {{"times", 100}, {"body", recorded("403")}});
  expect_held("3", "rollout", "resources: [pods], verbs: [list]");
  refuses(2, 401, {{"times", 100}, {"body", recorded("401")}});
  expect_held("3", "rollout", "does not know our token");
  const std::vector<std::pair<int, OrderedJson>> passing = {{401, {{"body", recorded("401")}}},
                                                            {410, OrderedJson::object()},
                                                            {429, {{"retry_after", 1}}},
                                                            {503, {{"hang", 1}}}};
  int id = 10;
  for (const auto& [status, more] : passing) {
    shows("complete-2");
    refuses(++id, status, more);
    expect_held("3", "rollback-horizon", "Deployment web can be rolled back to revision 1");
    EXPECT_EQ(verdict("rollout"), "open") << status;
  }
}

}  // namespace
}  // namespace pgsluice::test
