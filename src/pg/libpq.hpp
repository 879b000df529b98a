// SPDX-License-Identifier: Apache-2.0
#pragma once

// libpq is loaded when it is first needed, never when the program starts: linked, its 25 shared objects would
// quadruple the start-up time of commands that need no server.

#include <string>

namespace pgsluice::pg {

/// Such as "15.18". Throws Error(precondition) that says what to install when libpq is missing.
std::string libpq_version();

}  // namespace pgsluice::pg
