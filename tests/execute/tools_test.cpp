// SPDX-License-Identifier: Apache-2.0
// Folders of migration tools on real servers: what runs, and which statements commit together.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "execute/harness.hpp"

namespace pgsluice::test {
namespace {

using ::testing::HasSubstr;

class ToolFolder : public ::testing::TestWithParam<Server> {
 protected:
  /// Notes which statements have which transaction.
  void make_notes() {
    database.sql("CREATE TABLE note (n int PRIMARY KEY, tx bigint DEFAULT txid_current(), word text)");
  }
  /// "1 2|3|4 5": the notes of each transaction.
  std::string transactions() {
    return database.sql(
        "SELECT coalesce(string_agg(ns, '|' ORDER BY first), '') FROM (SELECT string_agg(n::text, ' ' ORDER "
        "BY "
        "n) AS ns, min(n) AS first FROM note GROUP BY tx) t");
  }
  Folder& write(const std::string& name, std::string_view text) {
    std::filesystem::create_directories((folder.path() / name).parent_path());
    return folder.write(name, text);
  }
  void expect_applied(const std::vector<std::string>& more = {}) {
    const Finished done = apply(folder, database, more);
    EXPECT_EQ(done.code, 0) << done.out << done.err;
    std::vector<std::string> again = more;
    again.insert(again.end(), {"--format", "json"});
    EXPECT_EQ(apply(folder, database, again).json()["applied"].size(), 0U) << "the second time";
  }
  void expect_refused(int code, const std::string& words, const std::vector<std::string>& more = {}) {
    const Finished refused = apply(folder, database, more);
    EXPECT_EQ(refused.code, code) << refused.out << refused.err;
    EXPECT_THAT(refused.out + refused.err, HasSubstr(words));
  }
  bool is_valid(const std::string& index) {
    return database.sql("SELECT coalesce((SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('" +
                        index + "')), false)") == "t";
  }
  Database database{GetParam(), "tools"};
  Folder folder;
};
INSTANTIATE_TEST_SUITE_P(Servers, ToolFolder, ::testing::ValuesIn(servers({12, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ToolFolder);

TEST_P(ToolFolder, OfGoose) {
  make_notes();
  write("00001_first.sql",
        "-- +goose Up\nINSERT INTO note VALUES (1);\nINSERT INTO note VALUES (2);\n"
        "-- +goose Down\nDROP TABLE note;\n");
  write("00002_alone.sql",
        "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY note_word ON note (word);\n"
        "INSERT INTO note VALUES (3);\nINSERT INTO note VALUES (4);\n-- +goose StatementBegin\n"
        "INSERT INTO note VALUES (5);\nINSERT INTO note VALUES (6);\n-- +goose StatementEnd\n"
        "-- +goose Down\nDROP INDEX note_word;\n");
  expect_applied();
  EXPECT_EQ(transactions(), "1 2|3|4|5 6");
  EXPECT_TRUE(is_valid("note_word"));
  EXPECT_EQ(database.sql("SELECT string_agg(tool, ' ' ORDER BY id) FROM pgsluice.migration"), "goose goose");
  write("00003_refused.sql", "-- +goose Up\nCREATE INDEX CONCURRENTLY note_n ON note (n, word);\n");
  expect_refused(10, "forbidden-in-transaction");
}

TEST_P(ToolFolder, OfFlyway) {
  make_notes();
  write("V1__first.sql", "INSERT INTO note VALUES (1);\nINSERT INTO note VALUES (2);\n");
  write("V1_1__index.sql", "CREATE INDEX CONCURRENTLY note_word ON note (word);\n");
  write("U1__first.sql", "DROP TABLE note;\n");
  write("V2__conf.sql", "INSERT INTO note VALUES (3);\nINSERT INTO note VALUES (4);\n");
  write("V2__conf.sql.conf", "executeInTransaction=false\n");
  write("R__words.sql", "CREATE OR REPLACE VIEW words AS SELECT 1 AS n, '${word}'::text AS word;\n");
  expect_refused(2, "nobody says what ${word} stands for");
  EXPECT_EQ(transactions(), "") << "refused before anything ran";
  expect_applied({"--placeholder", "word=one"});
  EXPECT_EQ(transactions(), "1 2|3|4");
  EXPECT_TRUE(is_valid("note_word"));
  EXPECT_EQ(database.sql("SELECT word FROM words"), "one");
  write("R__words.sql", "CREATE OR REPLACE VIEW words AS SELECT 2 AS n, '${word}'::text AS word;\n");
  expect_applied({"--placeholder", "word=two"});
  EXPECT_EQ(database.sql("SELECT n::text || word FROM words"), "2two") << "it is repeatable";
  write("V1__first.sql", "INSERT INTO note VALUES (7);\n");
  expect_refused(13, "has changed since it was applied", {"--placeholder", "word=two"});
}

TEST_P(ToolFolder, OfPrisma) {
  make_notes();
  write("migration_lock.toml", "provider = \"postgresql\"\n");
  write("20240101000000_a/migration.sql", "INSERT INTO note VALUES (1);\nINSERT INTO note VALUES (2);\n");
  write("20240102000000_b/migration.sql", "CREATE INDEX CONCURRENTLY note_word ON note (word);\n");
  write("seed.sql", "INSERT INTO note VALUES (9);\n");
  expect_applied();
  EXPECT_EQ(transactions(), "1 2");
  EXPECT_TRUE(is_valid("note_word"));
  write("20240103000000_c/migration.sql",
        "CREATE INDEX CONCURRENTLY note_n ON note (n, word);\nINSERT INTO note VALUES (3);\n");
  expect_refused(10, "forbidden-in-transaction");
}

TEST_P(ToolFolder, OfGolangMigrate) {
  make_notes();
  write("000002_b.up.sql", "INSERT INTO note VALUES (2);\nINSERT INTO note VALUES (3);\n");
  write("000002_b.down.sql", "DROP TABLE note;\n");
  write("000010_c.up.sql", "CREATE INDEX CONCURRENTLY note_word ON note (word);\n");
  write("000010_c.down.sql", "DROP INDEX note_word;\n");
  expect_applied();
  EXPECT_EQ(transactions(), "2 3");
  EXPECT_TRUE(is_valid("note_word"));
  write("000011_d.up.sql",
        "CREATE INDEX CONCURRENTLY note_n ON note (n, word);\nINSERT INTO note VALUES (4);\n");
  expect_refused(10, "forbidden-in-transaction");
  expect_applied({"--tool", "golang-migrate:multi-statement"});
  EXPECT_TRUE(is_valid("note_n"));
}

/// Lint looks at each changeset by itself; those that are pending run together, on what no release knows yet.
TEST_P(ToolFolder, OfLiquibaseTakesBackWhatItHasMade) {
  write("1.sql",
        "--liquibase formatted sql\n--changeset a:1\nCREATE TABLE made (a int, b int);\n"
        "--changeset a:2\nALTER TABLE made DROP COLUMN b;\n");
  EXPECT_EQ(run({"lint", folder.path().string()}).code, 1);
  expect_applied();
  const std::string before = read_file(folder.path() / "1.sql");
  const std::string grown =
      before + "--changeset a:3\nALTER TABLE made ADD COLUMN c int;\nCREATE TYPE kind AS ENUM ('a');\n";
  write("1.sql", grown);
  expect_applied();
  for (const std::string_view gone : {"TYPE kind", "TABLE made"}) {
    write("1.sql", cat(grown, "--changeset a:4\nCREATE TYPE late AS ENUM ('b');\nDROP ", gone, ";\n"));
    expect_refused(10, cat("DROP ", gone.substr(0, gone.find(' '))));
  }
  write("1.sql",
        grown + "--changeset a:4\nCREATE TYPE late AS ENUM ('b');\n--changeset a:5\nDROP TYPE late;\n");
  expect_applied();
}

TEST_P(ToolFolder, OfLiquibaseChangesetByChangeset) {
  make_notes();
  write("1.sql",
        "--liquibase formatted sql\n--changeset a:1\nINSERT INTO note VALUES (1);\nINSERT INTO note VALUES "
        "(2);\n"
        "--changeset a:2\nINSERT INTO note VALUES (3);\n--rollback DELETE FROM note;\n"
        "--changeset a:3 runInTransaction:false\nCREATE INDEX CONCURRENTLY note_word ON note (word);\n"
        "INSERT INTO note VALUES (4);\nINSERT INTO note VALUES (5);\n");
  expect_applied();
  EXPECT_EQ(transactions(), "1 2|3|4|5");
  EXPECT_TRUE(is_valid("note_word"));
  const std::string before = read_file(folder.path() / "1.sql");
  write("1.sql", before + "--changeset a:4\nINSERT INTO note VALUES (6);\nINSERT INTO note VALUES (7);\n");
  expect_applied();
  EXPECT_EQ(transactions(), "1 2|3|4|5|6 7") << "a changelog grows";
  write("1.sql", "--liquibase formatted sql\n--changeset a:1\nINSERT INTO note VALUES (8);\n");
  expect_refused(13, "has changed since it was applied");
}

/// What a tool has applied is not applied again, whatever it has been called there.
TEST_P(ToolFolder, OfSqitchAndItsLedgerAgree) {
  make_notes();
  write("sqitch.plan",
        "%project=shop\n\nnote/first 2024-01-01T00:00:00Z A <a@b>\ntouch 2024-01-01T00:00:00Z A <a@b>\n"
        "@v1 2024-01-02T00:00:00Z A <a@b>\ntouch [touch@v1] 2024-01-03T00:00:00Z A <a@b>\n");
  write("deploy/note/first.sql", "-- Deploy shop:note/first to pg\nSELECT 1 / 0;\n");
  write("deploy/touch@v1.sql", "-- Deploy shop:touch to pg\nSELECT 1 / 0;\n");
  write("deploy/touch.sql",
        "-- Deploy shop:touch to pg\nINSERT INTO note VALUES (1);\nINSERT INTO note VALUES (2);\n");
  write("revert/touch.sql", "DROP TABLE note;\n");
  database.admin(
      "CREATE SCHEMA sqitch; CREATE TABLE sqitch.changes (change_id text PRIMARY KEY, script_hash text, "
      "change "
      "text NOT NULL, project text NOT NULL, committed_at timestamptz NOT NULL DEFAULT clock_timestamp(), "
      "committer_email text NOT NULL);"
      "INSERT INTO sqitch.changes VALUES ('c1', 'h1', 'note/first', 'shop', now(), 'a'), ('c2', 'h2', "
      "'touch', "
      "'shop', now(), 'a');"
      "GRANT USAGE ON SCHEMA sqitch TO PUBLIC; GRANT ALL ON ALL TABLES IN SCHEMA sqitch TO PUBLIC");
  const Finished adopted =
      run({"baseline", folder.path().string(), "--database-url", database.url(), "--format", "json"});
  EXPECT_EQ(adopted.code, 0) << adopted.err;
  EXPECT_EQ(adopted.json()["baselined"].dump(), R"(["deploy/note/first.sql","deploy/touch@v1.sql"])");
  expect_applied();
  EXPECT_EQ(transactions(), "1|2") << "psql commits each";
}

}  // namespace
}  // namespace pgsluice::test
