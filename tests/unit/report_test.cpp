// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "base/embedded.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "report/lint.hpp"
#include "report/snippet.hpp"
#include "support/analysis.hpp"
#include "support/schema.hpp"

namespace pgsluice {
namespace {

using test::analyse_sql;
using test::embedded_json;
using test::validate;

// ---- snippets --------------------------------------------------------------------------------------------------------

std::string snippet_of(const std::string& text, const std::string& marked, int width = 60) {
  const std::size_t begin = text.find(marked);
  return snippet(text, LineIndex(text), {begin, begin + marked.size()}, Style::error, Painter(false), width);
}

TEST(Snippet, PutsCaretsUnderTheRange) {
  EXPECT_EQ(snippet_of("SELECT 1;\nSELECT oops;\n", "oops"), "  2 | SELECT oops;\n    |        ^^^^\n");
}

TEST(Snippet, LinesUpTabsWideCharactersAndAccents) {
  EXPECT_EQ(snippet_of("\tx", "x"), "  1 |     x\n    |     ^\n");
  EXPECT_EQ(snippet_of("表 x", "x"), "  1 | 表 x\n    |    ^\n");
  EXPECT_EQ(snippet_of("表 x", "表"), "  1 | 表 x\n    | ^^\n");
  EXPECT_EQ(snippet_of("e\xCC\x81 x", "x"), "  1 | e\xCC\x81 x\n    |   ^\n");
}

TEST(Snippet, NeverPrintsWhatATerminalWouldObey) {
  EXPECT_EQ(snippet_of("a\x1b[2Jb x", "x"), "  1 | a\\x1b[2Jb x\n    |           ^\n");
}

TEST(Snippet, ShowsALineThatStartsInTheMiddleOfACharacter) {
  EXPECT_EQ(snippet_of("\x9f;", "\x9f"), "  1 | \\x9f;\n    | ^^^^\n");
}

TEST(Snippet, CutsLongLinesAroundTheRange) {
  const std::string text = std::string(200, 'a') + " here " + std::string(200, 'b');
  const std::string out = snippet_of(text, "here", 60);
  for (const std::string_view line : lines(out)) EXPECT_LE(display_width(line), 60);
  EXPECT_THAT(out, testing::HasSubstr("here"));
  EXPECT_THAT(out, testing::HasSubstr("…a"));
  EXPECT_THAT(out, testing::HasSubstr("b…"));
  const auto rows = lines(out);
  EXPECT_EQ(display_width(rows[0].substr(0, rows[0].find("here"))), static_cast<int>(rows[1].find('^')));
}

TEST(Snippet, ShowsTheFirstLinesOfALongRange) {
  const std::string text = "CREATE TABLE t (\n  a int,\n  b int,\n  c int,\n  d int);\n";
  EXPECT_EQ(snippet_of(text, text.substr(0, text.size() - 2)),
            "  1 | CREATE TABLE t (\n    | ^^^^^^^^^^^^^^^^\n"
            "  2 |   a int,\n    |   ^^^^^^\n"
            "  3 |   b int,\n    |   ^^^^^^\n"
            "    … 2 more lines\n");
}

TEST(Snippet, MarksTheEndOfAFile) {
  EXPECT_EQ(snippet("SELECT", LineIndex("SELECT"), {6, 6}, Style::error, Painter(false), 60),
            "  1 | SELECT\n    |       ^\n");
}

TEST(Snippet, IsQuickOnALineOfMegabytes) {
  const std::string text = std::string(20'000'000, 'x') + "here" + std::string(20'000'000, 'y');
  EXPECT_THAT(snippet_of(text, "here"), testing::HasSubstr("here"));
}

// ---- the JSON document -----------------------------------------------------------------------------------------------

void write(LintReport& report, const std::vector<FileAnalysis>& files) {
  LintTotals totals;
  for (const FileAnalysis& file : files) {
    totals.add(file);
    if (const std::optional<std::string> rendered = report.render(file)) {
      report.add_rendered(*rendered);
    } else {
      report.add_whole(file);
    }
  }
  report.finish(totals);
}

Json document(const std::vector<FileAnalysis>& files) {
  std::ostringstream out;
  write(*make_lint_json({.pg_version = 17}, out), files);
  return Json::parse(out.str());
}

TEST(Schema, ValidatorSeesWhatIsWrong) {
  EXPECT_THAT(validate("schema/lint.schema.json", Json::object()), testing::Not(testing::IsEmpty()));
  EXPECT_THAT(validate("schema/rule.schema.json", embedded_json("findings/syntax-error/rule.json")),
              testing::IsEmpty());
}

TEST(Schema, DescribesEveryRuleFile) {
  for (const EmbeddedFile& file : embedded_rules()) {
    const bool effects = file.path.starts_with("effects/");
    if (!effects && !file.path.ends_with("/rule.json")) continue;
    const std::string schema = effects ? "effects" : "rule";
    EXPECT_THAT(validate("schema/" + schema + ".schema.json", embedded_json(file.path)), testing::IsEmpty())
        << file.path;
  }
}

TEST(LintJson, ValidatesForTheSqlOfEveryRule) {
  std::vector<FileAnalysis> files;
  for (const EmbeddedFile& file : embedded_rules()) {
    if (file.path.ends_with(".sql"))
      files.push_back(analyse_sql(std::string(file.contents), std::string(file.path)));
  }
  ASSERT_GT(files.size(), 20u);
  EXPECT_THAT(validate("schema/lint.schema.json", document(files)), testing::IsEmpty());
}

TEST(LintJson, CountsAllowedFindingsNowhere) {
  std::vector<FileAnalysis> files;
  files.push_back(analyse_sql(
      "-- pgsluice: allow unmodeled-statement because \"x\"\nDO 'BEGIN EXECUTE f(); END';\nSELEC 1;\n"));
  const Json json = document(files);
  EXPECT_EQ(json["summary"]["findings"], (Json{{"error", 1}, {"warning", 0}, {"info", 0}}));
  EXPECT_EQ(json["summary"]["unmodeled"], 1);
  EXPECT_EQ(json["summary"]["unparsed"], 1);
  EXPECT_EQ(json["files"][0]["findings"][0]["allowed"], "x");
  EXPECT_EQ(json["files"][0]["findings"][1]["allowed"], nullptr);
}

TEST(LintJson, SurvivesTextThatIsNoUtf8) {
  std::vector<FileAnalysis> files;
  files.push_back(analyse_sql("SELECT '\xFF';\nSELECT 1;\n", "caf\xE9.sql"));
  EXPECT_EQ(document(files)["files"][0]["statements"].size(), 1u);
}

// ---- text ------------------------------------------------------------------------------------------------------------

std::string text_of(const std::string& sql, const TextOptions& options) {
  std::vector<FileAnalysis> files;
  files.push_back(analyse_sql(sql));
  std::ostringstream out;
  write(*make_lint_text({.text = options}, out), files);
  return out.str();
}

TEST(LintText, IsOneLineForACleanFile) {
  EXPECT_EQ(text_of("SELECT 1;\n", {}), "1 file, 1 statement: no findings\n");
  TextOptions quiet;
  quiet.quiet = true;
  EXPECT_EQ(text_of("SELECT 1;\n", quiet), "");
}

TEST(LintText, FitsTheTerminal) {
  for (const EmbeddedFile& file : embedded_rules()) {
    if (!file.path.ends_with("unsafe.sql")) continue;
    TextOptions options;
    options.width = 80;
    const std::string out = text_of(std::string(file.contents), options);
    const std::size_t sql = out.find("  instead:\n");  // SQL to copy keeps its lines
    for (const std::string_view line : lines(std::string_view(out).substr(0, sql)))
      EXPECT_LE(display_width(line), 80) << line;
  }
}

TEST(LintText, StopsAfterAHundredFindings) {
  std::string sql;
  for (int i = 0; i < 150; ++i) sql += "SELEC 1;\n";
  const std::string out = text_of(sql, {});
  EXPECT_THAT(out, testing::HasSubstr("x.sql: 50 more findings; --format json has all of them\n"));
  EXPECT_THAT(out, testing::HasSubstr(": 150 errors\n"));
}

}  // namespace
}  // namespace pgsluice
