// SPDX-License-Identifier: Apache-2.0
// Every row of rules/effects against real servers: its example is predicted, run, observed and compared. A new
// row needs nothing here.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <thread>

#include "oracle/compare.hpp"

namespace pgsluice::oracle {
namespace {

constexpr const char* k_database = "oracle";
constexpr std::array k_versions = {12, 13, 14, 15, 16, 17, 18};

void make_database(const Server& server) {
  Session session(server, "postgres");
  session.run(std::string("DROP DATABASE IF EXISTS ") + k_database);
  session.run(std::string("CREATE DATABASE ") + k_database);
  session.run("SET allow_in_place_tablespaces = on");
  session.run(std::string("ALTER DATABASE ") + k_database + " SET allow_in_place_tablespaces = on");
  session.try_run("CREATE TABLESPACE pgsluice_other LOCATION ''");
  session.try_run("CREATE ROLE pgsluice_role");
}

bool applies(const EffectRow& row, int version) {
  return row.pg_min <= version && version <= row.pg_max;
}

/// Only rows whose id contains PGSLUICE_ORACLE_ROW, to work on one.
bool wanted(const EffectRow& row) {
  const char* part = std::getenv("PGSLUICE_ORACLE_ROW");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  return part == nullptr || row.id.find(part) != std::string::npos;
}

/// A second session that watches or gets in the way can miss its moment on a busy machine, so what does not agree
/// is looked at again; a row that is wrong stays wrong.
RowResult check_row(RowCheck& check, const EffectRow& row) {
  constexpr int k_looks = 4;
  RowResult result = check.run(row);
  for (int look = 1; look < k_looks && result.verdict != Verdict::exact; ++look) result = check.run(row);
  return result;
}

std::vector<RowResult> check_rows(const Server& server, const EffectTable& table) {
  std::vector<RowResult> results;
  make_database(server);
  RowCheck check(server, k_database, table);
  for (const EffectRow& row : table.rows()) {
    if (applies(row, server.version) && wanted(row)) results.push_back(check_row(check, row));
  }
  return results;
}

/// One thread per server.
std::vector<RowResult> check_everywhere(const std::vector<Server>& all, const EffectTable& table) {
  std::vector<std::vector<RowResult>> results(all.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < all.size(); ++i) {
    threads.emplace_back([&, i] {
      try {
        results[i] = check_rows(all[i], table);
      } catch (const std::exception& error) {
        results[i].push_back({.row = "(server)",
                              .version = all[i].version,
                              .verdict = Verdict::failed,
                              .problem = error.what()});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<RowResult> flat;
  for (auto& list : results) std::ranges::move(list, std::back_inserter(flat));
  return flat;
}

std::string summary(const std::vector<RowResult>& results) {
  constexpr std::array k_verdicts = {Verdict::exact, Verdict::over, Verdict::under, Verdict::unmodeled,
                                     Verdict::failed};
  std::ostringstream out;
  out << "\n  PostgreSQL      rows";
  for (const Verdict verdict : k_verdicts) out << std::setw(17) << test::to_string(verdict);
  out << "\n";
  for (const int version : k_versions) {
    const auto of_version = [version](const RowResult& r) { return r.version == version; };
    out << "  " << std::setw(10) << version << std::setw(10) << std::ranges::count_if(results, of_version);
    for (const Verdict verdict : k_verdicts) {
      out << std::setw(17) << std::ranges::count_if(results, [&](const RowResult& r) {
        return r.version == version && r.verdict == verdict;
      });
    }
    out << "\n";
  }
  return out.str();
}

/// Same failure on several versions: one block.
std::string failures(const std::vector<RowResult>& results) {
  std::vector<std::pair<std::string, std::pair<RowResult, std::string>>> blocks;
  for (const RowResult& result : results) {
    if (result.verdict == Verdict::exact) continue;
    RowResult same = result;
    same.version = 0;
    const std::string key = describe(same);
    auto found = std::ranges::find(blocks, key, [](const auto& block) { return block.first; });
    if (found == blocks.end()) {
      blocks.push_back({key, {result, std::to_string(result.version)}});
    } else {
      found->second.second += " " + std::to_string(result.version);
    }
  }
  std::string text;
  for (auto& [key, block] : blocks) {
    std::string described = describe(block.first);
    const std::string version = "PostgreSQL " + std::to_string(block.first.version);
    described.replace(described.find(version), version.size(), "PostgreSQL " + block.second);
    text += described;
  }
  return text;
}

TEST(Oracle, ServersAreThere) {
  std::vector<int> found;
  for (const Server& server : servers()) found.push_back(server.version);
  for (const int version : k_versions) {
    EXPECT_TRUE(std::ranges::find(found, version) != found.end())
        << "no PostgreSQL " << version << " in PGSLUICE_TEST_SERVERS: install it with scripts/setup "
        << version << " and run this with scripts/test, or scripts/with-servers 12 13 14 15 16 17 18 -- "
        << "oracle_tests";
  }
}

TEST(Oracle, EveryRowOnEveryServer) {
  const EffectTable table = EffectTable::load({});
  const std::vector<RowResult> results = check_everywhere(servers(), table);
  std::cout << failures(results) << summary(results) << std::flush;
  const auto exact = [](const RowResult& r) { return r.verdict == Verdict::exact; };
  EXPECT_EQ(std::ranges::count_if(results, exact), static_cast<std::ptrdiff_t>(results.size()));
  EXPECT_FALSE(results.empty());
}

/// What the harness says about CREATE INDEX when the row that it believes in is `row`.
RowResult check_one(const char* row) {
  const std::vector<Server> all = servers();
  if (all.empty()) throw std::runtime_error("no server in PGSLUICE_TEST_SERVERS: run scripts/setup");
  const EffectTable table = EffectTable::parse(std::string(R"({"rows": [)") + row + "]}", "self-test");
  make_database(all.back());
  RowCheck check(all.back(), k_database, table);
  return check.run(table.rows().back());
}

TEST(OracleSelfTest, AWeakerLockIsUnderPredicted) {
  EXPECT_EQ(check_one(R"j({"id": "x", "on": "LockStmt", "locks": {"target": "ShareLock"}, "source": "none",
    "setup": "CREATE TABLE t (a int)", "example": "LOCK TABLE t IN EXCLUSIVE MODE"})j")
                .verdict,
            Verdict::under);
}

TEST(OracleSelfTest, AStrongerLockIsOverPredicted) {
  EXPECT_EQ(
      check_one(
          R"j({"id": "x", "on": "LockStmt", "locks": {"target": "AccessExclusiveLock"}, "source": "none",
    "setup": "CREATE TABLE t (a int)", "example": "LOCK TABLE t IN EXCLUSIVE MODE"})j")
          .verdict,
      Verdict::over);
}

TEST(OracleSelfTest, AForgottenRelationIsUnderPredicted) {
  EXPECT_EQ(
      check_one(R"j({"id": "x", "on": "LockStmt", "locks": {"target": "ExclusiveLock"}, "source": "none",
    "setup": "CREATE TABLE t (a int); CREATE TABLE c () INHERITS (t)", "example": "LOCK TABLE t IN EXCLUSIVE MODE"})j")
          .verdict,
      Verdict::under);
}

TEST(OracleSelfTest, ForgottenWorkIsUnderPredicted) {
  EXPECT_EQ(
      check_one(
          R"j({"id": "x", "on": "AT_SetNotNull", "locks": {"target": "AccessExclusiveLock"}, "source": "none",
    "setup": "CREATE TABLE t (a int)", "example": "ALTER TABLE t ALTER a SET NOT NULL"})j")
          .verdict,
      Verdict::under);
}

TEST(OracleSelfTest, InventedWorkIsOverPredicted) {
  EXPECT_EQ(check_one(R"j({"id": "x", "on": "AT_ColumnDefault", "locks": {"target": "AccessExclusiveLock"},
    "rewrites": ["target"], "source": "none",
    "setup": "CREATE TABLE t (a int)", "example": "ALTER TABLE t ALTER a SET DEFAULT 1"})j")
                .verdict,
            Verdict::over);
}

TEST(OracleSelfTest, AWeakerLockOfAStatementThatRunsAloneIsUnderPredicted) {
  EXPECT_EQ(check_one(R"j({"id": "x", "on": "VacuumStmt", "locks": {"target": "ShareUpdateExclusiveLock"},
    "rewrites": ["target"], "transaction": "forbidden", "source": "none",
    "setup": "CREATE TABLE t (a int)", "example": "VACUUM FULL t"})j")
                .verdict,
            Verdict::under);
}

