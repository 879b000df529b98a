// SPDX-License-Identifier: Apache-2.0
// preview --database-url: on a clone everything is seen, and nothing stays.

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "base/text.hpp"
#include "execute/harness.hpp"
#include "execute/pooler.hpp"
#include "execute/server_process.hpp"
#include "support/schema.hpp"

namespace pgsluice::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* k_consent = "--i-know-this-is-not-production";

/// What is measured, and what an index build writes into pg_class in place, is not rolled back by PostgreSQL.
void drop_measures(OrderedJson& json) {
  for (const char* key : {"taken_at", "bytes", "total_bytes", "reltuples", "relpages"}) {
    if (json.is_object()) json.erase(key);
  }
  for (OrderedJson& one : json) {
    if (one.is_structured()) drop_measures(one);
  }
}

class PreviewOnClone : public ::testing::TestWithParam<Server> {
 protected:
  explicit PreviewOnClone(std::string_view user = k_superuser) : clone(GetParam(), "the \"clone\"", user) {}
  std::vector<std::string> command(const std::vector<std::string>& more) {
    std::vector<std::string> words{"preview", folder.path().string(), "--database-url", clone.url(),
                                   k_consent};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  OrderedJson document(const std::vector<std::string>& more, int code) {
    std::vector<std::string> words = command({"--format", "json"});
    words.insert(words.end(), more.begin(), more.end());
    const Finished finished = run(words);
    EXPECT_EQ(finished.code, code) << finished.err << finished.out;
    EXPECT_THAT(validate("schema/lint.schema.json", Json::parse(finished.out)), IsEmpty());
    EXPECT_EQ(finished.json()["rolled_back"], true);
    return finished.json();
  }
  OrderedJson snapshot() {
    OrderedJson taken = run({"snapshot", "--database-url", clone.url(k_superuser)}).json();
    drop_measures(taken);
    return taken;
  }
  static std::vector<std::string> left_out(const OrderedJson& seen) {
    return seen.contains("left_out") ? seen["left_out"].get<std::vector<std::string>>()
                                     : std::vector<std::string>();
  }
  /// Each that ran is as it was predicted; how many.
  static int agreeing(const OrderedJson& seen) {
    int statements = 0;
    for (const OrderedJson& file : seen["files"]) {
      for (const OrderedJson& one : file["statements"]) {
        if (!one.contains("agrees")) continue;  // BEGIN, COMMIT
        EXPECT_EQ(one["agrees"], true) << file["path"] << one.dump(1);
        ++statements;
      }
    }
    return statements;
  }

  Database clone;
  Folder folder;
};

INSTANTIATE_TEST_SUITE_P(Servers, PreviewOnClone, ::testing::ValuesIn(servers({12, 13, 14, 15, 16, 17, 18})),
                         version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PreviewOnClone);

TEST_P(PreviewOnClone, EverythingIsSeenAndNothingStays) {
  clone.sql(
      "CREATE TABLE \"T\" (id serial PRIMARY KEY, n int, note text); CREATE TABLE gone (id int);"
      "CREATE TABLE child (id int, t int); CREATE SEQUENCE numbers;"
      "CREATE TABLE rows (id int); INSERT INTO rows SELECT generate_series(1, 200);"
      "INSERT INTO \"T\" (n, note) SELECT g, 'n' || g FROM generate_series(1, 500) g");
  folder.write("1_rewrite.sql", "ALTER TABLE \"T\" ALTER n TYPE bigint;\nCREATE INDEX i ON \"T\" (note);\n")
      .write("2_gone.sql",
             "BEGIN;\nDROP TABLE gone;\nCOMMIT;\nBEGIN;\nCREATE TABLE gone (other int);\nCOMMIT;\n")
      .write("3_key.sql",
             "-- pgsluice: transaction=off\nSET lock_timeout = 0;\n"
             "ALTER TABLE child ADD FOREIGN KEY (t) REFERENCES \"T\" NOT VALID;\n"
             "ALTER TABLE child VALIDATE CONSTRAINT child_t_fkey;\n"
             "CREATE TABLE made (id int);\nCREATE INDEX ON made (id);\nALTER TABLE made ADD b int;\n");
  folder.write("4_rows.sql",
               "DELETE FROM rows WHERE id < 100;\nSELECT nextval('numbers');\n"
               "DO $$ BEGIN EXECUTE 'CREATE TABLE by_code (id int)'; END $$;\n"
               "SET ROLE pg_monitor;\n");
  const OrderedJson before = snapshot();
  const std::string rows = clone.sql(
      "SELECT md5(string_agg(t::text, ',' ORDER BY id)) || (SELECT count(*) FROM rows) FROM \"T\" t");
  const OrderedJson seen = document({}, 0);
  EXPECT_EQ(seen["files"].size(), 4U);
  EXPECT_EQ(left_out(seen), std::vector<std::string>());
  EXPECT_GE(agreeing(seen), 12);
  EXPECT_EQ(seen["files"][0]["statements"][0]["observed"]["rewrites"], OrderedJson::array({"public.\"T\""}));
  EXPECT_EQ(seen["files"][2]["statements"][2]["observed"]["scans"], OrderedJson::array({"public.child"}));
  // Each step is a transaction where apply runs it, and takes its locks anew.
  const OrderedJson later = seen["files"][2]["statements"][5]["observed"];
  EXPECT_EQ(
      later["locks"].dump(),
      R"([{"relation":"public.made","relkind":"r","mode":"AccessExclusiveLock","new":false,"held":false}])");
  EXPECT_EQ(later["still_held"], OrderedJson::array());
  EXPECT_EQ(snapshot(), before);
  EXPECT_EQ(
      clone.sql(
          "SELECT md5(string_agg(t::text, ',' ORDER BY id)) || (SELECT count(*) FROM rows) FROM \"T\" t"),
      rows);
  EXPECT_EQ(clone.sql("SELECT last_value || is_called::text FROM numbers"), "1true")
      << "a sequence is not rolled back, as the README says";
  EXPECT_EQ(clone.admin("SELECT to_regnamespace('pgsluice') IS NULL"), "t");
}

/// By a role that has no more rights than apply needs.
class PreviewByTheMigrator : public PreviewOnClone {
 protected:
  PreviewByTheMigrator() : PreviewOnClone(k_migrator) {}
};

INSTANTIATE_TEST_SUITE_P(Servers, PreviewByTheMigrator,
                         ::testing::ValuesIn(servers({12, 13, 14, 15, 16, 17, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PreviewByTheMigrator);

TEST_P(PreviewByTheMigrator, OnlyWhatIsPendingRuns) {
  folder.write("1_t.sql", "CREATE TABLE t (id int, note text);\nINSERT INTO t VALUES (1);\n");
  ASSERT_EQ(apply(folder, clone, {}).code, 0);
  folder.write("2_b.sql", "ALTER TABLE t ADD b int;\n").write("3_i.sql", "CREATE INDEX i ON t (note);\n");
  const OrderedJson seen = document({}, 0);
  ASSERT_EQ(seen["files"].size(), 2U);
  EXPECT_EQ(agreeing(seen), 2);
  EXPECT_THAT(run(command({})).err, HasSubstr("1 file applied there already"));

  // A file of the folder that is named alone is the same file.
  const std::string last = (folder.path() / "3_i.sql").string();
  const Finished named = run({"preview", last, "--database-url", clone.url(), k_consent, "--format", "json"});
  ASSERT_EQ(named.code, 0) << named.err;
  EXPECT_EQ(named.json()["files"].size(), 1U);

  folder.write("1_t.sql", "CREATE TABLE t (id bigint);\n");
  EXPECT_EQ(run(command({})).code, 13);
}

TEST_P(PreviewOnClone, FilesOfAFolderBelowAreThoseOfTheLedger) {
  fs::create_directory(folder.path() / "sub");
  folder.write("1_t.sql", "CREATE TABLE t (a int);\n").write("sub/1_t.sql", "ALTER TABLE t ADD b int;\n");
  ASSERT_EQ(apply(folder, clone, {}).code, 0);
  folder.write("sub/2_c.sql", "ALTER TABLE t ADD c int;\n");
  for (const auto& [name, files] : {std::pair("sub/2_c.sql", 1U), std::pair("sub/1_t.sql", 0U)}) {
    const Finished seen = run({"preview", (folder.path() / name).string(), "--database-url", clone.url(),
                               k_consent, "--format", "json"});
    ASSERT_EQ(seen.code, 0) << seen.err;
    EXPECT_EQ(seen.json()["files"].size(), files) << name;
    EXPECT_EQ(left_out(seen.json()), std::vector<std::string>());
  }
}

TEST_P(PreviewOnClone, WithoutALedgerFilesBeforeTheNamedOneCountAsApplied) {
  clone.sql("CREATE TABLE t (a int)");
  folder.write("1_t.sql", "CREATE TABLE t (a int);\n").write("2_b.sql", "ALTER TABLE t ADD b int;\n");
  const std::string last = (folder.path() / "2_b.sql").string();
  const Finished named = run({"preview", last, "--database-url", clone.url(), k_consent, "--format", "json"});
  ASSERT_EQ(named.code, 0) << named.err;
  EXPECT_EQ(agreeing(named.json()), 1);
  const Finished all = run(command({}));
  EXPECT_EQ(all.code, 18) << all.err;
  EXPECT_THAT(all.err, AllOf(HasSubstr("42P07"), HasSubstr("Name the new files only")));
}

TEST_P(PreviewOnClone, WhatRestsOnAPendingFileIsLeftOutAndNamed) {
  clone.sql("CREATE TABLE t (a int, b int); INSERT INTO t VALUES (1)");
  folder.write("1_new.sql", "CREATE TABLE \"New\" (id int);\n")
      .write("2_fill.sql", "INSERT INTO \"New\" VALUES (1);\n")
      .write("3_check.sql", "ALTER TABLE t ADD CHECK (a IS NOT NULL);\n")
      .write("4_null.sql", "ALTER TABLE t ALTER a SET NOT NULL;\n")
      .write("5_f.sql", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';\n")
      .write("6_use.sql", "SELECT f();\n")
      .write("7_other.sql", "ALTER TABLE t ADD c int;\n")
      .write("8_rows.sql", "UPDATE t SET b = 1;\n")
      .write("9_rows.sql", "ALTER TABLE t ALTER b SET NOT NULL;\n");
  const OrderedJson seen = document({}, 0);
  EXPECT_EQ(seen["files"].size(), 5U);
  EXPECT_EQ(agreeing(seen), 5);
  EXPECT_THAT(left_out(seen),
              ElementsAre(HasSubstr("2_fill.sql:1:1: needs public.\"New\", which 1_new.sql makes"),
                          HasSubstr("4_null.sql:1:1: needs what 3_check.sql does to public.t"),
                          AllOf(HasSubstr("6_use.sql:1:1: "), HasSubstr("42883")),
                          AllOf(HasSubstr("9_rows.sql:1:1: "), HasSubstr("23502"),
                                HasSubstr("for want of what 8_rows.sql does to public.t"))));
  // The same without a file that could be the cause.
  fs::remove(folder.path() / "8_rows.sql");
  fs::remove(folder.path() / "7_other.sql");
  fs::remove(folder.path() / "3_check.sql");
  fs::remove(folder.path() / "4_null.sql");
  const Finished failed = run(command({}));
  EXPECT_EQ(failed.code, 17) << failed.err;
  EXPECT_THAT(failed.err, AllOf(HasSubstr("9_rows.sql:1:1: "), HasSubstr("23502")));
}

/// That is what a clone is for. Columns that come and go change no row of the others.
TEST_P(PreviewOnClone, RowsThatViolateAConstraintAreNoWantOfAnotherFile) {
  clone.sql("CREATE TABLE t (a int, v text); INSERT INTO t VALUES (1)");
  folder.write("1_new.sql", "ALTER TABLE t ADD COLUMN y int;\n")
      .write("2_gone.sql", "ALTER TABLE t DROP COLUMN v;\n")
      .write("3_check.sql", "ALTER TABLE t ADD CHECK (a > 5);\n");
  const Finished failed = run(command({}));
  EXPECT_EQ(failed.code, 17) << failed.err << failed.out;
  EXPECT_THAT(failed.err, AllOf(HasSubstr("3_check.sql:1:1: "), HasSubstr("23514")));
  for (const char* other :
       {"TRUNCATE t;\n", "DO $$ BEGIN UPDATE t SET a = 7; LOCK t; END $$;\n",
        "DO $$ BEGIN EXECUTE (SELECT 'UPDATE t SET a = 7' FROM pg_class LIMIT 1); END $$;\n"}) {
    folder.write("2_gone.sql", other);
    const OrderedJson seen = document({}, 0);
    EXPECT_THAT(left_out(seen), ElementsAre(AllOf(HasSubstr("3_check.sql:1:1: "), HasSubstr("23514"),
                                                  HasSubstr("for want of what 2_gone.sql "))));
  }
}

TEST_P(PreviewOnClone, WhatCannotBeRolledBackDoesNotRun) {
  clone.sql(
      "CREATE TABLE t (id int PRIMARY KEY, a int); CREATE TABLE log (a int);"
      "CREATE PROCEDURE commits() LANGUAGE plpgsql AS "
      "'BEGIN INSERT INTO log VALUES (1); COMMIT; END'");
  folder.write("1_i.sql", "-- pgsluice: transaction=off\nCREATE INDEX CONCURRENTLY i ON t (a);\n")
      .write("2_v.sql", "-- pgsluice: transaction=off\nINSERT INTO log VALUES (1);\nVACUUM t;\n")
      .write("3_batch.sql",
             "-- pgsluice: phase=backfill\n-- pgsluice: batch key=id size=1\nUPDATE t SET a = 1 WHERE a IS "
             "NULL;\n")
      .write("4_prepared.sql", "-- pgsluice: transaction=off\nCOMMIT PREPARED 'x';\n");
  const OrderedJson before = snapshot();
  const OrderedJson seen = document({}, 0);
  EXPECT_THAT(seen["files"], IsEmpty());
  EXPECT_THAT(left_out(seen), ElementsAre(HasSubstr("1_i.sql:2:1: cannot run in a transaction"),
                                          HasSubstr("2_v.sql:3:1: cannot run in a transaction"),
                                          HasSubstr("3_batch.sql:3:1: runs in batches"),
                                          HasSubstr("4_prepared.sql:2:1: cannot run in a transaction")));
  EXPECT_EQ(clone.sql("SELECT count(*) FROM log"), "0");

  for (const char* sql : {"CALL commits();\n", "DO 'BEGIN INSERT INTO log VALUES (1); COMMIT; END';\n"}) {
    Folder one;
    one.write("1_commits.sql", cat("-- pgsluice: transaction=off\n", sql));
    const Finished alone = run({"preview", one.path().string(), "--database-url", clone.url(), k_consent});
    EXPECT_EQ(alone.code, 0) << "apply runs it without a transaction: " << alone.err;
    EXPECT_THAT(alone.out, AllOf(HasSubstr("(2D000): it commits"), HasSubstr("no statement was looked at")));
  }
  for (const char* sql : {"INSERT INTO log VALUES (1);\nROLLBACK;\n", "BEGIN;\nINSERT INTO log VALUES (1);\n",
                          "BEGIN;\nINSERT INTO log VALUES (1);\nPREPARE TRANSACTION 'x';\n"}) {
    Folder one;
    one.write("1_ends.sql", sql);
    const Finished refused = run({"preview", one.path().string(), "--database-url", clone.url(), k_consent});
    EXPECT_EQ(refused.code, 2) << refused.out;
  }
  EXPECT_EQ(clone.sql("SELECT count(*) FROM log"), "0");
  EXPECT_EQ(snapshot(), before);
}

/// A report is made to be shown.
TEST_P(PreviewOnClone, ValuesOfRowsAreNotInTheReport) {
  clone.sql("CREATE TABLE t (secret text); INSERT INTO t VALUES ('a \"rare\" value')");
  folder.write("1_t.sql", "ALTER TABLE t ALTER secret TYPE int USING secret::int;\n");
  const std::string page = (folder.path() / "page.html").string();
  const Finished seen = run(command({"--html", page}));
  EXPECT_EQ(seen.code, 18) << seen.err;
  for (const std::string& said : {seen.out, seen.err, read_file(page)})
    EXPECT_THAT(said, AllOf(HasSubstr("(22P02)"), Not(HasSubstr("rare"))));
  for (const char* sql :
       {"SELECT secret::regclass FROM t;\n", "SELECT current_setting(secret) FROM t;\n",
        "DO $$ DECLARE v text; BEGIN SELECT secret INTO v FROM t; RAISE 'bad value %', v; END $$;\n",
        "DO $$ BEGIN ASSERT false, (SELECT secret FROM t); END $$;\n",
        "DO $$ DECLARE v text; BEGIN SELECT secret INTO v FROM t; EXECUTE 'SELECT ' || v; END $$;\n"}) {
    folder.write("1_t.sql", sql);
    const Finished other = run(command({}));
    EXPECT_EQ(other.code, 18) << other.err;
    EXPECT_THAT(other.out + other.err, AllOf(HasSubstr("refused: "), Not(HasSubstr("rare")))) << sql;
  }
  folder.write("1_t.sql", "DO $$ BEGIN RAISE 'without an address'; END $$;\n");
  EXPECT_THAT(run(command({})).err, HasSubstr("without an address (P0001)"));
  folder.write("1_t.sql", "ALTER TABLE t DROP COLUMN nothing;\n");
  EXPECT_THAT(run(command({})).err, HasSubstr("column \"nothing\" of relation \"t\" does not exist"));
}

TEST_P(PreviewOnClone, OthersAreNotKeptWaiting) {
  clone.sql("CREATE TABLE t (a int)");
  const auto other = clone.connect("other");
  ASSERT_TRUE(other->script("BEGIN; LOCK TABLE t IN ACCESS SHARE MODE").ok);
  // The file's own lock_timeout is no longer than ours.
  folder.write("1_t.sql", "SET lock_timeout = 0;\nALTER TABLE t ADD b int;\n");
  const auto from = std::chrono::steady_clock::now();
  const Finished busy = run(command({"--lock-timeout", "100ms"}));
  EXPECT_LT(std::chrono::steady_clock::now() - from, std::chrono::seconds(20));
  EXPECT_EQ(busy.code, 11) << busy.err;
  EXPECT_THAT(busy.err, AllOf(HasSubstr("55P03"), HasSubstr("--lock-timeout")));
  // Nor does code that sets it where nobody sees it.
  folder.write(
      "1_t.sql",
      "DO $$ BEGIN PERFORM set_config('lock_timeout', '0', false); ALTER TABLE t ADD b int; END $$;\n");
  const auto again = std::chrono::steady_clock::now();
  const Finished hidden = run(command({"--lock-timeout", "100ms"}));
  EXPECT_LT(std::chrono::steady_clock::now() - again, std::chrono::seconds(20));
  EXPECT_EQ(hidden.code, 11) << hidden.err;
  EXPECT_THAT(hidden.err, HasSubstr("code in it has changed lock_timeout"));
  other->script("ROLLBACK");
  folder.write("1_t.sql", "ALTER TABLE t ADD b int;\nSELECT pg_sleep(60);\n");
  const Finished slow = run(command({"--statement-timeout", "200ms"}));
  EXPECT_EQ(slow.code, 18) << slow.err;
  EXPECT_THAT(slow.err, HasSubstr("57014"));
}

TEST_P(PreviewOnClone, LeavesNothingBehindWhenItIsEnded) {
  clone.sql("CREATE TABLE t (a int)");
  folder.write("1_t.sql", "ALTER TABLE t ADD b int;\nSELECT pg_sleep(5);\n");
  for (const int signal : {SIGINT, SIGKILL}) {
    Program program(command({}));
    ASSERT_TRUE(wait_until([&] { return clone.busy("%pg_sleep%") == 1; }));
    program.kill(signal);
    const Finished ended = program.wait();
    if (signal == SIGINT) {
      EXPECT_EQ(ended.code, 130) << ended.err;
      EXPECT_THAT(ended.err, HasSubstr("all is rolled back"));
    }
    EXPECT_TRUE(wait_until([&] { return clone.pgsluice_sessions() == 0; }));
    EXPECT_EQ(clone.sql("SELECT count(*) FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0"),
              "1");
  }
}

TEST_P(PreviewOnClone, AlsoBehindAPoolerThatKeepsSessionsApart) {
  if (GetParam().major != 12 && GetParam().major != 18) return;
  Database plain(GetParam(), "pooled_clone", k_superuser);
  plain.sql("CREATE TABLE t (a int)");
  folder.write("1_b.sql", "ALTER TABLE t ADD b int;\n");
  for (const auto& [mode, code] : {std::pair("session", 0), std::pair("transaction", 3)}) {
    const Pooler pooler(GetParam(), mode);
    const Finished seen =
        run({"preview", folder.path().string(), "--database-url", pooler.url(plain), k_consent});
    EXPECT_EQ(seen.code, code) << mode << seen.err << seen.out;
  }
}

TEST_P(PreviewOnClone, AReceiptHasWhatRan) {
  clone.sql("CREATE TABLE t (a int)");
  folder.write("1_b.sql", "ALTER TABLE t ADD b int;\n")
      .write("2_i.sql", "-- pgsluice: transaction=off\nCREATE INDEX CONCURRENTLY i ON t (b);\n");
  const Folder elsewhere;
  const std::string receipt = (elsewhere.path() / "receipt.json").string();
  const std::string page = (elsewhere.path() / "page.html").string();
  const Finished seen = run(command({"--receipt", receipt, "--html", page}));
  ASSERT_EQ(seen.code, 0) << seen.err;
  EXPECT_THAT(seen.out, HasSubstr("2_i.sql:2:1: "));
  EXPECT_TRUE(fs::exists(page));
  std::ifstream file(receipt);
  const OrderedJson document = OrderedJson::parse(std::string(std::istreambuf_iterator<char>(file), {}));
  ASSERT_EQ(document["files"].size(), 1U);
  EXPECT_EQ(document["files"][0]["id"], "1_b.sql");
  EXPECT_EQ(apply(folder, clone, {"--require-receipt", receipt}).code, 10);
  fs::remove(folder.path() / "2_i.sql");
  EXPECT_EQ(apply(folder, clone, {"--require-receipt", receipt}).code, 0);
}

TEST_P(PreviewByTheMigrator, TheShopOnceAndFileByFile) {
  const fs::path shop = fs::path(PGSLUICE_SOURCE_DIR) / "examples/shop/migrations";
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(shop)) files.push_back(entry.path().filename());
  std::ranges::sort(files);
  int statements = 0;
  const auto copy = [&](const fs::path& name) { fs::copy_file(shop / name, folder.path() / name); };
  for (const fs::path& name : files) copy(name);
  const OrderedJson first_install = document({}, 0);
  EXPECT_GT(agreeing(first_install), 0);
  EXPECT_GT(left_out(first_install).size(), files.size() / 2);
  for (const fs::path& name : files) fs::remove(folder.path() / name);
  for (const fs::path& name : files) {
    copy(name);
    const OrderedJson before = snapshot();
    const OrderedJson seen = document({}, 0);
    statements += agreeing(seen);
    EXPECT_EQ(snapshot(), before) << name;
    ASSERT_EQ(apply(folder, clone, {}).code, 0) << name;
  }
  EXPECT_GT(statements, 40);
}

TEST_P(PreviewOnClone, NeedsConsentAndAServerThatTakesWrites) {
  folder.write("1_t.sql", "CREATE TABLE t (x int);\n");
  const std::string path = folder.path().string();
  const Finished asked = run({"preview", path, "--database-url", "host=/nowhere password=geheim"});
  EXPECT_EQ(asked.code, 2);
  EXPECT_THAT(asked.err, AllOf(HasSubstr(k_consent), Not(HasSubstr("geheim"))));
  const Finished nowhere =
      run({"preview", path, "--database-url", "postgresql://u:geheim@/db?host=/nowhere", k_consent});
  EXPECT_EQ(nowhere.code, 15);
  EXPECT_THAT(nowhere.err, Not(HasSubstr("geheim")));
  for (const std::vector<std::string>& more : {std::vector<std::string>{"--catalog", "x.json"},
                                               {"--rows", "5"},
                                               {"--load"},
                                               {"--blocker", "1s"},
                                               {"--queries", "q.sql"},
                                               {"--pg-bin", "bin"},
                                               {"--pg-version", "17"}}) {
    const Finished refused = run(command(more));
    EXPECT_EQ(refused.code, 2) << more.front();
    EXPECT_THAT(refused.err, HasSubstr(more.front()));
  }
  clone.admin("ALTER DATABASE \"the \"\"clone\"\"\" SET default_transaction_read_only = on");
  const Finished read_only = run(command({}));
  EXPECT_EQ(read_only.code, 15) << read_only.err;
  EXPECT_THAT(read_only.err, HasSubstr("read-only"));
}

TEST_P(PreviewOnClone, AStandbyIsRefused) {
  if (GetParam().major != 12 && GetParam().major != 18) return;
  const Folder place;
  const std::string path = place.path().string();
  ASSERT_TRUE(make_cluster(GetParam(), place.path()));
  std::ofstream(place.path() / "data" / "standby.signal") << "";
  const ServerProcess standby(GetParam(),
                              {(programs_of(GetParam()) / "postgres").string(), "-D", path + "/data", "-c",
                               "unix_socket_directories=" + path, "-c", "listen_addresses="});
  folder.write("1_t.sql", "CREATE TABLE t (x int);\n");
  const auto preview = [&] {
    return run({"preview", folder.path().string(), "--database-url",
                "host=" + path + " user=postgres dbname=postgres", k_consent});
  };
  ASSERT_TRUE(wait_until([&] { return preview().err.find("standby") != std::string::npos; }));
  EXPECT_EQ(preview().code, 15);
}

}  // namespace
}  // namespace pgsluice::test
