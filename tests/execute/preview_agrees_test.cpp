// SPDX-License-Identifier: Apache-2.0
// What preview sees of statements on real servers is what was predicted: examples, long histories, and what is easily
// mistaken for another.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "execute/previewed.hpp"

namespace pgsluice::test {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PreviewAgrees : public Previewed {};

INSTANTIATE_TEST_SUITE_P(Servers, PreviewAgrees, ::testing::ValuesIn(servers({12, 13, 14, 15, 16, 17, 18})),
                         version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PreviewAgrees);

TEST_P(PreviewAgrees, TheShopDoesWhatWasPredicted) {
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

TEST_P(PreviewAgrees, TheDangerousExamplesDoWhatWasPredicted) {
  const bool all = std::getenv("PGSLUICE_PREVIEW_CASES") != nullptr;  // NOLINT(concurrency-mt-unsafe)
  if (!all && GetParam().major != 12 && GetParam().major != 18) return;
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
TEST_P(PreviewAgrees, LongHistoriesDoWhatWasPredicted) {
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

TEST_P(PreviewAgrees, WhatIsMadeUnderAnOldNameIsNew) {
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

TEST_P(PreviewAgrees, WorkIsSeenOnTheTableThatIsLocked) {
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

TEST_P(PreviewAgrees, ATruncateInAFunctionWritesNothingAnew) {
  folder.write("1.sql", "CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1);\n");
  folder.write("2.sql",
               "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS 'begin truncate t; end';\nSELECT f();\n"
               "DO 'begin alter table t alter a type bigint; end';\n");
  const OrderedJson seen = document({folder.path().string()}, 0);
  EXPECT_EQ(statement(seen, "SELECT f")["observed"]["rewrites"], OrderedJson::array());
  EXPECT_EQ(statement(seen, "SELECT f")["observed"]["index_builds"], OrderedJson::array());
  EXPECT_EQ(statement(seen, "bigint")["observed"]["rewrites"], OrderedJson::array({"public.t"}));
}

TEST_P(PreviewAgrees, WhatCopyReadsIsNoWorkOfTheNextStatement) {
  folder.write("1.sql", "CREATE TABLE t (a int);\n");
  folder.write("2.sql", "COPY t TO '/dev/null';\nCREATE PUBLICATION p FOR TABLE t;\n");
  const OrderedJson seen = document({folder.path().string()}, 0);
  EXPECT_EQ(statement(seen, "PUBLICATION")["observed"]["scans"], OrderedJson::array());
}

TEST_P(PreviewAgrees, ATruncateIsNoRewriteOfTheOtherTableOfThatName) {
  folder.write("1.sql",
               "CREATE TABLE a (v int); INSERT INTO a VALUES (1);\nCREATE SCHEMA s;\n"
               "CREATE TABLE s.a (v int); INSERT INTO s.a VALUES (1);\n");
  folder.write("2.sql", "DO 'begin truncate s.a; alter table public.a alter v type bigint; end';\n");
  const OrderedJson seen = document({folder.path().string()}, 0);
  EXPECT_EQ(statement(seen, "bigint")["observed"]["rewrites"], OrderedJson::array({"public.a"}));
}

/// None of them has rows, as on any server that is made for the preview.
TEST_P(PreviewAgrees, APartitionIsDetachedFromWhatAForeignKeyRefersTo) {
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
TEST_P(PreviewAgrees, WhatIsNotThereIsNotLocked) {
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
TEST_P(PreviewAgrees, WorkIsSeenOnTheRightOneOfTheSameName) {
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

/// Messages of the server have no schema, and of a long name only a part where an index is built beside another.
TEST_P(PreviewAgrees, BuildsAreSeenOnTheIndexThatIsBuilt) {
  folder.write("1.sql",
               "CREATE SCHEMA s1;\nCREATE SCHEMA s2;\nCREATE TABLE t (id int PRIMARY KEY, a text);\n"
               "CREATE INDEX a_name_of_an_index_that_is_just_as_long_as_names_may_be_in_here ON t (a);\n"
               "CREATE INDEX i_ccnew ON t (a);\n"
               "CREATE TABLE p (a int) PARTITION BY LIST (a);\n"
               "CREATE TABLE s1.q PARTITION OF p FOR VALUES IN (1);\n"
               "CREATE TABLE s2.q PARTITION OF p FOR VALUES IN (2);\n");
  folder.write("2.sql",
               "-- pgsluice: transaction=off\n"
               "REINDEX INDEX CONCURRENTLY a_name_of_an_index_that_is_just_as_long_as_names_may_be_in_here;\n"
               "REINDEX INDEX CONCURRENTLY i_ccnew;\nREINDEX INDEX i_ccnew;\n"
               "CREATE INDEX CONCURRENTLY \"x\"\" on table \"\"t\" ON t (a);\n");
  folder.write("3.sql", "CREATE INDEX ON p (a);\n");
  folder.write("4.sql", "ALTER TABLE t SET SCHEMA s2;\nCREATE TABLE t (id int PRIMARY KEY);\n");
  const OrderedJson seen = document({folder.path().string()}, 0);
  EXPECT_EQ(statement(seen, "ON p (a)")["observed"]["index_builds"],
            OrderedJson::array({"s1.q_a_idx", "s2.q_a_idx"}));
  const OrderedJson made = statement(seen, "TABLE t (id int PRIMARY KEY)");
  EXPECT_EQ(made["observed"]["index_builds"], OrderedJson::array()) << made.dump(1);
}

TEST_P(PreviewAgrees, PartitionsOfOneNameAreEachBuiltAnew) {
  if (GetParam().major < 14) return;  // no REINDEX of a partitioned table
  folder.write("1.sql",
               "CREATE SCHEMA s1;\nCREATE SCHEMA s2;\nCREATE TABLE p (a int) PARTITION BY LIST (a);\n"
               "CREATE INDEX i ON p (a);\nCREATE TABLE s1.q PARTITION OF p FOR VALUES IN (1);\n"
               "CREATE TABLE s2.q PARTITION OF p FOR VALUES IN (2);\n");
  folder.write("2.sql", "-- pgsluice: transaction=off\nREINDEX TABLE CONCURRENTLY p;\n");
  const OrderedJson reindex = statement(document({folder.path().string()}, 0), "REINDEX");
  EXPECT_EQ(reindex["observed"]["index_builds"], OrderedJson::array({"s1.q_a_idx", "s2.q_a_idx"}));
}

/// Neither by the server, nor before later steps, nor in what is predicted of them.
TEST_P(PreviewAgrees, WhatWasSetBehindASavepointIsTakenBackWithIt) {
  folder.write("1.sql", "CREATE SCHEMA other;\n");
  folder.write("2.sql",
               "-- pgsluice: transaction=off\nBEGIN;\nSAVEPOINT s;\nSET search_path = other;\n"
               "ROLLBACK TO s;\nCOMMIT;\nCREATE TABLE t (id int);\nALTER TABLE public.t ADD b int;\n");
  EXPECT_EQ(document({folder.path().string()}, 0)["files"].size(), 2U);
}

TEST_P(PreviewAgrees, AForeignKeyReadsPartitions) {
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

TEST_P(PreviewAgrees, WhatOnlyLooksSomethingUpGivesItsLocksBack) {
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

TEST_P(PreviewAgrees, WhatNobodyCanForeseeContradictsNothing) {
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

TEST_P(PreviewAgrees, LocksThatAreGivenBackAtOnceAreSeenAllTheSame) {
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

/// ri_triggers.c: a row that the transaction itself has inserted is looked up whatever an UPDATE sets.
TEST_P(PreviewAgrees, RowsThatAreWrittenAnewAreLookedUp) {
  folder.write("1_t.sql",
               "CREATE TABLE a (id int PRIMARY KEY);\nCREATE TABLE b (id int PRIMARY KEY, a int REFERENCES "
               "a, v text);\n"
               "INSERT INTO a VALUES (1);\nINSERT INTO b VALUES (1, 1, 'x');\n");
  folder.write("2_rewrite.sql",
               "ALTER TABLE b ADD COLUMN w uuid DEFAULT md5(random()::text)::uuid;\nUPDATE b SET v = 'y';\n");
  folder.write("3_in_place.sql", "ALTER TABLE b ADD COLUMN n int DEFAULT 1;\nUPDATE b SET v = 'z';\n");
  folder.write("4_later.sql", "UPDATE b SET v = 'later';\n");
  const OrderedJson seen = document({folder.path().string()}, 0);
  const auto looks_up = [&](std::string_view part) {
    return statement(seen, part)["observed"]["locks"].dump().find("public.a\"") != std::string::npos;
  };
  EXPECT_TRUE(looks_up("'y'"));
  EXPECT_FALSE(looks_up("'z'"));
  EXPECT_FALSE(looks_up("'later'"));
}

}  // namespace
}  // namespace pgsluice::test
