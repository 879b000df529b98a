// SPDX-License-Identifier: Apache-2.0
#pragma once

// One file of SQL through all stages of lint, with the built-in rules.

#include <string>

#include "pgsluice/findings.hpp"

namespace pgsluice::test {

const EffectTable& built_in_effects();
const RuleBook& built_in_rules();

/// Analysed as `lint` does it: nothing is known about the database, PostgreSQL 17, 2026-11-22.
FileAnalysis analyse_sql(const std::string& sql, const std::string& path = "x.sql");
/// The same on top of a catalog, which moves on.
FileAnalysis analyse_sql(const std::string& sql, const std::string& path, int version, Catalog& catalog);

/// "line:column severity[finding] relation" of each finding, with " (allowed)" where one is.
std::vector<std::string> headings(const FileAnalysis& file);

}  // namespace pgsluice::test
