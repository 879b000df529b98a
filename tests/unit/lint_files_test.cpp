// SPDX-License-Identifier: Apache-2.0
// Many files on several threads: the report must not show it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cli/lint_files.hpp"
#include "pgsluice/error.hpp"
#include "support/analysis.hpp"

namespace pgsluice {
namespace {

namespace fs = std::filesystem;

/// Files of which each needs what the one before it made.
class LintFiles : public testing::Test {
 protected:
  static constexpr int k_files = 60;

  LintFiles() {
    fs::create_directories(folder_);
    for (int i = 0; i < k_files; ++i) {
      std::ofstream(folder_ / (std::to_string(i) + ".sql"))
          << "CREATE TABLE t" << i << " (id bigint PRIMARY KEY, up bigint REFERENCES t" << i - 1 << ");\n"
          << "ALTER TABLE t" << i - 1 << " ADD COLUMN c int DEFAULT random();\n"
          << "SELEC;\nCREATE INDEX ON t" << i - 1 << " (up) WHERE lower('x') = 'x';\nDROP TABLE t" << i - 3
          << ";\n";
    }
  }
  ~LintFiles() override { fs::remove_all(folder_); }

  std::string report(unsigned jobs) {
    std::ostringstream out;
    totals_ =
        cli::lint_files(list_migrations(folder_), {}, rules_, jobs, *make_lint_json({.pg_version = 17}, out));
    return out.str();
  }

  /// File after file, and each of them whole.
  std::string report_of_whole_files() {
    std::ostringstream out;
    const std::unique_ptr<LintReport> report = make_lint_json({.pg_version = 17}, out);
    Catalog catalog;
    LintTotals totals;
    for (Migration& migration : list_migrations(folder_)) {
      read(migration);
      const FileAnalysis file = analyse(std::move(migration), catalog, rules_.effects, rules_.findings,
                                        rules_.prediction, rules_.checking);
      report->add_whole(file);
      totals.add(file);
    }
    report->finish(totals);
    return out.str();
  }

  fs::path folder_ = fs::path(testing::TempDir()) / ("lint_files_" + std::to_string(getpid()));
  EffectTable effects_ = EffectTable::load({});
  cli::LintRules rules_{.effects = effects_,
                        .findings = test::built_in_rules(),
                        .prediction = {.pg_version = 17},
                        .checking = {.pg_version = 17},
                        .tell_each_timeout = true};  // as it is for one file alone
  LintTotals totals_;
};

TEST_F(LintFiles, SayTheSameForAnyNumberOfJobs) {
  const std::string one = report(1);
  EXPECT_EQ(totals_.files, static_cast<std::size_t>(k_files));
  EXPECT_GE(totals_.unparsed, static_cast<std::size_t>(k_files));
  EXPECT_EQ(report(2), one);
  EXPECT_EQ(report(5), one);
}

/// A long file is never whole in memory.
TEST_F(LintFiles, SayOfALongFileWhatItSaysAsAWhole) {
  {
    std::ofstream file(folder_ / "30.sql");
    file << "CREATE TABLE t30 (id bigint PRIMARY KEY, up bigint REFERENCES t29);\n";
    for (int i = 0; i < 3000; ++i) {
      file << "ALTER TABLE t" << (i % 2 == 0 ? 28 : 30) << " ADD COLUMN long_" << i << " bigint;\n";
    }
    file << "SELEC;\nCREATE INDEX ON t30 (long_2999);\n";
  }
  const std::string whole = report_of_whole_files();
  EXPECT_EQ(report(1), whole);
  EXPECT_EQ(report(2), whole);
}

/// However the file is read, what it has set ends with it.
TEST_F(LintFiles, PutTheSessionBackBehindEach) {
  const std::string long_comment = "-- " + std::string(100'000, 'x') + "\n";
  for (const std::string& before : {std::string(), long_comment}) {
    std::ofstream(folder_ / "30.sql") << before << "SET search_path = app;\nCREATE TABLE t30 (id bigint);\n";
    std::ofstream(folder_ / "31.sql") << "CREATE TABLE later (id bigint);\n";
    for (const bool replayed : {false, true}) {
      rules_.reported = [replayed](const Migration& migration) {
        return !replayed || migration.path.filename() != "30.sql";
      };
      const std::string seen = report(2);
      EXPECT_NE(seen.find("public.later"), std::string::npos) << before.size() << replayed;
      EXPECT_EQ(seen.find("app.later"), std::string::npos) << before.size() << replayed;
    }
  }
}

TEST_F(LintFiles, StopAtAFileThatCannotBeRead) {
  fs::remove(folder_ / "30.sql");
  fs::create_symlink("nowhere", folder_ / "30.sql");
  EXPECT_THROW(report(1), Error);
  EXPECT_THROW(report(4), Error);
}

}  // namespace
}  // namespace pgsluice
