// SPDX-License-Identifier: Apache-2.0
#pragma once

// In whose conventions migrations are read: what people say about that, and what they are told.

#include <vector>

#include "pgsluice/execute.hpp"
#include "pgsluice/migration.hpp"

namespace CLI {
class App;
}  // namespace CLI

namespace pgsluice::cli {

/// --tool and --placeholder, and [placeholders] of pgsluice.toml.
void add_reading(CLI::App& app, Conventions& options);

/// Says whose conventions it is, and what else a folder could be.
void tell_reading(const std::vector<Migration>& migrations, const EventSink& emit);

}  // namespace pgsluice::cli
