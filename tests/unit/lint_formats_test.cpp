// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "base/embedded.hpp"
#include "base/json.hpp"
#include "base/markup.hpp"
#include "base/text.hpp"
#include "report/html.hpp"
#include "report/lint.hpp"
#include "report/lint_list.hpp"
#include "support/analysis.hpp"
#include "support/schema.hpp"

namespace pgsluice {
namespace {

using test::analyse_sql;
using test::validate;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

LintSettings settings() {
  return {.pg_version = 17, .rules = &test::built_in_rules(), .failing_from = Severity::error};
}

using Make = std::unique_ptr<LintReport> (*)(const LintSettings&, std::ostream&);

/// Rendered ahead where that is possible, or in pieces.
std::string report_of(Make make, const std::vector<FileAnalysis>& files, bool in_pieces = false) {
  std::ostringstream out;
  LintTotals totals;
  const std::unique_ptr<LintReport> report = make(settings(), out);
  for (const FileAnalysis& file : files) {
    totals.add(file);
    const std::optional<std::string> rendered = in_pieces ? std::nullopt : report->render(file);
    if (rendered) {
      report->add_rendered(*rendered);
    } else {
      report->add_whole(file);
    }
  }
  report->finish(totals);
  return out.str();
}

std::string report_of(Make make, const std::string& sql, const std::string& path = "x.sql") {
  std::vector<FileAnalysis> files;
  files.push_back(analyse_sql(sql, path));
  return report_of(make, files);
}

std::vector<FileAnalysis> sql_of_all_rules() {
  std::vector<FileAnalysis> files;
  for (const EmbeddedFile& file : embedded_rules()) {
    if (!file.path.ends_with(".sql")) continue;
    files.push_back(analyse_sql(std::string(file.contents), std::string(file.path)));
  }
  return files;
}

TEST(LintFormats, SayTheSameInPiecesAndRenderedAhead) {
  const std::vector<FileAnalysis> files = sql_of_all_rules();
  for (const LintFormat& format : lint_formats()) {
    EXPECT_EQ(report_of(format.make, files, true), report_of(format.make, files, false)) << format.name;
  }
}

TEST(LintFormats, OfSeveralReportsEachGetsEverything) {
  std::vector<FileAnalysis> files = sql_of_all_rules();
  std::ostringstream json;
  std::ostringstream sarif;
  const auto first = make_lint_json(settings(), json);
  const auto second = make_lint_sarif(settings(), sarif);
  const auto both = make_lint_reports({first.get(), second.get()});
  LintTotals totals;
  for (const FileAnalysis& file : files) {
    totals.add(file);
    both->add_whole(file);
  }
  both->finish(totals);
  EXPECT_EQ(json.str(), report_of(make_lint_json, files));
  EXPECT_EQ(sarif.str(), report_of(make_lint_sarif, files));
}

TEST(LintFormats, AreFoundByTheExtensionOfAFile) {
  EXPECT_EQ(find_lint_format("out/lint.sarif")->name, "sarif");
  EXPECT_EQ(find_lint_format("lint.html")->name, "html");
  EXPECT_EQ(find_lint_format("lint"), nullptr);
  EXPECT_EQ(find_lint_format("lint.log"), nullptr);
}

TEST(LintSarif, ValidatesForTheSqlOfEveryRule) {
  const Json document = Json::parse(report_of(make_lint_sarif, sql_of_all_rules()));
  EXPECT_THAT(validate("schema/sarif.schema.json", document), IsEmpty());
  EXPECT_THAT(validate("schema/sarif.schema.json", Json::object()), Not(IsEmpty()));
  const Json& run = document["runs"][0];
  const Json& rules = run["tool"]["driver"]["rules"];
  ASSERT_GT(run["results"].size(), 15U);
  for (const Json& result : run["results"]) {
    EXPECT_EQ(rules[result["ruleIndex"].get<std::size_t>()]["id"], result["ruleId"]);
  }
}

TEST(LintSarif, WhatIsAllowedIsSuppressedAndSaysWhere) {
  std::vector<FileAnalysis> files;
  files.push_back(
      analyse_sql("-- pgsluice: allow breaks-running-readers because \"tested\"\nDROP TABLE a;\nSELEC 1;\n"));
  Finding& syntax = files.front().findings.back();
  syntax.allowed = "known";
  syntax.in_baseline = true;
  const Json results = Json::parse(report_of(make_lint_sarif, files))["runs"][0]["results"];
  std::set<std::string> kinds;
  for (const Json& result : results) {
    for (const Json& suppression : result["suppressions"]) {
      kinds.insert(suppression["kind"].get<std::string>() + ": " +
                   suppression["justification"].get<std::string>());
    }
  }
  EXPECT_EQ(kinds, (std::set<std::string>{"inSource: tested", "external: known"}));
}

TEST(LintSarif, PathsBecomeUris) {
  EXPECT_THAT(report_of(make_lint_sarif, "SELEC 1;", "a b/ü%.sql"),
              HasSubstr("\"uri\":\"a%20b/%C3%BC%25.sql\",\"uriBaseId\":\"%SRCROOT%\""));
  EXPECT_THAT(report_of(make_lint_sarif, "SELEC 1;", "/db/x.sql"),
              HasSubstr("\"uri\":\"file:///db/x.sql\"}"));
}

TEST(LintGithub, NothingInAMessageBeginsAnotherCommand) {
  const std::string out = report_of(make_lint_github, "SELEC 1;\n", "50%,a:b\n::error::x.sql");
  EXPECT_THAT(out, HasSubstr("::error file=50%25%2Ca%3Ab%0A%3A%3Aerror%3A%3Ax.sql,line=1,"));
  EXPECT_EQ(lines(out).size(), 2U);
}

TEST(LintGitlab, FingerprintsAreUnique) {
  const Json issues = Json::parse(report_of(make_lint_gitlab, "SELEC 1;\nSELEC 1;\n"));
  ASSERT_EQ(issues.size(), 2U);
  EXPECT_NE(issues[0]["fingerprint"], issues[1]["fingerprint"]);
  EXPECT_EQ(Json::parse(report_of(make_lint_gitlab, "SELECT 1;\n")), Json::array());
}

TEST(LintJunit, FailsWhereTheExitCodeDoes) {
  const std::string error = report_of(make_lint_junit, "SELEC 1;\n");
  EXPECT_THAT(error, HasSubstr("tests=\"1\" failures=\"1\""));
  const std::string warning = report_of(make_lint_junit, "\\echo x\n");
  EXPECT_THAT(warning, HasSubstr("tests=\"1\" failures=\"0\""));
  EXPECT_THAT(warning, HasSubstr("<system-out>"));
  EXPECT_THAT(report_of(make_lint_junit, "SELECT 1;\n"), HasSubstr("name=\"no findings\""));
}

TEST(LintMarkdown, FitsIntoAComment) {
  std::string sql;
  for (int i = 0; i < 2000; ++i) sql += cat("DROP TABLE t", std::to_string(i), ";\n");
  const std::string out = report_of(make_lint_markdown, sql);
  EXPECT_LT(out.size(), 65'536U);
  EXPECT_THAT(out, HasSubstr("more findings; --format json has all."));
  EXPECT_THAT(out, HasSubstr("more statements; --format json has all."));
}

TEST(LintPage, SaysWhatIsLockedAndForHowLong) {
  const std::string out = report_of(make_lint_markdown,
                                    "SET lock_timeout = '1s';\n"
                                    "ALTER TABLE orders ADD COLUMN code uuid DEFAULT gen_random_uuid();\n");
  EXPECT_THAT(out, HasSubstr("ACCESS EXCLUSIVE on `public.orders`"));
  EXPECT_THAT(out, HasSubstr("**reads and writes**"));
  EXPECT_THAT(out, HasSubstr("while it rewrites `public.orders`"));
}

TEST(Markup, WhatMeansSomethingIsEscaped) {
  EXPECT_EQ(markup_escaped("<a href='x\"'>&\n"), "&lt;a href=&#39;x&quot;&#39;&gt;&amp;&#10;");
  EXPECT_EQ(markup_escaped("a\x1b\xEF\xBF\xBF\xFF"), "a\\x1b\\uffff\\xff");
}

TEST(Html, ShowsEveryKindOfBlock) {
  Document document{Heading{.level = 2, .words = "<h>"},
                    Paragraph{code("a & b")},
                    Code{.language = "sql", .text = "SELECT '<';"},
                    List{{Words("x")}},
                    Table{.header = {"k"}, .rows = {{styled(Style::error, "v")}}},
                    Fields{{{"label", {Paragraph{"words"}}}}}};
  EXPECT_EQ(
      to_html(document),
      "<h2>&lt;h&gt;</h2>\n<p><code>a &amp; b</code></p>\n<pre><code>SELECT &#39;&lt;&#39;;</code></pre>\n"
      "<ul>\n<li>x</li>\n</ul>\n<table>\n<thead><tr><th>k</th></tr></thead>\n<tbody>\n"
      "<tr><td data-label=\"k\"><span class=\"error\">v</span></td></tr>\n</tbody>\n</table>\n"
      "<dl>\n<dt>label</dt><dd><p>words</p>\n</dd>\n</dl>\n");
}

TEST(LintList, ValidatesAndEveryBuiltInRuleHasATitle) {
  std::vector<ListedFinding> findings;
  for (const FindingRule& rule : test::built_in_rules().rules())
    findings.push_back({.rule = rule,
                        .severity = {},
                        .may_be_error = false,
                        .elsewhere = {{.pattern = "old/*", .severity = Severity::error}}});
  const Json list = Json::parse(finding_list_json(findings));
  EXPECT_THAT(validate("schema/lint-list.schema.json", list), IsEmpty());
  EXPECT_EQ(list["findings"].front()["severity"], "off");
  EXPECT_EQ(list["findings"].front()["may_be_error"], true);  // in old/*
  for (const FindingRule& rule : test::built_in_rules().rules()) EXPECT_NE(rule.title, rule.message);
}

TEST(LintBaseline, Validates) {
  std::ostringstream out;
  const auto report = make_lint_baseline("baseline.json", out);
  report->add_whole(analyse_sql("SELEC 1;\nDROP TABLE a;\n"));
  report->finish({});
  const Json document = Json::parse(out.str());
  EXPECT_THAT(validate("schema/lint-baseline.schema.json", document), IsEmpty());
  EXPECT_GE(document["findings"].size(), 2U);
}

}  // namespace
}  // namespace pgsluice
