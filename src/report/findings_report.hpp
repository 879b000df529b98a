// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the forms have in common that say nothing but the findings.

#include <string>
#include <string_view>

#include "report/lint.hpp"

namespace pgsluice {

/// A list whose items are written file by file. The first item has nothing before it, every other one `separator`.
class FindingsReport : public LintReport {
 public:
  FindingsReport(std::ostream& out, std::string_view separator) : out_(out), separator_(separator) {}

  void begin(const FileAnalysis& /*file*/) final {}
  void add(const FileAnalysis& /*file*/, const Effect& /*effect*/) final {}
  void end(const FileAnalysis& file) final { add_rendered(items(file)); }
  [[nodiscard]] std::optional<std::string> render(const FileAnalysis& file) const final {
    return items(file);
  }
  void add_rendered(const std::string& file) final {
    if (file.empty()) return;
    if (!first_) out_ << separator_;
    first_ = false;
    out_ << file;
  }

 protected:
  /// Those of one file, separated; may be called from any thread.
  [[nodiscard]] virtual std::string items(const FileAnalysis& file) const = 0;
  [[nodiscard]] std::string_view separator() const { return separator_; }
  [[nodiscard]] std::ostream& out() const { return out_; }

 private:
  std::ostream& out_;
  std::string_view separator_;
  bool first_ = true;
};

/// The path as it was given, with '/'.
std::string path_of(const FileAnalysis& file);

/// Where a finding is; the end is exclusive.
struct FindingPlace {
  Position begin;
  Position end;
};
FindingPlace place_of(const Finding& finding, const LineIndex& lines);

/// What is wrong, why, and what to do instead, for those who show nothing but text.
std::string whole_message(const Finding& finding);

}  // namespace pgsluice
