// SPDX-License-Identifier: Apache-2.0
// Which of several functions of one name a call means.
#pragma once

#include <vector>

#include "pgsluice/catalog.hpp"

namespace pgsluice {

/// Those that PostgreSQL would choose by the types of the arguments, as far as they are seen.
std::vector<const CatalogFunction*> chosen_overloads(std::vector<const CatalogFunction*> candidates,
                                                     const FunctionCall& call);

}  // namespace pgsluice
