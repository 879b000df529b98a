// SPDX-License-Identifier: Apache-2.0
#pragma once

// What lint found, in every form that it is asked for. Values in, text out; decides nothing.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.hpp"
#include "base/terminal.hpp"
#include "pgsluice/findings.hpp"

namespace pgsluice {

struct FindingCounts {
  std::size_t errors = 0;
  std::size_t warnings = 0;
  std::size_t infos = 0;
  std::size_t allowed = 0;  ///< in none of the others
};

/// Sums over the files: the summary and the exit code need no more.
struct LintTotals {
  std::size_t files = 0;
  std::size_t statements = 0;
  std::size_t unmodeled = 0;
  std::size_t unparsed = 0;
  FindingCounts findings;
  std::size_t fixable = 0;  ///< errors and warnings that `fix` has a safe form for, which others count
  /// With the effects that were kept; those that were not are added on their own.
  void add(const FileAnalysis& file);
  void add(const Effect& effect);
  void add(const LintTotals& other);
};

/// Gets the files one by one, in their order, and writes as it goes, so that none of them need be kept.
class LintReport {
 public:
  LintReport() = default;
  LintReport(const LintReport&) = delete;
  LintReport& operator=(const LintReport&) = delete;
  virtual ~LintReport() = default;
  // A file in pieces: its statements have not been predicted when it begins, and its findings are there when it ends.
  virtual void begin(const FileAnalysis& file) = 0;
  virtual void add(const FileAnalysis& file, const Effect& effect) = 0;
  virtual void end(const FileAnalysis& file) = 0;
  /// The pieces of one whose effects were kept.
  void add_whole(const FileAnalysis& file) {
    begin(file);
    for (const Effect& effect : file.effects) add(file, effect);
    end(file);
  }
  /// What is said of a whole file; may be called from any thread, ahead of its turn. None: it must come in pieces.
  [[nodiscard]] virtual std::optional<std::string> render(const FileAnalysis& /*file*/) const { return {}; }
  /// What render() said, when the file's turn has come.
  virtual void add_rendered(const std::string& /*file*/) {}
  virtual void finish(const LintTotals& totals) = 0;
};

struct TextOptions {
  Painter paint{false};
  int width = 100;
  bool quiet = false;    ///< findings only
  bool verbose = false;  ///< the locks of every statement, and allowed findings
};

/// All that any form needs to know before the first file.
struct LintSettings {
  int pg_version = 0;
  const RuleBook* rules = nullptr;       ///< outlives the report
  std::optional<Severity> failing_from;  ///< what makes the exit code 1; none: nothing does
  TextOptions text;
};

/// A form of the report: a file of its own beside this one, and a row of the table.
struct LintFormat {
  std::string_view name;       ///< as --format takes it
  std::string_view extension;  ///< of files that are written in this form unless told otherwise; may be empty
  std::unique_ptr<LintReport> (*make)(const LintSettings& settings, std::ostream& out);
};
/// The first one is for people at a terminal.
std::span<const LintFormat> lint_formats();
/// That of files which are called so; none: of no form in particular.
const LintFormat* find_lint_format(const std::filesystem::path& file);

/// Several at once: each gets everything. They must outlive it.
std::unique_ptr<LintReport> make_lint_reports(std::vector<LintReport*> reports);

// `out` must outlive them.
/// The document of rules/schema/lint.schema.json, one statement or finding a line.
std::unique_ptr<LintReport> make_lint_json(const LintSettings& settings, std::ostream& out);
/// What somebody else has to say of a statement, as members behind the prediction's.
using MoreMembers = std::function<void(const Effect& effect, JsonWriter& json)>;
std::unique_ptr<LintReport> make_lint_json(int pg_version, std::ostream& out, MoreMembers more = {},
                                           std::function<void(JsonWriter& json)> at_end = {});
std::unique_ptr<LintReport> make_lint_text(const LintSettings& settings, std::ostream& out);
std::unique_ptr<LintReport> make_lint_sarif(const LintSettings& settings, std::ostream& out);
std::unique_ptr<LintReport> make_lint_github(const LintSettings& settings, std::ostream& out);
std::unique_ptr<LintReport> make_lint_gitlab(const LintSettings& settings, std::ostream& out);
std::unique_ptr<LintReport> make_lint_junit(const LintSettings& settings, std::ostream& out);
std::unique_ptr<LintReport> make_lint_checkstyle(const LintSettings& settings, std::ostream& out);
std::unique_ptr<LintReport> make_lint_markdown(const LintSettings& settings, std::ostream& out);
std::unique_ptr<LintReport> make_lint_html(const LintSettings& settings, std::ostream& out);

/// What lint --baseline reads, the document of rules/schema/lint-baseline.schema.json; `file` is where it will be.
std::unique_ptr<LintReport> make_lint_baseline(const std::filesystem::path& file, std::ostream& out);
/// "14 files, 16 statements: 12 errors, 5 warnings"
std::string lint_summary(const LintTotals& totals, const Painter& paint);

}  // namespace pgsluice
