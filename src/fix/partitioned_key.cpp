// SPDX-License-Identifier: Apache-2.0
// Keys of partitioned tables. PostgreSQL makes no constraint of a partitioned table from an index, and none NOT VALID (but
// for foreign keys from 18 on), but takes those that its partitions have for its own.
#include "fix/partitioned_key.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "fix/partitioned_index.hpp"
#include "fix/words.hpp"

namespace pgsluice::fix {
namespace {

/// The constraint without its name: PRIMARY KEY (a) …
std::string definition(const Subject& subject) {
  const std::string_view text = subject.text(subject.command().range);
  const auto begin = find_keyword(text, {"primary", "unique", "foreign"});
  return begin ? tidy(text.substr(begin->begin)) : std::string();
}

std::string add_constraint(const Subject& subject, std::string_view only, const RelationName& table,
                           const std::string& name, std::string_view what) {
  return cat("ALTER TABLE ", only, name_beside(subject, table), " ADD CONSTRAINT ", quote_ident(name), " ",
             what);
}

std::string_view deferral(const Constraint& constraint) {
  if (constraint.initdeferred) return " DEFERRABLE INITIALLY DEFERRED";
  return constraint.deferrable ? " DEFERRABLE" : "";
}

}  // namespace

Rewritten key_on_partitions(const Subject& subject, const std::string& key) {
  const IndexTree tree(subject);
  const std::string whole = definition(subject);
  if (tree.parts().empty() || whole.empty())
    return Refusal{
        "no partition of this partitioned table is known: on each one CREATE UNIQUE INDEX CONCURRENTLY and "
        "ADD "
        "CONSTRAINT … USING INDEX, then ALTER TABLE ONLY it ADD CONSTRAINT, and ALTER INDEX … ATTACH "
        "PARTITION"};
  const Constraint& constraint = subject.command().constraints.front();
  const std::string_view kind = constraint.contype == "CONSTR_PRIMARY" ? "PRIMARY KEY" : "UNIQUE";
  Replacement steps;
  Replacement added;
  Replacement only;
  for (const IndexPart& part : tree.parts()) {
    if (part.is_there) continue;
    const std::string name = part.index->name.relname;
    if (part.is_partitioned()) {
      only.emplace_back(add_constraint(subject, "ONLY ", part.table->name, name, whole));
      continue;
    }
    steps.emplace_back(cat("CREATE UNIQUE INDEX CONCURRENTLY ", quote_ident(name), " ON ",
                           name_beside(subject, part.table->name), " ", key));
    added.emplace_back(add_constraint(subject, "", part.table->name, name,
                                      cat(kind, " USING INDEX ", quote_ident(name), deferral(constraint))));
  }
  std::ranges::move(added, std::back_inserter(steps));
  std::ranges::move(only, std::back_inserter(steps));
  std::ranges::copy(tree.attached(), std::back_inserter(steps));
  return steps;
}

Rewritten foreign_key_on_partitions(const Subject& subject) {
  const std::vector<RelationName>& read = subject.command_effect.scans;
  const RelationName table = subject.before.resolve(subject.target()->name);
  if (read.empty() && !subject.before.children(table).empty()) return Replacement{};
  if (subject.pg_version < 13 && subject.relkind("referenced") != relkind::table)
    return Refusal{
        "PostgreSQL 12 would keep the keys of the partitions beside that of the table, as that points to "
        "partitions, too: say --pg-version for a later one, or add it when few write"};
  const std::string whole = definition(subject);
  if (read.empty() || std::ranges::find(read, table) != read.end() || whole.empty())
    return Refusal{
        "before PostgreSQL 18 a foreign key of a partitioned table cannot be NOT VALID, and no partition of "
        "it "
        "is known: add it to each partition that way, validate it there, then add it to the table"};
  const std::string name = constraint_name(subject, subject.command().constraints.front());
  Replacement steps;
  for (const RelationName& partition : read) {
    const Relation* known = subject.before.find(partition);
    if (known == nullptr || known->find_constraint(name) != nullptr)
      return Refusal{cat(partition.quoted(), " has another constraint that is called ", quote_ident(name))};
    steps.emplace_back(add_constraint(subject, "", partition, name, cat(whole, " NOT VALID")));
  }
  for (const RelationName& partition : read)
    steps.emplace_back(
        cat("ALTER TABLE ", name_beside(subject, partition), " VALIDATE CONSTRAINT ", quote_ident(name)));
  steps.emplace_back(cat(alter_prefix(subject), " ADD CONSTRAINT ", quote_ident(name), " ", whole));
  return steps;
}

}  // namespace pgsluice::fix
