// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a prediction compares with what a server did.

#include <string>
#include <string_view>
#include <vector>

#include "preview/compare.hpp"

namespace pgsluice::test {

enum class Verdict { exact, over, under, unmodeled, failed };
std::string_view to_string(Verdict verdict);

/// Exact without differences; under as soon as one of them is.
Verdict verdict_of(const std::vector<Difference>& differences);

/// Predicted beside observed, for people.
std::string describe(const std::vector<Difference>& differences);

}  // namespace pgsluice::test
