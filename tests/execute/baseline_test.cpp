// SPDX-License-Identifier: Apache-2.0
// baseline on real servers: by hand, and by the tables that other tools make.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "execute/harness.hpp"
#include "pgsluice/adopt.hpp"
#include "support/schema.hpp"

namespace pgsluice::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;
using Ids = std::vector<std::string>;

class Baseline : public ::testing::TestWithParam<Server> {
 protected:
  Finished baseline(const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"baseline", folder.path().string(), "--database-url", database.url()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  OrderedJson adopted(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"--format", "json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished finished = baseline(arguments);
    EXPECT_EQ(finished.code, 0) << finished.err;
    EXPECT_THAT(validate("schema/baseline.schema.json", Json::parse(finished.out)), IsEmpty());
    return finished.json();
  }
  void open_to_all(const std::string& schema) {
    database.admin("GRANT USAGE ON SCHEMA " + schema + " TO PUBLIC; GRANT ALL ON ALL TABLES IN SCHEMA " +
                   schema + " TO PUBLIC");
  }
  /// Files that would fail if they were run.
  void write(const Ids& names) {
    for (const std::string& name : names) {
      std::filesystem::create_directories((folder.path() / name).parent_path());
      folder.write(name, "SELECT 1 / 0 AS \"" + name + "\";\n");
    }
  }
  std::string state(const std::string& id) {
    return database.sql(
        "SELECT coalesce((SELECT state || ' ' || coalesce(adopted_from, '-') FROM pgsluice.migration"
        " WHERE id = '" +
        id + "'), 'pending')");
  }
  void expect_adopted(const std::string& tool, const Ids& ids) {
    const OrderedJson json = adopted();
    EXPECT_EQ(json["from"], tool);
    EXPECT_THAT(json["baselined"].get<Ids>(), UnorderedElementsAreArray(ids));
    for (const std::string& id : ids) EXPECT_EQ(state(id), "baselined " + tool);
    EXPECT_THAT(adopted()["baselined"], IsEmpty()) << "the second time";
  }
  /// Applies the files, and finds them in the tool's ledger: `row` is what `sql` says of it.
  void expect_kept(const std::string& tool, const Ids& pending, std::string_view sql, std::string_view row) {
    for (const std::string& id : pending) folder.write(id, "SELECT 1;\nSELECT 2;\r\n");
    const Finished done = apply(folder, database, {"--keep", tool});
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_EQ(database.sql(sql), row);
    const std::vector<ForeignLedger> ledgers = find_foreign_ledgers(*database.connect("reader"));
    const auto ledger = std::ranges::find(ledgers, tool, &ForeignLedger::tool);
    ASSERT_NE(ledger, ledgers.end());
    const Adoption adoption = match_files(*ledger, discover(folder.path()));
    for (const std::string& id : pending) EXPECT_EQ(adoption.applied.count(id), 1U) << id;
  }
  void expect_unfinished(const std::string& sql) {
    database.sql(sql);
    const Finished refused = baseline({});
    EXPECT_EQ(refused.code, 10) << refused.out;
    EXPECT_THAT(refused.err, HasSubstr("has begun and not finished"));
  }

  Database database{GetParam(), "adopted"};
  Folder folder;
};

INSTANTIATE_TEST_SUITE_P(Servers, Baseline, ::testing::ValuesIn(servers({})), version_name);

TEST_P(Baseline, MarksEverythingOrUpToAFileAndRunsNothing) {
  write({"0001_a.sql", "0002_b.sql", "0003_c.sql"});
  EXPECT_THAT(baseline({"--dry-run"}).out, HasSubstr("would mark 3 migrations of 3"));
  EXPECT_EQ(database.sql("SELECT to_regclass('pgsluice.meta') IS NULL"), "t");
  EXPECT_EQ(adopted({"--to", "0002_b.sql"})["baselined"].get<Ids>(), (Ids{"0001_a.sql", "0002_b.sql"}));
  EXPECT_EQ(state("0002_b.sql"), "baselined -");
  EXPECT_EQ(apply(folder, database, {}).code, 18) << "the third one is run";
  const Finished status = run({"status", folder.path().string(), "--database-url", database.url()});
  EXPECT_THAT(status.out, HasSubstr("baselined"));
  const Finished failed = baseline({});
  EXPECT_EQ(failed.code, 10) << failed.err;
  EXPECT_THAT(failed.err, HasSubstr("the ledger says that 0003_c.sql is failed"));

  folder.write("0003_c.sql", "CREATE TABLE c (x int);\n");
  EXPECT_EQ(apply(folder, database, {}).code, 0);
  folder.write("0001_a.sql", "SELECT 2;\n");
  EXPECT_EQ(apply(folder, database, {}).code, 13) << "a baselined file is as good as an applied one";
  const Finished typo = baseline({"--to", "0002_bb.sql"});
  EXPECT_EQ(typo.code, 2);
  EXPECT_THAT(typo.err, HasSubstr("Did you mean 0002_b.sql?"));
}

/// What runs now has all of it: that is known of the files as soon as they are.
TEST_P(Baseline, KnowsTheFolderTogetherWithItsFiles) {
  write({"0001_a.sql"});
  ASSERT_EQ(baseline({}).code, 0);
  database.sql(
      "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not now'; END $$;"
      " CREATE TRIGGER refuse BEFORE INSERT ON pgsluice.bundle EXECUTE FUNCTION refuse()");
  write({"0002_b.sql"});
  const Finished refused = baseline({});
  EXPECT_EQ(refused.code, 3) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("not now"));
  EXPECT_EQ(state("0002_b.sql"), "pending");
  database.sql("DROP TRIGGER refuse ON pgsluice.bundle");
  EXPECT_EQ(adopted()["baselined"].get<Ids>(), (Ids{"0002_b.sql"}));
  EXPECT_EQ(database.sql("SELECT count(*) FROM pgsluice.bundle WHERE '0002_b.sql' = ANY (files)"), "1");
}

