// SPDX-License-Identifier: Apache-2.0
#pragma once

// What doctor shows.

#include "pgsluice/doctor.hpp"
#include "report/document.hpp"

namespace pgsluice {

Document to_document(const std::vector<Check>& checks);

}  // namespace pgsluice
