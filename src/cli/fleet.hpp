// SPDX-License-Identifier: Apache-2.0
#pragma once

// What plan and status share when they look at many databases: a few at a time, each for itself, whatever happens to the
// others.

#include <functional>
#include <optional>
#include <string>

#include "cli/gate.hpp"
#include "cli/options.hpp"
#include "cli/targets.hpp"
#include "pgsluice/execute.hpp"
#include "report/fleet.hpp"

namespace pgsluice::cli {

struct FleetOptions {
  std::string file;      ///< that lists targets
  std::string selector;  ///< of CloudNativePG's Clusters
  std::optional<unsigned> jobs;
};
void add_fleet_options(CLI::App& app, FleetOptions& options);
inline bool wants_fleet(const FleetOptions& options) {
  return !options.file.empty() || !options.selector.empty();
}

struct Fleet {
  std::string command;  ///< "status"
  std::string url;      ///< what all targets have in common
  FleetOptions options;
  GateOptions gate;
  bool json = false;
  std::string output;  ///< a file; empty: standard output
};
/// Looks at one database and says what it is like; a value that is thrown is what came of it. Called by several threads.
using LookAtTarget = std::function<void(const World& world, const GateOptions& gate, TargetReport& report)>;

/// Looks at all of them and shows it. Ends with the exit code of the worst one.
ExitCode run_fleet(const Fleet& fleet, const GlobalOptions& global, const LookAtTarget& look);

}  // namespace pgsluice::cli
