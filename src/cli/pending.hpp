// SPDX-License-Identifier: Apache-2.0
#pragma once

// What plan and apply share: from a folder and a server to a plan that policy has judged.

#include <optional>
#include <string>
#include <vector>

#include "cli/gate.hpp"
#include "cli/options.hpp"
#include "pgsluice/forecast.hpp"

namespace pgsluice::cli {

enum class PhaseChoice { all, expand, backfill, contract };

struct PendingOptions {
  std::string directory;
  Conventions reading;
  std::string rules;
  PhaseChoice phase = PhaseChoice::all;
  std::optional<double> max_locked_bytes;
  GateOptions gate;
  bool earlier_releases_only = false;
  bool same_folder_is_same_release = false;  ///< where nobody names the release
  bool contract_last = false;
};
void add_pending_options(CLI::App& app, PendingOptions& options);
/// Those of them that do not say which phase.
void add_folder_options(CLI::App& app, PendingOptions& options);

/// Of a step, when no directive says otherwise.
struct BudgetOptions {
  std::optional<milliseconds> lock_timeout;
  std::optional<milliseconds> lock_budget;
  std::optional<milliseconds> statement_timeout;
  std::optional<milliseconds> stall_budget;
  std::optional<int> max_victims;
  std::optional<int> max_attempts;
};
void add_budgets(CLI::App& app, BudgetOptions& options);
/// Throws Error(usage) for a lock timeout that would wait for ever.
RunOptions run_options(const BudgetOptions& options);

/// Whom a run may push aside.
void add_blocker_policy(CLI::App& app, BlockerPolicy& policy);
/// Throws Error(usage) for a policy that names nobody.
void expect_somebody(const BlockerPolicy& policy);

/// A server as the analysis needs it.
struct Place {
  Session& session;
  std::vector<std::string> schemas;  ///< where unqualified names lead
  milliseconds lock_timeout{200};    ///< for reading the catalogs
};

struct Pending {
  Ledger ledger;
  std::optional<Snapshot> snapshot;  ///< none: nothing is pending, or the catalogs could not be read
  Plan plan;
  std::vector<GateDecision> decisions;  ///< on contract files that could run
};

/// The folder's files against what the server has now. Emits a warning when the catalogs cannot be read: then the files
/// alone say what is there.
Pending find_pending(std::vector<Migration> migrations, Ledger ledger, const Place& place,
                     const PendingOptions& options, const World& world);

/// What the plan rests on, at this moment.
PlanBasis basis_of(const Pending& pending, const Place& place, const RelationStates& states);

}  // namespace pgsluice::cli
