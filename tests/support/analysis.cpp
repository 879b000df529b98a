// SPDX-License-Identifier: Apache-2.0
#include "support/analysis.hpp"

#include "base/text.hpp"

namespace pgsluice::test {

const EffectTable& built_in_effects() {
  static const EffectTable k_table = EffectTable::load({});
  return k_table;
}

const RuleBook& built_in_rules() {
  static const RuleBook k_rules = RuleBook::load({});
  return k_rules;
}

FileAnalysis analyse_sql(const std::string& sql, const std::string& path) {
  Catalog catalog;
  return analyse_sql(sql, path, 17, catalog);
}

FileAnalysis analyse_sql(const std::string& sql, const std::string& path, int version, Catalog& catalog) {
  Migration migration;
  migration.id = path;
  migration.tool = "plain";
  migration.path = path;
  migration.phase = phase_of(path, {});
  migration.source = {.path = path, .text = sql};
  CheckOptions options;
  options.pg_version = version;
  options.today = "2026-11-22";
  PredictOptions prediction;
  prediction.pg_version = version;
  return analyse(std::move(migration), catalog, built_in_effects(), built_in_rules(), prediction, options);
}

std::vector<std::string> headings(const FileAnalysis& file) {
  const LineIndex lines(file.script.source.text);
  std::vector<std::string> out;
  for (const Finding& finding : file.findings) {
    const Position position = lines.position(finding.range.begin);
    out.push_back(cat(std::to_string(position.line), ":", std::to_string(position.column), " ",
                      to_string(finding.severity), "[", finding.finding, "]",
                      finding.relation.empty() ? "" : " " + finding.relation.quoted(),
                      finding.allowed ? " (allowed)" : ""));
  }
  return out;
}

}  // namespace pgsluice::test
