// SPDX-License-Identifier: Apache-2.0
// Any bytes as a migration on top of the fixture: parsed, predicted, judged and rendered. A crash, a sanitizer's report
// and a run of more than a second are findings.
#include <array>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>

#include "report/lint.hpp"
#include "support/analysis.hpp"
#include "support/known_cases.hpp"

namespace {

constexpr int k_oldest = 12;
constexpr int k_versions = 7;

const pgsluice::Catalog& fixture(int version) {
  static const std::array<pgsluice::Catalog, k_versions> k_fixtures = [] {
    std::array<pgsluice::Catalog, k_versions> all;
    for (int i = 0; i < k_versions; ++i) all.at(i) = pgsluice::test::replay_fixture(k_oldest + i);
    return all;
  }();
  return k_fixtures.at(version - k_oldest);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const int version = k_oldest + data[0] % k_versions;
  const std::string sql(data + 1, data + size);
  pgsluice::Catalog catalog = fixture(version);
  const pgsluice::FileAnalysis file = pgsluice::test::analyse_sql(sql, "fuzz.sql", version, catalog);
  std::ostringstream document;
  pgsluice::make_lint_json(version, document)->add_whole(file);
  return 0;
}
