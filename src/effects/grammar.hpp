// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pgsluice/sql.hpp"

namespace pgsluice::effects {

/// A server of that major does not know the syntax of the command: it refuses the statement before it locks anything.
/// Our own grammar is that of the newest one.
bool is_too_new(const Command& command, int pg_version);

}  // namespace pgsluice::effects
