// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "pgsluice/sql.hpp"

namespace pgsluice::effects {

/// The value of the variable or parameter with that name; unknown: there is none, or nobody knows.
using VariableValue = std::function<Value(const std::string&)>;

/// The command with the values of variables in their places; none: it names none.
std::optional<Command> bound_command(const Command& command, const VariableValue& value_of);

}  // namespace pgsluice::effects
