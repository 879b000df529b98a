// SPDX-License-Identifier: Apache-2.0
// The gate on real servers, through the built program: releases that come one after the other.

#include <chrono>
#include <csignal>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "execute/gated.hpp"
#include "pgsluice/sql.hpp"

namespace pgsluice::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class Gate : public Gated {};

INSTANTIATE_TEST_SUITE_P(Servers, Gate, ::testing::ValuesIn(servers({12, 15, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Gate);

TEST_P(Gate, AContractStepComesOneReleaseAfterItsExpandStep) {
  bring_two();
  EXPECT_EQ(state("0002_cents.sql"), "applied");
  EXPECT_EQ(state("0003_drop.sql"), "held");
  EXPECT_TRUE(has_total());
  EXPECT_THAT(
      message(),
      AllOf(StartsWith("hook presync of 2.0.0: exit 0: applied 1 migration in 1 step; 1 contract migration "
                       "held back\n"),
            HasSubstr("held: 0003_drop.sql: it needs 0002_cents.sql in an earlier release than 2.0.0")));
  EXPECT_EQ(held("0003_drop.sql"), "release");
  EXPECT_EQ(
      database.sql(
          "SELECT verdict FROM pgsluice.gate WHERE migration_id = '0003_drop.sql' AND provider = 'gate'"),
      "closed");

  EXPECT_EQ(hook("presync", "2.0.0").code, 0) << "a retry of the same sync";
  EXPECT_EQ(hook("postsync", "2.0.0").code, 0);
  EXPECT_TRUE(has_total());
  EXPECT_EQ(hook("presync", "2.0.0", {"--strict-gates"}).code, 0) << "no hook before 2.0.0 could run it";
  const Finished strict = call({"apply", folder.path().string()}, {"--release", "2.0.0", "--strict-gates"});
  EXPECT_EQ(strict.code, 12) << strict.err;
  EXPECT_EQ(database.sql("SELECT outcome || exit_code FROM pgsluice.run ORDER BY started_at DESC LIMIT 1"),
            "held12");
  folder.write("0004_more.sql", "CREATE TABLE more (id int);\n");
  EXPECT_EQ(call({"apply", folder.path().string()}, {"--release", "2.0.0", "--strict-gates"}).code, 12);
  EXPECT_EQ(database.sql("SELECT outcome || exit_code FROM pgsluice.run ORDER BY started_at DESC LIMIT 1"),
            "applied12");
  EXPECT_EQ(state("0004_more.sql"), "applied");

  const Finished three = hook("presync", "2.1.0");
  EXPECT_EQ(three.code, 0) << three.err;
  EXPECT_FALSE(has_total());
  EXPECT_EQ(state("0003_drop.sql"), "applied");
  EXPECT_EQ(
      database.sql("SELECT release || ' ' || needs_app FROM pgsluice.migration WHERE id = '0003_drop.sql'"),
      "2.0.0 checkout>=2.0.0");
  EXPECT_EQ(
      database.sql(
          "SELECT verdict FROM pgsluice.gate WHERE migration_id = '0003_drop.sql' AND provider = 'sessions'"),
      "open");
}

TEST_P(Gate, ASessionOfAnOlderReleaseHoldsAContractStep) {
  bring_two();
  auto old = database.connect("checkout/1.9.9");
  const Finished three = hook("presync", "2.1.0");
  EXPECT_EQ(three.code, 0) << three.err;
  EXPECT_TRUE(has_total());
  EXPECT_THAT(message(), HasSubstr("1 session of checkout/1.9.9"));
  EXPECT_EQ(held("0003_drop.sql", {"--release", "2.1.0"}), "sessions");
  EXPECT_EQ(database.sql("SELECT detail->'application_names'->>'checkout/1.9.9' FROM pgsluice.gate WHERE "
                         "provider = 'sessions'"),
            "1");
  EXPECT_EQ(hook("presync", "2.1.0", {"--evidence", "sessions=optional"}).code, 0);
  EXPECT_FALSE(has_total());
}

TEST_P(Gate, PlanSaysInItsJsonWhatHoldsAFile) {
  bring_two();
  auto old = database.connect("checkout/1.9.9");
  const Finished planned =
      call({"plan", folder.path().string()}, {"--format", "json", "--release", "2.1.0", "--phase", "all"});
  EXPECT_EQ(planned.code, 0) << planned.err;
  EXPECT_THAT(validate("schema/plan.schema.json", Json::parse(planned.out)), IsEmpty());
  const OrderedJson held = planned.json()["held"];
  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(held[0]["migration"], "0003_drop.sql");
  EXPECT_EQ(held[0]["held"][0]["reason"], "sessions");
  EXPECT_THAT(held[0]["held"][0]["message"].get<std::string>(), HasSubstr("1 session of checkout/1.9.9"));
  old.reset();
  ASSERT_TRUE(wait_until([&] { return held_by_plan() == 0; }));
}

TEST_P(Gate, ARoleThatMayNotSeeSessionsDoesNotTakeThemForGone) {
  bring_two();
  const std::string role = cat("gated", std::to_string(GetParam().major));
  database.admin(cat("CREATE ROLE ", role, " LOGIN; GRANT USAGE ON SCHEMA pgsluice TO ", role,
                     "; GRANT SELECT ON ALL TABLES IN SCHEMA pgsluice TO ", role));
  auto old = database.connect("checkout/1.9.9");
  const Finished shown =
      run({"status", folder.path().string(), "--release", "2.1.0", "--database-url", database.url(role)});
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("GRANT pg_read_all_stats"));
  database.admin(cat("DROP OWNED BY ", role, "; DROP ROLE ", role));
}

TEST_P(Gate, ViewsAndFunctionsThatUseAColumnHoldItsContractStep) {
  bring_two();
  database.sql("CREATE VIEW totals AS SELECT id, total FROM orders");
  EXPECT_EQ(held("0003_drop.sql", {"--release", "2.1.0"}), "dependants");
  database.sql("DROP VIEW totals; CREATE VIEW ids AS SELECT id FROM orders");
  EXPECT_EQ(held("0003_drop.sql", {"--release", "2.1.0"}), "");
  database.sql("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT Total FROM orders LIMIT 1'");
  EXPECT_EQ(held("0003_drop.sql", {"--release", "2.1.0"}), "dependants");
  database.sql(
      "DROP FUNCTION f(); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1 AS subtotal FROM "
      "orders'");
  EXPECT_EQ(held("0003_drop.sql", {"--release", "2.1.0"}), "") << "another word";
  database.sql(
      "CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.total := 1; RETURN NEW; END';"
      "CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION g()");
  EXPECT_EQ(held("0003_drop.sql", {"--release", "2.1.0"}), "dependants") << "NEW is a row of the table";
  database.sql(
      "DROP FUNCTION g() CASCADE; ALTER TABLE orders ADD COLUMN twice int GENERATED ALWAYS AS (total * 2) "
      "STORED");
  EXPECT_EQ(held("0003_drop.sql", {"--release", "2.1.0"}), "dependants");
  database.sql("ALTER TABLE orders DROP COLUMN twice; CREATE POLICY p ON orders USING (total > 0)");
  EXPECT_EQ(held("0003_drop.sql", {"--release", "2.1.0"}), "dependants");
  const Finished three = hook("presync", "2.1.0");
  EXPECT_THAT(
      message(),
      HasSubstr("policy p on public.orders uses public.orders.total: change that first, in an earlier file"));
  EXPECT_TRUE(has_total());
}

TEST_P(Gate, WhatAFileDropsItselfDoesNotHoldIt) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  database.sql("CREATE VIEW totals AS SELECT id, total FROM orders");
  folder.write("0003_drop.sql",
               "-- pgsluice: phase=contract\nDROP VIEW totals;\nALTER TABLE orders DROP COLUMN total;\n");
  EXPECT_EQ(held("0003_drop.sql", {"--release", "2.0.0"}), "");
}

TEST_P(Gate, WhateverHangsOnATableHoldsItsDrop) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  folder.write("0003_drop.sql", "-- pgsluice: phase=contract\nDROP TABLE orders CASCADE;\n");
  EXPECT_EQ(held("0003_drop.sql", {"--release", "2.0.0"}), "");
  database.admin("CREATE PUBLICATION p FOR TABLE orders");
  EXPECT_EQ(held("0003_drop.sql", {"--release", "2.0.0"}), "dependants");
  database.admin("DROP PUBLICATION p");
  database.sql("CREATE TABLE items (id bigint, o bigint REFERENCES orders)");
  EXPECT_EQ(held("0003_drop.sql", {"--release", "2.0.0"}), "dependants");
}

