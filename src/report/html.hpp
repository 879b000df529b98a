// SPDX-License-Identifier: Apache-2.0
#pragma once

// A document as a page for a browser: one file, which loads nothing and runs nothing.

#include <string>
#include <string_view>

#include "report/document.hpp"

namespace pgsluice {

/// What stands in the body of a page.
std::string to_html(const Document& document);
/// A whole page around it: dark and light, on a phone and on paper.
std::string html_page(std::string_view title, const std::string& body);

}  // namespace pgsluice
