// SPDX-License-Identifier: Apache-2.0
#pragma once

// The JSON Schemas of rules/schema, applied to documents of ours.

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace pgsluice::test {

/// A file of rules/, parsed; null when there is none.
Json embedded_json(std::string_view path);

/// What is wrong with the document; nothing when it fits.
std::vector<std::string> validate(std::string_view schema_path, const Json& value);

}  // namespace pgsluice::test
