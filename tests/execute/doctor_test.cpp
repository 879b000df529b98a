// SPDX-License-Identifier: Apache-2.0
// doctor on real servers, the role that its grants make, and runs through a real PgBouncer.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "execute/harness.hpp"
#include "execute/pooler.hpp"
#include "support/kube_api.hpp"
#include "support/schema.hpp"

namespace pgsluice::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Doctor : public ::testing::TestWithParam<Server> {
 protected:
  static OrderedJson examined(const std::string& url, int code) {
    const Finished finished = run({"doctor", "--database-url", url, "--format", "json"});
    EXPECT_EQ(finished.code, code) << finished.err << finished.out;
    EXPECT_THAT(validate("schema/doctor.schema.json", Json::parse(finished.out)), IsEmpty());
    return finished.json();
  }
  static OrderedJson check(const OrderedJson& document, std::string_view name) {
    for (const OrderedJson& check : document["checks"]) {
      if (check["name"] == name) return check;
    }
    return {};
  }
  void role(const std::string& name) {
    database.sql("DO $$ BEGIN CREATE ROLE " + name +
                 " LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$");
  }

  Database database{GetParam(), "patient", k_superuser};
  Folder folder;
};

INSTANTIATE_TEST_SUITE_P(Servers, Doctor, ::testing::ValuesIn(servers({})), version_name);

TEST_P(Doctor, FindsASuperuserFitAndChangesNothing) {
  const OrderedJson document = examined(database.url(), 0);
  for (const OrderedJson& check : document["checks"]) EXPECT_EQ(check["verdict"], "good") << check;
  EXPECT_EQ(database.sql("SELECT to_regnamespace('pgsluice') IS NULL"), "t");
  EXPECT_THAT(run({"doctor", "--database-url", database.url()}).out, HasSubstr("fit"));
}

TEST_P(Doctor, SaysWhatARoleLacksAndItsMendWorks) {
  role("patient_weak");
  database.sql("CREATE TABLE orders (id bigint)");
  const OrderedJson lacking = examined(database.url("patient_weak"), 3);
  EXPECT_EQ(check(lacking, "ledger")["verdict"], "missing");
  EXPECT_EQ(check(lacking, "owners")["verdict"], "advice");
  EXPECT_THAT(check(lacking, "owners")["message"].get<std::string>(),
              HasSubstr("1 relation of postgres (orders)"));
  EXPECT_EQ(check(lacking, "stats")["mend"], "GRANT pg_read_all_stats TO patient_weak;");
  for (const OrderedJson& check : lacking["checks"]) {
    const std::string mend = check["mend"];
    if (check["verdict"] != "good" && mend.find(';') != std::string::npos) database.sql(mend);
  }
  const OrderedJson mended = examined(database.url("patient_weak"), 0);
  EXPECT_EQ(check(mended, "ledger")["verdict"], "good");
  EXPECT_EQ(check(mended, "stats")["verdict"], "good");
  database.sql("REVOKE pg_read_all_stats FROM patient_weak");

  const Finished no_kill = run({"doctor", "--kill-policy", "--database-url", database.url("patient_weak")});
  EXPECT_EQ(no_kill.code, 3) << no_kill.out;
  EXPECT_THAT(no_kill.out, HasSubstr("GRANT pg_signal_backend TO patient_weak;"));
}

TEST_P(Doctor, SeesAReadOnlyDatabaseAndOneThatIsNotThere) {
  database.sql("ALTER DATABASE patient SET default_transaction_read_only = on");
  EXPECT_EQ(check(examined(database.url(), 3), "primary")["verdict"], "missing");
  EXPECT_EQ(run({"doctor", "--database-url", database.url("nobody_of_that_name")}).code, 15);
}

