// SPDX-License-Identifier: Apache-2.0
#pragma once

// What apply refuses beside a release that is still running.

#include "pgsluice/findings.hpp"

namespace pgsluice {

/// It breaks that release, and the file is none of the contract phase.
inline bool breaks_running_release(const Finding& finding, Phase phase) {
  return finding.finding.starts_with("breaks-running-") && phase != Phase::contract && !finding.allowed;
}

}  // namespace pgsluice