/// Whoever subscribes gets the columns of a table, too, and knows neither what it takes for granted nor who it is.
TEST_P(Gate, PublicationsOfAllTablesHoldAContractStep) {
  bring_two();
  const auto held_by_publication = [&](const std::string& publication) {
    database.admin(publication);
    EXPECT_EQ(hook("presync", "2.1.0").code, 0);
    database.admin("DROP PUBLICATION p");
    return message();
  };
  EXPECT_THAT(held_by_publication("CREATE PUBLICATION p FOR ALL TABLES"),
              HasSubstr("publication p FOR ALL TABLES uses public.orders.total"));
  EXPECT_THAT(held_by_publication("CREATE PUBLICATION p FOR TABLE orders"),
              HasSubstr("publication p uses public.orders.total"));
  if (GetParam().major >= 15) {
    EXPECT_THAT(held_by_publication("CREATE PUBLICATION p FOR TABLES IN SCHEMA public"),
                HasSubstr("publication p FOR TABLES IN SCHEMA public uses public.orders.total"));
    database.admin("CREATE PUBLICATION p FOR TABLE orders (id)");  // not with the column that goes
  }
  EXPECT_EQ(held("0003_drop.sql", {"--release", "2.1.0"}), "");
}

TEST_P(Gate, ASessionWithoutANameHoldsAContractStep) {
  bring_two();
  auto nameless = database.connect("");
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_THAT(message(), AllOf(HasSubstr("without an application_name"), HasSubstr("--app-role")));
  EXPECT_TRUE(has_total());
  EXPECT_EQ(hook("presync", "2.1.0", {"--app-role", "pg_monitor"}).code, 0) << "another role's";
  EXPECT_FALSE(has_total());
}

