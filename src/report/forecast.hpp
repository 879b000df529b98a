// SPDX-License-Identifier: Apache-2.0
#pragma once

// What plan shows.

#include "pgsluice/forecast.hpp"
#include "report/document.hpp"

namespace pgsluice {

Document to_document(const Forecast& forecast);

}  // namespace pgsluice
