// SPDX-License-Identifier: Apache-2.0
#pragma once

// The steps of a plan, run and looked at.

#include <functional>
#include <set>

#include "pgsluice/preview.hpp"

namespace pgsluice {

/// A server that nobody else uses: one session runs, the other looks on.
struct Stage {
  Session& runner;
  Session& watcher;
  std::function<void()> prepare;  ///< called once, between the history and the first file that is looked at
};

/// Runs every step as apply would, one transaction each, until the server refuses a statement. Those of `history`, by their
/// number, are there for the others: one that the server refuses makes no end before the next file that is looked at, so that
/// all such are known. `began` is told of every statement before it runs. `plan` must outlive the result.
Preview rehearse(const Plan& plan, const std::set<std::size_t>& history, const Stage& stage,
                 const std::function<void(const FileAnalysis&, const Statement&)>& began);

}  // namespace pgsluice
