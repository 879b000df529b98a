// SPDX-License-Identifier: Apache-2.0
// How much work a lock may be held for. Which locks keep the application out is for the findings to say.

#include <algorithm>
#include <array>

#include "base/quantity.hpp"
#include "base/text.hpp"
#include "forecast/work.hpp"

namespace pgsluice {
namespace {

constexpr std::array<std::string_view, 3> k_held_during_work = {
    "blocks-reads-during-work", "blocks-writes-during-work", "lock-held-across-statements"};

bool is_about_work(const Finding& finding) {
  return finding.statement && !finding.allowed &&
         std::find(k_held_during_work.begin(), k_held_during_work.end(), finding.finding) !=
             k_held_during_work.end();
}

bool is_pending(const PlannedFile& file, std::size_t statement) {
  return std::any_of(file.steps.begin(), file.steps.end(), [&](const Step& step) {
    return std::any_of(step.statements.begin(), step.statements.end(),
                       [&](const PlannedStatement& planned) { return planned.index == statement; });
  });
}

template <typename Judge>
void each_case(const Plan& plan, Judge judge) {
  for (const PlannedFile& file : plan.files) {
    std::vector<std::size_t> told;  // one refusal for each statement
    for (const Finding& finding : file.analysis.findings) {
      if (!is_about_work(finding) || !is_pending(file, *finding.statement) ||
          std::find(told.begin(), told.end(), *finding.statement) != told.end()) {
        continue;
      }
      told.push_back(*finding.statement);
      judge(file, finding, forecasting::effect_of(file, {.index = *finding.statement}));
    }
  }
}

struct Total {
  double bytes = 0;
  std::vector<std::string> tables;
};

Total total_of(const std::vector<RelationName>& tables, const RelationStates& states) {
  constexpr std::size_t most = 3;
  Total total;
  std::vector<std::pair<double, std::string>> sizes;
  for (const RelationName& table : tables) {
    const auto state = states.find(table);
    const double bytes = state == states.end() ? 0 : state->second.bytes.value_or(0);
    total.bytes += bytes;
    if (bytes > 0) sizes.emplace_back(bytes, table.quoted());
  }
  std::stable_sort(sizes.begin(), sizes.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  for (std::size_t i = 0; i < std::min(sizes.size(), most); ++i) {
    total.tables.push_back(cat(sizes[i].second, " (", byte_words(sizes[i].first), ")"));
  }
  if (sizes.size() > most) total.tables.push_back(cat(std::to_string(sizes.size() - most), " more"));
  return total;
}

PlanProblem refusal(const PlannedFile& file, const Finding& finding, const Total& total, double limit) {
  return {
      .code = ExitCode::refused,
      .path = file.analysis.migration.id,
      .position = LineIndex(file.analysis.script.source).position(finding.range.begin),
      .message = cat(finding.finding, ": ", finding.message, ". That is ", enumerate(total.tables, " and "),
                     ", and more than ", byte_words(limit), " under such a lock is refused"),
      .hint = cat(finding.instead.empty() ? "" : finding.instead + "\n",
                  "-- or accept it: a larger --max-locked-size, or before the statement\n"
                  "-- pgsluice: allow ",
                  finding.finding, " because \"…\"")};
}

}  // namespace

std::vector<RelationName> worked_on_under_lock(const Plan& plan) {
  std::vector<RelationName> all;
  each_case(plan, [&](const PlannedFile&, const Finding&, const Effect& effect) {
    for (const RelationName& table : forecasting::tables_of(effect)) {
      if (std::find(all.begin(), all.end(), table) == all.end()) all.push_back(table);
    }
  });
  return all;
}

void refuse_large_work(Plan& plan, const RelationStates& states, double limit) {
  std::vector<PlanProblem> refusals;
  each_case(plan, [&](const PlannedFile& file, const Finding& finding, const Effect& effect) {
    const Total total = total_of(forecasting::tables_of(effect), states);
    if (total.bytes > limit) refusals.push_back(refusal(file, finding, total, limit));
  });
  plan.problems.insert(plan.problems.end(), refusals.begin(), refusals.end());
}

}  // namespace pgsluice
