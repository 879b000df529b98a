// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a prediction compares with what a server did.

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace pgsluice::test {

enum class Verdict { exact, over, under, unmodeled, failed };
std::string_view to_string(Verdict verdict);

struct Difference {
  std::string what;  ///< "lock of public.t", "rewrites" …
  std::string predicted;
  std::string observed;
  bool under = false;  ///< the server does more than was said
};

/// Adds a difference unless both are the same; what is `allowed` may be predicted or not.
void compare_names(const char* what, const std::set<std::string>& predicted,
                   const std::set<std::string>& observed, const std::set<std::string>& allowed,
                   std::vector<Difference>& differences);

/// Exact without differences; under as soon as one of them is.
Verdict verdict_of(const std::vector<Difference>& differences);

/// Predicted beside observed, for people.
std::string describe(const std::vector<Difference>& differences);

}  // namespace pgsluice::test