TEST_P(Baseline, ReadsFlyway) {
  database.sql(
      "CREATE TABLE flyway_schema_history (installed_rank integer NOT NULL CONSTRAINT "
      "flyway_schema_history_pk"
      " PRIMARY KEY, version varchar(50), description varchar(200) NOT NULL, type varchar(20) NOT NULL,"
      " script varchar(1000) NOT NULL, checksum integer, installed_by varchar(100) NOT NULL,"
      " installed_on timestamp NOT NULL DEFAULT now(), execution_time integer NOT NULL, success boolean NOT "
      "NULL);"
      "INSERT INTO flyway_schema_history VALUES"
      " (1, '2', '<< Flyway Baseline >>', 'BASELINE', '<< Flyway Baseline >>', NULL, 'f', now(), 0, true),"
      " (2, '2.1', 'x', 'SQL', 'V2_1__x.sql', 7, 'f', now(), 3, true),"
      " (3, NULL, 'views', 'SQL', 'R__views.sql', 7, 'f', now(), 3, true),"
      " (4, '10', 'late', 'SQL', 'V10__late.sql', 7, 'f', now(), 3, true),"
      " (5, '10', 'late', 'UNDO_SQL', 'U10__late.sql', 7, 'f', now(), 3, true),"
      " (6, '11', 'gone', 'SQL', 'V11__gone.sql', 7, 'f', now(), 3, true)");
  write({"V1__a.sql", "V02__b.sql", "V2_1__x.sql", "V10__late.sql", "V12__new.sql", "R__views.sql"});
  const OrderedJson dry = adopted({"--dry-run"});
  EXPECT_EQ(dry["without_file"].get<Ids>(), Ids{"11 V11__gone.sql"});
  expect_adopted("flyway", {"R__views.sql", "V1__a.sql", "V02__b.sql", "V2_1__x.sql"});
  // The sum that zlib.crc32(b"SELECT 1;SELECT 2;") gives.
  expect_kept("flyway", {"V10__late.sql", "V12__new.sql"},
              "SELECT concat_ws(' ', installed_rank, version, description, type, script, checksum, success)"
              " FROM flyway_schema_history ORDER BY installed_rank DESC LIMIT 1",
              "8 12 new SQL V12__new.sql -1665099012 t");
  expect_unfinished(
      "INSERT INTO flyway_schema_history VALUES (9, '12', 'x', 'SQL', 'V12__new.sql', 7, 'f', now(), 3, "
      "false)");
}