/// What a driver calls itself says nothing about whose it is.
TEST_P(Gate, SessionsUnderNamesOfDriversHoldAContractStep) {
  bring_two();
  for (const char* name : {"PostgreSQL JDBC Driver", "puma: cluster worker 0: 17 [app]", "bin/rails"}) {
    const auto session = database.connect(name);
    EXPECT_EQ(hook("presync", "2.1.0").code, 0);
    EXPECT_TRUE(has_total()) << name;
    EXPECT_THAT(message(), AllOf(HasSubstr(name), HasSubstr("--app-role"))) << name;
  }
  const auto tool = database.connect("psql");
  const auto other = database.connect("billing/1.2.0");
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_FALSE(has_total()) << message();
}

TEST_P(Gate, ARoleThatIsNotThereHoldsAContractStep) {
  bring_two();
  EXPECT_EQ(hook("presync", "2.1.0", {"--app-role", "shpo"}).code, 0);
  EXPECT_TRUE(has_total());
  EXPECT_THAT(message(), HasSubstr("--app-role: there is no role shpo"));
}

/// Without CASCADE, and by its name, each part can be asked for.
TEST_P(Gate, PartsThatAFileDoesNotNameHoldIt) {
  database.sql("CREATE SEQUENCE nums; CREATE TABLE u (id int, n bigint DEFAULT nextval('nums'))");
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  folder.write("0003_drop.sql",
               "-- pgsluice: phase=contract needs-app=checkout>=2.0.0\nDROP SEQUENCE nums CASCADE;\n");
  for (const char* release : {"2.0.0", "2.1.0"}) EXPECT_EQ(hook("presync", release).code, 0);
  EXPECT_EQ(state("0003_drop.sql"), "held");
  EXPECT_THAT(message(), HasSubstr("CASCADE takes parts of public.u along that the file does not name"));
  folder.write("0003_drop.sql",
               "-- pgsluice: phase=contract needs-app=checkout>=2.0.0\n"
               "ALTER TABLE u ALTER COLUMN n DROP DEFAULT;\nDROP SEQUENCE nums;\n");
  for (const char* release : {"2.2.0", "2.3.0"}) EXPECT_EQ(hook("presync", release).code, 0);
  EXPECT_EQ(state("0003_drop.sql"), "applied") << message();
}

