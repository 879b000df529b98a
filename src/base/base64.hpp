// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace pgsluice {

/// RFC 4648, with padding.
std::string base64(std::string_view bytes);
/// With - and _ instead of + and /, for paths.
std::string base64url(std::string_view bytes);

}  // namespace pgsluice
