// SPDX-License-Identifier: Apache-2.0
// What explain says: the same on all versions once, the conflict table in words, and pages for every name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "pgsluice/explain.hpp"
#include "report/explain.hpp"
#include "support/analysis.hpp"
#include "support/schema.hpp"

namespace pgsluice {
namespace {

using test::built_in_effects;
using test::built_in_rules;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view k_schema = "schema/explain.schema.json";

Explanation explain_sql(const std::string& sql, std::vector<int> versions, const std::string& before = {}) {
  ExplainInput input{.script = parse({.path = "x.sql", .text = sql}), .versions = std::move(versions)};
  if (!before.empty()) {
    input.before.emplace_back();
    input.before.back().source = {.path = "before.sql", .text = before};
  }
  return explain(input, built_in_effects(), built_in_rules());
}

const std::vector<int> k_all = {12, 13, 14, 15, 16, 17, 18};

std::string text_of(const Explanation& explanation) {
  return to_text(to_document(explanation), 100, Painter(false));
}

// ---- statements ------------------------------------------------------------------------------------------------------

TEST(Explain, TellsOnceWhatIsTheSameOnAllVersions) {
  const Explanation told = explain_sql("ALTER TABLE t DROP COLUMN c", k_all);
  ASSERT_EQ(told.statements.size(), 1U);
  ASSERT_EQ(told.statements[0].cases.size(), 1U);
  EXPECT_EQ(told.statements[0].cases[0].versions, k_all);
  EXPECT_THAT(text_of(told), HasSubstr("PostgreSQL 12 to 18, the same on all of them"));
}

TEST(Explain, GroupsVersionsThatDoTheSame) {
  const Explanation told = explain_sql("CREATE TABLE t2 PARTITION OF t FOR VALUES IN (1)", k_all,
                                       "CREATE TABLE t (a int PRIMARY KEY) PARTITION BY LIST (a);\n"
                                       "CREATE TABLE f (a int REFERENCES t);\n");
  std::vector<std::vector<int>> groups;
  for (const ExplainedCase& one : told.statements.at(0).cases) groups.push_back(one.versions);
  EXPECT_THAT(groups, ElementsAre(std::vector{12, 13, 14}, std::vector{15, 16, 17, 18}));
}

TEST(Explain, KnowsWhatTheMigrationsBeforeMade) {
  const std::string before = "CREATE TABLE t (a int);\nCREATE INDEX i ON t (a);\n";
  const Explanation told = explain_sql("DROP TABLE t", {17}, before);
  EXPECT_THAT(text_of(told), HasSubstr("public.i  ACCESS EXCLUSIVE  dependents"));
  EXPECT_THAT(told.statements[0].cases[0].effect.assumed, IsEmpty());
}

TEST(Explain, SaysNothingOfOthersWhereNobodyElseCanBe) {
  const Explanation told = explain_sql("CREATE TABLE t (a int); CREATE INDEX ON t (a)", {17});
  ASSERT_EQ(told.statements.size(), 2U);
  EXPECT_THAT(told.statements[1].cases[0].meanwhile, IsEmpty());
  EXPECT_THAT(text_of(told), HasSubstr("nobody has to wait"));
}

TEST(Explain, CallsALockLongWhenWorkIsDoneUnderIt) {
  const auto hold = [](const std::string& sql) {
    return explain_sql(sql, {17}).statements[0].cases[0].meanwhile.at(0).hold;
  };
  EXPECT_EQ(hold("ALTER TABLE t ADD COLUMN c int"), Hold::instant);
  EXPECT_EQ(hold("ALTER TABLE t ADD COLUMN c int DEFAULT random()"), Hold::work);
  EXPECT_EQ(hold("CREATE INDEX CONCURRENTLY ON t (c)"), Hold::work);
  EXPECT_EQ(hold("UPDATE t SET c = 1"), Hold::work);
  EXPECT_EQ(hold("INSERT INTO t VALUES (1)"), Hold::instant);
  EXPECT_EQ(hold("VACUUM t"), Hold::work);
}

TEST(Explain, NamesTheSizesThatTheCatalogKnows) {
  ExplainInput input{.script = parse({.path = "x.sql", .text = "ALTER TABLE t ADD CHECK (a > 0)"}),
                     .versions = {17}};
  input.catalog.put({.name = {.schemaname = "public", .relname = "t"},
                     .size = RelationSize{.reltuples = 1234567, .bytes = 5e8}});
  input.catalog.end_transaction();
  EXPECT_THAT(text_of(explain(input, built_in_effects(), built_in_rules())),
              HasSubstr("reads every row of public.t (about 1.2 million rows, 477 MB)"));
}

TEST(Explain, DoesNotCallHarmlessWhatItDoesNotKnow) {
  const std::string text = text_of(explain_sql("CALL p()", {17}));
  EXPECT_THAT(text, HasSubstr("locks        not known"));
  EXPECT_THAT(text, HasSubstr("meanwhile    not known"));
  EXPECT_THAT(text, HasSubstr("breaks       not known"));
}

// ---- the conflict table ------------------------------------------------------------------------------------------------

const Meanwhile& first_answer(const Explanation& told) {
  return told.statements.at(0).cases.at(0).meanwhile.at(0);
}

TEST(Explain, SaysWhoWaitsAndWhoGoesOn) {
  const Explanation share = explain_sql("CREATE INDEX ON t (a)", {17});
  EXPECT_THAT(first_answer(share).waiting, Contains("INSERT, UPDATE, DELETE"));
  EXPECT_THAT(first_answer(share).going_on, Contains("SELECT"));
  EXPECT_THAT(first_answer(share).going_on, Contains("CREATE INDEX"));
  const Explanation strongest = explain_sql("TRUNCATE t", {17});
  EXPECT_THAT(first_answer(strongest).going_on, IsEmpty());
  const Explanation weakest = explain_sql("SELECT * FROM t", {17});
  EXPECT_THAT(first_answer(weakest).waiting, ElementsAre("most other ALTER, DROP, TRUNCATE"));
}

TEST(Explain, AWriterMakesCreateIndexConcurrentlyWaitForItsEnd) {
  const auto find = [](std::string_view words) {
    return *std::ranges::find(activities(), words, &Activity::words);
  };
  EXPECT_TRUE(waits(find("CREATE INDEX CONCURRENTLY"), LockMode::RowExclusive));
  EXPECT_FALSE(waits(find("VACUUM and ANALYZE"), LockMode::RowExclusive));
}

TEST(Explain, HasAnAnswerForEveryKindOfRelation) {
  for (const char kind : std::string_view("rpfvmSiI")) {
    EXPECT_TRUE(std::ranges::any_of(activities(), [kind](const Activity& activity) {
      return activity.relkinds.find(kind) != std::string_view::npos &&
             waits(activity, LockMode::AccessExclusive);
    })) << kind;
  }
}

// ---- pages -----------------------------------------------------------------------------------------------------------

std::vector<FindingPage> finding_pages() {
  std::vector<FindingPage> pages;
  for (const FindingRule& rule : built_in_rules().rules()) {
    pages.push_back(finding_page(rule, built_in_effects(), built_in_rules(), {}, 17));
  }
  return pages;
}

TEST(ExplainPages, EveryRowIsInOneChapterOnly) {
  std::multiset<std::string> ids;
  for (const RowChapter& chapter : row_chapters(built_in_effects())) {
    for (const RowGroup& group : chapter.groups) {
      EXPECT_FALSE(group.form.empty()) << group.name;
      for (const RowPage& page : group.rows) ids.insert(page.row->id);
    }
  }
  EXPECT_EQ(ids.size(), built_in_effects().rows().size());
  EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), ids.size());
}