TEST_P(Baseline, ReadsGolangMigrate) {
  database.sql(
      "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);"
      "INSERT INTO schema_migrations VALUES (10, false)");
  write({"000002_a.up.sql", "000002_a.down.sql", "000010_b.up.sql", "000011_c.up.sql"});
  expect_adopted("golang-migrate", {"000002_a.up.sql", "000010_b.up.sql"});
  expect_kept("golang-migrate", {"000011_c.up.sql"},
              "SELECT string_agg(version || ' ' || dirty, ',') FROM schema_migrations", "11 false");
  expect_unfinished("UPDATE schema_migrations SET version = 11, dirty = true");
}

TEST_P(Baseline, ReadsDbmate) {
  database.sql(
      "CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY);"
      "INSERT INTO schema_migrations VALUES ('20240101000000'), ('20240301000000')");
  write({"20240101000000_a.sql", "20240201000000_b.sql", "20240301000000_c.sql"});
  expect_adopted("dbmate", {"20240101000000_a.sql", "20240301000000_c.sql"});
  expect_kept("dbmate", {"20240201000000_b.sql"},
              "SELECT string_agg(version, ',' ORDER BY version) FROM schema_migrations",
              "20240101000000,20240201000000,20240301000000");
}

TEST_P(Baseline, ReadsRails) {
  database.sql(
      "CREATE TABLE schema_migrations (version character varying NOT NULL PRIMARY KEY);"
      "CREATE TABLE ar_internal_metadata (key character varying NOT NULL PRIMARY KEY, value character "
      "varying,"
      " created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);"
      "INSERT INTO schema_migrations VALUES ('20240101000000')");
  write({"20240101000000_a.sql", "20240201000000_b.sql"});
  expect_adopted("rails", {"20240101000000_a.sql"});
  expect_kept("rails", {"20240201000000_b.sql"}, "SELECT count(*) FROM schema_migrations", "2");
}

TEST_P(Baseline, ReadsGoose) {
  database.sql(
      "CREATE TABLE goose_db_version (id integer PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,"
      " version_id bigint NOT NULL, is_applied boolean NOT NULL, tstamp timestamp NOT NULL DEFAULT now());"
      "INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true), (1, true), (2, true), (2, "
      "false),"
      " (3, true), (3, false), (3, true)");
  write({"00001_a.sql", "00002_b.sql", "00003_c.sql"});
  expect_adopted("goose", {"00001_a.sql", "00003_c.sql"});
  expect_kept("goose", {"00002_b.sql"},
              "SELECT version_id || ' ' || is_applied FROM goose_db_version ORDER BY id DESC LIMIT 1",
              "2 true");
}

TEST_P(Baseline, ReadsPrisma) {
  database.sql(
      "CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY NOT NULL, checksum varchar(64) NOT NULL,"
      " finished_at timestamptz, migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz,"
      " started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0);"
      "INSERT INTO _prisma_migrations VALUES ('1', 'x', now(), '20240101000000_init', NULL, NULL, now(), 1),"
      " ('2', 'x', NULL, '20240201000000_next', 'boom', now(), now(), 0)");
  write({"20240101000000_init/migration.sql", "20240201000000_next/migration.sql"});
  expect_adopted("prisma", {"20240101000000_init/migration.sql"});
  expect_unfinished("UPDATE _prisma_migrations SET rolled_back_at = NULL");
}

