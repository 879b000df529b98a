// SPDX-License-Identifier: Apache-2.0
// What tests/corpus says that PostgreSQL refuses, it refuses; what stands beside it, it does.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "execute/harness.hpp"
#include "support/corpus.hpp"

namespace pgsluice::test {
namespace {

class Corpus : public ::testing::TestWithParam<Server> {};

INSTANTIATE_TEST_SUITE_P(Servers, Corpus, ::testing::ValuesIn(servers({})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Corpus);

std::set<int> lines_that_fail(const CorpusLabel& label) {
  std::set<int> lines;
  for (const Said& said : label.finds) {
    if (said.finding == "fails-when-run") lines.insert(said.line);
  }
  return lines;
}

bool has_failures(const CorpusCase& one) {
  return std::ranges::any_of(one.migrations, [](Migration migration) {
    read(migration);
    return !lines_that_fail(read_label(migration.source.text)).empty();
  });
}

/// Statement by statement, up to the first one that fails.
void run_file(Migration migration, Session& session) {
  read(migration);
  const std::set<int> failing = lines_that_fail(read_label(migration.source.text));
  const Script script = parse(std::move(migration.source));
  const LineIndex lines(script.source.text);
  for (const Statement& statement : script.statements) {
    const bool fails = failing.contains(lines.position(statement.range.begin).line);
    const SqlResult result = session.query(script.text(statement.range), {});
    EXPECT_EQ(!result.ok, fails) << script.source.path << ": " << script.text(statement.range) << "\n"
                                 << result.error.message;
    if (!result.ok) break;
  }
  session.query("ROLLBACK", {});
}

TEST_P(Corpus, IsRefusedWhereItSaysSo) {
  const std::filesystem::path corpus = std::filesystem::path(PGSLUICE_SOURCE_DIR) / "tests" / "corpus";
  for (const CorpusCase& one : corpus_cases(corpus)) {
    if (!has_failures(one)) continue;
    const Database database(GetParam(), "corpus");
    const std::unique_ptr<Session> session = database.connect("corpus", k_superuser);
    for (const Migration& migration : one.migrations) run_file(migration, *session);
  }
}

}  // namespace
}  // namespace pgsluice::test
