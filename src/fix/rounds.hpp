// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fix/analysis.hpp"
#include "pgsluice/fix.hpp"

namespace pgsluice::fix {

/// The migration as it is when no kind has anything to say any more. `catalog` moves on to what is there behind it.
FixedMigration run_rounds(const Job& job, Catalog& catalog);

}  // namespace pgsluice::fix
