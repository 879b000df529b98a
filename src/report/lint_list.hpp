// SPDX-License-Identifier: Apache-2.0
#pragma once

// The findings that there are: for `lint --list`.

#include <string>

#include "pgsluice/findings.hpp"
#include "report/document.hpp"

namespace pgsluice {

Document finding_list(const RuleBook& rules);
/// The document of rules/schema/lint-list.schema.json.
std::string finding_list_json(const RuleBook& rules);

}  // namespace pgsluice
