// SPDX-License-Identifier: Apache-2.0
// How the locks of a step are taken on real servers, beside sessions that hold them or want them.
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "execute/harness.hpp"

namespace pgsluice::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Locks : public ::testing::TestWithParam<Server> {
 protected:
  Locks() {
    database.sql(
        "CREATE TABLE orders (id bigint PRIMARY KEY, note text); INSERT INTO orders SELECT i FROM"
        " generate_series(1, 100) i; CREATE TABLE customers (id bigint PRIMARY KEY);"
        "CREATE TABLE \"Odd \"\"$pgsluice$ na'me\\\" (id bigint)");
  }
  /// A session of a role that is no superuser.
  std::unique_ptr<Session> connect_as_reports(const std::string& application) {
    database.admin(
        "DO $$ BEGIN CREATE ROLE pgsluice_reports LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
        "GRANT SELECT ON orders TO pgsluice_reports");
    return database.connect(application, "pgsluice_reports");
  }
  Database database{GetParam(), "t"};
  Folder folder;
};

INSTANTIATE_TEST_SUITE_P(Servers, Locks, ::testing::ValuesIn(servers({})), version_name);

/// Transactions that follow one another without a gap, two at a time, each of 80 ms.
class Stream {
 public:
  explicit Stream(const Database& database) {
    for (int i = 0; i < 2; ++i) {
      threads_.emplace_back([this, &database, i] {
        const auto session = database.connect("stream");
        std::this_thread::sleep_for(std::chrono::milliseconds(40 * i));
        while (!stopped_) {
          session->script("BEGIN; SELECT count(*) FROM orders; SELECT pg_sleep(0.08); COMMIT");
          ++rounds_;
        }
      });
    }
  }
  ~Stream() {
    stopped_ = true;
    for (std::thread& thread : threads_) thread.join();
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  [[nodiscard]] int rounds() const { return rounds_; }

 private:
  std::atomic<bool> stopped_ = false;
  std::atomic<int> rounds_ = 0;
  std::vector<std::thread> threads_;
};

TEST_P(Locks, AreGotWhereNoMomentIsFree) {
  const Stream stream(database);
  ASSERT_TRUE(wait_until([&] { return stream.rounds() > 4; }));
  folder.write("0001_column.sql", "ALTER TABLE orders ADD COLUMN extra int;\n");
  // In how many attempts depends on the machine's load: scripts/bench-stall measures it.
  EXPECT_EQ(apply(folder, database, {"--max-attempts", "100"}).code, 0);
}

TEST_P(Locks, OfSeveralTablesAreTakenAllOrNone) {
  const auto holder = database.connect("holder");
  holder->script("BEGIN; LOCK TABLE customers IN ROW EXCLUSIVE MODE");
  folder.write("0001_key.sql",
               "ALTER TABLE orders ADD COLUMN customer_id bigint;\n"
               "ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers NOT VALID;\n");
  Program program({"apply", folder.path().string(), "--database-url", database.url()});
  ASSERT_TRUE(program.says("not queueing behind")) << program.err();
  EXPECT_EQ(database.sql("SELECT count(*) FROM pg_locks WHERE relation = 'orders'::regclass"
                         " AND mode = 'AccessExclusiveLock'"),
            "0");
  holder->script("COMMIT");
  EXPECT_EQ(program.wait().code, 0);
}

TEST_P(Locks, OfHostileNamesAreTakenToo) {
  folder.write("0001_odd.sql", "ALTER TABLE \"Odd \"\"$pgsluice$ na'me\\\" ADD COLUMN x int;\n");
  const Finished done = apply(folder, database, {"--format", "json"});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.err, Not(HasSubstr("cannot take the locks in advance")));
}

