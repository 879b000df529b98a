// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "report/lint.hpp"

namespace pgsluice {
namespace {

constexpr std::array<LintFormat, 9> k_formats{{
    {.name = "text", .extension = ".txt", .make = make_lint_text},
    {.name = "json", .extension = ".json", .make = make_lint_json},
    {.name = "sarif", .extension = ".sarif", .make = make_lint_sarif},
    {.name = "github", .extension = "", .make = make_lint_github},
    {.name = "gitlab", .extension = "", .make = make_lint_gitlab},
    {.name = "junit", .extension = ".xml", .make = make_lint_junit},
    {.name = "checkstyle", .extension = "", .make = make_lint_checkstyle},
    {.name = "markdown", .extension = ".md", .make = make_lint_markdown},
    {.name = "html", .extension = ".html", .make = make_lint_html},
}};

/// Files come in pieces, since what one form renders ahead of a file's turn no other one needs.
class SeveralReports : public LintReport {
 public:
  explicit SeveralReports(std::vector<LintReport*> reports) : reports_(std::move(reports)) {}

  void begin(const FileAnalysis& file) override {
    for (LintReport* report : reports_) report->begin(file);
  }
  void add(const FileAnalysis& file, const Effect& effect) override {
    for (LintReport* report : reports_) report->add(file, effect);
  }
  void end(const FileAnalysis& file) override {
    for (LintReport* report : reports_) report->end(file);
  }
  void finish(const LintTotals& totals) override {
    for (LintReport* report : reports_) report->finish(totals);
  }

 private:
  std::vector<LintReport*> reports_;
};

}  // namespace

std::span<const LintFormat> lint_formats() {
  return k_formats;
}

const LintFormat* find_lint_format(const std::filesystem::path& file) {
  const std::string extension = file.extension().string();
  const auto* const found = std::ranges::find(k_formats, extension, &LintFormat::extension);
  return extension.empty() || found == k_formats.end() ? nullptr : found;
}

std::unique_ptr<LintReport> make_lint_reports(std::vector<LintReport*> reports) {
  return std::make_unique<SeveralReports>(std::move(reports));
}

}  // namespace pgsluice
