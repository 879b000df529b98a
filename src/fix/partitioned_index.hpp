// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fix/kind.hpp"

namespace pgsluice::fix {

/// Of a CREATE INDEX whose table is partitioned. Empty: it is ON ONLY that, which builds nothing.
Rewritten on_partitions(const Subject& subject);

}  // namespace pgsluice::fix
