// SPDX-License-Identifier: Apache-2.0
#pragma once

// The ledger's SQL. Everything here is one short round trip; what belongs to a step is sent in the step's own
// transaction by the caller.

#include <string>
#include <vector>

#include "pgsluice/execute.hpp"

namespace pgsluice {

inline constexpr const char* k_other_role_hint =
    "Run as the role that owns the ledger, or grant this role USAGE on schema pgsluice and its tables.";

/// For a query that asks for more as well: whether there is a ledger, and the two columns that binding_of() reads.
inline constexpr std::string_view k_ledger_exists = "to_regclass('pgsluice.meta') IS NOT NULL";
inline constexpr std::string_view k_binding_columns =
    "current_database(), CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE')"
    " THEN (SELECT system_identifier::text FROM pg_control_system()) END";
Binding binding_of(const SqlResult& row);
Ledger read_ledger_head(Session& session, bool exists);
/// What brought_of() reads, of a ledger that knows releases.
std::string brought_sql(int version);
std::vector<BroughtRelease> brought_of(const SqlResult& rows);

/// Creates schema and tables in one transaction. Throws Error(precondition) when the role may not.
void create_ledger(Session& session, const Binding& binding);
/// Adds what the tables of an older ledger lack, in one transaction. Throws Error(precondition).
void bring_forward(Session& session, int version);

/// "SQLSTATE" of a write that did nothing, because another run holds the lease by now.
inline constexpr std::string_view k_fenced = "FENCE";
/// The first column of the first row is whether the lease was ours: if not, the write did nothing, and has failed. A write
/// that must not be followed by a COMMIT has failed by itself.
SqlResult fenced(SqlResult result);
/// The answer to a COMMIT. An error, too, when the server has rolled back instead.
SqlResult committed(SqlResult result);
/// What the server says when a write must not be followed by a COMMIT.
inline constexpr std::string_view k_lease_lost = "the lease of this run is lost";
/// WITH query `lease`, which has a row while the token is that of the lease. Its lock makes whoever wants to take the lease over
/// wait for the end of the transaction.
std::string lease_query(std::string_view token);

/// What is remembered about the file of a step.
struct LedgerTarget {
  const PlannedFile& file;
  const Step& step;
  std::string run_id;
  long long token = 0;  ///< of the lease
};

/// The step is done. Commits by itself, after `reset`, which undoes what a file has set.
SqlResult record_done(Worker& worker, const LedgerTarget& target, const StepReport& report,
                      const std::string& reset);
/// The step is done: its rows and the end of its transaction, in one message; whatever of it fails, nothing is committed.
SqlResult commit_done(Worker& worker, const LedgerTarget& target, const StepReport& report);
/// Whether a file has taken away what we had prepared (DEALLOCATE in a DO block, say): once more, then, and prepared anew.
bool was_deallocated(const SqlResult& result, bool was_ready);
/// Inside a step's transaction, after its statements: what the file may have left behind (another role, a timeout of 1 ms)
/// is not meant for the ledger.
inline constexpr std::string_view k_settings_for_ledger =
    "SET LOCAL statement_timeout = 0; SET SESSION AUTHORIZATION DEFAULT; RESET ROLE; SET LOCAL lock_timeout "
    "= '10s'; ";

/// A statement outside transactions is about to run. Commits by itself.
SqlResult record_intent(Session& session, const LedgerTarget& target,
                        const std::vector<long long>& oids_before);
/// It certainly did not happen.
SqlResult forget_intent(Session& session, const LedgerTarget& target);

struct Intent {
  bool found = false;
  bool done = false;
  std::vector<long long> oids_before;
};
/// What is known about a statement that cannot run in a transaction.
SqlResult read_intent(Session& session, const LedgerTarget& target, Intent& intent);

/// Whether the step's rows are there, whoever wrote them: the answer to a COMMIT that was never answered.
SqlResult read_done(Session& session, const LedgerTarget& target, bool& done);

SqlResult record_attempt(Session& session, const LedgerTarget& target, std::string_view outcome,
                         std::string_view sqlstate, milliseconds waited,
                         const std::vector<Blocker>& blockers);
SqlResult record_failure(Session& session, const LedgerTarget& target, const SqlError& error);

}  // namespace pgsluice