/// The default of a copy is the original's sequence, and a column may have its row type.
TEST_P(Gate, WhatOtherTablesHaveOfATableHoldsItsDrop) {
  database.sql(
      "CREATE TABLE old (id serial, a int); CREATE TABLE copy (LIKE old INCLUDING ALL);"
      "CREATE TABLE adr (street text); CREATE TABLE people (id int, home adr, others adr[])");
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  const auto held = [&](const std::string& drop) {
    folder.write("0003_drop.sql",
                 cat("-- pgsluice: phase=contract needs-app=checkout>=2.0.0\n", drop, ";\n"));
    for (const char* release : {"2.0.0", "2.1.0"}) EXPECT_EQ(hook("presync", release).code, 0);
    return state("0003_drop.sql") + " " + message();
  };
  EXPECT_THAT(held("DROP TABLE old CASCADE"), HasSubstr("default id of public.copy uses public.old"));
  EXPECT_THAT(held("ALTER TABLE old DROP COLUMN id CASCADE"),
              HasSubstr("default id of public.copy uses public.old.id"));
  EXPECT_THAT(held("DROP TABLE adr CASCADE"),
              HasSubstr("column home of public.people and column others of public.people use public.adr"));
}

TEST_P(Gate, WhatARoleOwnsIsAskedFor) {
  database.admin(
      cat("DROP ROLE IF EXISTS pgsluice_owner; CREATE ROLE pgsluice_owner; GRANT pgsluice_owner TO ",
          quote_ident(k_migrator),
          "; CREATE TABLE owned (id int); ALTER TABLE owned OWNER TO pgsluice_owner;"
          " CREATE VIEW its AS SELECT id FROM owned"));
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  folder.write(
      "0003_drop.sql",
      "-- pgsluice: phase=contract needs-app=checkout>=2.0.0\nDROP OWNED BY pgsluice_owner CASCADE;\n");
  for (const char* release : {"2.0.0", "2.1.0"}) EXPECT_EQ(hook("presync", release).code, 0);
  EXPECT_EQ(state("0003_drop.sql"), "held");
  EXPECT_THAT(message(), HasSubstr("view public.its uses public.owned"));
  database.admin("DROP OWNED BY pgsluice_owner CASCADE; DROP ROLE pgsluice_owner");
}

/// What takes rights away breaks those that use them.
TEST_P(Gate, RightsAreTakenAwayInContractSteps) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  database.admin(
      "DROP ROLE IF EXISTS pgsluice_reader; CREATE ROLE pgsluice_reader; GRANT ALL ON orders TO "
      "pgsluice_reader");
  for (const char* takes : {"REVOKE SELECT ON orders FROM pgsluice_reader",
                            "REVOKE INSERT, UPDATE ON orders FROM pgsluice_reader"}) {
    folder.write("0002_rights.sql", cat(takes, ";\n"));
    const Finished refused = hook("presync", "2.0.0");
    EXPECT_EQ(refused.code, 10) << takes;
    EXPECT_THAT(refused.err, HasSubstr("0002_rights.sql"));
  }
  folder.write("0002_rights.sql",
               "REVOKE REFERENCES ON orders FROM pgsluice_reader;\nREVOKE ALL ON orders FROM "
               "pgsluice_reader;\nGRANT SELECT ON orders TO pgsluice_reader;\n");
  EXPECT_EQ(hook("presync", "2.0.0").code, 0) << message();
  database.admin("DROP OWNED BY pgsluice_reader; DROP ROLE pgsluice_reader");
}

