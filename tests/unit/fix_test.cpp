// SPDX-License-Identifier: Apache-2.0
// Safe forms are written, read again, and end: what fix() makes, lint does not mind, and fix() leaves as it is.
#include <algorithm>
#include <optional>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/diff.hpp"
#include "base/text.hpp"
#include "fix/names.hpp"
#include "migration/read_text.hpp"
#include "pgsluice/fix.hpp"
#include "report/fix.hpp"
#include "support/analysis.hpp"
#include "support/schema.hpp"

namespace pgsluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct Given {
  int version = 17;
  std::string before = {};
  std::vector<std::string> folder = {"0003_x.sql"};
  bool timeouts = false;  ///< whether the file is to be given a lock_timeout
};

CheckOptions checking(const Given& given) {
  return {.pg_version = given.version, .runner_sets_lock_timeout = !given.timeouts, .today = "2026-11-27"};
}

FixedMigration fix_file(const std::string& name, const std::string& sql, const Given& given,
                        Catalog& catalog) {
  Migration migration{.id = name, .tool = "plain", .path = name, .source = {.path = name, .text = sql}};
  migration.phase = phase_of(name, {});
  const FixInput input{.migration = migration,
                       .folder = given.folder,
                       .prediction = {.pg_version = given.version},
                       .checking = checking(given)};
  return fix_migration(input, catalog, test::built_in_effects(), test::built_in_rules());
}

Catalog catalog_after(const Given& given) {
  Catalog catalog;
  if (!given.before.empty()) test::analyse_sql(given.before, "0001_before.sql", given.version, catalog);
  return catalog;
}

FixedMigration fixed(const std::string& sql, const Given& given = {}) {
  Catalog catalog = catalog_after(given);
  return fix_file("0003_x.sql", sql, given, catalog);
}

/// All files behind one another: "== name" and the text.
std::string text_of(const FixedMigration& result) {
  std::string out;
  for (const FixedFile& file : result.files) out += cat("== ", file.name, "\n", file.text);
  return out;
}

std::string fix_text(const std::string& sql, const Given& given = {}) {
  return text_of(fixed(sql, given));
}

std::vector<std::string> kinds_of(const FixedMigration& result) {
  std::vector<std::string> kinds;
  for (const AppliedFix& fix : result.fixes) kinds.emplace_back(fix.kind);
  return kinds;
}

// ---- the kinds -------------------------------------------------------------------------------------------------------

TEST(Fix, BuildsAnIndexConcurrentlyAndOutsideOfATransaction) {
  EXPECT_EQ(fix_text("CREATE INDEX i ON t (a);\n"),
            "== 0003_x.sql\n-- pgsluice: transaction=off\nCREATE INDEX CONCURRENTLY i ON t (a);\n");
  EXPECT_EQ(fix_text("-- why\nCreate  /* x */ Unique Index If Not Exists \"I\"\n  ON s.\"T\" (a) -- c\n  "
                     "WHERE b;  -- d\n"),
            "== 0003_x.sql\n-- pgsluice: transaction=off\n-- why\nCreate  /* x */ Unique Index CONCURRENTLY "
            "If Not Exists "
            "\"I\"\n  ON s.\"T\" (a) -- c\n  WHERE b;  -- d\n");
}

TEST(Fix, IsHeldByAnAllowOfTheLockAndByNoneOfTheWait) {
  const std::string blocks =
      "-- pgsluice: allow blocks-writes-during-work because \"small\"\nCREATE INDEX i ON t (a);\n";
  EXPECT_EQ(fix_text(blocks), cat("== 0003_x.sql\n", blocks));
  EXPECT_THAT(fix_text("-- pgsluice: allow-file waits-without-lock-timeout because \"the role\"\nCREATE "
                       "INDEX i ON t (a);\n",
                       {.timeouts = true}),
              HasSubstr("CREATE INDEX CONCURRENTLY i"));
}

TEST(Fix, OfAnIndexLeavesTheRestOfTheFileInItsTransaction) {
  EXPECT_EQ(fix_text("CREATE TABLE n (a int);\nCREATE INDEX i ON t (a);\nCREATE INDEX j ON n (a);\n"),
            "== 0003_x.sql\nCREATE TABLE n (a int);\nCREATE INDEX j ON n (a);\n"
            "== 0004_x_index.sql\n-- pgsluice: transaction=off\nCREATE INDEX CONCURRENTLY i ON t (a);\n");
}

