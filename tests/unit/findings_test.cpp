// SPDX-License-Identifier: Apache-2.0
// Every folder of rules/findings proves itself: unsafe.sql fires it and only it, safe.sql is silent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "base/embedded.hpp"
#include "base/text.hpp"
#include "findings/lock_order.hpp"
#include "pgsluice/error.hpp"
#include "support/analysis.hpp"

namespace pgsluice {
namespace {

using test::analyse_sql;
using test::built_in_rules;
using test::headings;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

/// A file of a rule's folder as it is embedded.
std::string rule_file(const std::string& rule, const std::string& name) {
  const std::string path = cat("findings/", rule, "/", name);
  for (const EmbeddedFile& file : embedded_rules()) {
    if (file.path == path) return std::string(file.contents);
  }
  return {};
}

Migration example(const std::string& sql) {
  Migration migration;
  migration.path = "x.sql";
  migration.source = {.path = "x.sql", .text = sql};
  return migration;
}

/// An example of the rule, beside the migration of another folder or the file's applied form that it is about, if it is
/// about one.
FileAnalysis analyse_example(const std::string& rule, const std::string& name) {
  const std::string other = rule_file(rule, "other.sql");
  const std::string applied = rule_file(rule, "applied.sql");
  if (!applied.empty() && applied != rule_file(rule, name)) {
    FileAnalysis file = parse(example(rule_file(rule, name)));
    file.changed_since = "2026-11-20T09:30:00Z";
    check(file, built_in_rules(), {.pg_version = 17});
    return file;
  }
  if (other.empty()) return analyse_sql(rule_file(rule, name));
  return analyse_beside(example(other), example(rule_file(rule, name)), test::built_in_effects(),
                        built_in_rules(), {.pg_version = 17}, {.pg_version = 17, .today = "2026-11-22"});
}

class EveryFinding : public testing::TestWithParam<std::string> {};

TEST_P(EveryFinding, FiresOnItsUnsafeSqlAlone) {
  const std::string sql = rule_file(GetParam(), "unsafe.sql");
  ASSERT_FALSE(sql.empty()) << "rules/findings/" << GetParam() << "/unsafe.sql is missing";
  std::set<std::string> fired;
  const FileAnalysis file = analyse_example(GetParam(), "unsafe.sql");
  for (const Finding& finding : file.findings) {
    if (finding.severity != Severity::info || finding.finding == GetParam()) fired.insert(finding.finding);
  }
  EXPECT_THAT(fired, ElementsAre(GetParam())) << testing::PrintToString(headings(file));
}

TEST_P(EveryFinding, IsSilentOnItsSafeSql) {
  const std::string sql = rule_file(GetParam(), "safe.sql");
  ASSERT_FALSE(sql.empty()) << "rules/findings/" << GetParam() << "/safe.sql is missing";
  for (const Finding& finding : analyse_example(GetParam(), "safe.sql").findings) {
    EXPECT_TRUE(finding.allowed.has_value()) << finding.finding << ": " << finding.message;
  }
}

TEST_P(EveryFinding, ReadsLikeASentence) {
  const FindingRule& rule = *built_in_rules().find(GetParam());
  EXPECT_FALSE(rule.message.ends_with('.')) << "messages have no full stop";
  EXPECT_TRUE(rule.why.ends_with('.')) << "why is sentences";
  for (const Finding& finding : analyse_example(GetParam(), "unsafe.sql").findings) {
    EXPECT_THAT(finding.message, testing::Not(HasSubstr("{"))) << "every placeholder is filled";
    EXPECT_FALSE(finding.message.empty());
    EXPECT_FALSE(finding.why.empty());
    EXPECT_EQ(finding.fingerprint.size(), 16u);
    EXPECT_LT(finding.range.begin, finding.range.end);
  }
}

std::vector<std::string> rule_names() {
  std::vector<std::string> names;
  for (const FindingRule& rule : built_in_rules().rules()) names.push_back(rule.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Rules, EveryFinding, testing::ValuesIn(rule_names()),
                         [](const auto& info) { return replace_all(info.param, "-", "_"); });

// ---- when they speak, and when they do not ---------------------------------------------------------------------------

std::vector<std::string> findings_of(const std::string& sql) {
  return headings(analyse_sql("SET lock_timeout = '2s';\n" + sql));
}

TEST(Check, IsSilentAboutRelationsOfTheSameTransaction) {
  EXPECT_THAT(findings_of("CREATE TABLE t (id int);\n"
                          "CREATE INDEX ON t (id);\n"
                          "ALTER TABLE t ADD CHECK (id > 0);\n"
                          "UPDATE t SET id = 1;\n"
                          "ALTER TABLE t DROP COLUMN id;\n"
                          "DROP TABLE t;\n"),
              IsEmpty());
}

TEST(Check, PointsAtTheSubCommandThatWorks) {
  EXPECT_THAT(findings_of("ALTER TABLE t ADD COLUMN a int, ADD CONSTRAINT c CHECK (a > 0);\n"),
              ElementsAre("2:33 error[blocks-reads-during-work] public.t"));
}

TEST(Check, NamesBothRelationsOfAForeignKeyInOneFinding) {
  const FileAnalysis file =
      analyse_sql("SET lock_timeout = '2s';\nALTER TABLE a ADD CONSTRAINT k FOREIGN KEY (b) REFERENCES b;\n");
  EXPECT_THAT(headings(file), ElementsAre("2:15 error[blocks-writes-during-work] public.a"));
  EXPECT_THAT(file.findings.at(0).message, HasSubstr("SHARE ROW EXCLUSIVE on public.a and public.b"));
}

TEST(Check, NamesWhatIsNoRelationAsItIsWritten) {
  const auto message_of = [](const std::string& sql) { return analyse_sql(sql).findings.at(0).message; };
  EXPECT_THAT(message_of("DROP  TYPE a, -- gone\n \"B\";\n"), StartsWith("DROP TYPE a, \"B\" breaks"));
  EXPECT_THAT(message_of("ALTER TYPE e RENAME VALUE 'a' TO 'b';\n"),
              StartsWith("ALTER TYPE e RENAME VALUE … breaks"));
  EXPECT_THAT(message_of("DO $$ BEGIN DROP TYPE e; END $$;\n"), StartsWith("DROP TYPE e breaks"));
  EXPECT_THAT(message_of("ALTER TYPE c RENAME ATTRIBUTE a TO b;\n"),
              StartsWith("RENAME ATTRIBUTE a on public.c breaks"));
}

TEST(Check, TakesAColumnOfTheFileForItsOwn) {
  const std::string begin =
      "SET lock_timeout = '2s';\nALTER TABLE t ADD COLUMN own int, ADD COLUMN IF NOT EXISTS maybe int;\n";
  const auto broken_by = [&begin](const std::string& sql) { return headings(analyse_sql(begin + sql)); };
  const auto broken = ElementsAre("3:15 error[breaks-running-readers] public.t");
  EXPECT_THAT(broken_by("ALTER TABLE t RENAME COLUMN own TO ours;\nALTER TABLE t DROP COLUMN ours;\n"),
              IsEmpty());
  EXPECT_THAT(broken_by("ALTER TABLE t DROP COLUMN maybe;\n"), broken);
  EXPECT_THAT(broken_by("ALTER TABLE u DROP COLUMN own;\n"),
              ElementsAre("3:15 error[breaks-running-readers] public.u"));
  EXPECT_THAT(headings(analyse_sql(
                  "SET lock_timeout = '2s';\n"
                  "DO $$ BEGIN IF now() > 'today' THEN ALTER TABLE t ADD COLUMN x int; END IF; END $$;\n"
                  "ALTER TABLE t DROP COLUMN x;\n")),
              Contains("3:15 error[breaks-running-readers] public.t"));
  EXPECT_THAT(headings(analyse_sql("CREATE TYPE e AS ENUM ('a');\nALTER TYPE e RENAME VALUE 'a' TO 'b';\n")),
              IsEmpty());
}

TEST(Check, PrefersTheSafeFormOfTheEffectsRow) {
  const FileAnalysis file = analyse_sql("SET lock_timeout = '2s';\nCREATE INDEX i ON t (a);\n");
  ASSERT_EQ(file.findings.size(), 1u);
  EXPECT_FALSE(file.findings[0].row.empty());
  EXPECT_THAT(file.findings[0].instead, HasSubstr("CREATE INDEX CONCURRENTLY"));
}

TEST(Check, WarnsOfAnEndlessWaitOncePerFile) {
  EXPECT_THAT(headings(analyse_sql("ALTER TABLE a ADD COLUMN x int;\nALTER TABLE b ADD COLUMN x int;\n")),
              ElementsAre("1:15 warning[waits-without-lock-timeout] public.a"));
}

TEST(Check, TakesALockTimeoutOfZeroForNone) {
  const FileAnalysis file = analyse_sql(
      "-- pgsluice: lock-timeout=1s\nBEGIN;\nSET LOCAL lock_timeout = 0;\nALTER TABLE a ADD COLUMN x "
      "int;\nCOMMIT;\n");
  EXPECT_THAT(headings(file), ElementsAre("4:15 warning[waits-without-lock-timeout] public.a"));
  EXPECT_THAT(file.findings.at(0).message, HasSubstr("lock_timeout is 0"));
}

TEST(Check, AcceptsALockTimeoutOfADirective) {
  EXPECT_THAT(headings(analyse_sql("-- pgsluice: lock-timeout=1s\nALTER TABLE a ADD COLUMN x int;\n")),
              IsEmpty());
}

TEST(Check, SaysHowLongALockIsHeld) {
  const FileAnalysis file = analyse_sql(
      "SET lock_timeout = '2s';\nBEGIN;\nALTER TABLE a ADD COLUMN x int;\n"
      "CREATE TABLE copy AS\n  SELECT * FROM b;\nSELECT 1;\nCOMMIT;\n");
  EXPECT_THAT(headings(file), ElementsAre("4:1 error[lock-held-across-statements] public.a"));
  EXPECT_THAT(file.findings.at(0).message, HasSubstr("public.a (ACCESS EXCLUSIVE)"));
  EXPECT_THAT(file.findings.at(0).message, HasSubstr("lines 3 to 7"));
}

TEST(Check, TellsOfAHeldLockThatIsStrongerThanTheStatementsOwn) {
  EXPECT_THAT(findings_of("ALTER TABLE a ADD COLUMN x int;\nCREATE INDEX i ON a (x);\n"),
              ElementsAre("3:1 error[blocks-writes-during-work] public.a",
                          "3:1 error[lock-held-across-statements] public.a"));
  EXPECT_THAT(findings_of("ALTER TABLE a ADD COLUMN x int;\nALTER TABLE a ADD CHECK (x > 0);\n"),
              ElementsAre("3:15 error[blocks-reads-during-work] public.a"));
}

TEST(Check, LetsInstantStatementsShareATransaction) {
  EXPECT_THAT(
      findings_of(
          "ALTER TABLE a ADD COLUMN x int;\nALTER TABLE b ADD COLUMN x int;\nINSERT INTO c VALUES (1);\n"
          "COMMENT ON TABLE a IS 'x';\n"),
      IsEmpty());
}

TEST(Check, ForgetsLocksWhenTheTransactionEnds) {
  EXPECT_THAT(findings_of("BEGIN;\nALTER TABLE a ADD COLUMN x int;\nCOMMIT;\n"
                          "BEGIN;\nINSERT INTO c SELECT * FROM a;\nCOMMIT;\n"),
              IsEmpty());
}

/// No release knows what a file makes for itself, nor what only its session sees.
TEST(Check, LetsAFileTakeAwayWhatItHasMade) {
  for (const char* sql :
       {"CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';\nDROP FUNCTION f(int4);\n",
        "CREATE FUNCTION f(a int, OUT b text) LANGUAGE sql AS 'SELECT 1';\nDROP FUNCTION public.f;\n",
        "CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';\nDROP PROCEDURE p();\n",
        "DROP FUNCTION pg_temp.f(int);\n", "CREATE TYPE t AS ENUM ('a');\nDROP TYPE t;\n",
        "CREATE TYPE t AS ENUM ('a');\nALTER TYPE t RENAME TO u;\nDROP TYPE u;\n",
        "CREATE TYPE t AS (a int);\nDROP TYPE t;\n", "CREATE DOMAIN d AS int;\nDROP DOMAIN d;\n",
        "CREATE SCHEMA s;\nDROP SCHEMA s;\n"})
    EXPECT_THAT(findings_of(sql), Not(Contains(HasSubstr("breaks-running")))) << sql;
  for (const char* sql :
       {"CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';\nDROP FUNCTION f(text);\n",
        "CREATE OR REPLACE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';\nDROP FUNCTION f(int);\n",
        "DROP FUNCTION f(int);\nCREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';\n",
        "CREATE TYPE a.t AS ENUM ('a');\nDROP TYPE b.t;\n",
        "CREATE SCHEMA IF NOT EXISTS s;\nDROP SCHEMA s;\n", "DROP FUNCTION IF EXISTS f(int);\n"})
    EXPECT_THAT(findings_of(sql), Contains(HasSubstr("breaks-running"))) << sql;
}

TEST(Check, CallsAnUpdateOfEveryRowAnError) {
  EXPECT_THAT(findings_of("UPDATE t SET a = 1;\n"), ElementsAre("2:1 error[unbatched-dml] public.t"));
  EXPECT_THAT(findings_of("UPDATE t SET a = 1 WHERE b;\n"),
              ElementsAre("2:1 warning[unbatched-dml] public.t"));
}

TEST(Check, LetsTheContractPhaseBreakWhatNobodyUses) {
  EXPECT_THAT(headings(analyse_sql("SET lock_timeout = '2s';\nDROP TABLE t;\n")),
              ElementsAre("2:1 error[breaks-running-readers] public.t"));
  EXPECT_THAT(
      headings(analyse_sql("-- pgsluice: needs-app=shop>=2\nSET lock_timeout = '2s';\nDROP TABLE t;\n",
                           "contract/1.sql")),
      IsEmpty());
}

TEST(Check, SaysWhichVersionWasAssumed) {
  Migration migration;
  migration.source = {.path = "x.sql", .text = "SET lock_timeout = '2s';\nALTER TABLE t ADD UNIQUE (a);\n"};
  CheckOptions options;
  options.pg_version = 14;
  options.pg_version_assumed = true;
  Catalog catalog;
  const FileAnalysis file = analyse(std::move(migration), catalog, test::built_in_effects(), built_in_rules(),
                                    {.pg_version = 14, .transaction = FileTransaction::one}, options);
  ASSERT_EQ(file.findings.size(), 1u);
  EXPECT_THAT(file.findings[0].why, HasSubstr("PostgreSQL 14, which was assumed"));
}

TEST(Check, GoesOnBehindABrokenStatement) {
  const FileAnalysis file = analyse_sql(
      "SET lock_timeout = '2s';\nALTER TABLE a ADD COLUMN x int;\nALTER TABLE a ADD COLUM y int;\n"
      "ALTER TABLE a ADD COLUMN z int;\n");
  EXPECT_THAT(headings(file), ElementsAre("3:27 error[syntax-error]"));
  EXPECT_EQ(file.effects.size(), 3u);
}

// ---- allow -----------------------------------------------------------------------------------------------------------

TEST(Allow, CoversTheNextStatementOnly) {
  EXPECT_THAT(findings_of("-- pgsluice: allow blocks-writes-during-work because \"40 rows\"\n"
                          "CREATE INDEX i ON t (a);\nCREATE INDEX j ON t (b);\n"),
              ElementsAre("3:1 error[blocks-writes-during-work] public.t (allowed)",
                          "4:1 error[blocks-writes-during-work] public.t"));
}

TEST(Allow, CoversTheWholeFile) {
  EXPECT_THAT(headings(analyse_sql("-- pgsluice: allow-file blocks-writes-during-work because \"new shop\"\n"
                                   "-- pgsluice: lock-timeout=1s\nCREATE INDEX i ON t (a);\n")),
              ElementsAre("3:1 error[blocks-writes-during-work] public.t (allowed)"));
}

TEST(Allow, OfAnUnknownFindingIsAnErrorThatNamesIt) {
  const FileAnalysis file = analyse_sql("-- pgsluice: allow destroy-data because \"x\"\nSELECT 1;\n");
  EXPECT_THAT(headings(file), ElementsAre("1:20 error[unknown-directive]"));
  EXPECT_EQ(file.findings.at(0).instead, "Did you mean \"destroys-data\"?");
}

TEST(Allow, WithoutReasonOrPastItsDateCoversNothing) {
  EXPECT_THAT(
      findings_of("-- pgsluice: allow blocks-writes-during-work\nCREATE INDEX i ON t (a);\n"),
      ElementsAre("2:1 error[allow-without-reason]", "3:1 error[blocks-writes-during-work] public.t"));
  EXPECT_THAT(findings_of("-- pgsluice: allow blocks-writes-during-work until=2026-11-21 because "
                          "\"x\"\nCREATE INDEX i ON t (a);\n"),
              ElementsAre("2:1 warning[expired-allow]", "3:1 error[blocks-writes-during-work] public.t"));
  EXPECT_THAT(findings_of("-- pgsluice: allow blocks-writes-during-work until=2026-11-22 because "
                          "\"x\"\nCREATE INDEX i ON t (a);\n"),
              ElementsAre("3:1 error[blocks-writes-during-work] public.t (allowed)"));
}

// ---- fingerprints ----------------------------------------------------------------------------------------------------

std::string fingerprint_of(const std::string& statement) {
  return analyse_sql("SET lock_timeout = '2s';\n" + statement).findings.at(0).fingerprint;
}

TEST(Fingerprint, IsStableUnderMovesAndLayout) {
  const std::string plain = fingerprint_of("CREATE INDEX i ON t (a);");
  EXPECT_EQ(fingerprint_of("\n\n-- a comment\ncreate  INDEX i\n  ON t (a /* here */);"), plain);
  EXPECT_NE(fingerprint_of("CREATE INDEX i ON t (b);"), plain);
  EXPECT_NE(fingerprint_of("CREATE INDEX \"I\" ON t (a);"), plain);
}

// ---- loading ---------------------------------------------------------------------------------------------------------

/// Loads a folder with one rule; gives the error, or "loaded".
std::string load(const std::string& rule) {
  const auto folder = std::filesystem::temp_directory_path() / ("pgsluice-rules-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder / "findings/mine");
  std::ofstream(folder / "findings/mine/rule.json") << rule;
  std::string result = "loaded";
  try {
    EXPECT_NE(RuleBook::load(folder).find("mine"), nullptr);
  } catch (const Error& error) {
    result = replace_all(error.what(), folder.string() + "/", "");
    EXPECT_EQ(error.code(), ExitCode::usage);
  }
  std::filesystem::remove_all(folder);
  return result;
}

TEST(RuleBook, IsStrict) {
  const std::string rest = R"(, "severity": "error", "message": "m", "why": "w."})";
  EXPECT_EQ(load(R"({"scope": "relation", "when": {"blocks": ["reads", "writes"]})" + rest), "loaded");
  EXPECT_EQ(load(R"({"scope": "relation", "wen": {}, "when": {"blocks": "reads"})" + rest),
            "findings/mine/rule.json#/wen: unknown key \"wen\"");
  EXPECT_EQ(load(R"({"scope": "relation", "when": {"block": "reads"})" + rest),
            "findings/mine/rule.json#/when/block: unknown fact \"block\"");
  EXPECT_EQ(load(R"({"scope": "relation", "when": {"breaks": "readers"})" + rest),
            "findings/mine/rule.json#/when/breaks: unknown fact \"breaks\"");
  EXPECT_EQ(load(R"({"scope": "table", "when": {"blocks": "reads"})" + rest),
            "findings/mine/rule.json#/scope: unknown scope \"table\"");
  EXPECT_EQ(
      load(
          R"({"scope": "relation", "when": {"blocks": "reads"}, "severity": "bad", "message": "m", "why": "w."})"),
      "findings/mine/rule.json#/severity: \"bad\" is none of error, warning and info");
  EXPECT_EQ(
      load(
          R"({"scope": "relation", "when": {"blocks": "reads"}, "severity": "info", "message": "{x}", "why": "w."})"),
      "findings/mine/rule.json#/message: unknown placeholder {x}");
  EXPECT_EQ(load(R"({"scope": "relation")" + rest),
            "findings/mine/rule.json#/when: a rule without conditions would fire on everything");
}

TEST(RuleBook, DocumentsEveryFact) {
  for (const Vocabulary& fact : known_finding_facts()) EXPECT_FALSE(fact.sentence.empty()) << fact.name;
}

}  // namespace
}  // namespace pgsluice
