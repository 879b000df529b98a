// SPDX-License-Identifier: Apache-2.0
#pragma once

// The schema of a snapshot, made again on an empty server.

#include <string>
#include <vector>

#include "pgsluice/session.hpp"
#include "pgsluice/snapshot.hpp"

namespace pgsluice {

/// Makes what the snapshot has the text of, in whatever order it can be made; all of it belongs to the session's role. Gives
/// what could not be made, each with the reason. Throws Error when the server goes away.
std::vector<std::string> recreate(Session& session, const Snapshot& snapshot);

}  // namespace pgsluice