TEST_P(Gate, WhatGoesAlongWithASchemaIsAskedForToo) {
  database.admin(cat("CREATE SCHEMA s AUTHORIZATION ", quote_ident(k_migrator)));
  database.sql("CREATE TABLE s.t (id int); CREATE VIEW public.vt AS SELECT id FROM s.t");
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  folder.write("0003_drop.sql", "-- pgsluice: phase=contract\nDROP SCHEMA s CASCADE;\n");
  EXPECT_EQ(hook("presync", "2.0.0").code, 0);
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_EQ(state("0003_drop.sql"), "held");
  EXPECT_THAT(message(), HasSubstr("view public.vt uses s.t"));
}

TEST_P(Gate, TheLedgerKeepsThePolicyOfADecision) {
  bring_two();
  EXPECT_EQ(hook("presync", "2.1.0",
                 {"--evidence", "approval=required", "--evidence", "sessions=optional", "--soak", "1h",
                  "--freeze", "Fri 16:00-Mon 08:00"})
                .code,
            0);
  EXPECT_EQ(
      database.sql(
          "SELECT concat_ws(' ', p #>> '{evidence,approval}', p #>> '{evidence,sessions}', p ->> 'soak_ms',"
          " p #>> '{freezes,0}') FROM (SELECT detail -> 'policy' AS p FROM pgsluice.gate WHERE migration_id"
          " = '0003_drop.sql' AND provider = 'gate') AS g"),
      "required optional 3600000 Fri 16:00-Mon 08:00");
}

TEST_P(Gate, ASoakBeginsWhenAllElseIsOpen) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  folder.write("0002_cents.sql", "ALTER TABLE orders ADD COLUMN cents bigint;\n")
      .write("0003_drop.sql",
             "-- pgsluice: phase=contract needs-app=checkout>=2.0.0 soak=24h\nALTER TABLE orders DROP COLUMN "
             "total;\n");
  EXPECT_EQ(hook("presync", "2.0.0").code, 0);
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_TRUE(has_total());
  EXPECT_EQ(held("0003_drop.sql", {"--release", "2.1.0"}), "soak");
  database.sql("UPDATE pgsluice.migration SET applied_at = applied_at - interval '25 hours'");
  EXPECT_EQ(held("0003_drop.sql", {"--release", "2.1.0"}), "soak")
      << "the sessions have not fitted for so long";
  database.sql("UPDATE pgsluice.gate SET since = since - interval '25 hours'");
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_FALSE(has_total());
}

TEST_P(Gate, AnApprovalIsOnRecord) {
  bring_two();
  const std::vector<std::string> policy{"--evidence", "approval=required"};
  EXPECT_EQ(hook("presync", "2.1.0", policy).code, 0);
  EXPECT_TRUE(has_total());
  EXPECT_THAT(message(), HasSubstr("--approve 0003_drop.sql"));
  EXPECT_EQ(hook("presync", "2.1.0", {"--approve", "0009_none.sql"}).code, 2);
  EXPECT_EQ(
      hook("presync", "2.1.0",
           {"--evidence", "approval=required", "--approve", "0003_drop.sql", "--approve-because", "CHG-4711"})
          .code,
      0);
  EXPECT_FALSE(has_total());
  EXPECT_EQ(database.sql("SELECT approved_by || ' ' || reason FROM pgsluice.approval"),
            cat(k_migrator, " CHG-4711"));
}

TEST_P(Gate, AnApprovalIsOfWhatTheFileAsksForToo) {
  bring_two();
  const auto write = [&](const std::string& asks) {
    folder.write("0003_drop.sql",
                 cat("-- pgsluice: phase=contract ", asks, "\nALTER TABLE orders DROP COLUMN total;\n"));
  };
  write("needs-app=checkout>=2.0.0 soak=24h");
  const std::vector<std::string> policy{"--evidence", "approval=required"};
  EXPECT_EQ(hook("presync", "2.1.0", {policy[0], policy[1], "--approve", "0003_drop.sql"}).code, 0);
  EXPECT_THAT(message(), Not(HasSubstr("nobody has approved")));
  write("needs-app=checkout>=1.0.0");
  EXPECT_EQ(hook("presync", "2.1.0", policy).code, 0);
  EXPECT_TRUE(has_total());
  EXPECT_THAT(message(), HasSubstr("nobody has approved"));
}

