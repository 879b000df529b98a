// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the ledger knows of the run that failed, for whoever has to mend it.

#include <string>
#include <vector>

#include "pgsluice/session.hpp"

namespace pgsluice {

/// Lines for people, the first one says most. Throws Error(unreachable, precondition).
std::vector<std::string> explain_last_run(Session& session);

}  // namespace pgsluice
