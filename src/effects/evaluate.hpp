// SPDX-License-Identifier: Apache-2.0
// What code puts together, as far as it does not depend on data.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/catalog.hpp"
#include "pgsluice/code.hpp"

namespace pgsluice::effects {

/// Values of variables, in normal form: constant, null, array, row, choice or unknown.
using Variables = std::map<std::string, Text, std::less<>>;

/// The normal form of a value. `catalog` answers what it asks of system catalogs.
Text evaluate(const Text& text, const Variables& variables, const Catalog& catalog);

/// "true" or "false" when that is certain.
std::optional<bool> truth(const Text& value);

/// Both may be: a choice, as far as both are known.
Text either(const Text& a, const Text& b);

/// Stands for a part that is not known in a text whose shape is: `ALTER TABLE unknown$part ADD …`.
inline constexpr std::string_view k_unknown_part = "unknown$part";  // NOLINT(readability-identifier-naming)

Text constant_text(std::string_view value);

}  // namespace pgsluice::effects
