// SPDX-License-Identifier: Apache-2.0
#pragma once

// One analysed file → the steps that it is run in. Knows nothing of the ledger: all steps, done or not.

#include <string>
#include <vector>

#include "pgsluice/plan.hpp"

namespace pgsluice {

struct FileSteps {
  std::vector<Step> steps;
  std::vector<PlanProblem> problems;  ///< what cannot be run as it is written
};

/// Each relation once, with its strongest mode, without those made in this transaction.
void merge_locks(std::vector<RelationLock>& into, const std::vector<RelationLock>& locks);

FileSteps make_steps(const FileAnalysis& file);

}  // namespace pgsluice
