// SPDX-License-Identifier: Apache-2.0
#include "preview/rolled_back.hpp"

#include "base/text.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice {

RolledBack::RolledBack(Session& session, const std::string& begin) : session_(session) {
  // The one before is still open when its ROLLBACK did not arrive.
  const SqlResult begun = session_.in_transaction() ? SqlResult{.ok = false} : session_.query(begin, {});
  if (!begun.ok || !session_.in_transaction())
    throw Error(ExitCode::unreachable, cat("cannot begin a transaction: ", begun.error.message));
}

RolledBack::~RolledBack() {
  session_.query("ROLLBACK", {});
  // Those of the session outlive it.
  session_.query("SELECT pg_advisory_unlock_all()", {});
}

SqlResult RolledBack::run(const Query& query) {
  if (!lost_ && !session_.in_transaction())
    throw Error(ExitCode::bug, "the transaction that is to be rolled back has ended before its time");
  SqlResult result = session_.run(query);
  lost_ = result.connection_lost;
  return result;
}

}  // namespace pgsluice
