// SPDX-License-Identifier: Apache-2.0
#pragma once

// Values inside the text of a statement, where no parameters can be sent: several statements in one message.

#include <string>
#include <string_view>

#include "pgsluice/session.hpp"

namespace pgsluice::pg {

/// The value as an expression of this type. In printable ASCII, so that it means the same whatever client_encoding and
/// standard_conforming_strings are by now.
std::string literal(const SqlValue& value, std::string_view type);

}  // namespace pgsluice::pg
