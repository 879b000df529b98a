// SPDX-License-Identifier: Apache-2.0
// Row security: which policies PostgreSQL adds to a query. pg: rowsecurity.c get_row_security_policies.
#pragma once

#include <vector>

#include "pgsluice/catalog.hpp"

namespace pgsluice::effects {

/// Those of the relations that the command names. They hold for everybody but the owner and, so it is taken, the role that
/// runs the migrations.
std::vector<CatalogPolicy> policies_for(const Catalog& catalog, const Command& command);

}  // namespace pgsluice::effects
