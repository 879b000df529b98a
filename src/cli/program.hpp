// SPDX-License-Identifier: Apache-2.0
#pragma once

// The command line as a whole: builds the parser from the table of commands, maps its complaints to ours, runs the
// command that was asked for.

#include "cli/options.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice::cli {

/// Throws Error; returns the exit code of a command that came to its end. `options` is filled as far as the command
/// line could be read: it says how to report an Error.
ExitCode run(int argc, char** argv, GlobalOptions& options);

}  // namespace pgsluice::cli
