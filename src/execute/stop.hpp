// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a run ends when somebody asks it to.

#include "pgsluice/execute.hpp"

namespace pgsluice {

/// The exit code that says which signal it was.
ExitCode interrupted_code(const Interrupt& interrupt);
bool is_interrupted(const World& world);
/// Throws Error when a signal has arrived.
void stop_if_interrupted(const World& world);

}  // namespace pgsluice
