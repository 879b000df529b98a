// SPDX-License-Identifier: Apache-2.0
// Workflow commands of GitHub Actions: annotations beside the lines of a pull request.
#include "base/text.hpp"
#include "report/findings_report.hpp"

namespace pgsluice {
namespace {

/// The runner takes a line for a command and a percent sign for the beginning of a character.
std::string escaped_data(std::string_view text) {
  std::string out = replace_all(printable(text), "%", "%25");
  return replace_all(out, "\n", "%0A");
}

/// In a property, what separates properties from one another and from the message, too.
std::string escaped_property(std::string_view text) {
  std::string out = escaped_data(text);
  return replace_all(replace_all(out, ":", "%3A"), ",", "%2C");
}

std::string_view command(Severity severity) {
  switch (severity) {
    case Severity::error: return "error";
    case Severity::warning: return "warning";
    case Severity::info: return "notice";
  }
  return {};
}

std::string annotation(const std::string& path, const Finding& finding, const LineIndex& lines) {
  const auto [begin, end] = place_of(finding, lines);
  std::string out = cat("::", command(finding.severity), " file=", escaped_property(path),
                        ",line=", std::to_string(begin.line), ",endLine=", std::to_string(end.line));
  if (begin.line == end.line) {  // columns of different lines the runner ignores, with a complaint
    out += cat(",col=", std::to_string(begin.column), ",endColumn=", std::to_string(end.column));
  }
  return cat(out, ",title=", escaped_property(finding.finding), "::", escaped_data(whole_message(finding)),
             "\n");
}

class GithubReport : public FindingsReport {
 public:
  explicit GithubReport(std::ostream& out) : FindingsReport(out, "") {}

  /// The log shows annotations without their place: the last line says what came of it all.
  void finish(const LintTotals& totals) override { out() << lint_summary(totals, Painter(false)) << '\n'; }

 private:
  [[nodiscard]] std::string items(const FileAnalysis& file) const override {
    const LineIndex lines(file.script.source);
    std::string out;
    for (const Finding& finding : file.findings) {
      if (!finding.allowed) out += annotation(path_of(file), finding, lines);
    }
    return out;
  }
};

}  // namespace

std::unique_ptr<LintReport> make_lint_github(const LintSettings& /*settings*/, std::ostream& out) {
  return std::make_unique<GithubReport>(out);
}

}  // namespace pgsluice
