// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace pgsluice {

/// `text` with `***` instead of what looks like a password of a connection string: in a URI, or after `password=`. For
/// messages that repeat an argument: a connection string may stand where something else was expected.
std::string without_passwords(std::string_view text);

}  // namespace pgsluice