TEST(ExplainPages, EveryWordOfARowIsExplained) {
  for (const RowChapter& chapter : row_chapters(built_in_effects())) {
    for (const RowGroup& group : chapter.groups) {
      for (const RowPage& page : group.rows) {
        for (const Criterion& criterion : page.when)
          EXPECT_FALSE(criterion.sentence.empty()) << criterion.fact;
        for (const RoleEffect& role : page.roles) EXPECT_FALSE(role.sentence.empty()) << role.role;
      }
    }
  }
}

TEST(ExplainPages, AFindingShowsWhatLintSaysOfItsExamples) {
  for (const FindingPage& page : finding_pages()) {
    ASSERT_EQ(page.examples.size(), 2U) << page.rule->name;
    const std::string text = to_text(to_document(page), 100, Painter(false));
    EXPECT_THAT(text, HasSubstr(cat("[", page.rule->name, "]")));
    EXPECT_THAT(text, HasSubstr(": no findings")) << page.rule->name;
    for (const Criterion& criterion : page.when) EXPECT_FALSE(criterion.sentence.empty()) << criterion.fact;
  }
}

TEST(ExplainPages, TheCommonFormOfACommandIsWhatItsExamplesShare) {
  std::map<std::string, std::string> forms;
  for (const RowChapter& chapter : row_chapters(built_in_effects())) {
    for (const RowGroup& group : chapter.groups) forms[group.name] = group.form;
  }
  EXPECT_EQ(forms["add_column"], "ALTER TABLE … ADD COLUMN");
  EXPECT_EQ(forms["drop_constraint"], "ALTER TABLE … DROP CONSTRAINT");
  EXPECT_EQ(forms["vacuum"], "VACUUM");
}

