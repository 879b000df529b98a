// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a run that is gated does besides running: before it, the release must fit; what the gate has decided goes into the
// ledger; and so does what has been brought.

#include "cli/pending.hpp"

namespace pgsluice::cli {

/// Throws Error(release_mismatch).
void refuse_old_release(Session& session, const std::vector<Migration>& migrations,
                        const GateOptions& options);
/// --approve: into the ledger, before the gate asks for it. Throws Error(usage) for what is no contract file.
void record_approvals(const std::vector<Migration>& migrations, const GateOptions& options, Worker& worker);
/// Before any of it runs: what is done must be answerable for.
void record_gate(const Pending& pending, Worker& worker, const World& world, const RunOptions& run);
/// RunOptions::may_begin: what was seen of a contract file when the run began may not be so any more. A gate that has closed
/// since is recorded, told and held in the plan. All of it must outlive the run.
std::function<bool(const PlannedFile&)> look_again(Pending& pending, Worker& worker, const World& world,
                                                   const GateOptions& options);
/// A contract step of an earlier release that gets no lock, or no time, keeps no new one out when all else is done: it is held,
/// and the next run tries again.
void let_contract_wait(Pending& pending, RunReport& report, Worker& worker, const World& world,
                       const RunOptions& run, bool strict);
/// A release can start when all that comes before it is done: every expand and backfill step, whatever became of contract steps.
void record_release(const Plan& plan, const Ledger& ledger, const RunReport& report, Worker& worker,
                    const World& world, const RunOptions& run, bool lets_through, const GateOptions& options);
/// Throws Error(precondition) for a role that the server does not have.
void expect_roles(const std::vector<std::string>& roles, Session& session);
/// What a guard reads: where a first install has just made the ledger, nobody else can have granted it. Emits a warning
/// where that fails.
void grant_to_guard(const std::vector<std::string>& roles, Worker& worker, const World& world);
/// What the run itself has done is no use of anything; and what is counted at its end is where those begin that come later.
/// \param before  what own_statements() said when the run began
void record_statistics(const RunReport& report, Worker& worker, const std::string& before);
/// Says what is held back.
void tell_held(const Plan& plan, const World& world);
/// A step is held back that could have run. What comes with a release itself no hook before that release runs, and that closes
/// no gate.
bool has_closed_gate(const Plan& plan, bool before_the_release);
/// Under --strict-gates, what is held back decides how the run ends.
void count_held(const Plan& plan, bool strict, RunReport& report);

}  // namespace pgsluice::cli
