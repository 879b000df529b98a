// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "pgsluice/session.hpp"

namespace pgsluice {

/// Looks at the catalogs. Throws Error: unreachable, lock_budget (others are in the way there), bug.
SqlResult ask(Session& session, std::string_view sql, std::vector<SqlValue> parameters = {});

}  // namespace pgsluice
