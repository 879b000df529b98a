// SPDX-License-Identifier: Apache-2.0
#include "support/verdict.hpp"

#include <algorithm>

namespace pgsluice::test {

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::exact: return "exact";
    case Verdict::over: return "over-predicted";
    case Verdict::under: return "UNDER-PREDICTED";
    case Verdict::unmodeled: return "unmodeled";
    case Verdict::failed: return "failed";
  }
  return "";
}

Verdict verdict_of(const std::vector<Difference>& differences) {
  if (differences.empty()) return Verdict::exact;
  return std::ranges::any_of(differences, &Difference::under) ? Verdict::under : Verdict::over;
}

std::string describe(const std::vector<Difference>& differences) {
  std::string text;
  for (const Difference& d : differences) {
    text +=
        "    " + d.what + "\n        predicted  " + d.predicted + "\n        observed   " + d.observed + "\n";
  }
  return text;
}

}  // namespace pgsluice::test
