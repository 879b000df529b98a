// SPDX-License-Identifier: Apache-2.0
// What doctor found, and how to mend it.
#include <algorithm>

#include "base/text.hpp"
#include "report/doctor.hpp"

namespace pgsluice {
namespace {

Style style_of(Check::Verdict verdict) {
  switch (verdict) {
    case Check::Verdict::good: return Style::good;
    case Check::Verdict::advice: return Style::warning;
    case Check::Verdict::missing: return Style::error;
  }
  return Style::plain;
}

bool is_sql(const std::string& mend) {
  return mend.find('\n') != std::string::npos || mend.ends_with(";");
}

Words summary(const std::vector<Check>& checks) {
  const auto count = [&](Check::Verdict verdict) {
    return static_cast<std::size_t>(std::count_if(
        checks.begin(), checks.end(), [&](const Check& check) { return check.verdict == verdict; }));
  };
  const std::size_t missing = count(Check::Verdict::missing);
  const std::size_t advice = count(Check::Verdict::advice);
  if (missing > 0)
    return styled(Style::error, cat(count_of(missing, "thing"), " missing: no run works like this"));
  if (advice > 0) return styled(Style::warning, cat("fit, with ", count_of(advice, "piece"), " of advice"));
  return styled(Style::good, "fit");
}

}  // namespace

Document to_document(const std::vector<Check>& checks) {
  Fields fields;
  for (const Check& check : checks) {
    Document blocks{Paragraph{styled(style_of(check.verdict), to_string(check.verdict)) + ": " +
                              printable_line(check.message)}};
    if (is_sql(check.mend)) {
      blocks.emplace_back(Code{.language = "sql", .text = std::string(trim(check.mend))});
    } else if (!check.mend.empty()) {
      blocks.emplace_back(Paragraph{check.mend});
    }
    fields.fields.push_back({check.name, std::move(blocks)});
  }
  return {fields, Paragraph{summary(checks)}};
}

}  // namespace pgsluice
