// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "preview/seen_catalog.hpp"

namespace pgsluice {

/// Puts together what the catalogs showed before and after a statement with what the server said meanwhile: locks, rewrites,
/// scans, index builds, disk. Work on what the transaction made itself keeps nobody waiting, and is not told. `taken`: the
/// locks of the statement; `held`: all of the transaction.
void read_what_was_done(const SeenCatalog& catalog, const LocksByMode& taken, const LocksByMode& held,
                        Session& session, const Statement& statement,
                        const std::vector<std::string>& messages, Observation& observation);

}  // namespace pgsluice
