// SPDX-License-Identifier: Apache-2.0
#pragma once

// Text in XML and HTML, as content and as the value of an attribute in quotes.

#include <string>
#include <string_view>

namespace pgsluice {

/// What is no character of XML 1.0, and what moves or hides its neighbours, becomes visible (`\x1b`). Line feeds and tabs
/// stay, in attributes too.
std::string markup_escaped(std::string_view text);

}  // namespace pgsluice
