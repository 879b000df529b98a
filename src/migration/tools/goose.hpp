// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace pgsluice::tools {

/// Outside of StatementBegin and StatementEnd, goose takes a statement to end with such a line.
bool ends_goose_statement(std::string_view line);

}  // namespace pgsluice::tools
