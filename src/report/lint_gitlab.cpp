// SPDX-License-Identifier: Apache-2.0
// GitLab's code quality report: one list of issues.
#include <map>

#include "base/json_writer.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "report/findings_report.hpp"

namespace pgsluice {
namespace {

std::string_view severity_word(Severity severity) {
  switch (severity) {
    case Severity::error: return "critical";
    case Severity::warning: return "minor";
    case Severity::info: return "info";
  }
  return {};
}

void write_issue(const std::string& path, const Finding& finding, const std::string& fingerprint,
                 const LineIndex& lines, JsonWriter json) {
  const auto [begin, end] = place_of(finding, lines);
  json.begin_object();
  json.member("description", cat(finding.message, finding.why.empty() ? "" : ". ", finding.why));
  json.member("check_name", finding.finding);
  json.member("fingerprint", fingerprint);
  json.member("severity", severity_word(finding.severity));
  json.key("location");
  json.begin_object();
  json.member("path", path);
  json.key("lines");
  json.begin_object();
  json.member("begin", begin.line);
  json.member("end", end.line);
  json.end_object();
  json.end_object();
  json.end_object();
}

class GitlabReport : public FindingsReport {
 public:
  explicit GitlabReport(std::ostream& out) : FindingsReport(out, ",\n ") { out << "[\n "; }

  void finish(const LintTotals& /*totals*/) override { out() << "\n]\n"; }

 private:
  [[nodiscard]] std::string items(const FileAnalysis& file) const override {
    const std::string path = path_of(file);
    const LineIndex lines(file.script.source);
    std::map<std::string_view, int> seen;
    std::string out;
    for (const Finding& finding : file.findings) {
      if (finding.allowed) continue;
      // Of two issues with the same fingerprint GitLab shows one.
      const std::string nth = std::to_string(++seen[finding.fingerprint]);
      const std::string fingerprint = sha256_hex(cat(path, "\n", finding.fingerprint, "\n", nth));
      if (!out.empty()) out += separator();
      write_issue(path, finding, fingerprint, lines, JsonWriter(out));
    }
    return out;
  }
};

}  // namespace

std::unique_ptr<LintReport> make_lint_gitlab(const LintSettings& /*settings*/, std::ostream& out) {
  return std::make_unique<GitlabReport>(out);
}

}  // namespace pgsluice
