// SPDX-License-Identifier: Apache-2.0
// ADD CONSTRAINT CHECK or FOREIGN KEY → NOT VALID, which looks at new rows only, and then VALIDATE CONSTRAINT.
#include "base/text.hpp"
#include "fix/partitioned_key.hpp"
#include "fix/words.hpp"
#include "sql/lexer.hpp"

namespace pgsluice::fix {
namespace {

/// `sql` is ADD …: the constraint gets a name to be validated by.
std::string with_name(std::string_view sql, const std::string& name) {
  sql::Lexer lexer(sql);
  const std::size_t end = lexer.next().end;
  return cat(sql.substr(0, end), " CONSTRAINT ", quote_ident(name), sql.substr(end));
}

}  // namespace

Rewritten not_valid(const Subject& subject) {
  const Constraint& constraint = subject.command().constraints.front();
  if (constraint.contype == "CONSTR_FOREIGN" && subject.relkind("target") == relkind::partitioned_table &&
      subject.pg_version < 18)
    return foreign_key_on_partitions(subject);
  const std::string name = constraint_name(subject, constraint);
  const SourceRange range = subject.command().range;
  const SourceRange statement = subject.statement().range;
  std::string added(subject.text(range));
  if (constraint.name.empty()) added = with_name(added, name);
  return Replacement{cat(subject.text({statement.begin, range.begin}), added, " NOT VALID",
                         subject.text({range.end, statement.end})),
                     cat(alter_prefix(subject), " VALIDATE CONSTRAINT ", quote_ident(name))};
}

}  // namespace pgsluice::fix
