// SPDX-License-Identifier: Apache-2.0
// ADD COLUMN with a default that each row computes → the column, its default for new rows, the old rows in batches.
#include <algorithm>

#include "base/text.hpp"
#include "fix/words.hpp"
#include "sql/lexer.hpp"

namespace pgsluice::fix {
namespace {

/// The column's definition without its default and NOT NULL; all else stays as it is written.
std::string bare_column(const Subject& subject, const ColumnDef& column) {
  const SourceRange statement = subject.statement().range;
  std::string sql(subject.sql());
  std::vector<SourceRange> gone;
  for (const Constraint& constraint : column.constraints) {
    if (constraint.contype == "CONSTR_DEFAULT" || constraint.contype == "CONSTR_NOTNULL")
      gone.push_back(constraint.range);
  }
  std::ranges::sort(gone, std::ranges::greater(), &SourceRange::begin);
  for (const SourceRange& range : gone) {
    std::size_t begin = range.begin - statement.begin;
    while (begin > 0 && (sql[begin - 1] == ' ' || sql[begin - 1] == '\t')) --begin;
    sql.erase(begin, range.end - statement.begin - begin);
  }
  return sql;
}

bool may_exist(const Subject& subject, const ColumnDef& column) {
  const Relation* table = subject.relation();
  return table == nullptr || table->columns.empty() || table->column(column.name) != nullptr;
}

std::string default_of(const Subject& subject, const Constraint& constraint) {
  const std::string_view text = subject.text(constraint.range);
  const auto keyword = find_keyword(text, {"default"});
  return std::string(trim(text.substr(keyword ? keyword->end : 0)));
}

}  // namespace

Rewritten add_default(const Subject& subject) {
  const ColumnDef& column = subject.command().columns.front();
  const Constraint* value = column.constraint("CONSTR_DEFAULT");
  if (value == nullptr)
    return Refusal{
        "write the column without it, a sequence or a trigger for new rows, and fill the old ones in "
        "batches"};
  if (subject.command().is("missing_ok") && may_exist(subject, column))
    return Refusal{"IF NOT EXISTS: whether the column is there already is not known"};
  const std::string prefix = alter_prefix(subject);
  const std::string name = quote_ident(column.name);
  Replacement statements{bare_column(subject, column),
                         cat(prefix, " ALTER COLUMN ", name, " SET DEFAULT ", default_of(subject, *value)),
                         {cat("-- pgsluice: batch\nUPDATE ", subject.target()->only ? "ONLY " : "",
                              table_name(subject), " SET ", name, " = DEFAULT WHERE ", name, " IS NULL"),
                          Phase::backfill}};
  if (column.constraint("CONSTR_NOTNULL") != nullptr)
    statements.emplace_back(cat(prefix, " ALTER COLUMN ", name, " SET NOT NULL"));
  return statements;
}

}  // namespace pgsluice::fix
