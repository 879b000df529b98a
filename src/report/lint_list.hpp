// SPDX-License-Identifier: Apache-2.0
#pragma once

// The findings that there are: for `lint --list`.

#include <optional>
#include <string>
#include <vector>

#include "pgsluice/findings.hpp"
#include "report/document.hpp"

namespace pgsluice {

/// A finding with what it is worth to whoever asks; a severity that is none: off.
struct ListedFinding {
  const FindingRule& rule;
  std::optional<Severity> severity;
  bool may_be_error = false;
  struct Files {
    std::string pattern;
    std::optional<Severity> severity;
  };
  std::vector<Files> elsewhere;  ///< files in which it is worth something else
};

Document finding_list(const std::vector<ListedFinding>& findings);
/// The document of rules/schema/lint-list.schema.json.
std::string finding_list_json(const std::vector<ListedFinding>& findings);

}  // namespace pgsluice
