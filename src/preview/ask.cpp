// SPDX-License-Identifier: Apache-2.0
#include "preview/ask.hpp"

#include <utility>

#include "base/text.hpp"
#include "pg/sqlstate.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice {
namespace {

ExitCode code_of(const SqlResult& failed) {
  if (failed.connection_lost) return ExitCode::unreachable;
  switch (pg::classify(failed.error.sqlstate)) {
    case pg::Failure::lock_timeout:
    case pg::Failure::conflict:
    case pg::Failure::cancelled: return ExitCode::lock_budget;
    default: return ExitCode::bug;
  }
}

}  // namespace

SqlResult ask(Session& session, std::string_view sql, std::vector<SqlValue> parameters) {
  SqlResult result = session.query(sql, std::move(parameters));
  if (!result.ok) throw Error(code_of(result), cat("cannot look at the catalogs: ", result.error.message));
  return result;
}

}  // namespace pgsluice