TEST_P(Locks, OfATableOfSomebodyElseAreLeftToTheStatement) {
  database.admin(
      "DROP SCHEMA pgsluice; DO $$ BEGIN CREATE ROLE pgsluice_owner LOGIN; EXCEPTION WHEN duplicate_object "
      "THEN NULL; END $$;"
      "GRANT REFERENCES ON customers TO pgsluice_owner; ALTER TABLE orders OWNER TO pgsluice_owner;"
      "GRANT ALL ON SCHEMA public TO pgsluice_owner;"
      "CREATE SCHEMA pgsluice AUTHORIZATION pgsluice_owner");
  folder.write("0001_key.sql", "ALTER TABLE orders ADD COLUMN customer_id bigint REFERENCES customers;\n");
  const Finished done =
      run({"apply", folder.path().string(), "--database-url", database.url("pgsluice_owner")});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.err, Not(HasSubstr("cannot take the locks in advance")));
}

TEST_P(Locks, AreNotKeptWhileOthersWaitTooLong) {
  folder.write("0001_slow.sql", "LOCK TABLE orders IN ACCESS EXCLUSIVE MODE;\nSELECT pg_sleep(600);\n");
  Program program({"apply", folder.path().string(), "--database-url", database.url(), "--stall-budget",
                   "300ms", "--format", "json"});
  ASSERT_TRUE(wait_until([&] { return database.busy("SELECT pg_sleep%") == 1; })) << program.err();
  const auto victim = database.connect("shop");
  EXPECT_TRUE(
      victim->query("SELECT count(*) FROM orders", {}).ok);  // returns when the statement is cancelled
  const Finished done = program.wait();
  EXPECT_EQ(done.code, 11) << done.err;
  EXPECT_EQ(done.json()["steps"][0]["state"], "stall-budget");
  EXPECT_EQ(done.json()["steps"][0]["max_victims"], 1);
}

TEST_P(Locks, AreFreedByTerminatingWhoIsListed) {
  const auto idle = connect_as_reports("nightly");
  idle->script("BEGIN; SELECT count(*) FROM orders");
  folder.write("0001_column.sql", "ALTER TABLE orders ADD COLUMN extra int;\n");
  const Finished plan =
      run({"plan", folder.path().string(), "--database-url", database.url(), "--terminate-blockers", "1h",
           "--blocker-application", "nightly", "--format", "json"});
  const OrderedJson eviction = plan.json()["steps"][0]["evictions"][0];
  EXPECT_EQ(eviction["eviction"], "terminate");
  EXPECT_EQ(eviction["from_age_ms"], 3'600'000);
  const Finished done =
      apply(folder, database, {"--terminate-blockers", "10ms", "--blocker-application", "nightly"});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.err, HasSubstr("terminating pid"));
  EXPECT_TRUE(idle->query("SELECT 1", {}).connection_lost);
}

TEST_P(Locks, AreNotFreedByTerminatingASuperuser) {
  const auto idle = database.connect("nightly", k_superuser);
  idle->script("BEGIN; SELECT count(*) FROM orders");
  folder.write("0001_column.sql", "ALTER TABLE orders ADD COLUMN extra int;\n");
  const Finished done =
      apply(folder, database,
            {"--terminate-blockers", "10ms", "--blocker-application", "nightly", "--lock-budget", "1s"});
  EXPECT_EQ(done.code, 11) << done.err;
  EXPECT_THAT(done.err, HasSubstr("it belongs to a superuser"));
  EXPECT_TRUE(idle->query("COMMIT", {}).ok);
}

TEST_P(Locks, OfAConcurrentBuildAreWaitedForByName) {
  database.sql("CREATE TABLE elsewhere (x int)");
  const auto old_snapshot = database.connect("reporting");
  old_snapshot->script("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM elsewhere");
  wait_until([&] {
    return database.sql(
               "SELECT clock_timestamp() - xact_start > interval '1 s' FROM pg_stat_activity"
               " WHERE application_name = 'reporting'") == "t";
  });
  folder.write("0001_index.sql",
               "-- pgsluice: transaction=off\nCREATE INDEX CONCURRENTLY ON orders (note);\n");
  Program program({"apply", folder.path().string(), "--database-url", database.url()});
  ASSERT_TRUE(program.says("the build will have to wait for the end of pid")) << program.err();
  old_snapshot->script("COMMIT");
  EXPECT_EQ(program.wait().code, 0);
}

}  // namespace
}  // namespace pgsluice::test
