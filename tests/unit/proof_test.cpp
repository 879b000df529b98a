// SPDX-License-Identifier: Apache-2.0
// Which tables are read when a partition comes: as servers 12 to 18 did.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "pgsluice/effects.hpp"

namespace pgsluice {
namespace {

std::vector<std::string> scans(const std::string& before, const std::string& sql, int version = 17) {
  static const EffectTable k_table = EffectTable::load({});
  Catalog catalog;
  const PredictOptions options{.pg_version = version, .transaction = FileTransaction::none};
  const Script script = parse({.path = "before.sql", .text = before});
  EXPECT_TRUE(script.errors.empty()) << before;
  predict(script, catalog, k_table, options);
  std::vector<std::string> result;
  const std::vector<Effect> effects =
      predict(parse({.path = "test.sql", .text = sql}), catalog, k_table, options);
  for (const RelationName& name : effects.at(0).scans) result.push_back(name.relname.str());
  std::ranges::sort(result);
  return result;
}

using Tables = std::vector<std::string>;

struct Bound {
  std::string type;
  std::string key;
  std::string bound;
  std::string check;
  bool proven;
};

const std::vector<Bound> k_bounds = {
    {"int NOT NULL", "RANGE (a)", "FROM (1) TO (10)", "a BETWEEN 1 AND 9", true},
    {"int NOT NULL", "RANGE (a)", "FROM (1) TO (10)", "a BETWEEN 1 AND 10", false},
    {"int NOT NULL", "RANGE (a)", "FROM (1) TO (10)", "NOT (a < 1 OR a >= 10)", true},
    {"int NOT NULL", "RANGE (a)", "FROM (1) TO (10)", "a >= 1.0 AND a < 10.0", false},
    {"int NOT NULL", "RANGE (a)", "FROM (1) TO (10)", "a IN (1, 5, 9)", true},
    {"int", "RANGE (a)", "FROM (1) TO (10)", "a >= 1 AND a < 10", false},
    {"int", "RANGE (a)", "FROM (1) TO (10)", "a IS NOT NULL AND a >= 1 AND a < 10", true},
    {"int NOT NULL", "RANGE (a)", "FROM (MINVALUE) TO (10)", "a < 10", true},
    {"int NOT NULL", "RANGE (a)", "FROM (10) TO (MAXVALUE)", "a >= 10", true},
    {"int NOT NULL", "RANGE (a)", "FROM (10) TO (MAXVALUE)", "a > 9", false},
    {"timestamp NOT NULL", "RANGE (a)", "FROM ('2024-01-01') TO ('2024-02-01')",
     "a >= DATE '2024-01-01' AND a < DATE '2024-02-01'", true},
    {"text NOT NULL", "RANGE (a)", "FROM ('a') TO ('b')", "a >= 'a' AND a < 'b'", true},
    {"uuid NOT NULL", "RANGE (a)",
     "FROM ('00000000-0000-0000-0000-000000000000') TO ('80000000-0000-0000-0000-000000000000')",
     "a >= '00000000-0000-0000-0000-000000000000' AND a < '80000000-0000-0000-0000-000000000000'", true},
    {"text NOT NULL", "LIST (a)", "IN ('a', 'b', 'c')", "a IN ('a', 'b')", true},
    {"text NOT NULL", "LIST (a)", "IN ('a', 'b', 'c')", "a = 'a' OR a = 'b'", true},
    {"text NOT NULL", "LIST (a)", "IN ('a', 'b', 'c')", "a = 'd' OR a = 'b'", false},
    {"int", "LIST (a)", "IN (NULL, 1)", "a = 1", true},
    {"int", "LIST (a)", "IN (NULL, 1)", "a IS NULL", true},
    {"int", "LIST (a)", "IN (NULL)", "a IS NULL", true},
    {"bool NOT NULL", "LIST (a)", "IN (true)", "a", true},
    {"bool NOT NULL", "LIST (a)", "IN (true)", "a = true", true},
    {"int", "HASH (a)", "WITH (MODULUS 2, REMAINDER 0)", "a = 1", false},
    {"int NOT NULL", "RANGE (a, b)", "FROM (1, 1) TO (1, 10)", "a = 1 AND b >= 1 AND b < 10", true},
    {"int NOT NULL", "RANGE (a, b)", "FROM (1, 1) TO (5, 10)", "a > 1 AND a < 5", true},
    {"int NOT NULL", "RANGE (a, b)", "FROM (1, 1) TO (5, 10)", "a >= 1 AND a < 5", false},
    {"int NOT NULL", "RANGE (a, b)", "FROM (1, MINVALUE) TO (5, MINVALUE)", "a >= 1 AND a < 5", true},
};

TEST(Proof, ACheckProvesTheBoundsOfAPartition) {
  for (const Bound& bound : k_bounds) {
    const std::string columns = "(a " + bound.type + ", b int NOT NULL";
    const std::string before = "CREATE TABLE t " + columns + ") PARTITION BY " + bound.key +
                               "; CREATE TABLE p " + columns + ", CHECK (" + bound.check + "))";
    const std::string sql = "ALTER TABLE t ATTACH PARTITION p FOR VALUES " + bound.bound;
    EXPECT_EQ(scans(before, sql), bound.proven ? Tables{} : Tables{"p"}) << bound.check << " " << sql;
  }
}

const std::string k_ranges =
    "CREATE TABLE t (a int NOT NULL) PARTITION BY RANGE (a); "
    "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10); "
    "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (10) TO (20); "
    "CREATE TABLE p (a int NOT NULL, CHECK (";

TEST(Proof, ADefaultPartitionTakesWhatTheOthersDoNot) {
  const std::string attach = "ALTER TABLE t ATTACH PARTITION p DEFAULT";
  EXPECT_EQ(scans(k_ranges + "a < 0))", attach), Tables{});
  EXPECT_EQ(scans(k_ranges + "a < 0 OR a >= 20))", attach), Tables{});
  EXPECT_EQ(scans(k_ranges + "a >= 10))", attach), Tables{"p"});
  const std::string list =
      "CREATE TABLE t (a text NOT NULL) PARTITION BY LIST (a); "
      "CREATE TABLE t1 PARTITION OF t FOR VALUES IN ('x', 'y'); CREATE TABLE p (a text NOT NULL, CHECK (a = ";
  EXPECT_EQ(scans(list + "'z'))", attach), Tables{});
  EXPECT_EQ(scans(list + "'y'))", attach), Tables{"p"});
  EXPECT_EQ(scans("CREATE TABLE t (a int) PARTITION BY RANGE (a); CREATE TABLE p (a int)", attach), Tables{});
}

TEST(Proof, TheBoundsOfTheTablesAboveMustBeProvenToo) {
  const std::string before =
      "CREATE TABLE t (a int NOT NULL, b int NOT NULL) PARTITION BY RANGE (a); "
      "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10) PARTITION BY LIST (b); "
      "CREATE TABLE p (a int NOT NULL, b int NOT NULL, CHECK (b = 1)";
  const std::string attach = "ALTER TABLE t1 ATTACH PARTITION p FOR VALUES IN (1)";
  EXPECT_EQ(scans(before + ")", attach), Tables{"p"});
  EXPECT_EQ(scans(before + ", CHECK (a >= 0 AND a < 10))", attach), Tables{});
}

TEST(Proof, EachTableOfAFamilyIsJudgedByItself) {
  const std::string before =
      "CREATE TABLE t (a int); CREATE TABLE c () INHERITS (t); CREATE TABLE d () INHERITS (c); ";
  const std::string set = "ALTER TABLE t ALTER a SET NOT NULL";
  EXPECT_EQ(scans(before + "ALTER TABLE c ADD CHECK (a IS NOT NULL)", set), Tables{"t"});
  EXPECT_EQ(scans(before + "ALTER TABLE t ADD CHECK (a IS NOT NULL) NO INHERIT", set), (Tables{"c", "d"}));
  EXPECT_EQ(scans(before + "ALTER TABLE ONLY t ALTER a SET NOT NULL", set), (Tables{"c", "d"}));
  const std::string check = "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)";
  EXPECT_EQ(scans(before + "ALTER TABLE c ADD CONSTRAINT k CHECK (a > 0)", check), Tables{"t"});
  const std::string validate = "ALTER TABLE t VALIDATE CONSTRAINT k";
  EXPECT_EQ(scans(before + check + " NOT VALID; ALTER TABLE c VALIDATE CONSTRAINT k", validate), Tables{"t"});
  EXPECT_EQ(scans(before + check + " NO INHERIT NOT VALID", validate), Tables{"t"});
}

}  // namespace
}  // namespace pgsluice
