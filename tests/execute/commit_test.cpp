// SPDX-License-Identifier: Apache-2.0
// How a step ends: its rows in the ledger and its COMMIT, whatever its file has done to the session.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "execute/harness.hpp"

namespace pgsluice::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Commit : public ::testing::TestWithParam<Server> {
 protected:
  std::string applied() {
    return database.sql(
        "SELECT string_agg(id, ' ' ORDER BY id) FROM pgsluice.migration WHERE state = 'applied'");
  }
  Database database{GetParam(), "t"};
  Folder folder;
};

INSTANTIATE_TEST_SUITE_P(Servers, Commit, ::testing::ValuesIn(servers({})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Commit);

TEST_P(Commit, SurvivesThatAFileTakesAwayWhatIsPrepared) {
  folder.write("1.sql", "CREATE TABLE t (x int);\n")
      .write("2.sql", "DEALLOCATE ALL;\nINSERT INTO t VALUES (2);\n")
      .write("3.sql", "INSERT INTO t VALUES (3);\nDO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$;\n")
      .write("4.sql", "-- pgsluice: transaction=off\nDISCARD ALL;\n")
      .write("5.sql", "INSERT INTO t VALUES (5);\n");
  const Finished done = apply(folder, database, {});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(database.sql("SELECT string_agg(x::text, ' ' ORDER BY x) FROM t"), "2 3 5");
  EXPECT_EQ(applied(), "1.sql 2.sql 3.sql 4.sql 5.sql");
  EXPECT_EQ(database.sql("SELECT max(attempts) FROM pgsluice.statement"), "1");
}

TEST_P(Commit, TellsTheLedgerTheEndOverANewConnection) {
  folder.write("1.sql", "CREATE TABLE t (x int);\n");
  ASSERT_EQ(apply(folder, database, {}).code, 0);
  // What a trigger draws from a sequence stays drawn when its session ends: it ends one of each.
  database.sql(
      "CREATE SEQUENCE cuts; GRANT USAGE ON SEQUENCE cuts TO PUBLIC;"
      "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
      " IF nextval('public.cuts') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;"
      " RETURN NEW; END $$");
  for (const std::string place : {"UPDATE ON pgsluice.lease", "INSERT ON pgsluice.bundle"}) {
    database.sql(cat("CREATE TRIGGER cut BEFORE ", place, " FOR EACH ROW WHEN (",
                     place.starts_with("UPDATE") ? "NEW.run_id IS NULL" : "true",
                     ") EXECUTE FUNCTION public.cut()"));
    folder.write("2.sql", cat("-- ", place, "\nINSERT INTO t VALUES (2);\n"));
    const Finished done = apply(folder, database, {});
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_THAT(done.err, Not(HasSubstr("guard will not know")));
    EXPECT_EQ(database.sql("SELECT last_value >= 2 FROM public.cuts"), "t") << done.err;
    EXPECT_EQ(database.sql("SELECT run_id IS NULL FROM pgsluice.lease"), "t");
    EXPECT_EQ(database.sql("SELECT count(*) FROM pgsluice.bundle WHERE files = '{1.sql,2.sql}'"), "1");
    database.sql(cat("DROP TRIGGER cut ", place.substr(place.find("ON")),
                     "; SELECT setval('public.cuts', 1, false);"
                     "DELETE FROM pgsluice.bundle WHERE files = '{1.sql,2.sql}';"
                     "DELETE FROM pgsluice.statement WHERE migration_id = '2.sql';"
                     "DELETE FROM pgsluice.migration WHERE id = '2.sql'"));
  }
}

TEST_P(Commit, GivesLocksBackBeforeTheLogIsOnTheDiskUnlessAFileWantsItOtherwise) {
  database.connect("owner", k_superuser)
      ->script(cat("ALTER DATABASE ", database.name(), " SET synchronous_commit = 'local'"));
  constexpr std::string_view note = "INSERT INTO seen VALUES (current_setting('synchronous_commit'));\n";
  folder.write("1.sql", cat("CREATE TABLE seen (how text);\n", note))
      .write("2.sql", cat("SET LOCAL synchronous_commit = 'on';\n", note))
      .write("3.sql", cat("SET synchronous_commit = 'on';\nBEGIN;\n", note, "COMMIT;\n"));
  database.sql(
      "CREATE TABLE ends (how text); GRANT INSERT ON ends TO PUBLIC;"
      "CREATE FUNCTION note_end() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
      " INSERT INTO public.ends VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$");
  ASSERT_EQ(apply(folder, database, {}).code, 0);
  EXPECT_EQ(database.sql("SELECT string_agg(how, ' ') FROM seen"), "off on on");

  database.sql(
      "CREATE TRIGGER note BEFORE UPDATE ON pgsluice.run FOR EACH ROW"
      " WHEN (NEW.finished_at IS NOT NULL) EXECUTE FUNCTION public.note_end()");
  folder.write("4.sql", std::string(note));
  const Finished done = apply(folder, database, {});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(database.sql("SELECT how FROM ends"), "local") << "the end of the run waits for all of it";
}

TEST_P(Commit, WritesNamesAsTheyAreWhateverTheEncodingAndTheQuotes) {
  folder.write("1_\xc3\xa4\xe3\x81\x82.sql", "SET client_encoding = 'LATIN1';\nCREATE TABLE a (x int);\n")
      .write("2_\\'.sql", "SET standard_conforming_strings = off;\nCREATE TABLE b (x int);\n");
  const Finished done = apply(folder, database, {});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(applied(), "1_\xc3\xa4\xe3\x81\x82.sql 2_\\'.sql");
}

TEST_P(Commit, TellsDeferredConstraintsFromTheLedger) {
  database.sql(
      "CREATE TABLE parent (id int PRIMARY KEY);"
      "CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)");
  folder.write("1.sql", "INSERT INTO child VALUES (1);\n");
  const Finished violated = apply(folder, database, {});
  EXPECT_EQ(violated.code, 17) << violated.err;
  EXPECT_THAT(violated.err, HasSubstr("SQLSTATE 23503"));
  EXPECT_THAT(violated.err, Not(HasSubstr("cannot write the ledger")));
  EXPECT_EQ(database.sql("SELECT state FROM pgsluice.migration"), "failed");

  database.sql(
      "INSERT INTO parent VALUES (1);"
      "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$;"
      "CREATE TRIGGER refuse BEFORE INSERT ON pgsluice.statement FOR EACH ROW EXECUTE FUNCTION refuse()");
  const Finished unwritten = apply(folder, database, {});
  EXPECT_EQ(unwritten.code, 18) << unwritten.err;
  EXPECT_THAT(unwritten.err, HasSubstr("cannot write the ledger: not today [SQLSTATE P0001]"));
  EXPECT_EQ(database.sql("SELECT count(*) FROM child"), "0");

  database.sql("DROP TRIGGER refuse ON pgsluice.statement");
  EXPECT_EQ(apply(folder, database, {}).code, 0);
  EXPECT_EQ(database.sql("SELECT count(*) FROM child"), "1");
}

}  // namespace
}  // namespace pgsluice::test
