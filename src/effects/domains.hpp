// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "pgsluice/catalog.hpp"

namespace pgsluice::effects {

/// What the CHECKs call that a value of the type is tested with: those of a domain, of the domains below it, and of the
/// fields of a composite type.
std::vector<FunctionCall> domain_checks(const Catalog& catalog, const TypeName& type);

}  // namespace pgsluice::effects
