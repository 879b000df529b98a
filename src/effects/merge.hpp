// SPDX-License-Identifier: Apache-2.0
// The effects of a statement's commands become those of the statement.
#pragma once

#include <string_view>
#include <vector>

#include "pgsluice/effects.hpp"
#include "unique.hpp"

namespace pgsluice::effects {

/// Each relation once, with the strongest lock.
void add_lock(std::vector<RelationLock>& locks, RelationPlaces& places, const RelationLock& lock);
void merge(Effect& effect);
/// ALTER TABLE takes the strictest lock of its sub-commands, for all of them, on all that it changes
/// (tablecmds.c AlterTableGetLockLevel).
void raise_alter_table(const Statement& statement, Effect& effect);

/// Commands that neither change the schema nor write rows have no phase; of code, what it runs counts.
bool is_neutral(std::string_view tag);
bool is_dml(std::string_view tag);
/// Gives the statement its phase.
void classify(const Statement& statement, Effect& effect);

}  // namespace pgsluice::effects
