// SPDX-License-Identifier: Apache-2.0
// Which release of the application has brought what.

#include "base/text.hpp"
#include "execute/ledger.hpp"

namespace pgsluice {
namespace {

SqlResult checked(SqlResult result) {
  if (result.ok) return result;
  throw Error(result.connection_lost ? ExitCode::unreachable : ExitCode::precondition,
              cat("cannot read the ledger: ", result.error.message));
}

}  // namespace

void read_releases(Session& session, Ledger& ledger) {
  const SqlResult rows =
      checked(session.query("SELECT m.id, coalesce(m.release, r.release) FROM pgsluice.migration m"
                            " LEFT JOIN pgsluice.run r ON r.id = m.applied_by"
                            " WHERE coalesce(m.release, r.release) IS NOT NULL",
                            {}));
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    const auto found = ledger.migrations.find(rows.text(row, 0));
    if (found != ledger.migrations.end()) found->second.release = rows.text(row, 1);
  }
  ledger.last_release = checked(session.query("SELECT release FROM pgsluice.run WHERE release IS NOT NULL"
                                              " ORDER BY started_at DESC LIMIT 1",
                                              {}))
                            .text(0, 0);
}

}  // namespace pgsluice
