// SPDX-License-Identifier: Apache-2.0
#pragma once

// Findings that were there when somebody began to look, and that nobody has mended yet: they count nowhere. Each is known
// by its fingerprint, so that it may move and be laid out anew, and as often as the baseline has it: a copy is a new one.

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/findings.hpp"

namespace pgsluice {

/// A finding as the file has it.
struct BaselineEntry {
  std::string finding;
  std::string path;  ///< seen from the baseline's folder
  std::string fingerprint;
};

class Baseline {
 public:
  /// Throws Error(usage) when the file cannot be read or is none.
  static Baseline load(const std::filesystem::path& file);

  /// The findings that it knows are allowed. The files come in their order.
  void mark(FileAnalysis& file);
  /// What it has and no file has any more; of files that nobody has looked at, only those that are gone.
  [[nodiscard]] std::vector<BaselineEntry> stale() const;

 private:
  std::filesystem::path file_;
  std::multimap<std::string, BaselineEntry> left_;  ///< by fingerprint: not met yet
  std::set<std::string> seen_;                      ///< paths
};

}  // namespace pgsluice
