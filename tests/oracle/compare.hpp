// SPDX-License-Identifier: Apache-2.0
// Prediction beside observation, for one row on one server.
#pragma once

#include <string>
#include <vector>

#include "oracle/application.hpp"
#include "oracle/observe.hpp"
#include "support/verdict.hpp"

namespace pgsluice::oracle {

using test::Verdict;

struct RowResult {
  std::string row;
  int version = 0;
  std::string example;
  Verdict verdict = Verdict::exact;
  std::string problem;  ///< why it could not be compared
  std::vector<Difference> differences;
};

/// Predicts the example after its setup, runs it on the server, and compares.
class RowCheck {
 public:
  RowCheck(const Server& server, const std::string& database, const EffectTable& table);
  RowResult run(const EffectRow& row);

 private:
  void probe_locks(const Effect& effect, Observation& observed, const EffectRow& row);
  [[nodiscard]] bool probe(const EffectRow& row, const RelationLock& lock);
  /// Why it is not true that the example breaks whom the row says; empty: it is.
  [[nodiscard]] std::string refute_breaks(const EffectRow& row);

  int version_;
  const EffectTable& table_;
  Session runner_;
  Session holder_;
  Session watcher_;
  Session reader_;
  Application application_;
};

/// One block for people: row, version, predicted beside observed.
std::string describe(const RowResult& result);

}  // namespace pgsluice::oracle
