// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where the reports of lint go: one to standard output or to a file, or several at once.

#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "report/lint.hpp"

namespace CLI {
class App;
}

namespace pgsluice::cli {

struct LintOutput {
  const LintFormat* format = nullptr;
  std::string file;  ///< empty: standard output
};

/// `--format FORMAT[=FILE]`, `--output FILE`, which may both be given several times, and `--html FILE`.
void add_lint_outputs(CLI::App& app, std::vector<std::string>& formats, std::vector<std::string>& outputs);

/// What the two mean. Throws Error(usage) for what does not go together.
std::vector<LintOutput> read_lint_outputs(const std::vector<std::string>& formats,
                                          const std::vector<std::string>& outputs);

class LintOutputs {
 public:
  explicit LintOutputs(std::vector<LintOutput> outputs);
  /// What is found is written to this file, too, for lint --baseline.
  void add_baseline(const std::string& file) { baseline_ = file; }
  /// The report that writes all of them. `settings` gets the descriptor that a report goes to, -1 for a file.
  LintReport& open(const std::function<LintSettings(int)>& settings);
  /// A file gets the whole report or keeps what it had.
  void close();
  /// Whether anything goes to standard output.
  [[nodiscard]] bool says_it() const;

 private:
  struct Open {
    LintOutput output;
    std::ostringstream document;
    std::unique_ptr<LintReport> report;
  };
  std::vector<std::unique_ptr<Open>> open_;
  std::string baseline_;
  std::ostringstream baseline_document_;
  std::unique_ptr<LintReport> baseline_report_;
  std::unique_ptr<LintReport> all_;
};

}  // namespace pgsluice::cli
