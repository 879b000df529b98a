// SPDX-License-Identifier: Apache-2.0
#pragma once

// Taking locks in advance, all or none, in one message. A LOCK TABLE that fails writes a line into the server's log;
// looking for a moment may fail hundreds of times. In a block that catches the failure it writes nothing.

#include <optional>
#include <span>
#include <string>

#include "pgsluice/execute.hpp"

namespace pgsluice {

/// What is asked for, in this order: the first one is queued for the longest.
/// The answer is one row: the name of the relation that was busy, or '' when all locks are held. Left out is what cannot be
/// locked in advance: what is no table, is not there yet, or may not be locked by this role.
/// `patience`: for all of them together; none: NOWAIT.
std::string lock_script(std::span<const RelationLock> locks, std::optional<milliseconds> patience);

}  // namespace pgsluice
