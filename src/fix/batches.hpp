// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fix/kind.hpp"

namespace pgsluice::fix {

/// UPDATE or DELETE of many rows → the same in batches.
Rewritten in_batches(const FileAnalysis& file, const Effect& effect, const Catalog& before);

}  // namespace pgsluice::fix
