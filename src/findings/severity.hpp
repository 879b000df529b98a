// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a user minds more, less or not at all, everywhere or in some files: `[PATH:]FINDING=error|warning|info|off`.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/findings.hpp"

namespace pgsluice {

/// What findings of a rule are worth; a severity that is none: off.
struct RuleWorth {
  std::optional<Severity> severity;
  bool may_be_error = false;  ///< outside of the files that `elsewhere` names, too
  struct Files {
    std::string pattern;
    std::optional<Severity> severity;
  };
  std::vector<Files> elsewhere;  ///< the last one that a file is like counts
};

class SeverityOverrides {
 public:
  SeverityOverrides() = default;
  /// Throws Error(usage) for what is no override, or names no finding.
  SeverityOverrides(const std::vector<std::string>& texts, const RuleBook& rules);
  [[nodiscard]] bool empty() const { return overrides_.empty(); }
  /// Of the file's findings; the last override that is about one decides.
  void apply(FileAnalysis& file) const;
  /// What a rule's findings are worth, here and there.
  [[nodiscard]] RuleWorth of(const FindingRule& rule) const;

 private:
  struct Override {
    std::string path;     ///< with * and ?; empty: any
    std::string finding;  ///< "*": any
    std::optional<Severity> severity;
  };
  static Override read(std::string_view text, const RuleBook& rules);

  std::vector<Override> overrides_;
};

/// Whether the path, or what is behind one of its slashes, is like the pattern: `*` is any text, `?` any character.
bool matches_path(std::string_view pattern, std::string_view path);

}  // namespace pgsluice