TEST_P(Baseline, ReadsAlembic) {
  database.sql(
      "CREATE TABLE alembic_version (version_num varchar(32) NOT NULL, CONSTRAINT alembic_version_pkc "
      "PRIMARY KEY"
      " (version_num)); INSERT INTO alembic_version VALUES ('ae1027a6acf')");
  write({"0001_1975ea83b712_orders.sql", "0002_ae1027a6acf_items.sql", "0003_27c6a30d7c24_more.sql"});
  expect_adopted("alembic", {"0001_1975ea83b712_orders.sql", "0002_ae1027a6acf_items.sql"});
}

TEST_P(Baseline, ReadsDiesel) {
  database.sql(
      "CREATE TABLE __diesel_schema_migrations (version varchar(50) PRIMARY KEY NOT NULL,"
      " run_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP);"
      "INSERT INTO __diesel_schema_migrations VALUES ('00000000000000'), ('20240101120000')");
  write({"00000000000000_diesel_initial_setup/up.sql", "00000000000000_diesel_initial_setup/down.sql",
         "2024-01-01-120000_orders/up.sql", "2024-02-01-120000_items/up.sql"});
  expect_adopted("diesel", {"00000000000000_diesel_initial_setup/up.sql", "2024-01-01-120000_orders/up.sql"});
  std::filesystem::remove(folder.path() / "00000000000000_diesel_initial_setup/down.sql");
  expect_kept("diesel", {"2024-02-01-120000_items/up.sql"},
              "SELECT max(version) FROM __diesel_schema_migrations", "20240201120000");
}

TEST_P(Baseline, ReadsSqlx) {
  database.sql(
      "CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, description text NOT NULL,"
      " installed_on timestamptz NOT NULL DEFAULT now(), success boolean NOT NULL, checksum bytea NOT NULL,"
      " execution_time bigint NOT NULL); INSERT INTO _sqlx_migrations VALUES (20240101, 'a', now(), true, "
      "'', 1)");
  write({"20240101_a.up.sql", "20240201_b.up.sql"});
  expect_adopted("sqlx", {"20240101_a.up.sql"});
  expect_kept("sqlx", {"20240201_b.up.sql"},
              "SELECT version || ' ' || description || ' ' || success || ' ' ||"
              " (checksum = sha384('SELECT 1;\\012SELECT 2;\\015\\012'::bytea)) FROM _sqlx_migrations ORDER "
              "BY 1 DESC LIMIT 1",
              "20240201 b true true");
  database.sql("DELETE FROM _sqlx_migrations WHERE version = 20240201");
  expect_unfinished("INSERT INTO _sqlx_migrations VALUES (20240201, 'b', now(), false, '', 1)");
}

TEST_P(Baseline, ReadsLiquibase) {
  database.sql(
      "CREATE TABLE databasechangelog (id varchar(255) NOT NULL, author varchar(255) NOT NULL, filename "
      "varchar(255)"
      " NOT NULL, dateexecuted timestamp NOT NULL, orderexecuted integer NOT NULL, exectype varchar(10) NOT "
      "NULL,"
      " md5sum varchar(35), description varchar(255), comments varchar(255), tag varchar(255), liquibase "
      "varchar(20),"
      " contexts varchar(255), labels varchar(255), deployment_id varchar(10));"
      "INSERT INTO databasechangelog (id, author, filename, dateexecuted, orderexecuted, exectype) VALUES"
      " ('1', 'ann', 'db/changelog/0001_a.sql', now(), 1, 'EXECUTED'),"
      " ('2', 'ann', 'db/changelog/0001_a.sql', now(), 2, 'MARK_RAN'),"
      " ('3', 'bob', 'db/changelog/0002_b.sql', now(), 3, 'EXECUTED')");
  folder
      .write("0001_a.sql",
             "--liquibase formatted sql\n--changeset ann:1\nSELECT 1;\n-- changeset ann:2 "
             "runOnChange:true\nSELECT 2;\n")
      .write("0002_b.sql",
             "--liquibase formatted sql\n--changeset bob:3\nSELECT 1;\n--changeset bob:4\nSELECT 2;\n")
      .write("0003_c.sql", "--liquibase formatted sql\n--changeset bob:5\nSELECT 1;\n");
  EXPECT_EQ(adopted({"--dry-run"})["applied_in_part"].get<Ids>(), Ids{"0002_b.sql"});
  expect_adopted("liquibase", {"0001_a.sql"});
}

