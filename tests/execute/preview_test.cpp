// SPDX-License-Identifier: Apache-2.0
// preview with the programs of real servers: it starts one of its own, and leaves nothing behind.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "base/files.hpp"
#include "execute/previewed.hpp"

namespace pgsluice::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class PreviewOnServer : public Previewed {};

INSTANTIATE_TEST_SUITE_P(Servers, PreviewOnServer, ::testing::ValuesIn(servers({12, 13, 14, 15, 16, 17, 18})),
                         version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PreviewOnServer);

/// As lint, plan and apply see it.
TEST_P(PreviewOnServer, WhatAFileSetsIsForThatFile) {
  folder.write("0001_dump.sql",
               "SET statement_timeout = 0;\nSELECT pg_catalog.set_config('search_path', '', false);\n"
               "SET default_tablespace = '';\nCREATE TABLE public.t (id integer NOT NULL);\n");
  folder.write("0002_app.sql", "CREATE SCHEMA app;\nSET search_path TO app;\nCREATE TABLE u (a int);\n");
  folder.write("0003_u.sql", "CREATE TABLE u (id int PRIMARY KEY);\n");
  folder.write("0004_b.sql",
               "ALTER TABLE u ADD b int;\nALTER TABLE t ADD CONSTRAINT t_pkey PRIMARY KEY (id);\n");
  const OrderedJson seen = document({folder.path().string()}, 0);
  EXPECT_EQ(statement(seen, "CREATE TABLE u (id")["index_builds"], OrderedJson::array());
  const OrderedJson locks = statement(seen, "ADD b int")["observed"]["locks"];
  ASSERT_EQ(locks.size(), 1U) << locks.dump(1);
  EXPECT_EQ(locks[0]["relation"], "public.u");
}

TEST_P(PreviewOnServer, FilesOfTheHistoryThatCannotRunAreLeftOut) {
  folder.write("0001_t.sql", "CREATE TABLE t (a int);\n");
  folder.write("0002_block.sql", "BEGIN;\nCREATE INDEX CONCURRENTLY i ON t (a);\nCOMMIT;\n");
  folder.write("0003_half.sql", "-- pgsluice: transaction=off\nALTER TABLE t ADD b int;\nSELECT 1 / 0;\n");
  folder.write("0004_after.sql", "ALTER TABLE t ALTER b TYPE bigint;\n");
  folder.write("0005_it.sql", "ALTER TABLE t ADD COLUMN b bigint;\n");
  const std::string it = (folder.path() / "0005_it.sql").string();
  const OrderedJson seen = document({it}, 0);
  ASSERT_EQ(seen["files"].size(), 1U);
  EXPECT_EQ(statement(seen, "ADD COLUMN b")["agrees"], true);
  ASSERT_EQ(seen["left_out"].size(), 3U) << seen["left_out"].dump(1);
  EXPECT_THAT(seen["left_out"][0].get<std::string>(),
              HasSubstr("0002_block.sql:2:1: forbidden-in-transaction"));
  EXPECT_THAT(seen["left_out"][1].get<std::string>(),
              HasSubstr("0003_half.sql:3:1: division by zero (22012)"));
  EXPECT_THAT(seen["left_out"][2].get<std::string>(), HasSubstr("0004_after.sql:1:1: column \"b\""));

  // One that was named is an error, too, when the others have been looked at.
  const Finished named = preview({(folder.path() / "0002_block.sql").string(), it});
  EXPECT_EQ(named.code, 2) << named.out;
  EXPECT_THAT(named.out,
              AllOf(HasSubstr("left out"), HasSubstr("ADD COLUMN b"), HasSubstr("all as predicted")));
  EXPECT_THAT(named.err, HasSubstr("0002_block.sql:2:1: forbidden-in-transaction"));
  EXPECT_THAT(left(), IsEmpty());
}