TEST(Fix, KeepsTheOrderOfWhatUsesTheSameTables) {
  EXPECT_EQ(
      fix_text(
          "ALTER TABLE t ADD COLUMN a int;\nCREATE INDEX i ON t (a);\nALTER TABLE t ADD COLUMN b int;\n"),
      "== 0003_x.sql\nALTER TABLE t ADD COLUMN a int;\n"
      "== 0004_x_index.sql\n-- pgsluice: transaction=off\nCREATE INDEX CONCURRENTLY i ON t (a);\n"
      "== 0005_x_rest.sql\nALTER TABLE t ADD COLUMN b int;\n");
}

TEST(Fix, OfAFileThatControlsItsTransactionsStaysInThatFile) {
  EXPECT_EQ(
      fix_text(
          "BEGIN;\nALTER TABLE u ADD COLUMN a int;\nCREATE INDEX i ON t (a);\nALTER TABLE u ADD COLUMN b "
          "int;\nCOMMIT;\n"),
      "== 0003_x.sql\nBEGIN;\nALTER TABLE u ADD COLUMN a int;\nCOMMIT;\nCREATE INDEX CONCURRENTLY i ON t "
      "(a);\nBEGIN;\nALTER TABLE u ADD COLUMN b int;\nCOMMIT;\n");
  EXPECT_EQ(fix_text("BEGIN;\nCREATE INDEX i ON t (a);\nCOMMIT;\n"),
            "== 0003_x.sql\n-- pgsluice: transaction=off\nCREATE INDEX CONCURRENTLY i ON t (a);\n");
}

TEST(Fix, DropsAndRebuildsIndexesConcurrently) {
  EXPECT_EQ(fix_text("DROP INDEX IF EXISTS s.i, \"J\";\n"),
            "== 0003_x.sql\n-- pgsluice: transaction=off\nDROP INDEX CONCURRENTLY IF EXISTS s.i;\nDROP INDEX "
            "CONCURRENTLY "
            "IF EXISTS \"J\";\n");
  EXPECT_EQ(fix_text("REINDEX (VERBOSE) TABLE t"),
            "== 0003_x.sql\n-- pgsluice: transaction=off\nREINDEX (VERBOSE) TABLE CONCURRENTLY t;\n");
  EXPECT_EQ(fix_text("ALTER TABLE p DETACH PARTITION q;\n"),
            "== 0003_x.sql\n-- pgsluice: phase=contract\n-- pgsluice: transaction=off\nALTER TABLE p DETACH "
            "PARTITION q CONCURRENTLY;\n");
}

TEST(Fix, ValidatesAConstraintInATransactionOfItsOwn) {
  EXPECT_EQ(fix_text("ALTER TABLE \"T\" ADD CHECK (a > 0 /* c */);\n"),
            "== 0003_x.sql\nALTER TABLE \"T\" ADD CONSTRAINT \"T_a_check\" CHECK (a > 0 /* c */) NOT VALID;\n"
            "== 0004_x_validate.sql\nALTER TABLE \"T\" VALIDATE CONSTRAINT \"T_a_check\";\n");
  EXPECT_EQ(fix_text("ALTER TABLE IF EXISTS ONLY s.t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES u (id) ON "
                     "DELETE CASCADE"),
            "== 0003_x.sql\nALTER TABLE IF EXISTS ONLY s.t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES u "
            "(id) ON DELETE "
            "CASCADE NOT VALID;\n"
            "== 0004_x_validate.sql\nALTER TABLE IF EXISTS ONLY s.t VALIDATE CONSTRAINT k;\n");
}

TEST(Fix, ChoosesANameThatIsFree) {
  EXPECT_THAT(fix_text("ALTER TABLE t ADD CHECK (a > 0);",
                       {.before = "CREATE TABLE t (a int, CONSTRAINT t_a_check CHECK (a < 9));"}),
              HasSubstr("VALIDATE CONSTRAINT t_a_check1;"));
}

TEST(Fix, MakesAUniqueConstraintFromAnIndex) {
  EXPECT_EQ(
      fix_text("ALTER TABLE s.t ADD CONSTRAINT \"K\" UNIQUE (a, \"B\") INCLUDE (c) WITH (fillfactor = 70) "
               "DEFERRABLE INITIALLY DEFERRED;\n"),
      "== 0003_x.sql\n-- pgsluice: transaction=off\nCREATE UNIQUE INDEX CONCURRENTLY \"K\" ON s.t (a, \"B\") "
      "INCLUDE "
      "(c) WITH (fillfactor = 70);\n"
      "== 0004_x_constraint.sql\nALTER TABLE s.t ADD CONSTRAINT \"K\" UNIQUE USING INDEX \"K\" DEFERRABLE "
      "INITIALLY "
      "DEFERRED;\n");
}

