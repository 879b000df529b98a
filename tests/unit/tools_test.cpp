// SPDX-License-Identifier: Apache-2.0
// The conventions of migration tools: which files, in which order, what of them runs, and in which transactions.
#include "migration/tools/tools.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "migration/tools/placeholders.hpp"
#include "pgsluice/error.hpp"
#include "pgsluice/findings.hpp"

namespace pgsluice {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Texts = std::vector<std::string>;
using Values = std::map<std::string, std::string, std::less<>>;

/// A folder that is gone when the test ends. It looks like the root of a repository, so that nothing above counts.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "pgsluice-XXXXXX").string();
    path_ = mkdtemp(name.data());
    fs::create_directories(path_ / ".git");
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const Folder& write(const fs::path& name, const std::string& text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
    return *this;
  }
  const Folder& write(std::initializer_list<const char*> names) const {
    for (const char* name : names) write(name, "SELECT 1;\n");
    return *this;
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

Texts ids(const std::vector<Migration>& migrations) {
  Texts ids;
  for (const Migration& migration : migrations) ids.push_back(migration.id);
  return ids;
}

std::string tool_of(const Folder& folder) {
  return list_migrations(folder.path()).front().tool;
}

SourceFile read_as(std::string_view tool, std::string text, const Values& values = {},
                   const std::string& setting = {}) {
  const tools::Format& format = tools::find_format(tool);
  tools::Draft draft(std::move(text));
  draft.placeholders = format.placeholders;
  if (format.read != nullptr) format.read({.path = "x/y.sql", .setting = setting}, draft);
  tools::fill_placeholders(draft, values);
  return std::move(draft).finish("y.sql");
}

std::vector<Effect> effects_of(const Script& script) {
  static const EffectTable table = EffectTable::load({});
  Catalog catalog;
  return predict(script, catalog, table, {.pg_version = 17});
}

/// Each statement with its transaction: "0 SELECT 1".
Texts runs(std::string_view tool, const std::string& text, const std::string& setting = {}) {
  const Script script = parse(read_as(tool, text, {}, setting));
  Texts out;
  for (const SyntaxError& error : script.errors) out.push_back(error.message);
  for (const Effect& effect : effects_of(script)) {
    out.push_back(cat(effect.transaction ? std::to_string(*effect.transaction) : "-", " ",
                      script.text(script.statements[effect.statement].range)));
  }
  return out;
}

// ---- which files ---------------------------------------------------------------------------------------------------------

TEST(Tools, FlywaySortsVersionsAsNumbersAndRepeatablesLast) {
  const Folder folder;
  folder.write({"V2__b.sql", "V10__c.sql", "V1_1__a1.sql", "V1__a.sql", "V1.10__a10.sql", "R__z.sql",
                "R__a.sql", "U1__a.sql", "B1__a.sql", "beforeMigrate.sql"});
  const std::vector<Migration> found = list_migrations(folder.path());
  EXPECT_EQ(ids(found), (Texts{"V1__a.sql", "V1_1__a1.sql", "V1.10__a10.sql", "V2__b.sql", "V10__c.sql",
                               "R__a.sql", "R__z.sql"}));
  EXPECT_EQ(found.front().tool, "flyway");
  EXPECT_FALSE(found.front().repeatable);
  EXPECT_TRUE(found.back().repeatable);
}

TEST(Tools, FlywaysBaselineCountsWhenWhatItStandsForIsGone) {
  const Folder folder;
  folder.write({"B5__base.sql", "B3__older.sql", "V6__next.sql"});
  EXPECT_EQ(ids(list_migrations(folder.path())), (Texts{"B5__base.sql", "V6__next.sql"}));
}

TEST(Tools, AskWhenUndoScriptsUndoNothing) {
  const Folder folder;
  folder.write({"V1__a.sql", "U2__b.sql"});
  EXPECT_THAT(list_migrations(folder.path()).front().doubt, HasSubstr("--tool refinery"));
  folder.write("Cargo.toml", "refinery = \"0.8\"\n");
  EXPECT_EQ(ids(list_migrations(folder.path())), (Texts{"V1__a.sql", "U2__b.sql"}));
  EXPECT_EQ(tool_of(folder), "refinery");
  EXPECT_EQ(ids(list_migrations(folder.path(), {.tool = "flyway", .placeholders = {}})), Texts{"V1__a.sql"});
}

TEST(Tools, GolangMigrateAndSqlxAreToldApartByTheProject) {
  const Folder folder;
  folder.write({"2_b.up.sql", "2_b.down.sql", "10_c.up.sql", "10_c.down.sql", "README.md"});
  EXPECT_EQ(tool_of(folder), "golang-migrate");
  EXPECT_EQ(ids(list_migrations(folder.path())), (Texts{"2_b.up.sql", "10_c.up.sql"}));
  EXPECT_THAT(list_migrations(folder.path()).front().doubt, HasSubstr("--tool sqlx"));
  folder.write("Cargo.toml", "sqlx = \"0.8\"\n");
  EXPECT_EQ(tool_of(folder), "sqlx");
  EXPECT_THAT(list_migrations(folder.path()).front().doubt, IsEmpty());
}

TEST(Tools, DieselAndPrismaHaveAFolderForEach) {
  const Folder diesel;
  diesel.write({"2024-01-02-000000_b/up.sql", "2024-01-02-000000_b/down.sql", "20240101000000_a/up.sql"});
  EXPECT_EQ(tool_of(diesel), "diesel");
  EXPECT_EQ(ids(list_migrations(diesel.path())),
            (Texts{"20240101000000_a/up.sql", "2024-01-02-000000_b/up.sql"}));
  const Folder prisma;
  prisma.write({"20240102000000_b/migration.sql", "20240101000000_a/migration.sql", "seed.sql"});
  EXPECT_EQ(tool_of(prisma), "prisma");
  EXPECT_EQ(ids(list_migrations(prisma.path())),
            (Texts{"20240101000000_a/migration.sql", "20240102000000_b/migration.sql"}));
  EXPECT_EQ(list_migrations(prisma.path()).front().left_out, 1U);
}

TEST(Tools, DrizzlesJournalSaysWhichFilesThereAre) {
  const Folder folder;
  folder.write({"0000_b.sql", "0001_a.sql", "0002_gone.sql"});
  folder.write("meta/_journal.json",
               R"({"entries": [{"tag": "0001_a"}, {"tag": "0000_b"}, {"tag": "missing"}]})");
  EXPECT_EQ(tool_of(folder), "drizzle");
  EXPECT_EQ(ids(list_migrations(folder.path())), (Texts{"0001_a.sql", "0000_b.sql"}));
}

TEST(Tools, SqitchsPlanSaysWhichFilesThereAre) {
  const Folder folder;
  folder.write({"deploy/a.sql", "deploy/b.sql", "deploy/a@v1.sql", "deploy/other.sql", "revert/a.sql",
                "verify/a.sql"});
  folder.write("sqitch.plan",
               "%project=x\n\nb 2024-01-01T00:00:00Z A <a@b> # note\na [b] 2024-01-01T00:00:00Z A <a@b>\n"
               "@v1 2024-01-01T00:00:00Z A <a@b>\na [a@v1] 2024-01-01T00:00:00Z A <a@b>\n");
  EXPECT_EQ(tool_of(folder), "sqitch");
  EXPECT_EQ(ids(list_migrations(folder.path())), (Texts{"deploy/b.sql", "deploy/a@v1.sql", "deploy/a.sql"}));
}

TEST(Tools, OneFileWithSuchANameMakesNoFolderOfThatTool) {
  const Folder folder;
  folder.write({"1_a.sql", "2_b.sql", "3_c.sql", "V4__d.sql"});
  EXPECT_EQ(tool_of(folder), "plain");
  EXPECT_EQ(list_migrations(folder.path()).size(), 4U);
}

TEST(Tools, AFileThatIsNamedDirectlyIsReadAsItsFolderIs) {
  const Folder folder;
  folder.write({"1_a.up.sql", "1_a.down.sql"}).write("p/20240101000000_a/migration.sql", "SELECT 1;");
  EXPECT_EQ(name_migration(folder.path() / "1_a.up.sql").tool, "golang-migrate");
  EXPECT_EQ(name_migration(folder.path() / "1_a.down.sql").tool, "plain") << "it would not run that";
  EXPECT_EQ(name_migration(folder.path() / "p/20240101000000_a/migration.sql").tool, "prisma");
}

TEST(Tools, ContentSaysWhoseAFileIs) {
  const Folder folder;
  const std::vector<std::pair<std::string, std::string>> texts{
      {"-- a word first\n-- +goose Up\nSELECT 1;\n", "goose"},
      {"-- migrate:up\nSELECT 1;\n-- migrate:down\n", "dbmate"},
      {"\n--liquibase formatted sql\n--changeset a:1\nSELECT 1;\n", "liquibase"},
      {"-- no-transaction\nSELECT 1;\n", "sqlx"},
      {"SELECT 1;\n--> statement-breakpoint\nSELECT 2;\n", "drizzle"},
      {"-- atlas:txmode none\n\nSELECT 1;\n", "atlas"},
      {"-- Deploy shop:users to pg\nSELECT 1;\n", "sqitch"},
      {"SELECT '+goose Up', 'migrate:up';\n", "plain"}};
  for (const auto& [text, tool] : texts) {
    folder.write("1.sql", text);
    EXPECT_EQ(discover(folder.path()).front().tool, tool) << text;
  }
}

TEST(Tools, AnUnknownNameIsRefused) {
  const Folder folder;
  folder.write({"1.sql"});
  EXPECT_THROW(list_migrations(folder.path(), {.tool = "nobody", .placeholders = {}}), Error);
  EXPECT_THROW(list_migrations(folder.path(), {.tool = "goose:mixed", .placeholders = {}}), Error);
}

// ---- what of a file runs, and how ------------------------------------------------------------------------------------------

TEST(Tools, GooseRunsWhatLeadsUpInOneTransaction) {
  const std::string text =
      "-- +goose Up\nSELECT 1;\nSELECT 2;\n-- +goose Down\nSELECT 3;\n-- +goose StatementBegin\nSELECT 4;\n";
  EXPECT_THAT(runs("goose", text), ElementsAre("0 SELECT 1", "0 SELECT 2"));
}

TEST(Tools, GooseWithoutTransactionSendsStatementByStatement) {
  const std::string text =
      "-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1;\nSELECT\n2; -- two;\n-- +goose StatementBegin\n"
      "SELECT 3;\nSELECT 4;\n-- +goose StatementEnd\nSELECT 5; SELECT 6;\nSELECT 7;\n-- +goose Down\nSELECT "
      "8;\n";
  EXPECT_THAT(runs("goose", text), ElementsAre("- SELECT 1", "- SELECT\n2", "0 SELECT 3", "0 SELECT 4",
                                               "1 SELECT 5", "1 SELECT 6", "- SELECT 7"));
}

TEST(Tools, DbmateSendsABlockInOnePiece) {
  EXPECT_THAT(runs("dbmate", "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;\n"),
              ElementsAre("0 SELECT 1"));
  EXPECT_THAT(runs("dbmate", "-- migrate:up transaction:false\nSELECT 1;\n-- migrate:down\nSELECT 2;\n"),
              ElementsAre("- SELECT 1"));
  EXPECT_THAT(runs("dbmate", "-- migrate:up transaction:false\nSELECT 1; SELECT 2\n"),
              ElementsAre("0 SELECT 1", "0 SELECT 2"));
}

TEST(Tools, OneStatementAloneIsAMessageWithoutATransaction) {
  for (const std::string_view tool : {tool::golang_migrate, tool::prisma}) {
    EXPECT_THAT(runs(tool, "VACUUM;"), ElementsAre("- VACUUM")) << tool;
    EXPECT_THAT(runs(tool, "SELECT 1; SELECT 2;"), ElementsAre("0 SELECT 1", "0 SELECT 2")) << tool;
  }
  EXPECT_THAT(runs("golang-migrate", "SELECT 1; SELECT 2;", "multi-statement"),
              ElementsAre("- SELECT 1", "- SELECT 2"));
  EXPECT_THAT(runs("sqlx", "SELECT 1;"), ElementsAre("0 SELECT 1"));
  EXPECT_THAT(runs("sqlx", "-- no-transaction\nSELECT 1;"), ElementsAre("- SELECT 1"));
  EXPECT_THAT(runs("sqlx", "-- no-transaction\nSELECT 1; SELECT 2"), ElementsAre("0 SELECT 1", "0 SELECT 2"));
  EXPECT_THAT(runs("refinery", "-- refinery:noTransaction\nSELECT 1;"), ElementsAre("- SELECT 1"));
}

TEST(Tools, ItsOwnBeginAndCommitCount) {
  EXPECT_THAT(runs("goose", "-- +goose Up\nBEGIN; SELECT 1; COMMIT; SELECT 2;"),
              ElementsAre("0 BEGIN", "0 SELECT 1", "0 COMMIT", "- SELECT 2"));
  EXPECT_THAT(runs("sqitch", "-- Deploy a to pg\nBEGIN; SELECT 1; COMMIT; SELECT 2;"),
              ElementsAre("0 BEGIN", "0 SELECT 1", "0 COMMIT", "- SELECT 2"));
}

TEST(Tools, WhatPsqlDoesItselfIsNoSurpriseWherePsqlRunsTheFile) {
  const SourceFile source = read_as("sqitch",
                                    "-- Deploy a to pg\n\\set ON_ERROR_STOP on\n\\set owner 'ada'\nALTER "
                                    "TABLE t OWNER TO :owner;\n\\i x.sql\n");
  const Script script = parse(source);
  EXPECT_EQ(script.text(script.statements.at(0).range), "ALTER TABLE t OWNER TO ada");
  ASSERT_EQ(script.client_commands.size(), 1U);
  EXPECT_EQ(script.text(script.client_commands.front().range), "\\i x.sql");
}

TEST(Tools, FlywayKnowsSomeStatementsThatNeedNoTransaction) {
  EXPECT_THAT(runs("flyway", "SELECT 1; SELECT 2;"), ElementsAre("0 SELECT 1", "0 SELECT 2"));
  EXPECT_THAT(runs("flyway", "CREATE UNIQUE INDEX CONCURRENTLY a ON t (b); VACUUM t;"),
              ElementsAre("- CREATE UNIQUE INDEX CONCURRENTLY a ON t (b)", "- VACUUM t"));
  EXPECT_THAT(runs("flyway", "SELECT 1; VACUUM t;"), ElementsAre("0 SELECT 1", "0 VACUUM t"));
  EXPECT_THAT(runs("flyway", "SELECT 1; VACUUM t;", "mixed"), ElementsAre("- SELECT 1", "- VACUUM t"));
  EXPECT_THAT(runs("flyway", "REINDEX TABLE CONCURRENTLY t;"), ElementsAre("0 REINDEX TABLE CONCURRENTLY t"));
}

TEST(Tools, LiquibaseHasATransactionForEachChangeset) {
  const std::string text =
      "--liquibase formatted sql\n--changeset a:1\nSELECT 1;\nSELECT 2;\n--rollback SELECT 3;\n"
      "--changeset a:2 runInTransaction:false\nSELECT 4;\nSELECT 5;\n"
      "--changeset a:3 runInTransaction:false splitStatements:false\nSELECT 6; SELECT 7;\n"
      "--changeset a:4 dbms:oracle\nSELECT 8 FROM dual;\n"
      "-- changeset \"A B\":\"4 5\" endDelimiter:GO\nSELECT 9\nGO\nSELECT 'GO\n'\ngo\n"
      "--changeset a:6 dbms:postgresql,h2\nSELECT 10;\n--ignoreLines:1\nSELECT 11;\nSELECT 12;\n";
  EXPECT_THAT(runs("liquibase", text),
              ElementsAre("0 SELECT 1", "0 SELECT 2", "- SELECT 4", "- SELECT 5", "1 SELECT 6", "1 SELECT 7",
                          "2 SELECT 9", "2 SELECT 'GO\n'", "3 SELECT 10", "3 SELECT 12"));
}

TEST(Tools, NoStatementOfLiquibaseGoesOnBehindItsChangeset) {
  const std::string text =
      "--liquibase formatted sql\n--changeset a:1\nSELECT 1\n-- ; not it\n--changeset a:2\nSELECT 2;\n"
      "/* ; */\n--changeset a:3\n--changeset a: \"4 5\"\nSELECT 3";
  EXPECT_THAT(runs("liquibase", text), ElementsAre("0 SELECT 1", "1 SELECT 2", "2 SELECT 3"));
  EXPECT_EQ(read_as("liquibase", text).written(), text);
}

TEST(Tools, AtlasReadsDirectivesOnlyAboveAnEmptyLine) {
  EXPECT_THAT(runs("atlas", "-- atlas:txmode none\n\nSELECT 1; SELECT 2;"),
              ElementsAre("- SELECT 1", "- SELECT 2"));
  EXPECT_THAT(runs("atlas", "-- atlas:txmode none\nSELECT 1;"), ElementsAre("0 SELECT 1"));
  EXPECT_THAT(runs("atlas", "SELECT 1;", "none"), ElementsAre("- SELECT 1"));
  EXPECT_THAT(runs("atlas", "-- atlas:delimiter \\n\\n\\n\n\nSELECT 1\n\n\nSELECT 2\n"),
              ElementsAre("0 SELECT 1", "0 SELECT 2"));
}

TEST(Tools, DrizzlesBreakpointsEndStatements) {
  EXPECT_THAT(
      runs("drizzle", "SELECT 1\n--> statement-breakpoint\nSELECT 2;--> statement-breakpoint\nSELECT 3"),
      ElementsAre("0 SELECT 1", "0 SELECT 2", "0 SELECT 3"));
}

TEST(Tools, ADirectiveCountsAgainstTheTool) {
  const Folder folder;
  folder.write("1.sql", "-- pgsluice: transaction=off\n-- +goose Up\nSELECT 1;\nSELECT 2;\n");
  FileAnalysis file = parse(discover(folder.path()).front());
  static const EffectTable table = EffectTable::load({});
  Catalog catalog;
  predict(file, catalog, table, {.pg_version = 17});
  EXPECT_FALSE(file.effects.at(1).transaction);
}

TEST(Tools, PlacesStayThoseOfTheFile) {
  const std::string text = "-- +goose Up\r\nSELECT é;\r\n-- +goose Down\r\nDROP TABLE t;\r\n";
  const SourceFile source = read_as("goose", text);
  EXPECT_EQ(source.text.size(), text.size());
  EXPECT_EQ(source.written(), text);
  const LineIndex lines(source);
  EXPECT_EQ(lines.position(source.text.find("SELECT")), (Position{.line = 2, .column = 1}));
  EXPECT_EQ(lines.line(4), "DROP TABLE t;");
}

// ---- placeholders ------------------------------------------------------------------------------------------------------------

TEST(Placeholders, StandForNamesTypesAndValues) {
  const std::string text =
      "CREATE TABLE ${schema}.t_${env} (a ${type}(${n}), b int DEFAULT ${default});\nSELECT x, 'y ${z}' FROM "
      "t;\n";
  const SourceFile source = read_as("flyway", text);
  const Script script = parse(source);
  ASSERT_THAT(script.errors, IsEmpty()) << source.text;
  EXPECT_EQ(script.statements.at(0).tag, "CreateStmt");
  EXPECT_EQ(script.written(script.statements.at(0).range), text.substr(0, text.find(';')));
  EXPECT_EQ(script.written(script.statements.at(1).range), "SELECT x, 'y ${z}' FROM t");
  EXPECT_EQ(LineIndex(script.source).position(script.statements.at(1).range.begin),
            (Position{.line = 2, .column = 1}));
  const std::vector<Effect> effects = effects_of(script);
  EXPECT_EQ(effects.at(0).locks.front().relation.quoted(), "\"${schema}\".\"t_${env}\"");
  EXPECT_THAT(effects.at(0).assumed, ::testing::Contains("what ${schema} stands for is not known"));
  EXPECT_EQ(source.reading->placeholders.size(), 6U);
  EXPECT_TRUE(source.reading->placeholders.back().in_string);
}

TEST(Placeholders, AreReplacedByTheirValues) {
  EXPECT_EQ(
      read_as("flyway", "DROP TABLE ${s}.a_${e}; -- ${s}\nSELECT '${s}';", {{"s", "app"}, {"e", "x"}}).text,
      "DROP TABLE app.a_x; -- ${s}\nSELECT 'app';");
  EXPECT_EQ(read_as("sqitch", "SELECT :a, :'a', :\"a\", b::a, ':a';", {{"a", "it's"}}).text,
            "SELECT it's, 'it''s', \"it's\", b::a, ':a';");
  EXPECT_EQ(read_as("flyway", "DROP TABLE ${s};", {{"s", "app"}}).reading->placeholders.size(), 0U);
}

TEST(Placeholders, OfWholeClausesAreTheWorst) {
  const Script script =
      parse(read_as("flyway", "ALTER TABLE t ADD COLUMN a int ${more};\n${all};\nSELECT 1;"));
  ASSERT_THAT(script.errors, IsEmpty());
  const std::vector<Effect> effects = effects_of(script);
  ASSERT_EQ(effects.size(), 3U);
  EXPECT_TRUE(effects.at(0).unmodeled);
  EXPECT_EQ(effects.at(0).unseen, "what ${more} stands for");
  EXPECT_TRUE(effects.at(1).unmodeled);
  EXPECT_FALSE(effects.at(2).unmodeled);
}

TEST(Placeholders, AsADefaultMayBeVolatile) {
  const Script script = parse(read_as("flyway", "ALTER TABLE t ADD COLUMN a int DEFAULT ${x};"));
  EXPECT_THAT(effects_of(script).at(0).rewrites, ::testing::SizeIs(1));
}

TEST(Placeholders, AreWhatPsqlTakesForThem) {
  const Script script =
      parse(read_as("plain", "SELECT a[1:n], b::text FROM t WHERE c = :'d';\nCOMMENT ON TABLE t IS :x;"));
  ASSERT_THAT(script.errors, IsEmpty()) << script.source.text;
  ASSERT_EQ(script.source.reading->placeholders.size(), 2U);
  EXPECT_EQ(script.source.reading->placeholders.front().name, ":'d'");
  EXPECT_EQ(read_as("plain", "SELECT a[b:n], c::text, '${x} :y';").reading, nullptr);
  EXPECT_EQ(read_as("goose", "-- +goose Up\nSELECT '${x}';").text, "-- +goose Up\nSELECT '${x}';");
}

TEST(Placeholders, AreNotLookedForInDataOfCopy) {
  const std::string text = "COPY t FROM stdin;\nit's :x\t${y}\n\\.\nSELECT a FROM t WHERE b = :c;\n";
  const SourceFile source = read_as("plain", text);
  ASSERT_EQ(source.reading->placeholders.size(), 1U);
  EXPECT_EQ(source.reading->placeholders.front().name, ":c");
}

TEST(Placeholders, OfGooseAreThoseThatItIsToldToReplace) {
  EXPECT_EQ(read_as("goose", "-- +goose ENVSUB ON\n-- +goose Up\nSELECT '${x}';", {{"x", "y"}}).text,
            "-- +goose ENVSUB ON\n-- +goose Up\nSELECT 'y';");
}

}  // namespace
}  // namespace pgsluice
