// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "pgsluice/migration.hpp"

namespace pgsluice {

/// As read() does, from a text instead of the file: what the migration would be if the file said that.
void read_text(Migration& migration, std::string text);

/// It is read once, and then it is gone.
bool is_standard_input(const Migration& migration);

}  // namespace pgsluice