TEST(Fix, ProvesThatThePrimaryKeyIsNotNull) {
  EXPECT_EQ(
      fix_text("ALTER TABLE t ADD PRIMARY KEY (id);\n"),
      "== 0003_x.sql\nALTER TABLE t ADD CONSTRAINT t_id_not_null_proof CHECK (id IS NOT NULL) NOT VALID;\n"
      "== 0004_x_validate.sql\nALTER TABLE t VALIDATE CONSTRAINT t_id_not_null_proof;\n"
      "-- pgsluice: allow blocks-reads-during-work, breaks-running-writers because \"a validated constraint "
      "proves it: no row is read\"\nALTER TABLE t ALTER COLUMN id SET NOT NULL;\n"
      "ALTER TABLE t DROP CONSTRAINT t_id_not_null_proof;\n"
      "== 0005_x_index.sql\n-- pgsluice: transaction=off\nCREATE UNIQUE INDEX CONCURRENTLY t_pkey ON t "
      "(id);\n"
      "== 0006_x_constraint.sql\n-- pgsluice: allow blocks-reads-during-work, breaks-running-writers because "
      "\"its "
      "columns are NOT NULL by then\"\nALTER TABLE t ADD CONSTRAINT t_pkey PRIMARY KEY USING INDEX "
      "t_pkey;\n");
  EXPECT_EQ(
      fix_text("ALTER TABLE t ADD PRIMARY KEY (id);\n", {.before = "CREATE TABLE t (id int NOT NULL);"}),
      "== 0003_x.sql\n-- pgsluice: transaction=off\nCREATE UNIQUE INDEX CONCURRENTLY t_pkey ON t (id);\n"
      "== 0004_x_constraint.sql\nALTER TABLE t ADD CONSTRAINT t_pkey PRIMARY KEY USING INDEX t_pkey;\n");
}

TEST(Fix, ProvesNotNullByACheckOrFrom18OnByItself) {
  EXPECT_EQ(fix_text("ALTER TABLE t ALTER \"A\" SET NOT NULL;\n"),
            "== 0003_x.sql\nALTER TABLE t ADD CONSTRAINT \"t_A_not_null_proof\" CHECK (\"A\" IS NOT NULL) "
            "NOT VALID;\n"
            "== 0004_x_validate.sql\nALTER TABLE t VALIDATE CONSTRAINT \"t_A_not_null_proof\";\n"
            "-- pgsluice: allow blocks-reads-during-work, breaks-running-writers because \"a validated "
            "constraint proves it: no row is read\"\nALTER TABLE t ALTER \"A\" SET NOT NULL;\n"
            "ALTER TABLE t DROP CONSTRAINT \"t_A_not_null_proof\";\n");
  const std::string of_18 =
      fix_text("-- pgsluice: phase=contract\nALTER TABLE t ALTER \"A\" SET NOT NULL;\n", {.version = 18});
  EXPECT_EQ(of_18,
            "== 0003_x.sql\n-- pgsluice: phase=contract\n"
            "ALTER TABLE t ADD CONSTRAINT \"t_A_not_null\" NOT NULL \"A\" NOT VALID;\n"
            "== 0004_x_contract.sql\n-- pgsluice: phase=contract\n"
            "ALTER TABLE t VALIDATE CONSTRAINT \"t_A_not_null\";\n");
}

TEST(Fix, FillsAVolatileDefaultInBatches) {
  EXPECT_EQ(fix_text("ALTER TABLE t ADD COLUMN c uuid NOT NULL DEFAULT gen_random_uuid() /* why */;\n"),
            "== 0003_x.sql\nALTER TABLE t ADD COLUMN c uuid /* why */;\n"
            "ALTER TABLE t ALTER COLUMN c SET DEFAULT gen_random_uuid();\n"
            "== 0004_x_backfill.sql\n-- pgsluice: phase=backfill\n-- pgsluice: batch\n"
            "UPDATE t SET c = DEFAULT WHERE c IS NULL;\n"
            "== 0005_x_constraint.sql\n"
            "ALTER TABLE t ADD CONSTRAINT t_c_not_null_proof CHECK (c IS NOT NULL) NOT VALID;\n"
            "== 0006_x_validate.sql\nALTER TABLE t VALIDATE CONSTRAINT t_c_not_null_proof;\n"
            "-- pgsluice: allow blocks-reads-during-work, breaks-running-writers because \"a validated "
            "constraint proves it: no row is read\"\nALTER TABLE t ALTER COLUMN c SET NOT NULL;\nALTER TABLE "
            "t DROP CONSTRAINT t_c_not_null_proof;\n");
}

