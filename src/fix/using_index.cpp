// SPDX-License-Identifier: Apache-2.0
// ADD UNIQUE or PRIMARY KEY → the index first, CONCURRENTLY, then the constraint USING INDEX.
#include <algorithm>

#include "base/text.hpp"
#include "fix/partitioned_key.hpp"
#include "fix/words.hpp"

namespace pgsluice::fix {
namespace {

/// From a keyword outside of parentheses to the next of the others, or to the end.
std::string clause(std::string_view sql, std::string_view first,
                   std::initializer_list<std::string_view> others) {
  const auto begin = find_keyword(sql, {first});
  if (!begin) return {};
  const std::string_view rest = sql.substr(begin->end);
  const auto end = find_keyword(rest, others);
  return tidy(rest.substr(0, end ? end->begin : rest.size()));
}

/// What stands behind the table's name in CREATE INDEX.
std::string index_key(const Subject& subject, const Constraint& constraint) {
  const std::string_view text = subject.text(subject.command().range);
  const std::string parameters = clause(text, "with", {"using", "deferrable", "not", "initially"});
  const std::string tablespace = clause(text, "tablespace", {"deferrable", "not", "initially"});
  return cat(column_list(constraint.columns),
             constraint.including.empty() ? "" : " INCLUDE " + column_list(constraint.including),
             constraint.nulls_not_distinct ? " NULLS NOT DISTINCT" : "",
             parameters.empty() ? "" : " WITH " + parameters,
             tablespace.empty() ? "" : " TABLESPACE " + tablespace);
}

std::string_view deferral(const Constraint& constraint) {
  if (constraint.initdeferred) return " DEFERRABLE INITIALLY DEFERRED";
  return constraint.deferrable ? " DEFERRABLE" : "";
}

/// A primary key makes its columns NOT NULL, and reads all rows for it unless that is proved before.
Names nullable_columns(const Subject& subject, const Names& columns) {
  const Relation* table = subject.relation();
  Names nullable;
  std::ranges::copy_if(columns, std::back_inserter(nullable), [&](Name name) {
    const CatalogColumn* column = table == nullptr ? nullptr : table->column(name);
    return column == nullptr || !column->not_null;
  });
  return nullable;
}

std::string refusal(const Subject& subject, const Constraint& constraint) {
  if (constraint.without_overlaps || constraint.columns.empty())
    return "there is no way without the lock for this kind of constraint";
  if (find_keyword(alter_prefix(subject), {"if"}))
    return "CREATE INDEX has no IF EXISTS for its table: leave it out";
  return {};
}

Replacement proved(const Subject& subject, const Names& columns) {
  Replacement statements;
  for (const Name column : nullable_columns(subject, columns))
    statements.emplace_back(
        cat(alter_prefix(subject), " ALTER COLUMN ", quote_ident(column), " SET NOT NULL"));
  return statements;
}

/// The columns of the index that the constraint is made from.
Names index_columns(const Subject& subject, Name index) {
  const RelationName table = subject.before.resolve(subject.target()->name);
  const Relation* found = subject.before.find({.schemaname = table.schemaname, .relname = index});
  Names columns;
  if (found == nullptr || !found->index) return columns;
  for (const IndexElement& element : found->index->elements) columns.push_back(element.column);
  return columns;
}

Rewritten behind(Replacement first, Rewritten rest) {
  auto* steps = std::get_if<Replacement>(&rest);
  if (steps == nullptr || first.empty()) return rest;
  std::ranges::move(*steps, std::back_inserter(first));
  return first;
}

}  // namespace

Rewritten using_index(const Subject& subject) {
  const Constraint& constraint = subject.command().constraints.front();
  const bool builds_nothing =
      subject.relkind("target") == relkind::partitioned_table && subject.target()->only;
  if (builds_nothing) return Replacement{};
  const bool primary = constraint.contype == "CONSTR_PRIMARY";
  if (!constraint.index_name.empty()) {  // all that is left to do is the proof
    Replacement statements = proved(subject, index_columns(subject, constraint.index_name));
    if (statements.empty()) return Refusal{"which columns the index has is not known"};
    statements.emplace_back(std::string(subject.sql()));
    return statements;
  }
  if (std::string reason = refusal(subject, constraint); !reason.empty()) return Refusal{reason};
  Replacement statements = primary ? proved(subject, constraint.columns) : Replacement();
  if (subject.relkind("target") == relkind::partitioned_table)
    return behind(std::move(statements), key_on_partitions(subject, index_key(subject, constraint)));
  const std::string name = quote_ident(constraint_name(subject, constraint));
  statements.emplace_back(cat("CREATE UNIQUE INDEX CONCURRENTLY ", name, " ON ", table_name(subject), " ",
                              index_key(subject, constraint)));
  // Of a table that no file makes, lint does not know which columns are NOT NULL.
  const std::string_view allowed =
      primary && subject.relation() == nullptr
          ? "-- pgsluice: allow blocks-reads-during-work, breaks-running-writers because \"its columns are "
            "NOT NULL by then\"\n"
          : "";
  statements.emplace_back(cat(allowed, alter_prefix(subject), " ADD CONSTRAINT ", name,
                              primary ? " PRIMARY KEY" : " UNIQUE", " USING INDEX ", name,
                              deferral(constraint)));
  return statements;
}

}  // namespace pgsluice::fix
