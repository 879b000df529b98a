// SPDX-License-Identifier: Apache-2.0
#pragma once

// The checksum of files and the fingerprint of findings.

#include <string>
#include <string_view>

namespace pgsluice {

/// SHA-256 of the bytes, as 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace pgsluice
