// SPDX-License-Identifier: Apache-2.0
#include "fix/words.hpp"

#include "base/text.hpp"

namespace pgsluice::fix {
namespace {

bool is_taken(const Subject& subject, const std::string& name) {
  const Relation* table = subject.relation();
  if (table != nullptr && table->find_constraint(name) != nullptr) return true;
  const RelationName schema = subject.before.resolve(subject.target()->name);
  return subject.before.find({.schemaname = schema.schemaname, .relname = name}) != nullptr;
}

std::string_view label_of(std::string_view contype) {
  if (contype == "CONSTR_PRIMARY") return "pkey";
  if (contype == "CONSTR_UNIQUE") return "key";
  if (contype == "CONSTR_CHECK") return "check";
  return contype == "CONSTR_NOTNULL" ? "not_null" : "fkey";
}

/// What of a constraint's columns is part of its name: parse_utilcmd.c, heap.c AddRelationNewConstraints.
std::string columns_in_name(const Constraint& constraint) {
  if (constraint.contype == "CONSTR_PRIMARY") return {};
  if (constraint.contype == "CONSTR_CHECK") {
    const bool about_one = constraint.expression && constraint.expression->columns.size() == 1;
    return about_one ? constraint.expression->columns.front().str() : std::string();
  }
  std::vector<std::string> names(constraint.columns.begin(), constraint.columns.end());
  return join(names, "_");
}

}  // namespace

std::string alter_prefix(const Subject& subject) {
  const Statement& statement = subject.statement();
  return tidy(subject.text({statement.range.begin, statement.commands.front().range.begin}));
}

std::string table_name(const Subject& subject) {
  return subject.target()->name.quoted();
}

std::string name_beside(const Subject& subject, const RelationName& name) {
  const RelationName& written = subject.target()->name;
  const bool same_schema = name.schemaname == subject.before.resolve(written).schemaname;
  return written.schemaname.empty() && same_schema ? quote_ident(name.relname) : name.quoted();
}

std::string free_name(const Subject& subject, std::string_view columns, std::string_view label) {
  const Name table = subject.target()->name.relname;
  std::string name = make_object_name(table, columns, label);
  for (int last = 1; is_taken(subject, name); ++last)
    name = make_object_name(table, columns, cat(label, std::to_string(last)));
  return name;
}

std::string column_list(const Names& names) {
  std::vector<std::string> quoted;
  for (const Name name : names) quoted.push_back(quote_ident(name));
  return cat("(", join(quoted, ", "), ")");
}

std::string constraint_name(const Subject& subject, const Constraint& constraint) {
  if (!constraint.name.empty()) return constraint.name;
  return free_name(subject, columns_in_name(constraint), label_of(constraint.contype));
}

}  // namespace pgsluice::fix
