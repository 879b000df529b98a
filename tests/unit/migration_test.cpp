// SPDX-License-Identifier: Apache-2.0
#include "pgsluice/migration.hpp"
#include "base/text.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "pgsluice/error.hpp"

namespace pgsluice {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

/// A folder that is gone when the test ends.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "pgsluice-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  void write(const fs::path& name, const std::string& text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::vector<std::string> ids(const std::vector<Migration>& migrations) {
  std::vector<std::string> ids;
  for (const Migration& migration : migrations) ids.push_back(migration.id);
  return ids;
}

TEST(Discover, OrdersByNumberFolderByFolder) {
  const Folder folder;
  for (const char* name : {"10_x.sql", "9_x.sql", "0011_x.sql", "2/b.sql", "2-b/a.sql", "1/z.sql"}) {
    folder.write(name, "SELECT 1;");
  }
  EXPECT_EQ(ids(discover(folder.path())), (std::vector<std::string>{"1/z.sql", "2/b.sql", "2-b/a.sql",
                                                                    "9_x.sql", "10_x.sql", "0011_x.sql"}));
}

TEST(Discover, LeavesOutWhatIsNoMigration) {
  const Folder folder;
  for (const char* name : {"1.sql", "1.down.sql", "README.md", ".hidden.sql", ".git/2.sql"})
    folder.write(name, "");
  EXPECT_EQ(ids(discover(folder.path())), (std::vector<std::string>{"1.sql"}));
}

TEST(Discover, TakesFilesBehindLinksAsAConfigMapHasThem) {
  const Folder folder;
  folder.write("..data/1.sql", "SELECT 1;");
  fs::create_symlink("..data/1.sql", folder.path() / "1.sql");
  EXPECT_EQ(ids(discover(folder.path())), (std::vector<std::string>{"1.sql"}));
}

TEST(Discover, ReadsTextAndChecksum) {
  const Folder folder;
  folder.write("1.sql",
               "\xEF\xBB\xBF"
               "abc");
  const Migration migration = discover(folder.path()).front();
  EXPECT_EQ(migration.source.text, "abc") << "without the byte order mark";
  EXPECT_EQ(migration.source.path, (folder.path() / "1.sql").string());
  EXPECT_EQ(migration.tool, "plain");
  EXPECT_EQ(migration.sha256, "1c28dc3f1f804a1ad9c9b4b4cf5e2658d16ad4ed08e3020d04a8d2865018947c")
      << "of the bytes as they are";
}

TEST(Discover, RefusesAnEmptyAndAMissingFolderAndAFile) {
  const Folder folder;
  EXPECT_THROW(discover(folder.path()), Error);
  EXPECT_THROW(discover(folder.path() / "missing"), Error);
  folder.write("1.sql", "");
  EXPECT_THROW(discover(folder.path() / "1.sql"), Error);
}

TEST(PhaseOf, FollowsDirectiveThenNameThenFolder) {
  const auto phase = [](const char* path) { return to_string(phase_of(path, {})); };
  EXPECT_EQ(phase("0007_x.sql"), "expand");
  EXPECT_EQ(phase("0007_x.contract.sql"), "contract");
  EXPECT_EQ(phase("0007_x_backfill.sql"), "backfill");
  EXPECT_EQ(phase("contract/0007_x.sql"), "contract");
  EXPECT_EQ(phase("contract/expand/0007.sql"), "expand") << "the nearest folder";
  EXPECT_EQ(phase("0007_contract_notes.sql"), "expand") << "only as a suffix";
  Directives directives;
  directives.phase = Phase::backfill;
  EXPECT_EQ(to_string(phase_of("contract/0007.sql", directives)), "backfill");
}

