// SPDX-License-Identifier: Apache-2.0
#pragma once

// Many files through all stages: what each does depends on those before it, but most of the work does not.

#include <functional>
#include <vector>

#include "findings/baseline.hpp"
#include "findings/query_list.hpp"
#include "findings/severity.hpp"
#include "pgsluice/findings.hpp"
#include "report/lint.hpp"

namespace pgsluice::cli {

struct LintRules {
  const EffectTable& effects;
  const RuleBook& findings;
  PredictOptions prediction;
  CheckOptions checking;
  Baseline* baseline = nullptr;  ///< gets the files in their order
  /// Each file is told that it sets no lock_timeout, not only the first one: what a baseline knows says nothing of others.
  bool tell_each_timeout = false;
  const SeverityOverrides* severities = nullptr;
  const QueryList* queries = nullptr;  ///< of the application; none: nobody knows them
  /// Whether a file is reported; the others are replayed, and that is all. None: all are.
  std::function<bool(const Migration&)> reported;
  /// FileAnalysis::unreported of a file that has been read. None: all of it is reported.
  std::function<std::vector<SourceRange>(const Migration&)> unreported;
  /// FileAnalysis::changed_since of a file. None: no ledger has been asked.
  std::function<std::optional<std::string>(const Migration&)> changed_since;
};

/// Reads, parses and checks up to `jobs` files at a time; predicts and reports them one after the other, in their order,
/// so that the report is the same for any number of jobs. Only a few files are in memory at once. What stops the first
/// file that cannot be read is thrown after the report of those before it.
/// `catalog` is what is there before the first file.
LintTotals lint_files(const std::vector<Migration>& migrations, Catalog catalog, const LintRules& rules,
                      unsigned jobs, LintReport& report);

}  // namespace pgsluice::cli
