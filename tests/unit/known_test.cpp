// SPDX-License-Identifier: Apache-2.0
// Every known case on every version, on top of the replayed fixture; and the same prediction wherever and however
// a statement is written.
#include <gtest/gtest.h>

#include <iostream>

#include "support/known_cases.hpp"

namespace pgsluice::test {
namespace {

TEST(KnownCases, AreAsThePredictionSaysByReplay) {
  KnownSummary summary("replay");
  for (int version = 12; version <= 18; ++version) {
    const Catalog fixture = replay_fixture(version);
    for (const KnownCase& known : known_cases()) {
      const Record* record = known.record(version);
      if (record == nullptr || !record->error.empty()) continue;
      summary.add(known, version, judge(known, *record, version, fixture));
    }
  }
  std::cout << summary.table();
  EXPECT_EQ(summary.problems(), "");
}

}  // namespace
}  // namespace pgsluice::test