TEST(Duration, ReadsTheFourUnits) {
  EXPECT_EQ(parse_duration("200ms"), milliseconds(200));
  EXPECT_EQ(parse_duration("5s"), milliseconds(5000));
  EXPECT_EQ(parse_duration("10m"), milliseconds(600000));
  EXPECT_EQ(parse_duration("24h"), milliseconds(86400000));
  for (const char* text :
       {"", "5", "s", "-5s", "5 s", "5sec", "1.5s", "99999999999999999999s", "9223372036854775807h"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Duration, IsWrittenAsShortAsItIsExact) {
  for (const char* text : {"0s", "200ms", "90s", "2m", "36h"}) {
    EXPECT_EQ(format_duration(*parse_duration(text)), text);
  }
}

// ---- directives ----------------------------------------------------------------------------------------------------

struct Read {
  Script script;
  Directives directives;
};

Read read(const std::string& sql) {
  Read read;
  read.script = parse({.path = "x.sql", .text = sql});
  read.directives = read_directives(read.script);
  return read;
}

/// "word: message" of each problem: the word is what the range covers.
std::vector<std::string> problems(const std::string& sql) {
  const Read r = read(sql);
  std::vector<std::string> out;
  for (const DirectiveProblem& problem : r.directives.problems) {
    out.push_back(std::string(r.script.text(problem.range)) + ": " + problem.message);
  }
  return out;
}

TEST(ReadDirectives, AFileMayNeedSeveralApplications) {
  const auto needs = [](const std::string& value) {
    return read(cat("-- pgsluice: needs-app=", value, "\nSELECT 1;\n")).directives;
  };
  EXPECT_EQ(needs("api>=2.0.0, worker>1,web=3, soak=24h").needs_app, "api>=2.0.0,worker>1,web=3");
  EXPECT_EQ(needs("api>=2.0.0, soak=24h").soak, milliseconds(86400000));
  EXPECT_EQ(needs("api>=2.0.0,worker").problems.size(), 1U);
}

TEST(ReadDirectives, ReadsTheWholeFilesDirectives) {
  const Directives d = read(
                           "-- pgsluice: phase=contract transaction=off\n"
                           "-- pgsluice: needs-app=checkout>=2.4.0  soak=24h\n"
                           "-- pgsluice: lock-timeout=100ms lock-budget=10m statement-timeout=5s\n"
                           "SELECT 1;\n")
                           .directives;
  EXPECT_TRUE(d.problems.empty());
  EXPECT_EQ(d.phase, Phase::contract);
  EXPECT_EQ(d.transaction, FileTransaction::none);
  EXPECT_EQ(d.needs_app, "checkout>=2.4.0");
  EXPECT_EQ(d.soak, milliseconds(86400000));
  EXPECT_EQ(d.limits.lock_timeout, milliseconds(100));
  EXPECT_EQ(d.limits.lock_budget, milliseconds(600000));
  EXPECT_EQ(d.limits.statement_timeout, milliseconds(5000));
}

TEST(ReadDirectives, GivesLimitsToTheNextStatement) {
  const Directives d =
      read("SELECT 1;\n-- pgsluice: lock-timeout=50ms\n-- pgsluice: statement-timeout=1s\nSELECT 2;\n")
          .directives;
  ASSERT_EQ(d.statement_limits.size(), 1u);
  EXPECT_EQ(d.statement_limits[0].statement, 1u);
  EXPECT_EQ(d.statement_limits[0].limits.lock_timeout, milliseconds(50));
  EXPECT_EQ(d.statement_limits[0].limits.statement_timeout, milliseconds(1000));
  EXPECT_EQ(d.limits.lock_timeout, std::nullopt);
}

TEST(ReadDirectives, ReadsABatch) {
  const Directives d =
      read("-- pgsluice: batch key=id size=1000 max-lag=5s\nUPDATE t SET a = 1;\n").directives;
  ASSERT_EQ(d.batches.size(), 1u);
  EXPECT_EQ(d.batches[0].key, (std::vector<std::string>{"id"}));
  EXPECT_EQ(d.batches[0].size, 1000);
  EXPECT_EQ(d.batches[0].max_lag, milliseconds(5000));
  EXPECT_EQ(d.batches[0].statement, 0u);
}

TEST(ReadDirectives, ABatchMayHaveAKeyOfSeveralColumnsOrLeaveItToThePrimaryKey) {
  const auto batch = [](const std::string& words) {
    return read("-- pgsluice: batch " + words + "\nDELETE FROM t;\n").directives.batches.at(0);
  };
  EXPECT_EQ(batch("key=a,b size=5").key, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(batch("size=5 key=a, \"B c\"").key, (std::vector<std::string>{"a", "B c"}));
  EXPECT_EQ(batch("key=a, size=7").size, 7);
  EXPECT_TRUE(batch("size=5").key.empty());
  EXPECT_EQ(batch("key=a").size, 1000);
}

TEST(ReadDirectives, ReadsAllow) {
  const Directives d = read(
                           "-- pgsluice: allow-file destroys-data because \"old\"\n"
                           "-- pgsluice: allow a-b, c-d until=2027-01-31 because \"a \"\"good\"\" reason\"\n"
                           "SELECT 1;\n")
                           .directives;
  ASSERT_EQ(d.allows.size(), 2u);
  EXPECT_EQ(d.allows[0].statement, std::nullopt);
  EXPECT_EQ(d.allows[0].because, "old");
  EXPECT_EQ(d.allows[1].statement, 0u);
  EXPECT_EQ(d.allows[1].findings, (std::vector<std::string>{"a-b", "c-d"}));
  EXPECT_EQ(d.allows[1].until, "2027-01-31");
}

TEST(ReadDirectives, KeepsAnAllowWithoutReasonForItsOwnFinding) {
  const Directives d = read("-- pgsluice: allow a-b\nSELECT 1;\n").directives;
  ASSERT_EQ(d.allows.size(), 1u);
  EXPECT_EQ(d.allows[0].because, "");
}

TEST(ReadDirectives, NamesEveryMistakeAndItsPlace) {
  using Problems = std::vector<std::string>;
  EXPECT_EQ(problems("-- pgsluice:\nSELECT 1;"), (Problems{"-- pgsluice:: the directive is empty"}));
  EXPECT_EQ(problems("-- pgsluice: fase=contract\nSELECT 1;"),
            (Problems{"fase=contract: unknown directive key \"fase\""}));
  EXPECT_EQ(problems("-- pgsluice: phase\nSELECT 1;"), (Problems{"phase: \"phase\" needs a value"}));
  EXPECT_EQ(problems("-- pgsluice: phase=late\nSELECT 1;"),
            (Problems{"phase=late: \"late\" is no value for phase"}));
  EXPECT_EQ(problems("-- pgsluice: phase=expand phase=contract\nSELECT 1;"),
            (Problems{"phase=contract: \"phase\" is set twice"}));
  EXPECT_EQ(problems("SELECT 1;\n-- pgsluice: phase=contract\nSELECT 2;"),
            (Problems{"phase=contract: \"phase\" is about the whole file"}));
  EXPECT_EQ(problems("-- pgsluice: lock-timeout=0s\nSELECT 1;"),
            (Problems{"lock-timeout=0s: \"0s\" is no value for lock-timeout"}));
  EXPECT_EQ(problems("-- pgsluice: needs-app=checkout\nSELECT 1;"),
            (Problems{"needs-app=checkout: \"checkout\" is no value for needs-app"}));
  EXPECT_EQ(problems("-- pgsluice: disable\nSELECT 1;"),
            (Problems{"disable: unknown directive \"disable\""}));
  EXPECT_EQ(problems("-- pgsluice: allow because \"x\"\nSELECT 1;"),
            (Problems{"allow: which finding is allowed is missing"}));
  EXPECT_EQ(problems("-- pgsluice: allow a until=2027-02-30 because \"x\"\nSELECT 1;"),
            (Problems{"until=2027-02-30: \"2027-02-30\" is no date"}));
  EXPECT_EQ(problems("-- pgsluice: allow a because x\nSELECT 1;"),
            (Problems{"x: the reason stands in quotes"}));
  EXPECT_EQ(problems("-- pgsluice: allow a because \"x\" please\nSELECT 1;"),
            (Problems{"please: \"please\" does not belong here"}));
  EXPECT_EQ(problems("-- pgsluice: allow a because \"x\nSELECT 1;"),
            (Problems{"\"x: the quote does not end"}));
  EXPECT_EQ(problems("SELECT 1;\n-- pgsluice: allow a because \"x\"\n"),
            (Problems{"allow: no statement follows this directive"}));
  EXPECT_EQ(problems("SELECT 1; -- pgsluice: allow a because \"x\"\nSELECT 2;"),
            (Problems{"-- pgsluice: allow a because \"x\": a directive behind a statement is ambiguous"}));
  EXPECT_EQ(problems("-- pgsluice: batch key=\nUPDATE t SET a = 1;"),
            (Problems{"key=: \"\" is no value for key"}));
  EXPECT_EQ(problems("-- pgsluice: batch key=a key=b\nUPDATE t SET a = 1;"),
            (Problems{"key=b: \"key\" is set twice"}));
  EXPECT_EQ(problems("-- pgsluice: batch key=id size=0\nUPDATE t SET a = 1;"),
            (Problems{"size=0: \"0\" is no value for size"}));
  EXPECT_EQ(problems("-- pgsluice: batch key=id size=5\nSELECT 1;"),
            (Problems{"batch: a batch stands before an UPDATE, DELETE or INSERT"}));
}

TEST(ReadDirectives, ReadsWhatAFileDependsOn) {
  using Problems = std::vector<std::string>;
  const Directives d =
      read("-- pgsluice: phase=contract depends-on=1_a.sql, \"2 b.sql\" soak=1h\nSELECT 1;\n").directives;
  EXPECT_TRUE(d.problems.empty());
  EXPECT_EQ(d.depends_on, (Problems{"1_a.sql", "2 b.sql"}));
  EXPECT_EQ(
      read("-- pgsluice: depends-on=1_a.sql,sub/2_b.sql phase=contract\nSELECT 1;\n").directives.depends_on,
      (Problems{"1_a.sql", "sub/2_b.sql"}));
  EXPECT_EQ(problems("-- pgsluice: depends-on=\nSELECT 1;"),
            (Problems{"depends-on=: \"\" is no value for depends-on"}));
  EXPECT_EQ(problems("SELECT 1;\n-- pgsluice: depends-on=a.sql\nSELECT 1;"),
            (Problems{"depends-on=a.sql: \"depends-on\" is about the whole file"}));
}

TEST(ReadDirectives, AcceptsADirectiveInsideItsStatement) {
  EXPECT_EQ(problems("CREATE TABLE t (\n  a int, -- pgsluice: allow x because \"y\"\n  b int);"),
            (std::vector<std::string>{}));
}

}  // namespace
}  // namespace pgsluice