TEST_P(PreviewOnServer, SaysWhatApplyRefusesThoughTheServerTakesIt) {
  folder.write("0001_t.sql", "CREATE TABLE t (a int, b int, c int);\n");
  folder.write("0002_drop.sql", "ALTER TABLE t DROP COLUMN b;\n");
  folder.write("0003_drop.sql", "-- pgsluice: phase=contract\nALTER TABLE t DROP COLUMN c;\n");
  const Finished seen =
      preview({(folder.path() / "0002_drop.sql").string(), (folder.path() / "0003_drop.sql").string()});
  EXPECT_EQ(seen.code, 0) << seen.err;
  EXPECT_THAT(seen.out, AllOf(HasSubstr("These files apply refuses"),
                              HasSubstr("0002_drop.sql (breaks-running-readers): it is contract work"),
                              Not(HasSubstr("0003_drop.sql ("))));
  const OrderedJson data = document({"-q", (folder.path() / "0002_drop.sql").string()}, 0);
  ASSERT_EQ(data["apply_refuses"].size(), 1U);
  EXPECT_THAT(preview({"--format", "markdown", (folder.path() / "0002_drop.sql").string()}).out,
              HasSubstr("0002_drop.sql (breaks-running-readers)"));
}

TEST_P(PreviewOnServer, SaysWhatItSaw) {
  folder.write("0001_base.sql",
               "CREATE TABLE \"Or\"\"ders\" (id int PRIMARY KEY, total int);\n"
               "INSERT INTO \"Or\"\"ders\" SELECT g, g FROM generate_series(1, 100) g;\n");
  folder.write("0002_work.sql",
               "ALTER TABLE \"Or\"\"ders\" ALTER total TYPE bigint;\n"
               "CREATE INDEX total_idx ON \"Or\"\"ders\" (total);\n");
  folder.write(
      "0003_concurrently.sql",
      "-- pgsluice: transaction=off\nCREATE INDEX CONCURRENTLY later ON \"Or\"\"ders\" (total, id);\n");
  const OrderedJson seen = document({folder.path().string()}, 0);
  const OrderedJson rewrite = statement(seen, "bigint")["observed"];
  EXPECT_EQ(rewrite["rewrites"], OrderedJson::array({R"(public."Or""ders")"}));
  EXPECT_GT(rewrite["wal_bytes"], 0);
  const OrderedJson alone = statement(seen, "CONCURRENTLY")["observed"];
  EXPECT_EQ(alone["sampled"], true);
  EXPECT_EQ(alone["locks"][0]["mode"], "ShareUpdateExclusiveLock") << alone.dump(1);
  EXPECT_EQ(alone["index_builds"], OrderedJson::array({"public.later"}));
}

TEST_P(PreviewOnServer, MakesRowsBeforeTheFirstFile) {
  folder.write("1_t.sql",
               "CREATE TABLE \"T\" (id serial PRIMARY KEY, note text NOT NULL);\n"
               "CREATE TABLE never (id int NOT NULL CHECK (id <> id));\n");
  folder.write("2_work.sql",
               "CREATE TABLE copied AS SELECT count(*), 1 / (count(*) - 4000) AS none FROM \"T\";\n");
  const OrderedJson seen = document({(folder.path() / "2_work.sql").string(), "--rows", "5000"}, 0);
  EXPECT_EQ(seen["filled"]["tables"][0]["rows"], 5000) << seen["filled"].dump(1);
  EXPECT_THAT(seen["filled"]["notes"][0].get<std::string>(), HasSubstr("public.never stays empty: "));
  const Finished text = preview({(folder.path() / "2_work.sql").string(), "--rows", "4000"});
  EXPECT_EQ(text.code, 18) << text.err;
  EXPECT_THAT(text.out, AllOf(HasSubstr("Rows were made: public.\"T\" (4000)"), HasSubstr("division by zero"),
                              HasSubstr("public.never stays empty: ")));
}

