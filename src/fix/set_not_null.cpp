// SPDX-License-Identifier: Apache-2.0
// SET NOT NULL → proved before, so that it need not read the table: by a CHECK, or from PostgreSQL 18 on by itself.
#include "base/text.hpp"
#include "fix/words.hpp"

namespace pgsluice::fix {

Rewritten set_not_null(const Subject& subject) {
  const std::string prefix = alter_prefix(subject);
  const Name column = subject.command().name;
  // In other phases it would break the running release, which the proof by a CHECK shows that it does not.
  if (subject.pg_version >= 18 && subject.file.migration.phase == Phase::contract) {
    const std::string name = quote_ident(free_name(subject, column, "not_null"));
    return Replacement{cat(prefix, " ADD CONSTRAINT ", name, " NOT NULL ", quote_ident(column), " NOT VALID"),
                       cat(prefix, " VALIDATE CONSTRAINT ", name)};
  }
  // Another name than the one that PostgreSQL 18 gives to what SET NOT NULL makes.
  const std::string proof = quote_ident(free_name(subject, column, "not_null_proof"));
  // Of a table that no file makes, lint does not know what is proved.
  const std::string_view allowed = subject.relation() != nullptr
                                       ? ""
                                       : "-- pgsluice: allow blocks-reads-during-work, "
                                         "breaks-running-writers because \"a validated constraint "
                                         "proves it: no row is read\"\n";
  return Replacement{
      cat(prefix, " ADD CONSTRAINT ", proof, " CHECK (", quote_ident(column), " IS NOT NULL) NOT VALID"),
      cat(prefix, " VALIDATE CONSTRAINT ", proof), cat(allowed, subject.sql()),
      cat(prefix, " DROP CONSTRAINT ", proof)};
}

}  // namespace pgsluice::fix
