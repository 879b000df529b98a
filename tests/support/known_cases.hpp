// SPDX-License-Identifier: Apache-2.0
#pragma once

// tests/known: statements and short scripts with what real servers were seen to do, on each major version.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "pgsluice/catalog.hpp"
#include "support/verdict.hpp"

namespace pgsluice::test {

/// What one or several versions did. Only what existed before the case counts.
struct Record {
  std::set<int> versions;
  std::string error;                         ///< SQLSTATE; empty: it ran
  std::map<std::string, std::string> locks;  ///< schema.name, unquoted → strongest mode, as in pg_locks
  std::set<std::string> rewrites;
  std::set<std::string> scans;
  std::set<std::string> may_scan;  ///< read by queries: the planner's business
  std::set<std::string> index_builds;
};

struct KnownCase {
  std::string id;
  std::vector<std::string> setup;       ///< files that come before, committed
  std::vector<std::string> session;     ///< settings of the session
  std::vector<std::string> pre;         ///< earlier statements of the same transaction
  std::vector<std::string> statements;  ///< the case itself
  bool transaction = true;
  std::string
      depends_on_rows;  ///< why the stored rows alone decide, so that more may be predicted than was seen
  std::vector<Record> records;
  [[nodiscard]] const Record* record(int version) const;
};

struct KnownResult {
  Verdict verdict = Verdict::exact;
  std::vector<Difference> differences;
};

/// All cases of tests/known, or those whose id contains PGSLUICE_CASE; PGSLUICE_CASES names another file to work on.
const std::vector<KnownCase>& known_cases();
/// tests/known/fixture.sql: the database that every case starts from.
const std::string& fixture_sql();
/// The fixture replayed as a migration.
Catalog replay_fixture(int version);

/// As one file would have them.
std::string joined(const std::vector<std::string>& statements);

/// Predicts the case on top of `catalog` as lint would, and compares with the record of that version.
KnownResult judge(const KnownCase& known, const Record& record, int version, Catalog catalog);

/// Collects results: what is not exact, by case, with the versions on which it is not.
class KnownSummary {
 public:
  explicit KnownSummary(std::string source) : source_(std::move(source)) {}
  void add(const KnownCase& known, int version, const KnownResult& result);
  /// Cases and verdicts per version; with PGSLUICE_KNOWN_DETAILS each gap, too.
  [[nodiscard]] std::string table() const;
  /// One line for each case and verdict: `id verdict versions`, sorted.
  [[nodiscard]] std::vector<std::string> gaps() const;
  /// Each gap with statement, predicted and observed.
  [[nodiscard]] std::string details() const;
  /// Compares with tests/known/gaps.<source>; a gap that is not written there and one that is no more are both
  /// problems. Writes the file instead when PGSLUICE_UPDATE_GAPS is set.
  [[nodiscard]] std::string problems() const;

 private:
  struct Gap {
    std::set<int> versions;
    std::string text;
  };
  std::string source_;
  std::map<int, std::map<Verdict, int>> counts_;
  std::map<std::pair<std::string, Verdict>, Gap> gaps_;
};

}  // namespace pgsluice::test
