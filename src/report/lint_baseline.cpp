// SPDX-License-Identifier: Apache-2.0
// What is found today, one finding a line, so that a diff shows what has been mended.
#include "base/files.hpp"
#include "base/json_writer.hpp"
#include "report/findings_report.hpp"

namespace pgsluice {
namespace {

class BaselineReport : public FindingsReport {
 public:
  BaselineReport(std::filesystem::path file, std::ostream& out)
      : FindingsReport(out, ",\n  "), file_(std::move(file)) {
    out << "{\"schema\": 1, \"findings\": [\n  ";
  }

  void finish(const LintTotals& /*totals*/) override { out() << "]}\n"; }

 private:
  [[nodiscard]] std::string items(const FileAnalysis& file) const override {
    const std::string path = path_seen_from(parent_folder(file_), file.migration.path);
    std::string text;
    for (const Finding& finding : file.findings) {
      if (finding.allowed) continue;
      if (!text.empty()) text += separator();
      JsonWriter json(text);
      json.begin_object();
      json.member("finding", finding.finding);
      json.member("path", path);
      json.member("fingerprint", finding.fingerprint);
      json.end_object();
    }
    return text;
  }

  std::filesystem::path file_;
};

}  // namespace

std::unique_ptr<LintReport> make_lint_baseline(const std::filesystem::path& file, std::ostream& out) {
  return std::make_unique<BaselineReport>(file, out);
}

}  // namespace pgsluice
