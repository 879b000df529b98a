// SPDX-License-Identifier: Apache-2.0
// What is worth knowing of tables that no file makes: which of their columns a constraint says are NOT NULL. SET NOT NULL
// need not read such a table, and a file that is looked at alone does it in this way.
#include <algorithm>

#include "change.hpp"

namespace pgsluice {

void CatalogChange::note_constraint(std::string_view tag) {
  const RelationName table = new_name();
  if (tag == "AT_AddConstraint") {
    const Constraint& constraint = command_.constraints.front();
    const bool is_check = constraint.contype == "CONSTR_CHECK" && constraint.expression;
    CatalogConstraint noted{.name = constraint.name, .contype = constraint.contype};
    if (is_check) noted.not_null = constraint.expression->not_null;
    if (constraint.contype == "CONSTR_NOTNULL") noted.not_null = constraint.columns;
    noted.validated = !constraint.skip_validation && constraint.is_enforced;
    if (noted.not_null.empty() || constraint.is_no_inherit) return;
    catalog_.objects().said_not_null[table].push_back(std::move(noted));
    return;
  }
  if (!catalog_.objects_->said_not_null.contains(table)) return;
  std::vector<CatalogConstraint>& known = catalog_.objects().said_not_null[table];
  if (tag == "AT_DropConstraint")
    std::erase_if(known, [&](const auto& c) { return c.name == command_.name; });
  if (tag == "AT_DropColumn") forget_constraints();
  if (tag != "AT_ValidateConstraint") return;
  for (CatalogConstraint& constraint : known) {
    if (constraint.name == command_.name) constraint.validated = true;
  }
}

void CatalogChange::forget_constraints() {
  const RelationName table = new_name();
  if (catalog_.objects_->said_not_null.contains(table)) catalog_.objects().said_not_null.erase(table);
}

bool Catalog::is_said_not_null(const RelationName& table, Name column) const {
  const auto found = objects_->said_not_null.find(table);
  return found != objects_->said_not_null.end() &&
         std::ranges::any_of(found->second, [&](const CatalogConstraint& constraint) {
           return constraint.validated && contains(constraint.not_null, column);
         });
}

}  // namespace pgsluice
