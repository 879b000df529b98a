// SPDX-License-Identifier: Apache-2.0
#include "report/findings_report.hpp"

#include "base/text.hpp"

namespace pgsluice {

std::string path_of(const FileAnalysis& file) {
  return file.migration.path.generic_string();
}

FindingPlace place_of(const Finding& finding, const LineIndex& lines) {
  return {.begin = lines.position(finding.range.begin), .end = lines.position(finding.range.end)};
}

std::string whole_message(const Finding& finding) {
  std::string text = finding.message;
  if (!finding.why.empty()) text += cat("\n", finding.why);
  if (!finding.instead.empty()) {
    const bool one_line = finding.instead.find('\n') == std::string::npos;
    text += cat("\nInstead:", one_line ? " " : "\n", finding.instead);
  }
  return text;
}

}  // namespace pgsluice
