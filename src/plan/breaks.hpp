// SPDX-License-Identifier: Apache-2.0
#pragma once

// What apply refuses beside a release that is still running.

#include <algorithm>

#include "pgsluice/findings.hpp"

namespace pgsluice {

/// It breaks that release, and the file is none of the contract phase.
inline bool breaks_running_release(const Finding& finding, Phase phase) {
  return finding.finding.starts_with("breaks-running-") && phase != Phase::contract && !finding.allowed;
}

/// The first finding of the file that is one; nullptr: apply runs it.
inline const Finding* first_break(const FileAnalysis& file) {
  const auto found = std::ranges::find_if(file.findings, [&file](const Finding& finding) {
    return breaks_running_release(finding, file.migration.phase);
  });
  return found == file.findings.end() ? nullptr : &*found;
}

}  // namespace pgsluice