TEST_P(Gate, AFreezeWindowHoldsContractStepsAndNothingElse) {
  bring_two();
  folder.write("0004_more.sql", "CREATE TABLE more (id int);\n");
  EXPECT_EQ(hook("presync", "2.1.0", {"--freeze", "2020-01-01/2999-12-31"}).code, 0);
  EXPECT_TRUE(has_total());
  EXPECT_EQ(state("0004_more.sql"), "applied");
  EXPECT_EQ(hook("presync", "2.1.0", {"--freeze", "soon"}).code, 2);
}

TEST_P(Gate, ApplyHoldsBackTooAndTellsIt) {
  ASSERT_EQ(apply(folder, database, {}).code, 0);
  write_cents(k_drop);
  const Finished first = apply(folder, database, {"--format", "json"});
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(validate("schema/apply.schema.json", Json::parse(first.out)), IsEmpty());
  EXPECT_EQ(first.json()["held"][0]["migration"], "0003_drop.sql");
  EXPECT_THAT(first.err, HasSubstr("held back: 0003_drop.sql"));
  const Finished second = apply(folder, database, {});
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_FALSE(has_total());
}

TEST_P(Gate, ANewDatabaseGetsAllOfItsHistoryAtOnce) {
  write_cents(k_drop);
  const Finished first = hook("presync", "2.1.0");
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_FALSE(has_total());
}

TEST_P(Gate, AHookWithNothingToDoChangesNothing) {
  EXPECT_EQ(hook("presync", "1.0.0").code, 0);
  const std::string before = database.sql("SELECT count(*) FROM pgsluice.run");
  const Finished again = hook("presync", "1.0.0");
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(message(), "hook presync of 1.0.0: exit 0: nothing to do\n");
  EXPECT_EQ(database.sql("SELECT count(*) FROM pgsluice.run"), before);
}

TEST_P(Gate, OfTwoHooksAtOnceTheSecondFindsAllDone) {
  database.sql("CREATE TABLE lane (open boolean); INSERT INTO lane VALUES (false)");
  folder.write(
      "0002_wait.sql",
      "DO $$ BEGIN WHILE NOT (SELECT open FROM lane) LOOP PERFORM pg_sleep(0.02); END LOOP; END $$;\n");
  const std::vector<std::string> arguments{
      "hook", "presync", folder.path().string(), "--database-url", database.url(), "--release", "1.0.0"};
  Program first(arguments);
  ASSERT_TRUE(wait_until([&] { return database.busy("%WHILE NOT%") == 1; }));
  Program second(arguments);
  ASSERT_TRUE(second.says("waiting for another run"));
  database.sql("UPDATE lane SET open = true");
  EXPECT_EQ(first.wait().code, 0) << first.err();
  const Finished done = second.wait();
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("nothing to do"));
}

TEST_P(Gate, ATerminatedHookRollsBackAndSaysSo) {
  folder.write("0002_sleep.sql", "CREATE TABLE half (x int);\nSELECT pg_sleep(600);\n");
  Program program({"hook", "presync", folder.path().string(), "--database-url", database.url(),
                   "--termination-log", termination.string()});
  ASSERT_TRUE(wait_until([&] { return database.busy("%pg_sleep%") == 1; }));
  program.kill(SIGTERM);
  EXPECT_EQ(program.wait().code, 143);
  EXPECT_THAT(message(),
              StartsWith("hook presync: exit 143: interrupted in 0002_sleep.sql#1; it was rolled back"));
  EXPECT_EQ(database.sql("SELECT to_regclass('half') IS NULL"), "t");
}

TEST_P(Gate, ABudgetEndsAHookCleanly) {
  folder.write("0002_sleep.sql", "CREATE TABLE half (x int);\nSELECT pg_sleep(600);\n");
  const Finished over = hook("presync", "1.0.0", {"--budget", "2s"});
  EXPECT_EQ(over.code, 143) << over.err;
  EXPECT_THAT(message(), HasSubstr("the budget is used up"));
  EXPECT_EQ(database.sql("SELECT to_regclass('half') IS NULL"), "t");
}

