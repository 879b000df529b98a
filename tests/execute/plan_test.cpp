// SPDX-License-Identifier: Apache-2.0
// plan on real servers, through the built program, and apply of what it wrote.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "execute/harness.hpp"
#include "pgsluice/sql.hpp"
#include "support/schema.hpp"

namespace pgsluice::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class PlanOnServer : public ::testing::TestWithParam<Server> {
 protected:
  Finished plan(const std::vector<std::string>& more, std::string_view user = k_migrator) {
    std::vector<std::string> arguments{"plan", folder.path().string(), "--database-url", database.url(user)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  OrderedJson document(const std::vector<std::string>& more, int code) {
    std::vector<std::string> arguments{"--format", "json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished finished = plan(arguments);
    EXPECT_EQ(finished.code, code) << finished.err << finished.out;
    EXPECT_THAT(validate("schema/plan.schema.json", Json::parse(finished.out)), IsEmpty());
    return finished.json();
  }
  std::string save_plan() {
    const std::string file = (elsewhere.path() / "plan.json").string();
    const Finished finished = plan({"--format", "json", "--output", file});
    EXPECT_EQ(finished.code, 0) << finished.err;
    return file;
  }

  Database database{GetParam(), "planned"};
  Folder folder;
  Folder elsewhere;
};

INSTANTIATE_TEST_SUITE_P(Servers, PlanOnServer, ::testing::ValuesIn(servers({})), version_name);

TEST_P(PlanOnServer, TellsWhatIsPendingOfAnEmptyDatabaseAndCreatesNothing) {
  folder.write("0001_orders.sql", "CREATE TABLE orders (id bigint PRIMARY KEY, note text);\n")
      .write("0002_index.sql",
             "-- pgsluice: transaction=off lock-budget=3m\nCREATE INDEX CONCURRENTLY orders_note ON orders "
             "(note);\n");
  const OrderedJson json = document({}, 0);
  EXPECT_EQ(json["ledger"], false);
  ASSERT_EQ(json["steps"].size(), 2U);
  EXPECT_EQ(json["steps"][0]["state"], "pending");
  EXPECT_THAT(json["steps"][0]["locks"], IsEmpty()) << "nobody can wait for what is new";
  EXPECT_EQ(json["steps"][1]["transaction"], false);
  EXPECT_EQ(json["steps"][1]["budget"]["lock_budget_ms"], 180'000);
  EXPECT_EQ(json["steps"][1]["locks"][0]["exists"], false);
  EXPECT_EQ(json["basis"]["relations"]["public.orders"]["oid"], 0);
  EXPECT_EQ(database.sql("SELECT to_regclass('pgsluice.meta') IS NULL AND to_regclass('orders') IS NULL"),
            "t");

  ASSERT_EQ(apply(folder, database, {}).code, 0);
  const Finished nothing = plan({});
  EXPECT_EQ(nothing.code, 0) << nothing.err;
  EXPECT_THAT(nothing.out, HasSubstr("nothing to do"));
}

TEST_P(PlanOnServer, PricesTheWorkAndNamesWhoIsInTheWay) {
  database.sql(
      "CREATE TABLE orders (id bigint PRIMARY KEY, secret text);"
      "INSERT INTO orders SELECT g, 'x' FROM generate_series(1, 20000) g; ANALYZE orders");
  folder.write("0001_check.sql", "ALTER TABLE orders ADD CHECK (id > 0);\nCOMMENT ON TABLE orders IS 'x';\n");
  const auto reporting = database.connect("reporting\x1b[31m");
  reporting->script("BEGIN; SELECT * FROM orders WHERE secret = 'hunter2'");
  const OrderedJson step = document({}, 0)["steps"][0];
  EXPECT_EQ(step["locks"][0]["relation"], "public.orders");
  EXPECT_EQ(step["locks"][0]["mode"], "AccessExclusiveLock");
  EXPECT_EQ(step["locks"][0]["rows"], 20'000);
  EXPECT_GT(step["locks"][0]["bytes"], 500'000);
  EXPECT_EQ(step["statements"][0]["work"][0]["kind"], "scan");
  EXPECT_EQ(step["meanwhile"][0]["held_for"], "work");
  EXPECT_EQ(step["blockers"][0]["state"], "idle in transaction");
  EXPECT_TRUE(step["evictions"].empty());
  EXPECT_EQ(step["budget"]["stall_budget_ms"], 2'000);
  EXPECT_TRUE(step["batches"].is_null());

  const Finished text = plan({});
  EXPECT_THAT(text.out, HasSubstr("line 1: reads every row of public.orders (about 20 thousand rows, "));
  EXPECT_THAT(text.out, HasSubstr("reporting"));
  EXPECT_THAT(text.out, HasSubstr("1 step would have to wait at this moment"));
  EXPECT_THAT(text.out, Not(HasSubstr("\x1b[31m")));
  EXPECT_THAT(text.out, Not(HasSubstr("hunter2")));
  reporting->script("COMMIT");
  EXPECT_THAT(plan({}).out, HasSubstr("nobody at this moment"));
}

/// Both tables are there: who looks at the other one waits for nobody, and queues.
TEST_P(PlanOnServer, WhatAFileSetsIsForThatFile) {
  database.admin(cat("CREATE SCHEMA app AUTHORIZATION ", quote_ident(k_migrator)));
  database.sql("CREATE TABLE app.u (a int); CREATE TABLE u (a int)");
  folder.write("0001_app.sql", "SELECT set_config('search_path', 'app', false);\nALTER TABLE u ADD b int;\n");
  folder.write("0002_u.sql", "ALTER TABLE u ADD c int;\n");
  const OrderedJson steps = document({}, 0)["steps"];
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[0]["locks"][0]["relation"], "app.u");
  EXPECT_EQ(steps[1]["locks"][0]["relation"], "public.u");
  const auto reporting = database.connect("reporting");
  reporting->script("BEGIN; SELECT * FROM public.u");
  const Finished waits = apply(folder, database, {"--lock-budget", "2s"});
  EXPECT_EQ(waits.code, 11) << waits.err;
  EXPECT_THAT(waits.err, HasSubstr("not queueing behind")) << "it looks at the table that it locks";
  reporting->script("COMMIT");
  EXPECT_EQ(apply(folder, database, {}).code, 0);
  EXPECT_EQ(database.sql("SELECT string_agg(attrelid::regclass || '.' || attname, ' ' ORDER BY attname) FROM"
                         " pg_attribute WHERE attname IN ('b', 'c') AND attrelid IN ('u'::regclass,"
                         " 'app.u'::regclass)"),
            "app.u.b u.c");
}

TEST_P(PlanOnServer, RefusesMuchWorkUnderALockUnlessItIsAllowed) {
  database.sql(
      "CREATE TABLE orders (id bigint, note text);"
      "CREATE TABLE parts (id bigint) PARTITION BY RANGE (id);"
      "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10000);"
      "CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (10000) TO (20000);"
      "INSERT INTO orders SELECT g, 'x' FROM generate_series(1, 10000) g;"
      "INSERT INTO parts SELECT g FROM generate_series(1, 19000) g");
  folder.write("0001_index.sql", "CREATE INDEX orders_note ON orders (note);\n");
  const std::vector<std::string> small{"--max-locked-size", "64kB"};
  const OrderedJson refused = document(small, 10);
  EXPECT_THAT(refused["problems"][0]["message"], HasSubstr("public.orders ("));
  EXPECT_THAT(refused["problems"][0]["hint"], HasSubstr("allow blocks-writes-during-work because"));
  EXPECT_EQ(plan({}).code, 0) << "it is less than 1 GB";
  EXPECT_EQ(apply(folder, database, small).code, 10);
  EXPECT_EQ(database.sql("SELECT to_regclass('orders_note') IS NULL"), "t");

  folder.write("0001_index.sql",
               "-- pgsluice: allow blocks-writes-during-work because \"at night\"\n"
               "CREATE INDEX orders_note ON orders (note);\n");
  EXPECT_EQ(apply(folder, database, small).code, 0);
  folder.write("0002_safe.sql",
               "-- pgsluice: transaction=off\nCREATE INDEX CONCURRENTLY orders_id ON orders (id);\n");
  EXPECT_EQ(apply(folder, database, small).code, 0);
  folder.write("0003_parts.sql", "CREATE INDEX parts_id ON parts (id);\n");
  const OrderedJson parts = document({"--max-locked-size", "400kB"}, 10);
  EXPECT_THAT(parts["problems"][0]["message"], HasSubstr("public.parts_1 ("))
      << "the partitions together, none of which is that large";
}

TEST_P(PlanOnServer, NeedsNoRightToWriteAndNone) {
  database.sql("CREATE TABLE orders (id bigint)");
  database.admin(
      "DROP SCHEMA pgsluice; DO $$ BEGIN CREATE ROLE pgsluice_reader LOGIN; EXCEPTION WHEN duplicate_object "
      "THEN NULL; END $$; "
      "ALTER DATABASE planned SET default_transaction_read_only = on");
  folder.write("0001_column.sql", "ALTER TABLE orders ADD COLUMN note text;\n");
  const Finished reader = plan({}, "pgsluice_reader");
  EXPECT_EQ(reader.code, 0) << reader.err;
  EXPECT_THAT(reader.out, HasSubstr("ACCESS EXCLUSIVE"));
}

TEST_P(PlanOnServer, WaitsForNobodyWhoChangesATable) {
  database.sql("CREATE TABLE orders (id bigint)");
  folder.write("0001_column.sql", "ALTER TABLE orders ADD COLUMN note text;\n");
  const auto other = database.connect("other");
  other->script("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");
  const OrderedJson json = document({}, 0);
  EXPECT_EQ(json["steps"][0]["blockers"][0]["mode"], "AccessExclusiveLock");
  EXPECT_EQ(json["steps"][0]["locks"][0]["bytes"], 0);
}

// ---- apply --plan -------------------------------------------------------------------------------------------------

TEST_P(PlanOnServer, IsAppliedAsItWasLookedAt) {
  database.sql("CREATE TABLE orders (id bigint)");
  folder.write("0001_column.sql", "ALTER TABLE orders ADD COLUMN note text;\n");
  const std::string file = save_plan();
  database.sql("INSERT INTO orders SELECT g FROM generate_series(1, 5000) g; ANALYZE orders");
  const Finished done = apply(folder, database, {"--plan", file, "--format", "json"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(validate("schema/apply.schema.json", Json::parse(done.out)), IsEmpty());
  const Finished again = apply(folder, database, {"--plan", file});
  EXPECT_EQ(again.code, 10) << again.err;
  EXPECT_THAT(again.err, HasSubstr("the step 0001_column.sql#1 is no longer pending"));
}

TEST_P(PlanOnServer, IsRefusedWhenAFileATableOrTheDatabaseHasMoved) {
  database.sql("CREATE TABLE orders (id bigint)");
  folder.write("0001_column.sql", "ALTER TABLE orders ADD COLUMN note text;\n");
  const std::string file = save_plan();
  const auto refusal = [&] {
    const Finished refused = apply(folder, database, {"--plan", file});
    EXPECT_EQ(refused.code, 10) << refused.err;
    return refused.err;
  };
  database.sql("ALTER TABLE orders ADD COLUMN other int");
  EXPECT_THAT(refusal(), HasSubstr("the relation public.orders has another definition"));
  database.sql("DROP TABLE orders; CREATE TABLE orders (id bigint)");
  EXPECT_THAT(refusal(), HasSubstr("the relation public.orders has been dropped and made again"));
  database.sql("DROP TABLE orders");
  EXPECT_THAT(refusal(), HasSubstr("the relation public.orders is gone"));
  folder.write("0002_more.sql", "SELECT 1;\n").write("0001_column.sql", "SELECT 2;\n");
  EXPECT_THAT(refusal(),
              HasSubstr("the file 0001_column.sql has other contents; the file 0002_more.sql is new"));
  const Database other(GetParam(), "other");
  const Finished elsewhere_refused = apply(folder, other, {"--plan", file});
  EXPECT_EQ(elsewhere_refused.code, 10);
  EXPECT_THAT(elsewhere_refused.err, HasSubstr("the plan is for database planned"));
  EXPECT_EQ(database.sql("SELECT to_regclass('pgsluice.meta') IS NULL"), "t");

  elsewhere.write("no-plan.json", "{\"schema\": 1}");
  const Finished no_plan = apply(folder, database, {"--plan", (elsewhere.path() / "no-plan.json").string()});
  EXPECT_EQ(no_plan.code, 2) << no_plan.err;
  EXPECT_THAT(no_plan.err, HasSubstr("is no plan"));
}

}  // namespace
}  // namespace pgsluice::test
