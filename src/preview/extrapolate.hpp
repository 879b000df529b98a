// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a statement would take on tables as large as production's.

#include <map>
#include <string>

#include "pgsluice/preview.hpp"

namespace pgsluice {

/// By quoted names with their schema.
using RowCounts = std::map<std::string, double>;

/// What a catalog says of tables and materialized views; of a partitioned table, what its partitions have. Without those
/// that were never analyzed.
RowCounts production_rows(const Catalog& catalog);

/// What is there now. Throws Error when the server goes away.
RowCounts measured_rows(Session& session);

/// Adds to each statement that rewrote, read through or indexed tables that both know what it would take with `production`'s
/// rows. Where it was seen on too few to tell, that is what is added.
void extrapolate(Preview& preview, const RowCounts& measured, const RowCounts& production);

}  // namespace pgsluice