TEST_P(Gate, SyncfailSaysWhatTheLastRunHasLeft) {
  const Finished none =
      call({"hook", "syncfail", folder.path().string()}, {"--termination-log", termination.string()});
  EXPECT_EQ(none.code, 0) << none.err;
  EXPECT_THAT(none.out, HasSubstr("no run has got as far"));
  folder.write("0002_bad.sql", "SELECT 1 / 0;\n");
  EXPECT_EQ(hook("presync", "1.0.0").code, 18);
  EXPECT_EQ(hook("syncfail", "1.0.0").code, 0);
  EXPECT_THAT(message(), AllOf(StartsWith("hook syncfail of 1.0.0: the last run, hook presync at "),
                               HasSubstr("exit 18"),
                               HasSubstr("0002_bad.sql (expand) is failed: 22012 division by zero")));
}

TEST_P(Gate, WhatComesWhileTheRunIsAtWorkHoldsTheStep) {
  bring_two();
  database.sql("CREATE TABLE lane (open boolean); INSERT INTO lane VALUES (false)");
  folder.write(
      "0002_wait.sql",
      "DO $$ BEGIN WHILE NOT (SELECT open FROM lane) LOOP PERFORM pg_sleep(0.02); END LOOP; END $$;\n");
  Program hook({"hook", "presync", folder.path(), "--release", "2.1.0", "--termination-log", termination,
                "--database-url", database.url()});
  ASSERT_TRUE(wait_until([&] { return database.busy("%WHILE NOT%") == 1; })) << hook.err();
  const auto old = database.connect("checkout/1.0.0");
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));
  database.sql("UPDATE lane SET open = true");
  EXPECT_EQ(hook.wait().code, 0) << hook.err();
  EXPECT_TRUE(has_total());
  EXPECT_THAT(message(), AllOf(StartsWith("hook presync of 2.1.0: exit 0: applied 1 migration in 1 step; 1 "
                                          "contract migration held back\n"),
                               HasSubstr("held: 0003_drop.sql: ")));
  EXPECT_EQ(database.sql("SELECT verdict FROM pgsluice.gate WHERE migration_id = '0003_drop.sql' AND provider"
                         " = 'sessions'"),
            "closed");
}

TEST_P(Gate, ADependencyThatIsNotThereIsRefused) {
  folder.write(
      "0003_drop.sql",
      "-- pgsluice: phase=contract depends-on=0002_nothing.sql\nALTER TABLE orders DROP COLUMN total;\n");
  const Finished finished = hook("presync", "1.0.0");
  EXPECT_EQ(finished.code, 10);
  EXPECT_THAT(finished.err, HasSubstr("there is no migration \"0002_nothing.sql\" in this folder"));
}

// ---- the ledger ------------------------------------------------------------------------------------------------------

TEST_P(Gate, AnOlderLedgerIsBroughtForward) {
  ASSERT_EQ(apply(folder, database, {}).code, 0);
  database.sql(
      "DROP TABLE pgsluice.gate, pgsluice.approval, pgsluice.bundle, pgsluice.query_snapshot; ALTER TABLE "
      "pgsluice.run DROP COLUMN "
      "release, DROP COLUMN app;"
      "ALTER TABLE pgsluice.migration DROP COLUMN release, DROP COLUMN app, DROP COLUMN rests_on, DROP "
      "COLUMN needs_app, DROP COLUMN passed, DROP COLUMN left_out_by; UPDATE "
      "pgsluice.meta SET "
      "ledger_version = 4");
  folder.write("0003_drop.sql", k_drop);
  EXPECT_EQ(held("0003_drop.sql"), "");
  EXPECT_EQ(guard({"--once", "--needs", "0001_orders.sql", "--release", "1.0.0"}).code, 0);
  EXPECT_EQ(hook("presync", "2.0.0").code, 0);
  EXPECT_EQ(state("0003_drop.sql"), "held");
  EXPECT_EQ(hook("presync", "2.1.0").code, 0);
  EXPECT_EQ(state("0003_drop.sql"), "applied");
}

}  // namespace
}  // namespace pgsluice::test
