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
#include "execute/harness.hpp"
#include "execute/server_process.hpp"
#include "support/schema.hpp"

namespace pgsluice::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class PreviewOnServer : public ::testing::TestWithParam<Server> {
 protected:
  /// As root the server runs as somebody else, who must come as far.
  void SetUp() override {
    fs::permissions(place.path(), fs::perms::group_exec | fs::perms::others_exec, fs::perm_options::add);
  }
  /// Of previews of this test: each has a folder for its servers and one for its templates.
  std::map<std::string, std::string> environment() {
    return {{"TMPDIR", place.path().string()}, {"XDG_CACHE_HOME", cache.path().string()}};
  }
  std::vector<std::string> command(const std::vector<std::string>& more) {
    std::vector<std::string> words{"preview", "--pg-bin", programs_of(GetParam()).string()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  Finished preview(const std::vector<std::string>& more) {
    return Program(command(more), environment()).wait();
  }
  OrderedJson document(const std::vector<std::string>& more, int code) {
    std::vector<std::string> words{"--format", "json"};
    words.insert(words.end(), more.begin(), more.end());
    const Finished finished = preview(words);
    EXPECT_EQ(finished.code, code) << finished.err << finished.out;
    EXPECT_THAT(validate("schema/lint.schema.json", Json::parse(finished.out)), IsEmpty());
    return finished.json();
  }
  std::vector<std::string> left() {
    std::vector<std::string> names;
    for (const fs::directory_entry& entry : fs::directory_iterator(place.path()))
      names.push_back(entry.path().filename().string());
    return names;
  }
  /// Of the preview that runs, when it takes connections; 0: not yet.
  pid_t postmaster() {
    for (const std::string& name : left()) {
      std::ifstream file(place.path() / name / "data" / "postmaster.pid");
      const std::string text{std::istreambuf_iterator<char>(file), {}};
      if (text.find("\nready") != std::string::npos) return static_cast<pid_t>(std::stol(text));
    }
    return 0;
  }
  /// Whether the server with this postmaster is at a SELECT now (its process titles say so).
  static bool selects(pid_t server) {
    const std::string id = std::to_string(server);
    std::ifstream children("/proc/" + id + "/task/" + id + "/children");
    for (std::string child; children >> child;) {
      std::ifstream file("/proc/" + child + "/cmdline");
      const std::string title{std::istreambuf_iterator<char>(file), {}};
      if (title.find("] SELECT") != std::string::npos) return true;
    }
    return false;
  }
  /// The statement whose text contains `part`.
  static OrderedJson statement(const OrderedJson& seen, std::string_view part) {
    for (const OrderedJson& file : seen["files"]) {
      for (const OrderedJson& one : file["statements"]) {
        if (one["sql"].get<std::string>().find(part) != std::string::npos) return one;
      }
    }
    ADD_FAILURE() << "no statement with " << part;
    return {};
  }

  Folder folder;
  Folder place;
  Folder cache;
};

INSTANTIATE_TEST_SUITE_P(Servers, PreviewOnServer, ::testing::ValuesIn(servers({12, 13, 14, 15, 16, 17, 18})),
                         version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PreviewOnServer);

TEST_P(PreviewOnServer, TheShopDoesWhatWasPredicted) {
  const OrderedJson seen =
      document({(fs::path(PGSLUICE_SOURCE_DIR) / "examples/shop/migrations").string()}, 0);
  int statements = 0;
  for (const OrderedJson& file : seen["files"]) {
    for (const OrderedJson& one : file["statements"]) {
      EXPECT_EQ(one["agrees"], true) << one.dump(1);
      ++statements;
    }
  }
  EXPECT_GT(statements, 60);
  EXPECT_THAT(left(), IsEmpty());
}

TEST_P(PreviewOnServer, TheDangerousExamplesDoWhatWasPredicted) {
  if (GetParam().major != 12 && GetParam().major != 18) return;
  const fs::path examples = fs::path(PGSLUICE_SOURCE_DIR) / "examples";
  const std::string shop = (examples / "shop/migrations").string();
  int files = 0;
  for (const auto& file : fs::directory_iterator(examples / "dangerous")) {
    const std::string path = file.path().string();
    // PostgreSQL, apply and lint agree on that one.
    const bool refused = path.find("/02_") != std::string::npos;
    // gen_random_uuid()
    const bool too_old = path.find("/03_") != std::string::npos && GetParam().major == 12;
    const OrderedJson seen = document({shop, path, "--no-history"}, refused ? 2 : too_old ? 18 : 0);
    ++files;
    EXPECT_EQ(seen.contains("left_out"), refused) << path;
    for (const OrderedJson& one : seen["files"].back()["statements"]) {
      const bool is_run = one["tag"] != "TransactionStmt" && !too_old;
      if (is_run) {
        EXPECT_EQ(one["agrees"], true) << path << one.dump(1);
      }
    }
  }
  EXPECT_EQ(files, 14);
}

/// In the styles of several frameworks.
TEST_P(PreviewOnServer, LongHistoriesDoWhatWasPredicted) {
  const fs::path histories = fs::path(PGSLUICE_SOURCE_DIR) / "tests/corpus/histories";
  int statements = 0;
  for (const auto& entry : fs::directory_iterator(histories)) {
    const std::string name = entry.path().filename().string();
    // gen_random_uuid()
    if (GetParam().major == 12 && (name == "diesel" || name == "goose")) continue;
    const OrderedJson seen = document({entry.path().string()}, 0);
    for (const OrderedJson& file : seen["files"]) {
      for (const OrderedJson& one : file["statements"]) {
        if (!one.contains("agrees")) continue;  // BEGIN, COMMIT
        EXPECT_EQ(one["agrees"], true) << file["path"] << one.dump(1);
        ++statements;
      }
    }
  }
  EXPECT_GT(statements, 150);
}

TEST_P(PreviewOnServer, WhatIsMadeUnderAnOldNameIsNew) {
  folder.write("1.sql",
               "CREATE TABLE t (a int, b text);\nCREATE INDEX i ON t (a);\nCREATE TABLE old (a int);\n"
               "INSERT INTO t SELECT g, g FROM generate_series(1, 100) g;\n");
  folder.write("2.sql",
               "DROP INDEX i;\nCREATE INDEX i ON t (b);\nALTER TABLE old RENAME TO older;\n"
               "CREATE VIEW old AS SELECT a FROM older;\nCREATE TEMP TABLE tt (LIKE t);\n"
               "PREPARE q(int) AS SELECT b FROM t WHERE a = $1;\nEXECUTE q(1);\n");
  folder.write("3.sql",
               "ALTER TABLE t ALTER a TYPE bigint;\nCREATE INDEX j ON t (a);\n"
               "ALTER TABLE t ALTER a TYPE numeric;\n");
  const OrderedJson seen = document({folder.path().string()}, 0);
  EXPECT_EQ(seen["files"].size(), 3U);
}

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
      "CREATE TABLE new (id int);"
      "CREATE VIEW v AS SELECT note FROM \"T\"; CREATE EXTENSION IF NOT EXISTS plpgsql;");
  const std::string snapshot = (folder.path() / "shop.json").string();
  ASSERT_EQ(run({"snapshot", "--database-url", production.url(), "--output", snapshot}).code, 0);
  folder.write("1_t.sql", "SELECT 'the catalog has what this file made' / 0;\n");
  folder.write("2_work.sql",
               "ALTER TABLE \"T\" ALTER id TYPE bigint;\nCREATE INDEX i ON \"T\" (note);\n"
               "ALTER TABLE \"T\" ADD other int;\nALTER TABLE few ALTER id TYPE bigint;\n");
  const std::string work = (folder.path() / "2_work.sql").string();
  const OrderedJson seen = document({work, "--catalog", snapshot, "--rows", "10%"}, 0);
  EXPECT_EQ(seen["filled"]["tables"][0]["rows"], 20000) << seen["filled"].dump(1);
  EXPECT_THAT(seen["filled"]["notes"][0].get<std::string>(),
              HasSubstr("does not say that there are any: public.new"));
  const OrderedJson rewrite = statement(seen, "ALTER id TYPE");
  EXPECT_EQ(rewrite["extrapolated"]["rows"], 200000) << rewrite.dump(1);
  EXPECT_NEAR(rewrite["extrapolated"]["ms"].get<double>(), rewrite["observed"]["ms"].get<double>() * 10, 0.1);
  EXPECT_GT(statement(seen, "INDEX i")["extrapolated"]["ms"].get<double>(),
            statement(seen, "INDEX i")["observed"]["ms"].get<double>() * 12);
  EXPECT_FALSE(statement(seen, "ADD other").contains("extrapolated"));
  const Finished text = preview({work, "--catalog", snapshot, "--rows", "0.01x"});
  EXPECT_THAT(text.out, AllOf(HasSubstr("at 200 thousand rows: 2 thousand here are too few to tell"),
                              HasSubstr("Too few rows to tell: give --rows ")))
      << text.err;
  EXPECT_THAT(text.out, Not(HasSubstr("1%")));
  const Finished unknown = preview({work, "--rows", "1%"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("--catalog"));
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

TEST_P(PreviewOnServer, WorkIsSeenOnTheTableThatIsLocked) {
  folder.write(
      "1.sql",
      "CREATE SCHEMA other; CREATE TABLE other.t (a int); CREATE TABLE t (a int); CREATE SCHEMA last;\n"
      "CREATE TABLE last.t (a int);\n");
  folder.write("2.sql", "-- pgsluice: transaction=off\nCREATE INDEX CONCURRENTLY i ON t (a);\n");
  folder.write("3.sql", "CREATE INDEX j ON t (a);\nALTER TABLE t ALTER a SET NOT NULL;\n");
  const OrderedJson seen = document({folder.path().string()}, 0);
  for (const char* sql : {"CONCURRENTLY", "INDEX j", "NOT NULL"})
    EXPECT_EQ(statement(seen, sql)["agrees"], true);
  const auto observed = [&seen](const char* sql, const char* what) {
    return statement(seen, sql)["observed"][what];
  };
  EXPECT_EQ(observed("CONCURRENTLY", "index_builds"), OrderedJson::array({"public.i"}));
  EXPECT_EQ(observed("INDEX j", "index_builds"), OrderedJson::array({"public.j"}));
  EXPECT_EQ(observed("NOT NULL", "scans"), OrderedJson::array({"public.t"}));
}

TEST_P(PreviewOnServer, ATruncateInAFunctionWritesNothingAnew) {
  folder.write("1.sql", "CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1);\n");
  folder.write("2.sql",
               "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS 'begin truncate t; end';\nSELECT f();\n"
               "DO 'begin alter table t alter a type bigint; end';\n");
  const OrderedJson seen = document({folder.path().string()}, 0);
  EXPECT_EQ(statement(seen, "SELECT f")["observed"]["rewrites"], OrderedJson::array());
  EXPECT_EQ(statement(seen, "SELECT f")["observed"]["index_builds"], OrderedJson::array());
  EXPECT_EQ(statement(seen, "bigint")["observed"]["rewrites"], OrderedJson::array({"public.t"}));
}

TEST_P(PreviewOnServer, MakesRolesAndSaysWhatTheServerRefuses) {
  folder.write("1.sql", "CREATE TABLE t (a int);\nGRANT SELECT ON t TO \"the reader\";\n");
  folder.write("2.sql", "ALTER TABLE t ADD COLUMN b int;\nALTER TABLE nowhere ADD COLUMN b int;\n");
  const Finished refused = preview({folder.path().string()});
  EXPECT_EQ(refused.code, 18) << refused.out;
  EXPECT_THAT(refused.out, AllOf(HasSubstr("the reader"), HasSubstr("refused: relation \"nowhere\"")));
  EXPECT_THAT(refused.err, AllOf(HasSubstr("2.sql:2:1: relation \"nowhere\" does not exist (42P01)"),
                                 HasSubstr("name the files before it")));
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

/// None of them has rows, as on any server that is made for the preview.
TEST_P(PreviewOnServer, APartitionIsDetachedFromWhatAForeignKeyRefersTo) {
  folder.write(
      "1.sql",
      "CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);\n"
      "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);\n"
      "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);\nINSERT INTO p VALUES (1), (11);\n");
  folder.write("2.sql", "CREATE TABLE ref (id int REFERENCES p);\n");
  folder.write("3.sql", "ALTER TABLE p DETACH PARTITION p2;\nALTER TABLE p DETACH PARTITION p1;\n");
  const OrderedJson seen = document({folder.path().string()}, 0);
  EXPECT_THAT(statement(seen, "PARTITION p2")["observed"]["scans"], Contains("public.ref"));
}

/// The server is empty: what no file makes is known not to be there.
TEST_P(PreviewOnServer, WhatIsNotThereIsNotLocked) {
  folder.write(
      "1.sql",
      "DROP TABLE IF EXISTS foo;\nCREATE TABLE foo (id int);\nDROP VIEW IF EXISTS v;\n"
      "DROP INDEX IF EXISTS i;\nDROP SEQUENCE IF EXISTS app.s;\nDROP MATERIALIZED VIEW IF EXISTS m;\n"
      "ALTER TABLE IF EXISTS bar ADD COLUMN b int;\nALTER INDEX IF EXISTS i RENAME TO j;\n"
      "DROP FUNCTION IF EXISTS f();\nDROP TABLE IF EXISTS foo, baz CASCADE;\n");
  folder.write("2.sql",
               "CREATE TABLE s (id int);\nCREATE UNIQUE INDEX s_pkey ON s (id);\n"
               "CREATE TABLE u (id int);\nCREATE UNIQUE INDEX u_id ON u (id);\n");
  folder.write(
      "3.sql",
      "ALTER TABLE s ADD PRIMARY KEY USING INDEX s_pkey;\nALTER TABLE u ADD UNIQUE USING INDEX u_id;\n");
  const OrderedJson seen = document({folder.path().string()}, 0);
  EXPECT_EQ(statement(seen, "DROP TABLE IF EXISTS foo")["locks"], OrderedJson::array());
}

/// Messages of the server have neither schema nor table.
TEST_P(PreviewOnServer, WorkIsSeenOnTheRightOneOfTheSameName) {
  folder.write(
      "1.sql",
      "CREATE TABLE users (id int PRIMARY KEY);\nCREATE TABLE a (u int);\nCREATE TABLE b (u int);\n"
      "ALTER TABLE a ADD CONSTRAINT fk_user FOREIGN KEY (u) REFERENCES users;\n"
      "CREATE SCHEMA s1;\nCREATE SCHEMA s2;\nCREATE TABLE s1.t (v int);\nCREATE TABLE s2.t (v int);\n"
      "INSERT INTO s1.t VALUES (1);\nINSERT INTO s2.t VALUES (1);\n");
  folder.write("2.sql", "ALTER TABLE b ADD CONSTRAINT fk_user FOREIGN KEY (u) REFERENCES users;\n");
  folder.write("3.sql",
               "ALTER TABLE s2.t ADD COLUMN z int;\nALTER TABLE s2.t ADD CONSTRAINT ck CHECK (v > 0);\n"
               "CREATE INDEX i ON s2.t (v);\nALTER TABLE s2.t ALTER v TYPE bigint;\n");
  folder.write("4.sql",
               "ALTER TABLE s1.t ADD COLUMN z int;\nALTER TABLE s2.t ADD COLUMN y int;\n"
               "ALTER TABLE s1.t ADD CONSTRAINT ck1 CHECK (v > 0);\nALTER TABLE s2.t ADD CONSTRAINT ck2 "
               "CHECK (v > 0);\n"
               "CREATE INDEX j ON s1.t (v);\nCREATE INDEX j ON s2.t (v);\n");
  const OrderedJson seen = document({folder.path().string()}, 0);
  EXPECT_EQ(statement(seen, "ALTER TABLE b")["observed"]["scans"], OrderedJson::array({"public.b"}));
  EXPECT_EQ(statement(seen, "CONSTRAINT ck C")["observed"]["scans"], OrderedJson::array({"s2.t"}));
  EXPECT_EQ(statement(seen, "bigint")["observed"]["index_builds"], OrderedJson::array({"s2.i"}));
}

TEST_P(PreviewOnServer, AForeignKeyReadsPartitions) {
  folder.write("1.sql",
               "CREATE TABLE acc (id int PRIMARY KEY) PARTITION BY RANGE (id);\n"
               "CREATE TABLE acc0 PARTITION OF acc FOR VALUES FROM (0) TO (10);\n"
               "CREATE TABLE acc1 PARTITION OF acc FOR VALUES FROM (10) TO (20);\n"
               "INSERT INTO acc SELECT generate_series(0, 19);\n"
               "CREATE TABLE moves (acc_id int REFERENCES acc);\n"
               "INSERT INTO moves SELECT generate_series(0, 19);\n");
  folder.write("2.sql", "ALTER TABLE moves ADD CONSTRAINT f2 FOREIGN KEY (acc_id) REFERENCES acc;\n");
  folder.write("3.sql",
               "ALTER TABLE moves ADD CONSTRAINT f3 FOREIGN KEY (acc_id) REFERENCES acc NOT VALID;\n");
  folder.write("4.sql", "ALTER TABLE moves VALIDATE CONSTRAINT f3;\n");
  folder.write("5.sql", "ALTER TABLE moves ALTER COLUMN acc_id TYPE bigint;\n");
  EXPECT_EQ(document({folder.path().string()}, 0)["files"].size(), 5U);
}

TEST_P(PreviewOnServer, WhatOnlyLooksSomethingUpGivesItsLocksBack) {
  folder.write(
      "1.sql",
      "CREATE TABLE src (a int, b int);\nCREATE TABLE usr (r src);\nCREATE VIEW v AS SELECT a FROM src;\n"
      "CREATE INDEX si ON src (a);\n");
  folder.write("2.sql",
               "SELECT pg_get_viewdef('v'::regclass, true);\nSELECT pg_total_relation_size('src');\n"
               "SELECT indexdef FROM pg_indexes WHERE tablename = 'src';\n"
               "CREATE INDEX rui ON usr (((r).a));\nCREATE VIEW nv AS SELECT r FROM usr;\n"
               "CREATE TABLE nt (c src[]);\n");
  EXPECT_EQ(document({folder.path().string()}, 0)["files"].size(), 2U);
}

TEST_P(PreviewOnServer, WhatNobodyCanForeseeContradictsNothing) {
  folder.write(
      "1.sql",
      "CREATE TABLE events (id int, at date) PARTITION BY RANGE (at);\nCREATE TABLE victim (id int);\n"
      "CREATE TABLE cfg (tbl text);\nINSERT INTO cfg VALUES ('victim');\n");
  folder.write(
      "2.sql",
      "DO $$ DECLARE d date := '2024-01-01'; BEGIN FOR i IN 0..2 LOOP\n"
      "EXECUTE format('CREATE TABLE events_%s PARTITION OF events FOR VALUES FROM (%L) TO (%L)',\n"
      "to_char(d, 'YYYY_MM'), d, d + interval '1 month'); d := d + interval '1 month'; END LOOP; END $$;\n"
      "DO $$ DECLARE n text; BEGIN SELECT tbl INTO n FROM cfg;\n"
      "EXECUTE 'ALTER TABLE ' || n || ' ADD COLUMN x int'; END $$;\n");
  folder.write("3.sql",
               "ALTER TABLE events ADD COLUMN note text;\nCREATE INDEX events_at ON events (at);\n"
               "ALTER TABLE victim ADD COLUMN y int;\n");
  const Finished seen = preview({folder.path().string()});
  EXPECT_EQ(seen.code, 0) << seen.err;
  EXPECT_THAT(seen.out, HasSubstr("nobody can foresee"));
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

/// Files between those that are named run between them.
TEST_P(PreviewOnServer, TheLoadRunsFilesInTheirOrder) {
  folder.write("0001_t.sql", "CREATE TABLE t (id int PRIMARY KEY);\n");
  folder.write("0002_a.sql", "ALTER TABLE t ADD COLUMN a int;\n");
  folder.write("0003_b.sql", "ALTER TABLE t RENAME COLUMN a TO b;\n");
  folder.write("0004_c.sql", "ALTER TABLE t ADD CONSTRAINT c CHECK (b > 0);\n");
  const Finished seen = preview({(folder.path() / "0002_a.sql").string(),
                                 (folder.path() / "0004_c.sql").string(), "--load", "--format", "json"});
  ASSERT_EQ(seen.code, 0) << seen.err;
  for (const OrderedJson& run : seen.json()["load"]["runs"])
    EXPECT_EQ(run["statements"].size(), 2U) << run.dump(1);
}

TEST_P(PreviewOnServer, LocksThatAreGivenBackAtOnceAreSeenAllTheSame) {
  folder.write("1.sql",
               "CREATE TABLE t (id int PRIMARY KEY, a int);\n"
               "INSERT INTO t SELECT g, g FROM generate_series(1, 100) g;\n");
  folder.write("2.sql",
               "-- pgsluice: phase=backfill\n-- pgsluice: batch key=id size=10\nUPDATE t SET a = 1;\n"
               "-- pgsluice: batch key=id size=10\nDELETE FROM t WHERE a = 2;\n");
  folder.write("3.sql", "-- pgsluice: transaction=off\nVACUUM t;\nVACUUM (ANALYZE) t;\nANALYZE t;\n");
  const OrderedJson seen = document({folder.path().string()}, 0);
  const auto mode_of = [&](std::string_view sql) {
    const OrderedJson one = statement(seen, sql)["observed"];
    return one["locks"].empty() ? OrderedJson("none") : one["locks"][0]["mode"];
  };
  EXPECT_EQ(mode_of("UPDATE"), "RowExclusiveLock");
  EXPECT_EQ(mode_of("DELETE"), "RowExclusiveLock");
  for (const std::string_view sql : {"VACUUM t", "VACUUM (ANALYZE) t", "ANALYZE t"})
    EXPECT_EQ(mode_of(sql), "ShareUpdateExclusiveLock") << sql;
  EXPECT_EQ(statement(seen, "UPDATE")["observed"]["sampled"], false);
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
  const int file = open((folder.path() / "x.sql").c_str(), O_RDONLY | O_CLOEXEC);
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

TEST_P(PreviewOnServer, SaysThatItWasInterruptedBesideAnApplication) {
  folder.write("0001_t.sql", "CREATE TABLE t (id int PRIMARY KEY);\n");
  folder.write("0002_a.sql", "ALTER TABLE t ADD COLUMN a int;\n");
  Program program(command({(folder.path() / "0002_a.sql").string(), "--blocker", "60s"}), environment());
  std::vector<std::string> first;
  ASSERT_TRUE(wait_until([&] { return !(first = left()).empty(); }));
  ASSERT_TRUE(wait_until([&] { return postmaster() != 0 && left() != first; }))
      << "the second server has the application";
  program.kill(SIGINT);
  const Finished ended = program.wait();
  EXPECT_EQ(ended.code, 130) << ended.err;
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

TEST_P(PreviewOnServer, TheLoadShowsWhoWaitsBehindWhichStatement) {
  folder.write("0001_t.sql", "CREATE TABLE \"T\" (id int PRIMARY KEY, a int, b text);\n");
  folder.write("0002_c.sql", "ALTER TABLE \"T\" ADD COLUMN c int;\n");
  folder.write("0003_b.sql", "ALTER TABLE \"T\" DROP COLUMN b;\n");
  const Finished seen =
      preview({(folder.path() / "0002_c.sql").string(), (folder.path() / "0003_b.sql").string(), "--blocker",
               "2s", "--format", "json"});
  ASSERT_EQ(seen.code, 0) << seen.err;
  const OrderedJson load = seen.json()["load"];
  EXPECT_THAT(validate("schema/lint.schema.json", Json::parse(seen.out)), IsEmpty());
  EXPECT_EQ(load["blocked"], "public.\"T\"");
  ASSERT_EQ(load["runs"].size(), 2U);
  const OrderedJson& naive = load["runs"][0];
  const OrderedJson& gated = load["runs"][1];
  EXPECT_EQ(naive["gated"], false);
  EXPECT_GT(naive["longest_ms"], gated["longest_ms"]) << load.dump(1);
  EXPECT_GT(naive["waited"], 0);
  bool behind_first = false;
  for (const OrderedJson& wait : naive["waits"]) behind_first = behind_first || wait["statement"] == 0;
  EXPECT_TRUE(behind_first) << "the first one queued behind the long transaction";
  EXPECT_GT(naive["statements"][0]["behind_blocker_ms"], 0);
  bool broken = false;
  for (const OrderedJson& failure : naive["failures"]) broken = broken || failure["sqlstate"] == "42703";
  EXPECT_TRUE(broken) << load.dump(1);
  EXPECT_THAT(left(), IsEmpty());
}

TEST_P(PreviewOnServer, TheLoadNamesWhatItDoesNotSend) {
  folder.write("0001_t.sql", "CREATE TABLE t (id int PRIMARY KEY);\n");
  folder.write("0002_c.sql", "ALTER TABLE t ADD COLUMN c int;\n");
  const fs::path queries = folder.path() / "queries.txt";
  write_file(queries, "SELECT * FROM t;\nCOMMIT;\nSELECT nothing FROM t;\n");
  const Finished seen = preview({(folder.path() / "0002_c.sql").string(), "--queries", queries.string()});
  EXPECT_EQ(seen.code, 0) << seen.err;
  EXPECT_THAT(seen.out, AllOf(HasSubstr("1 query again"), HasSubstr("line 2 is left out: it is no query"),
                              HasSubstr("line 3 is left out: ")));
}

/// The lock of the first statement keeps others waiting until the last one has ended.
TEST_P(PreviewOnServer, TheLoadBlamesWhoTookTheLock) {
  folder.write("0001_t.sql", "CREATE TABLE t (id int PRIMARY KEY, a int);\nCREATE TABLE other (a int);\n");
  folder.write("0002_c.sql",
               "ALTER TABLE t ADD COLUMN c int;\nSELECT pg_sleep(0.5);\nCREATE INDEX ON other (a);\n");
  folder.write("0003_d.sql", "ALTER TABLE t ADD COLUMN d int;\n");
  const Finished seen = preview({(folder.path() / "0002_c.sql").string(),
                                 (folder.path() / "0003_d.sql").string(), "--load", "--format", "json"});
  ASSERT_EQ(seen.code, 0) << seen.err;
  const OrderedJson naive = seen.json()["load"]["runs"][0];
  const OrderedJson& statements = naive["statements"];
  ASSERT_EQ(statements.size(), 4U);
  EXPECT_GT(statements[0]["waited"], 0) << naive.dump(1);
  EXPECT_GT(statements[0]["longest_ms"], 300) << naive.dump(1);
  EXPECT_EQ(statements[1]["waited"], 0) << naive.dump(1);
  EXPECT_LT(statements[3]["longest_ms"], 300) << naive.dump(1);
}

}  // namespace
}  // namespace pgsluice::test