TEST_P(PreviewOnServer, SaysWhatItWouldTakeInProduction) {
  Database production(GetParam(), "preview production", k_superuser);
  production.sql(
      "CREATE TABLE \"T\" (id int, note text); CREATE TABLE few (id int);"
      "INSERT INTO \"T\" SELECT g FROM generate_series(1, 200000) g; INSERT INTO few SELECT 1; ANALYZE; "
      "CREATE TABLE new (id int); INSERT INTO new SELECT 1; CREATE TABLE empty (id int);"
      "CREATE VIEW v AS SELECT note FROM \"T\"; CREATE EXTENSION IF NOT EXISTS plpgsql;");
  const std::string snapshot = (folder.path() / "shop.json").string();
  ASSERT_EQ(run({"snapshot", "--database-url", production.url(), "--output", snapshot}).code, 0);
  folder.write("1_t.sql", "SELECT 'the catalog has what this file made' / 0;\n");
  folder.write("2_work.sql",
               "ALTER TABLE \"T\" ALTER id TYPE bigint;\nCREATE INDEX i ON \"T\" (note);\n"
               "ALTER TABLE \"T\" ADD other int;\nALTER TABLE few ALTER id TYPE bigint;\n"
               "CREATE INDEX j ON new (id);\nCREATE INDEX k ON empty (id);\n");
  const std::string work = (folder.path() / "2_work.sql").string();
  const OrderedJson seen = document({work, "--catalog", snapshot, "--rows", "10%"}, 0);
  EXPECT_EQ(seen["filled"]["tables"][0]["rows"], 20000) << seen["filled"].dump(1);
  EXPECT_THAT(seen["filled"]["notes"][0].get<std::string>(),
              HasSubstr("does not say that there are any: public.empty, public.new"));
  const OrderedJson rewrite = statement(seen, "ALTER id TYPE");
  EXPECT_EQ(rewrite["extrapolated"]["rows"], 200000) << rewrite.dump(1);
  EXPECT_NEAR(rewrite["extrapolated"]["ms"].get<double>(), rewrite["observed"]["ms"].get<double>() * 10, 0.1);
  EXPECT_GT(statement(seen, "INDEX i")["extrapolated"]["ms"].get<double>(),
            statement(seen, "INDEX i")["observed"]["ms"].get<double>() * 12);
  EXPECT_FALSE(statement(seen, "ADD other").contains("extrapolated"));
  EXPECT_NEAR(rewrite["extrapolated"]["wal_bytes"].get<double>(),
              rewrite["observed"]["wal_bytes"].get<double>() * 10, 1);
  EXPECT_EQ(statement(seen, "j ON new")["rows_unknown"], OrderedJson::array({"public.new"}));
  EXPECT_FALSE(statement(seen, "k ON empty").contains("rows_unknown"));
  const Finished text = preview({work, "--catalog", snapshot, "--rows", "0.01x"});
  EXPECT_THAT(text.out, AllOf(HasSubstr("at 200 thousand rows: 2 thousand here are too few to tell"),
                              HasSubstr("Too few rows to tell: give --rows 100000."),
                              HasSubstr("does not say how many rows public.new has: run ANALYZE there")))
      << text.err;
  EXPECT_THAT(text.out, Not(HasSubstr("1%")));
  const Finished unknown = preview({work, "--rows", "1%"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("--catalog"));
}

/// An index is not locked anew by the next statement that writes into it.
TEST_P(PreviewOnServer, IndexesGrowWithTheirTable) {
  folder.write("1_t.sql",
               "CREATE TABLE t (id int PRIMARY KEY);\n"
               "INSERT INTO t SELECT generate_series(1, 50000);\n"
               "INSERT INTO t SELECT generate_series(50001, 100000);\n");
  const OrderedJson seen = document({folder.path().string()}, 0);
  constexpr long long k_table_alone = 1'850'000;
  for (const char* part : {"(1,", "(50001,"})
    EXPECT_GT(statement(seen, part)["observed"]["net_bytes"], k_table_alone * 3 / 2) << part;
}

TEST_P(PreviewOnServer, SaysHowMuchDiskItTakes) {
  folder.write("1_t.sql",
               "CREATE TABLE t (id int, note text);\n"
               "INSERT INTO t SELECT g, repeat('x', 100) FROM generate_series(1, 20000) g;\n"
               "CREATE INDEX note_idx ON t (note);\n");
  folder.write("2_work.sql",
               "SET LOCAL work_mem = '64kB';\n"
               "ALTER TABLE t ALTER id TYPE bigint;\n"
               "CREATE INDEX id_idx ON t (id);\n"
               "CREATE TABLE sorted AS SELECT * FROM t ORDER BY md5(id::text);\n"
               "DROP TABLE sorted;\n");
  const OrderedJson seen = document({folder.path().string()}, 0);
  constexpr long long k_heap = 2'500'000;  // at least
  const OrderedJson rewrite = statement(seen, "bigint")["observed"];
  EXPECT_GT(rewrite["peak_bytes"], k_heap) << rewrite.dump(1);
  EXPECT_LT(rewrite["net_bytes"], k_heap / 2) << rewrite.dump(1);
  const OrderedJson build = statement(seen, "id_idx")["observed"];
  EXPECT_GT(build["net_bytes"], 20000 * 8);
  EXPECT_EQ(build["net_bytes"], build["peak_bytes"]);
  EXPECT_GT(statement(seen, "sorted AS")["observed"]["temp_bytes"], k_heap / 2);
  EXPECT_LT(statement(seen, "DROP TABLE sorted")["observed"]["net_bytes"], -k_heap);
  EXPECT_EQ(statement(seen, "SET LOCAL")["observed"]["peak_bytes"], 0);
  EXPECT_THAT(preview({folder.path().string()}).out,
              AllOf(HasSubstr("of disk, "), HasSubstr(" to temporary files")));
}

TEST_P(PreviewOnServer, MakesRolesAndSaysWhatTheServerRefuses) {
  folder.write("1.sql", "CREATE TABLE t (a int);\nGRANT SELECT ON t TO \"the reader\";\n");
  folder.write("2.sql", "ALTER TABLE t ADD COLUMN b int;\nALTER TABLE nowhere ADD COLUMN b int;\n");
  const Finished refused = preview({folder.path().string()});
  EXPECT_EQ(refused.code, 18) << refused.out;
  EXPECT_THAT(refused.out, AllOf(HasSubstr("the reader"), HasSubstr("refused: relation \"nowhere\"")));
  EXPECT_THAT(refused.err, AllOf(HasSubstr("2.sql:2:1: relation \"nowhere\" does not exist (42P01)"),
                                 HasSubstr("name the files that make it")));
  EXPECT_THAT(left(), IsEmpty());
}

TEST_P(PreviewOnServer, FilesMayGoOnAsARoleThatTheyName) {
  folder.write("1.sql",
               "CREATE TABLE t (a int);\nSET ROLE \"App's\";\nCREATE TABLE u (a int);\n"
               "ALTER TABLE t ADD COLUMN b int;\n");
  folder.write("2.sql", "GRANT \"App's\" TO postgres;\nSET SESSION AUTHORIZATION other;\nDROP TABLE u;\n");
  const Finished seen = preview({folder.path().string()});
  EXPECT_EQ(seen.code, 0) << seen.err << seen.out;
  EXPECT_THAT(seen.out, AllOf(HasSubstr("Roles that the files name were made: App's, other"),
                              HasSubstr("all as predicted")));
}

TEST_P(PreviewOnServer, ALockThatNothingHereTookIsNamed) {
  folder.write("1.sql",
               "CREATE TABLE a (id int PRIMARY KEY);\nCREATE TABLE log (m text);\n"
               "CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS\n"
               "$$ BEGIN LOCK TABLE log IN ACCESS EXCLUSIVE MODE; RETURN NULL; END $$;\n"
               "CREATE TRIGGER tr AFTER DELETE ON a FOR EACH ROW EXECUTE FUNCTION tf();\n");
  folder.write("2.sql", "DELETE FROM a WHERE id > 0;\n");
  const Finished seen = preview({folder.path().string()});
  EXPECT_EQ(seen.code, 0) << seen.err;
  EXPECT_THAT(seen.out, AllOf(HasSubstr("nothing here made it take: ACCESS EXCLUSIVE on public.log"),
                              HasSubstr("all as predicted, but for 1 lock that nothing here")));
  const OrderedJson unseen = statement(document({folder.path().string()}, 0), "DELETE FROM a")["unseen"];
  EXPECT_EQ(unseen.dump(), R"([{"relation":"public.log","mode":"AccessExclusiveLock"}])");
}

/// What is shown only when somebody asks for it: the statement as a whole, both sides, and the safe form.
TEST_P(PreviewOnServer, ThePageHasTheWholeStatementAndItsSafeForm) {
  folder.write("1.sql", "CREATE TABLE a (id int PRIMARY KEY, note text);\n");
  folder.write("2.sql",
               "ALTER TABLE a\n  ALTER COLUMN note SET NOT NULL,\n  ADD COLUMN "
               "a_name_that_is_too_long_for_one_line int;\n");
  const fs::path page = folder.path() / "page.html";
  ASSERT_EQ(preview({(folder.path() / "2.sql").string(), "--html", page.string()}).code, 0);
  EXPECT_THAT(
      read_file(page),
      AllOf(HasSubstr("<summary>all of it, its prediction, and what to write instead</summary>"),
            HasSubstr("<code>ALTER TABLE a&#10;  ALTER COLUMN note SET NOT NULL,&#10;  ADD COLUMN "
                      "a_name_that_is_too_long_for_one_line int</code>"),
            HasSubstr("<th>predicted</th><th>observed</th>"), HasSubstr("(note IS NOT NULL) NOT VALID")));
}

TEST_P(PreviewOnServer, ApplyRefusesWhatWasNotRehearsed) {
  Database database(GetParam(), "rehearsed");
  folder.write("0001_t.sql", "CREATE TABLE t (a int);\n");
  folder.write("0002_b.sql", "ALTER TABLE t ADD COLUMN b int;\n");
  const std::string receipt = (place.path() / "receipt.json").string();
  const std::vector<std::string> apply{"apply",        folder.path().string(), "--database-url",
                                       database.url(), "--require-receipt",    receipt};
  EXPECT_EQ(preview({folder.path().string(), "--receipt", receipt}).code, 0);
  std::ifstream file(receipt);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_THAT(validate("schema/receipt.schema.json", Json::parse(text)), IsEmpty());
  folder.write("0002_b.sql", "ALTER TABLE t ADD COLUMN b bigint;\n");
  folder.write("0003_c.sql", "ALTER TABLE t ADD COLUMN c int;\n");
  const Finished refused = run(apply);
  EXPECT_EQ(refused.code, 10) << refused.err;
  EXPECT_THAT(refused.err, AllOf(HasSubstr("0002_b.sql"), HasSubstr("has changed since"),
                                 HasSubstr("0003_c.sql"), HasSubstr("has not been rehearsed")));
  EXPECT_EQ(preview({folder.path().string(), "--receipt", receipt}).code, 0);
  EXPECT_EQ(run(apply).code, 0);
}

TEST_P(PreviewOnServer, WhatComesBeforeANumberedFileRunsFirst) {
  folder.write("0001_t.sql", "CREATE TABLE t (a int);\n");
  folder.write("0002_b.sql", "ALTER TABLE t ADD COLUMN b int;\n");
  folder.write("0003_c.sql", "ALTER TABLE t DROP COLUMN a;\n");
  folder.write("seed.sql", "SELECT 1 / 0;\n");
  const std::string second = (folder.path() / "0002_b.sql").string();
  const OrderedJson seen = document({second}, 0);
  ASSERT_EQ(seen["files"].size(), 1U);
  EXPECT_EQ(statement(seen, "ADD COLUMN b")["agrees"], true);
  const std::string first = (folder.path() / "0001_t.sql").string();
  EXPECT_EQ(document({first, (folder.path() / "0003_c.sql").string()}, 0)["files"].size(), 2U);
  EXPECT_EQ(preview({second, "--no-history"}).code, 18);

  folder.write("0002_b.sql", "CREATE TABLE t (a int);\n");
  EXPECT_THAT(preview({second}).err, HasSubstr("An earlier file of the folder has made it"));
  folder.write("0002_b.sql", "CREATE VIEW v AS SELECT 1 AS a, 2 AS a;\n");
  EXPECT_THAT(preview({second}).err, AllOf(HasSubstr("42701"), Not(HasSubstr("--no-history"))));
}

/// Of tools that keep each migration in a folder, or have its place in a plan.
TEST_P(PreviewOnServer, WhatComesBeforeAMigrationOfAToolRunsFirst) {
  const std::string make = "CREATE TABLE t (a int);\n";
  const std::string work = "ALTER TABLE t ADD COLUMN b int;\n";
  const auto sees = [&](const std::string& path) {
    const OrderedJson seen = document({(folder.path() / path).string()}, 0);
    EXPECT_EQ(seen["files"].size(), 1U) << path;
    EXPECT_EQ(statement(seen, "ADD COLUMN b")["agrees"], true) << path;
  };
  folder.write("prisma/20240101_a/migration.sql", make);
  folder.write("prisma/20240102_b/migration.sql", work);
  folder.write("prisma/20240103_c/migration.sql", "SELECT 1 / 0;\n");
  folder.write("prisma/migration_lock.toml", "provider = \"postgresql\"\n");
  sees("prisma/20240102_b/migration.sql");
  sees("prisma/20240102_b");
  folder.write("diesel/2024-01-01-000000_a/up.sql", make);
  folder.write("diesel/2024-01-01-000000_a/down.sql", "DROP TABLE t;\n");
  folder.write("diesel/2024-01-02-000000_b/up.sql", work);
  folder.write("diesel/2024-01-02-000000_b/down.sql", "ALTER TABLE t DROP COLUMN b;\n");
  sees("diesel/2024-01-02-000000_b/up.sql");
  folder.write("sqitch/sqitch.plan",
               "%syntax-version=1.0.0\n%project=x\n\nzebra 2024-01-01T00:00:00Z A <a@b> # x\n"
               "ant 2024-01-02T00:00:00Z A <a@b> # y\n");
  folder.write("sqitch/deploy/zebra.sql", make);
  folder.write("sqitch/deploy/ant.sql", work);
  sees("sqitch/deploy/ant.sql");
  folder.write("flyway/V1__t.sql", make);
  folder.write("flyway/R__a.sql", work);
  folder.write("flyway/R__b.sql", "SELECT 1 / 0;\n");
  sees("flyway/R__a.sql");
}

TEST_P(PreviewOnServer, TheFolderForItMayHaveAnyName) {
  folder.write("1.sql", "CREATE TABLE t (a int);\n");
  for (const std::string name : {"with space", "it's", "a\"b", "back\\slash", "a,b"}) {
    const fs::path scratch = place.path() / name;
    fs::create_directory(scratch);
    fs::permissions(scratch, fs::perms::group_exec | fs::perms::others_exec, fs::perm_options::add);
    auto elsewhere = environment();
    elsewhere["TMPDIR"] = scratch.string();
    const Finished seen = Program(command({folder.path().string()}), elsewhere).wait();
    EXPECT_EQ(seen.code, 0) << name << seen.err;
    EXPECT_TRUE(fs::is_empty(scratch)) << name;
  }
}

/// It can be read once.
TEST_P(PreviewOnServer, ReadsStandardInput) {
  folder.write("x.sql", "CREATE TABLE t (a int);\n");
  const std::string receipt = (place.path() / "receipt.json").string();
  const int own = dup(STDIN_FILENO);
  const int file = ::open((folder.path() / "x.sql").c_str(), O_RDONLY | O_CLOEXEC);
  dup2(file, STDIN_FILENO);
  const Finished seen = preview({"-", "--receipt", receipt});
  dup2(own, STDIN_FILENO);
  close(own);
  close(file);
  EXPECT_EQ(seen.code, 0) << seen.err;
  EXPECT_THAT(seen.out, HasSubstr("1 statement on PostgreSQL"));
  EXPECT_TRUE(fs::exists(receipt));
}

TEST_P(PreviewOnServer, LeavesNothingWhenItIsInterrupted) {
  folder.write("1.sql", "SELECT pg_sleep(60);\n");
  Program program(command({folder.path().string()}), environment());
  ASSERT_TRUE(wait_until([&] { return postmaster() != 0; }));
  program.kill(SIGTERM);
  const Finished ended = program.wait();
  EXPECT_EQ(ended.code, 143) << ended.err;
  EXPECT_THAT(left(), IsEmpty());
}

/// Killed outright it cannot clean up: its server goes by itself, and the next preview removes its folder.
TEST_P(PreviewOnServer, TheNextOneRemovesWhatAKilledOneLeft) {
  folder.write("1.sql", "SELECT pg_sleep(60);\n");
  Program program(command({folder.path().string()}), environment());
  ASSERT_TRUE(wait_until([&] { return postmaster() != 0; }));
  const pid_t server = postmaster();
  program.kill(SIGKILL);
  program.wait();
  EXPECT_TRUE(wait_until([&] { return ::kill(server, 0) != 0; }));
  EXPECT_THAT(left(), Not(IsEmpty()));
  folder.write("1.sql", "SELECT 1;\n");
  EXPECT_EQ(preview({folder.path().string()}).code, 0);
  EXPECT_THAT(left(), IsEmpty());
}

TEST_P(PreviewOnServer, SaysThatItsServerWentAway) {
  folder.write("1.sql", "SELECT pg_sleep(60);\n");
  Program program(command({folder.path().string()}), environment());
  // Ready is not enough: a server that ends before preview has seen it so "does not start" (3).
  ASSERT_TRUE(wait_until([&] { return postmaster() != 0 && selects(postmaster()); }));
  ::kill(postmaster(), SIGQUIT);
  const Finished ended = program.wait();
  EXPECT_EQ(ended.code, 15) << ended.err;
  EXPECT_THAT(left(), IsEmpty());
}

TEST_P(PreviewOnServer, TwoAtOnceLeaveEachOtherAlone) {
  folder.write("1.sql", "SELECT pg_sleep(1);\n");
  Program first(command({folder.path().string()}), environment());
  Program second(command({folder.path().string()}), environment());
  EXPECT_EQ(first.wait().code, 0);
  EXPECT_EQ(second.wait().code, 0);
  EXPECT_THAT(left(), IsEmpty());
}

}  // namespace
}  // namespace pgsluice::test
