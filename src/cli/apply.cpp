// SPDX-License-Identifier: Apache-2.0
// pgsluice apply: runs what is pending.

#include <algorithm>
#include <csignal>
#include <ctime>
#include <iostream>

#include <unistd.h>
#include <CLI/CLI.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/apply.hpp"
#include "cli/commands.hpp"
#include "cli/database.hpp"
#include "cli/deadline.hpp"
#include "cli/gated_run.hpp"
#include "cli/pending.hpp"
#include "cli/receipt.hpp"
#include "execute/blockers.hpp"
#include "execute/documents.hpp"
#include "execute/stop.hpp"
#include "gate/queries.hpp"
#include "pgsluice/adopt.hpp"
#include "pgsluice/migration.hpp"

namespace pgsluice::cli {
namespace {

constexpr std::string_view k_out_of_budget = "the budget is used up: ";

bool out_of_budget(const World& world) {
  return world.interrupt.signal() == SIGALRM;
}

/// What waits within the budget of all of it says better what it has waited for than the end of that does.
void stay_within(RunOptions& run, milliseconds budget) {
  const milliseconds most = budget - std::min<milliseconds>(budget / 10, std::chrono::seconds(5));
  for (milliseconds* wait : {&run.wait_for_run, &run.wait_for_db, &run.lock_budget})
    *wait = std::min(*wait, most);
}

RunOptions all_run_options(const ApplyOptions& options) {
  RunOptions run = run_options(options.budgets);
  run.command = options.command;
  run.release = options.pending.gate.release;
  run.app = options.pending.gate.app;
  run.wait_for_run = options.wait_for_run.value_or(run.wait_for_run);
  run.wait_for_db = options.wait_for_db.value_or(run.wait_for_db);
  if (options.budget) stay_within(run, *options.budget);
  run.detach = options.detach;
  run.blockers = options.blockers;
  expect_somebody(run.blockers);
  return run;
}

void tell_problems(const Plan& plan, const World& world) {
  for (const PlanProblem& problem : plan.problems) {
    const bool warning = problem.code == ExitCode::ok;
    world.emit({.severity = warning ? Severity::warning : Severity::error,
                .name = warning ? "plan-warning" : "refused",
                .subject = place_of(problem),
                .message = with_hint(problem)});
  }
}

RunReport refused(const PlanProblem& problem, const World& world) {
  RunReport report;
  report.code = problem.code;
  report.run_id = world.run_id;
  report.message = cat("nothing was run: ", place_of(problem), " ", printable_line(problem.message));
  report.hint = problem.hint;
  return report;
}

std::vector<std::string> not_applied(const Plan& plan, const RunReport& report) {
  std::vector<std::string> ids;
  for (const PlannedFile& file : plan.files) {
    const std::string& id = file.analysis.migration.id;
    const bool done = file.state == FileState::applied ||
                      std::find(report.applied.begin(), report.applied.end(), id) != report.applied.end();
    if (!done && file.state != FileState::held) ids.push_back(printable_line(id));
  }
  return ids;
}

void print_summary(const Plan& plan, const RunReport& report, const GlobalOptions& options) {
  const Painter paint(wants_color(options.color, STDOUT_FILENO));
  if (report.code == ExitCode::ok) {
    if (!options.quiet) std::cout << paint(Style::good, report.message) << '\n';
    return;
  }
  std::vector<std::string> applied;
  for (const std::string& id : report.applied) applied.push_back(printable_line(id));
  std::cout << paint(Style::error, "stopped: ") << report.message << '\n';
  if (!report.hint.empty()) std::cout << report.hint << '\n';
  std::cout << "applied by this run: " << (applied.empty() ? "nothing" : join(applied, ", ")) << '\n';
  const std::vector<std::string> left = not_applied(plan, report);  // none: all that is left is held back
  if (!left.empty()) std::cout << "not applied: " << join(left, ", ") << '\n';
}

void tell_end(const RunReport& report, const World& world) {
  if (report.code != ExitCode::ok && !report.steps.empty()) {
    world.emit({.severity = Severity::error,
                .name = "run-stopped",
                .message = report.message,
                .fields = {{"exit_code", static_cast<long long>(report.code)}}});
  }
}

/// Blockers are named either way; without the right to see more, all of them count as old.
void tell_hidden_blockers(const Worker& worker, const World& world) {
  if (worker.stats_grant.empty()) return;
  world.emit(
      {.severity = Severity::warning,
       .name = "blockers-hidden",
       .message = cat("this role may not see how old other sessions' transactions are, nor their queries: ",
                      worker.stats_grant)});
}

/// The plan that somebody has looked at must still be what would be done.
void expect_unmoved(const std::string& file, const PlanBasis& then, Pending& pending, const Place& place) {
  const RelationStates states = read_states(place.session, locked_relations(pending.plan));
  const std::vector<std::string> moved = what_moved(then, basis_of(pending, place, states));
  if (moved.empty()) return;
  pending.plan.problems.insert(pending.plan.problems.begin(),
                               {.code = ExitCode::refused,
                                .path = file,
                                .position = {.line = 0, .column = 0},
                                .message = cat("the plan no longer holds: ", join(moved, "; ")),
                                .hint = "Look at what pgsluice plan says now, and apply that."});
}

/// Lets the other tool's ledger be told of each file as it is applied.
void keep_in_step(Plan& plan, const std::string& tool, Session& session) {
  if (tool.empty()) return;
  const std::vector<ForeignLedger> ledgers = find_foreign_ledgers(session);
  const auto ledger = std::ranges::find(ledgers, tool, &ForeignLedger::tool);
  if (ledger == ledgers.end()) {
    throw Error(ExitCode::precondition, cat("there is no ledger of ", tool, " in this database"),
                "Let the tool make it, or run apply without --keep.");
  }
  for (PlannedFile& file : plan.files) {
    if (!file.steps.empty())
      file.companion = kept_row(*ledger, file.analysis.migration, file.analysis.script.source.written());
  }
}

ExitCode plan_and_run(Worker& worker, const ApplyOptions& options, const World& world,
                      const GlobalOptions& global) {
  RunOptions run = all_run_options(options);
  std::optional<PlanBasis> planned;
  if (!options.plan.empty()) planned = parse_basis(read_file(options.plan), options.plan);
  std::optional<Receipt> receipt;
  if (!options.receipt.empty()) receipt = parse_receipt(read_file(options.receipt), options.receipt);
  run.search_path = worker.search_path;
  const Place place{.session = *worker.session, .schemas = worker.schemas, .lock_timeout = run.lock_timeout};
  // Now, for at the end the session may be lost.
  const Binding database = options.metrics.push.empty() ? Binding{} : read_binding(*worker.session);
  expect_roles(options.guard_roles, *worker.session);
  std::vector<Migration> migrations = discover(options.pending.directory, options.pending.reading);
  refuse_old_release(*worker.session, migrations, options.pending.gate);
  record_approvals(migrations, options.pending.gate, worker);
  Ledger ledger = read_ledger(worker);
  const auto is_applied = [&](const Migration& migration) { return ledger.is_applied(migration.id); };
  if (!std::ranges::all_of(migrations, is_applied)) worker.onlooker = call_onlooker(world);
  Pending pending = find_pending(std::move(migrations), std::move(ledger), place, options.pending, world);
  // Who has been told to end while it looked has seen nothing; a budget that is used up ends what runs, and only that.
  if (!out_of_budget(world)) stop_if_interrupted(world);
  if (planned) expect_unmoved(options.plan, *planned, pending, place);
  if (receipt)
    expect_rehearsed(pending.plan, *receipt, options.receipt, worker.session->server_version_num() / 10000);
  keep_in_step(pending.plan, options.keep, *worker.session);
  const Plan& plan = pending.plan;
  const bool before_the_release = options.pending.earlier_releases_only;
  const auto is_closed = [&] {
    return options.pending.gate.strict && has_closed_gate(plan, before_the_release);
  };
  if (is_closed()) run.good_end = ExitCode::gate_closed;
  if (plan.pending_steps() > 0) tell_hidden_blockers(worker, world);
  tell_problems(plan, world);
  const PlanProblem* refusal = plan.refusal();
  if (refusal == nullptr) record_gate(pending, worker, world, run);
  const std::string own_before =
      refusal == nullptr && plan.pending_steps() > 0 ? own_statements(*worker.session) : "";
  run.may_begin = look_again(pending, worker, world, options.pending.gate);
  RunReport report = refusal ? refused(*refusal, world) : execute(plan, worker, world, run);
  if (before_the_release) let_contract_wait(pending, report, worker, world, run, options.pending.gate.strict);
  if (out_of_budget(world)) report.message = cat(k_out_of_budget, report.message);
  if (!is_interrupted(world)) record_statistics(report, worker, own_before);
  tell_held(plan, world);
  count_held(plan, is_closed(), report);
  // Only a hook that comes before the release keeps it out with 12.
  const bool lets_through =
      report.code == ExitCode::ok || (report.code == ExitCode::gate_closed && !before_the_release);
  if (refusal == nullptr)
    record_release(plan, pending.ledger, report, worker, world, run, lets_through, options.pending.gate);
  grant_to_guard(options.guard_roles, worker, world);
  tell_end(report, world);
  publish_metrics(options.metrics, report, database, world);
  if (options.on_end) options.on_end(plan, report);
  if (options.format == Format::json) {
    std::cout << dump_pretty(apply_document(plan, report));
  } else {
    print_summary(plan, report, global);
  }
  return report.code;
}

/// What cannot be read is said before anybody waits for a server.
void expect_readable(const ApplyOptions& options) {
  if (!options.plan.empty()) parse_basis(read_file(options.plan), options.plan);
  if (!options.receipt.empty()) parse_receipt(read_file(options.receipt), options.receipt);
  discover(options.pending.directory, options.pending.reading);
}

void add_waits(CLI::App& app, ApplyOptions& options, milliseconds wait_for_run) {
  add_duration(app, "--wait-for-run", options.wait_for_run,
               cat("how long to wait for another active run (default ", format_duration(wait_for_run), ")"));
  add_duration(app, "--wait-for-db", options.wait_for_db,
               "how long to wait for a writable server (default 5m)");
}

}  // namespace

void add_run_options(CLI::App& app, ApplyOptions& options, milliseconds wait_for_run) {
  add_budgets(app, options.budgets);
  add_waits(app, options, wait_for_run);
  app.add_option(
         "--guard-role", options.guard_roles,
         "role that guard connects as: it may read what guard asks of the ledger; may be repeated (also "
         "PGSLUICE_GUARD_ROLE)")
      ->envname("PGSLUICE_GUARD_ROLE")
      ->type_name("NAME");
  app.add_option("--require-receipt", options.receipt,
                 "run only files that are on this receipt of `pgsluice preview --receipt`")
      ->type_name("FILE");
  app.add_flag("--detach", options.detach, "leave backfills to a later apply, and end well at the first one");
  add_blocker_policy(app, options.blockers);
  add_choice(app, "--format", options.format, {{"text", Format::text}, {"json", Format::json}},
             "form of the result");
  app.add_option("--keep", options.keep,
                 cat("tell this tool's own ledger, too, in the transaction that applies the file: ",
                     join(kept_tools(), ", ")))
      ->type_name("TOOL")
      ->check(CLI::IsMember(kept_tools()).description(""));
  add_metrics_options(app, options.metrics);
}

ExitCode run_apply(const ApplyOptions& options, const GlobalOptions& global) {
  const RunOptions run = all_run_options(options);
  gate_policy(options.pending.gate);
  expect_usable(options.metrics);
  expect_readable(options);
  RealWorld real(options.url, pg::Access::read_write, global);
  if (options.on_event) real.tell_as_well(options.on_event);
  const Deadline deadline(real.interrupt(), options.budget);
  for (int tries = 1;; ++tries) {
    Worker worker = open_worker(real.world(), run);
    try {
      return plan_and_run(worker, options, real.world(), global);
    } catch (const Error& error) {
      if (out_of_budget(real.world()))
        throw Error(error.code(), cat(k_out_of_budget, error.what()), error.hint());
      if (!begins_anew(error, tries, real.world())) throw;
    }
  }
}

Runner add_apply(CLI::App& app) {
  const auto options = std::make_shared<ApplyOptions>();
  add_pending_options(app, options->pending);
  add_database_url(app, options->url);
  app.add_option("--plan", options->plan,
                 "what `pgsluice plan --format json` wrote: run that, or refuse if anything has moved since")
      ->type_name("FILE");
  add_gate_actions(app, options->pending.gate);
  add_run_options(app, *options, RunOptions{}.wait_for_run);
  return [options](const GlobalOptions& global) { return run_apply(*options, global); };
}

}  // namespace pgsluice::cli
