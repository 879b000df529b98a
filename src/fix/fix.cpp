// SPDX-License-Identifier: Apache-2.0
#include "pgsluice/fix.hpp"

#include "fix/changelog.hpp"
#include "fix/rounds.hpp"

namespace pgsluice {

FixedMigration fix_migration(const FixInput& input, Catalog& catalog, const EffectTable& table,
                             const RuleBook& rules) {
  const fix::Job job{
      .input = input,
      .table = table,
      .rules = rules,
      .files = {.phase = input.migration.phase, .tool = fix::format_of(input.migration.tool), .begin = {}}};
  return input.migration.tool == tool::liquibase ? fix::fix_changelog(job, catalog)
                                                 : fix::run_rounds(job, catalog);
}

}  // namespace pgsluice