// ---- JSON ------------------------------------------------------------------------------------------------------------

TEST(ExplainJson, FitsItsSchema) {
  const auto problems = [](const std::string& json) { return test::validate(k_schema, Json::parse(json)); };
  EXPECT_THAT(
      problems(to_json(explain_sql("DROP TABLE t; SELECT 1; CREATE INDEX CONCURRENTLY ON t (a)", k_all))),
      IsEmpty());
  EXPECT_THAT(problems(to_json(finding_pages(), row_chapters(built_in_effects()))), IsEmpty());
  EXPECT_THAT(problems(to_json(finding_pages().front())), IsEmpty());
  EXPECT_THAT(problems(to_json(row_chapters(built_in_effects()).front().groups.front())), IsEmpty());
  EXPECT_THAT(problems("{}"), Not(IsEmpty()));
}

// ---- documents -------------------------------------------------------------------------------------------------------

TEST(Document, WrapsWordsUnderTheirLabel) {
  Fields fields;
  fields.fields.push_back({"label", {Paragraph{Words("some words ") + code("a b") + ", and more"}}});
  EXPECT_EQ(to_text({fields}, 24, Painter(false)), "  label  some words a b,\n         and more\n");
}

TEST(Document, StacksATableThatIsTooWide) {
  const Table table{.header = {"a", "b"},
                    .rows = {{Words("a_long_name"), Words("ACCESS EXCLUSIVE"), Words("target")}}};
  EXPECT_EQ(to_text({table}, 50, Painter(false)), "  a_long_name  ACCESS EXCLUSIVE  target\n");
  EXPECT_EQ(to_text({table}, 30, Painter(false)), "  a_long_name\n    ACCESS EXCLUSIVE  target\n");
}

TEST(Document, MakesVisibleWhatATerminalWouldObey) {
  EXPECT_THAT(to_text({Paragraph{"a\x1b[31mb"}, Code{.text = "c\x1b[0m"}}, 80, Painter(false)),
              HasSubstr("a\\x1b[31mb"));
}

TEST(Document, MarkdownKeepsNamesFromBecomingMarkup) {
  const Table table{.header = {"a"}, .rows = {{Words("x|*y*") + "\n" + code("p|`q")}}};
  EXPECT_EQ(to_markdown({table}), "| a |\n| --- |\n| x\\|\\*y\\*<br>``p\\|`q`` |\n");
}

TEST(Document, MarkdownFencesCodeThatHoldsAFence) {
  EXPECT_EQ(to_markdown({Code{.language = "sql", .text = "```\n"}}), "````sql\n```\n````\n");
}

}  // namespace
}  // namespace pgsluice
