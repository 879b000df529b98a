// SPDX-License-Identifier: Apache-2.0
#pragma once

// Statements with a batch directive: how they are cut, or why not.

#include <variant>

#include "pgsluice/plan.hpp"

namespace pgsluice {

/// The batch directive of a statement, if it has one.
const Batch* batch_of(const FileAnalysis& file, std::size_t statement);

std::variant<Backfill, CutRefusal> make_backfill(const PlannedStatement& statement, const Batch& batch);

}  // namespace pgsluice