TEST(Fix, SplitsWhatDoesSeveralThings) {
  EXPECT_EQ(fix_text("ALTER TABLE t\n  ADD COLUMN a int, -- one\n  ADD CONSTRAINT c CHECK (b > 0),\n  ADD "
                     "COLUMN d int;\n"),
            "== 0003_x.sql\n-- one\nALTER TABLE t ADD COLUMN a int,\n  ADD COLUMN d int;\n"
            "ALTER TABLE t ADD CONSTRAINT c CHECK (b > 0) NOT VALID;\n"
            "== 0004_x_validate.sql\nALTER TABLE t VALIDATE CONSTRAINT c;\n");
}

TEST(Fix, TakesConstraintsOutOfAColumn) {
  EXPECT_EQ(fix_text("ALTER TABLE t ADD COLUMN c int DEFAULT 1 CONSTRAINT k REFERENCES u (id);\n"),
            "== 0003_x.sql\nALTER TABLE t ADD COLUMN c int DEFAULT 1;\n"
            "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (c) REFERENCES u (id) NOT VALID;\n"
            "== 0004_x_validate.sql\nALTER TABLE t VALIDATE CONSTRAINT k;\n");
}

TEST(Fix, ChangesATypeBesideTheOldColumn) {
  const Given given{.before = "CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL);"};
  EXPECT_EQ(fix_text("ALTER TABLE t ALTER COLUMN a TYPE bigint;\n", given),
            "== 0003_x.sql\nALTER TABLE t ADD COLUMN a_new bigint;\n"
            "CREATE FUNCTION t_a_sync() RETURNS trigger LANGUAGE plpgsql AS $sync$BEGIN NEW.a_new := NEW.a; "
            "RETURN NEW; "
            "END$sync$;\n"
            "CREATE TRIGGER t_a_sync BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION t_a_sync();\n"
            "== 0004_x_backfill.sql\n-- pgsluice: phase=backfill\n-- pgsluice: batch\n"
            "UPDATE t SET a_new = a WHERE a_new IS NULL AND a IS NOT NULL;\n"
            "== 0005_x_constraint.sql\n"
            "ALTER TABLE t ADD CONSTRAINT t_a_new_not_null_proof CHECK (a_new IS NOT NULL) NOT VALID;\n"
            "== 0006_x_validate.sql\nALTER TABLE t VALIDATE CONSTRAINT t_a_new_not_null_proof;\n"
            "ALTER TABLE t ALTER COLUMN a_new SET NOT NULL;\nALTER TABLE t DROP CONSTRAINT "
            "t_a_new_not_null_proof;\n"
            "== 0007_x_contract.sql\n-- pgsluice: phase=contract\nDROP TRIGGER t_a_sync ON t;\nDROP FUNCTION "
            "t_a_sync();\n"
            "ALTER TABLE t DROP COLUMN a;\nALTER TABLE t RENAME COLUMN a_new TO a;\n");
}

TEST(Fix, OfSeveralTypesKeepsTheirStepsApart) {
  const std::string text = fix_text(
      "ALTER TABLE t ALTER a TYPE bigint; ALTER TABLE u ALTER b TYPE text;",
      {.before = "CREATE TABLE t (k int PRIMARY KEY, a int); CREATE TABLE u (k int PRIMARY KEY, b int);"});
  const std::size_t contract = text.find("phase=contract");
  for (const std::string_view step : {"CREATE FUNCTION t_a", "UPDATE t", "CREATE FUNCTION u_b", "UPDATE u"})
    EXPECT_LT(text.find(step), contract) << step << text;
  for (const std::string_view step :
       {"DROP TRIGGER t_a", "RENAME COLUMN a_new", "DROP TRIGGER u_b", "RENAME COLUMN b_new"})
    EXPECT_LT(contract, text.find(step)) << step << text;
}

TEST(Fix, OfATypeTakesTheExpressionOverToTheTrigger) {
  const Given given{.before = "CREATE TABLE t (id int PRIMARY KEY, a text);"};
  const std::string text =
      fix_text("ALTER TABLE t ALTER a SET DATA TYPE int USING nullif(\"a\", 'a')::int;\n", given);
  EXPECT_THAT(text, HasSubstr("NEW.a_new := nullif(NEW.a, 'a')::int;"));
  EXPECT_THAT(text, HasSubstr("SET a_new = (nullif(\"a\", 'a')::int) WHERE"));
}

