// SPDX-License-Identifier: Apache-2.0
// Names that PostgreSQL chooses for indexes: indexcmds.c ChooseIndexName and its helpers.
#include <algorithm>
#include <string>
#include <vector>

#include "object_names.hpp"
#include "pgsluice/catalog.hpp"

namespace pgsluice {

namespace {

/// indexcmds.c ChooseIndexColumnNames: a name for each column, numbered when it occurs again.
std::vector<std::string> numbered(const Names& columns) {
  std::vector<std::string> names;
  for (const Name column : columns) {
    const std::string name = column.empty() ? "expr" : column.str();
    std::string unique = name;
    for (int i = 1; std::ranges::find(names, unique) != names.end(); ++i) {
      const std::string number = std::to_string(i);
      unique = name.substr(0, std::min(name.size(), k_max_name - number.size())) + number;
    }
    names.push_back(std::move(unique));
  }
  return names;
}

Names named_after(const IndexDef& index) {
  Names names;
  for (const IndexElement& element : index.elements) {
    if (element.column.empty()) {
      names.push_back(element.expression ? element.expression->colname : Name());
    } else {
      names.push_back(element.made_as.empty() ? element.column : element.made_as);
    }
  }
  names.insert(names.end(), index.including.begin(), index.including.end());
  return names;
}

/// indexcmds.c ChooseIndexNameAddition: the columns joined, as far as they fit.
std::string addition(const std::vector<std::string>& names) {
  std::string result;
  for (const std::string& name : names) {
    if (!result.empty()) result += '_';
    result += name.substr(0, k_max_name);
    if (result.size() >= k_max_name) break;
  }
  return result;
}

}  // namespace

std::string choose_index_name(const Catalog& catalog, const RelationName& table, const Command& command) {
  if (command.index) {
    return command.index->name.empty()
               ? catalog.choose_name(table, addition(numbered(named_after(*command.index))), "idx")
               : command.index->name.str();
  }
  if (command.constraints.empty()) return {};
  const Constraint& constraint = command.constraints.front();
  if (!constraint.name.empty()) return constraint.name;
  if (!constraint.index_name.empty()) return constraint.index_name;
  if (constraint.contype == "CONSTR_PRIMARY") return catalog.choose_name(table, {}, "pkey");
  Names columns = constraint.columns;
  columns.insert(columns.end(), constraint.including.begin(), constraint.including.end());
  return catalog.choose_name(table, addition(numbered(columns)),
                             constraint.contype == "CONSTR_UNIQUE" ? "key" : "excl");
}

}  // namespace pgsluice
