// SPDX-License-Identifier: Apache-2.0
#pragma once

// What apply and hook share: the whole way from a folder to a report.

#include <functional>
#include <optional>
#include <string>

#include "cli/metrics.hpp"
#include "cli/options.hpp"
#include "cli/pending.hpp"
#include "pgsluice/execute.hpp"

namespace pgsluice::cli {

struct ApplyOptions {
  std::string command = "apply";  ///< in the ledger
  PendingOptions pending;
  BudgetOptions budgets;
  std::string url;
  std::string plan;
  std::string receipt;  ///< of a rehearsal, which what runs must have had
  Format format = Format::text;
  BlockerPolicy blockers;
  std::string keep;  ///< another tool, whose ledger is told, too
  MetricsOptions metrics;
  std::optional<milliseconds> wait_for_run;
  std::optional<milliseconds> wait_for_db;
  std::optional<milliseconds> budget;    ///< of all of it
  std::vector<std::string> guard_roles;  ///< who may read of the ledger what guard asks for
  bool detach = false;
  std::function<void(const Plan&, const RunReport&)> on_end;
  EventSink on_event;  ///< beside standard error
};

/// Of one step, whom it may push aside, how long to wait for what.
/// `wait_for_run`: for as long, where --wait-for-run does not say; for --help.
void add_run_options(CLI::App& app, ApplyOptions& options, milliseconds wait_for_run);
ExitCode run_apply(const ApplyOptions& options, const GlobalOptions& global);

}  // namespace pgsluice::cli
