// SPDX-License-Identifier: Apache-2.0
// Text that somebody wrote to keep a gate busy: the effort must grow with the size and nothing else. Measured against
// plain statements of the same size, never against a clock: machines differ.
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "support/analysis.hpp"

namespace pgsluice {
namespace {

constexpr std::size_t k_bytes = 300'000;
constexpr double k_most_times = 25;  // what is quadratic is hundreds of times slower

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// `before`, then `piece` until there is enough (with # as a number that counts up), then `after`.
struct Hostile {
  std::string_view name;
  std::string_view before;
  std::string_view piece;
  std::string_view after = "";

  [[nodiscard]] std::string text() const {
    std::string text(before);
    for (int i = 0; text.size() < k_bytes; ++i) {
      for (const char c : piece) {
        if (c == '#') {
          text += std::to_string(i);
        } else {
          text += c;
        }
      }
    }
    return text += after;
  }
};

std::ostream& operator<<(std::ostream& out, const Hostile& hostile) {
  return out << hostile.name;
}

double seconds_for(const Hostile& hostile) {
  const std::string text = hostile.text();
  const double start = cpu_seconds();
  test::analyse_sql(text);
  return cpu_seconds() - start;
}

class HostileText : public testing::TestWithParam<Hostile> {};

TEST_P(HostileText, CostsWhatItsSizeCosts) {
  static const double k_plain = [] {
    test::analyse_sql("SELECT 1;");  // the rules are loaded by whoever comes first
    return seconds_for({.name = "Plain", .before = "", .piece = "ALTER TABLE t# ADD COLUMN c int;\n"});
  }();
  EXPECT_LT(seconds_for(GetParam()), k_most_times * k_plain);
}

constexpr Hostile k_hostile[] = {
    {"NestedComments", "", "/*"},
    {"OneOperator", "SELECT 1 ", "+"},
    {"Operators", "SELECT ", "+ "},
    {"Sum", "SELECT 1", "+1"},
    {"Disjunction", "CREATE TABLE t (a int CHECK (a = 1", " OR a = #", "))"},
    {"Conjunction", "CREATE TABLE t (a int CHECK (a > 1", " AND a > #", "))"},
    {"Parentheses", "SELECT ", "("},
    {"Quotes", "", "'"},
    {"Dollars", "", "$"},
    {"DollarTags", "", "$a#$ "},
    {"Semicolons", "", ";"},
    {"Comments", "", "--\n"},
    {"Directives", "", "-- pgsluice: x\n"},
    {"Allows", "", "-- pgsluice: allow destroys-data because \"x\"\nDROP TABLE t#;\n"},
    {"MetaCommands", "", "\\x\n"},
    {"SyntaxErrors", "", "SELEC 1;\n"},
    {"OneLine", "", "SET a = 1;"},
    {"OneLineOfAccents", "", "SELECT 'é';"},
    {"Columns", "CREATE TABLE t (c int", ", c# int", ")"},
    {"SerialColumns", "CREATE TABLE t (c int", ", c# serial", ")"},
    {"CheckedColumns", "CREATE TABLE t (c int", ", c# int CHECK (c# > 0)", ")"},
    {"AddedColumns", "CREATE TABLE t (id int); ALTER TABLE t ADD c int", ", ADD c# int"},
    {"AddedAgain", "CREATE TABLE t (id int); ALTER TABLE t ADD c int",
     ", ADD COLUMN IF NOT EXISTS c# int CHECK (c# > 0)"},
    {"ColumnByColumn", "CREATE TABLE t (id int);", "ALTER TABLE t ADD c# int;"},
    {"RenamedColumns", "CREATE TABLE t (c int);",
     "ALTER TABLE t RENAME c TO d; ALTER TABLE t RENAME d TO c;"},
    {"IndexKeys", "CREATE TABLE t (a int); CREATE INDEX ON t (a", ", a", ")"},
    {"Indexes", "CREATE TABLE t (a int);", "CREATE INDEX ON t (a);"},
    {"Partitions", "CREATE TABLE t (a int) PARTITION BY LIST (a);",
     "CREATE TABLE p# PARTITION OF t FOR VALUES IN (#);"},
    {"PartitionsBesideADefault",
     "CREATE TABLE t (a int PRIMARY KEY) PARTITION BY LIST (a); CREATE TABLE d PARTITION OF t DEFAULT;",
     "CREATE TABLE p# PARTITION OF t FOR VALUES IN (#);"},
    {"Children", "CREATE TABLE t (a int);", "CREATE TABLE c# () INHERITS (t);"},
    {"ForeignKeys", "CREATE TABLE t (a int PRIMARY KEY);", "CREATE TABLE c# (a int REFERENCES t);",
     "DROP TABLE t;"},
    {"Views", "CREATE TABLE t (a int);", "CREATE VIEW v# AS SELECT a FROM t;", "DROP TABLE t;"},
    {"DroppedTables", "DROP TABLE t", ", t#"},
    {"LockedTables", "LOCK TABLE t", ", t#"},
    {"ReadTables", "SELECT 1 FROM t", ", t#"},
    {"RowLocks", "SELECT 1 FROM a, b, c", " FOR UPDATE OF a"},
    {"Transactions", "", "BEGIN; CREATE TABLE t# (); COMMIT;", "ROLLBACK;"},
    {"Savepoints", "BEGIN;", "SAVEPOINT s#; CREATE TABLE t# ();", "ROLLBACK;"},
    {"SavepointsGoneBackTo", "BEGIN;", "SAVEPOINT s; ROLLBACK TO s;"},
    {"ManyTablesAtASavepoint", "BEGIN;", "CREATE TABLE t# (); SAVEPOINT s; DROP TABLE t#; ROLLBACK TO s;"},
    {"HeldLocks", "BEGIN;", "LOCK TABLE t#; UPDATE u# SET a = 1;"},
    {"Checks", "CREATE TABLE t (a int", ", CHECK (a > #)", ")"},
    {"CheckByCheck", "CREATE TABLE t (a int);", "ALTER TABLE t ADD CHECK (a > #);"},
    {"NamedChecks", "CREATE TABLE t (a int);", "ALTER TABLE t ADD CONSTRAINT c# CHECK (a > #);"},
    {"NotNulls", "CREATE TABLE t (a int);", "ALTER TABLE t ADD NOT NULL a;"},
    {"ForeignKeysOfOneTable", "CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int);",
     "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p;"},
    {"SearchPath", "SET search_path = a", ", s#", "; ALTER TABLE t ADD c int;"},
};

INSTANTIATE_TEST_SUITE_P(All, HostileText, testing::ValuesIn(k_hostile),
                         [](const testing::TestParamInfo<Hostile>& info) {
                           return std::string(info.param.name);
                         });

}  // namespace

TEST(HostileTables, MayBeTheirOwnParents) {
  for (const char* made :
       {"CREATE TABLE t PARTITION OF t DEFAULT;",
        "CREATE TABLE t (a int) PARTITION BY RANGE (a); CREATE TABLE u PARTITION OF t DEFAULT PARTITION BY "
        "RANGE (a); ALTER TABLE u ATTACH PARTITION t DEFAULT;",
        "CREATE TABLE u PARTITION OF t DEFAULT PARTITION BY RANGE (a);"
        "CREATE TABLE t PARTITION OF u DEFAULT PARTITION BY RANGE (a);",
        "CREATE TABLE t (a int); CREATE TABLE u () INHERITS (t); ALTER TABLE t INHERIT u;"
        "ALTER TABLE t INHERIT t;"}) {
    for (const char* used : {"INSERT INTO t VALUES (1)", "UPDATE t SET a = 1", "ALTER TABLE t ADD b int",
                             "CREATE INDEX ON t (a)", "TRUNCATE t", "DROP TABLE t CASCADE"}) {
      const FileAnalysis file = test::analyse_sql(std::string(made) + used + ";");
      EXPECT_FALSE(file.effects.empty()) << made << used;
    }
  }
}

// PostgreSQL refuses to read such a view, but lets it be made.
TEST(HostileViews, MayReadThemselves) {
  for (const char* made :
       {"CREATE VIEW v AS SELECT a FROM v;",
        "CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t;"
        "CREATE VIEW w AS SELECT a FROM v; CREATE OR REPLACE VIEW v AS SELECT a FROM w;"}) {
    for (const char* used :
         {"INSERT INTO v VALUES (1)", "UPDATE v SET a = 1", "DELETE FROM v WHERE a = 1",
          "SELECT a FROM v WHERE a = 1", "SELECT a FROM v FOR UPDATE", "LOCK v",
          "CREATE MATERIALIZED VIEW m AS SELECT * FROM v", "EXPLAIN UPDATE v SET a = 1",
          "CREATE RULE r AS ON UPDATE TO v DO INSTEAD UPDATE v SET a = 1; UPDATE v SET a = 2",
          "DROP VIEW v CASCADE"}) {
      const FileAnalysis file = test::analyse_sql(std::string(made) + used + ";");
      EXPECT_FALSE(file.effects.empty()) << made << used;
    }
  }
}

TEST(HostileViews, MayStandOnOneAnother) {
  constexpr int many = 10'000;  // deep enough for any stack
  std::string text = "CREATE TABLE v0 (a int);";
  for (int i = 1; i <= many; ++i) {
    text += "CREATE VIEW v" + std::to_string(i) + " AS SELECT a FROM v" + std::to_string(i - 1) + ";";
  }
  const std::string top = "v" + std::to_string(many);
  text += "SELECT a FROM " + top + "; UPDATE " + top + " SET a = 1; LOCK " + top + "; DROP TABLE v0 CASCADE;";
  const FileAnalysis file = test::analyse_sql(text);
  for (std::size_t i = file.effects.size() - 4; i < file.effects.size(); ++i) {
    EXPECT_EQ(file.effects[i].locks.size(), many + 1U) << i;
  }
}

}  // namespace pgsluice
