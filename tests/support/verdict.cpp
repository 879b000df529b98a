// SPDX-License-Identifier: Apache-2.0
#include "support/verdict.hpp"

#include <algorithm>
#include <iterator>

namespace pgsluice::test {

namespace {

std::string join(const std::set<std::string>& names) {
  std::string result;
  for (const std::string& name : names) result += (result.empty() ? "" : ", ") + name;
  return result.empty() ? "nothing" : result;
}

}  // namespace

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

void compare_names(const char* what, const std::set<std::string>& predicted,
                   const std::set<std::string>& observed, const std::set<std::string>& allowed,
                   std::vector<Difference>& differences) {
  std::set<std::string> missing;
  std::set<std::string> surplus;
  std::ranges::set_difference(observed, predicted, std::inserter(missing, missing.end()));
  std::ranges::set_difference(predicted, observed, std::inserter(surplus, surplus.end()));
  std::erase_if(surplus, [&allowed](const std::string& name) { return allowed.contains(name); });
  if (missing.empty() && surplus.empty()) return;
  differences.push_back(
      {.what = what, .predicted = join(predicted), .observed = join(observed), .under = !missing.empty()});
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
