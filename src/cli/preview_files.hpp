// SPDX-License-Identifier: Apache-2.0
#pragma once

// The files of a preview, and its plan: those that cannot run are left out.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/input.hpp"
#include "pgsluice/ledger.hpp"
#include "pgsluice/plan.hpp"
#include "pgsluice/snapshot.hpp"

namespace pgsluice::cli {

/// What is looked at, and what the server refuses, or apply would.
struct Files {
  WithHistory all;
  std::vector<std::string> left_out;
  std::optional<PlanProblem> refused;      ///< of one that was named
  std::vector<std::string> contract_work;  ///< what apply would refuse beside a release that is still running
  std::optional<std::string> standard_input;  ///< what it had, once it has been read

  void leave_out(std::size_t at, const std::string& place, std::string_view why);
  void leave_out_history();
  [[nodiscard]] bool has_more_than_history() const { return all.migrations.size() > all.history.size(); }
};

/// What files are judged by.
struct PreviewBasis {
  int pg_version = 0;            ///< major
  std::optional<Catalog> there;  ///< what the server has before the first file
  std::vector<std::string> schemas;
  Ledger ledger;
  bool checksums = false;  ///< the ledger, or a receipt, asks for those of the files
  std::string rules;
};

/// Without the files that cannot run: what is looked at may do without them. Throws Error: usage when nothing that was named
/// is left, file_changed.
Plan plan_of(Files& files, const PreviewBasis& basis);

/// Throws Error(usage).
[[noreturn]] void refuse(const PlanProblem& problem);

/// SHA-256 of what is there, whenever it was looked at.
std::string catalog_digest(Snapshot snapshot);

}  // namespace pgsluice::cli
