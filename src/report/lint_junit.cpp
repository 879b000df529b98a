// SPDX-License-Identifier: Apache-2.0
// JUnit's XML: a file is a suite, a finding a test case of it, and a file without any passes as one.
#include "base/markup.hpp"
#include "base/text.hpp"
#include "report/findings_report.hpp"

namespace pgsluice {
namespace {

class JunitReport : public FindingsReport {
 public:
  JunitReport(std::optional<Severity> failing_from, std::ostream& out)
      : FindingsReport(out, ""), failing_from_(failing_from) {
    out << "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"pgsluice lint\">\n";
  }

  void finish(const LintTotals& /*totals*/) override { out() << "</testsuites>\n"; }

 private:
  [[nodiscard]] bool fails(const Finding& finding) const {
    return !finding.allowed && failing_from_ && finding.severity >= *failing_from_;
  }

  /// What does not change the exit code must not look like a failure either.
  [[nodiscard]] std::string outcome(const Finding& finding) const {
    if (finding.allowed) {
      return cat("      <skipped message=\"", markup_escaped(cat("allowed: ", *finding.allowed)), "\"/>\n");
    }
    const std::string message = markup_escaped(whole_message(finding));
    if (!fails(finding)) return cat("      <system-out>", message, "</system-out>\n");
    return cat("      <failure type=\"", to_string(finding.severity), "\" message=\"",
               markup_escaped(finding.message), "\">", message, "</failure>\n");
  }

  [[nodiscard]] std::string items(const FileAnalysis& file) const override {
    const std::string path = markup_escaped(path_of(file));
    const LineIndex lines(file.script.source);
    std::string cases;
    std::size_t failures = 0;
    std::size_t skipped = 0;
    for (const Finding& finding : file.findings) {
      const std::string line = std::to_string(lines.position(finding.range.begin).line);
      cases += cat("    <testcase classname=\"", path, "\" name=\"", markup_escaped(finding.finding),
                   " in line ", line, "\" file=\"", path, "\" line=\"", line, "\" time=\"0\">\n",
                   outcome(finding), "    </testcase>\n");
      failures += fails(finding) ? 1 : 0;
      skipped += finding.allowed ? 1 : 0;
    }
    if (cases.empty()) {
      cases = cat("    <testcase classname=\"", path, "\" name=\"no findings\" file=\"", path,
                  "\" time=\"0\"/>\n");
    }
    return cat("  <testsuite name=\"", path, "\" tests=\"",
               std::to_string(std::max<std::size_t>(file.findings.size(), 1)), "\" failures=\"",
               std::to_string(failures), "\" errors=\"0\" skipped=\"", std::to_string(skipped),
               "\" time=\"0\">\n", cases, "  </testsuite>\n");
  }

  std::optional<Severity> failing_from_;
};

}  // namespace

std::unique_ptr<LintReport> make_lint_junit(const LintSettings& settings, std::ostream& out) {
  return std::make_unique<JunitReport>(settings.failing_from, out);
}

}  // namespace pgsluice