TEST(Fix, MovesWhatBreaksTheRunningReleaseToTheContractPhase) {
  EXPECT_EQ(fix_text("ALTER TABLE t DROP COLUMN a;\nALTER TABLE t ADD COLUMN b int;\n"),
            "== 0003_x.sql\nALTER TABLE t ADD COLUMN b int;\n"
            "== 0004_x_contract.sql\n-- pgsluice: phase=contract\nALTER TABLE t DROP COLUMN a;\n");
  EXPECT_EQ(fix_text("-- bye\nDROP TABLE t;\n"),
            "== 0003_x.sql\n-- pgsluice: phase=contract\n-- bye\nDROP TABLE t;\n");
}

TEST(Fix, WritesBatchesBeforeAnUpdate) {
  EXPECT_EQ(fix_text("UPDATE t SET a = 1 WHERE a IS NULL;\n"),
            "== 0003_x.sql\n-- pgsluice: batch\nUPDATE t SET a = 1 WHERE a IS NULL;\n");
  EXPECT_THAT(fix_text("UPDATE t SET a = 1 WHERE a IS NULL;\n",
                       {.before = "CREATE TABLE t (k int NOT NULL UNIQUE, a int);"}),
              HasSubstr("-- pgsluice: batch key=k\nUPDATE"));
}

TEST(Fix, AddsALockTimeoutBehindTheDirectives) {
  EXPECT_EQ(fix_text("-- pgsluice: phase=expand\n-- about it\nALTER TABLE t ADD COLUMN a int;\n",
                     {.timeouts = true}),
            "== 0003_x.sql\n-- pgsluice: phase=expand\nSET lock_timeout = '2s';\n-- about it\nALTER TABLE t "
            "ADD COLUMN a "
            "int;\n");
}

TEST(Fix, CommitsANewValueOfAnEnumBeforeItIsUsed) {
  const Given given{.before =
                        "CREATE TYPE \"M\" AS ENUM ('a');\nCREATE TABLE t (id int PRIMARY KEY, m \"M\");"};
  const std::string two =
      "== 0003_x.sql\nALTER TYPE \"M\" ADD VALUE 'x';\n"
      "== 0004_x_rest.sql\nUPDATE t SET m = 'x' WHERE id = 1;\n";
  const FixedMigration result =
      fixed("ALTER TYPE \"M\" ADD VALUE 'x';\nUPDATE t SET m = 'x' WHERE id = 1;\n", given);
  EXPECT_EQ(text_of(result), two);
  EXPECT_THAT(kinds_of(result), ElementsAre("commit-first"));
  EXPECT_EQ(fix_text("BEGIN;\nALTER TYPE \"M\" ADD VALUE 'x';\nUPDATE t SET m = 'x' WHERE id = 1;\nCOMMIT;\n",
                     given),
            "== 0003_x.sql\nBEGIN;\nALTER TYPE \"M\" ADD VALUE 'x';\nCOMMIT;\nBEGIN;\n"
            "UPDATE t SET m = 'x' WHERE id = 1;\nCOMMIT;\n");
}

TEST(Fix, TakesSettingsAlong) {
  EXPECT_EQ(
      fix_text("SET search_path = s;\nSET LOCAL lock_timeout = '1s';\nALTER TABLE t ADD COLUMN a "
               "int;\nCREATE INDEX i ON t "
               "(a);\nALTER TABLE t ADD COLUMN b int;\n"),
      "== 0003_x.sql\nSET search_path = s;\nSET LOCAL lock_timeout = '1s';\nALTER TABLE t ADD COLUMN a int;\n"
      "== 0004_x_index.sql\n-- pgsluice: transaction=off\nSET search_path = s;\nCREATE INDEX CONCURRENTLY i "
      "ON t (a);\n"
      "== 0005_x_rest.sql\nSET search_path = s;\nSET LOCAL lock_timeout = '1s';\nALTER TABLE t ADD COLUMN b "
      "int;\n");
}

TEST(Fix, KeepsTheCommentsBetweenParts) {
  EXPECT_EQ(
      fix_text("ALTER TABLE t\n  -- first\n  ADD COLUMN a int, -- a\n  /* the\n check */\n  ADD CONSTRAINT c "
               "CHECK (b > 0); -- end\n"),
      "== 0003_x.sql\n-- first\n-- a\nALTER TABLE t ADD COLUMN a int;\n/* the\n check */\nALTER TABLE t ADD "
      "CONSTRAINT c CHECK (b > 0) NOT VALID;\n== 0004_x_validate.sql\nALTER TABLE t VALIDATE CONSTRAINT c; "
      "-- end\n");
}

// ---- what is left alone ----------------------------------------------------------------------------------------------

