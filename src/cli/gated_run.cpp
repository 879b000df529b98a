// SPDX-License-Identifier: Apache-2.0
#include "cli/gated_run.hpp"

#include <algorithm>
#include <csignal>
#include <map>

#include "base/text.hpp"
#include "execute/documents.hpp"
#include "execute/lease.hpp"
#include "execute/ledger.hpp"
#include "execute/stop.hpp"
#include "gate/guard.hpp"
#include "gate/queries.hpp"
#include "gate/record.hpp"

namespace pgsluice::cli {
namespace {

/// As long may what has been seen of a contract file be taken for so.
constexpr std::chrono::seconds k_fresh{2};

/// False where there is no ledger, or where the role may read it already, by itself or through another role.
constexpr std::string_view k_guard_lacks =
    "SELECT coalesce(NOT (has_schema_privilege($1, to_regnamespace('pgsluice'), 'USAGE')"
    " AND has_table_privilege($1, to_regclass('pgsluice.meta'), 'SELECT')"
    " AND has_table_privilege($1, to_regclass('pgsluice.migration'), 'SELECT')"
    " AND has_table_privilege($1, to_regclass('pgsluice.bundle'), 'SELECT')), false)";

bool waits_for_contract(const PlannedFile& file) {
  return file.analysis.migration.phase == Phase::contract &&
         (file.state == FileState::held || !file.steps.empty());
}

/// None: the gate has not been asked.
const GateDecision* decided_on(const PlannedFile& file, const std::vector<GateDecision>& decisions) {
  const auto found = std::ranges::find(decisions, file.analysis.migration.id, &GateDecision::migration);
  return found == decisions.end() ? nullptr : &*found;
}

/// What holds it without the gate.
GateDecision held_by_others(const PlannedFile& file) {
  GateDecision decision{.migration = file.analysis.migration.id, .verdict = Verdict::open, .words = {}};
  for (const Held& hold : file.holds) {
    decision.verdict = Verdict::closed;
    decision.words += cat(decision.words.empty() ? "" : "; ", hold.words);
  }
  return decision;
}

/// Only as long as nothing has used it, what it is compared with stays the same.
void record_queries(const PlannedFile& file, const GateDecision& decision, Session& session) {
  bool looked = false;
  bool open = true;
  for (const Evidence& seen : decision.evidence) {
    if (seen.provider != "queries") continue;
    looked = true;
    open = open && seen.verdict == Verdict::open;
  }
  const std::string& id = file.analysis.migration.id;
  if (looked && open) return pin_query_snapshot(session, id);
  keep_query_snapshots(session, {id});
}

/// What kept it from running when its gate was open.
void record_held(const PlannedFile& file, Worker& worker, const World& world, const RunOptions& run) {
  try {
    record_contract(*worker.session, file, held_by_others(file),
                    {.run_id = world.run_id,
                     .token = worker.token,
                     .release = run.release,
                     .app = run.app,
                     .asked = false});
  } catch (const Error&) {  // it is told all the same
  }
}

/// Whether there is one that the run may have left in the ledger, of this application or another.
bool has_contract_step(const Plan& plan, const Ledger& ledger) {
  return std::ranges::any_of(
             ledger.migrations,
             [](const auto& row) { return row.second.phase == to_string(Phase::contract); }) ||
         std::ranges::any_of(plan.files, [](const PlannedFile& file) {
           return file.analysis.migration.phase == Phase::contract;
         });
}

}  // namespace

void refuse_old_release(Session& session, const std::vector<Migration>& migrations,
                        const GateOptions& options) {
  if (options.release.empty()) return;
  AskedFolder asked{.digest = bundle_digest(migrations), .app = options.app, .files = {}};
  for (const Migration& migration : migrations) asked.files.insert(migration.id);
  SchemaDemands demands = read_demands(session, asked);
  const bool is_told = gate_policy(options).requirement("release") == Requirement::ignored;
  if (auto why = why_from_before(demands, options.app, options.release, asked.files); why && !is_told) {
    throw Error(
        ExitCode::release_mismatch, *why,
        "Nothing was changed. If its migrations have been put together, bring it once with --evidence "
        "release=ignored.");
  }
  for (DoneContract& contract : demands.done) {
    if (contract.first_with.empty() && asked.files.contains(contract.migration))
      contract.first_with = options.release;
  }
  // Whom nobody has seen yet is newer than all that were.
  demands.brought.push_back({.app = options.app, .release = options.release, .at = 0});
  if (auto why = why_too_old(demands, options.app, options.release)) {
    throw Error(ExitCode::release_mismatch, *why,
                "Nothing was changed. Deploy a release that fits this schema.");
  }
}

void record_approvals(const std::vector<Migration>& migrations, const GateOptions& options, Worker& worker) {
  if (options.approved.empty()) return;
  const Ledger ledger = read_ledger(worker);
  bring_up_to_date(worker);
  for (const std::string& id : options.approved) {
    const auto found =
        std::find_if(migrations.begin(), migrations.end(), [&id](const Migration& m) { return m.id == id; });
    if (found == migrations.end() || ledger.is_applied(id)) {
      throw Error(ExitCode::usage, cat("--approve: ", printable_line(id), " is no migration that waits"),
                  "Name a file as pgsluice status shows it.");
    }
    record_approval(*worker.session, *found, options.reason);
  }
}

void record_gate(const Pending& pending, Worker& worker, const World& world, const RunOptions& run) {
  const auto& files = pending.plan.files;
  if (std::none_of(files.begin(), files.end(), waits_for_contract)) return;
  open_run(worker, world, run);
  GateRecord record{.run_id = world.run_id, .token = worker.token, .release = run.release, .app = run.app};
  for (const PlannedFile& file : files) {
    if (!waits_for_contract(file)) continue;
    const GateDecision* decided = decided_on(file, pending.decisions);
    record.asked = decided != nullptr;
    const GateDecision decision = decided != nullptr ? *decided : held_by_others(file);
    record_contract(*worker.session, file, decision, record);
    record_queries(file, decision, *worker.session);
  }
  if (pending.plan.pending_steps() > 0) return;
  close_run(worker, world, run, "held", run.good_end);
}

std::function<bool(const PlannedFile&)> look_again(Pending& pending, Worker& worker, const World& world,
                                                   const GateOptions& options) {
  // Each file for itself: what was seen of one a moment ago says nothing about the next.
  const auto looked = std::make_shared<std::map<std::string, Clock::time_point>>();
  const Clock::time_point planned = world.clock.now();
  return [&pending, &worker, &world, &options, looked, planned](const PlannedFile& file) {
    const std::string& id = file.analysis.migration.id;
    Judgement now;
    if (auto behind = held_behind(pending.plan, file)) {
      now.holds.push_back(*std::move(behind));
    } else {
      const auto last = looked->try_emplace(id, planned).first;
      if (file.new_relations || world.clock.now() - last->second < k_fresh) return true;
      try {
        now = judge_contract(file, pending.plan, pending.ledger, *worker.session, world, options);
        if (!now.holds.empty()) {
          record_contract(*worker.session, file, now.decision,
                          {.run_id = world.run_id,
                           .token = worker.token,
                           .release = options.release,
                           .app = options.app});
        }
      } catch (const Error& error) {  // the run must still be told to its end
        now.holds.push_back(
            {.reason = "gate", .words = cat("the gate cannot be asked again: ", error.what())});
      }
      last->second = world.clock.now();
    }
    if (now.holds.empty()) return true;
    world.emit({.severity = Severity::warning,
                .name = "gate-closed",
                .subject = id,
                .message = "its gate has closed since the run began"});
    for (PlannedFile& planned : pending.plan.files) {
      if (planned.analysis.migration.id == id) planned.holds = now.holds;
    }
    return false;
  };
}

void let_contract_wait(Pending& pending, RunReport& report, Worker& worker, const World& world,
                       const RunOptions& run, bool strict) {
  const bool ran_out = report.code == ExitCode::terminated && world.interrupt.signal() == SIGALRM;
  if ((report.code != ExitCode::lock_budget && !ran_out) || worker.session == nullptr) return;
  std::set<std::string> left;
  std::string stopped;
  for (const StepReport& step : report.steps) {
    if (step.state == StepState::applied) continue;
    if (stopped.empty()) stopped = step.id;
    left.insert(step.migration);
  }
  const auto is_left = [&left](const PlannedFile& file) { return left.contains(file.analysis.migration.id); };
  const auto may_wait = [&is_left](const PlannedFile& file) {
    return !is_left(file) || (file.analysis.migration.phase == Phase::contract && !file.new_relations);
  };
  if (!std::ranges::all_of(pending.plan.files, may_wait)) return;
  std::string words =
      report.message.starts_with(stopped + ": ") ? report.message.substr(stopped.size() + 2) : report.message;
  for (PlannedFile& file : pending.plan.files) {
    if (!is_left(file)) continue;
    const bool has_begun = std::ranges::any_of(report.steps, [&file](const StepReport& step) {
      return step.migration == file.analysis.migration.id && step.state == StepState::applied;
    });
    if (has_begun) words = cat("its first steps are done, and the next one waits: ", words);
    file.holds = {{.reason = ran_out ? "budget" : "lock", .words = words}};
    if (file.state == FileState::pending) file.state = FileState::held;
    words = cat("it comes after ", printable_line(file.analysis.migration.id), ", which waits");
    record_held(file, worker, world, run);
  }
  report.code = ExitCode::ok;
  report.message = summary(report);
  report.hint.clear();
  close_run(worker, world, run, "held", strict ? ExitCode::gate_closed : run.good_end);
}

void record_release(const Plan& plan, const Ledger& ledger, const RunReport& report, Worker& worker,
                    const World& world, const RunOptions& run, bool lets_through,
                    const GateOptions& options) {
  std::vector<Migration> migrations;
  for (const PlannedFile& file : plan.files) {
    const Migration& migration = file.analysis.migration;
    migrations.push_back({.id = migration.id, .sha256 = migration.sha256});
    const bool done =
        file.state == FileState::applied || migration.phase == Phase::contract ||
        std::find(report.applied.begin(), report.applied.end(), migration.id) != report.applied.end();
    if (!done) return;
  }
  if (!worker.ledger.exists || worker.session == nullptr) return;
  const bool has_contract = has_contract_step(plan, ledger);
  const BroughtBy by{.app = run.app, .release = run.release};
  const auto record = [&] {
    bring_up_to_date(worker);
    write_together(*worker.session, worker.token, [&] {
      record_bundle(*worker.session, migrations, by, lets_through);
      if (!lets_through || !has_contract) return;
      record_passing(*worker.session, migrations, by);
      if (is_cluster_there(options.cluster)) return;  // Kubernetes says by itself what runs
      let_steps_come_anew(*worker.session, ledger, migrations, by);
      forget_approvals(*worker.session, ledger, by, options.approved);
    });
  };
  try {
    try {
      record();
    } catch (const Error&) {
      if (!worker.session->query("SELECT", {}).connection_lost || is_interrupted(world)) throw;
      replace_worker(worker, world, run);  // without this no guard would let the application start
      record();
      close_run(worker, world, run, "applied", run.good_end);
    }
  } catch (const Error& error) {  // what has been applied is applied all the same
    world.emit(
        {.severity = Severity::warning,
         .name = "release-not-recorded",
         .message = cat("guard will not know that this folder is applied: ", printable_line(error.what()))});
  }
}

void expect_roles(const std::vector<std::string>& roles, Session& session) {
  for (const std::string& role : roles) {
    const SqlResult known =
        checked_read(session.query("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", {role}));
    if (known.truth(0, 0)) continue;
    throw Error(ExitCode::precondition, cat("--guard-role: there is no role ", printable_line(role)),
                "Create it first, or name the one that guard connects as.");
  }
}

void grant_to_guard(const std::vector<std::string>& roles, Worker& worker, const World& world) {
  if (roles.empty() || worker.session == nullptr) return;
  Session& session = *worker.session;
  for (const std::string& role : roles) {
    const SqlResult lacks = session.query(k_guard_lacks, {role});
    const std::string name = quote_ident(role);
    const std::string grant =
        cat("GRANT USAGE ON SCHEMA pgsluice TO ", name,
            "; GRANT SELECT ON pgsluice.meta, pgsluice.migration, pgsluice.bundle TO ", name);
    if (lacks.ok && !lacks.truth(0, 0)) continue;
    const SqlResult granted = lacks.ok ? session.script(cat("BEGIN; ", grant, "; COMMIT")) : lacks;
    if (granted.ok) continue;
    if (!granted.connection_lost) session.script("ROLLBACK");
    world.emit({.severity = Severity::warning,
                .name = "guard-not-granted",
                .message = cat("guard cannot read the ledger as ", printable_line(role), " (",
                               printable_line(granted.error.message), "): ", printable_line(grant))});
  }
}

void record_statistics(const RunReport& report, Worker& worker, const std::string& before) {
  const bool has_server = worker.session != nullptr;  // it may have gone for good
  if (has_server && !report.steps.empty()) close_query_statistics(*worker.session, before);
}

void tell_held(const Plan& plan, const World& world) {
  for (const std::string& line : held_lines(plan)) {
    world.emit({.severity = Severity::info, .name = "step-held", .message = cat("held back: ", line)});
  }
}

bool has_closed_gate(const Plan& plan, bool before_the_release) {
  return std::ranges::any_of(plan.files, [&](const PlannedFile& file) {
    return std::ranges::any_of(file.holds, [&](const Held& hold) {
      const bool waits_for_later = hold.reason == "order" || hold.reason == "release";
      return hold.reason != "phase" && !(before_the_release && waits_for_later);
    });
  });
}

void count_held(const Plan& plan, bool strict, RunReport& report) {
  const std::size_t held = held_lines(plan).size();
  if (report.code != ExitCode::ok || held == 0) return;
  report.message += cat("; ", count_of(held, "contract migration"), " held back");
  if (!strict) return;
  report.code = ExitCode::gate_closed;
  report.hint = "pgsluice status says what each of them waits for.";
}

}  // namespace pgsluice::cli
