// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an application felt of the files: a part of the page of a preview.

#include "pgsluice/preview.hpp"
#include "report/document.hpp"

namespace pgsluice {

/// `preview` has a load.
void add_load(Document& document, const Preview& preview);

}  // namespace pgsluice
