// SPDX-License-Identifier: Apache-2.0
// A database whose queries are counted, for the tests of the gate that asks for them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "execute/harness.hpp"
#include "support/schema.hpp"

namespace pgsluice::test {

inline constexpr std::string_view k_app = "pgsluice_test_app";

inline void make_role(Database& database, std::string_view role) {
  database.admin(
      cat("DO $$ BEGIN CREATE ROLE ", role, " LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$"));
}

class Counting : public ::testing::TestWithParam<Server> {
 protected:
  Counting() {
    make_role(database, k_app);
    database.admin("CREATE EXTENSION pg_stat_statements; SELECT pg_stat_statements_reset()");
    folder.write("0001_orders.sql", "CREATE TABLE orders (id bigint PRIMARY KEY, total int, note text);\n");
    EXPECT_EQ(bring("1.0.0").code, 0);
    database.sql(cat("GRANT ALL ON orders TO ", k_app));
  }

  Finished bring(const std::string& release, std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--release", release});
    return apply(folder, database, more);
  }
  /// As of a release that is still to come.
  OrderedJson status(const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"status", folder.path().string(), "--format",    "json", "--release",
                                       "9.0.0",  "--database-url",       database.url()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished finished = run(arguments);
    EXPECT_EQ(finished.code, 0) << finished.err;
    EXPECT_THAT(validate("schema/status.schema.json", Json::parse(finished.out)), ::testing::IsEmpty());
    return finished.json();
  }
  /// "queries: words" for everything that holds the file back.
  std::string held(const std::string& id, const std::vector<std::string>& more = {}) {
    const OrderedJson document = status(more);
    std::string reasons;
    for (const OrderedJson& migration : document["migrations"]) {
      if (migration["id"] != id) continue;
      for (const OrderedJson& hold : migration["held"])
        reasons += cat(hold["reason"].get<std::string>(), ": ", hold["message"].get<std::string>(), "\n");
    }
    return reasons;
  }
  const std::vector<std::string> no_dependants = {"--evidence", "dependants=optional"};
  /// Why a contract step of this statement is held.
  std::string held_by(const std::string& statement, const std::vector<std::string>& more = {}) {
    folder.write("0002_drop.sql", cat("-- pgsluice: phase=contract\n", statement, ";\n"));
    return held("0002_drop.sql", more);
  }
  void app(const std::string& sql) {
    const auto session = database.connect("app", k_app);
    const SqlResult result = session->query(sql, {});
    EXPECT_TRUE(result.ok) << result.error.message;
  }
  bool has_total() {
    return database.sql(
               "SELECT count(*) FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = "
               "'total'") == "1";
  }
  std::string recorded(const std::string& what) {
    return database.sql(cat("SELECT ", what, " FROM pgsluice.gate WHERE provider = 'queries'"));
  }

  Database database{GetParam(), "queries"};
  Folder folder;
};

}  // namespace pgsluice::test
