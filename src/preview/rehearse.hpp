// SPDX-License-Identifier: Apache-2.0
#pragma once

// The steps of a plan, run and looked at.

#include <chrono>
#include <functional>
#include <set>
#include <string>

#include "pgsluice/preview.hpp"
#include "preview/lookout.hpp"

namespace pgsluice {

/// SQL that makes a role of the cluster, which the files only name. What it may do on other servers nobody knows: here it may
/// do everything, for the files may go on as that role.
std::string create_role(const std::string& role);

/// A server that nobody else uses: one session runs, the others look on.
struct Stage {
  Session& runner;
  Onlookers onlookers;
  std::function<void()> prepare;  ///< called once, between the history and the first file that is looked at
};

using StatementBegins = std::function<void(const FileAnalysis&, const Statement&)>;

/// Runs every step as apply would, one transaction each, until the server refuses a statement. Those of `history`, by their
/// number, are there for the others: one that the server refuses makes no end before the next file that is looked at, so that
/// all such are known. `began` is told of every statement before it runs. `plan` must outlive the result.
Preview rehearse(const Plan& plan, const std::set<std::size_t>& history, const Stage& stage,
                 const StatementBegins& began);

/// A database that others use, too, and that stays as it is.
struct Clone {
  Session& session;
  Session& onlooker;  ///< for what waits longer than it may
  std::string reset;  ///< SQL that undoes what a file has set, and makes our settings again
  std::chrono::milliseconds look_timeout;  ///< longest wait for a lock when we look at the catalogs
  std::function<std::chrono::milliseconds(const PlannedStatement&)> lock_timeout;
  /// The file as it is predicted without the pending files before it.
  std::function<FileAnalysis(const FileAnalysis&)> alone;
};

/// Runs each file that is pending by itself, all its steps in one transaction that is rolled back, until the server refuses
/// a statement. Left out are files that cannot run so, those that rest on pending files before them, and those that are
/// refused and may. Files of `unnamed`, by their number, are not run. `plan` must outlive the result. Throws Error:
/// unreachable, lock_budget, bug.
Preview rehearse_rolled_back(const Plan& plan, const std::set<std::size_t>& unnamed, const Clone& clone,
                             const StatementBegins& began);

}  // namespace pgsluice
