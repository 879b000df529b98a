// SPDX-License-Identifier: Apache-2.0
#include "grammar.hpp"

#include <algorithm>

namespace pgsluice::effects {

namespace {

/// The first major whose grammar has what the constraint says.
int first_version(const Constraint& constraint) {
  if (!constraint.is_enforced || constraint.without_overlaps) return 18;
  if (constraint.contype == "CONSTR_NOTNULL" && constraint.is_no_inherit) return 18;
  if (constraint.contype == "CONSTR_GENERATED" && constraint.generated_kind == "virtual") return 18;
  return constraint.nulls_not_distinct ? 15 : 0;
}

int first_version_of_alter_table(const Command& command) {
  if (command.tag == "AT_DetachPartition") return command.is("concurrent") ? 14 : 0;
  if (command.tag == "AT_DetachPartitionFinalize") return 14;
  if (command.tag == "AT_SetExpression") return 17;
  if (command.tag == "AT_AlterConstraint") {
    return command.is("alter_enforceability") || command.is("alter_inheritability") ? 18 : 0;
  }
  // NOT NULL as a constraint of the table, which may have a name.
  const bool is_not_null = command.tag == "AT_AddConstraint" && command.text("contype") == "CONSTR_NOTNULL";
  return is_not_null && !command.is("inline") ? 18 : 0;
}

int first_version(const Command& command) {
  int version = first_version_of_alter_table(command);
  for (const Constraint& constraint : command.constraints)
    version = std::max(version, first_version(constraint));
  for (const ColumnDef& column : command.columns) {
    for (const Constraint& constraint : column.constraints)
      version = std::max(version, first_version(constraint));
  }
  if (command.index && command.index->nulls_not_distinct) version = std::max(version, 15);
  if (command.tag == "VacuumStmt" && command.is("only")) return 18;
  if (command.tag == "VacuumStmt" && !command.is("process_main")) return 16;
  return command.tag == "MergeStmt" ? 15 : version;
}

}  // namespace

bool is_too_new(const Command& command, int pg_version) {
  return pg_version != 0 && pg_version < first_version(command);
}

}  // namespace pgsluice::effects
