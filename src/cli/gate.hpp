// SPDX-License-Identifier: Apache-2.0
#pragma once

// What plan, apply, status and hook share about contract steps: the policy, the sources, and the decision for each file.

#include <optional>
#include <string>
#include <vector>

#include "cli/cluster.hpp"
#include "cli/options.hpp"
#include "pgsluice/gate.hpp"

namespace pgsluice::cli {

struct GateOptions {
  std::string release;
  std::string app;                     ///< that the release is one of; empty: nobody has said
  std::vector<std::string> app_roles;  ///< that the application connects as; empty: nobody has said
  std::vector<std::string> evidence;   ///< "sessions=required"
  std::vector<std::string> freezes;
  std::vector<std::string> ignored_roles;  ///< whose queries are no use of anything
  std::optional<milliseconds> soak;
  std::vector<std::string> approved;  ///< ids of files
  std::string reason;
  bool strict = false;
  ClusterOptions cluster;
};
void add_release(CLI::App& app, std::string& release);
void add_app(CLI::App& app, std::string& name);
/// What the gate asks for.
void add_gate_policy(CLI::App& app, GateOptions& options);
/// --approve and --strict-gates, for commands that run something.
void add_gate_actions(CLI::App& app, GateOptions& options);
/// Throws Error(usage).
GatePolicy gate_policy(const GateOptions& options);

struct Judgement {
  GateDecision decision;
  std::vector<Held> holds;  ///< of a closed gate
};
/// What there is to be said of one contract file of the plan at this moment.
Judgement judge_contract(const PlannedFile& file, const Plan& plan, const Ledger& ledger, Session& session,
                         const World& world, const GateOptions& options);
/// Asks for evidence on every contract file of the plan that could run, and takes the steps of those whose gate is closed.
std::vector<GateDecision> judge_contracts(Plan& plan, const Ledger& ledger, Session& session,
                                          const World& world, const GateOptions& options);
/// The contract files that do not run now, for people: "0007_x.sql: it needs …".
std::vector<std::string> held_lines(const Plan& plan);
}  // namespace pgsluice::cli
