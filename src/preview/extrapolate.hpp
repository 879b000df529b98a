// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a statement would take on tables as large as production's.

#include <map>
#include <set>
#include <string>

#include "pgsluice/preview.hpp"

namespace pgsluice {

/// By quoted names with their schema.
using RowCounts = std::map<std::string, double>;

struct ProductionRows {
  RowCounts known;
  std::set<std::string> unknown;  ///< never analyzed, or with such a partition
};

/// What a catalog says of tables and materialized views; of a partitioned table, what its partitions have.
ProductionRows production_rows(const Catalog& catalog);

/// What is there now. Throws Error when the server goes away.
RowCounts measured_rows(Session& session);

/// Adds to each statement that rewrote, read through or indexed tables that both know what it would take with `production`'s
/// rows. Where it was seen on too few to tell, that is what is added; so is what `production` does not know.
void extrapolate(Preview& preview, const RowCounts& measured, const ProductionRows& production);

}  // namespace pgsluice
