// SPDX-License-Identifier: Apache-2.0
#pragma once

// Text of users as YAML.

#include <string>
#include <string_view>

namespace pgsluice {

/// As a scalar on one line, in quotes.
std::string yaml_quoted(std::string_view text);
/// As it is where every YAML reads it as text, in quotes elsewhere: `on`, `1e3` and `2024-01-01` are names, too.
std::string yaml_scalar(std::string_view text);

}  // namespace pgsluice
