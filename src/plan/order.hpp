// SPDX-License-Identifier: Apache-2.0
#pragma once

// The order of phases over the history: expand → backfill → the application's release → contract.

#include "pgsluice/plan.hpp"

namespace pgsluice {

/// Takes the steps of contract files whose turn has not come, and says why.
void hold_contracts(Plan& plan, const Ledger& ledger, const PlanOptions& options);

}  // namespace pgsluice
