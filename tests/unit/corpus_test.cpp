// SPDX-License-Identifier: Apache-2.0
// What lint finds in tests/corpus is what the labels say: all dangers, and no false alarm.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/corpus.hpp"

namespace pgsluice {
namespace {

namespace fs = std::filesystem;
using test::CorpusCase;
using test::CorpusResult;
using test::Said;

fs::path corpus() {
  return fs::path(PGSLUICE_SOURCE_DIR) / "tests" / "corpus";
}

const std::vector<CorpusCase>& cases() {
  static const std::vector<CorpusCase> k_cases = test::corpus_cases(corpus());
  return k_cases;
}

std::string in_words(const std::vector<Said>& said) {
  std::string words;
  for (const Said& one : said) {
    words += "\n  line " + std::to_string(one.line) + ": " + one.finding;
    if (!one.severity.empty()) words += " (" + one.severity + ")";
  }
  return words;
}

class CorpusCases : public testing::TestWithParam<CorpusCase> {};

TEST_P(CorpusCases, AreJudgedAsTheirLabelsSay) {
  for (const CorpusResult& result : test::run_case(GetParam(), corpus())) {
    EXPECT_TRUE(result.missing.empty()) << result.path << " is not caught:" << in_words(result.missing);
    EXPECT_TRUE(result.extra.empty()) << result.path << " is a false alarm:" << in_words(result.extra);
  }
}

std::string test_name(const testing::TestParamInfo<CorpusCase>& info) {
  std::string name = info.param.name;
  std::ranges::replace_if(name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, CorpusCases, testing::ValuesIn(cases()), test_name);

/// By kind of danger: how many files there are of it, and how many of these are judged rightly.
struct Row {
  std::size_t dangerous = 0;
  std::size_t caught = 0;
  std::size_t safe = 0;
  std::size_t alarms = 0;
};

std::string table(const std::map<std::string, Row>& rows) {
  std::ostringstream out;
  out << "dangerous  caught  safe  false alarms\n";
  for (const auto& [kind, row] : rows) {
    out << row.dangerous << '\t' << row.caught << '\t' << row.safe << '\t' << row.alarms << "  " << kind
        << '\n';
  }
  return out.str();
}

TEST(Corpus, HasAllDangersCaughtAndNoFalseAlarm) {
  std::map<std::string, Row> rows;
  Row all;
  for (const CorpusCase& one : cases()) {
    for (const CorpusResult& result : test::run_case(one, corpus())) {
      for (Row* row : {&rows[result.label.kind], &all}) {
        (result.label.dangerous ? row->dangerous : row->safe) += 1;
        if (result.label.dangerous && result.missing.empty()) row->caught += 1;
        if (!result.label.dangerous && !result.extra.empty()) row->alarms += 1;
      }
    }
  }
  EXPECT_GE(all.dangerous + all.safe, 150U);
  EXPECT_EQ(all.caught, all.dangerous) << table(rows);
  EXPECT_EQ(all.alarms, 0U) << table(rows);
}

/// What ran without trouble is not talked about: at most one thing in ten statements.
TEST(Corpus, LeavesLongHistoriesInPeace) {
  std::size_t histories = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(corpus() / "histories")) {
    const test::HistoryCount count = test::count_history(entry.path());
    EXPECT_GE(count.statements, 40U) << entry.path();
    EXPECT_LE(10 * count.findings.size(), count.statements)
        << entry.path() << ": " << testing::PrintToString(count.findings);
    ++histories;
  }
  EXPECT_GE(histories, 6U);
}

/// What other linters call a danger stands in kinds.json, for scripts/compare-linters.
TEST(Corpus, HasAWordOfOtherLintersForEachKind) {
  std::ifstream file(corpus() / "kinds.json");
  const nlohmann::json kinds = nlohmann::json::parse(file).at("kinds");
  std::set<std::string> used;
  for (const CorpusCase& one : cases()) {
    for (Migration migration : one.migrations) {
      read(migration);
      used.insert(test::read_label(migration.source.text).kind);
    }
  }
  for (const std::string& kind : used) EXPECT_TRUE(kinds.contains(kind)) << kind;
  for (const auto& [kind, words] : kinds.items()) EXPECT_TRUE(used.contains(kind)) << kind;
}

}  // namespace
}  // namespace pgsluice