TEST_P(Baseline, ReadsSqitch) {
  database.admin(
      "CREATE SCHEMA sqitch; CREATE TABLE sqitch.projects (project text PRIMARY KEY, uri text NULL UNIQUE,"
      " created_at timestamptz NOT NULL DEFAULT clock_timestamp(), creator_name text NOT NULL, creator_email "
      "text NOT"
      " NULL); CREATE TABLE sqitch.changes (change_id text PRIMARY KEY, script_hash text NULL, change text "
      "NOT NULL,"
      " project text NOT NULL REFERENCES sqitch.projects (project) ON UPDATE CASCADE, note text NOT NULL "
      "DEFAULT '',"
      " committed_at timestamptz NOT NULL DEFAULT clock_timestamp(), committer_name text NOT NULL, "
      "committer_email"
      " text NOT NULL, planned_at timestamptz NOT NULL, planner_name text NOT NULL, planner_email text NOT "
      "NULL,"
      " UNIQUE (project, script_hash)); INSERT INTO sqitch.projects VALUES ('shop', NULL, now(), 'a', 'a');"
      "INSERT INTO sqitch.changes VALUES ('c1', 'h', 'orders', 'shop', '', now(), 'a', 'a', now(), 'a', "
      "'a')");
  open_to_all("sqitch");
  write({"deploy/orders.sql", "deploy/items.sql", "revert/orders.sql", "verify/orders.sql"});
  expect_adopted("sqitch", {"deploy/orders.sql"});
}

TEST_P(Baseline, ReadsAtlas) {
  database.admin(
      "CREATE SCHEMA atlas_schema_revisions; CREATE TABLE atlas_schema_revisions.atlas_schema_revisions"
      " (version varchar NOT NULL PRIMARY KEY, description varchar NOT NULL, type bigint NOT NULL DEFAULT 2,"
      " applied bigint NOT NULL DEFAULT 0, total bigint NOT NULL DEFAULT 0, executed_at timestamptz NOT NULL,"
      " execution_time bigint NOT NULL, error text, error_stmt text, hash varchar NOT NULL, partial_hashes "
      "jsonb,"
      " operator_version varchar NOT NULL);"
      "INSERT INTO atlas_schema_revisions.atlas_schema_revisions VALUES"
      " ('.atlas_cloud_identifier', 'x', 2, 0, 0, now(), 0, NULL, NULL, '', NULL, ''),"
      " ('20240201000000', 'base', 1, 0, 0, now(), 0, NULL, NULL, '', NULL, ''),"
      " ('20240301000000', 'c', 2, 2, 2, now(), 0, NULL, NULL, 'h', NULL, '')");
  open_to_all("atlas_schema_revisions");
  write({"20240101000000_a.sql", "20240201000000_base.sql", "20240301000000_c.sql", "20240401000000_d.sql"});
  expect_adopted("atlas", {"20240101000000_a.sql", "20240201000000_base.sql", "20240301000000_c.sql"});
  expect_unfinished(
      "INSERT INTO atlas_schema_revisions.atlas_schema_revisions VALUES"
      " ('20240401000000', 'd', 2, 1, 2, now(), 0, 'boom', 'x', 'h', NULL, '')");
}

