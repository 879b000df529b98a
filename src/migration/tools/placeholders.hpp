// SPDX-License-Identifier: Apache-2.0
#pragma once

// Words that a tool fills in before it runs a file. Those with a value are replaced; the others become the names or
// values of themselves where that makes a statement of it.

#include <functional>
#include <map>
#include <string>

#include "migration/tools/draft.hpp"

namespace pgsluice::tools {

void fill_placeholders(Draft& draft, const std::map<std::string, std::string, std::less<>>& values);

}  // namespace pgsluice::tools