TEST(Fix, LeavesWhatIsSafeByteForByte) {
  const std::string safe =
      "-- x\r\nCREATE TABLE t (a int);CREATE INDEX ON t (a)  ;\n\n/* end */ ALTER TABLE t ADD CHECK (a > 0)";
  const FixedMigration result = fixed(safe);
  EXPECT_EQ(result.files.front().text, safe);
  EXPECT_THAT(result.fixes, IsEmpty());
  EXPECT_THAT(result.left, IsEmpty());
}

TEST(Fix, LeavesWhatIsAllowed) {
  const std::string sql =
      "-- pgsluice: allow blocks-writes-during-work because \"forty rows\"\nCREATE INDEX i ON t (a);\n";
  EXPECT_EQ(fix_text(sql), "== 0003_x.sql\n" + sql);
}

struct LeftCase {
  std::string sql;
  std::string before;
  std::string reason;
};

TEST(Fix, SaysWhyItLeavesSomethingAlone) {
  const std::vector<LeftCase> cases = {
      {"CREATE INDEX i ON p (a);", "CREATE TABLE p (a int) PARTITION BY LIST (a);", "partitioned table"},
      {"DROP INDEX i CASCADE;", "", "CASCADE"},
      {"REFRESH MATERIALIZED VIEW m;", "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a;", "unique index"},
      {"ALTER TABLE t ALTER a TYPE bigint;", "", "not known"},
      {"ALTER TABLE t ALTER a TYPE bigint;", "CREATE TABLE t (a int UNIQUE);", "constraint t_a_key"},
      {"ALTER TABLE t ALTER a TYPE bigint;\nCREATE TABLE u (LIKE t);", "CREATE TABLE t (a int);",
       "uses the same table"},
      {"ALTER TABLE t RENAME a TO b;", "", "different names"},
      {"UPDATE t SET a = 1;", "CREATE TABLE t (a int);", "no unique key"},
      {"BEGIN; ALTER TABLE t ALTER a TYPE bigint; COMMIT;", "CREATE TABLE t (a int);", "BEGIN"},
      {"CREATE INDEX i ON t (a);\nSELEC 1;", "", "cannot be read"},
      {"\\set x 1\nCREATE INDEX i ON t (a);", "", "psql"},
      {"ALTER TABLE t ADD COLUMN IF NOT EXISTS c uuid DEFAULT gen_random_uuid();", "", "IF NOT EXISTS"},
  };
  for (const LeftCase& one : cases) {
    const FixedMigration result = fixed(one.sql, {.before = one.before});
    EXPECT_EQ(result.files.front().text, one.sql);
    ASSERT_FALSE(result.left.empty()) << one.sql;
    EXPECT_THAT(result.left.front().reason, HasSubstr(one.reason)) << one.sql;
  }
}

// ---- all of them -----------------------------------------------------------------------------------------------------

/// Ways to write the same thing that text-based tools trip over.
const std::vector<std::string>& hostile() {
  static const std::vector<std::string> inputs = {
      "create index on \"s;x\".\"T\"\"--\" (a, lower(b)) where c > ';'",
      "CREATE UNIQUE INDEX IF NOT EXISTS i ON ONLY t USING btree (a) INCLUDE (b);CREATE INDEX j ON u(a);DROP "
      "INDEX k;",
      "/* CREATE INDEX */ CREATE /* on */ INDEX /* ; */ \"index\" ON \"on\" (\"table\");",
      "DROP INDEX a, b; REINDEX INDEX c;",
      "ALTER TABLE \"t ADD\" ADD CONSTRAINT \"a,b\" CHECK (\"x\" <> ',ADD CONSTRAINT' AND (y, z) <> (1, 2)), "
      "ALTER c SET NOT NULL;",
      "ALTER TABLE ONLY t /* , */ ADD FOREIGN KEY (a, b) REFERENCES s.u MATCH FULL ON UPDATE CASCADE "
      "DEFERRABLE, ADD UNIQUE (a)",
      "alter table if exists known add constraint c check (a > 0), add constraint d check (b > 0), add "
      "column e "
      "int",
      "ALTER TABLE t ADD PRIMARY KEY (a, \"B\"), ADD COLUMN c timestamptz DEFAULT clock_timestamp() NOT "
      "NULL;",
      "ALTER TABLE t ADD COLUMN c text DEFAULT random()::text || ' DEFAULT ,' NOT NULL UNIQUE CHECK (c <> "
      "'');",
      "SET lock_timeout = '1s'; ALTER TABLE a ADD CHECK (x > 0); UPDATE b SET y = 1; CREATE INDEX ON a "
      "(x);\nDELETE FROM c;",
      "BEGIN; ALTER TABLE t ADD CHECK (a > 0); COMMIT; BEGIN; CREATE INDEX i ON u (a); CREATE INDEX j ON u "
      "(b); COMMIT;",
      "-- pgsluice: transaction=off\nALTER TABLE t ALTER a SET NOT NULL;\nCREATE INDEX i ON t (a);",
      "-- pgsluice: phase=contract needs-app=shop>=2.0 soak=24h\nALTER TABLE t ALTER a SET NOT NULL; ALTER "
      "TABLE t DROP COLUMN b;",
      "CREATE TABLE n (a int REFERENCES t); ALTER TABLE t ADD CHECK (a > 0); INSERT INTO n VALUES (1);",
      "ALTER TABLE t DROP COLUMN x; DROP TABLE u; ALTER TABLE v ADD UNIQUE (a);",
      "ALTER TABLE p DETACH PARTITION q;\nALTER TABLE p DETACH PARTITION r;",
      "\tUPDATE t SET a = ';' WHERE b = '--' -- c\n\t;\r\nCREATE INDEX i ON t (a);\r\n",
      "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c;",
      "ALTER TABLE known ALTER a TYPE bigint, ALTER b TYPE text;",
      "ALTER TABLE known ALTER \"C\" TYPE int USING (\"C\"::text)::int;",
  };
  return inputs;
}

