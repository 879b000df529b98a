// SPDX-License-Identifier: Apache-2.0
#include "gate/last_run.hpp"

#include "base/text.hpp"
#include "gate/record.hpp"

namespace pgsluice {
namespace {

constexpr std::string_view k_last_run =
    "SELECT command, to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
    " finished_at IS NOT NULL, coalesce(outcome, ''), coalesce(exit_code, -1), actor, id"
    " FROM pgsluice.run ORDER BY started_at DESC LIMIT 1";

constexpr std::string_view k_unfinished =
    "SELECT id, phase, state, coalesce(error, '') FROM pgsluice.migration"
    " WHERE state IN ('running', 'partial', 'failed') ORDER BY started_at";

constexpr std::string_view k_attempts =
    "SELECT migration_id, outcome, coalesce(sqlstate, ''), waited_ms,"
    " coalesce(blockers->0->>'kind', ''), coalesce(blockers->0->>'pid', ''),"
    " coalesce(blockers->0->>'application_name', ''), coalesce(blockers->0->>'relation', '')"
    " FROM pgsluice.attempt WHERE run_id = $1::uuid ORDER BY id DESC LIMIT 1";

std::string words_of(const SqlResult& run) {
  const std::string end = !run.truth(0, 2) ? std::string("has not come to its end: it works, or was killed")
                                           : cat("ended with ", run.text(0, 3), ", exit ", run.text(0, 4));
  return printable_line(cat("the last run, ", run.text(0, 0), " at ", run.text(0, 1), ", ", end));
}

void add_attempt(const SqlResult& attempt, std::vector<std::string>& lines) {
  if (attempt.rows.empty()) return;
  const std::string who = attempt.text(0, 4).empty()
                              ? std::string("nobody was seen in the way")
                              : cat(attempt.text(0, 4), " pid ", attempt.text(0, 5), " (", attempt.text(0, 6),
                                    ") was in the way on ", attempt.text(0, 7));
  lines.push_back(printable_line(
      cat(attempt.text(0, 0), ": ", attempt.text(0, 1), " after ", attempt.text(0, 3), "ms; ", who)));
}

}  // namespace

std::vector<std::string> explain_last_run(Session& session) {
  const bool exists =
      checked_read(session.query("SELECT to_regclass('pgsluice.run') IS NOT NULL", {})).truth(0, 0);
  const SqlResult run = exists ? checked_read(session.query(k_last_run, {})) : SqlResult{};
  if (run.rows.empty()) return {"no run has got as far as writing the ledger of this database"};
  std::vector<std::string> lines{words_of(run)};
  const SqlResult unfinished = checked_read(session.query(k_unfinished, {}));
  for (std::size_t row = 0; row < unfinished.rows.size(); ++row) {
    const std::string error = unfinished.text(row, 3);
    lines.push_back(printable_line(cat(unfinished.text(row, 0), " (", unfinished.text(row, 1), ") is ",
                                       unfinished.text(row, 2), error.empty() ? "" : ": ", error)));
  }
  add_attempt(checked_read(session.query(k_attempts, {run.text(0, 6)})), lines);
  return lines;
}

}  // namespace pgsluice
