// SPDX-License-Identifier: Apache-2.0
// What code reads while a command of DDL calls it: a function of a CHECK, of an index, of a column that is computed.
#pragma once

#include <string_view>
#include <vector>

#include "pgsluice/effects.hpp"

namespace pgsluice::effects {

/// Whether what a statement with the tag reads is its own business, and not a query's or a body's.
bool counts_code_scans(std::string_view tag);

/// Adds to the commands of a statement that code runs the tables whose rows it looks through.
void add_code_scans(const Statement& statement, const Catalog& catalog, std::vector<CommandEffect>& effects);

}  // namespace pgsluice::effects
