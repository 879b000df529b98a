// SPDX-License-Identifier: Apache-2.0
// What a file sets is set for that file: apply puts the session back behind each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "pgsluice/fix.hpp"
#include "support/analysis.hpp"

namespace pgsluice {
namespace {

using test::analyse_sql;

/// The full name of what the file's last statement locks first.
std::string target_in(const FileAnalysis& file) {
  return file.effects.back().locks.at(0).relation.quoted();
}

std::string target_of(const std::string& sql, Catalog& catalog) {
  return target_in(analyse_sql(sql, "x.sql", 17, catalog));
}

TEST(SessionReset, ALaterFileBeginsAsTheFirstOne) {
  Catalog catalog;
  catalog.timezone = "UTC";
  analyse_sql(
      "SET search_path = app; SET timezone = 'Europe/Berlin'; SET ROLE owner; SET default_tablespace = fast;"
      "SET default_table_access_method = columnar; SET session_replication_role = replica; SELECT 1",
      "1.sql", 17, catalog);
  EXPECT_EQ(catalog.search_path, Names{"public"});
  EXPECT_EQ(catalog.timezone, "UTC");
  EXPECT_EQ(catalog.role, "postgres");
  EXPECT_TRUE(catalog.new_tablespace.empty());
  EXPECT_EQ(catalog.default_access_method, "heap");
  EXPECT_FALSE(catalog.is_replica);
}

TEST(SessionReset, EachWayToSetASettingIsForOneFile) {
  for (const std::string set :
       {"SET search_path TO app, public;", "SELECT pg_catalog.set_config('search_path', 'app', false);",
        "BEGIN; SET LOCAL search_path = app; COMMIT; SET search_path = app;",
        "DO $$ BEGIN PERFORM set_config('search_path', 'app', false); END $$;"}) {
    Catalog catalog;
    EXPECT_EQ(target_of(set + "CREATE TABLE t (a int)", catalog), "app.t") << set;
    EXPECT_EQ(target_of("CREATE TABLE u (a int)", catalog), "public.u") << set;
    EXPECT_EQ(target_of("SET search_path = app; RESET search_path; CREATE TABLE v (a int)", catalog),
              "public.v")
        << set;
  }
}

TEST(SessionReset, StatementsOfOneFileRunWithWhatItHasSet) {
  Catalog catalog;
  EXPECT_EQ(target_of("-- pgsluice: transaction=off\nSET search_path = app;\nCREATE TABLE t (a int);\n"
                      "CREATE TABLE u (a int);\n",
                      catalog),
            "app.u");
}

/// Behind the last changeset of a changelog the session is put back, too; between two it is not: they are one file.
TEST(SessionReset, AChangelogIsOneFile) {
  Migration migration{.id = "log.sql", .tool = "liquibase", .path = "log.sql", .source = {.path = "log.sql"}};
  migration.source.text =
      "--liquibase formatted sql\n--changeset a:1\nSET search_path = app;\nCREATE TABLE t (a int);\n"
      "--changeset a:2\nCREATE TABLE u (a int);\n--changeset a:3\nALTER TABLE u ADD b int;\n";
  const FixInput input{.migration = migration, .folder = {}, .prediction = {}, .checking = {}};
  Catalog catalog;
  fix_migration(input, catalog, test::built_in_effects(), test::built_in_rules());
  EXPECT_NE(catalog.find({.schemaname = "app", .relname = "u"}), nullptr);
  EXPECT_EQ(catalog.find({.schemaname = "public", .relname = "u"}), nullptr);
  EXPECT_EQ(catalog.search_path, Names{"public"});
}

}  // namespace
}  // namespace pgsluice