class FixOfAnything : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Versions, FixOfAnything, testing::Values(12, 15, 17, 18));

Given anything(int version) {
  return {.version = version,
          .before = "CREATE TABLE known (id int PRIMARY KEY, a int, b int NOT NULL, \"C\" text);",
          .timeouts = true};
}

TEST_P(FixOfAnything, IsSomethingThatIsNotFixedAgain) {
  for (const std::string& sql : hostile()) {
    const Given given = anything(GetParam());
    const FixedMigration result = fixed(sql, given);
    Catalog catalog = catalog_after(given);
    for (const FixedFile& file : result.files) {
      const FixedMigration again = fix_file(file.name, file.text, given, catalog);
      EXPECT_THAT(kinds_of(again), IsEmpty()) << sql << "\n"
                                              << text_of(result) << "\nbecomes\n"
                                              << text_of(again);
    }
  }
}

TEST_P(FixOfAnything, HasNoFindingThatItSaysItHasMended) {
  for (const std::string& sql : hostile()) {
    const Given given = anything(GetParam());
    const FixedMigration result = fixed(sql, given);
    std::set<std::string> mended;
    for (const AppliedFix& fix : result.fixes) mended.insert(fix.findings.begin(), fix.findings.end());
    for (const LeftAlone& left : result.left) mended.erase(left.finding);
    EXPECT_FALSE(result.fixes.empty()) << sql;
    Catalog catalog = catalog_after(given);
    for (const FixedFile& file : result.files) {
      Migration migration{.id = file.name,
                          .tool = "plain",
                          .path = file.name,
                          .source = {.path = file.name, .text = file.text}};
      const FileAnalysis analysis =
          analyse(std::move(migration), catalog, test::built_in_effects(), test::built_in_rules(),
                  {.pg_version = given.version}, checking(given));
      for (const Finding& finding : analysis.findings) {
        if (finding.allowed) continue;
        EXPECT_FALSE(mended.contains(finding.finding)) << sql << "\n"
                                                       << finding.message << "\n"
                                                       << text_of(result);
        EXPECT_NE(finding.finding, "syntax-error") << text_of(result);
        EXPECT_NE(finding.finding, "unknown-directive") << text_of(result);
      }
    }
  }
}

TEST_P(FixOfAnything, EndsWithTheSameCatalogNames) {
  for (const std::string& sql : hostile()) {
    const Given given = anything(GetParam());
    Catalog catalog = catalog_after(given);
    const FixedMigration result = fix_file("0003_x.sql", sql, given, catalog);
    Catalog original = catalog_after(given);
    test::analyse_sql(sql, "0003_x.sql", given.version, original);
    const auto names_in = [](const Catalog& of) {
      std::set<std::string> names;
      for (const Relation* relation : of.all()) names.insert(relation->name.quoted());
      return names;
    };
    EXPECT_EQ(names_in(catalog), names_in(original)) << sql << "\n" << text_of(result);
  }
}

// ---- changelogs ------------------------------------------------------------------------------------------------------

