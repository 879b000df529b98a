// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace pgsluice::sql {

/// Whether PostgreSQL's grammar takes the text for statements.
bool accepts(const std::string& sql);

}  // namespace pgsluice::sql