TEST_P(Doctor, SaysWhatKubernetesDoesNotLetItSee) {
  KubeApi api;
  OrderedJson state = empty_state();
  const auto examine = [&] {
    api.set(state);
    std::vector<std::string> arguments{"doctor", "--database-url", database.url(), "--format", "json"};
    for (const std::string& option : api.options("shop")) arguments.push_back(option);
    return run(arguments);
  };
  EXPECT_EQ(check(examine().json(), "kubernetes")["verdict"], "good");
  state["forbidden"] = {"pods", "deployments", "statefulsets"};
  const OrderedJson lacking = check(examine().json(), "kubernetes");
  EXPECT_EQ(lacking["verdict"], "advice");
  EXPECT_EQ(lacking["mend"],
            "# of a Role in namespace shop, bound to our service account\n"
            "- apiGroups: [\"\"]\n  resources: [pods]\n  verbs: [list]\n"
            "- apiGroups: [apps]\n  resources: [deployments, statefulsets]\n  verbs: [list]\n");
  state["tokens"] = {"another"};
  EXPECT_THAT(check(examine().json(), "kubernetes")["message"].get<std::string>(),
              HasSubstr("does not know our token"));
}

// ---- the role that its grants make --------------------------------------------------------------------------------------

TEST_P(Doctor, PrintsGrantsThatAreEnoughForAWholeHistory) {
  role("patient_owner");
  database.sql(
      "CREATE SCHEMA \"odd\"\"; schema\n\"; CREATE TABLE orders (id bigint PRIMARY KEY, note text);"
      "CREATE TABLE \"odd\"\"; schema\n\".\"t'\n\" (id bigint); CREATE TABLE left_alone (id bigint);"
      "ALTER TABLE orders OWNER TO patient_owner;"
      "ALTER TABLE \"odd\"\"; schema\n\".\"t'\n\" OWNER TO patient_owner");
  const std::string name = "migrator\"; --\n'" + std::to_string(GetParam().major);
  const Finished grants = run({"doctor", "--grants", "--role", name, "--database-url", database.url()});
  ASSERT_EQ(grants.code, 0) << grants.err;
  EXPECT_THAT(grants.out, HasSubstr("-- ALTER TABLE left_alone OWNER TO"));
  database.sql(grants.out);

  folder.write("0001_new.sql", "CREATE TABLE items (id bigint PRIMARY KEY, order_id bigint);\n")
      .write("0002_two.sql",
             "BEGIN;\nALTER TABLE orders ADD COLUMN at timestamptz;\nCOMMIT;\n"
             "BEGIN;\nALTER TABLE \"odd\"\"; schema\n\".\"t'\n\" ADD COLUMN x int;\nCOMMIT;\n")
      .write("0003_index.sql",
             "-- pgsluice: transaction=off\nCREATE INDEX CONCURRENTLY orders_note ON orders (note);\n")
      .write("0004_key.sql",
             "ALTER TABLE items ADD FOREIGN KEY (order_id) REFERENCES orders (id) NOT VALID;\n");
  const auto reporting = database.connect("reporting");
  reporting->script("BEGIN; LOCK TABLE orders IN ACCESS SHARE MODE");
  const std::vector<std::string> arguments{
      "apply", folder.path().string(), "--database-url", database.url(name), "--log-format", "json"};
  Program program(arguments);
  ASSERT_TRUE(program.says("not queueing behind")) << program.err();
  EXPECT_THAT(program.err(), HasSubstr("reporting"));
  reporting->script("COMMIT");
  const Finished done = program.wait();
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.err, Not(HasSubstr("blockers-hidden")));
  EXPECT_EQ(database.sql("SELECT count(*) FROM pgsluice.migration WHERE state = 'applied'"), "4");

  const Finished again = run({"doctor", "--grants", "--role", name, "--database-url", database.url()});
  database.sql(again.out);
  EXPECT_EQ(examined(database.url(name), 0)["exit_code"], 0);
}

TEST_P(Doctor, ApplySaysOnceThatItCannotSeeBlockers) {
  role("patient_blind");
  database.sql(
      "CREATE SCHEMA pgsluice AUTHORIZATION patient_blind; GRANT CREATE ON SCHEMA public TO patient_blind");
  folder.write("0001_a.sql", "CREATE TABLE a (x int);\n").write("0002_b.sql", "CREATE TABLE b (x int);\n");
  const Finished done =
      run({"apply", folder.path().string(), "--database-url", database.url("patient_blind")});
  EXPECT_EQ(done.code, 0) << done.err;
  const std::size_t first = done.err.find("GRANT pg_read_all_stats TO patient_blind;");
  ASSERT_NE(first, std::string::npos) << done.err;
  EXPECT_EQ(done.err.find("pg_read_all_stats", first + 10), std::string::npos) << done.err;
}