FixedMigration fix_changelog(const std::string& text, const Given& given, Catalog& catalog,
                             std::optional<std::string> applied = std::nullopt) {
  Migration migration{.id = "log.sql", .tool = "liquibase", .path = "log.sql", .source = {.path = "log.sql"}};
  read_text(migration, text);
  const FixInput input{.migration = migration,
                       .folder = given.folder,
                       .applied = std::move(applied),
                       .prediction = {.pg_version = given.version},
                       .checking = checking(given)};
  return fix_migration(input, catalog, test::built_in_effects(), test::built_in_rules());
}

std::string changelog(std::string_view sql) {
  return cat("--liquibase formatted sql\n--changeset a:0\nSELECT 0\n--changeset \"b c\":1 labels:x\n", sql,
             "\n--rollback SELECT 2;\n\n--changeset a:2 runOnChange:true\nSELECT 3;\n");
}

TEST_P(FixOfAnything, InAChangelogIsNotFixedAgainAndLeavesTheOthers) {
  for (const std::string& sql : hostile()) {
    const Given given = anything(GetParam());
    const std::string text = changelog(sql);
    Catalog catalog = catalog_after(given);
    const FixedMigration result = fix_changelog(text, given, catalog);
    ASSERT_EQ(result.files.size(), 1U);
    const std::string& fixed = result.files.front().text;
    EXPECT_TRUE(fixed.starts_with(text.substr(0, text.find("--changeset \"b")))) << fixed;
    EXPECT_TRUE(fixed.ends_with(text.substr(text.find("\n--changeset a:2")))) << fixed;
    EXPECT_THAT(result.left, testing::Each(testing::Field(&LeftAlone::finding, Not(IsEmpty())))) << fixed;
    Catalog before = catalog_after(given);
    const FixedMigration again = fix_changelog(fixed, given, before);
    EXPECT_THAT(kinds_of(again), IsEmpty()) << text << "\n" << fixed << "\nbecomes\n" << text_of(again);
    Catalog untouched = catalog_after(given);
    EXPECT_EQ(fix_changelog(text, given, untouched, text).files.front().text, text);
  }
}

// ---- names and differences -------------------------------------------------------------------------------------------

TEST(FixNames, GoOnWithTheNumbersOfTheFolder) {
  using fix::new_names;
  const std::vector<std::string> last = {"0001_a.sql", "0009_b.sql"};
  EXPECT_THAT(new_names("0009_b.sql", last, {"index", "rest"}),
              ElementsAre("0010_b_index.sql", "0011_b_rest.sql"));
  const std::vector<std::string> dated = {"20261127054400-add.up.sql"};
  EXPECT_THAT(new_names("20261127054400-add.up.sql", dated, {"index"}),
              ElementsAre("20261127054401-add-index.up.sql"));
}

TEST(FixNames, StandBeforeWhatFollows) {
  const std::vector<std::string> folder = {"0001_a.sql", "0002_b.sql"};
  const std::vector<std::string> names = fix::new_names("0001_a.sql", folder, {"index"});
  EXPECT_THAT(names, ElementsAre("0001_a_2_index.sql"));
  EXPECT_TRUE(natural_less("0001_a.sql", names.front()));
  EXPECT_TRUE(natural_less(names.front(), "0002_b.sql"));
}

TEST(FixNames, DoNotDeclareAPhase) {
  const std::vector<std::string> folder = {"0001_a_contract.sql"};
  EXPECT_THAT(fix::new_names("0001_a_contract.sql", folder, {"validate"}),
              ElementsAre("0002_a_validate.sql"));
}

TEST(FixJson, IsAsItsSchemaSays) {
  std::vector<FixedPath> migrations;
  for (const std::string& sql : hostile())
    migrations.push_back({.folder = "m", .original = sql, .result = fixed(sql, anything(17))});
  migrations.push_back(
      {.folder = "m", .original = "DROP INDEX i CASCADE", .result = fixed("DROP INDEX i CASCADE")});
  const Json document = Json::parse(fix_json(migrations, 17));
  EXPECT_THAT(test::validate("schema/fix.schema.json", document), IsEmpty());
  EXPECT_GT(document["summary"]["left"], 0);
}

TEST(Diff, IsWhatPatchReads) {
  EXPECT_EQ(unified_diff("a", "b", "1\n2\n3\n4\n5\n6\n", "1\n2\n3\n4\nfive\n6"),
            "--- a\n+++ b\n@@ -2,5 +2,5 @@\n 2\n 3\n 4\n-5\n-6\n+five\n+6\n\\ No newline at end of file\n");
  EXPECT_EQ(unified_diff("/dev/null", "b", "", "1\n"), "--- /dev/null\n+++ b\n@@ -0,0 +1 @@\n+1\n");
  EXPECT_EQ(unified_diff("a", "b", "x", "x"), "");
}

}  // namespace
}  // namespace pgsluice
