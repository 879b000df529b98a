// SPDX-License-Identifier: Apache-2.0
#pragma once

// A statement that does several things → one statement for each that is to get a safe form of its own.

#include <set>

#include "fix/kind.hpp"

namespace pgsluice::fix {

/// Whether the statement does more than the command that `subject` is about.
bool has_several_parts(const Statement& statement);

/// `taken_out` are commands of the statement, by index; the others stay together as far as their order allows.
Rewritten split(const Subject& subject, const std::set<std::size_t>& taken_out);

}  // namespace pgsluice::fix
