// SPDX-License-Identifier: Apache-2.0
// Checkstyle's XML, which editors and CI servers read.
#include "base/markup.hpp"
#include "base/text.hpp"
#include "report/findings_report.hpp"

namespace pgsluice {
namespace {

std::string error_element(const Finding& finding, const LineIndex& lines) {
  const Position begin = lines.position(finding.range.begin);
  return cat("    <error line=\"", std::to_string(begin.line), "\" column=\"", std::to_string(begin.column),
             "\" severity=\"", to_string(finding.severity), "\" message=\"",
             markup_escaped(whole_message(finding)), "\" source=\"pgsluice.", markup_escaped(finding.finding),
             "\"/>\n");
}

class CheckstyleReport : public FindingsReport {
 public:
  explicit CheckstyleReport(std::ostream& out) : FindingsReport(out, "") {
    out << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<checkstyle version=\"4.3\">\n";
  }

  void finish(const LintTotals& /*totals*/) override { out() << "</checkstyle>\n"; }

 private:
  [[nodiscard]] std::string items(const FileAnalysis& file) const override {
    const LineIndex lines(file.script.source);
    std::string out = cat("  <file name=\"", markup_escaped(path_of(file)), "\">\n");
    for (const Finding& finding : file.findings) {
      if (!finding.allowed) out += error_element(finding, lines);
    }
    return out + "  </file>\n";
  }
};

}  // namespace

std::unique_ptr<LintReport> make_lint_checkstyle(const LintSettings& /*settings*/, std::ostream& out) {
  return std::make_unique<CheckstyleReport>(out);
}

}  // namespace pgsluice
