// SPDX-License-Identifier: Apache-2.0
// What a transaction holds already, and the server does not show anew, in all that preview says.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/files.hpp"
#include "execute/previewed.hpp"

namespace pgsluice::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class PreviewOfHeldLocks : public Previewed {
 protected:
  /// relation, mode, and the line since when it is held
  static std::string locks_of(const OrderedJson& statement) {
    std::string words;
    for (const OrderedJson& lock : statement["observed"]["locks"]) {
      if (lock["new"] == true) continue;
      words += lock["relation"].get<std::string>() + " " + lock["mode"].get<std::string>();
      if (lock["held"] == true) words += " since " + lock["held_since_line"].dump();
      words += "; ";
    }
    return words;
  }
  static std::string still_held(const OrderedJson& statement) {
    return statement["observed"]["still_held"].dump();
  }
};

INSTANTIATE_TEST_SUITE_P(Servers, PreviewOfHeldLocks,
                         ::testing::ValuesIn(servers({12, 13, 14, 15, 16, 17, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PreviewOfHeldLocks);

TEST_P(PreviewOfHeldLocks, AStatementNeedsWhatItsTransactionHolds) {
  folder.write("1_t.sql",
               "CREATE TABLE t (id int PRIMARY KEY, a int);\nCREATE TABLE u (id int);\n"
               "INSERT INTO t SELECT g, g FROM generate_series(1, 20000) g;\n");
  folder.write("2_work.sql",
               "ALTER TABLE t ADD COLUMN note text;\nALTER TABLE t ALTER COLUMN a TYPE bigint;\n"
               "ALTER TABLE t ALTER COLUMN a SET NOT NULL;\nSELECT 1 AS nothing;\n"
               "CREATE INDEX i ON u (id);\nCREATE INDEX j ON t (a);\nCREATE INDEX k ON t (a);\n");
  folder.write("3_later.sql", "ALTER TABLE t ADD COLUMN later int;\n");
  const std::string page = (folder.path() / "page.html").string();
  const OrderedJson seen = document({folder.path().string(), "--html", page}, 0);
  EXPECT_EQ(locks_of(statement(seen, "ADD COLUMN note")), "public.t AccessExclusiveLock; ");
  EXPECT_EQ(locks_of(statement(seen, "TYPE bigint")),
            "public.t AccessExclusiveLock since 1; public.t_pkey AccessExclusiveLock; ");
  EXPECT_EQ(locks_of(statement(seen, "SET NOT NULL")), "public.t AccessExclusiveLock since 1; ");
  EXPECT_EQ(still_held(statement(seen, "SET NOT NULL")), "[]");
  EXPECT_EQ(locks_of(statement(seen, "nothing")), "");
  const std::string all_of_t = R"([{"mode":"AccessExclusiveLock","count":1,"relations":["public.t"]}])";
  EXPECT_EQ(still_held(statement(seen, "nothing")), all_of_t);
  EXPECT_EQ(locks_of(statement(seen, "INDEX i")), "public.u ShareLock; ");
  EXPECT_EQ(still_held(statement(seen, "INDEX i")), all_of_t);
  EXPECT_EQ(still_held(statement(seen, "INDEX k")),
            R"([{"mode":"AccessExclusiveLock","count":1,"relations":["public.t"]},)"
            R"({"mode":"ShareLock","count":1,"relations":["public.u"]}])");
  EXPECT_EQ(locks_of(statement(seen, "later")), "public.t AccessExclusiveLock; ") << "another transaction";

  // The work of the second statement, under the lock of the first.
  EXPECT_THAT(read_file(page),
              AllOf(HasSubstr("<span class=\"work\""), HasSubstr(" of it at work: ALTER TABLE t ADD"),
                    HasSubstr("still held: <span class=\"error\">ACCESS EXCLUSIVE</span> on ")));
  const std::string text = preview({folder.path().string()}).out;
  EXPECT_THAT(text, AllOf(HasSubstr("ACCESS EXCLUSIVE on public.t, held since line 1"), HasSubstr("▓"),
                          HasSubstr("SELECT 1 AS nothing\n                  still held: ACCESS EXCLUSIVE on "
                                    "public.t\n")));
}

TEST_P(PreviewOfHeldLocks, ARenamedTableAndATypeAreNotMissed) {
  folder.write("1_t.sql", "CREATE TABLE t (id int);\nCREATE TYPE pair AS (a int);\n");
  folder.write("2_work.sql",
               "ALTER TABLE t RENAME TO u;\nALTER TABLE u ADD COLUMN b int;\n"
               "ALTER TYPE pair ADD ATTRIBUTE c int;\n");
  const OrderedJson seen = document({folder.path().string()}, 0);
  EXPECT_EQ(locks_of(statement(seen, "ADD COLUMN b")), "public.u AccessExclusiveLock since 1; ");
  for (const char* sql : {"ADD COLUMN b", "ADD ATTRIBUTE"})
    EXPECT_EQ(statement(seen, sql)["unseen"], OrderedJson::array()) << sql;
  EXPECT_THAT(preview({folder.path().string()}).out, HasSubstr("all as predicted\n"));
}

TEST_P(PreviewOfHeldLocks, WhatASavepointGivesBackIsNotHeld) {
  folder.write("1_t.sql", "CREATE TABLE t (id int);\n");
  folder.write("2_work.sql",
               "SAVEPOINT s;\nALTER TABLE t ADD COLUMN first int;\nROLLBACK TO s;\nSELECT 1 AS nothing;\n"
               "ALTER TABLE t ADD COLUMN second int;\nALTER TABLE t ADD COLUMN third int;\n");
  const OrderedJson seen = document({folder.path().string()}, 0);
  EXPECT_EQ(still_held(statement(seen, "nothing")), "[]");
  EXPECT_EQ(locks_of(statement(seen, "second")), "public.t AccessExclusiveLock; ");
  EXPECT_EQ(locks_of(statement(seen, "third")), "public.t AccessExclusiveLock since 5; ");
}

/// pg_dump --quote-all-identifiers
TEST_P(PreviewOfHeldLocks, AFileMayHaveAllNamesQuoted) {
  folder.write("1_t.sql", "CREATE TABLE t (id int);\n");
  folder.write("2_work.sql", "SET quote_all_identifiers = on;\nCREATE INDEX i ON t (id);\n");
  EXPECT_EQ(locks_of(statement(document({folder.path().string()}, 0), "INDEX i")), "public.t ShareLock; ");
}

/// Lists of what we know of must not be read by the file's settings.
TEST_P(PreviewOfHeldLocks, AFileMayReadNullAsAWord) {
  folder.write("1_t.sql", "CREATE TABLE t (id int);\nCREATE TABLE gone (id int);\n");
  folder.write(
      "2_work.sql",
      "SET array_nulls = off;\nDROP TABLE gone;\nALTER TABLE t ADD COLUMN a int;\nSELECT 1 AS nothing;\n");
  EXPECT_EQ(locks_of(statement(document({folder.path().string()}, 0), "nothing")), "");
}

/// As of many more tables.
TEST_P(PreviewOfHeldLocks, OfManyTablesAFewAreNamed) {
  std::string make;
  std::string work;
  for (int i = 10; i < 30; ++i) {
    make += "CREATE TABLE t" + std::to_string(i) + " (id int);\n";
    work += "ALTER TABLE t" + std::to_string(i) + " ADD COLUMN a int;\n";
  }
  folder.write("1_t.sql", make);
  folder.write("2_work.sql", work + "SELECT 1 AS nothing;\n");
  const OrderedJson seen = document({folder.path().string()}, 0);
  const OrderedJson held = statement(seen, "nothing")["observed"]["still_held"].at(0);
  EXPECT_EQ(held["count"], 20);
  EXPECT_EQ(held["relations"].size(), 6U);
  EXPECT_THAT(preview({folder.path().string()}).out, HasSubstr(" and 14 more"));
}

}  // namespace
}  // namespace pgsluice::test
