// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which statement of a step does which work, and on which tables.

#include <functional>
#include <vector>

#include "pgsluice/forecast.hpp"

namespace pgsluice::forecasting {

/// What the analysis says of a planned statement.
const Effect& effect_of(const PlannedFile& file, const PlannedStatement& planned);
/// Its work on tables that others know already.
std::vector<PricedWork> work_of(const Effect& effect);
/// Every table that is worked on, once; a partitioned table only where none of its partitions is named.
std::vector<RelationName> tables_of(const Effect& effect);

}  // namespace pgsluice::forecasting
