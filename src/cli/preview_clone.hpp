// SPDX-License-Identifier: Apache-2.0
#pragma once

// preview --database-url: the files on a clone, where all that they do is rolled back.

#include <chrono>
#include <optional>
#include <string>

#include "cli/preview_files.hpp"
#include "pgsluice/execute.hpp"
#include "preview/rehearse.hpp"

namespace CLI {
class App;
}  // namespace CLI

namespace pgsluice::cli {

struct CloneOptions {
  std::optional<std::string> url;  ///< none: a server of its own
  bool consent = false;
  std::optional<std::chrono::milliseconds> lock_timeout;
  std::optional<std::chrono::milliseconds> statement_timeout;
};
void add_clone_options(CLI::App& app, CloneOptions& options);
/// Throws Error(usage) unless somebody says that it is a clone.
void expect_consent(const CloneOptions& options);

struct CloneSeen {
  Plan plan;
  Preview preview;  ///< points into the plan
  int major = 0;
  std::string catalog;      ///< digest
  std::size_t applied = 0;  ///< files that its ledger has
};

/// Runs what is pending there. `basis` needs the rules only. Throws Error: unreachable (also for a server that takes no
/// writes), precondition, lock_budget, what plan_of() throws.
CloneSeen see_clone(const CloneOptions& options, Files& files, PreviewBasis basis, const World& world,
                    const StatementBegins& began);

}  // namespace pgsluice::cli
