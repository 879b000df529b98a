// SPDX-License-Identifier: Apache-2.0
// The oracle's cases of several statements, each on its database, through preview: what it sees, with the means that it has,
// is what was predicted. A sample of them; PGSLUICE_PREVIEW_CASES=all takes all, on all servers.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "execute/harness.hpp"
#include "execute/server_process.hpp"
#include "support/known_cases.hpp"

namespace pgsluice::test {
namespace {

namespace fs = std::filesystem;

/// What lint is known to be wrong about: tests/known/gaps.*.
std::set<std::string> known_gaps() {
  std::set<std::string> ids;
  for (const std::string_view name : {"gaps.replay", "gaps.snapshot"}) {
    std::ifstream file(fs::path(PGSLUICE_SOURCE_DIR) / "tests/known" / name);
    for (std::string line; std::getline(file, line);) ids.insert(line.substr(0, line.find(' ')));
  }
  return ids;
}

bool has_data(const KnownCase& known) {
  return std::ranges::any_of(known.statements, [](const std::string& sql) {
    return to_lower(sql).find("from stdin") != std::string::npos;
  });
}

/// Several statements that the server runs, whatever its rows.
std::vector<const KnownCase*> cases_of(int major) {
  static const std::set<std::string> gaps = known_gaps();
  std::vector<const KnownCase*> found;
  for (const KnownCase& known : known_cases()) {
    const Record* record = known.record(major);
    const bool several = known.pre.size() + known.statements.size() > 1;
    const bool runs = record != nullptr && record->error.empty() && !has_data(known);
    if (several && runs && known.depends_on_rows.empty() && !gaps.contains(known.id)) found.push_back(&known);
  }
  return found;
}

void write_case(Folder& folder, const KnownCase& known) {
  folder.write("0000_cluster.sql",
               "-- pgsluice: transaction=off\nSET allow_in_place_tablespaces = on;\nCREATE TABLESPACE ts1 "
               "LOCATION '';\nCREATE ROLE leaver;\n");
  folder.write("0001_fixture.sql", fixture_sql());
  for (std::size_t i = 0; i < known.setup.size(); ++i)
    folder.write(cat("0002_", std::to_string(100 + i), "_setup.sql"), known.setup[i]);
  std::vector<std::string> all = known.session;
  all.insert(all.end(), known.pre.begin(), known.pre.end());
  all.insert(all.end(), known.statements.begin(), known.statements.end());
  folder.write("0003_case.sql", cat(known.transaction ? "" : "-- pgsluice: transaction=off\n", joined(all)));
}

class PreviewOfKnownCases : public ::testing::TestWithParam<Server> {};
INSTANTIATE_TEST_SUITE_P(Servers, PreviewOfKnownCases,
                         ::testing::ValuesIn(servers({12, 13, 14, 15, 16, 17, 18})), version_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PreviewOfKnownCases);

TEST_P(PreviewOfKnownCases, AgreesOnEachStatement) {
  const int major = GetParam().major;
  const bool all = std::getenv("PGSLUICE_PREVIEW_CASES") != nullptr;  // NOLINT(concurrency-mt-unsafe)
  if (!all && major != 12 && major != 18) return;
  const std::vector<const KnownCase*> cases = cases_of(major);
  ASSERT_GT(cases.size(), 200U);
  const std::size_t step = all ? 1 : 40;
  for (std::size_t i = static_cast<std::size_t>(major) % step; i < cases.size(); i += step) {
    Folder folder;
    write_case(folder, *cases[i]);
    const Finished seen = run({"preview", "--pg-bin", programs_of(GetParam()).string(),
                               (folder.path() / "0003_case.sql").string()});
    // ROLLBACK is for scripts.
    if (seen.code == 2 && seen.err.find("in a migration") != std::string::npos) continue;
    EXPECT_EQ(seen.code, 0) << cases[i]->id << "\n" << seen.err << seen.out;
    EXPECT_EQ(seen.out.find("left out"), std::string::npos) << cases[i]->id << "\n" << seen.out;
  }
}

}  // namespace
}  // namespace pgsluice::test
