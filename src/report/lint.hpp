// SPDX-License-Identifier: Apache-2.0
#pragma once

// What lint found, for programs (JSON) and for people (text). Values in, text out; decides nothing.

#include <ostream>
#include <vector>

#include "base/terminal.hpp"
#include "pgsluice/findings.hpp"

namespace pgsluice {

struct LintResult {
  std::vector<FileAnalysis> files;
  int pg_version = 0;
};

struct FindingCounts {
  std::size_t errors = 0;
  std::size_t warnings = 0;
  std::size_t infos = 0;
  std::size_t allowed = 0;  ///< in none of the others
};
FindingCounts count_findings(const LintResult& result);

/// The document of rules/schema/lint.schema.json, one statement or finding a line.
void write_lint_json(const LintResult& result, std::ostream& out);

struct TextOptions {
  Painter paint{false};
  int width = 100;
  bool quiet = false;    ///< findings only
  bool verbose = false;  ///< the locks of every statement, and allowed findings
};
void write_lint_text(const LintResult& result, const TextOptions& options, std::ostream& out);
/// "14 files, 16 statements: 12 errors, 5 warnings"
std::string lint_summary(const LintResult& result, const Painter& paint);

}  // namespace pgsluice
