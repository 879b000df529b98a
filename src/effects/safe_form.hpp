// SPDX-License-Identifier: Apache-2.0
// A row's safe form, ready to paste: with the names and pieces of the command that it is to replace.
#pragma once

#include <string>
#include <string_view>

#include "pgsluice/effects.hpp"

namespace pgsluice::effects {

/// Whether `instead` of a row may say `{name}`.
bool is_safe_form_word(std::string_view name);

/// `command` is one of the statement's; `source` is the text that their ranges are of. What the command does not have
/// becomes "…". A comment that would make its line too long gets a line of its own.
std::string safe_form(const EffectRow& row, const Statement& statement, const Command& command,
                      std::string_view source);
/// For the row's own example.
std::string safe_form(const EffectRow& row);

}  // namespace pgsluice::effects