// ---- one search_path for a run ------------------------------------------------------------------------------------------

TEST_P(Doctor, ARunKeepsItsSearchPathWhateverTheRoleIsGivenMeanwhile) {
  database.sql(
      "CREATE SCHEMA \"a'\\b\"; CREATE SCHEMA later; CREATE TABLE gate (open boolean); INSERT INTO gate "
      "VALUES (false);"
      "ALTER DATABASE patient SET search_path = \"a'\\b\", public");
  folder
      .write("0001_gate.sql",
             "DO $$ BEGIN WHILE NOT (SELECT open FROM gate) LOOP PERFORM pg_sleep(0.02); END LOOP; END $$;\n"
             "CREATE TABLE first (x int);\n")
      .write("0002_next.sql", "CREATE TABLE next (x int);\n");
  Program program({"apply", folder.path().string(), "--database-url", database.url()});
  ASSERT_TRUE(wait_until([&] { return database.busy("DO %") == 1; })) << program.err();
  database.sql("ALTER DATABASE patient SET search_path = later, public");
  database.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
      " AND application_name LIKE 'pgsluice/%' AND query LIKE 'DO %'");
  ASSERT_TRUE(program.says("connected again")) << program.err();
  database.sql("UPDATE public.gate SET open = true");
  const Finished done = program.wait();
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(
      database.sql("SELECT string_agg(schemaname, ' ' ORDER BY tablename) FROM pg_tables WHERE tablename IN"
                   " ('first', 'next')"),
      "a'\\b a'\\b");
}

// ---- poolers ------------------------------------------------------------------------------------------------------------

TEST_P(Doctor, RunsThroughAPoolInSessionMode) {
  const Pooler pooler(GetParam(), "session");
  database.sql("CREATE TABLE orders (id bigint, note text)");
  folder.write("0001_column.sql", "ALTER TABLE orders ADD COLUMN at timestamptz;\n")
      .write("0002_index.sql",
             "-- pgsluice: transaction=off\nCREATE INDEX CONCURRENTLY orders_note ON orders (note);\n");
  EXPECT_THAT(check(examined(pooler.url(database), 0), "session")["message"].get<std::string>(),
              HasSubstr("a pooler in session mode"));
  EXPECT_EQ(run({"plan", folder.path().string(), "--database-url", pooler.url(database)}).code, 0);
  const auto reporting = database.connect("reporting");
  reporting->script("BEGIN; LOCK TABLE orders IN ACCESS SHARE MODE");
  Program program({"apply", folder.path().string(), "--database-url", pooler.url(database)});
  ASSERT_TRUE(program.says("not queueing behind")) << program.err();
  reporting->script("COMMIT");
  const Finished done = program.wait();
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(database.sql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'orders_note'::regclass"), "t");
}

TEST_P(Doctor, RefusesAPoolInTransactionMode) {
  for (const char* mode : {"transaction", "statement"}) {
    const Pooler pooler(GetParam(), mode);
    folder.write("0001_t.sql", "CREATE TABLE t (x int);\n");
    const Finished refused = run({"apply", folder.path().string(), "--database-url", pooler.url(database)});
    EXPECT_EQ(refused.code, 3) << refused.err;
    EXPECT_THAT(refused.err, HasSubstr("a connection pooler stands between"));
    EXPECT_THAT(refused.err, HasSubstr("pool_mode=session"));
    EXPECT_EQ(check(examined(pooler.url(database), 3), "session")["verdict"], "missing");
    EXPECT_EQ(run({"plan", folder.path().string(), "--database-url", pooler.url(database)}).code, 3);
    EXPECT_EQ(run({"status", folder.path().string(), "--database-url", pooler.url(database)}).code, 3);
    const auto next = pooler.connect(database);
    const SqlResult left = next->query(
        "SELECT current_setting('default_transaction_read_only'), current_setting('statement_timeout')", {});
    EXPECT_EQ(left.text(0, 0) + left.text(0, 1), "off0") << "nothing of ours reaches others";
  }
  EXPECT_EQ(database.sql("SELECT to_regnamespace('pgsluice') IS NULL"), "t");
}

}  // namespace
}  // namespace pgsluice::test
