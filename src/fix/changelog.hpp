// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fix/analysis.hpp"
#include "pgsluice/fix.hpp"

namespace pgsluice::fix {

/// A changelog of Liquibase: each changeset is rewritten as if it were a file, and its new files become changesets behind
/// it. Those that FixInput::applied has stay as they are.
FixedMigration fix_changelog(const Job& job, Catalog& catalog);

}  // namespace pgsluice::fix