TEST_P(Baseline, ReadsDjango) {
  database.sql(
      "CREATE TABLE django_migrations (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, app "
      "varchar(255) NOT NULL,"
      " name varchar(255) NOT NULL, applied timestamptz NOT NULL);"
      "INSERT INTO django_migrations (app, name, applied) VALUES ('shop', '0001_initial', now()),"
      " ('auth', '0001_initial', now())");
  write({"auth/0001_initial.sql", "auth/0002_more.sql", "shop_0001_initial.sql", "stock/0001_initial.sql"});
  expect_adopted("django", {"auth/0001_initial.sql", "shop_0001_initial.sql"});
  expect_kept("django", {"auth/0002_more.sql", "stock/0001_initial.sql"},
              "SELECT string_agg(app || '.' || name, ',' ORDER BY id) FROM django_migrations WHERE id > 2",
              "auth.0002_more,stock.0001_initial");
}

/// The file decides what a backslash means by the time that its own name is written.
TEST_P(Baseline, KeepsAHostileNameAsAName) {
  database.sql(
      "CREATE TABLE victim (x int); CREATE TABLE django_migrations (id bigint GENERATED BY DEFAULT AS "
      "IDENTITY "
      "PRIMARY KEY, app varchar(255) NOT NULL, name varchar(255) NOT NULL, applied timestamptz NOT NULL)");
  const std::string name = "0001_\\'); DROP TABLE victim; --\n\"ä";
  std::filesystem::create_directories(folder.path() / "shop");
  folder.write("shop/" + name + ".sql",
               "SET standard_conforming_strings = off;\nSET backslash_quote = on;\nSELECT 1;\n");
  const Finished done = apply(folder, database, {"--keep", "django"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(database.sql("SELECT name FROM django_migrations"), name);
  EXPECT_EQ(database.sql("SELECT to_regclass('victim') IS NOT NULL"), "t");
}

TEST_P(Baseline, WhatIsNotKeptInTheOtherLedgerIsNotApplied) {
  write({"0001_a.sql"});
  EXPECT_EQ(apply(folder, database, {"--keep", "goose"}).code, 3) << "there is no ledger";
  database.sql("CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY CHECK (version <> '0002'))");
  folder.write("0001_a.sql", "CREATE TABLE a (x int);\n").write("0002_b.sql", "CREATE TABLE b (x int);\n");
  const Finished failed = apply(folder, database, {"--keep", "dbmate"});
  EXPECT_EQ(failed.code, 17) << failed.err;
  EXPECT_THAT(failed.err, HasSubstr("schema_migrations"));
  EXPECT_EQ(database.sql("SELECT to_regclass('a') IS NOT NULL AND to_regclass('b') IS NULL"), "t");
  folder.write("0002_b.sql", "SELECT 1;\n").write("words.sql", "SELECT 1;\n");
  EXPECT_EQ(apply(folder, database, {"--keep", "dbmate"}).code, 10) << "no version in its name";
}

TEST_P(Baseline, AsksWhenSeveralToolsHaveALedger) {
  database.sql(
      "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);"
      "INSERT INTO schema_migrations VALUES (1, false);"
      "CREATE TABLE django_migrations (id int PRIMARY KEY, app varchar(255), name varchar(255), applied "
      "timestamptz)");
  write({"0001_a.sql", "0002_b.sql"});
  const Finished several = baseline({});
  EXPECT_EQ(several.code, 10) << several.out;
  EXPECT_THAT(several.err,
              HasSubstr("golang-migrate (public.schema_migrations), django (public.django_migrations)"));
  EXPECT_EQ(baseline({"--from", "flyway"}).code, 10);
  EXPECT_EQ(baseline({"--from", "nobody"}).code, 2);
  EXPECT_EQ(adopted({"--from", "golang-migrate"})["baselined"].get<Ids>(), Ids{"0001_a.sql"});
  EXPECT_EQ(adopted({"--from", "none"})["baselined"].get<Ids>(), Ids{"0002_b.sql"});
}

}  // namespace
}  // namespace pgsluice::test