TEST(OracleSelfTest, AStrongerLockOfAStatementThatRunsAloneIsOverPredicted) {
  EXPECT_EQ(check_one(R"j({"id": "x", "on": "VacuumStmt", "locks": {"target": "AccessExclusiveLock"},
    "transaction": "forbidden", "source": "none",
    "setup": "CREATE TABLE t (a int)", "example": "VACUUM t"})j")
                .verdict,
            Verdict::over);
}

TEST(OracleSelfTest, ARowThatBreaksMoreThanItSaysIsWrong) {
  const RowResult result =
      check_one(R"j({"id": "x", "on": "AT_DropColumn", "locks": {"target": "AccessExclusiveLock"},
    "breaks": "writers", "source": "none", "setup": "CREATE TABLE t (a int, b int)", "example": "ALTER TABLE t DROP COLUMN b"})j");
  EXPECT_EQ(result.verdict, Verdict::failed);
  EXPECT_NE(result.problem.find("breaks writers it says, and readers it is"), std::string::npos)
      << result.problem;
  EXPECT_NE(result.problem.find("SELECT a, b FROM public.t"), std::string::npos) << result.problem;
}

TEST(OracleSelfTest, ARowThatBreaksLessThanItSaysIsWrong) {
  const RowResult result =
      check_one(R"j({"id": "x", "on": "AT_ColumnDefault", "locks": {"target": "AccessExclusiveLock"},
    "breaks": "writers", "source": "none", "setup": "CREATE TABLE t (a int)", "example": "ALTER TABLE t ALTER a SET DEFAULT 1"})j");
  EXPECT_EQ(result.verdict, Verdict::failed);
  EXPECT_NE(result.problem.find("breaks writers it says, and nobody it is"), std::string::npos)
      << result.problem;
}

}  // namespace
}  // namespace pgsluice::oracle
