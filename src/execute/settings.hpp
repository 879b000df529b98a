// SPDX-License-Identifier: Apache-2.0
#pragma once

// The settings that make a session safe to run migrations in, and the proof that they hold.

#include <string>

#include "pgsluice/execute.hpp"

namespace pgsluice {

/// Makes the settings and reads them back in a second transaction. Throws Error(precondition) when one did not
/// stick, or when a pooler stands between.
void make_settings(Session& session, const RunOptions& options);

/// One message that undoes whatever a file has set, and makes our settings again.
std::string reset_script(const RunOptions& options, int server_version_num);

}  // namespace pgsluice
