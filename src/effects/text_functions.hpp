// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "pgsluice/code.hpp"

namespace pgsluice::effects {

using TextFunction = Text (*)(const std::vector<Text>& parts);

/// PostgreSQL's functions that take strings and arrays apart; nullptr: another one. No part is a choice.
TextFunction text_function(std::string_view name);

/// Of regular expressions and of JSON.
TextFunction pattern_function(std::string_view name);

}  // namespace pgsluice::effects
